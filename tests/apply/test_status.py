"""`status`, and what `list`, `check` and `test` say of files that differ from what is in force."""
import datetime
import os
import shutil

from lab import IMAGE, ROOT_FILE, Lab, damage, expect, main, read, same, test


def status(lab, expected):
    """The JSON; the text is asked too, and has the same status."""
    same(lab.run("status", config=False).status, expected, "the status of the text")
    return lab.run("status", "--json", config=False, status=expected).json()


def pending(lab):
    return [(item["path"], item["kind"], item["state"]) for item in status(lab, 1)["pending"]]


@test
def nothing_applied(lab):
    result = lab.run("status", status=1)
    expect(f"nothing was ever applied in {lab.state}\n" in result.out, "what is printed", result)
    same(status(lab, 1), {"state": lab.state, "in_force": None, "trial": None, "differs": None, "pending": [],
                          "exceptions_ending": [], "exceptions_ended": []}, "the JSON")
    os.mkdir(lab.state)
    status(lab, 1)


@test
def files_as_in_force(lab):
    lab.apply()
    found = status(lab, 0)
    same({key: found[key] for key in ("state", "differs", "pending", "exceptions_ending", "exceptions_ended")},
         {"state": lab.state, "differs": False, "pending": [], "exceptions_ending": [], "exceptions_ended": []}, "the JSON")
    record = lab.history()[0]
    same(found["in_force"], {"revision": record["revision"], "since": record["time"], "by": record["by"],
                             "action": "apply", "forced": False, "policies": 2, "root": lab.path(ROOT_FILE),
                             "region_database": None},
         "what is in force")
    text = lab.run("status", config=False).out
    for line in (f"In force    revision {record['revision'][:12]}, 2 policies\n", "Edits       none pending\n",
                 "Data        as in force\n", f"Files       {lab.path(ROOT_FILE)}\n"):
        expect(line in text, f"no line {line!r}", text)


@test
def each_kind_of_pending_edit(lab):
    lab.write("conf.d/10-one.conf", 'message = "one";\n')
    lab.write("conf.d/20-two.conf", 'message = "two";\n')
    lab.write("conf.d/30-three.conf", 'message = "three";\n')
    lab.apply()
    lab.change("two", "2", "conf.d/20-two.conf")
    os.unlink(lab.path("conf.d/10-one.conf"))
    os.chmod(lab.path("conf.d/30-three.conf"), 0o666)
    lab.write("conf.d/40-four.conf", 'message = "four";\n')
    same(sorted(pending(lab)), [(lab.path("conf.d/10-one.conf"), "policies", "gone"),
                                (lab.path("conf.d/20-two.conf"), "policies", "changed"),
                                (lab.path("conf.d/30-three.conf"), "policies", "unreadable"),
                                (lab.path("conf.d/40-four.conf"), "policies", "new")], "what is pending")
    why = {item["path"]: item["why"] for item in status(lab, 1)["pending"]}
    expect("can be written by group or others" in why[lab.path("conf.d/30-three.conf")], "why", why)
    text = lab.run("status", config=False).out
    for word in ("4 files pending", "gone  ", "changed  ", "unreadable ", "new  "):
        expect(word in text, f"no {word!r}", text)


@test
def root_file_that_is_gone(lab):
    lab.apply()
    os.unlink(lab.path(ROOT_FILE))
    expect((lab.path(ROOT_FILE), "policies", "gone") in pending(lab), "it is told", pending(lab))


@test
def edit_that_does_not_parse_is_pending_all_the_same(lab):
    lab.apply()
    lab.write(ROOT_FILE, "policies = (")
    same(pending(lab), [(lab.path(ROOT_FILE), "policies", "changed")], "what is pending")


@test
def edit_that_is_taken_back_is_no_longer_pending(lab):
    lab.apply()
    lab.rename_office("Bureau")
    status(lab, 1)
    lab.rename_office("Office", was="Bureau")
    status(lab, 0)


@test
def data_that_differ_are_told_apart_from_edits(lab):
    lab.apply()
    lab.entries(11)
    os.unlink(lab.path("members.csv"))
    same(sorted(pending(lab)), [(lab.path("drop.netset"), "feed", "changed"),
                                (lab.path("members.csv"), "directory", "gone")], "what is pending")
    text = lab.run("status", config=False).out
    expect("Edits       none pending\n" in text and "2 data files differ" in text
           and "accesspolicy apply --data" in text, "what is printed", text)


@test
def file_that_two_networks_name_is_told_once(lab):
    lab.change("networks = ( ", 'networks = ( { name = "again"; file = "drop.netset"; }, ')
    lab.apply()
    lab.entries(11)
    same(pending(lab), [(lab.path("drop.netset"), "feed", "changed")], "what is pending")


@test
def exceptions_that_end_within_a_week_or_have_ended(lab):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)

    def after(**span):
        return (now + datetime.timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%SZ")

    rows = (("hours", after(hours=5)), ("days", after(days=6, hours=12)), ("later", after(days=8)),
            ("over", after(days=-1)), ("never", None))
    lab.change("policies = (", "exceptions = (\n" + ",\n".join(
        f'  {{ name = "{name}"; policies = [ "Office" ]; members = [ "bob@example.com" ];'
        + (f' not_after = "{end}";' if end else "") + " }" for name, end in rows) + "\n);\npolicies = (")
    lab.apply()
    found = status(lab, 0)
    for key, expected in (("exceptions_ending", [rows[0], rows[1]]), ("exceptions_ended", [rows[3]])):
        same([(item["name"], item["not_after"]) for item in found[key]], expected, key)
    text = lab.run("status", config=False).out
    expect('Ends soon   exception "hours"' in text and 'exception "days"' in text and "later" not in text
           and '\nEnded       exception "over"; ' in text and text.count('"over"') == 1, "what is printed", text)
    lab.run("except", "delete", "--ended", status=0)
    same(status(lab, 0)["exceptions_ended"], [], "those that have ended, when they are deleted")


@test
def many_exceptions_that_have_ended(lab):
    lab.change("policies = (", "exceptions = (\n" + ",\n".join(
        f'  {{ name = "old {i}"; policies = [ "Office" ]; members = [ "bob@example.com" ]; not_after = "2020-01-01T00:00:00Z"; }}'
        for i in range(9)) + "\n);\npolicies = (")
    lab.apply()
    text = lab.run("status", config=False).out
    expect('\nEnded       exceptions "old 0", "old 1", "old 2" and 6 more; ' in text, "what is printed", text)
    same(len(status(lab, 0)["exceptions_ended"]), 9, "the JSON")


@test
def after_a_rollback(lab):
    lab.apply()
    lab.rename_office("Bureau")
    lab.apply()
    second = lab.in_force()
    lab.rollback()
    text = lab.run("status", config=False, status=1).out
    expect("(rollback)" in text and f"revision {second[:12]} was rolled back" in text, "what is printed", text)
    same(status(lab, 1)["in_force"]["action"], "rollback", "the JSON")


@test
def damaged_image_is_status_3(lab):
    lab.apply()
    path = lab.state_path(IMAGE)
    sound = read(path)
    for at in range(0, len(sound), 127):
        damage(path, at)
        result = lab.run("status", config=False, status=3)
        expect(lab.state_path(IMAGE) in result.err, "it is named", result)
        same(lab.run("test", "--user", "x", "--ip", "10.0.0.1", config=False).status, 3, "test")
        damage(path, at)
    lab.run("status", config=False, status=0)
    damage(path, 200)
    errors = lab.run("status", "--json", config=False, status=3).json()["errors"]
    same([item["file"] for item in errors], [path], "the JSON")


@test
def image_that_is_gone_is_status_3(lab):
    lab.apply()
    os.unlink(lab.state_path(IMAGE))
    result = lab.run("status", config=False, status=3)
    expect("is missing, though" in result.err, "what is said", result)
    same(lab.run("test", "--user", "x", "--ip", "10.0.0.1", config=False).status, 3, "test")


@test
def image_that_was_put_there_by_hand(lab):
    lab.apply()
    other = Lab()
    try:
        other.rename_office("Bureau")
        other.apply()
        # as somebody does it: a new file in its place
        shutil.copyfile(other.state_path(IMAGE), lab.state_path("copy"))
        os.chmod(lab.state_path("copy"), 0o600)
        os.rename(lab.state_path("copy"), lab.state_path(IMAGE))
        revision = other.in_force()
    finally:
        other.close()
    found = lab.run("status", "--json", config=False)
    same(found.json()["in_force"]["revision"], revision, "the revision")
    same(found.json()["in_force"]["since"], None, "since when")
    expect("the history does not tell of it" in lab.run("status", config=False).out, "what is printed")
    same([record["in_force"] for record in lab.history()], [False], "the history")
    expect(" in force" not in lab.run("history", config=False).out, "the table")
    # apply takes over from there; the other folder's root file takes forcing
    lab.apply(status=1)
    lab.apply("--force")
    same(lab.history()[0]["replaced"], revision, "what apply replaced")


@test
def image_that_was_put_there_by_hand_without_any_history(lab):
    other = Lab()
    try:
        other.apply()
        os.mkdir(lab.state)
        shutil.copyfile(other.state_path(IMAGE), lab.state_path(IMAGE))
        os.chmod(lab.state_path(IMAGE), 0o600)
        revision = other.in_force()
    finally:
        other.close()
    found = lab.run("status", "--json", config=False).json()
    same((found["in_force"]["revision"], found["in_force"]["since"]), (revision, None), "what is in force")
    same(lab.rollback(status=1).err.splitlines()[-1], f"refused: revision {revision[:12]} stays in force", "rollback")
    lab.apply("--force")
    same([record["replaced"] for record in lab.history()], [revision, None], "the history")


@test
def another_root_file_than_that_in_force_differs(lab):
    lab.apply()
    lab.run("status", status=0)
    shutil.copyfile(lab.path(ROOT_FILE), lab.path("other.conf"))
    found = lab.run("status", "--config", lab.path("other.conf"), config=False, status=1)
    expect("other.conf is another root file, of which nothing is in force" in found.out, "what is printed", found)
    found = lab.run("status", "--json", "--config", lab.path("other.conf"), config=False, status=1).json()
    same(found["differs"], True, "the JSON")


@test
def damaged_image_is_told_with_what_mends_it(lab):
    lab.apply()
    os.truncate(lab.state_path(IMAGE), 100)
    for command in (["status"], ["test", "--user", "a@example.com"]):
        found = lab.run(*command, config=False, status=3)
        expect(f'"accesspolicy rollback --state {lab.state}" puts the newest earlier policy' in found.err,
               "what is said", found)


@test
def log_with_lines_that_cannot_be_read(lab):
    lab.apply()
    first = lab.in_force()
    with open(lab.state_path("history", "log"), "ab") as file:
        file.write(b"\0\xff rubbish\n{}\n[1]\n\n")
    status(lab, 0)
    result = lab.run("history", config=False, status=0)
    expect(f"{lab.state}/history/log: 3 lines could not be read" in result.err, "what is said", result)
    lab.rename_office("Bureau")
    lab.apply()
    lab.rollback()
    same([record["revision"] for record in lab.history()][0::2], [first, first], "the history")
    same([record["number"] for record in lab.history()], [3, 2, 1], "the numbers")


@test
def list_check_and_test_say_that_the_files_differ(lab):
    words = {"list": ["list"], "check": ["check"], "test": ["test", "--user", "x@example.com", "--ip", "10.0.0.1"]}
    said = "the files differ from what is in force: "
    for command in ("list", "check"):
        found = lab.run(*words[command], "--json").json()
        same(found["differs"], None, f"{command} --json, nothing applied")
        expect(said not in lab.run(*words[command]).out, f"{command}, nothing applied")
    lab.apply()
    for command, line in words.items():
        config = command != "test"
        same(lab.run(*line, "--json", config=config).json()["differs"], False, f"{command} --json, as in force")
        expect(said not in lab.run(*line, config=config).out, f"{command}, as in force")
    lab.rename_office("Bureau")
    lab.entries(11)
    for command, line in words.items():
        config = command != "test"
        same(lab.run(*line, "--json", config=config).json()["differs"], True, f"{command} --json")
        result = lab.run(*line, config=config)
        expect(said + "1 policy file, 1 data file;" in result.out, command, result)


@test
def test_says_the_revision_that_it_asked(lab):
    words = ["test", "--user", "x@example.com", "--ip", "10.0.0.1"]
    found = lab.run(*words, "--json").json()
    same((found["asked"], found["revision"]), ("files", None), "by the files")
    lab.apply()
    revision = lab.in_force()
    found = lab.run(*words, "--json", config=False).json()
    same((found["asked"], found["revision"]), ("image", revision), "by the image")
    expect(f"revision {revision[:12]}" in lab.run(*words, config=False).out, "the text")
    found = lab.run(*words, "--json").json()
    same((found["asked"], found["revision"]), ("files", None), "with --config")


main()
