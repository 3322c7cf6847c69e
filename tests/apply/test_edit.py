"""`edit` by options: what a policy says is another, in the file where it stands and in force, and all else stays as it is."""
import os
import stat
import subprocess

from lab import ROOT_FILE, environment, expect, main, need_root, read, same, snapshot, test

DROP_IN = "conf.d/50-kiosk.conf"
KIOSK = """// Asked for by the library.
policies = (
  // until the hall is built
  { name = "Kiosk"; // its name
    type = "blacklist"; /* for now */
    scope = { departments = [ "staff" ]; /* all of it */ members = [ "Bob@example.com" ]; };
    ip = [ "198.51.100.0/24", // the hall
           "203.0.113.9" ]; comment = "HD-1";
  } // end
);
# and nothing else
"""


def prepared(lab):
    lab.write(DROP_IN, KIOSK)
    lab.apply()


def text_of(lab, name=DROP_IN):
    return read(lab.path(name)).decode()


def policies(lab):
    return {policy["name"]: policy for policy in lab.run("list", "--json", status=0).json()["policies"]}


def decision(lab, ip="198.51.100.7", user="member1@example.com"):
    """By what is in force."""
    return lab.run("test", "--user", user, "--ip", ip, "--json", config=False).json()["decision"]


def files(lab):
    return sorted(name for _, _, names in os.walk(lab.policy) for name in names)


# What is given, what of the drop-in's text gives way, and to what. Everything else in it must stay byte for byte.
CHANGES = (
    (("--add-ip", "192.0.2.77"), '"203.0.113.9" ]', '"203.0.113.9", "192.0.2.77" ]'),
    (("--add-ip", "192.0.2.77", "--add-ip", "local"), '"203.0.113.9" ]', '"203.0.113.9", "192.0.2.77", "local" ]'),
    (("--remove-ip", "203.0.113.9"), '"198.51.100.0/24", // the hall\n           "203.0.113.9" ]',
     '"198.51.100.0/24" // the hall\n           ]'),
    (("--remove-ip", "203.0.113.9-203.0.113.9"), '"198.51.100.0/24", // the hall\n           "203.0.113.9" ]',
     '"198.51.100.0/24" // the hall\n           ]'),
    (("--remove-ip", "203.0.113.9", "--add-ip", "203.0.113.10"),
     '// the hall\n           "203.0.113.9" ]', '// the hall\n           "203.0.113.10" ]'),
    (("--remove-ip", "203.0.113.9", "--add-ip", "203.0.113.10", "--add-ip", "203.0.113.11"),
     '// the hall\n           "203.0.113.9" ]', '// the hall\n           "203.0.113.10",\n           "203.0.113.11"\n           ]'),
    (("--ip", "203.0.113.9", "--ip", "203.0.113.10"), '"198.51.100.0/24", // the hall\n           "203.0.113.9" ]',
     '// the hall\n           "203.0.113.9", "203.0.113.10" ]'),
    (("--ip", "192.0.2.1"), '[ "198.51.100.0/24", // the hall\n           "203.0.113.9" ]', '[ "192.0.2.1" ]'),
    (("--clear", "ip"), 'ip = [ "198.51.100.0/24", // the hall\n           "203.0.113.9" ]; comment', "comment"),
    (("--client", "web"), ' comment = "HD-1"', '\n    clients = [ "web" ]; comment = "HD-1"'),
    (("--comment", 'a "b" \\c'), '"HD-1"', '"a \\"b\\" \\\\c"'),
    (("--clear", "comment"), ' comment = "HD-1";', ""),
    (("--comment", ""), ' comment = "HD-1";', ""),
    (("--status", "report-only"), 'type = "blacklist";', 'type = "blacklist";\n    status = "report-only";'),
    (("--type", "whitelist"), '"blacklist"', '"whitelist"'),
    (("--all",), '{ departments = [ "staff" ]; /* all of it */ members = [ "Bob@example.com" ]; }', "{ all = true; }"),
    (("--remove-member", "bob@EXAMPLE.com"), ' members = [ "Bob@example.com" ];', ""),
    (("--add-except-ip", "203.0.113.9"), '[ "Bob@example.com" ]; }',
     '[ "Bob@example.com" ]; except = {\n      ip = [ "203.0.113.9" ];\n    }; }'),
    (("--not-after", "2099-12-01 18:00"), ' comment = "HD-1"',
     '\n    not_after = "2099-12-01T18:00:00+00:00"; comment = "HD-1"'),
)


@test
def what_changes_and_what_stays(lab):
    prepared(lab)
    for words, before, after in CHANGES:
        lab.write(DROP_IN, KIOSK)
        lab.apply()
        expect(KIOSK.count(before) == 1, f"the test itself: {before!r}")
        lab.run("edit", "Kiosk", *words, status=0)
        same(text_of(lab), KIOSK.replace(before, after), f"edit {' '.join(words)}: the text")
        lab.run("status", config=False, status=0)


@test
def it_is_in_force(lab):
    prepared(lab)
    same((decision(lab), decision(lab, "192.0.2.77")), ("deny", "deny"), "before")
    lab.run("edit", "Office", "--add-ip", "192.0.2.77", status=0)
    same(decision(lab, "192.0.2.77"), "allow", "after")
    result = lab.run("edit", "Office", "--add-ip", "198.51.100.0/24", "--json", status=0)
    same((result.json()["outcome"], result.json()["in_force"]), ("done", True), "the JSON")
    same(decision(lab), "deny", "the blacklist still")
    same(lab.history()[0]["summary"], "1 policy changed", "the history")


@test
def a_whitelist_becomes_a_blacklist(lab):
    lab.write(DROP_IN, 'policies = ( { name = "Kiosk"; type = "whitelist"; scope = { all = true; }; ip = [ "10.0.0.0/8" ];'
              ' clients = [ "web" ]; other_clients = "deny"; required = true; } );\n')
    lab.apply("--force")
    lab.run("edit", "Kiosk", "--type", "blacklist", "--add-client", "native", status=0)
    same(text_of(lab), 'policies = ( { name = "Kiosk"; type = "blacklist"; scope = { all = true; }; ip = [ "10.0.0.0/8" ]; '
         'clients = [ "web", "native" ]; } );\n', "the text")


@test
def nothing_changes(lab):
    prepared(lab)
    before = snapshot(lab.policy)
    for words in (("--add-ip", "203.0.113.9"), ("--ip", "203.0.113.9", "--ip", "198.51.100.0/24"), ("--status", "enabled"),
                  ("--rename", "Kiosk"), ("--clear", "message"), ("--type", "blacklist")):
        result = lab.run("edit", "Kiosk", *words, status=0)
        expect("nothing to do: " in result.out, f"{words}: what is said", result)
        if words[0] == "--add-ip":
            expect('--add-ip: "203.0.113.9" is there already' in result.out, "that it is there", result)
    same(lab.run("edit", "Kiosk", "--status", "enabled", "--json", status=0).json()["outcome"], "unchanged", "the JSON")
    same((snapshot(lab.policy), len(lab.history())), (before, 1), "the files, and the history")


# What is given, the status, and what is said of it.
REFUSED = (
    (("Kiosk",), 2, "nothing is to change"),
    ((), 2, "no policy is named"),
    (("kiosk", "--all"), 2, 'there is no policy "kiosk"; did you mean "Kiosk"?'),
    (("Kiosk", "Office", "--all"), 2, "one policy is edited at a time"),
    (("Kiosk", "--remove-ip", "203.0.113.8"), 2,
     '--remove-ip: "203.0.113.8" is not there; there are "198.51.100.0/24", "203.0.113.9"; did you mean "203.0.113.9"?'),
    (("Kiosk", "--remove-client", "web"), 2, '"web" is not there; there is none'),
    (("Kiosk", "--remove-ip", "198.51.100.0/24", "--remove-ip", "203.0.113.9"), 2,
     '"198.51.100.0/24" is the last one, and without any the policy is for every address; if that is meant, --clear ip'),
    (("Kiosk", "--ip", "10.0.0.1", "--add-ip", "10.0.0.2"), 2, "--ip and --add-ip contradict each other"),
    (("Kiosk", "--add-ip", "10.0.0.1", "--remove-ip", "10.0.0.1"), 2, "--add-ip and --remove-ip contradict each other"),
    (("Kiosk", "--clear", "ip", "--ip", "10.0.0.1"), 2, "--clear ip and --ip contradict each other"),
    (("Kiosk", "--clear", "comment", "--comment", "x"), 2, "--comment and --clear comment contradict each other"),
    (("Kiosk", "--all", "--member", "x"), 2, "--all and --member contradict each other"),
    (("Kiosk", "--all", "--add-member", "x"), 2, "--all and --add-member contradict each other"),
    (("Kiosk", "--clear", "messge"), 2, 'did you mean "message"?'),
    (("Kiosk", "--clear", "department", "--clear", "member"), 2, "nobody would be left"),
    (("Kiosk", "--required"), 2, "--required is for whitelists only"),
    (("Kiosk", "--other-clients", "deny"), 2, "--other-clients deny is for whitelists only"),
    (("Dropped", "--add-member", "x"), 2, "the policy applies to all members already"),
    (("Kiosk", "--status", "on"), 2, "expected enabled, disabled or report-only"),
    (("Kiosk", "--not-after", "soon"), 2, '"soon" is no time'),
    (("Kiosk", "--rename", ""), 2, "--rename is empty"),
    (("Kiosk", "--rename", "Office"), 1, 'there is a policy "Office" already, here; '),
    (("Kiosk", "--rename", "a\nb"), 3, "has control characters in it"),
    (("Kiosk", "--rename", "x" * 300), 3, "is longer than 200 bytes"),
    (("Kiosk", "--add-ip", "10.0.0.1/8"), 3, "the network is 10.0.0.0/8"),
    (("Kiosk", "--add-ip", "10.0.0.1/8"), 3, "50-kiosk.conf: not changed; its lines are told as they would be"),
    (("Kiosk", "--add-department", "staf"), 3, 'did you mean "staff"?'),
    (("Kiosk", "--client", "wbe"), 3, 'did you mean "web"?'),
    (("Kiosk", "--replaces", "Office"), 3, '"replaces" is for policies with status = "report-only" only'),
)


@test
def what_is_refused(lab):
    prepared(lab)
    before = snapshot(lab.folder, but=("state/lock", "state"))
    for words, status, said in REFUSED:
        result = lab.run("edit", *words, status=status)
        expect(said in result.err, f"edit {' '.join(words)}: expected {said!r}", result)
    same(snapshot(lab.folder, but=("state/lock", "state")), before, "everything")


@test
def the_last_of_its_kind_is_not_removed(lab):
    """Without any, the policy would be for every address or client type, which nobody means who opens one again."""
    prepared(lab)
    lab.run("edit", "Kiosk", "--ip", "203.0.113.9", "--client", "web", "--client", "native", status=0)
    before = snapshot(lab.folder, but=("state/lock", "state"))
    for words, meaning in ((("--remove-ip", "203.0.113.9"), "address"),
                           (("--remove-client", "web", "--remove-client", "native"), "client type")):
        result = lab.run("edit", "Kiosk", *words, status=2)
        expect(f"is the last one, and without any the policy is for every {meaning}; if that is meant, --clear "
               f"{words[0].removeprefix('--remove-')} says so" in result.err, words, result)
    same(snapshot(lab.folder, but=("state/lock", "state")), before, "everything")
    lab.run("edit", "Kiosk", "--remove-ip", "203.0.113.9", "--add-ip", "203.0.113.10", "--remove-client", "web", status=0)
    same((policies(lab)["Kiosk"]["ip"], policies(lab)["Kiosk"]["clients"]), (["203.0.113.10"], ["native"]), "what is left")
    lab.run("edit", "Kiosk", "--clear", "ip", status=0)
    same(policies(lab)["Kiosk"]["ip"], None, "what was meant")


@test
def from_all_to_some_and_back(lab):
    prepared(lab)
    lab.run("edit", "Dropped", "--department", "staff", status=0)
    same(policies(lab)["Dropped"]["scope"]["departments"], ["staff"], "a department")
    lab.run("edit", "Dropped", "--unlisted", "--clear", "department", status=0)
    same((policies(lab)["Dropped"]["scope"]["unlisted"], policies(lab)["Dropped"]["scope"]["departments"]), (True, []),
         "members of no department")
    lab.run("edit", "Dropped", "--all", status=0)
    same(policies(lab)["Dropped"]["scope"]["all"], True, "all")


@test
def a_dry_run(lab):
    prepared(lab)
    before = snapshot(lab.folder)
    result = lab.run("edit", "Kiosk", "--add-ip", "192.0.2.77", "--dry-run", status=0)
    expect(f"{lab.path(DROP_IN)}: would be changed" in result.out, "the file", result)
    expect('  // until the hall is built\n  { name = "Kiosk"; // its name\n' in result.out
           and '"203.0.113.9", "192.0.2.77" ]; comment = "HD-1";\n  }\n' in result.out, "the text", result)
    result = lab.run("edit", "Kiosk", "--rename", "Hall", "--dry-run", status=0)
    expect(f"{lab.path('conf.d/50-hall.conf')}: would be written" in result.out and '{ name = "Hall"; //' in result.out,
           "the new name", result)
    same(snapshot(lab.folder), before, "everything")


REFERENCES = """# what refers to it
exceptions = ( { name = "X"; policies = [ "Kiosk" /* the hall's */, "Office" ]; members = [ "alice" ]; },
               { name = "Y"; policies = [ "Office" ]; members = [ "alice" ]; } );
policies = ( { name = "Trial"; type = "blacklist"; status = "report-only"; replaces = "Kiosk"; // of it
               scope = { all = true; }; } );
"""


@test
def renamed_with_all_that_refers_to_it(lab):
    lab.write("conf.d/10-references.conf", REFERENCES)
    prepared(lab)
    result = lab.run("edit", "Kiosk", "--rename", "The \"Hall\"/1", "--add-ip", "192.0.2.77", status=0)
    quoted = '"The \\"Hall\\"/1"'
    same(text_of(lab, "conf.d/10-references.conf"),
         REFERENCES.replace('"Kiosk" /* the hall\'s */', f"{quoted} /* the hall's */")
         .replace('replaces = "Kiosk"', f"replaces = {quoted}"), "what refers to it")
    same(text_of(lab, "conf.d/50-the-hall-1.conf"), KIOSK.replace('"Kiosk"', quoted)
         .replace('"203.0.113.9" ]', '"203.0.113.9", "192.0.2.77" ]'), "the policy, under its new name")
    same(files(lab), ["10-references.conf", "50-the-hall-1.conf", ROOT_FILE, "drop.netset", "members.csv"], "the files")
    for said in ("50-the-hall-1.conf: written", "50-kiosk.conf: removed", "10-references.conf: changed"):
        expect(said in result.out, said, result)
    lab.run("status", config=False, status=0)
    same(decision(lab, "192.0.2.77"), "deny", "what is in force")


@test
def renamed_into_what_the_file_is_called(lab):
    """Names with quotes, slashes and of other scripts; the drop-in follows, unless its name fits the new one too."""
    prepared(lab)
    name = "Kiosk"
    for new, file in (("KIOSK", "50-kiosk.conf"), ("a/b", "50-a-b.conf"), ("A b", "50-a-b.conf"), ("../../x", "50-x.conf"),
                      ('"q" \\ \'s', "50-q-s.conf"), ("封锁", "50-封锁.conf"), ("-", "50-policy.conf"),
                      ("x" * 200, "50-" + "x" * 197 + ".conf"), ("-n", "50-n.conf"), ("Kiosk", "50-kiosk.conf")):
        lab.run("edit", f"--rename={new}", "--", name, status=0)
        same((files(lab), policies(lab)[new]["file"]), (sorted([file, ROOT_FILE, "drop.netset", "members.csv"]),
                                                        lab.path("conf.d/" + file)), f"renamed to {new!r}")
        name = new
    same(text_of(lab), KIOSK, "the text, as it was")


@test
def a_file_of_another_name_stays(lab):
    """So does one that holds more, and the root file."""
    lab.write("conf.d/20-site.conf", KIOSK)
    lab.write("conf.d/50-first.conf", 'policies = ( { name = "First"; type = "blacklist"; scope = { all = true; }; ip = [ '
              '"192.0.2.1" ]; }, { name = "Second"; type = "blacklist"; scope = { all = true; }; ip = [ "192.0.2.2" ]; } );\n')
    lab.write("conf.d/50-types.conf", 'policies = ( { name = "Types"; type = "blacklist"; scope = { all = true; }; clients = [ '
              '"x" ]; } ); client_types = ( { name = "x"; tty = [ "tty9" ]; local = true; } );\n')
    lab.apply()
    before = files(lab)
    for name in ("Kiosk", "First", "Office", "Types"):
        lab.run("edit", name, "--rename", f"New {name}", status=0)
    same(files(lab), before, "the files")


@test
def a_taken_name_gets_a_number(lab):
    lab.write("conf.d/50-hall.conf", "// nothing of the hall's\nmax_shrink = 20;\n")
    prepared(lab)
    lab.run("edit", "Kiosk", "--rename", "Hall", status=0)
    expect("50-hall-2.conf" in files(lab) and "50-kiosk.conf" not in files(lab), "the files", files(lab))
    lab.run("edit", "Hall", "--rename", "Lobby", status=0)
    expect("50-lobby.conf" in files(lab) and "50-hall-2.conf" not in files(lab), "the files", files(lab))


@test
def owner_mode_and_link_stay(lab):
    need_root()
    prepared(lab)
    os.chown(lab.path(DROP_IN), 0, 12345)
    os.chmod(lab.path(DROP_IN), 0o640)
    lab.run("edit", "Kiosk", "--rename", "Hall", status=0)
    info = os.stat(lab.path("conf.d/50-hall.conf"))
    same((info.st_gid, stat.S_IMODE(info.st_mode)), (12345, 0o640), "group and mode, under the new name")
    elsewhere = os.path.join(lab.folder, "managed.conf")
    os.rename(lab.path("conf.d/50-hall.conf"), elsewhere)
    os.symlink(elsewhere, lab.path("conf.d/50-hall.conf"))
    lab.run("edit", "Hall", "--rename", "Lobby", status=0)
    same((os.path.islink(lab.path("conf.d/50-hall.conf")), "Lobby" in read(elsewhere).decode()), (True, True), "the link")


@test
def refused_renames_change_nothing(lab):
    """Neither the old file goes nor the new one comes, whatever refuses it."""
    lab.write("conf.d/90-assertions.conf",
              'assertions = ( { user = "bob@example.com"; ip = "198.51.100.7"; client = "web"; expect = "deny"; } );\n')
    lab.write("conf.d/10-references.conf", REFERENCES)
    prepared(lab)
    before = snapshot(lab.policy)
    result = lab.run("edit", "Kiosk", "--rename", "Hall", "--ip", "192.0.2.1", status=1)
    expect("the assertion fails" in result.err, "what is said", result)
    same(snapshot(lab.policy), before, "the files")
    os.makedirs(lab.state_path("policy.v1.image.new", "x"))
    lab.run("edit", "Kiosk", "--rename", "Hall", status=1)
    after = snapshot(lab.policy)
    same({name: seen[-1] for name, seen in after.items()}, {name: seen[-1] for name, seen in before.items()},
         "the files' texts")


@test
def edits_of_others(lab):
    prepared(lab)
    lab.rename_office("Bureau")
    before = snapshot(lab.folder, but=("state/lock", "state"))
    result = lab.run("edit", "Kiosk", "--status", "disabled", status=1)
    expect(f"{lab.path(ROOT_FILE)}: refused: is changed and not in force yet" in result.err, "what is said", result)
    same(snapshot(lab.folder, but=("state/lock", "state")), before, "everything")
    lab.run("edit", "Kiosk", "--status", "disabled", "--with-pending", status=0)
    same((policies(lab)["Kiosk"]["status"], "Bureau" in policies(lab)), ("disabled", True), "both")
    lab.run("status", config=False, status=0)


def at_once(lab, commands):
    running = [subprocess.Popen(lab.command(*words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, env=environment(), cwd=lab.folder) for words in commands]
    return [(process.communicate()[1].decode(), process.returncode) for process in running]


@test
def many_at_once(lab):
    """Different policies of one file, and the same policy: each edit is there in the end, or was refused."""
    n = 8
    lab.write(ROOT_FILE, "policies = (\n" + ",\n".join(
        f'  {{ name = "P{i}"; type = "blacklist"; scope = {{ members = [ "m{i}" ]; }}; ip = [ "192.0.2.{i}" ]; }}'
        for i in range(n)) + "\n);\n")
    lab.apply()
    ended = at_once(lab, [("edit", f"P{i}", "--add-ip", f"198.51.100.{i}") for i in range(n)])
    ended += at_once(lab, [("edit", "P0", "--add-ip", f"203.0.113.{i}") for i in range(n)])
    found = policies(lab)
    wanted = [(f"P{i}", f"198.51.100.{i}") for i in range(n)] + [("P0", f"203.0.113.{i}") for i in range(n)]
    for (err, status), (name, ip) in zip(ended, wanted):
        same(ip in found[name]["ip"], status == 0, f"{ip} in {name}: {err}")
        expect(status == 0 or "changed meanwhile" in err, "why one was refused", status, err)
    expect(any(status == 0 for _, status in ended[:n]) and any(status == 0 for _, status in ended[n:]),
           "none came through", ended)
    lab.run("status", config=False, status=0)
    same([name for name in files(lab) if name.endswith((".new", ".old"))], [], "what is left beside the files")


@test
def renamed_at_once(lab):
    """Of many new names one is taken, and it has one file."""
    prepared(lab)
    ended = at_once(lab, [("edit", "Kiosk", "--rename", f"Hall {i}") for i in range(8)])
    names = set(policies(lab)) - {"Office", "Dropped"}
    same(len(names), 1, f"one policy: {names}")
    expect(any(status == 0 for _, status in ended), "none came through", ended)
    for err, status in ended:
        # the file that it is about to read may be gone between two looks at the folder
        expect(status == 0 or any(why in err for why in ("meanwhile", 'there is no policy "Kiosk"', "does not exist")),
               "why one was refused", status, err)
    same(len([name for name in files(lab) if name.startswith("50-")]), 1, "one file")
    lab.run("status", config=False, status=0)


@test
def a_large_list(lab):
    """Twenty thousand entries, of which one comes and one goes."""
    entries = [f"10.{i // 65536}.{i // 256 % 256}.{i % 256}" for i in range(20000)]
    before = 'policies = ( { name = "Large"; type = "blacklist"; scope = { all = true; }; ip = [\n' + \
        ",\n".join(f'  "{entry}" /* {i} */' for i, entry in enumerate(entries)) + "\n]; } );\n"
    lab.write("conf.d/50-large.conf", before)
    lab.apply()
    lab.run("edit", "Large", "--remove-ip", "10.0.39.16", "--add-ip", "192.0.2.1", status=0)
    same(text_of(lab, "conf.d/50-large.conf"), before.replace('  "10.0.39.16" /* 10000 */,\n', "")
         .replace(' /* 19999 */\n]', ', /* 19999 */\n  "192.0.2.1"\n]'),
         "the text")
    same(len(policies(lab)["Large"]["ip"]), 20000, "entries")


main()
