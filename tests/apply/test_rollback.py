"""`rollback`: which revision it goes back to, and what it refuses. `apply` then refuses that text: test_refused.py."""
import json
import os
import shutil

from lab import BLOCK, IMAGE, Lab, check_whole, damage, expect, main, read, same, test

LOCK = ("lock",)


def apply_names(lab, *names):
    """Applies a policy for each name; returns their revisions."""
    revisions = []
    was = "Office"
    for name in names:
        if name != was:
            lab.rename_office(name, was=was)
        was = name
        lab.apply()
        revisions.append(lab.in_force())
    return revisions


def check_refused(lab, named, *words):
    before = lab.snapshot(but=LOCK)
    result = lab.rollback(*words, status=1)
    expect(named in result.err and ": refused: " in result.err, f"no refusal with {named!r}", result)
    expect("--force" not in result.out + result.err, "rollback knows no --force", result)
    found = lab.rollback("--json", *words, status=1).json()
    same((found["outcome"], found["in_force"]), ("refused", False), "the outcome")
    same(lab.snapshot(but=LOCK), before, "the state folder")


@test
def rollback_goes_one_back(lab):
    first, second = apply_names(lab, "Office", "Bureau")
    image = read(lab.state_path("history", f"{first}.image"))
    result = lab.rollback()
    expect(result.out.endswith(f"in force: revision {first[:12]}, 2 policies; before, revision {second[:12]}\n"),
           "what is printed", result)
    same(lab.image(), image, "the image, byte for byte")
    check_whole(lab, [first, second, first])
    record = lab.history()[0]
    same((record["action"], record["forced"], record["policies"]), ("rollback", False, 2), "the record")
    expect("was rolled back" in lab.run("status", config=False).out, "status does not tell")


@test
def rollback_leaves_the_policy_files_alone(lab):
    apply_names(lab, "Office", "Bureau")
    text = read(lab.path("accesspolicy.conf"))
    lab.rollback()
    same(read(lab.path("accesspolicy.conf")), text, "the root file")
    found = lab.run("status", "--json", config=False, status=1).json()["pending"]
    same([item["state"] for item in found], ["changed"], "what is pending")


@test
def rollback_twice_goes_further_back_and_not_to_and_fro(lab):
    first, second, third = apply_names(lab, "Office", "Bureau", "Lodge")
    lab.rollback()
    same(lab.in_force(), second, "after the first")
    lab.rollback()
    same(lab.in_force(), first, "after the second")
    check_refused(lab, f"the history has nothing older than revision {first[:12]}")
    check_whole(lab, [first, second, third, second, first])


@test
def rollback_goes_back_to_what_came_by_other_means(lab):
    apply_names(lab, "Office")
    other = Lab()
    try:
        other.rename_office("Bureau")
        other.apply()
        by_hand = other.in_force()
        shutil.copyfile(other.state_path(IMAGE), lab.state_path("copy"))
    finally:
        other.close()
    os.chmod(lab.state_path("copy"), 0o600)
    os.rename(lab.state_path("copy"), lab.state_path(IMAGE))
    lab.rename_office("Lodge")
    lab.apply("--force")
    third = lab.in_force()
    same([record["by"] for record in lab.history()][1], "unknown", "who put it there")
    lab.rollback()
    same(lab.in_force(), by_hand, "after the rollback")
    lab.rollback(third[:12])
    lab.rollback(by_hand[:12])
    same(lab.in_force(), by_hand, "after that to its revision")


@test
def images_that_no_record_tells_of_are_not_kept_without_end(lab):
    apply_names(lab, "Office")
    for number in range(60):
        with open(lab.state_path("history", f"{number:064x}.image"), "wb") as file:
            file.write(b"#")
    lab.rename_office("Bureau")
    lab.apply()
    kept = [name for name in os.listdir(lab.state_path("history")) if name.endswith(".image")]
    same(len(kept), 50, "how many are kept")
    expect(f"{lab.in_force()}.image" in kept, "the one in force is among them")


@test
def rollback_after_a_new_apply_goes_to_what_that_replaced(lab):
    first, _, third = apply_names(lab, "Office", "Bureau", "Lodge")
    lab.rollback()
    lab.rollback()
    same(lab.in_force(), first, "two back")
    lab.rename_office("Cabin", was="Lodge")
    lab.apply()
    lab.rollback()
    same(lab.in_force(), first, "what the new one replaced")
    lab.rollback(third[:8])
    same(lab.in_force(), third, "by name")


@test
def rollback_to_a_named_revision(lab):
    first, second, third = apply_names(lab, "Office", "Bureau", "Lodge")
    lab.rollback(first[:12])
    same(lab.in_force(), first, "by twelve digits")
    lab.rollback(third)
    same(lab.in_force(), third, "by all digits")
    lab.rollback(second[:4])
    same(lab.in_force(), second, "by four digits")
    check_whole(lab, [first, second, third, first, third, second])


@test
def rollback_to_what_is_in_force_is_nothing_to_do(lab):
    _, second = apply_names(lab, "Office", "Bureau")
    before = lab.snapshot(but=LOCK)
    same(lab.rollback(second, "--json").json()["outcome"], "unchanged", "the outcome")
    same(lab.snapshot(but=LOCK), before, "the state folder")


@test
def unknown_revision_is_refused(lab):
    first, second = apply_names(lab, "Office", "Bureau")
    unknown = next(word for word in ("aaaa", "bbbb", "cccc") if not first.startswith(word) and not second.startswith(word))
    check_refused(lab, f"no revision begins with {unknown}", unknown)


@test
def ambiguous_revision_is_refused(lab):
    first, _ = apply_names(lab, "Office", "Bureau")
    # another that begins alike: a record is enough
    with open(lab.state_path("history", "log"), encoding="utf-8") as file:
        line = json.loads(file.readline())
    other = first[:8] + ("0" if first[8] != "0" else "1") + first[9:]
    line["revision"], line["number"] = other, 0
    log = read(lab.state_path("history", "log"))
    line["number"] = 1
    with open(lab.state_path("history", "log"), "wb") as file:
        file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n" + log)
    check_refused(lab, f"several revisions begin with {first[:8]}", first[:8])
    result = lab.run("history", first[:8], status=2)
    expect("several revisions" in result.err, "what history says", result)
    lab.rollback(first[:9])
    same(lab.in_force(), first, "with one digit more")


@test
def nothing_applied_is_nothing_to_go_back_to(lab):
    result = lab.rollback(status=1)
    expect("nothing was ever applied" in result.err and "nothing is in force" in result.err, "what is said", result)
    expect(not os.path.exists(lab.state), "a folder was made")
    os.mkdir(lab.state)
    expect("nothing that could be put in force" in lab.rollback(status=1).err, "with an empty folder")
    lab.rollback("abcd", status=1)


@test
def first_revision_has_nothing_before_it(lab):
    apply_names(lab, "Office")
    check_refused(lab, "the history has nothing older than revision")


@test
def image_that_is_no_longer_kept_is_refused(lab):
    first, second = apply_names(lab, "Office", "Bureau")
    os.unlink(lab.state_path("history", f"{first}.image"))
    check_refused(lab, f"the image of revision {first[:12]} is no longer kept", first)
    check_refused(lab, f"the image of revision {first[:12]} is no longer kept")
    same([(record["revision"], record["kept"]) for record in lab.history()], [(second, True), (first, False)], "kept")
    lab.run("history", first, config=False, status=3)


@test
def damaged_image_of_the_history_is_refused(lab):
    first, second = apply_names(lab, "Office", "Bureau")
    path = lab.state_path("history", f"{first}.image")
    sound = read(path)
    for at in range(0, len(sound), 257):
        damage(path, at)
        check_refused(lab, f"the image of revision {first[:12]} ", first)
        damage(path, at)
    for size in (0, 1, BLOCK - 1, len(sound) - 1):
        os.truncate(path, size)
        check_refused(lab, f"the image of revision {first[:12]} cannot be used: ")
        with open(path, "r+b") as file:
            file.write(sound)
    # whole, and another's
    shutil.copyfile(lab.state_path("history", f"{second}.image"), path)
    check_refused(lab, f"holds revision {second[:12]}", first)
    with open(path, "r+b") as file:
        file.write(sound)
    os.chmod(path, 0o666)
    check_refused(lab, "can be written by group or others", first)
    os.chmod(path, 0o600)
    lab.rollback()
    check_whole(lab, [first, second, first])


def spoil_by_replacing(lab):
    """An image that somebody has put there; what the history keeps is another file."""
    os.unlink(lab.state_path(IMAGE))
    with open(lab.state_path(IMAGE), "wb") as file:
        file.write(b"rubbish" * 1000)
    os.chmod(lab.state_path(IMAGE), 0o600)


@test
def rollback_when_the_image_in_force_is_gone_puts_the_last_one_back(lab):
    first, second = apply_names(lab, "Office", "Bureau")
    os.unlink(lab.state_path(IMAGE))
    same(lab.run("status", config=False).status, 3, "status")
    lab.rollback()
    check_whole_but_replaced(lab, [first, second, second])


@test
def rollback_when_the_image_in_force_was_overwritten_puts_the_last_one_back(lab):
    first, second = apply_names(lab, "Office", "Bureau")
    spoil_by_replacing(lab)
    same(lab.run("status", config=False).status, 3, "status")
    result = lab.rollback()
    expect("could not be read" in result.out, "what is said", result)
    check_whole_but_replaced(lab, [first, second, second])


def check_whole_but_replaced(lab, revisions):
    """As check_whole, for a history whose last record could not tell what it replaced."""
    same([record["revision"] for record in reversed(lab.history())], revisions, "the history")
    same(lab.history()[0]["replaced"], None, "what the last one replaced")
    same(lab.in_force(), revisions[-1], "what is in force")
    same(sorted(os.listdir(lab.state)), ["history", "lock", IMAGE], "the state folder's entries")


@test
def rollback_when_the_image_in_force_is_damaged_puts_its_copy_back_or_the_newest_that_is_whole(lab):
    """What is kept is a file of its own: a block that is damaged in the one is whole in the other."""
    first, second = apply_names(lab, "Office", "Bureau")
    damage(lab.state_path(IMAGE), 700)
    same(lab.run("status", config=False).status, 3, "status")
    lab.rollback()
    same(lab.in_force(), second, "its copy")
    damage(lab.state_path(IMAGE), 700)
    damage(lab.state_path("history", f"{second}.image"), 700)
    lab.rollback()
    same(lab.in_force(), first, "the one before, where both are damaged")


@test
def rollback_to_a_named_revision_mends_a_damaged_image_in_force(lab):
    first, _ = apply_names(lab, "Office", "Bureau")
    damage(lab.state_path(IMAGE), 100)
    same(lab.run("status", config=False).status, 3, "status")
    lab.rollback(first)
    same(lab.in_force(), first, "what is in force")


@test
def dry_run_changes_nothing(lab):
    first, second = apply_names(lab, "Office", "Bureau")
    before = lab.snapshot()
    result = lab.rollback("--dry-run")
    expect(f"would be in force: revision {first[:12]}, " in result.out, "what is printed", result)
    lab.rollback("--dry-run", second[:8])
    same(lab.snapshot(), before, "the state folder")


@test
def number_of_kept_images_is_bounded_and_the_log_is_not(lab):
    n = 60
    names = ["Office"] + [f"Office {i}" for i in range(1, n)]
    revisions = apply_names(lab, *names)
    history = lab.history()
    same([record["revision"] for record in reversed(history)], revisions, "the history")
    kept = [record["kept"] for record in history]
    same(kept, [True] * 50 + [False] * (n - 50), "which are kept")
    check_refused(lab, "is no longer kept", revisions[0])
    lab.rollback(revisions[-50])
    same(lab.in_force(), revisions[-50], "the oldest that is kept")


main()
