"""Postfix's ports 587 and 465, as docs/services/postfix.md sets them up: mail programs that log in by SMTP."""
import os
import re

import postfix
from decisions import FILE
from machine import ADDRESS, ADDRESS6, MESSAGE, expect, main, same, saw, test
from postfix import (ABROAD, ABROAD6, BLOCKED, BLOCKED6, BRANCH, ELSEWHERE, ELSEWHERE6, OFFICE, OFFICE6, SUBMISSIONS,
                     UNKNOWN_GROUP, UNSURE, WRONG_PASSWORD, decided, kept_out, let_in, log_in)

PASSDBS = "/etc/dovecot/conf.d/99-accesspolicy.conf"


def set_up(machine):
    machine.host("office", OFFICE6)
    machine.host("blocked", BLOCKED6)
    machine.host("abroad", ABROAD, ABROAD6)
    machine.host("elsewhere", ELSEWHERE, ELSEWHERE6)
    postfix.set_up(machine)
    machine.dovecot, machine.postfix = postfix.Dovecot(machine), postfix.Postfix(machine)


def peer(address):
    """As Postfix names a client; only one of them has a name."""
    return f"{'localhost' if address == OFFICE else 'unknown'}[{address}]"


@test
def by_address_department_and_client_type(machine):
    for what, user, address, policy in (
            ("allowed", "alice", OFFICE, None),
            ("denied by address", "alice", BLOCKED, "Addresses"),
            ("allowed, another department", "alice", BRANCH, None),
            ("denied by department", "bob", BRANCH, "Platform"),
            ("denied by client type", "carol", OFFICE, "Webmail only")):
        for ways in {}, {"mechanism": "LOGIN"}, {"port": SUBMISSIONS}, {"mechanism": "LOGIN", "port": SUBMISSIONS}:
            login = log_in(machine, user, source=address, **ways)
            shows = {"user": user, "mechanism": ways.get("mechanism", "PLAIN"),
                     "tag": "submissions" if "port" in ways else "submission"}
            if policy is None:
                let_in(login, decided(user, address), what, peer(address), **shows)
            else:
                kept_out(login, decided(user, address, policy), what, peer(address), **shows)
        saw(machine, "Postfix", what, login.reply)


@test
def undetermined(machine):
    what = "denied, undetermined: a group that NSS does not know"
    login = log_in(machine, source=UNSURE)
    decision = decided("alice", UNSURE, "Contractors", reason="undetermined", unknown=UNKNOWN_GROUP)
    kept_out(login, decision, what, peer(UNSURE))
    saw(machine, "Postfix", what, login.reply)


@test
def ipv6_and_regions(machine):
    for what, host, source, policy in (
            ("allowed, IPv6", "office", OFFICE6, None),
            ("denied by address, IPv6", "blocked", BLOCKED6, "Addresses"),
            ("allowed, another region", "abroad", ABROAD, None),
            ("allowed, another region, IPv6", "abroad", ABROAD6, None),
            ("denied by region", "elsewhere", ELSEWHERE, "Regions"),
            ("denied by region, IPv6", "elsewhere", ELSEWHERE6, "Regions")):
        login = log_in(machine, host=host, source=source, to=ADDRESS6 if ":" in source else ADDRESS)
        if policy is None:
            let_in(login, decided("alice", source), what, peer(source))
        else:
            kept_out(login, decided("alice", source, policy), what, peer(source))
        saw(machine, "Postfix", what, login.reply)


@test
def a_wrong_password_is_answered_as_ever_and_the_policy_is_not_asked(machine):
    for address in OFFICE, BLOCKED:
        for user in "alice", "nobody-of-that-name":
            login = log_in(machine, user, "wrong", source=address)
            kept_out(login, None, f"a wrong password from {address}", peer(address), user=user,
                     reason="(reason unavailable)")
    saw(machine, "Postfix", "the wrong password", login.reply)


@test
def without_a_login_nothing_is_sent(machine):
    """Also from the machine itself, which Debian's mynetworks lets send through port 25."""
    for port in postfix.SUBMISSION, SUBMISSIONS:
        with postfix.session(machine, port) as smtp:
            same(postfix.send(smtp), postfix.NO_LOGIN_NO_MESSAGE, f"a message without a login, port {port}")


@test
def port_25_is_no_way_around(machine):
    """Where main.cf lets clients log in there as well."""
    with postfix.in_main_cf(machine, "smtpd_sasl_auth_enable", "yes"):
        for address, reply in (OFFICE, postfix.ALLOWED), (BLOCKED, postfix.FAILED.format(MESSAGE)):
            with postfix.session(machine, 25, source=address) as smtp:
                smtp.starttls()
                smtp.ehlo()
                same(smtp.auth_plain("alice", "secret"), reply, f"port 25 from {address}")
        postfix.doctor_finds(machine)


@test
def a_reload_of_dovecot_is_not_enough(machine):
    """Where Postfix is connected to it, the old auth process goes on."""
    dovecot, server = machine.dovecot, machine.postfix
    right = machine.read(PASSDBS)
    machine.write(PASSDBS, "passdb {\n  driver = pam\n  args = dovecot\n}\nuserdb {\n  driver = passwd\n}\n")
    dovecot.restart()
    same(log_in(machine, source=BLOCKED).reply, postfix.ALLOWED, "before the recipe")
    machine.write(PASSDBS, right)
    machine.shell("doveadm reload")
    login = log_in(machine, source=BLOCKED)
    expect(login.reply in (postfix.ALLOWED, WRONG_PASSWORD), "the old process lets in, or has lost its workers",
           login.reply)
    same(login.decisions, [], "the policy was not asked")
    dovecot.restart()
    server.restart()
    denied = decided("alice", BLOCKED, "Addresses")
    kept_out(log_in(machine, source=BLOCKED), denied, "after a restart of both", peer(BLOCKED))


def typed(machine):
    """The recipe's own trial: what it tells to type, and what it says will be shown."""
    with open(os.path.join(machine.docs, "postfix.md"), encoding="utf-8") as file:
        return re.findall(r"^    \$ (curl .*)\n((?:    (?!\$ ).+\n)*)", file.read(), re.MULTILINE)


@test
def the_doctor_finds_nothing(machine):
    postfix.doctor_finds(machine)


@test
def what_the_recipe_tells_to_type_shows_what_it_says(machine):
    machine.write("/etc/hosts", machine.read("/etc/hosts") + f"{ADDRESS} mail.example.com\n")
    sessions = typed(machine)
    same(len(sessions), 2, "how many commands the recipe has")
    for (command, shown), host in zip(sessions, ("abroad", "elsewhere")):
        result = machine.shell(command.replace("PASSWORD", "secret"), host=host)
        same(result.out.replace("\r", ""), re.sub("^    ", "", shown, flags=re.MULTILINE), command)


@test
def a_service_of_postfix_without_a_pam_service_lets_nobody_in(machine):
    server = machine.postfix
    machine.shell("postconf -P submission/inet/smtpd_sasl_service=forgotten")
    server.restart()
    try:
        login = log_in(machine, source=OFFICE)
        kept_out(login, None, "smtpd_sasl_service=forgotten", peer(OFFICE), reason="(reason unavailable)")
        postfix.doctor_finds(machine, "dovecot-missing-service")
    finally:
        machine.shell("postconf -PX submission/inet/smtpd_sasl_service")
        server.restart()
    let_in(log_in(machine, source=OFFICE), decided("alice", OFFICE), "set right again", peer(OFFICE))


@test
def no_module_no_login(machine):
    module = machine.shell("find /usr/lib /lib -name pam_accesspolicy.so").out.split()[0]
    os.rename(machine.path(module), machine.path(module + ".away"))
    try:
        login = log_in(machine, source=OFFICE)
        same((login.reply, login.sends, login.decisions), (WRONG_PASSWORD, False, []), "the module is missing")
    finally:
        os.rename(machine.path(module + ".away"), machine.path(module))
    let_in(log_in(machine, source=OFFICE), decided("alice", OFFICE), "it is there again", peer(OFFICE))


@test
def a_policy_that_is_broken_or_removed_meanwhile(machine):
    image = machine.path(postfix.IMAGE)
    with open(image, "rb") as file:
        whole = file.read()
    for what, content in ("cut", whole[:5000]), ("damaged", whole[:64] + bytes(64) + whole[128:]), ("removed", None):
        os.unlink(image)
        if content is not None:
            machine.write(postfix.IMAGE, "", 0o600)
            with open(image, "wb") as file:
                file.write(content)
        login = log_in(machine, source=OFFICE)
        same((login.reply, login.sends), (WRONG_PASSWORD, False), what)
        same(len(login.decisions), 1, what)
        expect(login.decisions[0].startswith(
            f'{postfix.THIRD_PARTY}:auth: decision=error user="alice" rhost="{OFFICE}" '
            f'service="{postfix.THIRD_PARTY}", nobody is let in: {postfix.IMAGE}: '), what, login.decisions[0])
        saw(machine, "Postfix", f"the policy is {what}", login.reply)
    # a broken text is not in force: what was applied stays so
    postfix.put_in_force(machine)
    machine.write(FILE, "policies = (")
    let_in(log_in(machine, source=OFFICE), decided("alice", OFFICE), "a broken text", peer(OFFICE))
    kept_out(log_in(machine, source=BLOCKED), decided("alice", BLOCKED, "Addresses"), "a broken text", peer(BLOCKED))
    postfix.put_in_force(machine)


@test
def nologin_as_a_way_to_show_a_reason_lets_postfix_send(machine):
    """The mistake that the recipe warns of is a real one: Dovecot's own services refuse such a login; not Postfix."""
    dovecot = machine.dovecot
    right = machine.read(PASSDBS)
    machine.write(PASSDBS, """passdb {
      driver = pam
      args = dovecot
      override_fields = nologin=y reason=Closed
    }
    userdb {
      driver = passwd
    }
    """)
    dovecot.restart()
    try:
        with machine.connect(143) as imap:
            imap.recv(4096)
            imap.sendall(b"a LOGIN alice secret\r\n")
            same(imap.recv(4096), b"a NO [CONTACTADMIN] Closed\r\n", "IMAP")
        login = log_in(machine, source=OFFICE)
        same((login.reply, login.sends, login.decisions), (postfix.ALLOWED, True, []), "Postfix")
    finally:
        machine.write(PASSDBS, right)
        dovecot.restart()
    kept_out(log_in(machine, source=BLOCKED), decided("alice", BLOCKED, "Addresses"), "set right again", peer(BLOCKED))


if __name__ == "__main__":
    main(set_up=set_up)
