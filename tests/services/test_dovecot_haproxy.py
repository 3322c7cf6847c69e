"""Dovecot behind a HAProxy on another host: the policy sees the client's address, and nobody but the proxy can say one."""
import os
import signal
import ssl

from machine import ADDRESS, MESSAGE, expect, main, same, saw, test, wait_for
from mail import Dovecot, Imap, allowed, denied

POLICY = """default_domain = "example.com";
policies = (
  { name = "Addresses"; type = "blacklist"; scope = { all = true; }; ip = [ "198.51.100.0/24", "2001:db8:66::/48" ]; }
);
"""
ADDRESSES = ("Addresses", 3)
SERVICE = "dovecot-policy-imap-10993"
CONFIGURATION = "/etc/haproxy/haproxy.cfg"
PROXY, PROXY6 = "192.0.2.50", "2001:db8::50"
YES, NO = "a OK [CAPABILITY …] Logged in\r\n", f"a NO [ALERT] {MESSAGE}\r\n"
CLAIM = b"PROXY TCP4 192.0.2.7 192.0.2.25 4711 993\r\n"


def log_in(machine, **way):
    mark = machine.log.mark()
    with Imap(machine.connect(993, **way), tls=True) as client:
        answer = client.login("alice")
    return answer, machine.log.decisions(mark)


def claim(machine, **way):
    """What Dovecot answers to one who says himself where he comes from, as HAProxy would, and the module's lines."""
    mark = machine.log.mark()
    connection = machine.connect(10993, **way)
    connection.sendall(CLAIM)
    try:
        with Imap(connection, tls=True) as client:
            return client.login("alice"), machine.log.decisions(mark)
    except (ConnectionError, ssl.SSLError):
        return "", machine.log.decisions(mark)


def listens(machine):
    """Whether users find somebody on the proxy's port."""
    try:
        machine.connect(993, to="127.0.0.1", host="proxy").close()
        return True
    except ConnectionRefusedError:
        expect(machine.haproxy.process.poll() is None, "HAProxy has ended", machine.haproxy.said())
        return False


def start_haproxy(machine):
    """As its unit does."""
    os.makedirs(machine.path("/run/haproxy"), exist_ok=True)
    machine.haproxy = machine.start("haproxy", "-Ws", "-f", CONFIGURATION, "-p", "/run/haproxy.pid",
                                    "-S", "/run/haproxy-master.sock", host="proxy")
    wait_for("HAProxy", lambda: "Loading success" in machine.haproxy.said())


def reload_haproxy(machine):
    """The same; the unit looks first whether it could be started with the settings that are there now."""
    machine.run("haproxy", "-Ws", "-f", CONFIGURATION, "-c", "-q", status=0)
    machine.haproxy.process.send_signal(signal.SIGUSR2)


def set_up(machine):
    for user in "alice", "mallory":
        machine.user(user)
    machine.policy(POLICY)
    machine.host("proxy", PROXY, PROXY6)
    start_haproxy(machine)
    machine.recipe("dovecot")
    machine.recipe("dovecot-haproxy")
    for name, *addresses in ("abroad", "198.51.100.7", "2001:db8:66::1"), ("near", "192.0.2.7", "2001:db8:7::1"):
        machine.host(name, *addresses)
        for address, proxy, family in zip(addresses, (PROXY, PROXY6), ("-4", "-6")):
            machine.shell(f"ip -n {name} {family} route add {proxy} dev eth0; ip -n proxy {family} route add {address} dev eth0")
    machine.dovecot = Dovecot(machine)
    expect(not listens(machine), "Debian's HAProxy serves no mail")
    reload_haproxy(machine)
    wait_for("HAProxy's listener", lambda: listens(machine))


@test
def the_address_is_the_clients(machine):
    for host, to, address, rhost in (("abroad", PROXY, "198.51.100.7", "::ffff:198.51.100.7"),
                                     ("abroad", PROXY6, "2001:db8:66::1", None)):
        found = log_in(machine, host=host, to=to)
        same(found, (NO, [denied(ADDRESSES, SERVICE, "alice", address, rhost=rhost)]), f"{address} through {to}")
        saw(machine, "Dovecot, IMAP, through HAProxy", "denied by address" + (", IPv6" if ":" in to else ""), found[0])
    found = log_in(machine, host="near", to=PROXY6)
    same(found, (YES, [allowed(SERVICE, "alice", "2001:db8:7::1")]), f"through {PROXY6}")
    saw(machine, "Dovecot, IMAP, through HAProxy", "allowed", found[0])


@test
def nobody_else_can_say_an_address(machine):
    for way in {"host": "abroad", "to": ADDRESS}, {"user": "mallory"}, {}:
        mark = machine.log.mark()
        same(claim(machine, **way), ("", []), f"a claim of {way}")
        machine.log.wait(mark, "Client not trusted", "dovecot")


@test
def a_network_that_users_have_is_no_proxys(machine):
    """The mistake: a proxy on this machine, at an address that everybody on it has."""
    machine.change("/etc/dovecot/conf.d/99-accesspolicy-haproxy.conf", "192.0.2.50/32", "127.0.0.0/8")
    machine.dovecot.restart()
    same(claim(machine, user="mallory"), (YES, [allowed(SERVICE, "alice", "192.0.2.7")]), "mallory's claim")
    machine.change("/etc/dovecot/conf.d/99-accesspolicy-haproxy.conf", "127.0.0.0/8", "192.0.2.50/32")
    machine.dovecot.restart()


@test
def a_proxy_that_says_nothing_is_not_served(machine):
    """Without send-proxy-v2 all clients would have the proxy's address; on this listener they have none."""
    machine.change(CONFIGURATION, " send-proxy-v2", "")
    machine.haproxy.stop()
    start_haproxy(machine)
    expect(listens(machine), "HAProxy's listener")
    mark = machine.log.mark()
    try:
        expect(not log_in(machine, host="near", to=PROXY)[0], "a login without the PROXY protocol")
    except (ConnectionError, ssl.SSLError):
        pass
    same(machine.log.decisions(mark), [], "what was asked")


@test
def undone_the_proxy_goes_on_without_the_listener(machine):
    expect(listens(machine), "before")
    machine.undo("dovecot-haproxy")
    reload_haproxy(machine)
    wait_for("the end of HAProxy's listener", lambda: not listens(machine))


if __name__ == "__main__":
    main(set_up=set_up)
