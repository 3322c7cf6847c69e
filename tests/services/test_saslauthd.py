"""saslauthd, and Postfix through it, as docs/services/saslauthd.md sets them up: no address, no reason."""
import contextlib
import functools
import os
import re
import signal

import postfix
from decisions import NONE, because_in, decision
from machine import expect, main, same, saw, send_signal, test, wait_for
from postfix import ALLOWED, FAILED, log_in

FOLDER = "/var/spool/postfix/var/run/saslauthd"
DEFAULTS = "/etc/default/saslauthd"
YES, NO = '0: OK "Success."\n', '0: NO "authentication failed"\n'
DENIED = FAILED.format("authentication failure")
POLICY = """default_domain = "example.com";
departments = ( { name = "engineering/platform"; members = [ "bob" ]; } );
policies = (
  { name = "Platform"; type = "blacklist"; scope = { departments = [ "engineering/*" ]; }; },
  { name = "Webmail only"; type = "blacklist"; scope = { members = [ "carol" ]; }; clients = [ "third-party" ]; },
  { name = "Office"; type = "whitelist"; scope = { members = [ "dave" ]; }; ip = [ "127.0.0.0/8" ]; }
);
"""
NO_ADDRESS = "the address is unknown"
LOGINS = (
    ("allowed", "alice", None, {}),
    ("denied by department", "bob", "Platform", {}),
    ("denied by client type", "carol", "Webmail only", {}),
    ("denied, undetermined: a policy with addresses", "dave", "Office",
     {"reason": "undetermined", "unknown": NO_ADDRESS}))
# Dovecot is installed here, and has no part in this recipe.
UNUSED = ("dovecot",)


def decided(user, policy=None, reason="blacklisted", unknown=None):
    because = because_in(POLICY, policy, reason, unknown)
    return decision("smtp", because, f"{user}@example.com", "unknown", client=("third-party", "given"), rhost=NONE)


class Saslauthd:
    """The machine's, started and stopped as at boot."""

    def __init__(self, machine):
        self.machine = machine
        self.start()

    def start(self):
        self.machine.run("/etc/init.d/saslauthd", "start", status=0)
        wait_for("saslauthd", lambda: self.machine.exists(FOLDER + "/mux"))

    def stop(self):
        self.machine.run("/etc/init.d/saslauthd", "stop", status=0)

    def restart(self):
        self.stop()
        self.start()

    def send_signal(self, number):
        send_signal(map(int, self.machine.run("pidof", "saslauthd", status=0).out.split()), number)


def set_up(machine):
    machine.recipe("saslauthd")
    postfix.prepare(machine)
    machine.policy(POLICY)
    machine.saslauthd, machine.postfix = Saslauthd(machine), postfix.Postfix(machine)


def asked(machine, user="alice", password="secret", service="smtp"):
    """What testsaslauthd shows, and the decisions that are logged."""
    mark = machine.log.mark()
    result = machine.run("testsaslauthd", "-f", FOLDER + "/mux", "-s", service, "-u", user, "-p", password)
    same(result.status, 0 if result.out == YES else 255, "testsaslauthd's status")
    return result.out + result.err, machine.log.decisions(mark)


@test
def saslauthd_itself(machine):
    for what, user, policy, more in LOGINS:
        mark = machine.log.mark()
        answer, decisions = asked(machine, user)
        same(answer, YES if policy is None else NO, what)
        same(decisions, [decided(user, policy, **more)], what)
        said = [line.text for line in machine.log.since(mark, "saslauthd", "auth failure")]
        same(said, [] if policy is None else [f"                : auth failure: [user={user}] [service=smtp] [realm=] "
                                              "[mech=pam] [reason=PAM acct error]"], what)
        saw(machine, "saslauthd", what, answer)
    answer, decisions = asked(machine, "alice", "wrong")
    same((answer, decisions), (NO, []), "the wrong password")
    saw(machine, "saslauthd", "the wrong password", answer)


@test
def postfix_through_it(machine):
    for what, user, policy, more in LOGINS:
        for mechanism, port in ("PLAIN", 587), ("LOGIN", 587), ("PLAIN", 465), ("LOGIN", 465):
            login = log_in(machine, user, mechanism=mechanism, port=port)
            same((login.reply, login.sends), (ALLOWED, True) if policy is None else (DENIED, False), what)
            same(login.decisions, [decided(user, policy, **more)], what)
            logged = (f"QUEUE-ID: client=localhost[127.0.0.1], sasl_method={mechanism}, " if policy is None else
                      f"warning: localhost[127.0.0.1]: SASL {mechanism} authentication failed: "
                      "authentication failure, ")
            tag = "submissions" if port == 465 else "submission"
            same(login.logged, [f"postfix/{tag}/smtpd: {logged}sasl_username={user}"], what)
        saw(machine, "Postfix through saslauthd", what, login.reply)
    login = log_in(machine, password="wrong")
    same((login.reply, login.decisions), (DENIED, []), "the wrong password")
    saw(machine, "Postfix through saslauthd", "the wrong password", login.reply)


@test
def what_the_recipe_tells_to_type_shows_what_it_says(machine):
    with open(os.path.join(machine.docs, "saslauthd.md"), encoding="utf-8") as file:
        sessions = re.findall(r"^    # (testsaslauthd .*)\n    (.*\n)", file.read(), re.MULTILINE)
    same(len(sessions), 2, "how many commands the recipe has")
    for command, shown in sessions:
        same(machine.run("sh", "-c", command.replace("PASSWORD", "secret")).out, shown, command)


@contextlib.contextmanager
def defaults_changed(machine, daemon, before, after):
    """In this block saslauthd runs with other defaults."""
    try:
        with machine.restoring(DEFAULTS):
            machine.change(DEFAULTS, before, after)
            daemon.restart()
            yield
    finally:
        daemon.restart()


@test
def debians_cache_lets_in_past_the_policy(machine):
    """The mistake that the recipe takes out is a real one."""
    daemon = machine.saslauthd
    with defaults_changed(machine, daemon, 'OPTIONS="-m', 'OPTIONS="-c -m'):
        same(asked(machine), (YES, [decided("alice")]), "the first login")
        machine.policy(POLICY.replace('"carol"', '"carol", "alice"'))
        same(asked(machine), (YES, []), "a login that the policy denies by now")
        login = log_in(machine)
        same((login.reply, login.sends, login.decisions), (ALLOWED, True, []), "and through Postfix")
        postfix.doctor_finds(machine, "saslauthd-address", "saslauthd-cache", leave_out=UNUSED)
    same(asked(machine), (NO, [decided("alice", "Webmail only")]), "without the cache")
    machine.policy(POLICY)
    same(asked(machine), (YES, [decided("alice")]), "allowed again")


@test
def a_mechanism_that_asks_no_pam_asks_no_policy(machine):
    daemon = machine.saslauthd
    with defaults_changed(machine, daemon, 'MECHANISMS="pam"', 'MECHANISMS="shadow"'):
        same(asked(machine, "bob"), (YES, []), "a member whom the policy denies")
        postfix.doctor_finds(machine, "saslauthd-address", "saslauthd-mechanism", leave_out=UNUSED)


@test
def a_service_without_a_file_falls_to_other(machine):
    same(asked(machine, "bob", service="imap"), (YES, []), "without /etc/pam.d/imap")
    machine.write("/etc/pam.d/imap", machine.read("/etc/pam.d/smtp"))
    answer, decisions = asked(machine, "bob", service="imap")
    same(answer, NO, "with it")
    same(decisions, [decided("bob", "Platform").replace("smtp", "imap")], "with it")
    machine.delete("/etc/pam.d/imap")


@test
def without_a_client_type_a_service_of_an_unknown_name_is_local(machine):
    """Why the recipe writes client=."""
    for options, expected in ("", YES), (" client=third-party", NO):
        machine.write("/etc/pam.d/fax", f"@include common-auth\naccount required pam_accesspolicy.so{options}\n")
        same(asked(machine, "carol", service="fax")[0], expected, f"the options:{options}")


@test
def undetermined_allow_makes_a_policy_with_addresses_useless(machine):
    machine.policy('undetermined = "allow";\n' + POLICY.replace("127.0.0.0/8", "192.0.2.7"))
    login = log_in(machine, "dave")
    same((login.reply, login.sends), (ALLOWED, True), "a member who may send from 192.0.2.7 alone")
    postfix.doctor_finds(machine, "saslauthd-address", leave_out=UNUSED)
    machine.policy(POLICY)


@test
def a_policy_that_is_gone_lets_nobody_in(machine):
    machine.delete(postfix.IMAGE)
    answer, decisions = asked(machine)
    same((answer, len(decisions)), (NO, 1), "without a policy")
    expect(decisions[0].startswith('smtp:account: decision=error user="alice" rhost=- service="smtp", '
                                   f"nobody is let in: {postfix.IMAGE}: "), "the decision", decisions[0])
    same(log_in(machine).reply, DENIED, "without a policy, through Postfix")
    machine.policy(POLICY)
    same(asked(machine), (YES, [decided("alice")]), "applied again")


@test
def stopped_in_the_middle_of_a_login(machine):
    """Nobody is let in, and afterwards all is as before."""
    daemon = machine.saslauthd
    with postfix.held(machine, "/etc/pam.d/smtp", "account"):
        for what, number in ("ended", signal.SIGTERM), ("killed", signal.SIGKILL):
            with postfix.session(machine) as smtp:
                reply = postfix.interrupted(machine, smtp, functools.partial(daemon.send_signal, number))
                same(reply, "454 4.7.0 Temporary authentication failure: generic failure\r\n", what)
                same(postfix.send(smtp), postfix.NO_LOGIN_NO_MESSAGE, what)
            expect(log_in(machine).reply.startswith("454 4.7.0 "), "without saslauthd")
            daemon.restart()
    same(asked(machine), (YES, [decided("alice")]), "afterwards")


@test
def undone_whoever_has_the_right_password_is_let_in(machine):
    same(asked(machine, "bob"), (NO, [decided("bob", "Platform")]), "before")
    machine.undo("saslauthd")
    same(asked(machine, "bob"), (YES, []), "afterwards")
    login = log_in(machine, "bob")
    same((login.reply, login.sends, login.decisions), (ALLOWED, True, []), "and through Postfix")
    same(asked(machine, "bob", "wrong"), (NO, []), "the wrong password")


if __name__ == "__main__":
    main(set_up=set_up)
