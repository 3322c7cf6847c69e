"""Names that are chosen to confuse, sent through Postfix and Dovecot to the module: none becomes more than a name.

Dovecot refuses most of them by itself (auth_username_chars). Here it lets all through, has one password for each of them,
and changes none, so that all depends on the module. It answers a failed login at once, where otherwise a clock of its own, which
ticks twice a second, would tell it when.
"""
import base64
import concurrent.futures
import random
import re

import mail
import postfix
from decisions import FILE
from machine import MESSAGE, expect, main, same, test
from postfix import ALLOWED, BLOCKED, OFFICE, THIRD_PARTY, WRONG_PASSWORD, decided

SETTINGS = "/etc/dovecot/conf.d/99-accesspolicy.conf"
ANY_NAME = mail.DO_NOT_WAIT + "auth_username_chars =\nauth_username_format = %u\n"
DENIED = postfix.FAILED.format(MESSAGE)
NO_NAME = "the name has an empty part or a control character"
A_DECISION = re.compile(
    rf'{THIRD_PARTY}:auth: decision=deny reason=blacklisted policy="Addresses" file="{FILE}" line=5 '
    r'user="(?:[^"\\\x00-\x1f\x7f]|\\["\\]|\\x[0-9a-f]{2})+" '
    rf'ip={BLOCKED} rhost="{BLOCKED}" client="third-party" client_source=given service="{THIRD_PARTY}" tty="dovecot" '
    r'ruser="(?:[^"\\\x00-\x1f\x7f]|\\["\\]|\\x[0-9a-f]{2})+" would=- unknown=-')
AT_ONCE = 6

# What is sent, and how it is logged.
NAMES = (
    (b"Alice", "Alice"), (b" alice", " alice"), (b"alice ", "alice "), (b"al ice", "al ice"),
    # Dovecot's variables, and the shell's
    (b"%u", "%u"), (b"%{real_lport}", "%{real_lport}"), (b"%s%n%%%", "%s%n%%%"), (b"$(id)", "$(id)"),
    (b"`id`;id", "`id`;id"),
    (b"--help", "--help"), (b"*", "*"), (b"alice*", "alice*"),
    # paths
    (b"../../etc/pam.d/other", "../../etc/pam.d/other"), (b"alice/../bob", "alice/../bob"),
    # the log's own syntax
    (b'a"b\\c', r'a\"b\\c'), (b'alice" ip=192.0.2.7', r'alice\" ip=192.0.2.7'),
    # UTF-8, what is none, and what turns a line's direction
    ("äö".encode(), "äö"), (b"\xff\xfe", r"\xff\xfe"), (b"alice\xe2\x80\xae", r"alice\xe2\x80\xae"),
    (b"carol@@example.com", "carol@@example.com"), (b"carol@alice@example.com", "carol@alice@example.com"))
# Those of which the module does not know whom they mean.
NO_NAMES = (
    (b"@", "@"), (b"@example.com", "@example.com"), (b"alice@", "alice@"),
    (b"alice\trip=192.0.2.7", r"alice\x09rip=192.0.2.7"), (b"alice\nrip=192.0.2.7", r"alice\x0arip=192.0.2.7"),
    (b"alice\r\nOK\t1\tuser=alice", r"alice\x0d\x0aOK\x091\x09user=alice"), (b"\x01alice", r"\x01alice"),
    (b"alice\x7f", r"alice\x7f"), (b"alice\x1b[2K", r"alice\x1b[2K"))


def set_up(machine):
    postfix.set_up(machine)
    machine.change(SETTINGS, "driver = pam\n  args = dovecot\n", "driver = static\n  args = password=secret nodelay\n")
    machine.dovecot, machine.postfix = postfix.Dovecot(machine, ANY_NAME), postfix.Postfix(machine)


def response(name, authzid=b""):
    return base64.b64encode(authzid + b"\0" + name + b"\0secret").decode()


def by_smtp(machine, source, name, authzid=b""):
    with postfix.session(machine, source=source) as smtp:
        return smtp.command("AUTH PLAIN " + response(name, authzid))


def by_imap(machine, source, name, authzid=b""):
    with mail.Imap(machine.connect(993, source=source), tls=True) as imap:
        return imap.command("AUTHENTICATE PLAIN " + response(name, authzid))


def answers(machine, way, source, names):
    """The answer to each, and all decisions that were logged meanwhile."""
    mark = machine.log.mark()
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda name: way(machine, source, name), names))
    return found, machine.log.decisions(mark)


def decision(logged, source, policy=None, **more):
    """The module's line: the member in lower case, with the default domain; ruser as it came."""
    line = decided("NAME", source, policy, **more)
    return line.replace('ruser="NAME"', f'ruser="{logged}"').replace("NAME@example.com", member(logged))


def member(logged):
    lower = re.sub("[A-Z]+", lambda at: at[0].lower(), logged)
    return lower if "@" in logged else lower + "@example.com"


@test
def whatever_the_name_an_address_that_is_denied_is_denied(machine):
    names = NAMES + NO_NAMES
    found, decisions = answers(machine, by_smtp, BLOCKED, [name for name, _ in names])
    same(dict(zip(names, found)), {name: DENIED for name in names}, "what Postfix answers")
    same(sorted(decisions), sorted(decision(logged, BLOCKED, "Addresses") for _, logged in names), "the decisions")
    found, decisions = answers(machine, by_imap, BLOCKED, [name for name, _ in names])
    same(dict(zip(names, found)), {name: f"a NO [ALERT] {MESSAGE}\r\n" for name in names}, "what Dovecot answers")
    expected = [decision(logged, BLOCKED, "Addresses", service="dovecot-policy-imap-993") for _, logged in names]
    same(sorted(decisions), sorted(expected), "the decisions")


@test
def a_name_is_nobody_elses(machine):
    found, decisions = answers(machine, by_smtp, OFFICE, [name for name, _ in NAMES])
    same(dict(zip(NAMES, found)), {name: ALLOWED for name in NAMES}, "what Postfix answers")
    same(sorted(decisions), sorted(decision(logged, OFFICE) for _, logged in NAMES), "the decisions")
    found, decisions = answers(machine, by_smtp, OFFICE, [b"carol", b"CAROL", b"Carol@Example.COM"])
    same(found, [DENIED] * 3, "who is denied in any case")


@test
def what_is_no_name_is_undetermined(machine):
    found, decisions = answers(machine, by_smtp, OFFICE, [name for name, _ in NO_NAMES])
    same(dict(zip(NO_NAMES, found)), {name: DENIED for name in NO_NAMES}, "what Postfix answers")
    expected = [decision(logged, OFFICE, "Platform", reason="undetermined", unknown=NO_NAME) for _, logged in NO_NAMES]
    same(sorted(decisions), sorted(expected), "the decisions")


@test
def long_names_and_none(machine):
    for length in 255, 256, 300:
        found, decisions = answers(machine, by_smtp, BLOCKED, [b"a" * length])
        same((found, decisions), ([DENIED], [decision("a" * length, BLOCKED, "Addresses")]), f"a name of {length}")
    # the log's line is cut
    found, decisions = answers(machine, by_smtp, BLOCKED, [b"a" * 1000])
    same((found, len(decisions)), ([DENIED], 1), "a name of 1000")
    cut = r'"a{300,330}"…'
    expect(re.fullmatch(rf'.* line=5 user={cut} ip={BLOCKED} .* ruser={cut} would=- unknown=-', decisions[0]),
           "a name of 1000", decisions[0])
    # Postfix's line is, and Dovecot notices
    found, decisions = answers(machine, by_smtp, BLOCKED, [b"a" * 8000])
    same((found, decisions), ([postfix.FAILED.format("Invalid base64 data in initial response")], []), "a name of 8000")
    same(by_smtp(machine, OFFICE, b""), WRONG_PASSWORD, "no name")


@test
def random_names(machine):
    lots = random.Random(6)
    names = [bytes(lots.choice(b'\t\n\r\x1b "%\\@\'<>[]{}=aA\x80\xc3\xe2\xff') for _ in range(lots.randrange(1, 40)))
             for _ in range(90)]
    found, decisions = answers(machine, by_smtp, BLOCKED, names)
    same({answer for answer in found if answer != DENIED}, set(), "what Postfix answers")
    same(len(decisions), len(names), "how many decisions are logged")
    for line in decisions:
        expect(A_DECISION.fullmatch(line), "a decision", line)


@test
def nobody_logs_in_for_another(machine):
    """An authorization identity is no way to be held against somebody else's policies."""
    for name, authzid in (b"carol", b"alice"), (b"alice", b"carol"), (b"carol", b"root"):
        mark = machine.log.mark()
        same(by_smtp(machine, OFFICE, name, authzid), WRONG_PASSWORD, f"{name} for {authzid}")
        same(machine.log.decisions(mark), [], f"{name} for {authzid}")


@test
def dovecot_as_it_is_asks_nobody_about_such_names(machine):
    dovecot = machine.dovecot
    dovecot.stop()
    machine.write("/etc/dovecot/conf.d/99-test.conf", mail.DO_NOT_WAIT)
    dovecot.start()
    names = [name for name, logged in NAMES + NO_NAMES if re.search(r"[^-A-Za-z0-9._@]", logged)]
    found, decisions = answers(machine, by_smtp, OFFICE, names)
    same(dict(zip(names, found)), {name: WRONG_PASSWORD for name in names}, "what Postfix answers")
    same(decisions, [], "the decisions")


if __name__ == "__main__":
    main(set_up=set_up)
