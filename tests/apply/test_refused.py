"""What `apply` refuses: then what was in force stays, byte for byte. --force goes over it, and the history says so."""
import json
import os
import shutil

from lab import IMAGE, POLICY, ROOT_FILE, Skip, check_whole, expect, main, read, same, test

# What a refusal may touch: the lock's contents, and so the times of nothing but it.
LOCK = ("lock",)


def check_refused(lab, named, *words):
    """Refused in text and JSON alike, with a line that has `named`; nothing is changed."""
    before = lab.snapshot(but=LOCK)
    result = lab.apply(*words, status=1)
    revision = lab.in_force()
    lines = result.err.splitlines()
    same(lines[-1], f"refused: revision {revision[:12]} stays in force; --force goes over it", "the last line")
    expect(any(named in line and ": refused: " in line for line in lines[:-1]), f"no line with {named!r}", result)
    found = lab.apply("--json", *words, status=1).json()
    same((found["outcome"], found["in_force"]), ("refused", False), "the outcome")
    expect(any(named in item["message"] for item in found["refusals"]), f"no refusal with {named!r}", found)
    same(lab.snapshot(but=LOCK), before, "the state folder")


def check_forced(lab, named, *words):
    """--force goes over it, says what it went over, and the history tells that it did."""
    n = len(lab.history())
    result = lab.apply("--force", *words)
    expect(any(named in line and ": overridden: " in line for line in result.err.splitlines()),
           f"no line with {named!r}", result)
    same(len(lab.history()), n + 1, "the history's length")
    same(lab.history()[0]["forced"], True, "forced, in the history")
    expect(any(named in line for line in lab.history()[0]["forced_over"]), "what it went over, in the history", lab.history()[0])
    line = lab.run("history", status=0).out.splitlines()[1]
    expect(", forced" in line and "; forced over: " in line and named in line, "the table does not say it", line)
    expect(", forced)" in lab.run("status").out, "status does not say forced")
    same(lab.apply("--json").json()["outcome"] if not words else "unchanged", "unchanged", "applied once more")


@test
def broken_files_leave_what_was_in_force(lab):
    lab.apply()
    first = lab.in_force()
    before = lab.snapshot(but=LOCK)
    for text in ("", "policies = (", "policies = ( { name = 1; } );", "message = \"x\";\n",
                 'policies = ( { name = "A"; type = "blacklist"; } );\n'):
        lab.write(ROOT_FILE, text)
        for words in ((), ("--force",)):
            result = lab.apply(*words, status=3)
            expect(result.err.endswith(f"; revision {first[:12]} stays in force\n"), "what is printed", result)
            expect(f"{lab.path(ROOT_FILE)}" in result.err and ": error: " in result.err, "the place", result)
            same(lab.snapshot(but=LOCK), before, f"the state folder after {text!r}")
    same(lab.apply("--json", status=3).json()["outcome"], "not-valid", "the outcome")


@test
def broken_drop_in_leaves_what_was_in_force(lab):
    lab.apply()
    before = lab.snapshot(but=LOCK)
    lab.write("conf.d/10-wrong.conf", "\n\npolicys = ();\n")
    result = lab.apply(status=3)
    expect("10-wrong.conf:3: error: " in result.err, "the place", result)
    same(lab.snapshot(but=LOCK), before, "the state folder")


@test
def missing_or_broken_feed_leaves_what_was_in_force(lab):
    lab.apply()
    before = lab.snapshot(but=LOCK)
    lab.write("drop.netset", "192.0.2.1\nnonsense\n")
    lab.apply("--force", status=3)
    lab.run("apply", "--data", config=False, status=3)
    same(lab.snapshot(but=LOCK), before, "the state folder")


@test
def failed_assertion_is_refused(lab):
    lab.apply()
    lab.change("policies = (", 'assertions = ( { user = "member1@example.com"; ip = "198.51.100.1"; '
               'client = "web"; expect = "allow"; } );\npolicies = (')
    check_refused(lab, "member1@example.com")
    check_forced(lab, "member1@example.com")
    lab.change('expect = "allow"', 'expect = "deny"')
    lab.apply()
    same(lab.history()[0]["forced"], False, "forced, once it holds")


@test
def failed_assertion_is_refused_at_the_first_apply(lab):
    lab.change("policies = (", 'assertions = ( { user = "x@example.com"; ip = "10.0.0.1"; client = "web"; '
               'expect = "deny"; } );\npolicies = (')
    result = lab.apply(status=1)
    expect(result.err.endswith("refused: nothing is in force; --force goes over it\n"), "what is printed", result)
    same((lab.in_force(), lab.history()), (None, []), "what is in force")
    lab.apply("--force")
    same(lab.history()[0]["forced"], True, "forced, in the history")


@test
def force_without_anything_to_go_over_is_not_forced(lab):
    lab.apply("--force")
    same((lab.history()[0]["forced"], lab.history()[0]["forced_over"]), (False, []), "forced, in the history")


@test
def record_that_does_not_tell_what_was_forced_over_is_legible(lab):
    """As an earlier release wrote it."""
    lab.change("policies = (", 'assertions = ( { user = "x@example.com"; ip = "10.0.0.1"; client = "web"; '
               'expect = "deny"; } );\npolicies = (')
    lab.apply("--force")
    log = lab.state_path("history", "log")
    record = json.loads(read(log))
    del record["forced_over"]
    with open(log, "w", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")
    same((lab.history()[0]["forced"], lab.history()[0]["forced_over"]), (True, []), "the record")


@test
def what_was_forced_over_is_told_up_to_a_number(lab):
    lab.change("policies = (", "assertions = (" + ",".join(
        f'{{ user = "x{i}@example.com"; ip = "10.0.0.1"; client = "web"; expect = "deny"; }}' for i in range(30)) +
               ");\npolicies = (")
    lab.apply("--force")
    over = lab.history()[0]["forced_over"]
    same((len(over), over[-1]), (21, "and 10 more"), "what it went over")


def keep(lab, what, n):
    """The first n lines of what is there, or as many again."""
    name = "drop.netset" if what == "feed" else "members.csv"
    with open(lab.path(name), encoding="utf-8") as file:
        lines = file.read().splitlines(True)
    while len(lines) < n:
        lines.append(f"203.0.{len(lines) // 250}.{len(lines) % 250}\n" if what == "feed" else f"more{len(lines)}@example.com,staff\n")
    lab.write(name, "".join(lines[:n]))


@test
def feed_or_directory_may_shrink_by_max_shrink_and_no_more(lab):
    # what stands in force, the setting, how many may be left
    rows = ((10, None, 9), (100, None, 90), (99, None, 90), (10, 50, 5), (7, 50, 4), (10, 0, 10), (3, 100, 1),
            (1000, 1, 990))
    for what, unit in (("feed", "entries"), ("directory", "members")):
        for before, setting, left in rows:
            if unit == "entries":
                lab.write("drop.netset", "".join(f"198.51.{i // 250}.{i % 250}\n" for i in range(before)))
            else:
                lab.members(before)
            lab.write(ROOT_FILE, ("" if setting is None else f"max_shrink = {setting};\n") + POLICY)
            lab.apply("--force")
            if left > 1:
                keep(lab, what, left - 1)
                check_refused(lab, f"has lost {before - left + 1} of {before} {unit}, which is more than max_shrink, "
                              f"{10 if setting is None else setting} percent")
            keep(lab, what, left)
            lab.apply()
            same(lab.history()[0]["forced"], False, f"{what}, row {before} {setting} {left}")


@test
def shrunken_feed_is_refused_and_forced(lab):
    lab.apply()
    lab.entries(8)
    check_refused(lab, "has lost 2 of 10 entries, which is more than max_shrink, 10 percent")
    check_refused(lab, "has lost 2 of 10 entries", "--dry-run")
    check_forced(lab, "has lost 2 of 10 entries")


@test
def shrunken_directory_is_refused_and_forced(lab):
    lab.apply()
    lab.members(8)
    check_refused(lab, "has lost 2 of 10 members")
    check_forced(lab, "has lost 2 of 10 members")


@test
def emptied_feed_or_directory_is_refused_however_much_may_be_lost(lab):
    lab.change('file = "drop.netset";', 'file = "drop.netset"; may_be_empty = true;')
    lab.change("networks = ", "max_shrink = 100;\nnetworks = ")
    lab.apply()
    lab.entries(0)
    check_refused(lab, "is empty; 10 entries of it are in force")
    check_forced(lab, "is empty; 10 entries of it are in force")
    lab.entries(10)
    lab.apply()
    lab.members(0)
    lab.apply(status=3)


@test
def two_sources_that_shrank_are_both_named(lab):
    lab.apply()
    lab.entries(5)
    lab.members(5)
    found = lab.apply("--json", status=1).json()
    same([item["file"] for item in found["refusals"]], [lab.path("drop.netset"), lab.path("members.csv")],
         "the refused files")


@test
def max_shrink_of_the_new_text_counts(lab):
    lab.apply()
    lab.entries(5)
    lab.change("networks = ", "max_shrink = 50;\nnetworks = ")
    lab.apply()
    same(lab.history()[0]["forced"], False, "forced, in the history")


@test
def feed_that_is_no_longer_named_has_not_shrunk(lab):
    lab.apply()
    lab.change('ip = [ "@drop" ]', 'ip = [ "192.0.2.0/24" ]')
    lab.change('networks = ( { name = "drop"; file = "drop.netset"; } );\n', "")
    lab.apply()


@test
def text_that_was_rolled_back_is_refused_until_it_changes(lab):
    lab.apply()
    first = lab.in_force()
    lab.rename_office("Bureau")
    lab.apply()
    second = lab.in_force()
    lab.rollback()
    same(lab.in_force(), first, "after the rollback")
    check_refused(lab, "was rolled back by")
    check_refused(lab, "was rolled back by", "--dry-run")
    # the same text is the same text, whatever a feed holds by now
    lab.entries(11)
    check_refused(lab, f"this text, of revision {second[:12]}, was rolled back by")
    lab.entries(10)
    lab.rename_office("Lodge", was="Bureau")
    lab.apply()
    same(lab.history()[0]["forced"], False, "forced, for a changed text")
    # and still refused after that
    lab.rename_office("Bureau", was="Lodge")
    check_refused(lab, "was rolled back by")
    check_forced(lab, "was rolled back by")
    same(lab.in_force(), second, "what was forced")


@test
def groups_by_a_second_name_are_refused_where_a_login_would_not_find_them(lab):
    if "ASAN_OPTIONS" in os.environ:
        raise Skip("the sanitizers' run-time must be loaded first, and so must nss_wrapper")
    groups = [f"g{number:03}" for number in range(300)]
    with open(lab.path("groups"), "w", encoding="ascii") as file:
        for number, name in enumerate(groups):
            file.write(f"{name}:x:{5000 + number}:\n")
        file.write("second:x:5299:mallory\n")
    with open(lab.path("passwd"), "w", encoding="ascii") as file:
        file.write("root:x:0:0::/:/bin/sh\n")
    services = {"LD_PRELOAD": "libnss_wrapper.so", "NSS_WRAPPER_PASSWD": lab.path("passwd"),
                "NSS_WRAPPER_GROUP": lab.path("groups")}

    def write(last):
        lab.write("conf.d/groups.conf", "policies = (" + ",".join(
            f'{{ name = "{name}"; type = "blacklist"; scope = {{ groups = ["{name}"] }}; ip = ["192.0.2.1"]; }}'
            for name in groups[:299] + [last]) + ");\n")

    write("second")
    result = lab.apply(status=1, env=services)
    expect('the group "second" has the name "g299" in the name services; write that' in result.err, "what is said",
           result)
    expect("groups.conf:1: refused" in result.err, "where", result)
    write("g299")
    lab.apply(env=services)


@test
def damaged_image_is_no_way_around_what_refuses(lab):
    lab.apply()
    with open(lab.state_path(IMAGE), "wb"):
        pass
    other = lab.path("other.conf")
    shutil.copyfile(lab.path(ROOT_FILE), other)
    result = lab.run("apply", "--config", other, config=False, status=1)
    expect("is another root file than what is in force was made of" in result.err, "what is said", result)
    lab.entries(2)
    expect("has lost 8 of 10 entries" in lab.apply(status=1).err, "a shrunken feed")
    lab.entries(10)
    lab.apply()


@test
def dry_run_says_what_the_state_folder_is_refused_for(lab):
    lab.state = os.path.join(lab.folder, "no", "such")
    for words in ((), ("--dry-run",)):
        result = lab.apply(*words, status=1)
        expect("cannot be made: No such file or directory; make the folder above it" in result.err, "what is said",
               result)
    lab.state = os.path.join(lab.folder, "shared")
    os.mkdir(lab.state)
    os.chmod(lab.state, 0o1777)
    expect("can be written by group or others" in lab.apply(status=1).err, "a sticky folder of everybody's")


@test
def text_that_was_forced_after_its_rollback_is_accepted_from_then_on(lab):
    lab.apply()
    lab.rename_office("Bureau")
    lab.apply()
    lab.rollback()
    lab.apply("--force")
    lab.rename_office("Lodge", was="Bureau")
    lab.apply()
    lab.rename_office("Bureau", was="Lodge")
    lab.apply()
    same(lab.history()[0]["forced"], False, "forced, in the history")


@test
def text_in_force_is_accepted_with_new_data_though_its_data_were_rolled_back(lab):
    lab.apply()
    first = lab.in_force()
    lab.entries(11)
    lab.apply()
    second = lab.in_force()
    lab.rollback()
    check_refused(lab, f"this policy, revision {second[:12]}, was rolled back by")
    lab.entries(12)
    lab.apply()
    third = lab.in_force()
    check_whole(lab, [first, second, first, third])


@test
def image_that_was_rolled_back_is_refused_to_timers_too(lab):
    lab.apply()
    first = lab.in_force()
    lab.entries(11)
    lab.apply("--data")
    second = lab.in_force()
    lab.rollback()
    same(lab.in_force(), first, "after the rollback")
    check_refused(lab, f"this policy, revision {second[:12]}, was rolled back by", "--data")
    check_forced(lab, f"this policy, revision {second[:12]}, was rolled back by", "--data")
    same(lab.in_force(), second, "what was forced")
    same(lab.history()[0]["action"], "apply --data", "the action")


@test
def another_root_file_is_refused(lab):
    lab.apply()
    lab.write("other.conf", POLICY)
    words = ["apply", "--config", lab.path("other.conf")]
    before = lab.snapshot(but=LOCK)
    result = lab.run(*words, config=False, status=1)
    expect("is another root file than what is in force was made of" in result.err, "what is said", result)
    same(lab.snapshot(but=LOCK), before, "the state folder")
    lab.run(*words, "--force", config=False, status=0)
    same((lab.history()[0]["forced"], len(lab.history())), (True, 2), "the history")
    os.symlink("policy", os.path.join(lab.folder, "link"))
    same(lab.run("apply", "--config", os.path.join(lab.folder, "link", "other.conf"), "--json",
                 config=False).json()["outcome"], "unchanged", "by another way to the same file")


@test
def all_refusals_are_told_at_once(lab):
    lab.apply()
    lab.rename_office("Bureau")
    lab.change("policies = (", 'assertions = ( { user = "a@example.com"; ip = "10.0.0.1"; client = "web"; '
               'expect = "deny"; } );\npolicies = (')
    lab.apply("--force")
    lab.rollback()
    lab.entries(5)
    found = lab.apply("--json", status=1).json()
    same(len(found["refusals"]), 3, "how many")
    expect(IMAGE not in str(found["refusals"]), "they name files of the policy", found)


main()
