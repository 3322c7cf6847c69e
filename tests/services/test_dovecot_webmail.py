"""
The webmail and Dovecot: it is told from third-party clients by its listener, and its words about the browser's address are
believed. Nobody else's are: each way to make Dovecot believe them is tried as a local user without rights.
"""
import ctypes
import errno
import socket

from machine import LONGEST_WAIT_S, MESSAGE, Skip, expect, main, same, saw, test
from mail import Dovecot, Imap, Pop3, Relay, Sieve, allowed, denied
from smtp import Submission

POLICY = """default_domain = "example.com";
policies = (
  { name = "Addresses"; type = "blacklist"; scope = { all = true; }; ip = [ "198.51.100.0/24", "2001:db8:66::/48" ]; },
  { name = "Third-party"; type = "blacklist"; scope = { members = [ "carol" ]; }; clients = [ "third-party" ]; }
);
"""
ADDRESSES, THIRD_PARTY = ("Addresses", 3), ("Third-party", 4)
WEBMAIL = "127.0.0.143"
WEB, IMAP = "dovecot-policy-imap-1143", "dovecot-policy-imap-143"
YES, NO = "a OK [CAPABILITY …] Logged in\r\n", f"a NO [ALERT] {MESSAGE}\r\n"
IP_TRANSPARENT, IP_FREEBIND = 19, 15
CLONE_NEWUSER = 0x10000000
IPPROTO_MPTCP = 262


def log_in(machine, member, *fields, port=1143, **way):
    """By IMAP, with this ID: what the client is answered, and the module's lines."""
    mark = machine.log.mark()
    with Imap(machine.connect(port, **{"source": WEBMAIL, **way})) as client:
        if fields:
            client.identify(*fields)
        answer = client.login(member)
    return answer, machine.log.decisions(mark)


def check(found, answer, decision, what):
    same(found, (answer, [decision]), what)


def error_of(connect):
    """Why there is no connection; None if there is one."""
    try:
        connect().close()
        return None
    except OSError as error:
        return errno.errorcode[error.errno]


def by_multipath(port, source):
    """A connection by a socket of the kernel's own, in which the process's is wrapped."""
    connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
    connection.settimeout(LONGEST_WAIT_S)
    connection.bind((source, 0))
    connection.connect(("127.0.0.1", port))
    return connection


def set_up(machine):
    for user in "alice", "carol", "mallory":
        machine.user(user)
    machine.policy(POLICY)
    machine.recipe("dovecot")
    Relay()
    machine.dovecot = Dovecot(machine)


@test
def its_listener_tells_the_webmail_from_third_party_clients(machine):
    no_third_party = denied(THIRD_PARTY, IMAP, "carol", WEBMAIL)
    check(log_in(machine, "carol"), YES, allowed(WEB, "carol", WEBMAIL, "web"), "on its listener")
    check(log_in(machine, "carol", port=143), NO, no_third_party, "on the other one, though from its address")
    for port, answer, service, client_type in ((14190, 'OK "Logged in."\r\n', "dovecot-policy-sieve-14190", "web"),
                                               (4190, f'NO "{MESSAGE}"\r\n', "dovecot-policy-sieve-4190", "third-party")):
        mark = machine.log.mark()
        with Sieve(machine.connect(port, source=WEBMAIL)) as client:
            same(client.login("carol"), answer, f"ManageSieve, port {port}")
        decision = (allowed(service, "carol", WEBMAIL, "web") if client_type == "web"
                    else denied(THIRD_PARTY, service, "carol", WEBMAIL))
        same(machine.log.decisions(mark), [decision], f"ManageSieve, port {port}")


@test
def the_browsers_address_is_what_the_policy_sees(machine):
    for address, seen in (("198.51.100.7", "198.51.100.7"), ("2001:db8:66::1", "2001:db8:66::1"),
                          ("::ffff:198.51.100.77", "198.51.100.77")):
        found = log_in(machine, "alice", "x-originating-ip", address)
        check(found, NO, denied(ADDRESSES, WEB, "alice", seen, "web", rhost=address), address)
        if address == "198.51.100.7":
            saw(machine, "Dovecot, IMAP, the webmail", "denied by the browser's address", found[0])
    for address in "192.0.2.7", "2001:db8:7::1":
        found = log_in(machine, "alice", "x-originating-ip", address)
        check(found, YES, allowed(WEB, "alice", address, "web"), address)
    saw(machine, "Dovecot, IMAP, the webmail", "allowed", found[0])
    # in the company of what else webmails say, and in another case
    found = log_in(machine, "alice", "name", "Roundcube", "X-Originating-IP", "198.51.100.7", "x-originating-port", "4711",
                   "x-connected-ip", "203.0.113.1", "x-connected-port", "143", "x-session-id", "abc")
    check(found, NO, denied(ADDRESSES, WEB, "alice", "198.51.100.7", "web"), "with other fields")


@test
def what_is_no_address_leaves_the_webmails_own(machine):
    for fields in ((), ("name", "Roundcube"), ("x-originating-ip", ""), ("x-originating-ip", "host.example.net"),
                   ("x-originating-ip", "x198.51.100.7"), ("x-originating-ip", "local")):
        check(log_in(machine, "alice", *fields), YES, allowed(WEB, "alice", WEBMAIL, "web"), f"ID {fields}")
    saw(machine, "Dovecot, IMAP, the webmail", "allowed, without the browser's address", YES)


@test
def dovecot_takes_the_first_address_that_it_is_told(machine):
    """So a webmail must not pass on X-Forwarded-For as it came: what stands first in it is the browser's own word."""
    for told, seen in (("198.51.100.7, 192.0.2.7", "198.51.100.7"), ("198.51.100.7x", "198.51.100.7"),
                       ("[2001:db8:66::1]", "2001:db8:66::1")):
        check(log_in(machine, "alice", "x-originating-ip", told), NO, denied(ADDRESSES, WEB, "alice", seen, "web"), told)
    check(log_in(machine, "alice", "x-originating-ip", "198.51.100"), YES, allowed(WEB, "alice", "198.51.0.100", "web"),
          "three numbers, read as inet_aton(3) does")
    mark = machine.log.mark()
    with Imap(machine.connect(1143, source=WEBMAIL)) as client:
        client.identify("x-originating-ip", "198.51.100.7")
        client.identify("x-originating-ip", "192.0.2.7")
        same(client.login("alice"), NO, "after a second ID")
    same(machine.log.decisions(mark), [denied(ADDRESSES, WEB, "alice", "198.51.100.7", "web")], "after a second ID")


@test
def an_address_from_elsewhere_is_ignored(machine):
    for source in "127.0.0.1", "127.0.0.142", "127.0.1.143":
        check(log_in(machine, "alice", "x-originating-ip", "192.0.2.7", port=143, source=source), YES,
              allowed(IMAP, "alice", source), source)


@test
def a_client_cannot_name_its_listener(machine):
    """x-connected-port changes %{lport}, not %{real_lport}: with the first one in the passdb, the client would choose."""
    fields = "x-originating-ip", "192.0.2.7", "x-connected-port", "1143"
    found = log_in(machine, "carol", *fields, port=143)
    check(found, NO, denied(THIRD_PARTY, IMAP, "carol", "192.0.2.7"), "as the recipe says")
    machine.change("/etc/dovecot/conf.d/99-accesspolicy.conf", "%{real_lport}\n", "%{lport}\n")
    machine.dovecot.restart()
    check(log_in(machine, "carol", *fields, port=143), YES, allowed(WEB, "carol", "192.0.2.7", "web"), "with %{lport}")
    machine.change("/etc/dovecot/conf.d/99-accesspolicy.conf", "%{lport}\n", "%{real_lport}\n")
    machine.dovecot.restart()


@test
def xclient_is_believed_from_the_webmail_alone(machine):
    """The same by POP3, ManageSieve and submission."""
    for client_of, port, service, logged_in, believed, ignored in (
            (Pop3, 110, "dovecot-policy-pop3-110", "+OK Logged in.\r\n", "+OK Updated\r\n",
             "+OK You are not from trusted IP - ignoring\r\n"),
            (Sieve, 4190, "dovecot-policy-sieve-4190", 'OK "Logged in."\r\n', 'OK "Updated"\r\n',
             'NO "You are not from trusted IP"\r\n'),
            (Submission, 587, "dovecot-policy-submission-587", "235 2.7.0 Logged in.\r\n", "220 mail Dovecot (Debian) ready.\r\n",
             "550 5.7.14 You are not from trusted IP\r\n")):
        for source, answer, seen in (WEBMAIL, believed, "192.0.2.7"), ("127.0.0.1", ignored, "127.0.0.1"):
            mark = machine.log.mark()
            with client_of(machine.connect(port, source=source)) as client:
                same(client.command("XCLIENT ADDR=192.0.2.7"), answer, f"{service} from {source}")
                same(client.login("alice"), logged_in, f"{service} from {source}")
            same(machine.log.decisions(mark), [allowed(service, "alice", seen)], f"{service} from {source}")


# A local user

@test
def a_user_can_reach_neither_the_listeners_nor_the_address_of_the_webmail(machine):
    for port in 1143, 14190:
        same(error_of(lambda: machine.connect(port, user="mallory")), "ECONNREFUSED", f"mallory, port {port}")
    for port in 143, 993, 110, 995, 4190, 587, 1143, 14190:
        same(error_of(lambda: machine.connect(port, source=WEBMAIL, user="mallory")), "ECONNREFUSED",
             f"mallory from {WEBMAIL}, port {port}")
    for port, source in (1143, "127.0.0.1"), (143, WEBMAIL):
        error = error_of(lambda: machine.opened_by("mallory", None, lambda: by_multipath(port, source)))
        expect(error in ("ECONNREFUSED", "EPROTONOSUPPORT", "ENOPROTOOPT"), f"mallory from {source}, port {port}, by MPTCP", error)
    check(log_in(machine, "alice", "x-originating-ip", "198.51.100.7", user="www-data"), NO,
          denied(ADDRESSES, WEB, "alice", "198.51.100.7", "web"), "the webmail's own user")
    check(log_in(machine, "carol", "x-originating-ip", "192.0.2.7", port=143, user="mallory", source=None), NO,
          denied(THIRD_PARTY, IMAP, "carol", "127.0.0.1"), "mallory as anybody")


@test
def nor_as_root_of_a_user_namespace(machine):
    libc = ctypes.CDLL(None, use_errno=True)

    def connect(port, **more):
        if libc.unshare(CLONE_NEWUSER) != 0:
            raise OSError(errno.EXDEV, "no user namespaces in a chroot")
        return machine.connect(port, **more)
    found = [error_of(lambda: machine.opened_by("mallory", None, lambda: connect(1143))),
             error_of(lambda: machine.opened_by("mallory", None, lambda: connect(143, source=WEBMAIL)))]
    if "EXDEV" in found:
        raise Skip("this machine lets nobody make a user namespace")
    same(found, ["ECONNREFUSED", "ECONNREFUSED"], "to the webmail's listener, and from its address")


@test
def without_the_rule_a_user_is_who_he_says(machine):
    """The mistake: the webmail's address is one that everybody on the machine has. Then mallory comes from where he likes."""
    found = log_in(machine, "alice", "x-originating-ip", "192.0.2.7", port=143, user="mallory", source=None)
    check(found, YES, allowed(IMAP, "alice", "127.0.0.1"), "as the recipe says")
    machine.change("/etc/dovecot/conf.d/99-accesspolicy-webmail.conf", "127.0.0.143/32", "127.0.0.0/8")
    machine.dovecot.restart()
    found = log_in(machine, "alice", "x-originating-ip", "192.0.2.7", port=143, user="mallory", source=None)
    check(found, YES, allowed(IMAP, "alice", "192.0.2.7"), "with all of 127.0.0.0/8")
    machine.change("/etc/dovecot/conf.d/99-accesspolicy-webmail.conf", "127.0.0.0/8", "127.0.0.143/32")
    machine.dovecot.restart()
    machine.run("nft", "flush", "ruleset", status=0)
    found = log_in(machine, "carol", "x-originating-ip", "192.0.2.7", user="mallory")
    check(found, YES, allowed(WEB, "carol", "192.0.2.7", "web"), "without the rule")
    machine.run("nft", "-f", "/etc/nftables.conf", status=0)
    same(error_of(lambda: machine.connect(1143, user="mallory")), "ECONNREFUSED", "with nftables.conf, as at a boot")


@test
def in_a_network_namespace_the_webmail_needs_no_rule(machine):
    machine.run("nft", "flush", "ruleset", status=0)
    machine.recipe("dovecot-webmail-namespace")
    for line in machine.read("/etc/systemd/system/webmail-namespace.service").splitlines():
        if line.startswith("ExecStart="):
            machine.run(*line.removeprefix("ExecStart=").split(), status=0)
    machine.dovecot.restart()
    there = {"host": "webmail", "to": "10.143.0.1", "source": None}
    for user in "root", "www-data":
        check(log_in(machine, "carol", "x-originating-ip", "192.0.2.7", port=143, user=user, **there), YES,
              allowed("dovecot-policy-imap-webmail", "carol", "192.0.2.7", "web"), "the webmail")
    check(log_in(machine, "alice", "x-originating-ip", "198.51.100.7", port=143, **there), NO,
          denied(ADDRESSES, "dovecot-policy-imap-webmail", "alice", "198.51.100.7", "web"), "the webmail, denied")
    for client_of, port, service in ((Sieve, 4190, "dovecot-policy-sieve-webmail"),
                                     (Submission, 587, "dovecot-policy-submission-webmail")):
        mark = machine.log.mark()
        with client_of(machine.connect(port, **there)) as client:
            client.login("carol")
        same(machine.log.decisions(mark), [allowed(service, "carol", "10.143.0.2", "web")], service)


@test
def a_user_cannot_come_from_the_namespace(machine):
    for to, seen in ("127.0.0.1", "127.0.0.1"), ("10.143.0.1", "10.143.0.1"):
        check(log_in(machine, "carol", "x-originating-ip", "192.0.2.7", port=143, to=to, user="mallory", source=None), NO,
              denied(THIRD_PARTY, IMAP, "carol", seen), f"mallory to {to}")
    same(error_of(lambda: machine.connect(1143, to="10.143.0.1", user="mallory")), "ECONNREFUSED", "there is no such listener")
    same(error_of(lambda: machine.connect(143, to="10.143.0.1", source="10.143.0.2", user="mallory")), "EADDRNOTAVAIL",
         "mallory binds to the address")

    def bound(option):
        connection = socket.socket()
        connection.setsockopt(socket.IPPROTO_IP, option, 1)
        connection.bind(("10.143.0.2", 0))
        connection.settimeout(LONGEST_WAIT_S)
        connection.connect(("10.143.0.1", 143))
        return connection
    same(error_of(lambda: machine.opened_by("mallory", None, lambda: bound(IP_FREEBIND))), "ENETUNREACH", "with IP_FREEBIND")
    same(error_of(lambda: machine.opened_by("mallory", None, lambda: bound(IP_TRANSPARENT))), "EPERM", "with IP_TRANSPARENT")
    result = machine.run("nsenter", "--net=/run/netns/webmail", "true", user="mallory")
    expect(result.status != 0 and "Operation not permitted" in result.err, "mallory enters the namespace", result)


if __name__ == "__main__":
    main(set_up=set_up)
