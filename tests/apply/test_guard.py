"""The guard: what would lock out an administrator, or whoever runs the command, is not put in force. Which login the command is
run from is told by real ancestors, a real sudo, and a real terminal with an entry in a utmp of the test's own."""
import fcntl
import json
import os
import pty
import pwd
import re
import select
import shlex
import socket
import struct
import subprocess
import termios
import time

from lab import ROOT_FILE, Result, Skip, environment, expect, main, need_root, same, snapshot, test

LOCK = ("lock",)
ME = pwd.getpwuid(os.geteuid()).pw_name
OFFICE = ('policies = ( { name = "Office"; type = "whitelist"; scope = { all = true; }; ip = [ "10.0.0.0/8", "local" ]; } );\n')
OPEN = ('policies = ( { name = "Office"; type = "whitelist"; scope = { all = true; }; ip = [ "0.0.0.0/0", "::/0", "local" ]; } );\n')
INSIDE, OUTSIDE = "10.1.2.3 50000 192.0.2.1 22", "203.0.113.9 50000 192.0.2.1 22"

# Runs its arguments as a child of a shell that stays, with nothing in their environment.
STRIPPED = ["sh", "-c", 'env -i LC_ALL=C.UTF-8 TZ=UTC0 "$@"; exit $?', "sh"]


def perform(lab, words, env=None, before=(), **more):
    # these take what is in force
    command = lab.command(*words, config=words[0] not in ("rollback", "confirm") and "--data" not in words)
    done = subprocess.run([*before, *command], stdin=subprocess.DEVNULL, capture_output=True, env=environment(env),
                          cwd=lab.folder, check=False, **more)
    return Result(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def refusals(result):
    return [line for line in result.err.splitlines() if ": refused: " in line]


def seen(lab):
    """All of the policy and state folders that a refusal must leave as it is."""
    state = snapshot(lab.state, LOCK) if os.path.isdir(lab.state) else None
    return state, snapshot(lab.policy)


def check_refused(lab, named, *words, env=None, before=(), status=1):
    """Refused, with a line that has all of `named`, and nothing is changed."""
    was = seen(lab)
    result = perform(lab, words, env, before)
    same(result.status, status, f"the status of {words}: {result}")
    expect(any(all(part in line for part in named) for line in refusals(result)), f"no line with {named}", result)
    if was[0] is not None:
        same(seen(lab), was, "the folders")
    return result


def check_done(lab, *words, env=None, before=()):
    result = perform(lab, words, env, before)
    same(result.status, 0, f"the status of {words}: {result}")
    same(refusals(result), [], "what is refused")
    return result


# The login that the command is run from

@test
def own_ssh_connection(lab):
    lab.write(ROOT_FILE, OFFICE)
    result = check_refused(lab, (f"{lab.path(ROOT_FILE)}:1: ", 'policy "Office" would deny the login that this command is run from',
                                 f'"{ME}" from 203.0.113.9, service sshd', "as SSH_CONNECTION tells"), "apply",
                           env={"SSH_CONNECTION": OUTSIDE})
    expect(result.err.endswith("refused: nothing is in force; --force goes over it\n"), "the last line", result)
    same(lab.in_force(), None, "what is in force")
    check_done(lab, "apply", env={"SSH_CONNECTION": INSIDE})


@test
def no_login_is_nothing_to_guard(lab):
    lab.write(ROOT_FILE, OFFICE)
    same(lab.apply("--json").json()["origin"], [], "the logins")


@test
def json_tells_which_logins_were_asked_about(lab):
    lab.write(ROOT_FILE, OFFICE)
    found = perform(lab, ("apply", "--json"), {"SSH_CONNECTION": OUTSIDE}).json()
    same((found["outcome"], found["in_force"]), ("refused", False), "the outcome")
    expect({"user": ME, "ip": "203.0.113.9", "service": "sshd", "found": "SSH_CONNECTION"} in found["origin"], "the login",
           found["origin"])
    expect(any("203.0.113.9" in item["message"] and item["line"] == 1 for item in found["refusals"]), "the refusal", found)


@test
def dry_run_is_refused_the_same(lab):
    lab.write(ROOT_FILE, OFFICE)
    check_refused(lab, ("203.0.113.9",), "apply", "--dry-run", env={"SSH_CONNECTION": OUTSIDE})
    check_done(lab, "apply", "--dry-run", env={"SSH_CONNECTION": INSIDE})
    same(os.path.exists(lab.state), False, "the state folder")


@test
def an_ancestor_whose_child_has_nothing_in_its_environment(lab):
    lab.write(ROOT_FILE, OFFICE)
    for before in (STRIPPED, STRIPPED + STRIPPED):
        check_refused(lab, (f'"{ME}" from 203.0.113.9', "SSH_CONNECTION of process ", ", sh,"), "apply",
                      env={"SSH_CONNECTION": OUTSIDE}, before=before)
    check_done(lab, "apply", env={"SSH_CONNECTION": INSIDE}, before=STRIPPED)


@test
def a_variable_that_is_set_anew_does_not_hide_the_ancestors(lab):
    lab.write(ROOT_FILE, OFFICE)
    forged = ["sh", "-c", f'SSH_CONNECTION="{INSIDE}" "$@"; exit $?', "sh"]
    result = check_refused(lab, ("from 203.0.113.9", "SSH_CONNECTION of process "), "apply", env={"SSH_CONNECTION": OUTSIDE},
                           before=forged)
    expect("10.1.2.3" not in result.err, "the address that is let in is told", result)


@test
def an_environment_of_megabytes(lab):
    lab.write(ROOT_FILE, OFFICE)
    large = {f"A{i:02}": "x" * 100000 for i in range(12)}
    check_refused(lab, ("from 203.0.113.9", "SSH_CONNECTION of process "), "apply",
                  env={**large, "SSH_CONNECTION": OUTSIDE, **{f"Z{i:02}": "x" * 100000 for i in range(4)}}, before=STRIPPED)


@test
def what_is_no_address_is_unknown_and_so_denied(lab):
    lab.write(ROOT_FILE, OPEN)
    lab.apply()
    lab.write(ROOT_FILE, OPEN.replace('"Office"', '"Bureau"'))
    for value in ("UNKNOWN 65535 UNKNOWN 65535", "garbage", "1.2.3 5", "\x1b[31m;$(id)", "x" * 5000, "2001:db8::1::2 5"):
        result = check_refused(lab, ('policy "Bureau" would leave undetermined, which counts as denied, the login',), "apply",
                               env={"SSH_CONNECTION": value})
        expect("\x1b" not in result.err, "a control character is shown", result)
    for value in ("", " ", " 5 6 7"):
        check_done(lab, "apply", "--dry-run", env={"SSH_CONNECTION": value})
    # whatever the setting makes of it
    lab.write(ROOT_FILE, 'undetermined = "allow";\n' + OPEN)
    check_refused(lab, ("would leave undetermined",), "apply", env={"SSH_CONNECTION": "UNKNOWN 1 2 3"})


@test
def addresses_of_all_kinds(lab):
    lab.write(ROOT_FILE, OFFICE.replace('"10.0.0.0/8"', '"10.0.0.0/8", "fe80::/10", "2001:db8::/32"'))
    for value in ("fe80::1%eth0 5 6 7", "2001:db8::9 5 6 7", "::ffff:10.0.0.9 5 6 7", "10.255.255.255"):
        check_done(lab, "apply", "--dry-run", env={"SSH_CONNECTION": value})
    for value in ("::1 5 6 7", "2001:db9::9 5 6 7", "::ffff:11.0.0.9 5 6 7"):
        check_refused(lab, (f"from {value.split(maxsplit=1)[0]},", "would deny"), "apply", "--dry-run", env={"SSH_CONNECTION": value})


@test
def the_user_before_sudo_and_after_it(lab):
    """As far as variables tell."""
    for who in ("alice", ME):
        lab.write(ROOT_FILE, OFFICE.replace("all = true", f'members = [ "{who}" ]'))
        check_refused(lab, (f'"{who}" from 203.0.113.9',), "apply", env={"SSH_CONNECTION": OUTSIDE, "SUDO_USER": "alice"})
        check_refused(lab, (f'"{who}" from 203.0.113.9',), "apply", env={"SSH_CONNECTION": OUTSIDE, "SUDO_USER": "alice"},
                      before=STRIPPED)
    lab.write(ROOT_FILE, OFFICE.replace("all = true", 'members = [ "somebody-else" ]'))
    check_done(lab, "apply", env={"SSH_CONNECTION": OUTSIDE, "SUDO_USER": "alice"})


@test
def odd_user_names(lab):
    lab.write(ROOT_FILE, OFFICE)
    for name in ("", "al\tice", "a" * 3000, '"; $(id)', "@", "\x1b[31m"):
        result = check_refused(lab, ("from 203.0.113.9",), "apply", env={"SSH_CONNECTION": OUTSIDE, "SUDO_USER": name})
        expect("\x1b" not in result.err, "a control character is shown", result)


@test
def an_ancestor_that_ends_meanwhile(lab):
    """It is seen or it is not; either way the command comes to its end."""
    lab.write(ROOT_FILE, OFFICE)
    for _ in range(20):
        # the command holds the pipes that are read to their end
        result = perform(lab, ("apply", "--dry-run"), {"SSH_CONNECTION": OUTSIDE}, ["sh", "-c", 'env -i "$@" & exit 0', "sh"])
        expect("would be in force: " in result.out or "refused: nothing is in force" in result.err, "how it ended", result)


def in_mounts(lab, script):
    """Words that run what follows them where `script` has mounted what it likes; nobody else sees it."""
    words = ["unshare", *([] if os.geteuid() == 0 else ["-r"]), "--mount", "--propagation", "private", "sh", "-e", "-c",
             f'cd {lab.folder}\n{script}\nexec "$@"', "sh"]
    if subprocess.run([*words, "true"], capture_output=True, check=False).returncode != 0:
        raise Skip("namespaces cannot be made here")
    return words


@test
def a_real_sudo(lab):
    """It takes SSH_CONNECTION away, and gives a terminal of its own where it is told to."""
    need_root()
    with open(os.path.join(lab.folder, "sudoers"), "w", encoding="ascii") as file:
        file.write("Defaults use_pty\nnobody ALL=(ALL) NOPASSWD: ALL\n")
    os.chmod(os.path.join(lab.folder, "sudoers"), 0o440)
    os.chmod(lab.folder, 0o755)
    sudo = [*in_mounts(lab, "mount --bind sudoers /etc/sudoers"), "setpriv", "--reuid", "nobody", "--regid", "nogroup",
            "--clear-groups", "sudo", "-n"]
    seen_by = subprocess.run([*sudo, "env"], env=environment({"SSH_CONNECTION": OUTSIDE}), capture_output=True, check=False, text=True)
    expect("SUDO_USER=nobody" in seen_by.stdout and "SSH_CONNECTION" not in seen_by.stdout, "sudo's environment", seen_by)
    for who in ("nobody", "root"):
        lab.write(ROOT_FILE, OFFICE.replace("all = true", f'members = [ "{who}" ]'))
        check_refused(lab, (f'"{who}" from 203.0.113.9', "SSH_CONNECTION of process ", ", sudo,"), "apply",
                      env={"SSH_CONNECTION": OUTSIDE}, before=sudo)
    check_done(lab, "apply", env={"SSH_CONNECTION": INSIDE}, before=sudo)
    same(lab.history()[0]["by"], "nobody", "who did it")


# Terminals

def utmp_entry(line, user, host, address="", kind=7):
    packed = b""
    if address:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        packed = socket.inet_pton(family, address)
    return struct.pack("=hxxi32s4s32s256shhiii16s20s", kind, os.getpid(), line.encode(), b"", user.encode(), host.encode(), 0, 0, 0, 0,
                       0, packed, b"")


def at_terminal(lab, words, entries, inner=()):
    """Runs the command with a new pseudo-terminal as its controlling one, and `entries` of its line in utmp."""
    master, slave = pty.openpty()
    line = os.ttyname(slave).removeprefix("/dev/")
    with open(os.path.join(lab.folder, "utmp"), "wb") as file:
        file.write(b"".join(utmp_entry(line if there else "pts/99999", *entry) for there, *entry in entries))
    before = in_mounts(lab, "cp utmp utmp.copy; mount -t tmpfs tmpfs /var/run; cp utmp.copy /var/run/utmp")

    def take_terminal():
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    try:
        return perform(lab, words, before=[*before, *inner], preexec_fn=take_terminal)
    finally:
        os.close(slave)
        os.close(master)


@test
def the_terminals_entry_in_utmp(lab):
    # user, host, address; the address that is asked about
    rows = (("carol", "203.0.113.9", "203.0.113.9", "203.0.113.9"),
            ("carol", "host.example.com", "203.0.113.9", "203.0.113.9"),
            ("carol", "host.example.com", "2001:db8::9", "2001:db8::9"),
            ("carol", "203.0.113.9", "", "203.0.113.9"),
            ("carol", "203.0.113.9 via mosh [4711]", "", "203.0.113.9"),
            ("carol", "host.example.com", "", "host.example.com"),
            ("c" * 32, "h" * 256, "203.0.113.9", "203.0.113.9"))
    lab.write(ROOT_FILE, OFFICE)
    for user, host, address, asked in rows:
        result = at_terminal(lab, ("apply",), [(True, user, host, address)])
        same(result.status, 1, f"the status: {host} {result}")
        expect(any(f'"{user}" from {asked}, service sshd' in line and re.search(r"as the entry of pts/\d+ in utmp tells", line)
                   for line in refusals(result)), f"no refusal for {host} {asked}", result)
    result = at_terminal(lab, ("apply",), [(True, "carol", "10.0.0.1", "10.0.0.1")])
    same(result.status, 0, f"from the office: {result}")


@test
def an_entry_that_tells_of_no_login(lab):
    lab.write(ROOT_FILE, OFFICE)
    for entry in ((True, "carol", "tmux(1234).%0", ""), (True, "carol", "host:S.0", ""), (False, "carol", "", "203.0.113.9"),
                  (True, "carol", "", "203.0.113.9", 8), (True, "LOGIN", "", "", 6)):
        result = at_terminal(lab, ("apply", "--json"), [entry])
        same((result.status, json.loads(result.out)["origin"]), (0, []), f"{entry}: {result}")


@test
def a_login_at_the_machine_itself(lab):
    lab.write(ROOT_FILE, OFFICE.replace(', "local"', ""))
    for host in ("", ":0"):
        result = at_terminal(lab, ("apply",), [(True, "carol", host, "")])
        same(result.status, 1, f"the status: {result}")
        expect(any('"carol" at the machine itself, service login (system)' in line for line in refusals(result)), "the refusal", result)
    lab.write(ROOT_FILE, OFFICE)
    same(at_terminal(lab, ("apply",), [(True, "carol", "", "")]).status, 0, "where it is let in")


@test
def a_terminal_of_an_ancestor(lab):
    """script(1) gives what it runs a terminal of its own, as sudo may, which utmp knows nothing of."""
    lab.write(ROOT_FILE, OFFICE)
    inner = ["python3", "-c", 'import os, shlex, sys\nstatus = os.system(shlex.join(["script", "-qec", shlex.join(sys.argv[1:]), "/dev/null"]))\n'
             'sys.exit(os.waitstatus_to_exitcode(status))']
    result = at_terminal(lab, ("apply",), [(True, "carol", "", "203.0.113.9")], inner=inner)
    same(result.status, 1, f"the status: {result}")
    expect('"carol" from 203.0.113.9' in result.out and " in utmp tells" in result.out, "the refusal", result)


@test
def without_proc_the_command_s_own_environment_tells(lab):
    if "ASAN_OPTIONS" in os.environ:
        raise Skip("the sanitizers' run-time reads /proc")
    lab.write(ROOT_FILE, OFFICE)
    bare = in_mounts(lab, "mount -t tmpfs tmpfs /proc")
    check_refused(lab, ('from 203.0.113.9', "as SSH_CONNECTION tells"), "apply", env={"SSH_CONNECTION": OUTSIDE}, before=bare)
    check_done(lab, "apply", before=bare)


# Every command that puts something in force

def write_two_policies(lab):
    """In force: one that lets everybody in, and one that is disabled and would not."""
    lab.write(ROOT_FILE, "undetermined = \"deny\";\n")
    lab.write("conf.d/05-open.conf", OPEN)
    lab.write("conf.d/20-off.conf", 'policies = ( { name = "Off"; type = "blacklist"; status = "disabled"; scope = { all = true; }; '
              'ip = [ "203.0.113.0/24" ]; } );\n')
    lab.apply()


@test
def create_enable_report_only_and_delete(lab):
    write_two_policies(lab)
    env = {"SSH_CONNECTION": OUTSIDE}
    check_refused(lab, ('policy "New" would deny',), "create", "--type", "blacklist", "--name", "New", "--all", "--ip", "203.0.113.9", env=env)
    check_refused(lab, ('policy "Off" would deny',), "enable", "Off", env=env)
    lab.write("conf.d/10-ways.conf", 'policies = ( { name = "Elsewhere"; type = "whitelist"; status = "disabled"; scope = { all = true; }; '
              'ip = [ "10.0.0.0/8" ]; } );\n')
    lab.apply()
    lab.run("enable", "Elsewhere", status=0)
    check_refused(lab, ('policy "Elsewhere" would deny',), "delete", "Office", env=env)
    check_refused(lab, ('policy "Elsewhere" would deny',), "disable", "Office", env=env)
    check_refused(lab, ('policy "Elsewhere" would deny',), "report-only", "Office", env=env)
    check_done(lab, "delete", "Elsewhere", env=env)


@test
def an_exception_that_is_deleted(lab):
    env = {"SSH_CONNECTION": OUTSIDE}
    lab.write(ROOT_FILE, OFFICE)
    lab.apply()
    check_done(lab, "except", "add", "--policy", "Office", "--member", ME, "--until", "2h", "--name", "HD-1", env=env)
    check_refused(lab, (f'policy "Office" would deny the login that this command is run from: "{ME}"',), "except", "delete", "HD-1", env=env)
    check_done(lab, "except", "delete", "HD-1", env={"SSH_CONNECTION": INSIDE})


@test
def an_edit_of_a_policy(lab):
    lab.write(ROOT_FILE, OPEN)
    lab.apply()
    check_refused(lab, ('policy "Office" would deny',), "edit", "Office", "--remove-ip", "0.0.0.0/0", env={"SSH_CONNECTION": OUTSIDE})
    check_done(lab, "edit", "Office", "--remove-ip", "0.0.0.0/0", env={"SSH_CONNECTION": "2001:db8::1 5 6 7"})


@test
def a_feed_that_lists_the_address(lab):
    """apply --data, by hand."""
    lab.apply()
    lab.write("drop.netset", "".join(f"192.0.2.{i}\n" for i in range(10)) + "203.0.113.9\n")
    check_refused(lab, ('policy "Dropped" would deny', "203.0.113.9"), "apply", "--data", env={"SSH_CONNECTION": OUTSIDE})
    lab.apply("--data")


# What is denied already

@test
def who_is_locked_out_mends_one_policy_after_another(lab):
    env = {"SSH_CONNECTION": OUTSIDE}
    lab.write(ROOT_FILE, OFFICE)
    lab.write("conf.d/20-more.conf", 'policies = ( { name = "More"; type = "blacklist"; scope = { all = true; }; ip = [ "203.0.113.0/24" ]; } );\n')
    lab.apply()
    result = check_done(lab, "disable", "Office", env=env)
    expect('warning: policy "More" denies the login that this command is run from, and so does what is in force: '
           f'"{ME}" from 203.0.113.9' in result.err, "the warning", result)
    same(lab.history()[0]["forced"], False, "forced")
    result = check_done(lab, "disable", "More", env=env)
    same(result.err, "", "what is said")
    check_refused(lab, ('policy "More" would deny',), "enable", "More", env=env)


@test
def what_was_denied_for_a_time_is_not_denied_for_good(lab):
    env = {"SSH_CONNECTION": OUTSIDE}
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
    lab.write(ROOT_FILE, OFFICE.replace("ip =", f'not_after = "{soon}"; ip ='))
    lab.apply()
    lab.write(ROOT_FILE, OFFICE)
    check_refused(lab, ('policy "Office" would, from ', " on, deny the login"), "apply", env=env)


@test
def what_begins_later(lab):
    env = {"SSH_CONNECTION": OUTSIDE}
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
    lab.write(ROOT_FILE, OFFICE.replace("ip =", f'not_before = "{soon}"; ip ='))
    check_refused(lab, (f'policy "Office" would, from {soon[:10]} {soon[11:19]} +0000 on, deny the login',), "apply", env=env)
    # an exception that ends takes nothing from whom it was made for
    lab.write(ROOT_FILE, OFFICE)
    lab.apply()
    lab.write(ROOT_FILE, OFFICE + f'exceptions = ( {{ name = "E"; policies = [ "Office" ]; members = [ "{ME}" ]; not_after = "{soon}"; }} );\n')
    check_done(lab, "apply", env=env)
    lab.write(ROOT_FILE, OFFICE)
    check_refused(lab, ('policy "Office" would deny',), "apply", env=env)


# Administrators

@test
def an_administrator_without_any_login(lab):
    lab.write(ROOT_FILE, 'administrators = [ "root" ];\n' + OPEN)
    lab.apply()
    lab.write(ROOT_FILE, 'administrators = [ "root" ];\n' + OPEN.replace("whitelist", "blacklist"))
    result = check_refused(lab, (f"{lab.path(ROOT_FILE)}:2: ", 'the administrator "root" would have no login left that succeeds: policy '
                                 f'"Office" ({lab.path(ROOT_FILE)}:2) denies "root" at the machine itself, service login (system)',
                                 'from 203.0.113.1, service sshd', "addresses that make a difference", 'except = { members = [ "root" ]; }'),
                           "apply")
    expect(result.err.endswith("stays in force; --force goes over it\n"), "the last line", result)
    # one way is enough: the console, or one address
    for entries in ('"0.0.0.0/0", "::/0"', '"0.0.0.0-203.0.113.7", "203.0.113.9-255.255.255.255", "::/0", "local"'):
        lab.write(ROOT_FILE, 'administrators = [ "root" ];\n' +
                  OPEN.replace("whitelist", "blacklist").replace('"0.0.0.0/0", "::/0", "local"', entries))
        check_done(lab, "apply")


@test
def administrators_are_asked_for_by_timers_too(lab):
    lab.write(ROOT_FILE, """administrators = [ "root" ];
networks = ( { name = "vpn"; file = "vpn.netset"; may_be_empty = true; } );
max_shrink = 100;
policies = ( { name = "VPN"; type = "whitelist"; scope = { all = true; }; ip = [ "@vpn" ]; } );
""")
    lab.write("vpn.netset", "198.51.100.7\n")
    lab.apply()
    lab.write("vpn.netset", "")
    same(lab.run("apply", "--data", config=False).status, 1, "the status")
    result = lab.run("apply", "--data", config=False)
    expect('the administrator "root" would have no login left' in result.err, "the refusal", result)
    lab.write("vpn.netset", "198.51.100.8\n")
    lab.run("apply", "--data", config=False, status=0)


@test
def an_administrator_who_has_no_way_in_already(lab):
    lab.write(ROOT_FILE, 'administrators = [ "root" ];\npolicies = ( { name = "A"; type = "blacklist"; scope = { all = true; }; },\n'
              '  { name = "B"; type = "blacklist"; scope = { all = true; }; } );\n')
    same(lab.apply(status=1).status, 1, "the first")
    lab.apply("--force")
    result = check_done(lab, "disable", "A")
    expect('warning: the administrator "root" has no login that succeeds, and has none by what is in force' in result.err, "the warning",
           result)
    same(check_done(lab, "disable", "B").err, "", "what is said")


# Rollback

def apply_two(lab, first, second):
    lab.write(ROOT_FILE, first)
    lab.apply("--force")
    lab.write(ROOT_FILE, second)
    lab.apply("--force")


def check_rollback(lab, named, env=None):
    """Refused, and done with --force, which the history tells of."""
    was = lab.snapshot(but=LOCK)
    words = [word for word in lab.command("rollback", config=False)]
    done = subprocess.run(words, env=environment(env), capture_output=True, text=True, check=False)
    expect(done.returncode == 1 and all(part in done.stderr for part in named) and done.stderr.endswith("; --force goes over it\n"),
           "what is said", done)
    same(lab.snapshot(but=LOCK), was, "the state folder")
    done = subprocess.run(words + ["--force"], env=environment(env), capture_output=True, text=True, check=False)
    expect(done.returncode == 0 and ": overridden: " in done.stderr, "with --force", done)
    record = lab.history()[0]
    same((record["action"], record["forced"]), ("rollback", True), "the record")
    expect(any(all(part in line for part in named) for line in record["forced_over"]), "what it went over", record)


@test
def rollback_to_what_denies_the_login(lab):
    apply_two(lab, OFFICE, OPEN)
    check_rollback(lab, ('policy "Office" would deny the login that this command is run from', "203.0.113.9"),
                   {"SSH_CONNECTION": OUTSIDE})


@test
def rollback_to_what_leaves_an_administrator_no_login(lab):
    apply_two(lab, 'administrators = [ "root" ];\n' + OPEN.replace("whitelist", "blacklist"), OPEN)
    check_rollback(lab, ('the administrator "root" would have no login left',))


@test
def rollback_to_what_breaks_its_assertion(lab):
    apply_two(lab, 'assertions = ( { user = "alice"; ip = "10.0.0.1"; expect = "deny"; } );\n' + OFFICE, OPEN)
    check_rollback(lab, ("the assertion fails: expected deny",))


@test
def rollback_reads_no_feed_nor_directory(lab):
    lab.apply()
    first = lab.in_force()
    lab.write(ROOT_FILE, OPEN)
    lab.apply()
    os.unlink(lab.path("drop.netset"))
    os.unlink(lab.path("members.csv"))
    same(lab.rollback().err, "", "what is said")
    same(lab.in_force(), first, "what is in force")


# Trials

@test
def a_trial_is_guarded_when_it_begins_and_when_it_is_kept(lab):
    env = {"SSH_CONNECTION": OUTSIDE}
    lab.write(ROOT_FILE, OPEN)
    lab.apply()
    lab.write(ROOT_FILE, OFFICE)
    check_refused(lab, ('policy "Office" would deny',), "apply", "--trial", "10m", env=env)
    result = perform(lab, ("apply", "--trial", "10m", "--force"), env)
    same((result.status, ": overridden: " in result.err), (0, True), f"with --force: {result}")
    # it is not kept from the session that it would not let in again
    result = check_refused(lab, ('policy "Office" would deny',), "confirm", env=env)
    expect(result.err.endswith("; --force goes over it\n"), "the last line", result)
    check_done(lab, "confirm", env={"SSH_CONNECTION": INSIDE})
    same((lab.history()[0]["action"], lab.history()[0]["forced"]), ("confirm", False), "the record")


@test
def what_is_only_on_trial_denies_nothing_for_good(lab):
    env = {"SSH_CONNECTION": OUTSIDE}
    lab.write(ROOT_FILE, OPEN)
    lab.apply()
    lab.write(ROOT_FILE, OFFICE)
    same(perform(lab, ("apply", "--trial", "10m", "--force"), env).status, 0, "the trial")
    lab.write(ROOT_FILE, OFFICE.replace("10.0.0.0/8", "10.0.0.0/9"))
    result = perform(lab, ("apply", "--force", "--dry-run"), env)
    expect(': overridden: policy "Office" would deny' in result.err, "what is overridden", result)
    result = perform(lab, ("confirm", "--force"), env)
    same((result.status, ": overridden: " in result.err), (0, True), f"kept with --force: {result}")
    expect(any("203.0.113.9" in line for line in lab.history()[0]["forced_over"]), "what it went over", lab.history()[0])


@test
def a_trial_is_ended_whatever_it_ends_with(lab):
    env = {"SSH_CONNECTION": OUTSIDE}
    lab.write(ROOT_FILE, 'assertions = ( { user = "alice"; ip = "10.0.0.1"; expect = "deny"; } );\n' + OFFICE)
    lab.apply("--force")
    first = lab.in_force()
    lab.write(ROOT_FILE, OPEN)
    check_done(lab, "apply", "--trial", "10m", env=env)
    check_done(lab, "rollback", env=env)
    same(lab.in_force(), first, "what is in force")


# --force

@test
def what_was_forced_is_recorded_and_logged(lab):
    need_root()
    lab.write(ROOT_FILE, OFFICE)
    log = os.path.join(lab.folder, "log")
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(log)
    devices = in_mounts(lab, "mkdir -p dev; mount --rbind /dev dev; mount -t tmpfs tmpfs /dev; for name in null urandom; do "
                        "touch /dev/$name; mount --bind dev/$name /dev/$name; done; ln -s \"$PWD/log\" /dev/log")
    result = perform(lab, ("apply", "--force"), {"SSH_CONNECTION": OUTSIDE}, devices)
    same(result.status, 0, f"the status: {result}")
    expect(": overridden: policy \"Office\" would deny" in result.err, "what is said", result)
    expect(select.select([listener], [], [], 0)[0], "nothing was logged")
    line = listener.recv(4096).decode()
    listener.close()
    expect(line.startswith("<84>") and " accesspolicy[" in line and "with --force, over this: " in line and "203.0.113.9" in line, "the line",
           line)  # LOG_AUTHPRIV | LOG_WARNING
    record = lab.history()[0]
    same(record["forced"], True, "forced")
    expect(any("203.0.113.9" in over for over in record["forced_over"]), "what it went over", record)
    expect("forced over: " in lab.run("history", status=0).out, "the table")


# create proposes

@test
def create_tells_whom_of_the_administrators_the_policy_governs(lab):
    lab.write(ROOT_FILE, 'administrators = [ "root", "postmaster@example.com", "ops@" ];\n' + OPEN)
    lab.apply()
    words = ("create", "--type", "blacklist", "--all", "--client", "web", "--ip", "192.0.2.0/24", "--name")
    result = check_done(lab, *words, "A", "--except-member", "ops@", "--dry-run")
    expect('note: the policy governs the administrators "root", "postmaster@example.com", who can be locked out by it; to except them: '
           '--except-member root --except-member postmaster@example.com\n' in result.out, "the note", result)
    same(lab.run(*words, "A", "--json", "--dry-run").json()["governed"], ["root", "postmaster@example.com", "ops@"], "in JSON")
    result = check_done(lab, *words, "It's one")
    expect(f"to except them: accesspolicy edit 'It'\\''s one' --add-except-member root --add-except-member postmaster@example.com "
           f"--add-except-member ops@ --config {lab.path(ROOT_FILE)} --state {lab.state}\n" in result.out, "of one that is there", result)
    command = shlex.split(result.out.partition("to except them: accesspolicy ")[2].partition("\n")[0])
    expect(command[-2:] == ["--state", lab.state], "the command that is proposed", command)
    lab.run(*command[:-2], config=False, status=0)
    same([member["value"] for member in lab.run("show", "It's one", "--json").json()["scope"]["except"]["members"]],
         ["root", "postmaster@example.com", "ops@"], "by the command that is proposed")
    excepted = ("--except-member", "root", "--except-member", "postmaster@example.com", "--except-member", "ops@")
    result = check_done(lab, *words, "A", *excepted)
    expect("governs" not in result.out, "what is said where all are excepted", result)
    same(lab.run(*words, "B", *excepted, "--json").json()["governed"], [], "in JSON")
    same(lab.apply("--json").json()["governed"], None, "of apply")


main()
