"""Postfix behind HAProxy, which runs on another machine, as docs/services/postfix.md sets it up."""
import contextlib
import errno
import socket

import postfix
from machine import ADDRESS, ADDRESS6, Wrong, main, same, saw, test, wait_for
from postfix import (ABROAD, ABROAD6, AGE_SETTINGS, BLOCKED, ELSEWHERE, ELSEWHERE6, PROXIED, SUBMISSION, decided,
                     kept_out, let_in, log_in, refused)
from smtp import Smtp

SCREENED = 10025
PROXY, PROXY6 = "192.0.2.40", "2001:db8::40"
RULES = "/etc/nftables.d/accesspolicy-postfix.nft"
IP_FREEBIND = 15
HEADER = f"PROXY TCP4 {ABROAD} {ADDRESS} 40000 587\r\n"


def set_up(machine):
    """Dovecot, Postfix, the proxy and its clients."""
    machine.host("proxy", PROXY, PROXY6)
    for host, *addresses in ("abroad", ABROAD, ABROAD6), ("elsewhere", ELSEWHERE, ELSEWHERE6):
        machine.host(host, *addresses)
        machine.shell(f"""ip -n {host} route add {PROXY} dev eth0
            ip -n {host} -6 route add {PROXY6} dev eth0
            ip -n proxy route add {addresses[0]} dev eth0
            ip -n proxy -6 route add {addresses[1]} dev eth0
            mkdir -p /run/haproxy""")
    postfix.set_up(machine)
    postfix.Dovecot(machine)
    postfix.Postfix(machine)
    machine.start("haproxy", "-db", "-f", "/etc/haproxy/haproxy.cfg", host="proxy")
    wait_for("HAProxy", lambda: listens(machine))


def listens(machine):
    try:
        machine.connect(SUBMISSION, to=PROXY, host="abroad").close()
        return True
    except ConnectionRefusedError:
        return False


@test
def the_policy_sees_the_proxys_client(machine):
    for what, user, host, source, policy in (
            ("allowed", "alice", "abroad", ABROAD, None),
            ("allowed, IPv6", "alice", "abroad", ABROAD6, None),
            ("denied by region", "alice", "elsewhere", ELSEWHERE, "Regions"),
            ("denied by region, IPv6", "alice", "elsewhere", ELSEWHERE6, "Regions"),
            ("denied by client type", "carol", "abroad", ABROAD, "Webmail only")):
        login = log_in(machine, user, host=host, source=source, to=PROXY6 if ":" in source else PROXY)
        shows = {"user": user, "tag": "proxied"}
        if policy is None:
            let_in(login, decided(user, source), what, f"unknown[{source}]", **shows)
        else:
            kept_out(login, decided(user, source, policy), what, f"unknown[{source}]", **shows)
        saw(machine, "Postfix behind HAProxy", what, login.reply)


@test
def nobody_but_the_proxy_reaches_its_port(machine):
    for user in "mallory", "www-data", None:
        for to, source in (("127.0.0.1", None), ("127.0.0.1", BLOCKED), (ADDRESS, None), (ADDRESS, ADDRESS),
                           ("::1", None), (ADDRESS6, None)):
            refused(machine, PROXIED, f"{user}, {source} to {to}", user=user, to=to, source=source)
    for host, to in ("abroad", ADDRESS), ("abroad", ADDRESS6), ("proxy", ADDRESS6):
        refused(machine, PROXIED, f"{host} to {to}", host=host, to=to)
    with machine.connect(PROXIED, host="proxy", to=ADDRESS):
        pass


@test
def nobody_on_this_machine_has_the_proxys_address(machine):
    """Not even with IP_FREEBIND, which any user may set."""
    def from_the_proxys_address():
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
        connection.bind((PROXY, 0))
        connection.connect((ADDRESS, PROXIED))
        return connection
    try:
        machine.made_by("mallory", from_the_proxys_address).close()
    except OSError as error:
        same(error.errno, errno.ENETUNREACH, "the kernel's answer")
        return
    raise Wrong("mallory was connected from the proxy's address")


@test
def without_the_rules_a_local_user_chooses_an_address(machine):
    """The mistake that the rules are there for is a real one."""
    machine.shell("nft delete table inet accesspolicy_postfix")
    try:
        denied = log_in(machine, source=BLOCKED, user_of_process="mallory")
        kept_out(denied, decided("alice", BLOCKED, "Addresses"), "the user's own address", f"unknown[{BLOCKED}]")
        login = log_in(machine, port=PROXIED, header=HEADER, source=BLOCKED, user_of_process="mallory")
        let_in(login, decided("alice", ABROAD), "an address is claimed", f"unknown[{ABROAD}]", tag="proxied")
        postfix.doctor_finds(machine, "dovecot-client-type", "postfix-proxy-protocol", "postfix-xclient")
    finally:
        machine.shell(f"nft -f {RULES}")
    refused(machine, PROXIED, "mallory, with the rules", user="mallory")


@contextlib.contextmanager
def behind_a_postscreen(machine):
    """In this block a postscreen that believes a proxy hands over to an smtpd that asks for passwords."""
    machine.shell(f"""postconf -M {SCREENED}/inet="{SCREENED} inet n - y - 1 postscreen" \\
            smtpd/pass="smtpd pass - - y - - smtpd"
        postconf -P {SCREENED}/inet/postscreen_upstream_proxy_protocol=haproxy \\
            {SCREENED}/inet/postscreen_access_list=static:permit \\
            smtpd/pass/syslog_name=postfix/screened smtpd/pass/smtpd_sasl_auth_enable=yes \\
            smtpd/pass/smtpd_relay_restrictions=permit_sasl_authenticated,reject
        {AGE_SETTINGS}
        postfix reload""")
    try:
        machine.wait_for_port(SCREENED)
        yield
    finally:
        machine.shell(f"""postconf -MX {SCREENED}/inet smtpd/pass
            {AGE_SETTINGS}
            postfix reload""")


@test
def an_address_that_a_postscreen_is_told_is_believed_behind_it(machine):
    denied = log_in(machine, source=BLOCKED, user_of_process="mallory")
    kept_out(denied, decided("alice", BLOCKED, "Addresses"), "the user's own address", f"unknown[{BLOCKED}]")
    with behind_a_postscreen(machine):
        login = log_in(machine, port=SCREENED, header=HEADER, source=BLOCKED, user_of_process="mallory")
        let_in(login, decided("alice", ABROAD), "an address is claimed", f"unknown[{ABROAD}]", tag="screened")
        postfix.doctor_finds(machine, "postfix-proxy-protocol")
        machine.shell("postconf -P smtpd/pass/smtpd_sasl_service=webmail")
        found = machine.run("accesspolicy", "doctor", "dovecot", "--json", status=1).json()["findings"]
        same([one["check"] for one in found], ["dovecot-client-type"], "the webmail's service, where anybody connects")
        same(f"127.0.0.1:{SCREENED} as {SCREENED}/inet's name" in found[0]["change"], True, found[0]["change"])
        machine.shell("postconf -P smtpd/pass/smtpd_sasl_auth_enable=no")
        postfix.doctor_finds(machine)


@test
def without_a_header_there_is_no_session(machine):
    """The port never falls back to the connection's own address, nor to none."""
    for header in "EHLO client.example.net\r\n", "PROXY UNKNOWN\r\n", "PROXY TCP4 local 192.0.2.25 40000 587\r\n":
        with machine.connect(PROXIED, host="proxy", to=ADDRESS) as connection:
            connection.sendall(header.encode())
            smtp = Smtp(connection)
            same(smtp.greeting, f"421 4.3.0 {postfix.HOSTNAME} Server local error\r\n", header)
            same(smtp.reply(), "", header)


@test
def a_header_on_another_port_is_no_header(machine):
    with machine.connect(SUBMISSION, source=BLOCKED, user="mallory") as connection:
        connection.sendall(HEADER.encode())
        answers = b""
        while not answers.endswith(b"\r\n") or answers.count(b"\r\n") < 2:
            answers += connection.recv(4096)
    same(answers.decode(), f"220 {postfix.HOSTNAME} ESMTP Postfix (Debian/GNU)\r\n"
         "500 5.5.2 Error: command not recognized\r\n", "the answers")


if __name__ == "__main__":
    main(set_up=set_up)
