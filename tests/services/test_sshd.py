"""sshd as docs/services/sshd.md sets it up, with Debian's ssh and sftp at a terminal."""
import os
import re
import signal
import time

from decisions import FILE
from logins import (ABROAD, ABROAD6, ALLOWED, BRANCH, BY_ADDRESS, BY_CLIENT_TYPE, BY_DEPARTMENT, BY_REGION, ELSEWHERE,
                    ELSEWHERE6, EVERYWHERE, IN_THE_OFFICE, NOT_IN_THE_OFFICE, OFFICE, OFFICE6, POLICY, UNDETERMINED,
                    USERS, by, changed, decision, make_users, no_policy, one_decision, put_in_force, shown)
from machine import ADDRESS, ADDRESS6, MESSAGE, expect, main, same, saw, test, wait_for

KEY, BATCH = "/root/.ssh/id_ed25519", "/root/batch"
SERVICE = "/etc/pam.d/sshd"
SETTINGS = "/etc/ssh/sshd_config.d/10-test.conf"
IMAGE = "/var/lib/accesspolicy/policy.v1.image"
LINE = "account required pam_accesspolicy.so"
COMMAND = "echo let in"
IN = "let in\n"
SFTP_IN = "sftp> pwd\nRemote working directory: "
WAYS = ("password", "keyboard-interactive", "public key", "sftp")
METHODS = {"password": "password", "keyboard-interactive": "keyboard-interactive", "public key": "publickey", "sftp": "publickey"}
ACCEPTED = {"password": "password", "keyboard-interactive": "keyboard-interactive/pam",
            "public key": "publickey", "sftp": "publickey"}
FATAL = "sshd: fatal: Access denied for user {} by PAM account configuration [preauth]"
# What sshd 9.2 logs where ssh asks it for another password after a denial in keyboard-interactive.
ASKED_AGAIN = "sshd: fatal: monitor_read: unpermitted request 104"


class Sshd:
    """The machine's sshd, with settings of a test's own before those of the recipe."""

    def __init__(self, machine):
        self.machine = machine
        self.program = None
        self.settings = "KbdInteractiveAuthentication yes\n"

    def start(self, settings="", name="/usr/sbin/sshd"):
        """Once more, if it runs already."""
        if self.program is not None:
            self.program.stop()
        self.machine.write(SETTINGS, self.settings + settings)
        self.program = self.machine.start(name, "-D")
        mark = self.machine.log.mark()
        self.machine.wait_for_port(22, ADDRESS)
        # the connection that looked for the port, which would be taken for a login's
        self.machine.log.wait(mark, f"Connection closed by {ADDRESS}", "sshd")


def set_up(machine):
    """Users with keys and a client's host, the recipe, the policy, and sshd."""
    make_users(machine)
    machine.shell(f"""mkdir -p /run/sshd /root/.ssh
        ssh-keygen -q -t ed25519 -N '' -f {KEY}
        for user in {' '.join(USERS)}; do
            install -d -o $user -g $user -m 700 /home/$user/.ssh
            install -o $user -g $user -m 600 {KEY}.pub /home/$user/.ssh/authorized_keys
        done
        echo "{ADDRESS},{ADDRESS6} $(cat /etc/ssh/ssh_host_ed25519_key.pub)" >/etc/ssh/ssh_known_hosts
        echo pwd >{BATCH}""")
    machine.host("client", *EVERYWHERE)
    machine.recipe("sshd")
    put_in_force(machine)
    machine.sshd = Sshd(machine)
    machine.sshd.start()


def client(way, user, source, to=None, more=()):
    """The command that a user types."""
    to = to or (ADDRESS6 if ":" in source else ADDRESS)
    options = ["-o", f"BindAddress={source}", "-o", f"PreferredAuthentications={METHODS[way]}", *more]
    if way == "sftp":
        return ["sftp", *options, "-b", BATCH, f"{user}@[{to}]"]
    return ["ssh", *options, f"{user}@{to}", COMMAND]


def begin(machine, way, user, source, **more):
    """The terminal of a user who has typed the command and, where one is asked for, the password."""
    terminal = machine.terminal(*client(way, user, source, **more), host="client")
    if METHODS[way] != "publickey":
        terminal.wait("assword: ")
        terminal.type("secret\n")
    return terminal


def log_in(machine, way, user, source, **more):
    """What stands at the user's terminal in the end."""
    terminal = begin(machine, way, user, source, **more)
    terminal.end()
    return shown(terminal.seen)


def is_in(seen):
    return seen.endswith(IN) or SFTP_IN in seen


def of_sshd(machine, mark):
    """What sshd itself logged, without what differs between two runs."""
    lines = [str(line) for line in machine.log.since(mark, "sshd") if "pam_" not in line.text]
    return [re.sub(r"SHA256:\S+", "SHA256:…", re.sub(r" port \d+", " port N", line)) for line in lines]


def what_is_asked(way, user, to):
    return {"password": f"{user}@{to}'s password: \n", "keyboard-interactive": f"({user}@{to}) Password: \n"}.get(way, "")


def what_is_denied(way, user, to):
    """What the user reads, and what sshd logs."""
    closed = f"Connection closed by {to} port 22\n"
    asked = what_is_asked(way, user, to)
    return {
        "password": (asked + MESSAGE + "\n" + closed,
                     [f"sshd: Failed password for {user} from {{}} port N ssh2", FATAL.format(user)]),
        "keyboard-interactive": (asked + MESSAGE + "\n\n" + closed, [ASKED_AGAIN]),
        "public key": (MESSAGE + "\n" + closed, [FATAL.format(user)]),
        "sftp": (MESSAGE + "\n" + closed + "Connection closed\n", [FATAL.format(user)]),
    }[way]


def check_allowed(machine, way, user, source, logged, what):
    mark = machine.log.mark()
    seen = log_in(machine, way, user, source)
    to = ADDRESS6 if ":" in source else ADDRESS
    expected = f"{SFTP_IN}/home/{user}\n" if way == "sftp" else what_is_asked(way, user, to) + IN
    same(seen, expected, f"{what}: what the user sees")
    machine.log.wait(mark, f"session closed for user {user}", "sshd")
    one_decision(machine, mark, logged, what)
    accepted = of_sshd(machine, mark)[0]
    key = ": ED25519 SHA256:…" if METHODS[way] == "publickey" else ""
    same(accepted, f"sshd: Accepted {ACCEPTED[way]} for {user} from {source} port N ssh2{key}", f"{what}: sshd's log")
    return seen


def check_denied(machine, way, user, source, logged, what):
    mark = machine.log.mark()
    seen = log_in(machine, way, user, source)
    read, log = what_is_denied(way, user, ADDRESS6 if ":" in source else ADDRESS)
    same(seen, read, f"{what}: what the user sees")
    machine.log.wait(mark, log[-1].split(": ", 1)[1], "sshd")
    one_decision(machine, mark, logged, what)
    same(of_sshd(machine, mark), [line.format(source) for line in log], f"{what}: sshd's log")
    return seen


def decided(user, ip, because, **more):
    return decision("sshd", user, ip, because, **{"tty": "ssh", **more})


@test
def each_way_in_is_allowed_and_denied_by_address(machine):
    for way in WAYS:
        for family, office, abroad in ("", OFFICE, ABROAD), (", IPv6", OFFICE6, ABROAD6):
            what = f"{way}, allowed{family}"
            seen = check_allowed(machine, way, "alice", office, decided("alice", office, ALLOWED), what)
            saw(machine, "sshd", what, seen)
            what = f"{way}, denied by address{family}"
            seen = check_denied(machine, way, "alice", abroad, decided("alice", abroad, BY_ADDRESS), what)
            saw(machine, "sshd", what, seen)


@test
def by_region_department_client_type_and_undetermined(machine):
    """By each way in: none of them is asked about something else than the others."""
    for user, source, because, what in (
            ("alice", ELSEWHERE, BY_REGION, "denied by region"),
            ("alice", ELSEWHERE6, BY_REGION, "denied by region, IPv6"),
            ("bob", BRANCH, BY_DEPARTMENT, "denied by department"),
            ("carol", OFFICE, BY_CLIENT_TYPE, "denied by client type"),
            ("erin", BRANCH, NOT_IN_THE_OFFICE, "denied, not whitelisted"),
            ("frank", OFFICE, UNDETERMINED, "denied, undetermined: a group that is not known")):
        for way in WAYS:
            seen = check_denied(machine, way, user, source, decided(user, source, because), f"{way}, {what}")
            saw(machine, "sshd", f"{way}, {what}", seen)
    # the neighbours of each: another department from the same address, the same one from another
    for user, source, because in ("alice", BRANCH, ALLOWED), ("bob", OFFICE, ALLOWED), ("erin", OFFICE, IN_THE_OFFICE):
        check_allowed(machine, "public key", user, source, decided(user, source, because), f"{user} from {source}")


@test
def a_wrong_password_is_told_from_a_denial(machine):
    """Whoever cannot prove to be the user learns nothing of the policy."""
    mark = machine.log.mark()
    terminal = machine.terminal(*client("password", "alice", ABROAD, more=["-o", "NumberOfPasswordPrompts=1"]), host="client")
    terminal.wait("assword: ")
    terminal.type("wrong\n")
    terminal.end()
    seen = shown(terminal.seen)
    same(seen, f"{what_is_asked('password', 'alice', ADDRESS)}alice@{ADDRESS}: Permission denied "
         "(publickey,password,keyboard-interactive).\n", "what the user sees")
    same(machine.log.decisions(mark), [], "the policy is not asked")
    saw(machine, "sshd", "password, a wrong one, from an address that is denied", seen)


@test
def keyboard_interactive_with_one_prompt(machine):
    """ssh that does not ask once more says so itself, where sshd otherwise ends the connection."""
    mark = machine.log.mark()
    seen = log_in(machine, "keyboard-interactive", "alice", ABROAD, more=["-o", "NumberOfPasswordPrompts=1"])
    same(seen, what_is_asked("keyboard-interactive", "alice", ADDRESS) + MESSAGE +
         f"\n\nalice@{ADDRESS}: Permission denied (publickey,password,keyboard-interactive).\n", "what the user sees")
    one_decision(machine, mark, decided("alice", ABROAD, BY_ADDRESS), "one prompt")
    saw(machine, "sshd", "keyboard-interactive, denied by address, NumberOfPasswordPrompts=1", seen)


@test
def a_quiet_ssh_shows_nothing(machine):
    mark = machine.log.mark()
    seen = log_in(machine, "public key", "alice", ABROAD, more=["-q"])
    same(seen, "", "what the user sees")
    one_decision(machine, mark, decided("alice", ABROAD, BY_ADDRESS), "ssh -q")
    saw(machine, "sshd", "public key, denied by address, ssh -q", seen)


# Names for addresses


def name_addresses(machine):
    """What the names say is the opposite of what the addresses are: a decision by them would show."""
    hosts = "127.0.0.1 localhost\n::1 localhost\n"
    for address, name in (OFFICE, "abroad.example.net"), (ABROAD, "office.example.com"), (ELSEWHERE, "localhost.example.com"):
        hosts += f"{address} {name}\n"
    machine.write("/etc/hosts", hosts)


@test
def with_use_dns_the_address_is_the_connections(machine):
    sshd = machine.sshd
    name_addresses(machine)
    # what a client sends is not what the PAM environment holds
    sshd.start("UseDNS yes\nAcceptEnv SSH_CONNECTION\n")
    claim = ["-o", f"SetEnv=SSH_CONNECTION={OFFICE}"]
    for way in WAYS:
        for source, name, because in ((OFFICE, "abroad.example.net", ALLOWED), (ABROAD, "office.example.com", BY_ADDRESS),
                                      (ELSEWHERE, "localhost.example.com", BY_REGION)):
            mark = machine.log.mark()
            seen = log_in(machine, way, "alice", source, more=claim)
            what = f"UseDNS yes, {way} from {name}"
            same(is_in(seen), because is ALLOWED, what)
            one_decision(machine, mark, decided("alice", source, because, rhost=name), what)
            if way == "public key" and because is BY_ADDRESS:
                saw(machine, "sshd", "public key, denied by address, UseDNS yes", seen)
            if because is ALLOWED:
                machine.log.wait(mark, "session closed for user alice", "sshd")
    sshd.start("UseDNS no\n")
    check_allowed(machine, "public key", "alice", OFFICE, decided("alice", OFFICE, ALLOWED), "UseDNS no")
    check_denied(machine, "public key", "alice", ABROAD, decided("alice", ABROAD, BY_ADDRESS), "UseDNS no")
    machine.write("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")


@test
def an_sshd_of_another_name_is_another_service(machine):
    sshd = machine.sshd
    name_addresses(machine)
    other = "third-party", "default"
    machine.shell("ln -s sshd /usr/sbin/sshd-lan")
    sshd.start("UseDNS no\n", name="/usr/sbin/sshd-lan")
    # Without a service file of that name libpam takes "other", in which Debian has no policy.
    mark = machine.log.mark()
    same(is_in(log_in(machine, "public key", "alice", ABROAD)), True, "the bypass: a service without a file of its own")
    same(machine.log.decisions(mark), [], "the policy is not asked")
    machine.shell("cp /etc/pam.d/sshd /etc/pam.d/sshd-lan")
    for source, because in (OFFICE, ALLOWED), (ABROAD, BY_ADDRESS):
        mark = machine.log.mark()
        same(is_in(log_in(machine, "public key", "alice", source)), because is ALLOWED, f"UseDNS no, from {source}")
        one_decision(machine, mark, decision("sshd-lan", "alice", source, because, tty="ssh", client=other), source)
    # The client type is given on the module's line, as the recipe says.
    machine.change("/etc/pam.d/sshd-lan", LINE, f"{LINE} client=system")
    mark = machine.log.mark()
    same(is_in(log_in(machine, "public key", "carol", OFFICE)), False, "a shell is a shell")
    one_decision(machine, mark, decision("sshd-lan", "carol", OFFICE, BY_CLIENT_TYPE, tty="ssh",
                                         client=("system", "given")), "client=system")
    # SSH_CONNECTION is believed of "sshd" alone.
    sshd.start("UseDNS yes\n", name="/usr/sbin/sshd-lan")
    mark = machine.log.mark()
    seen = log_in(machine, "public key", "alice", OFFICE)
    same(seen, what_is_denied("public key", "alice", ADDRESS)[0], "UseDNS yes: what the user sees")
    one_decision(machine, mark, decision(
        "sshd-lan", "alice", "unknown", by("Addresses", "undetermined", "the address is unknown"),
        rhost="abroad.example.net", tty="ssh", client=("system", "given")), "UseDNS yes")
    saw(machine, "sshd", "public key, UseDNS yes in an sshd that is called otherwise: undetermined", seen)
    machine.write("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
    sshd.start()


# What passes the policy where the module stands elsewhere


@test
def in_the_auth_phase_alone_a_key_passes_it(machine):
    with changed(machine, SERVICE, LINE, "auth required pam_accesspolicy.so"):
        mark = machine.log.mark()
        same(is_in(log_in(machine, "public key", "alice", ABROAD)), True, "the bypass: a key never reaches the auth phase")
        same(machine.log.decisions(mark), [], "the policy is not asked")
        mark = machine.log.mark()
        seen = log_in(machine, "password", "alice", ABROAD, more=["-o", "NumberOfPasswordPrompts=1"])
        same(is_in(seen), False, "a password reaches it")
        one_decision(machine, mark, decided("alice", ABROAD, BY_ADDRESS).replace(":account:", ":auth:"), "a password")
    same(is_in(log_in(machine, "public key", "alice", ABROAD)), False, "as the recipe says, it is closed")


@test
def without_pam_no_policy_is_asked(machine):
    sshd = machine.sshd
    sshd.start("UsePAM no\n")
    mark = machine.log.mark()
    same(is_in(log_in(machine, "public key", "alice", ABROAD)), True, "the bypass: UsePAM no")
    same(machine.log.decisions(mark), [], "the policy is not asked")
    sshd.start()
    same(is_in(log_in(machine, "public key", "alice", ABROAD)), False, "as the recipe says, it is closed")


@test
def a_connection_is_asked_about_once(machine):
    """What goes through it later was let in with it, until it is ended."""
    shared = ["-o", "ControlPath=/tmp/shared", "-o", "ControlPersist=yes"]
    mark = machine.log.mark()
    log_in(machine, "public key", "alice", OFFICE, more=[*shared, "-o", "ControlMaster=yes"])
    one_decision(machine, mark, decided("alice", OFFICE, ALLOWED), "the connection")
    machine.policy(POLICY.replace("198.51.100.0/24", OFFICE))
    mark = machine.log.mark()
    same(is_in(log_in(machine, "public key", "alice", OFFICE, more=shared)), True, "through the connection that is there")
    same(machine.log.decisions(mark), [], "the policy is not asked")
    machine.run("pkill", "-KILL", "-u", "alice", status=0)
    wait_for("the end of the connection", lambda: not os.path.exists(machine.path("/tmp/shared")))
    same(is_in(log_in(machine, "public key", "alice", OFFICE, more=shared)), False, "a new connection")
    machine.policy(POLICY)


@test
def behind_common_account_an_expired_password_passes_it(machine):
    """Debian's common-account ends the stack for it: new_authtok_reqd=done. That is why the line stands before it."""
    machine.user("dora")
    machine.shell("""cp -rp /home/alice/.ssh /home/dora/
        chown -R dora:dora /home/dora/.ssh
        chage --lastday 2020-01-01 --maxdays 30 dora""")
    with changed(machine, SERVICE, f"{LINE}\n@include common-account\n", f"@include common-account\n{LINE}\n"):
        mark = machine.log.mark()
        terminal = machine.terminal("ssh", "-b", ABROAD, f"dora@{ADDRESS}", host="client")
        terminal.wait("Current password: ")
        terminal.type("secret\n")
        terminal.wait("New password: ")
        terminal.type("Another1secret\n")
        terminal.wait("Retype new password: ")
        terminal.type("Another1secret\n")
        terminal.end()
        same(machine.log.decisions(mark), [], "the bypass: the policy is not asked")
        machine.log.wait(mark, "Accepted publickey for dora", "sshd")
        machine.log.wait(mark, "password changed for dora")
        # whose password is new now
        machine.shell("chage --lastday 2020-01-01 dora")
    mark = machine.log.mark()
    seen = log_in(machine, "public key", "dora", ABROAD)
    # it is required, not requisite: what the modules behind it say is shown as well
    same(seen, f"{MESSAGE}\nYou are required to change your password immediately (password expired).\n"
         f"Connection closed by {ADDRESS} port 22\n", "what the user sees")
    one_decision(machine, mark, decided("dora", ABROAD, BY_ADDRESS), "an expired password")


@test
def as_the_only_account_module_it_still_decides(machine):
    """It never answers PAM_IGNORE in the account phase, and so no stack makes of its answer what it likes."""
    with changed(machine, SERVICE, f"\n{LINE}\n@include common-account\n", f"\n{LINE}\n"), \
            changed(machine, SERVICE, "\naccount    required     pam_nologin.so\n", "\n"):
        check_allowed(machine, "public key", "alice", OFFICE, decided("alice", OFFICE, ALLOWED), "allowed")
        check_denied(machine, "public key", "alice", ABROAD, decided("alice", ABROAD, BY_ADDRESS), "denied")
        os.rename(machine.path(IMAGE), machine.path(IMAGE) + ".away")
        same(is_in(log_in(machine, "public key", "alice", OFFICE)), False, "no policy can be had")
        os.rename(machine.path(IMAGE) + ".away", machine.path(IMAGE))


@test
def a_prompt_holds_keyboard_interactive_up(machine):
    """message=prompt is for Dovecot: here the user must press Enter to be told no, or LoginGraceTime ends it."""
    sshd = machine.sshd
    asked = what_is_asked("keyboard-interactive", "alice", ADDRESS)
    closed = f"Connection closed by {ADDRESS} port 22\n"
    logged = decided("alice", ABROAD, BY_ADDRESS)
    with changed(machine, SERVICE, LINE, f"{LINE} message=prompt"):
        mark = machine.log.mark()
        terminal = begin(machine, "keyboard-interactive", "alice", ABROAD)
        terminal.wait(MESSAGE)
        same(terminal.read(1), None, "it waits: what more is shown in a second")
        terminal.type("\n")
        terminal.end()
        same(shown(terminal.seen), f"{asked}(alice@{ADDRESS}) {MESSAGE}\n{closed}", "what the user sees")
        one_decision(machine, mark, logged, "keyboard-interactive")
        saw(machine, "sshd", "message=prompt, keyboard-interactive: after Enter", shown(terminal.seen))

        # so long that also on a slow machine the message comes before it ends
        sshd.start("LoginGraceTime 8\n")
        begun = time.monotonic()
        terminal = begin(machine, "keyboard-interactive", "alice", ABROAD)
        terminal.wait(MESSAGE)
        wait_for("the end of LoginGraceTime", lambda: not children(sshd.program.pid))
        expect(time.monotonic() - begun > 7.5, "the login was not held up for LoginGraceTime")
        terminal.type("\n")
        terminal.end()
        sshd.start()

        for way in "password", "public key":
            mark = machine.log.mark()
            seen = log_in(machine, way, "alice", ABROAD)
            same(seen, what_is_asked(way, "alice", ADDRESS) + closed, f"{way}: what the user sees")
            same(machine.log.decisions(mark), [logged, "sshd:account: conversation failed"], f"{way}: what is logged")
            saw(machine, "sshd", f"message=prompt, {way}", seen)


# Services that are stopped, policies that are broken


def children(pid):
    """The processes below this one, whose own children are not asked for."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
        return [int(word) for word in file.read().split()]


def descendants(pid):
    found = children(pid)
    return found + [below for child in found for below in descendants(child)]


@test
def a_listener_that_is_stopped_leaves_begun_logins_to_the_policy(machine):
    """As systemctl restart ssh does, which ends the listener alone."""
    sshd = machine.sshd
    mark = machine.log.mark()
    terminals = []
    for source in OFFICE, ABROAD:
        terminal = machine.terminal(*client("password", "alice", source), host="client")
        terminal.wait("assword: ")
        terminals.append(terminal)
    sshd.program.stop()
    for terminal in terminals:
        terminal.type("secret\n")
        terminal.end()
    same(shown(terminals[0].seen), what_is_asked("password", "alice", ADDRESS) + IN, "allowed: what the user sees")
    same(shown(terminals[1].seen), what_is_denied("password", "alice", ADDRESS)[0], "denied: what the user sees")
    same(sorted(machine.log.decisions(mark)), sorted([decided("alice", OFFICE, ALLOWED), decided("alice", ABROAD, BY_ADDRESS)]),
         "both are decided")
    sshd.start()


@test
def an_sshd_that_is_killed_inside_the_module_lets_nobody_in(machine):
    """The policy's files are read by a child, which a test can stop: there the login stands while all of sshd is killed."""
    sshd = machine.sshd
    machine.write("/usr/local/bin/slow", "#!/bin/sh\n: >/tmp/reading\nexec sleep 60\n", 0o755)
    held = "config=/etc/accesspolicy/accesspolicy.conf compiler=/usr/local/bin/slow"
    with changed(machine, SERVICE, LINE, f"{LINE} {held}"):
        mark = machine.log.mark()
        terminal = begin(machine, "public key", "alice", OFFICE)
        wait_for("the child that reads the policy", lambda: os.path.exists(machine.path("/tmp/reading")))
        processes = descendants(sshd.program.pid)
        slow = [pid for pid in processes if comm(pid) in ("slow", "sleep")]
        same(len(slow), 1, "children that read the policy")
        expect(len(processes) > 1, "sshd's own processes", processes)
        for pid in [sshd.program.pid] + [pid for pid in processes if pid not in slow]:
            os.kill(pid, signal.SIGKILL)
        terminal.end()
        seen = shown(terminal.seen)
        expect(not is_in(seen) and "closed by" in seen, "what the user sees", seen)
        same(machine.log.decisions(mark), [], "nothing was decided")
        wait_for("the end of the child that reads the policy", lambda: not os.path.exists(f"/proc/{slow[0]}"))
    sshd.start()
    check_allowed(machine, "public key", "alice", OFFICE, decided("alice", OFFICE, ALLOWED), "a new sshd")
    check_denied(machine, "public key", "alice", ABROAD, decided("alice", ABROAD, BY_ADDRESS), "a new sshd")


def comm(pid):
    with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
        return file.read().strip()


def check_nobody_is_let_in(machine, why, what):
    closed = f"Connection closed by {ADDRESS} port 22\n"
    for source in OFFICE, ABROAD:
        mark = machine.log.mark()
        seen = log_in(machine, "public key", "alice", source)
        same(seen, closed, f"{what}: what the user sees")
        one_decision(machine, mark, no_policy("sshd", "alice", source, why), what)
        machine.log.wait(mark, FATAL.format("alice").split(": ", 1)[1], "sshd")
        same(of_sshd(machine, mark), [FATAL.format("alice")], f"{what}: sshd's log")
    return seen


def check_the_policy(machine, what, before=()):
    """Both neighbours, by the policy as it is. `before`: what else the module logs, before each decision."""
    for source, because in (OFFICE, ALLOWED), (ABROAD, BY_ADDRESS):
        mark = machine.log.mark()
        same(is_in(log_in(machine, "public key", "alice", source)), because is ALLOWED, f"{what}, from {source}")
        same(machine.log.decisions(mark), [*before, decided("alice", source, because)], f"{what}, from {source}")
        if because is ALLOWED:
            machine.log.wait(mark, "session closed for user alice", "sshd")


@test
def a_policy_that_is_broken_under_a_running_sshd(machine):
    # An edit that is wrong, and one that is right but not applied: what was applied stays in force.
    for text in POLICY.replace("198.51.100.0/24", OFFICE), "policies = (":
        machine.write(FILE, text)
        check_the_policy(machine, "an edit that was not applied")
    result = machine.run("accesspolicy", "apply", "--force")
    same(result.status, 3, "a broken policy is not applied")
    check_the_policy(machine, "a broken policy that could not be applied")
    machine.delete(FILE)
    check_the_policy(machine, "a drop-in that is gone")
    machine.write(FILE, POLICY)

    # A damaged image is no policy.
    whole = open_bytes(machine.path(IMAGE))
    write_bytes(machine.path(IMAGE), whole[:1000])
    check_nobody_is_let_in(machine, f"{IMAGE}: is no policy image: it is shorter than the first block of one",
                           "an image that was cut off")
    write_bytes(machine.path(IMAGE), whole)
    check_the_policy(machine, "the image as it was")


@test
def a_policy_that_is_removed_under_a_running_sshd(machine):
    os.rename(machine.path(IMAGE), machine.path(IMAGE) + ".away")
    seen = check_nobody_is_let_in(
        machine, f"{IMAGE}: is missing, though /var/lib/accesspolicy/history tells that a policy was applied",
        "an image that is gone while its history is there")
    saw(machine, "sshd", "public key, the policy in force was deleted", seen)
    machine.delete("/var/lib/accesspolicy")
    # Nothing was ever applied, as far as anybody can see: the files are read.
    reading = ("sshd:account: no policy was ever applied: reading /etc/accesspolicy/accesspolicy.conf at this login",)
    check_the_policy(machine, "no state folder", reading)
    machine.write(FILE, POLICY.replace("blacklist", "blocklist", 1))
    for source in OFFICE, ABROAD:
        mark = machine.log.mark()
        same(log_in(machine, "public key", "alice", source), f"Connection closed by {ADDRESS} port 22\n", "what the user sees")
        why = (f'{FILE}:7: "type": found "blocklist", expected "whitelist" or "blacklist"; did you mean "blacklist"?')
        same(machine.log.decisions(mark), [*reading, no_policy("sshd", "alice", source, why)], "files with a mistake")
    put_in_force(machine)
    check_the_policy(machine, "applied again")


def open_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def write_bytes(path, content):
    with open(path, "wb") as file:
        file.write(content)


if __name__ == "__main__":
    main(set_up=set_up)
