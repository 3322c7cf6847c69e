"""su, sudo and login as docs/services/local.md sets them up, at a terminal."""
import os
import re

from decisions import NONE
from logins import (ABROAD, ALLOWED, BY_ADDRESS, BY_CLIENT_TYPE, BY_DEPARTMENT, BY_REGION, ELSEWHERE, ELSEWHERE6,
                    NOT_IN_THE_OFFICE, OFFICE, POLICY, UNDETERMINED, USERS, by, changed, decision, make_users,
                    no_policy, one_decision, put_in_force, shown)
from machine import MESSAGE, main, same, saw, test

IMAGE = "/var/lib/accesspolicy/policy.v1.image"
LINE = "account required pam_accesspolicy.so"
SUDOERS = "/etc/sudoers.d/test"
CALLER = "alice"

# Who is denied, and why, where the login is a local one.
LOCAL = (("alice", ALLOWED, "allowed"), ("erin", NOT_IN_THE_OFFICE, "denied by address"),
         ("bob", BY_DEPARTMENT, "denied by department"), ("carol", BY_CLIENT_TYPE, "denied by client type"),
         ("frank", UNDETERMINED, "denied, undetermined: a group that is not known"))

def set_up(machine):
    # as Debian's installer writes it: sudo looks its host's name up
    machine.write("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 mail\n")
    make_users(machine)
    machine.recipe("local")
    put_in_force(machine)


def may_all(machine, what, more=""):
    machine.write(SUDOERS, more + "".join(f"{user} ALL=(ALL) {what}\n" for user in USERS), 0o440)


def at_terminal(machine, words, user=None, typed=()):
    """What stands at the terminal in the end, and the exit status. `typed`: what is waited for, and typed then."""
    terminal = machine.terminal(*words, user=user)
    for prompt, text in typed:
        terminal.wait(prompt)
        terminal.type(text + "\n")
    status = terminal.end()
    return shown(terminal.seen), status


def own_lines(machine, mark, program):
    """What the program itself logged."""
    return [re.sub(r"pts/\d+", "pts/N", line.text) for line in machine.log.since(mark, program) if "pam_" not in line.text]


def check(machine, mark, service, because, facts, what):
    """`facts`: the user and the rest of what the module is told."""
    found = [re.sub(r"pts/\d+", "pts/N", line) for line in machine.log.decisions(mark)]
    same(found, [decision(service, because=because, **{"ip": "local", "tty": "/dev/pts/N", **facts})], f"{what}: decisions")


# su: the member is who one becomes


def su(machine, target, *options, caller=CALLER):
    words = ["su", *options, target, "-c", "id -un"]
    return at_terminal(machine, words, caller, [("assword: ", "secret")] if caller is not None else [])


@test
def su_asks_about_whom_one_becomes(machine):
    for service, options in ("su", []), ("su-l", ["-"]):
        for target, because, what in LOCAL:
            mark = machine.log.mark()
            seen, status = su(machine, target, *options)
            check(machine, mark, service, because, {"user": target, "rhost": NONE, "ruser": CALLER}, f"{service}, {what}")
            expected = f"Password: \n{target}\n" if because is ALLOWED else f"Password: \n{MESSAGE}\nsu: Permission denied\n"
            same((seen, status), (expected, 0 if because is ALLOWED else 1), f"{service}, {what}: what the user sees")
            logged = f"(to {target}) {CALLER} on pts/N" if because is ALLOWED else f"FAILED SU (to {target}) {CALLER} on pts/N"
            same(own_lines(machine, mark, "su"), [logged], f"{service}, {what}: su's log")
            saw(machine, "su -" if options else "su", what, seen)


@test
def su_asks_root_too(machine):
    """Whom no password is asked of: pam_rootok ends the auth phase."""
    mark = machine.log.mark()
    seen, status = su(machine, "bob", caller=None)
    same((seen, status), (f"{MESSAGE}\nsu: Permission denied\n", 1), "what root sees")
    check(machine, mark, "su", BY_DEPARTMENT, {"user": "bob", "rhost": NONE, "ruser": "root"}, "root")
    saw(machine, "su", "denied by department, by root", seen)
    mark = machine.log.mark()
    same(at_terminal(machine, ["runuser", "-u", "bob", "--", "id", "-un"])[0], "bob\n", "runuser, as the recipe says")
    same(machine.log.decisions(mark), [], "runuser asks no policy")


@test
def su_without_a_policy_lets_nobody_in(machine):
    os.rename(machine.path(IMAGE), machine.path(IMAGE) + ".away")
    why = f"{IMAGE}: is missing, though /var/lib/accesspolicy/history tells that a policy was applied"
    try:
        mark = machine.log.mark()
        seen, status = su(machine, "alice")
        one_decision(machine, mark, no_policy("su", "alice", NONE, why), "su")
        same((seen, status), ("Password: \nsu: Error in service module\n", 1), "what the user sees")
        saw(machine, "su", "no policy can be had", seen)
        may_all(machine, "ALL")
        mark = machine.log.mark()
        seen, status = sudo(machine, "alice", password=True)
        one_decision(machine, mark, no_policy("sudo", "alice", NONE, why), "sudo")
        same((seen, status), ("[sudo] password for alice: \nsudo: PAM account management error: Error in service module\n"
                              "sudo: a password is required\n", 1), "what the user sees")
        saw(machine, "sudo", "no policy can be had", seen)
    finally:
        os.rename(machine.path(IMAGE) + ".away", machine.path(IMAGE))


# sudo: the member is who calls it


def sudo(machine, user, *options, password=False, command=("id", "-un")):
    typed = [(f"assword for {user}: ", "secret")] if password else []
    # -k: what was typed before is not enough
    return at_terminal(machine, ["sudo", *(["-k"] if password else []), *options, *command], user, typed)


LINE_OF_SUDO = f"{LINE} silent=ignore"
DENIED_BY_SUDO = f"{MESSAGE}\nsudo: PAM account management error: Permission denied\nsudo: a password is required\n"


def check_sudo(machine, service, user, because, what, label=None, password=False, options=()):
    mark = machine.log.mark()
    seen, status = sudo(machine, user, *options, password=password)
    check(machine, mark, service, because, {"user": user, "rhost": NONE, "ruser": user}, what)
    asked = f"[sudo] password for {user}: \n" if password else ""
    same((seen, status), (asked + ("root\n" if because is ALLOWED else DENIED_BY_SUDO), 0 if because is ALLOWED else 1),
         f"{what}: what the user sees")
    shell = "/bin/bash --login -c 'id -un'" if because is ALLOWED else "/bin/bash -c 'id -un'"
    ran = f"PWD=/root ; USER=root ; COMMAND={shell}" if "-i" in options else "PWD=/ ; USER=root ; COMMAND=/usr/bin/id -un"
    failed = "" if because is ALLOWED else "PAM account management error: Permission denied ; "
    same([line.strip() for line in own_lines(machine, mark, "sudo")],
         [f"{user} : {failed}TTY=pts/N ; {ran}"], f"{what}: sudo's log")
    if label is not None:
        saw(machine, label, what, seen)


@test
def sudo_asks_about_the_caller(machine):
    may_all(machine, "ALL")
    for user, because, what in LOCAL:
        check_sudo(machine, "sudo", user, because, what, "sudo", password=True)
    may_all(machine, "NOPASSWD: ALL")
    for user, because, what in LOCAL:
        check_sudo(machine, "sudo", user, because, what, "sudo, NOPASSWD")
    check_sudo(machine, "sudo-i", "bob", BY_DEPARTMENT, "denied by department", "sudo -i", options=["-i"])
    check_sudo(machine, "sudo-i", "alice", ALLOWED, "allowed", "sudo -i", options=["-i"])
    # not about whom the command runs as
    mark = machine.log.mark()
    same(sudo(machine, "alice", "-u", "bob")[0], "bob\n", "sudo -u")
    check(machine, mark, "sudo", ALLOWED, {"user": "alice", "rhost": NONE, "ruser": "alice"}, "sudo -u")


@test
def sudo_silences_a_module_that_obeys(machine):
    """What a user sees where silent=ignore is not written: sudo's own words."""
    may_all(machine, "NOPASSWD: ALL")
    for line, what in (LINE, "without silent=ignore"), (f"{LINE} message=prompt", "message=prompt"):
        with changed(machine, "/etc/pam.d/sudo", LINE_OF_SUDO, line):
            mark = machine.log.mark()
            seen, status = sudo(machine, "bob")
            same((seen, status), (DENIED_BY_SUDO.removeprefix(MESSAGE + "\n"), 1), f"{what}: what the user sees")
            check(machine, mark, "sudo", BY_DEPARTMENT, {"user": "bob", "rhost": NONE, "ruser": "bob"}, what)
            saw(machine, "sudo, NOPASSWD", f"denied by department, {what}", seen)


@test
def sudo_asks_again_where_it_remembers_the_password(machine):
    may_all(machine, "ALL")
    at_terminal(machine, ["sudo", "-k"], "alice")
    # one terminal, to which what sudo remembers belongs
    terminal = machine.terminal("sh", "-c", "sudo id -un; echo ran; read go; sudo -n id -un", user="alice")
    terminal.wait("assword for alice: ")
    terminal.type("secret\n")
    # what is typed while sudo has the terminal may be lost with it
    terminal.wait("ran\r\n")
    mark = machine.log.mark()
    machine.policy(POLICY.replace('members = [ "bob" ]', 'members = [ "alice" ]'))
    terminal.type("go\n")
    terminal.end()
    same(shown(terminal.seen), f"[sudo] password for alice: \nroot\nran\ngo\n{DENIED_BY_SUDO}", "what the user sees")
    check(machine, mark, "sudo", BY_DEPARTMENT, {"user": "alice", "rhost": NONE, "ruser": "alice"}, "the second time")
    machine.policy(POLICY)


@test
def sudo_is_passed_where_the_recipe_is_not_followed(machine):
    may_all(machine, "NOPASSWD: ALL")
    with changed(machine, "/etc/pam.d/sudo", LINE_OF_SUDO, "auth required pam_accesspolicy.so"):
        mark = machine.log.mark()
        same(sudo(machine, "bob"), ("root\n", 0), "the bypass: NOPASSWD never reaches the auth phase")
        same(machine.log.decisions(mark), [], "the policy is not asked")
    with changed(machine, "/etc/pam.d/sudo-i", LINE_OF_SUDO + "\n", ""):
        same(sudo(machine, "bob", "-i"), ("root\n", 0), "the bypass: sudo -i is a service of its own")
    may_all(machine, "NOPASSWD: ALL", "Defaults !pam_acct_mgmt\n")
    mark = machine.log.mark()
    same(sudo(machine, "bob"), ("root\n", 0), "the bypass: sudoers says that no account phase is asked")
    same(machine.log.decisions(mark), [], "the policy is not asked")
    may_all(machine, "NOPASSWD: ALL")
    for options in [], ["-i"]:
        same(sudo(machine, "bob", *options), (DENIED_BY_SUDO, 1), f"sudo {options}: as the recipe says, it is closed")


@test
def a_prompt_holds_su_and_login_up(machine):
    """message=prompt is for Dovecot: here it waits for the user to press Enter."""
    for service, words, user, own in (("su", ["su", "bob", "-c", "id -un"], CALLER, "su: Permission denied\n"),
                                      ("login", ["login", "bob"], None, "\nPermission denied\n")):
        with changed(machine, f"/etc/pam.d/{service}", LINE, f"{LINE} message=prompt"):
            terminal = machine.terminal(*words, user=user)
            terminal.wait("assword: ")
            terminal.type("secret\n")
            terminal.wait(MESSAGE)
            same(terminal.read(1), None, f"{service}: what more is shown in a second")
            terminal.type("\n")
            same(terminal.end(), 1, f"{service}: the exit status")
            same(shown(terminal.seen), f"Password: \n{MESSAGE}\n{own}", f"{service}: what the user sees")
            saw(machine, service, "message=prompt: after Enter", shown(terminal.seen))


# login: at the console, or for a server of another host's logins


def log_in(machine, user, *options, password="secret", ends=True):
    typed = [] if "-f" in options else [("assword: ", password)]
    return at_terminal(machine, ["login", *options, user], None, typed if ends else typed + [("$ ", "exit")])


def check_login(machine, user, because, what, ip="local", rhost="", options=(), label="login"):
    mark = machine.log.mark()
    allowed = because is ALLOWED
    seen, status = log_in(machine, user, *options, ends=not allowed)
    check(machine, mark, "login", because, {"user": user, "ip": ip, "rhost": rhost}, what)
    if allowed:
        # without the message of the day, which names the kernel, and the time of the last login
        seen = re.sub(r"Last login: .*\n", "", seen)
        seen = re.sub(r"(?s)(^|\n)Linux .*permitted by applicable law\.\n", "\\1", seen)
        same((seen, status), (f"Password: \n{user}@mail:~$ exit\nlogout\n", 0), f"{what}: what the user sees")
        saw(machine, label, what, seen)
        return
    asked = "" if "-f" in options else "Password: \n"
    same((seen, status), (f"{asked}{MESSAGE}\n\nPermission denied\n", 1), f"{what}: what the user sees")
    same(own_lines(machine, mark, "login"), ["Permission denied"], f"{what}: login's log")
    saw(machine, label, what, seen)


@test
def login_at_the_console(machine):
    for user, because, what in LOCAL:
        check_login(machine, user, because, what)
    # as agetty --autologin calls it: no password is asked, but the policy is
    check_login(machine, "bob", BY_DEPARTMENT, "denied by department, -f", options=["-f"])


@test
def login_from_another_host(machine):
    machine.change("/etc/hosts", "localhost\n", "localhost office.example.com\n")
    for address, because, what in ((OFFICE, ALLOWED, "allowed"), (ABROAD, BY_ADDRESS, "denied by address"),
                                   (ELSEWHERE, BY_REGION, "denied by region"),
                                   (ELSEWHERE6, BY_REGION, "denied by region, IPv6")):
        check_login(machine, "alice", because, what, ip=address, rhost=address, options=["-h", address], label="login -h")
    # a name is never looked up, whatever it would lead to
    for name in "office.example.com", "local":
        check_login(machine, "alice", by("Addresses", "undetermined", "the address is unknown"),
                    f"denied, undetermined: the address is the name {name}", ip="unknown", rhost=name, options=["-h", name],
                    label="login -h")


if __name__ == "__main__":
    main(set_up=set_up)
