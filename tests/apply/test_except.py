"""`except add`, `list` and `delete`: narrow exceptions for a time, in drop-ins of their own and in force."""
import datetime
import os
import subprocess

from lab import ROOT_FILE, environment, expect, main, read, same, snapshot, test

ADD = ("except", "add", "--policy", "Dropped", "--member", "alice@example.com")
UTC = datetime.timezone.utc


def drop_in(lab, name):
    return read(lab.path(os.path.join("conf.d", name))).decode()


def exceptions(lab):
    return {exception["name"]: exception for exception in
            lab.run("except", "list", "--json", status=0).json()["exceptions"]}


def decision(lab, ip="192.0.2.3", user="alice@example.com", **more):
    """By what is in force."""
    words = [word for key, value in more.items() for word in (f"--{key}", value)]
    return lab.run("test", "--user", user, "--ip", ip, "--json", *words, config=False).json()["decision"]


def drop_ins(lab):
    folder = lab.path("conf.d")
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


@test
def freed_and_denied_again(lab):
    lab.apply()
    same((decision(lab), decision(lab, user="bob")), ("deny", "deny"), "before")
    result = lab.run(*ADD, "--until", "2h", "--comment", "HD-4711: travels", status=0)
    for said in (f"{lab.path('conf.d/50-hd-4711.conf')}: written", 'exception "HD-4711" ends ', ", in 2 hours"):
        expect(said in result.out, said, result)
    same((decision(lab), decision(lab, user="bob"), decision(lab, ip="192.0.2.4")), ("allow", "deny", "allow"), "with it")
    later = (datetime.datetime.now(UTC) + datetime.timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M:%SZ")
    same(decision(lab, at=later), "deny", "when it is over")
    same([decision(lab, at=time) for time in ("3h", "in 1 hour", "now", "1 hour ago")], ["deny", "allow", "allow", "allow"],
         "at times as people write them")
    lab.run("status", config=False, status=0)
    result = lab.run("except", "delete", "HD-4711", status=0)
    expect(f"{lab.path('conf.d/50-hd-4711.conf')}: removed" in result.out, "what is printed", result)
    same((decision(lab), drop_ins(lab), exceptions(lab)), ("deny", [], {}), "deleted")
    lab.run("status", config=False, status=0)


@test
def every_option(lab):
    lab.write("conf.d/10-names.conf", 'networks = ( { name = "vpn"; ip = [ "203.0.113.0/24" ]; } );\n')
    lab.apply()
    lab.run("except", "add", "--policy", "Dropped", "--policy", "Office", "--member", "alice@", "--department", "staff",
            "--domain", "example.org", "--group", "wheel", "--ip", "@vpn", "--ip", "192.0.2.0/28", "--client", "web",
            "--not-before", "20 Dec 2098 18:00", "--until", "2099-12-20 18:00", "--name", 'The "name"/1', "--comment",
            "asked by \\Bob", env={"TZ": "CET-1"}, status=0)
    same(drop_in(lab, "50-the-name-1.conf"), """exceptions = (
  {
    name = "The \\"name\\"/1";
    policies = [ "Dropped", "Office" ];
    departments = [ "staff" ];
    members = [ "alice@" ];
    domains = [ "example.org" ];
    groups = [ "wheel" ];
    ip = [ "@vpn", "192.0.2.0/28" ];
    clients = [ "web" ];
    not_before = "2098-12-20T18:00:00+01:00";
    not_after = "2099-12-20T18:00:00+01:00";
    comment = "asked by \\\\Bob";
  }
);
""", "the drop-in")
    found = exceptions(lab)['The "name"/1']
    same((found["policies"], found["ip"], found["regions"], found["time"], found["not_after"]),
         (["Dropped", "Office"], ["@vpn", "192.0.2.0/28"], None, "not-yet", "2099-12-20T17:00:00Z"), "the list")


@test
def until_as_people_write_it(lab):
    """What was taken is told, and is that time of the next such day."""
    lab.apply()
    for text in ("20 Dec 18:00", "Dec 20 18:00", "18:00", "tomorrow 18:00", "friday 18:00"):
        result = lab.run(*ADD, "--until", text, "--dry-run", env={"TZ": "EST5"}, status=0)
        written = datetime.datetime.fromisoformat(result.out.split('not_after = "')[1].split('"')[0])
        same((written.hour, written.minute, written.utcoffset()), (18, 0, datetime.timedelta(hours=-5)), text)
        left = written - datetime.datetime.now(UTC)
        expect(datetime.timedelta(0) < left < datetime.timedelta(days=366), f"{text}: it is to come", result)
        expect(f" ends {written.strftime('%Y-%m-%d %H:%M:%S')} -0500, in " in result.out, f"{text}: it is told", result)
    result = lab.run(*ADD, "--for-good", "--dry-run", status=0)
    expect("has no end" in result.out and "not_after" not in result.out, "for good", result)


# What is given, the status, and what is said of it.
REFUSED = (
    (("--policy", "Dropped", "--until", "2h"), 2, "whom it frees is missing"),
    (("--member", "alice@", "--until", "2h"), 2, "--policy is missing"),
    (("--policy", "Dropped", "--member", "alice@"), 2, "--for-good makes one without an end"),
    (ADD[2:] + ("--until", "2h", "--for-good"), 2, "contradict each other"),
    (ADD[2:] + ("--until", "soon"), 2, '--until: "soon" is no time'),
    (ADD[2:] + ("--until", "2020-12-20 18:00"), 2, '"2020-12-20 18:00" is 2020-12-20 18:00:00 +0000, which is past; it is '),
    (ADD[2:] + ("--until", "2h", "--not-before", "3h"), 2, "is not after --not-before"),
    (("--policy", "dropped", "--member", "alice@", "--until", "2h"), 2,
     'there is no policy "dropped"; did you mean "Dropped"?'),
    (ADD[2:] + ("--until", "2h", "--name", "Old"), 1, 'there is an exception "Old" already'),
    (ADD[2:] + ("--until", "2h", "--name", "a\nb"), 3, "has control characters in it"),
    (ADD[2:] + ("--until", "2h", "--name", "x" * 300), 3, "is longer than 200 bytes"),
    (ADD[2:] + ("--until", "2h", "--ip", "10.0.0.1/8"), 3, "the network is 10.0.0.0/8"),
    (ADD[2:] + ("--until", "2h", "--client", "wbe"), 3, 'did you mean "web"?'),
    (ADD[2:] + ("--until", "2h", "--department", "staf"), 3, 'did you mean "staff"?'),
    (ADD[2:] + ("--until", "2h", "more"), 2, 'unexpected "more"'),
)

OLD = """// Of last year.
exceptions = (
  { name = "Old"; policies = [ "Dropped" ]; members = [ "bob" ]; not_after = "2020-01-01T00:00:00Z"; }, // over
  { name = "Kept"; policies = [ "Dropped" ]; members = [ "carol" ]; }, # for good
  { name = "Older"; policies = [ "Office" ]; members = [ "member1@example.com" ]; not_after = "2019-01-01T00:00:00Z"; }
);
"""


@test
def what_is_refused(lab):
    lab.write("conf.d/20-site.conf", OLD)
    lab.apply()
    before = snapshot(lab.folder, but=("state/lock", "state"))
    for words, status, said in REFUSED:
        result = lab.run("except", "add", *words, status=status)
        expect(said in result.err, f"except add {' '.join(words)}: expected {said!r}", result)
    result = lab.run(*ADD, "--until", "2h", "--name", "N", "--ip", "10.0.0.1/8", status=3)
    expect(result.err.endswith(f"\n{lab.path('conf.d/50-n.conf')}: not written; its lines are told as they would be\n"), "that the file is not there", result)
    for words, said in (((), "no command is given"), (("remove",), 'unknown command "remove"'),
                        (("delete",), "no exception is named"), (("delete", "--ended", "Old"), "leave one of them out"),
                        (("delete", "old"), 'there is no exception "old"; did you mean "Old"?'),
                        (("list", "more"), 'unexpected "more"')):
        result = lab.run("except", *words, status=2)
        expect(said in result.err, f"except {' '.join(words)}: expected {said!r}", result)
    same(snapshot(lab.folder, but=("state/lock", "state")), before, "everything")


@test
def names_of_their_own(lab):
    lab.apply()
    day = datetime.datetime.now(UTC) + datetime.timedelta(days=9)
    date = day.strftime("%Y-%m-%d")
    for comment, name in (("HD-4711", "HD-4711"), ("HD-4711 again", f"alice {date}"), ("travels", f"alice {date} (2)"),
                          ("#12: x", "#12"), ("INC0012345, y", "INC0012345"), ("2. of many", "2"), ("封锁 1", f"alice {date} (3)"),
                          ('"4"', f"alice {date} (4)"), ("a\x07b 1", None)):
        result = lab.run(*ADD, "--until", f"{date} 23:00", "--comment", comment)
        if name is None:
            expect(result.status == 3 and "control characters" in result.err, "a comment with control characters", result)
            continue
        same(result.status, 0, f"{comment}: {result}")
        expect(f'exception "{name}" ends' in result.out, f"the name for {comment!r}", result)
    same(len(exceptions(lab)), 8, "exceptions")
    for name in ("a/b", "../../x", "封锁", "-", "x" * 200, '"q" \\'):
        lab.run(*ADD, "--until", "2h", f"--name={name}", status=0)
        expect(name in exceptions(lab), name)
        lab.run("except", "delete", "--", name, status=0)
    same(sorted(os.listdir(lab.policy)), ["accesspolicy.conf", "conf.d", "drop.netset", "members.csv"], "the folder")


@test
def deleted_where_they_stand(lab):
    lab.write("conf.d/20-site.conf", OLD)
    lab.apply()
    result = lab.run("except", "delete", "--ended", "--dry-run", status=0)
    expect("20-site.conf: would be changed" in result.out, "what is printed", result)
    same(drop_in(lab, "20-site.conf"), OLD, "the dry run")
    lab.run("except", "delete", "--ended", status=0)
    same(drop_in(lab, "20-site.conf"), """// Of last year.
exceptions = (
  // over
  { name = "Kept"; policies = [ "Dropped" ]; members = [ "carol" ]; } # for good
);
""", "the text")
    result = lab.run("except", "delete", "--ended", status=0)
    expect("nothing to do" in result.out, "once more", result)
    same(list(exceptions(lab)), ["Kept"], "what is left")
    lab.write("conf.d/20-site.conf", OLD)
    lab.apply()
    lab.run("except", "delete", "Kept", "Older", "Kept", "Old", status=0)
    same((drop_ins(lab), exceptions(lab)), ([], {}), "all of them")
    lab.run("status", config=False, status=0)


@test
def one_that_frees_nobody(lab):
    """It is done, as somebody may know better, and said."""
    lab.write("conf.d/30-more.conf", """policies = (
  { name = "Web"; type = "blacklist"; scope = { members = [ "bob" ]; }; clients = [ "web" ]; ip = [ "198.51.100.0/24" ]; },
  { name = "Off"; type = "blacklist"; scope = { all = true; }; status = "disabled"; }
);
""")
    lab.apply()
    for words, said in ((("--policy", "Web", "--member", "alice"), "it applies to none of the members of the exception"),
                        (("--policy", "Web", "--member", "bob", "--client", "native"),
                         "it is about none of the client types of the exception"),
                        (("--policy", "Web", "--member", "bob", "--ip", "198.51.101.0/24"),
                         "it denies none of the addresses of the exception"),
                        (("--policy", "Web", "--member", "bob", "--ip", "2001:db8::/32", "--ip", "local"),
                         "it denies none of the addresses of the exception"),
                        (("--policy", "Off", "--member", "bob"), 'policy "Off" is disabled; it denies nobody')):
        result = lab.run("except", "add", "--until", "2h", *words, "--dry-run", status=0)
        expect("warning: " in result.err and said in result.err, f"{words}: expected {said!r}", result)
    for words in (("--member", "bob"), ("--member", "alice", "--member", "BOB"), ("--member", "alice@"),
                  ("--member", "bob", "--ip", "198.51.100.77"), ("--member", "bob", "--client", "web"),
                  ("--department", "staff")):
        result = lab.run("except", "add", "--until", "2h", "--policy", "Web", *words, "--dry-run", status=0)
        same(result.err, "", f"{words}: nothing is said")
    lab.run("except", "add", "--until", "2h", "--policy", "Web", "--member", "alice", "--name", "N", status=0)
    result = lab.run("check", status=0)
    expect('finding: exception "N" frees nobody from policy "Web": it applies to none' in result.out, "check", result)


@test
def edits_of_others(lab):
    lab.apply()
    lab.rename_office("Bureau")
    result = lab.run(*ADD, "--until", "2h", status=1)
    expect(f"{lab.path(ROOT_FILE)}: refused: is changed and not in force yet" in result.err, "what is said", result)
    same(drop_ins(lab), [], "no file is written")
    lab.run(*ADD, "--until", "2h", "--with-pending", "--name", "N", status=0)
    lab.change("Bureau", "Office")
    lab.run("except", "delete", "N", status=1)
    lab.run("except", "delete", "N", "--with-pending", status=0)
    lab.run("status", config=False, status=0)


@test
def the_list(lab):
    lab.write("conf.d/20-site.conf", OLD)
    lab.apply()
    lab.run(*ADD, "--until", "3 days", "--name", "New", "--ip", "192.0.2.0/28", "--client", "web", status=0)
    result = lab.run("except", "list", status=0)
    rows = {line.split("  ")[0]: line for line in result.out.splitlines()}
    for name, parts in (("Old", ("bob", "Dropped", "nothing", "ended ", "conf.d/20-site.conf:3")),
                        ("Kept", ("carol", "without an end")),
                        ("New", ("alice@example.com", "192.0.2.0/28, web", ", in ", "conf.d/50-new.conf:2"))):
        for part in parts:
            expect(part in rows[name], f"{name}: {part}", result)
    same([found["time"] for found in exceptions(lab).values()], ["over", "now", "over", "now"], "the JSON")
    lab.run("except", "delete", "--ended", "--json", status=0)
    lab.run("except", "delete", "New", "Kept", status=0)
    expect("There are no exceptions." in lab.run("except", "list", status=0).out, "none")


@test
def many_at_once(lab):
    """Of many who add and delete, each is done or was refused; no file and no exception is lost."""
    lab.write("conf.d/20-site.conf", OLD)
    lab.apply()
    commands = [ADD + ("--until", "2h", "--comment", "HD-1") for _ in range(4)]
    commands += [ADD + ("--until", "2h", "--name", f"N{i}") for i in range(4)] + [("except", "delete", "--ended")]
    running = [subprocess.Popen(lab.command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=environment(), cwd=lab.folder) for words in commands]
    ended = [(process.communicate()[1].decode(), process.returncode) for process in running]
    n_added = sum(status == 0 for _, status in ended[:-1])
    expect(n_added > 0, "none came through", ended)
    same(len(exceptions(lab)), n_added + (1 if ended[-1][1] == 0 else 3), f"exceptions: {ended}")
    lab.run("status", config=False, status=0)
    same([name for name in drop_ins(lab) if name.startswith(".")], [], "what is left beside the files")


main()
