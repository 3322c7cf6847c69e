"""
Dovecot under load, stopped in the middle of a login, and with a policy that goes away under it: no login is answered wrongly,
and its workers, which serve one login after the other, keep nothing of it.
"""
import os
import re
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from machine import MESSAGE, expect, main, note, same, send_signal, test, wait_for
from mail import SETTINGS, Dovecot, Imap, allowed, denied, processes

POLICY = """default_domain = "example.com";
departments = ( { name = "engineering"; members = [ "bob" ]; } );
policies = (
  { name = "Addresses"; type = "blacklist"; scope = { all = true; }; ip = [ "127.66.0.0/16" ]; },
  { name = "Engineering"; type = "blacklist"; scope = { departments = [ "engineering" ]; }; ip = [ "127.77.0.0/16" ]; },
  { name = "Third-party"; type = "blacklist"; scope = { members = [ "carol" ]; }; clients = [ "third-party" ]; }
);
"""
ADDRESSES, ENGINEERING, THIRD_PARTY = ("Addresses", 4), ("Engineering", 5), ("Third-party", 6)
YES, NO = "a OK [CAPABILITY …] Logged in\r\n", f"a NO [ALERT] {MESSAGE}\r\n"
FAILED = "a NO [AUTHENTICATIONFAILED] Authentication failed.\r\n"
LOGINS, AT_ONCE, WARM_UP = 1000, 32, 200
# Two workers that live as long as Dovecot; max_requests: otherwise each ends after 100 PAM calls.
TWO_WORKERS = """auth_worker_max_count = 2
service auth-worker {
  service_count = 0
}
"""
SERVICE, IMAGE = "dovecot-policy-imap-143", "/var/lib/accesspolicy/policy.v1.image"
PAM_FILE, CONF = f"/etc/pam.d/{SERVICE}", "/etc/dovecot/conf.d/99-accesspolicy.conf"


def set_up(machine):
    for user in "alice", "bob", "carol":
        machine.user(user)
    machine.policy(POLICY)
    machine.recipe("dovecot")
    for args in "args = dovecot", "args = failure_show_msg=yes":
        machine.change(CONF, args, args.replace("args = ", "args = max_requests=1000000000 "))
    machine.dovecot = Dovecot(machine, SETTINGS + TWO_WORKERS)


def log_in(machine, user, address, port=143):
    with Imap(machine.connect(port, source=address)) as client:
        return client.login(user)


def workers():
    return processes("dovecot/auth\0-w")


def held_by(pid):
    """How many descriptors a process has open, and how much of its memory is resident, in KiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        resident = int(re.search(r"VmRSS:\s+(\d+)", file.read())[1])
    return len(os.listdir(f"/proc/{pid}/fd")), resident


def logins(first, n):
    """n logins of all kinds in turn, each from an address of its own, and each with the module's line for it."""
    kinds = (("alice", 1, 143, None), ("alice", 66, 143, ADDRESSES), ("bob", 1, 143, None), ("bob", 77, 143, ENGINEERING),
             ("alice", 77, 143, None), ("carol", 1, 143, THIRD_PARTY), ("carol", 1, 1143, None), ("bob", 66, 1143, ADDRESSES))
    for i in range(first, first + n):
        user, network, port, policy = kinds[i % len(kinds)]
        address = f"127.{network}.{i // 250}.{i % 250 + 1}"
        about = f"dovecot-policy-imap-{port}", user, address, "web" if port == 1143 else "third-party"
        yield user, address, port, allowed(*about) if policy is None else denied(policy, *about)


def answered_as_due(machine, these):
    """Does these logins, many at once."""
    mark = machine.log.mark()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(lambda login: log_in(machine, *login[:3]), these))
    for (user, address, port, decision), answer in zip(these, answers):
        same(answer, YES if "decision=allow" in decision else NO, f"{user} from {address}, port {port}")
    same(sorted(machine.log.decisions(mark)), sorted(login[3] for login in these), "the module's log")


@test
def a_thousand_logins_denied_and_allowed_mixed(machine):
    answered_as_due(machine, list(logins(0, WARM_UP)))
    before = {pid: held_by(pid) for pid in workers()}
    expect(before, "no worker of Dovecot's was found")
    start = time.monotonic()
    answered_as_due(machine, list(logins(WARM_UP, LOGINS)))
    seconds = time.monotonic() - start
    same(set(workers()), set(before), "the workers, which must be the same ones")
    for pid, (descriptors, resident) in before.items():
        after = held_by(pid)
        note(f"worker {pid}: {descriptors} descriptors and {resident} KiB, then {after[0]} and {after[1]} KiB")
        same(after[0], descriptors, f"the open descriptors of worker {pid}")
        # half a KiB a login would be more
        expect(after[1] - resident < 256, f"worker {pid} grew from {resident} to {after[1]} KiB in {LOGINS} logins")
    note(f"{LOGINS} logins, {AT_ONCE} at once, in {seconds:.1f} s")


@test
def what_is_in_force_decides_whatever_becomes_of_the_files(machine):
    """An edit that is no policy, and no files at all: what was applied stays in force."""
    path = "/etc/accesspolicy/conf.d/50-test.conf"
    machine.write(path, "policies = (")
    machine.run("accesspolicy", "apply", status=3)
    same([log_in(machine, "alice", f"127.{i}.9.1") for i in (1, 66)], [YES, NO], "with broken files")
    machine.delete(path)
    machine.shell("mv /etc/accesspolicy /etc/accesspolicy.away")
    same([log_in(machine, "alice", f"127.{i}.9.2") for i in (1, 66)], [YES, NO], "without the files")
    machine.shell("mv /etc/accesspolicy.away /etc/accesspolicy")
    machine.policy(POLICY)


@test
def without_a_policy_nobody_is_let_in(machine):
    """Gone, cut short, damaged, or anybody's: under the very workers that let in before. Each time what comes back is used."""
    for what, harm in (("gone", f"mv {IMAGE} {IMAGE}.kept"),
                       ("empty", f"cp {IMAGE} {IMAGE}.kept; : >{IMAGE}"),
                       ("cut short", f"cp {IMAGE} {IMAGE}.kept; truncate -s 4096 {IMAGE}"),
                       ("damaged", f"cp {IMAGE} {IMAGE}.kept; printf x | dd of={IMAGE} bs=1 seek=4200 conv=notrunc"),
                       ("writable by all", f"cp {IMAGE} {IMAGE}.kept; chmod 666 {IMAGE}"),
                       ("a folder", f"mv {IMAGE} {IMAGE}.kept; mkdir {IMAGE}")):
        pids = workers()
        machine.shell(harm)
        mark = machine.log.mark()
        with ThreadPoolExecutor(2) as threads:
            answers = list(threads.map(lambda address: log_in(machine, "alice", address), ("127.1.9.3", "127.66.9.3")))
        same(answers, [FAILED, FAILED], f"the image is {what}")
        lines = machine.log.decisions(mark)
        same([re.match(r"\S+ decision=error .*nobody is let in: ", line) is not None for line in lines], [True, True], lines)
        machine.shell(f"rm -rf {IMAGE}; mv {IMAGE}.kept {IMAGE}; chmod 600 {IMAGE}")
        same([log_in(machine, "alice", f"127.{i}.9.4") for i in (1, 66)], [YES, NO], f"after it was {what}")
        same(workers(), pids, "the workers")


# Stopped in the middle

HOLD = "/run/hold"


def answer_when(machine, happens, user="alice", address="127.1.9.5"):
    """
    What the client is answered, where something happens while the policy is asked about it, and is not answered before that;
    "" is a connection that ended.
    """
    answers = []

    def client():
        try:
            answers.append(log_in(machine, user, address))
        except OSError:
            answers.append("")
    mark = machine.log.mark()
    machine.write(HOLD, "")
    thread = threading.Thread(target=client)
    thread.start()
    machine.log.wait(mark, "the policy is asked")
    happens()
    machine.delete(HOLD)
    thread.join()
    return answers[0]


@test
def a_login_in_the_middle_of_which_dovecot_ends_lets_nobody_in(machine):
    machine.write("/usr/local/bin/be-asked", "#!/bin/sh\n[ -e {0} ] || exit 0\nlogger -p auth.info 'the policy is asked'\n"
                  "while [ -e {0} ]; do sleep 0.05; done\n".format(HOLD), 0o755)
    machine.write(PAM_FILE, "auth optional pam_exec.so /usr/local/bin/be-asked\n" + machine.read(PAM_FILE))
    same(answer_when(machine, lambda: None), YES, "when nothing happens")

    def kill(name):
        return lambda: send_signal(processes(name), signal.SIGKILL)
    for what, happens in (("Dovecot is stopped", lambda: machine.dovecot.program.stop()),
                          ("all of Dovecot is killed", kill("dovecot")),
                          ("the auth server is killed", kill("dovecot/auth\0")),
                          ("the workers are killed", kill("dovecot/auth\0-w")),
                          ("the login processes are killed", kill("dovecot/imap-login"))):
        answer = answer_when(machine, happens)
        note(f"{what}: {answer.strip()!r}")
        expect(" OK " not in answer, f"{what}: the client was let in", answer)
        machine.dovecot.restart()
        wait_for("a login", lambda: log_in(machine, "alice", "127.1.9.6") == YES)
        same(log_in(machine, "alice", "127.66.9.6"), NO, f"after {what}")
    machine.recipe("dovecot")


@test
def a_client_that_leaves_before_its_answer_takes_nothing_with_it(machine):
    machine.dovecot.restart()
    same([log_in(machine, "alice", f"127.{i}.9.7") for i in (1, 66)], [YES, NO], "before")
    before = {pid: held_by(pid)[0] for pid in workers()}
    for i in range(20):
        client = Imap(machine.connect(143, source=f"127.{(1, 66)[i % 2]}.10.{i + 1}"))
        client.send('a LOGIN "alice" "secret"')
        client.close()
    same([log_in(machine, "alice", f"127.{i}.9.8") for i in (1, 66)], [YES, NO], "after")
    # one may still be at work for a client that has left
    wait_for(f"the workers to have {before} descriptors again", lambda: {pid: held_by(pid)[0] for pid in before} == before)


if __name__ == "__main__":
    main(set_up=set_up)
