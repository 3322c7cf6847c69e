"""A disk that is full, has no inodes left or is read-only: apply says what failed, and what was in force stays."""
import os
import shutil
import sys
import time

from disk import PAGE, SIZE, Disk, in_a_namespace
from lab import IMAGE, ROOT_FILE, check_whole, expect, main, note, read, same, test


def on_a_disk(function):
    def on_disk(lab):
        disk = Disk(lab)
        try:
            function(lab, disk)
        finally:
            disk.close()
    on_disk.__name__ = function.__name__
    return test(on_disk)


def expected_history(lab):
    return [record["revision"] for record in reversed(lab.history())]


def check_failure(lab, result, revisions, before):
    """It failed: says what, and what was in force stays, unless it says that the new one is. True if it is."""
    same(result.status, 1, f"its status: {result}")
    expect("No space left on device" in result.err or "Read-only file system" in result.err, "it does not say why", result)
    expect(lab.state in result.err, "it does not say where", result)
    came = "is in force all the same" in result.err
    if came:
        expect(lab.in_force() != revisions[-1], "it says that the new one is in force", result)
    else:
        expect("Not applied: " in result.err, "it does not say that nothing was applied", result)
        same(lab.image(), before, "the image, byte for byte")
        same(lab.in_force(), revisions[-1], "what is in force")
    expect(expected_history(lab)[:len(revisions)] == revisions, "the history", expected_history(lab))
    return came


def make_larger(lab, n):
    """So many blocks of an image, more or less."""
    lab.write("drop.netset", "".join(f"198.51.{i // 128}.{i % 128 * 2}\n" for i in range(340 * n)))


def vary(lab, disk, limit, steps):
    """Apply with little room, ever more of it until it succeeds; each time room is made afterwards, and it is repeated."""
    names = ["Office", "Bureau"]
    failures = {"stays": 0, "all the same": 0}
    reasons = set()
    revisions = [lab.in_force()]
    for step in steps:
        names.reverse()
        lab.rename_office(names[0], was=names[1])
        before = lab.image()
        limit(step)
        result = lab.run("apply")
        if result.status == 0:
            disk.empty()
            note(f"{failures['stays']} times what was in force stayed, {failures['all the same']} times the new one "
                 f"was in force though its record could not be written; enough: {step}")
            for reason in sorted(reasons):
                note(reason)
            expect(failures["stays"] > 0, "it failed before that")
            check_whole(lab, revisions + [lab.in_force()])
            return
        came = check_failure(lab, result, revisions, before)
        failures["all the same" if came else "stays"] += 1
        reasons.add(result.err.splitlines()[0].split(lab.state + "/")[-1][-70:])
        disk.empty()
        lab.apply()
        revisions.append(lab.in_force())
        check_whole(lab, revisions)
    expect(False, "it never had room enough")


@on_a_disk
def first_apply_on_a_full_disk(lab, disk):
    make_larger(lab, 4)
    for free in range(0, SIZE, PAGE):
        disk.fill(free)
        result = lab.run("apply")
        if result.status == 0:
            break
        same(result.status, 1, f"its status: {result}")
        expect("No space left on device" in result.err, "it does not say why", result)
        if "is in force all the same" not in result.err:
            expect("Not applied: nothing is in force" in result.err, "what is in force", result)
            expect(not os.path.exists(lab.state_path(IMAGE)), "an image was left")
            same(lab.history(), [], "the history")
    disk.empty()
    note(f"enough: {free} bytes")
    expect(free >= 4 * PAGE, "it failed before that")
    check_whole(lab, [lab.in_force()])


@on_a_disk
def apply_on_a_full_disk(lab, disk):
    make_larger(lab, 4)
    lab.apply()
    vary(lab, disk, disk.fill, range(0, SIZE, PAGE))


@on_a_disk
def apply_when_the_log_needs_another_page(lab, disk):
    """A line of the log that is written to its half, as the rest of it would stand in a page that is not to be had."""
    lab.apply()
    log = lab.state_path("history", "log")
    line = os.path.getsize(log)
    with open(log, "r+b") as file:
        record = file.read()
        # blanks within a record are no part of it
        file.seek(0)
        file.write(record[:-2] + b" " * (PAGE - line - 300) + record[-2:])
    os.unlink(lab.state_path("history", "reserve"))
    kept = os.path.join(lab.folder, "kept")
    shutil.copytree(lab.state, kept)
    first = lab.in_force()
    lab.rename_office("Bureau")
    for free in range(0, SIZE, PAGE):
        disk.empty()
        shutil.rmtree(lab.state)
        shutil.copytree(kept, lab.state)
        disk.fill(free)
        result = lab.run("apply")
        came = lab.in_force() != first
        same(result.status == 0 or "is in force all the same" in result.err, came, f"what it says: {result}")
        # whoever asks meanwhile is told of it all the same
        same(expected_history(lab), [first] + ([lab.in_force()] if came else []), "the history, with a full disk")
        if came and "history/log" in result.err:
            note(result.err.splitlines()[0].split(lab.state + "/")[-1])
            disk.empty()
            same(lab.apply("--json").json()["outcome"], "unchanged", "the next apply")
            check_whole(lab, [first, lab.in_force()])
            same(lab.run("history", config=False).err, "", "what history says of lines that it cannot read")
            return
        same(result.status in (0, 1), True, f"its status: {result}")
    expect(False, "the log's page was never the one that was missing")


@on_a_disk
def apply_without_inodes(lab, disk):
    lab.apply()
    vary(lab, disk, disk.use_inodes, range(0, 20))


@on_a_disk
def rollback_on_a_full_disk(lab, disk):
    make_larger(lab, 4)
    lab.apply()
    first = lab.in_force()
    lab.rename_office("Bureau")
    lab.apply()
    second = lab.in_force()
    before = lab.image()
    for free in range(0, SIZE, PAGE):
        disk.fill(free)
        result = lab.run("rollback", config=False)
        if result.status == 0:
            break
        expect("is in force all the same" in result.err or lab.image() == before, "what was in force stays", result)
        disk.empty()
        same(expected_history(lab), [first, second], "the history")
    disk.empty()
    note(f"enough: {free} bytes")
    check_whole(lab, [first, second, first])


@on_a_disk
def rollback_on_a_full_disk_is_remembered(lab, disk):
    """Else the next apply would put in force again what was gone back from."""
    lab.apply()
    first = lab.in_force()
    lab.rename_office("Bureau")
    lab.apply()
    second = lab.in_force()
    for free in (0, PAGE, 2 * PAGE, 8 * PAGE):
        log = lab.state_path("history", "log")
        with open(log, "r+b") as file:
            record = file.read()
            # blanks within a record are no part of it: the next line needs another page
            file.seek(0)
            file.write(record[:-2] + b" " * (-len(record) % PAGE) + record[-2:])
        disk.fill(free)
        result = lab.run("rollback", config=False, status=0)
        disk.empty()
        same(lab.in_force(), first, f"what is in force: {result}")
        same(lab.history()[0]["action"], "rollback", "the last record")
        refused = lab.apply(status=1)
        expect("was rolled back by" in refused.err, "the text is not refused", refused)
        lab.apply("--force")
        same(lab.in_force(), second, "what was forced")


def begin_trial(lab, how_long):
    """Of a policy of some blocks, with no reserve that could make room; the two revisions."""
    make_larger(lab, 8)
    lab.apply()
    before = lab.in_force()
    lab.rename_office("Bureau")
    after = lab.apply("--trial", how_long, "--json").json()["revision"]
    os.unlink(lab.state_path("history", "reserve"))
    return before, after


@on_a_disk
def trial_on_a_full_disk(lab, disk):
    """It is not begun, or it is begun and ends."""
    make_larger(lab, 4)
    lab.apply()
    before = lab.in_force()
    lab.rename_office("Bureau")
    failed = 0
    for free in range(0, SIZE, PAGE):
        disk.fill(free)
        result = lab.run("apply", "--trial", "1h")
        if result.status == 0:
            break
        failed += 1
        if "is in force all the same" in result.err:
            found = lab.run("status", "--json", config=False).json()["trial"]
            same(found["then"], before, "what counts then")
        else:
            same(lab.in_force(), before, "what is in force")
        disk.empty()
        shutil.rmtree(lab.state)
        lab.rename_office("Office", was="Bureau")
        lab.apply()
        lab.rename_office("Bureau")
    expect(failed > 0, "it failed before that")
    note(f"enough: {free} bytes")
    disk.empty()
    lab.rollback()
    same(lab.in_force(), before, "what is in force")


@on_a_disk
def confirm_on_a_full_disk(lab, disk):
    before, after = begin_trial(lab, "1h")
    disk.fill(0)
    result = lab.run("confirm", config=False, status=0)
    expect("for good" in result.out, "what is printed", result)
    same(lab.run("status", "--json", config=False).json()["trial"], None, "the trial")
    disk.empty()
    same([record["action"] for record in lab.history()], ["confirm", "apply", "apply"], "the history")
    check_whole(lab, [before, after, after])


@on_a_disk
def confirm_on_a_full_disk_without_its_copy(lab, disk):
    """What is in force cannot be written anew: the trial goes on, and is confirmed when there is room."""
    before, after = begin_trial(lab, "1h")
    image = lab.image()
    os.unlink(lab.state_path("history", f"{after}.image"))
    disk.fill(0)
    result = lab.run("confirm", config=False, status=1)
    expect("No space left on device" in result.err and "stays in force, on trial until" in result.err, "what is said", result)
    same(lab.image(), image, "the image, byte for byte")
    disk.empty()
    lab.run("confirm", config=False, status=0)
    check_whole(lab, [before, after, after])


@on_a_disk
def trial_that_ends_on_a_full_disk(lab, disk):
    before, after = begin_trial(lab, "1s")
    disk.fill(0)
    while lab.in_force() != before:
        time.sleep(0.02)
    lab.run("confirm", config=False, status=1)
    same(lab.in_force(), before, "what is in force")
    disk.empty()
    lab.run("confirm", config=False, status=1)
    check_whole(lab, [before, after, before])
def files_of(folder):
    return {os.path.relpath(os.path.join(where, name), folder): read(os.path.join(where, name))
            for where, _, names in os.walk(folder) for name in names}


@on_a_disk
def edits_on_a_full_disk(lab, disk):
    """The files are on it too: all of them are changed, and in force, or none is; and nothing is left beside them."""
    policy = os.path.join(disk.path, "policy")
    shutil.copytree(lab.policy, policy)
    lab.policy = policy
    lab.write("conf.d/50-kiosk.conf", 'policies = ( { name = "Kiosk"; type = "blacklist"; scope = { all = true; }; ip = [ "198.51.100.7" ]; } );\n')
    lab.write("conf.d/60-more.conf", 'exceptions = ( { name = "X"; policies = [ "Kiosk" ]; members = [ "alice" ]; } );\n')
    lab.apply("--force")
    for words in (("edit", "Kiosk", "--rename", "Hall"), ("except", "add", "--policy", "Office", "--member", "a", "--until", "2h"),
                  ("except", "delete", "X")):
        before, first = files_of(policy), lab.in_force()
        failures = 0
        for free in range(0, SIZE, PAGE):
            disk.fill(free)
            result = lab.run(*words)
            disk.empty()
            if result.status == 0 or "is in force all the same" in result.err:
                break
            failures += 1
            same(result.status, 1, f"its status: {result}")
            expect("No space left on device" in result.err, "it does not say why", result)
            same((files_of(policy), lab.in_force()), (before, first), f"the files, and what is in force: {result}")
        lab.run("status", config=False, status=0)
        expect(lab.in_force() != first and failures > 0, "it failed before that", failures)
        note(f"{words[0]} {words[1]}: enough: {free} bytes")


@on_a_disk
def an_edit_that_the_history_has_no_room_for(lab, disk):
    """The same command would find that it is done already: the one that is told has the history whole."""
    lab.apply()
    make_larger(lab, 24)
    for free in range(0, SIZE, PAGE):
        disk.fill(free)
        result = lab.run("create", "--type", "blacklist", "--name", "Kiosk", "--all", "--ip", "198.51.100.7")
        disk.empty()
        if "is in force all the same" in result.err:
            break
        same(result.status, 1, f"its status: {result}")
    expect(f'run "accesspolicy apply --config {lab.path(ROOT_FILE)} --state {lab.state}" when that is mended' in result.err,
           "the remedy", result)
    lab.apply()
    same([(record["revision"], record["kept"]) for record in lab.history()][:1], [(lab.in_force(), True)], "the history")


@on_a_disk
def read_only_disk(lab, disk):
    lab.apply()
    first = lab.in_force()
    lab.rename_office("Bureau")
    lab.apply()
    second = lab.in_force()
    lab.rename_office("Lodge", was="Bureau")
    disk.mount("ro")
    before = lab.snapshot()
    result = lab.run("apply")
    same(result.status, 1, f"apply: {result}")
    expect("Read-only file system" in result.err and "lock" in result.err, "what is said", result)
    same(lab.run("rollback", config=False).status, 1, "rollback")
    # whoever only asks needs no room
    same(lab.in_force(), second, "status")
    same(expected_history(lab), [first, second], "history")
    lab.apply("--dry-run")
    same(lab.run("rollback", "--dry-run", config=False).status, 0, "rollback --dry-run")
    same(lab.run("test", "--user", "x", "--ip", "10.0.0.1", config=False).status, 0, "test")
    same(lab.snapshot(), before, "the state folder")
    disk.mount("rw")
    lab.apply()
    check_whole(lab, [first, second, lab.in_force()])


if not in_a_namespace():
    print("1..0 # SKIP needs root and unshare -m, to mount a small disk of its own")
    sys.exit(0)
main()
