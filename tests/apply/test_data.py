"""`apply --data`: the policy files in force with today's feeds and directory files, and nothing else."""
import os

from lab import ROOT_FILE, check_whole, expect, main, same, test


@test
def nothing_in_force_is_refused(lab):
    result = lab.apply("--data", status=1)
    expect("nothing is in force yet" in result.err, "what is said", result)
    same((lab.in_force(), lab.history()), (None, []), "what is in force")
    result = lab.apply("--data", "--dry-run", "--force", status=1)
    expect("nothing is in force yet" in result.err, "what is said", result)


@test
def unchanged_data_are_nothing_to_do(lab):
    lab.apply()
    first = lab.in_force()
    lab.rename_office("Bureau")
    same(lab.apply("--data", "--json").json()["outcome"], "unchanged", "the outcome")
    check_whole(lab, [first])


@test
def edits_are_not_swept_along_and_data_are(lab):
    lab.apply()
    first = lab.in_force()
    with open(lab.path(ROOT_FILE), encoding="utf-8") as file:
        text = file.read()
    lab.rename_office("Bureau")
    lab.write("conf.d/10-more.conf", 'policies = ( { name = "More"; type = "blacklist"; scope = { all = true; }; } );\n')
    lab.entries(11)
    lab.members(12)
    result = lab.apply("--data")
    second = lab.in_force()
    same(result.out,
         '~ policy "Dropped": network 1 range: +192.0.2.0-192.0.2.10; -192.0.2.0-192.0.2.9\n'
         f'~ feed {lab.path("drop.netset")}: 11 entries, was 10\n'
         f'~ directory file {lab.path("members.csv")}: 12 members, was 10\n'
         f'in force: revision {second[:12]}, 2 policies; before, revision {first[:12]}\n', "what is printed")
    same(lab.history()[0]["action"], "apply --data", "the action")
    shown = lab.run("history", second, "--json", config=False, status=0).json()
    same([(source["path"], source["text"]) for source in shown["sources"] if source["kind"] == "policies"],
         [(lab.path(ROOT_FILE), text)], "the text in the history")
    same({source["path"]: source["entries"] for source in shown["sources"] if source["kind"] != "policies"},
         {lab.path("drop.netset"): 11, lab.path("members.csv"): 12}, "the data in the history")
    check_whole(lab, [first, second])
    ask = ["test", "--user", "member11@example.com", "--ip"]
    same(lab.run(*ask, "10.0.0.1", config=False).status, 0, "a new member at the office")
    same(lab.run(*ask, "198.51.100.1", config=False).status, 1, "a new member elsewhere")
    same(lab.run("test", "--user", "x@example.com", "--ip", "192.0.2.10", config=False).status, 1, "a new entry")


@test
def the_edits_are_still_pending_afterwards(lab):
    lab.apply()
    lab.rename_office("Bureau")
    lab.entries(11)
    lab.apply("--data")
    found = lab.run("status", "--json", config=False, status=1).json()["pending"]
    same([(item["path"], item["kind"], item["state"]) for item in found],
         [(lab.path(ROOT_FILE), "policies", "changed")], "what is pending")
    lab.apply()
    same(lab.run("status", config=False).status, 0, "once it is applied")


@test
def broken_or_missing_policy_files_do_not_keep_timers_from_their_work(lab):
    lab.apply()
    first = lab.in_force()
    lab.write(ROOT_FILE, "policies = (")
    lab.entries(11)
    lab.apply("--data")
    second = lab.in_force()
    os.unlink(lab.path(ROOT_FILE))
    lab.entries(12)
    lab.apply("--data")
    check_whole(lab, [first, second, lab.in_force()])


@test
def drop_ins_in_force_stay_though_they_are_gone(lab):
    lab.write("conf.d/10-more.conf", 'policies = ( { name = "More"; type = "blacklist"; scope = { members = '
              '[ "gone@example.com" ]; }; } );\n')
    lab.apply()
    os.unlink(lab.path("conf.d/10-more.conf"))
    lab.entries(11)
    lab.apply("--data")
    same(lab.run("test", "--user", "gone@example.com", "--ip", "10.0.0.1", config=False).status, 1, "its decision")


@test
def broken_or_missing_data_leave_what_was_in_force(lab):
    lab.apply()
    before = lab.snapshot(but=("lock",))
    lab.write("drop.netset", "nonsense\n")
    result = lab.apply("--data", status=3)
    expect("drop.netset:1: error: " in result.err, "the place", result)
    os.unlink(lab.path("drop.netset"))
    lab.apply("--data", status=3)
    same(lab.snapshot(but=("lock",)), before, "the state folder")


@test
def shrunken_data_are_refused_and_forced(lab):
    lab.apply()
    lab.entries(5)
    before = lab.snapshot(but=("lock",))
    result = lab.apply("--data", status=1)
    expect("has lost 5 of 10 entries" in result.err, "what is said", result)
    same(lab.snapshot(but=("lock",)), before, "the state folder")
    lab.apply("--data", "--force")
    same((lab.history()[0]["action"], lab.history()[0]["forced"]), ("apply --data", True), "the record")


@test
def assertions_in_force_hold_for_new_data_too(lab):
    lab.change("policies = (", 'assertions = ( { user = "x@example.com"; ip = "192.0.2.200"; client = "web"; '
               'expect = "allow"; } );\npolicies = (')
    lab.apply()
    lab.write("drop.netset", "".join(f"192.0.2.{i}\n" for i in range(10)) + "192.0.2.200\n")
    result = lab.apply("--data", status=1)
    expect("x@example.com" in result.err, "what is said", result)


@test
def dry_run_changes_nothing(lab):
    lab.apply()
    lab.entries(11)
    before = lab.snapshot()
    told = lab.apply("--data", "--dry-run", "--json").json()
    same((told["outcome"], told["dry_run"]), ("done", True), "the outcome")
    same(lab.snapshot(), before, "the state folder")
    lab.apply("--data")
    same(lab.in_force(), told["revision"], "the revision")


main()
