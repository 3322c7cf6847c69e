"""Postfix and Dovecot that end, or do not answer, in the middle of a login: nobody is let in by that."""
import signal

import postfix
from machine import expect, main, same, send_signal, test
from postfix import BLOCKED, OFFICE, WRONG_PASSWORD, decided, kept_out, let_in, log_in

PASSWORD, POLICY = ("/etc/pam.d/dovecot", "auth"), (f"/etc/pam.d/{postfix.THIRD_PARTY}", "auth")


def set_up(machine):
    postfix.set_up(machine)
    # where a process is killed that has served nobody before, Postfix starts none for this long, a minute otherwise
    machine.shell("postconf -e service_throttle_time=1s")
    # all sessions are served by the same process, also on a machine so loaded that it is not done yet with the one before
    machine.shell("postconf -F submission/inet/process_limit=1")
    machine.dovecot, machine.postfix = postfix.Dovecot(machine), postfix.Postfix(machine)


AUTH, WORKER, SMTPD = "dovecot/auth", "dovecot/auth -w", "smtpd -l -n submission "


def processes(machine, title):
    """Whose title, or command line, begins so."""
    listed = [line.split(None, 1) for line in machine.run("ps", "-eo", "pid=,args=", status=0).out.splitlines()]
    return [int(pid) for pid, args in listed if args.startswith(title) and (title != AUTH or args.rstrip() == AUTH)]


def signal_all(machine, title, number):
    found = processes(machine, title)
    expect(found, f"there is no process {title}")
    send_signal(found, number)


def as_before(machine):
    let_in(log_in(machine), decided("alice", OFFICE), "as before", "localhost[127.0.0.1]")
    denied = decided("alice", BLOCKED, "Addresses")
    kept_out(log_in(machine, source=BLOCKED), denied, "as before", f"unknown[{BLOCKED}]")


def login_interrupted(machine, held, interrupt, expected, what):
    """A login that would be allowed. Nothing is `expected` where the session ends with it."""
    with postfix.held(machine, *held), postfix.session(machine) as smtp:
        same(postfix.interrupted(machine, smtp, interrupt), expected, what)
        if expected:
            same(postfix.send(smtp), postfix.NO_LOGIN_NO_MESSAGE, what)


@test
def dovecot_ends_while_a_password_or_the_policy_is_looked_at(machine):
    dovecot = machine.dovecot
    for held in PASSWORD, POLICY:
        for what, interrupt, expected in (
                ("Dovecot is stopped", dovecot.stop, postfix.NO_ANSWER),
                ("its auth process is killed", lambda: signal_all(machine, AUTH, signal.SIGKILL), postfix.NO_ANSWER),
                ("its auth workers are killed", lambda: signal_all(machine, WORKER, signal.SIGKILL), WRONG_PASSWORD)):
            login_interrupted(machine, held, interrupt, expected, f"{what}, at {held[0]}")
            dovecot.restart()
            as_before(machine)


@test
def dovecot_does_not_answer(machine):
    """Postfix waits for 10 s. What the module decides after that lets nobody in."""
    dovecot = machine.dovecot
    mark = machine.log.mark()
    login_interrupted(machine, POLICY, lambda: None, postfix.NO_ANSWER, "the policy is looked at for too long")
    machine.log.wait(mark, "decision=allow")
    dovecot.restart()
    as_before(machine)


@test
def dovecot_does_not_run(machine):
    dovecot = machine.dovecot
    dovecot.stop()
    with postfix.session(machine) as smtp:
        same(smtp.auth_plain("alice", "secret"), "454 4.7.0 Temporary authentication failure: (reason unavailable)\r\n",
             "a process that Dovecot had answered before")
        same(postfix.send(smtp), postfix.NO_LOGIN_NO_MESSAGE, "without Dovecot")
    dovecot.start()
    as_before(machine)


@test
def postfix_ends(machine):
    server = machine.postfix
    for what, interrupt in (("its smtpd is killed", lambda: signal_all(machine, SMTPD, signal.SIGKILL)),
                            ("Postfix is stopped", server.stop)):
        login_interrupted(machine, POLICY, interrupt, "", what)
    server.start()
    as_before(machine)


if __name__ == "__main__":
    main(set_up=set_up)
