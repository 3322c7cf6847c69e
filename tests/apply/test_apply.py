"""`apply`: what it puts in force, what it says, and what --dry-run leaves alone."""
import os

from lab import BLOCK, IMAGE, ROOT_FILE, check_whole, damage, expect, main, read, revision_of, same, test


@test
def first_apply_makes_the_folder_and_says_what_came_in_force(lab):
    result = lab.apply()
    revision = revision_of(lab.image())
    same(result.out,
         '+ policy "Dropped": blacklist; enabled; all members; 1 range\n'
         '+ policy "Office": whitelist; enabled; staff; 1 range\n'
         f'+ feed {lab.path("drop.netset")}: 10 entries\n'
         f'+ directory file {lab.path("members.csv")}: 10 members\n'
         f'in force: revision {revision[:12]}, 2 policies; nothing was in force before\n', "what is printed")
    same(result.err, "", "standard error")
    check_whole(lab, [revision])


@test
def first_apply_in_json(lab):
    result = lab.apply("--json").json()
    same({key: result[key] for key in ("outcome", "dry_run", "revision", "replaced", "in_force")},
         {"outcome": "done", "dry_run": False, "revision": revision_of(lab.image()), "replaced": None,
          "in_force": True}, "the outcome")
    same([(item["change"], item["subject"], item["name"]) for item in result["changes"]],
         [("added", "policy", "Dropped"), ("added", "policy", "Office"), ("added", "feed", lab.path("drop.netset")),
          ("added", "directory file", lab.path("members.csv"))], "the changes")
    same((result["refusals"], result["warnings"], result["errors"]), ([], [], []), "what was wrong")


@test
def unchanged_files_are_nothing_to_do(lab):
    lab.apply()
    before = lab.snapshot(but=("lock", "."))
    result = lab.apply()
    same(result.out, f"nothing to do: revision {lab.in_force()[:12]} is in force already\n", "what is printed")
    same(lab.apply("--json").json()["outcome"], "unchanged", "the outcome")
    same(lab.snapshot(but=("lock", ".")), before, "the state folder")


@test
def files_that_are_written_again_with_the_same_bytes_are_nothing_to_do(lab):
    lab.apply()
    lab.entries(10)
    lab.members(10)
    same(lab.apply("--json").json()["outcome"], "unchanged", "the outcome")


@test
def changed_policy_takes_the_place_of_the_one_before(lab):
    lab.apply()
    first = lab.in_force()
    lab.rename_office("Bureau")
    result = lab.apply()
    second = lab.in_force()
    same(result.out,
         '+ policy "Bureau": whitelist; enabled; staff; 1 range\n'
         '- policy "Office"\n'
         f'in force: revision {second[:12]}, 2 policies; before, revision {first[:12]}\n', "what is printed")
    check_whole(lab, [first, second])


@test
def each_kind_of_change_is_told(lab):
    lab.apply()
    lab.change('type = "blacklist"', 'type = "blacklist"; status = "report-only"')
    lab.entries(9)
    lab.members(11)
    lab.change("policies = (", 'message = "Not now.";\n'
               'client_types = ( { name = "kiosk"; tty = [ "tty9" ]; local = true; } );\n'
               'exceptions = ( { name = "HD-1"; policies = [ "Office" ]; members = [ "bob@example.com" ]; } );\n'
               "policies = (")
    changes = lab.apply("--json").json()["changes"]
    same(sorted((item["change"], item["subject"]) for item in changes),
         sorted([("changed", "setting"), ("changed", "client types"), ("changed", "policy"), ("changed", "policy"),
                 ("added", "exception"), ("changed", "feed"), ("changed", "directory file")]), "the changes")
    details = {item["name"]: item["detail"] for item in changes}
    expect("status report-only, was enabled" in details["Dropped"], "the policy's detail", details)
    same(details[lab.path("drop.netset")], "9 entries, was 10", "the feed's detail")
    same(details[lab.path("members.csv")], "11 members, was 10", "the directory's detail")


@test
def a_comment_in_the_text_is_a_new_revision_that_changes_a_file(lab):
    lab.apply()
    first = lab.in_force()
    lab.change("policies = (", "// why\npolicies = (")
    changes = lab.apply("--json").json()["changes"]
    expect(lab.in_force() != first, "the text is part of the revision")
    same([(item["change"], item["subject"], item["name"]) for item in changes
          if item["subject"] == "policy file"], [("changed", "policy file", lab.path(ROOT_FILE))], "the changes")


@test
def the_same_policy_is_the_same_revision_on_every_day(lab):
    lab.apply()
    first = lab.in_force()
    lab.rename_office("Bureau")
    lab.apply()
    lab.rename_office("Office", was="Bureau")
    lab.apply()
    same(lab.in_force(), first, "the revision")
    same([record["revision"] for record in lab.history()][0::2], [first, first], "the history")


@test
def dry_run_before_anything_was_applied_makes_no_folder(lab):
    result = lab.apply("--dry-run")
    expect(result.out.endswith("; nothing was in force before\n"), "what is printed", result)
    expect("\nwould be in force: revision " in result.out, "what is printed", result)
    expect(not os.path.exists(lab.state), "the folder was made")
    found = lab.apply("--dry-run", "--json").json()
    same((found["outcome"], found["dry_run"], found["in_force"]), ("done", True, False), "the outcome")


@test
def dry_run_leaves_every_byte_as_it_was(lab):
    lab.apply()
    lab.rename_office("Bureau")
    lab.apply()
    before = lab.snapshot()
    same(lab.apply("--dry-run", "--json").json()["outcome"], "unchanged", "with nothing to do")
    lab.rename_office("Lodge", was="Bureau")
    expected = lab.apply("--dry-run", "--json").json()
    same(expected["outcome"], "done", "with a change")
    lab.entries(5)
    same(lab.apply("--dry-run", status=1, umask=0o777).err.splitlines()[-1].split(":")[0], "refused", "what is printed")
    lab.apply("--dry-run", "--force")
    lab.apply("--dry-run", "--data", "--force")
    lab.write(ROOT_FILE, "policies = (")
    lab.apply("--dry-run", status=3)
    lab.rollback("--dry-run")
    same(lab.snapshot(), before, "the state folder")


@test
def dry_run_tells_the_revision_that_apply_puts_in_force(lab):
    lab.apply()
    lab.rename_office("Bureau")
    told = lab.apply("--dry-run", "--json").json()
    done = lab.apply("--json").json()
    same({**told, "dry_run": False, "in_force": True}, done, "what apply says")


@test
def usage_errors_are_status_2_and_change_nothing(lab):
    lab.apply()
    lab.rename_office("Bureau")
    before = lab.snapshot()
    for words in (["apply", "more"], ["apply", "--dat"], ["apply", "--force=yes"], ["rollback", "abc"],
                  ["rollback", "ABCD"], ["rollback", "abcg"], ["rollback", "a" * 65], ["rollback", "abcd", "abcd"],
                  ["status", "now"], ["history", "ffff"], ["history", "a", "b"]):
        result = lab.run(*words, status=2)
        same(result.out, "", " ".join(words))
        expect("Usage: accesspolicy " in result.err, "the usage", result)
    expect("--data" in lab.run("apply", "--data", status=2).err, "--data beside --config")
    same(lab.snapshot(), before, "the state folder")


@test
def files_that_make_no_policy_are_status_3(lab):
    for text in ("", "policies = (", "policies = ();", "colour = 1;"):
        lab.write(ROOT_FILE, text)
        result = lab.apply(status=3)
        expect("not valid: " in result.err and result.err.endswith("; nothing is in force\n"), "what is printed", result)
        found = lab.apply("--json", status=3).json()
        same((found["outcome"], found["revision"], found["in_force"]), ("not-valid", None, False), "the outcome")
        expect(found["errors"], "no errors in the JSON")
    os.unlink(lab.path(ROOT_FILE))
    lab.apply(status=3)
    same(lab.history(), [], "the history")
    expect(not os.path.exists(lab.state_path(IMAGE)), "an image was made")


@test
def damaged_image_is_replaced_wherever_it_is_damaged(lab):
    """By files that have not changed, too: nothing to do is not the answer to what logins cannot read."""
    lab.write("drop.netset", "".join(f"198.{51 + i // 65536}.{i // 256 % 256}.{i % 256}\n" for i in range(0, 20000, 2)))
    lab.apply()
    first = lab.in_force()
    n_blocks = len(lab.image()) // BLOCK
    expect(n_blocks > 8, "more blocks than are read at first", n_blocks)
    for block in (0, 1, n_blocks // 2, n_blocks - 1):
        damage(lab.state_path(IMAGE), block * BLOCK + 100)
        lab.run("status", config=False, status=3)
        result = lab.apply()
        expect("in force: revision" in result.out, f"block {block} of {n_blocks}", result)
        same(lab.in_force(), first, f"block {block} of {n_blocks}: what is in force")


@test
def damaged_image_is_replaced_in_the_history_too(lab):
    """Whatever the history keeps of it: once it was applied anew, it can be gone back to."""
    lab.apply()
    first = lab.in_force()
    damage(lab.state_path(IMAGE), 700)
    lab.apply()
    same(lab.in_force(), first, "what is in force")
    lab.run("history", first, config=False, status=0)
    lab.rename_office("Bureau")
    lab.apply()
    lab.rollback()
    same(lab.in_force(), first, "after a rollback")


@test
def shrinking_is_measured_against_a_damaged_image_as_far_as_it_can_be_read(lab):
    """A damaged image must not be a way around max_shrink: it is refused, or it is said what could not be compared."""
    lab.write("drop.netset", "".join(f"198.{51 + i // 65536}.{i // 256 % 256}.{i % 256}\n" for i in range(0, 20000, 2)))
    lab.apply()
    damage(lab.state_path(IMAGE), len(read(lab.state_path(IMAGE))) - BLOCK + 100)
    lab.entries(1)
    result = lab.run("apply")
    expect(result.status == 1 or "could not be read" in result.out, "neither refused nor told", result)


@test
def history_tells_each_time_and_the_text_of_each(lab):
    lab.apply()
    first = lab.in_force()
    lab.rename_office("Bureau")
    lab.apply()
    second = lab.in_force()
    newest, oldest = lab.history()
    same([newest[key] for key in ("number", "action", "forced", "revision", "replaced", "policies", "in_force", "kept")],
         [2, "apply", False, second, first, 2, True, True], "the newest")
    same([oldest[key] for key in ("number", "action", "forced", "revision", "replaced", "policies", "in_force", "kept")],
         [1, "apply", False, first, None, 2, False, True], "the oldest")
    for record in (newest, oldest):
        expect(record["by"] and isinstance(record["uid"], int) and record["summary"], "who and what", record)
    table = lab.run("history", status=0).out.splitlines()
    same(len(table), 3, "the table's lines")
    expect(f"{second[:12]} in force" in table[1] and first[:12] in table[2], "the table", table)
    expect('"Office"' in lab.run("history", first[:4], status=0).out, "the first one's text")
    text = lab.run("history", second, "--json", status=0).json()
    same([(source["path"], source["kind"], source["entries"]) for source in text["sources"]],
         [(lab.path(ROOT_FILE), "policies", None), (lab.path("drop.netset"), "feed", 10),
          (lab.path("members.csv"), "directory", 10)], "its sources")
    with open(lab.path(ROOT_FILE), encoding="utf-8") as file:
        same(text["sources"][0]["text"], file.read(), "its text")


@test
def history_of_nothing(lab):
    same(lab.run("history", status=0).out, f"Nothing was ever applied in {lab.state}.\n", "what is printed")
    same(lab.run("history", "--json", status=0).json(), {"history": []}, "the JSON")


@test
def what_is_in_force_is_asked_by_test_and_not_the_files(lab):
    lab.apply()
    lab.change("10.0.0.0/8", "10.0.0.0/9")
    ask = ["test", "--user", "member1@example.com", "--ip", "10.200.0.1"]
    same(lab.run(*ask, config=False).status, 0, "by what is in force")
    same(lab.run(*ask).status, 1, "by the files")
    lab.apply()
    same(lab.run(*ask, config=False).status, 1, "once it is applied")


@test
def a_relative_config_is_found_from_anywhere(lab):
    result = lab.run("apply", "--config", os.path.join("policy", ROOT_FILE), config=False)
    same(result.status, 0, "apply")
    same(lab.run("status", "--json", config=False).json()["in_force"]["root"], lab.path(ROOT_FILE), "the root file")


main()
