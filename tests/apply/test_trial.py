"""`apply --trial` and `confirm`: a policy ends by itself for every login, unless it is kept; what is refused meanwhile and
afterwards; and what is left of it, whatever happens on the way.

Trials that end here last a second or two: they end by the clock, as others do. What an interruption and a full disk leave is in
test_interrupted.py and test_full_disk.py.
"""
import calendar
import datetime
import fcntl
import os
import shutil
import subprocess
import time

from lab import IMAGE, ROOT_FILE, Result, arguments, check_whole, contents_of, damage, environment, expect, main, note
from lab import read, same, test

LOCK = ("lock",)
PAM_SUCCESS, PAM_SERVICE_ERR, PAM_PERM_DENIED = 0, 3, 6
DENIES = 'policies = ( { name = "%s"; type = "blacklist"; scope = { members = [ "%s" ]; }; } );\n'


def deny(lab, member, name="Denied"):
    """Writes a policy that denies that member alone."""
    lab.write(ROOT_FILE, DENIES % (name, member))


def applied(lab, *members):
    """Applies policies that deny each of them in turn; their revisions."""
    revisions = []
    for member in members:
        deny(lab, member)
        lab.apply()
        revisions.append(lab.in_force())
    return revisions


def begin(lab, member, how_long="1h", *words):
    """A trial of a policy that denies that member; its revision."""
    deny(lab, member)
    found = lab.apply("--trial", how_long, "--json", *words).json()
    same((found["outcome"], found["in_force"]), ("done", True), "how it began")
    return found["revision"]


def status(lab):
    return lab.run("status", "--json", config=False).json()


def trial_of(lab):
    return status(lab)["trial"]


def seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def end_of(lab):
    """When the newest trial ends, or has ended: one of a second may be over before it is asked for."""
    return next(record["trial_ends"] for record in lab.history() if record["trial_ends"] is not None)


def wait_for_end(lab):
    """Until the trial has ended, by the clock; nothing is run meanwhile, or by then."""
    # time(3) may be as late as the kernel's last tick
    time.sleep(max(0, seconds(end_of(lab)) + 0.02 - time.time()))


def begin_and_look(lab, member, look):
    """A trial of that policy, so short that it ends soon, and so long that it lasted until what `look` found: its revision,
    and that. On a machine with much to do it takes more than one."""
    for how_long in ("2s", "8s", "32s"):
        # what has ended is not applied again unless it is forced
        revision = begin(lab, member, how_long, *(() if how_long == "2s" else ("--force",)))
        found = look()
        if time.time() < seconds(end_of(lab)):
            return revision, found
    expect(False, "the machine is too slow to see anything of a trial")


def who_gets_in(lab, *users):
    """What libpam answers to a login of each."""
    return lab.log_in(arguments[1], *[("sshd", user, "192.0.2.1", "ssh") for user in users])[0]


def actions(lab):
    """The history, the oldest first."""
    return [(record["action"], record["revision"]) for record in reversed(lab.history())]


def check_refused(lab, command, *words, config=True, said=(), but=LOCK):
    before, files = lab.snapshot(but=but), snapshot_of_files(lab)
    result = lab.run(command, *words, config=config, status=1)
    for text in said:
        expect(text in result.err, f"{command} {' '.join(words)} does not say {text!r}", result)
    same(lab.snapshot(but=but), before, f"the state folder after {command} {' '.join(words)}")
    same(snapshot_of_files(lab), files, f"the policy files after {command} {' '.join(words)}")
    return result


def snapshot_of_files(lab):
    return {os.path.join(where, name): read(os.path.join(where, name))
            for where, _, names in os.walk(lab.policy) for name in names}


# By itself


@test
def it_ends_for_logins_without_anybody_s_doing(lab):
    before, = applied(lab, "alice")
    same(who_gets_in(lab, "alice", "bob"), [PAM_PERM_DENIED, PAM_SUCCESS], "before it")
    after, found = begin_and_look(lab, "bob", lambda: (who_gets_in(lab, "alice", "bob"), status(lab)))
    same(found[0], [PAM_SUCCESS, PAM_PERM_DENIED], "while it lasts")
    same((found[1]["in_force"]["revision"], found[1]["trial"]["then"]), (after, before), "what is in force, and what then")
    wait_for_end(lab)
    folder = lab.snapshot()
    same(who_gets_in(lab, "alice", "bob"), [PAM_PERM_DENIED, PAM_SUCCESS], "when it has ended")
    # whoever asks is told so, and changes nothing either
    found = status(lab)
    same((found["in_force"]["revision"], found["in_force"]["action"], found["trial"]), (before, "trial-end", None), "the status")
    same(actions(lab)[-2:], [("apply", after), ("trial-end", before)], "the history")
    same(lab.run("test", "--user", "bob", "--ip", "192.0.2.1", config=False).status, 0, "test")
    expect("has ended; the next command" in lab.run("status", config=False).out, "what is left to do")
    lab.run("rollback", "--dry-run", config=False)
    same(lab.snapshot(), folder, "the state folder")


@test
def its_end_is_written_down_by_the_next_command(lab):
    before, = applied(lab, "alice")
    after = begin(lab, "bob", "1s")
    ends = end_of(lab)
    wait_for_end(lab)
    shown = lab.history()
    lab.run("confirm", config=False, status=1)
    check_whole(lab, [before, after, before])
    same(lab.history(), shown, "the history, as it was shown before")
    record = lab.history()[0]
    same((record["time"], record["by"], record["policies"], record["forced"]),
         (ends, lab.history()[1]["by"], 1, False), "the record of its end")
    same(who_gets_in(lab, "alice", "bob"), [PAM_PERM_DENIED, PAM_SUCCESS], "logins")
    expect("has ended; the next command" not in lab.run("status", config=False).out, "it is still to be done")


@test
def its_text_is_refused_until_it_changes(lab):
    before, = applied(lab, "alice")
    after = begin(lab, "bob", "1s")
    wait_for_end(lab)
    found = status(lab)
    same((found["differs"], [item["state"] for item in found["pending"]]), (True, ["changed"]), "what is pending")
    expect(f"the trial of revision {after[:12]} has ended" in lab.run("status", config=False).out, "status does not tell")
    # a dry run takes no lock, and knows it all the same
    check_refused(lab, "apply", "--dry-run", said=["was on a trial of ", " unconfirmed; it is not applied again until"])
    for words in ((), ("--trial", "1h")):
        result = lab.apply(*words, status=1)
        expect(f"this policy, revision {after[:12]}, was on a trial of " in result.err and "--force goes over it" in result.err,
               "why it is refused", result)
    check_whole(lab, [before, after, before])
    deny(lab, "bob", name="Bob")
    lab.apply()
    deny(lab, "bob")
    # that another one was in force meanwhile does not make it a new text
    check_refused(lab, "apply", said=["was on a trial of "])
    lab.apply("--force")
    same(lab.in_force(), after, "what was forced")


# Kept, or ended before


@test
def confirm_keeps_it(lab):
    before, = applied(lab, "alice")
    after = begin(lab, "bob")
    result = lab.run("confirm", config=False, status=0)
    expect(f"in force: revision {after[:12]}, 1 policy, for good" in result.out, "what is printed", result)
    check_whole(lab, [before, after, after])
    same(actions(lab), [("apply", before), ("apply", after), ("confirm", after)], "the history")
    same(trial_of(lab), None, "the trial")
    same(lab.image(), read(lab.state_path("history", f"{after}.image")), "the image, byte for byte")
    same(lab.apply("--json").json()["outcome"], "unchanged", "apply")
    lab.rollback()
    same(lab.in_force(), before, "what one goes back to")


@test
def confirm_of_another_revision_is_refused(lab):
    before, = applied(lab, "alice")
    after = begin(lab, "bob")
    check_refused(lab, "confirm", before[:12], config=False,
                  said=[f"it is revision {after[:12]} that is on trial, and none that begins with {before[:12]}"])
    lab.run("confirm", "xyz", config=False, status=2)
    lab.run("confirm", after[:3], config=False, status=2)
    lab.run("confirm", after, after, config=False, status=2)
    same(lab.run("confirm", after[:4] if after[:4] != before[:4] else after, "--json", config=False, status=0).json()["trial"],
         None, "confirmed by its first digits")
    check_whole(lab, [before, after, after])


@test
def confirm_without_a_trial_is_refused(lab):
    result = lab.run("confirm", config=False, status=1)
    expect("nothing was ever applied: there is no trial to confirm" in result.err, "nothing applied", result)
    expect(not os.path.exists(lab.state), "the state folder was made")
    first, = applied(lab, "alice")
    check_refused(lab, "confirm", config=False, said=[f"no trial is running: revision {first[:12]} is in force for good"])
    begin(lab, "bob")
    lab.rollback()
    check_refused(lab, "confirm", config=False, said=["no trial is running"])


@test
def confirm_that_comes_too_late_changes_nothing(lab):
    before, = applied(lab, "alice")
    after = begin(lab, "bob", "1s")
    wait_for_end(lab)
    for _ in range(2):
        result = lab.run("confirm", config=False, status=1)
        expect(f"the trial of revision {after[:12]} ended " in result.err and f"revision {before[:12]} counts again" in result.err,
               "why it is refused", result)
    same(who_gets_in(lab, "alice", "bob"), [PAM_PERM_DENIED, PAM_SUCCESS], "logins")
    check_whole(lab, [before, after, before])


@test
def rollback_ends_it_at_once(lab):
    oldest, before = applied(lab, "carol", "alice")
    after = begin(lab, "bob")
    result = check_refused(lab, "rollback", after[:12], config=False)
    expect("in force, on trial" in result.err, "a rollback to itself", result)
    lab.rollback("--dry-run")
    same(lab.in_force(), after, "after a dry run")
    lab.rollback()
    check_whole(lab, [oldest, before, after, before])
    same(actions(lab)[-1], ("rollback", before), "the history")
    expect("was rolled back by" in lab.apply(status=1).err, "its text is not refused")
    # it was never in force for good: further back is what was before the one before
    lab.rollback()
    same(lab.in_force(), oldest, "further back")


@test
def rollback_that_comes_too_late_does_not_go_further_back(lab):
    oldest, before = applied(lab, "carol", "alice")
    after = begin(lab, "bob", "1s")
    wait_for_end(lab)
    found = lab.run("rollback", "--dry-run", "--json", config=False, status=0).json()
    same((found["outcome"], found["revision"]), ("unchanged", before), "a dry run")
    result = lab.rollback()
    expect(f"nothing to do: revision {before[:12]} is in force already" in result.out, "what is printed", result)
    expect(f"the trial of revision {after[:12]} ended" in result.err, "why", result)
    check_whole(lab, [oldest, before, after, before])
    lab.rollback()
    same(lab.in_force(), oldest, "the second one")


@test
def rollback_skips_what_was_only_ever_on_trial(lab):
    first, = applied(lab, "alice")
    begin(lab, "bob")
    forced = begin(lab, "carol", "1h", "--force")
    lab.run("confirm", config=False, status=0)
    same(lab.in_force(), forced, "what was confirmed")
    lab.rollback()
    same(lab.in_force(), first, "what one goes back to")


# While it runs


@test
def every_apply_is_refused_while_it_runs(lab):
    lab.apply()
    lab.rename_office("Bureau")
    found = lab.apply("--trial", "1h", "--json").json()
    who = lab.history()[0]["by"]
    said = [f"revision {found['revision'][:12]} is on a trial that {who} began, until ",
            f'"accesspolicy confirm --state {lab.state}" keeps it', f'"accesspolicy rollback --state {lab.state}" ends it now']
    check_refused(lab, "apply", said=said)
    check_refused(lab, "apply", "--trial", "1h", said=said)
    check_refused(lab, "apply", "--dry-run", said=said)
    lab.entries(12)
    check_refused(lab, "apply", "--data", config=False, said=said)
    lab.rename_office("Lodge", was="Bureau")
    check_refused(lab, "apply", said=said)
    check_refused(lab, "disable", "Lodge", "--with-pending", said=said)
    check_refused(lab, "delete", "Lodge", said=said)
    check_refused(lab, "create", "--type", "blacklist", "--name", "New", "--all", "--ip", "192.0.2.1", said=said)
    refused = lab.run("apply", "--json", status=1).json()
    same((refused["outcome"], refused["trial"], len(refused["refusals"])), ("refused", None, 1), "the JSON")
    same(trial_of(lab)["then"], lab.history()[1]["revision"], "the trial goes on")


@test
def a_forced_apply_takes_its_place_for_good(lab):
    before, = applied(lab, "alice")
    after = begin(lab, "bob")
    deny(lab, "carol")
    result = lab.apply("--force")
    expect("overridden: revision " in result.err, "it is not told", result)
    third = lab.in_force()
    same((lab.history()[0]["forced"], lab.history()[0]["trial_ends"], trial_of(lab)), (True, None, None), "the record")
    check_whole(lab, [before, after, third])
    lab.rollback()
    same(lab.in_force(), before, "what one goes back to: the other one was only on trial")


@test
def a_forced_apply_of_the_same_text_is_for_good(lab):
    before, = applied(lab, "alice")
    after = begin(lab, "bob")
    same(lab.apply("--force", "--json").json()["outcome"], "done", "it is not what is in force already")
    same((lab.in_force(), trial_of(lab)), (after, None), "what is in force")
    check_whole(lab, [before, after, after])


@test
def a_forced_trial_ends_with_what_was_kept_last(lab):
    before, = applied(lab, "alice")
    after = begin(lab, "bob")
    again = begin(lab, "bob", "2h", "--force")
    same((again, trial_of(lab)["then"]), (after, before), "the same one, for longer")
    expect(trial_of(lab)["left_seconds"] > 3600, "it is not longer", trial_of(lab))
    third = begin(lab, "carol", "1s", "--force")
    wait_for_end(lab)
    same(lab.in_force(), before, "what counts")
    lab.run("confirm", config=False, status=1)
    check_whole(lab, [before, after, after, third, before])


@test
def what_counts_then_is_kept_however_many_follow(lab):
    before, = applied(lab, "alice")
    for i in range(60):
        begin(lab, f"user{i}", "1h", "--force")
    kept = [name for name in os.listdir(lab.state_path("history")) if name.endswith(".image")]
    expect(len(kept) < 60, "nothing is dropped", len(kept))
    expect(f"{before}.image" in kept, "what counts then was dropped")
    lab.rollback()
    same(lab.in_force(), before, "what counts then")


@test
def data_on_trial(lab):
    lab.apply()
    first = lab.in_force()
    lab.entries(11)
    second = lab.apply("--data", "--trial", "1s", "--json").json()["revision"]
    wait_for_end(lab)
    same(actions(lab), [("apply", first), ("apply --data", second), ("trial-end", first)], "the history")
    result = lab.apply("--data", status=1)
    expect("it is not applied again until a data file changes" in result.err, "why it is refused", result)
    lab.entries(12)
    lab.apply("--data", "--trial", "1h")
    lab.run("confirm", config=False, status=0)
    third = lab.in_force()
    check_whole(lab, [first, second, first, third, third])


@test
def several_at_once_are_one_trial(lab):
    before, = applied(lab, "alice")
    deny(lab, "bob")
    with open(lab.state_path("lock"), "a+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        processes = [subprocess.Popen(lab.command("apply", "--trial", "1h"), stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
                     for _ in range(4)]
    results = []
    for process in processes:
        out, err = process.communicate()
        results.append(Result(process.returncode, out.decode(), err.decode()))
    same(sorted(result.status for result in results), [0, 1, 1, 1], "their statuses")
    for result in results:
        expect(result.status == 0 or "is on a trial that " in result.err, "why it is refused", result)
    same([record["trial_ends"] is not None for record in lab.history()], [True, False], "the history")
    same(trial_of(lab)["then"], before, "what counts then")


# What can be wrong


@test
def the_first_one_cannot_be_on_trial(lab):
    for words in ((), ("--dry-run",), ("--force",)):
        result = lab.apply("--trial", "1h", *words, status=1)
        expect("nothing is in force that could count again when a trial ends" in result.err, "why it is refused", result)
        expect("--force goes over it" not in result.err, "it cannot be forced", result)
        same(lab.in_force(), None, "what is in force")
    same(lab.history(), [], "the history")
    lab.apply()
    damage(lab.state_path(IMAGE), 2000)
    lab.rename_office("Bureau")
    result = lab.apply("--trial", "1h", status=1)
    expect("what is in force cannot be read: there is nothing that could count again" in result.err, "why", result)


@test
def what_is_in_force_already_is_not_tried(lab):
    lab.apply()
    result = lab.apply("--trial", "10m")
    same(result.out, f"nothing to do: revision {lab.in_force()[:12]} is in force already, and not on trial\n", "what is printed")
    same(lab.apply("--trial", "10m", "--json").json()["trial"], None, "the JSON")
    expect("no trial is running" in lab.run("confirm", config=False, status=1).err, "none began")


@test
def how_long_is_told_with_its_unit(lab):
    lab.apply()
    lab.rename_office("Bureau")
    for text in ("10", "", "5x", "-5m", "10 moons"):
        result = lab.apply("--trial", text, status=2)
        expect(text == "" or "expected how long, each number with its unit" in result.err, "what is expected", result)
    for text in ("0s", "0h0m", "8d", "168h1s", "36500d"):
        expect("a trial lasts from 1s to 7d" in lab.apply("--trial", text, status=2).err, f"the limits, of {text}")
    same(len(lab.history()), 1, "the history")
    before = int(time.time())
    found = lab.apply("--trial", "6d23h59m60s", "--json").json()
    expect(0 <= seconds(found["trial"]["ends"]) - before - 7 * 86400 <= 60, "when it ends", found)


@test
def a_trial_of_what_is_in_force_is_none(lab):
    lab.apply()
    found = lab.apply("--trial", "1h", "--json").json()
    same((found["outcome"], found["trial"], trial_of(lab)), ("unchanged", None, None), "what came of it")
    same(len(lab.history()), 1, "the history")


@test
def a_dry_run_says_when_it_would_end(lab):
    before, = applied(lab, "alice")
    deny(lab, "bob")
    folder = lab.snapshot()
    found = lab.apply("--trial", "10m", "--dry-run", "--json").json()
    same((found["outcome"], found["in_force"], found["trial"]["then"]), ("done", False, before), "what would be")
    expect(0 <= seconds(found["trial"]["ends"]) - time.time() + 60 <= 660, "when it would end", found)
    expect("would be on trial: until " in lab.apply("--trial", "10m", "--dry-run").out, "what is printed")
    same(lab.snapshot(), folder, "the state folder")


@test
def what_counts_then_is_looked_at_before_it_begins(lab):
    """A copy that the history has lost, or that is damaged, is made anew of the image in force."""
    before, = applied(lab, "alice")
    kept = lab.state_path("history", f"{before}.image")
    whole = read(kept)
    for i, spoil in enumerate((os.unlink, lambda path: damage(path, 2000), lambda path: os.truncate(path, 10))):
        spoil(kept)
        begin(lab, f"bob{i}")
        same(read(kept), whole, "the copy")
        lab.rollback()
    # of a trial in a trial's place there is no other copy
    begin(lab, "bob")
    os.unlink(kept)
    deny(lab, "carol")
    check_refused(lab, "apply", "--trial", "1h", "--force", said=["is what counts when the trial ends, and cannot be had",
                                                                    f'"accesspolicy confirm --state {lab.state}" keeps what is on trial'])


@test
def what_counts_then_and_is_lost_lets_nobody_in(lab):
    oldest, before = applied(lab, "carol", "alice")
    begin(lab, "bob", "1s")
    os.unlink(lab.state_path("history", f"{before}.image"))
    wait_for_end(lab)
    codes, log = lab.log_in(arguments[1], ("sshd", "alice", "192.0.2.1", "ssh"), ("sshd", "zoe", "192.0.2.1", "ssh"))
    same(codes, [PAM_SERVICE_ERR] * 2, "logins")
    expect("nobody is let in" in log and "has ended, and cannot be had: " in log and f"{before}.image" in log, "the log", log)
    result = lab.run("status", config=False, status=3)
    expect("has ended, and cannot be had: " in result.err and "accesspolicy rollback" in result.err, "status", result)
    lab.run("test", "--user", "zoe", "--ip", "192.0.2.1", config=False, status=3)
    same(lab.run("history", "--json", config=False).status, 0, "history")
    # not to what was on trial, though the history has that whole
    lab.rollback()
    same(lab.in_force(), oldest, "what one goes back to")
    same(who_gets_in(lab, "alice", "bob", "carol"), [PAM_SUCCESS, PAM_SUCCESS, PAM_PERM_DENIED], "logins")


@test
def apply_puts_another_in_force_where_what_counts_is_lost(lab):
    applied(lab, "alice")
    begin(lab, "bob", "1s")
    for name in os.listdir(lab.state_path("history")):
        if name.endswith(".image"):
            os.unlink(lab.state_path("history", name))
    wait_for_end(lab)
    same(who_gets_in(lab, "zoe"), [PAM_SERVICE_ERR], "logins")
    deny(lab, "carol")
    result = lab.apply()
    expect("what was in force before could not be read" in result.out, "what is told", result)
    same(who_gets_in(lab, "zoe", "carol"), [PAM_SUCCESS, PAM_PERM_DENIED], "logins")


@test
def a_history_that_lost_its_lines_keeps_the_trial(lab):
    oldest, before = applied(lab, "carol", "alice")
    after = begin(lab, "bob")
    os.unlink(lab.state_path("history", "log"))
    check_refused(lab, "apply", said=[f"revision {after[:12]} is on a trial, until "])
    same(trial_of(lab)["by"], None, "who began it")
    kept = os.path.join(lab.folder, "kept")
    shutil.copytree(lab.state, kept)
    lab.rollback()
    same(lab.in_force(), before, "rollback")
    shutil.rmtree(lab.state)
    shutil.copytree(kept, lab.state)
    lab.run("confirm", config=False, status=0)
    same((lab.in_force(), trial_of(lab)), (after, None), "confirm")
    expect(oldest != before, "the test itself")


@test
def confirm_needs_no_copy_of_the_history(lab):
    before, = applied(lab, "alice")
    after = begin(lab, "bob")
    kept = lab.state_path("history", f"{after}.image")
    whole = contents_of(read(kept))
    os.unlink(kept)
    lab.run("confirm", config=False, status=0)
    same((lab.in_force(), trial_of(lab)), (after, None), "what is in force")
    same(contents_of(read(kept)), whole, "the history's copy")
    check_whole(lab, [before, after, after])


@test
def the_history_s_copy_is_never_on_trial(lab):
    before, = applied(lab, "alice")
    after = begin(lab, "bob")
    same(read(lab.state_path("history", f"{after}.image"))[96:136], bytes(40), "its end and what then")
    expect(lab.image()[96:136] != bytes(40), "the test itself: no trial where it is looked for")
    lab.rollback()
    lab.rollback(after)
    same((lab.in_force(), trial_of(lab)), (after, None), "put in force again")
    expect(before != after, "the test itself")


@test
def a_damaged_trial_is_neither_longer_nor_shorter(lab):
    before, = applied(lab, "alice")
    begin(lab, "bob")
    image = lab.image()
    for at in range(96, 136, 3):
        damage(lab.state_path(IMAGE), at, 0x20)
        same(who_gets_in(lab, "alice", "zoe"), [PAM_SERVICE_ERR] * 2, f"logins, with byte {at} damaged")
        damage(lab.state_path(IMAGE), at, 0x20)
    same(lab.image(), image, "the test itself")
    damage(lab.state_path(IMAGE), 100, 0x20)
    for words in (("status",), ("confirm",)):
        result = lab.run(*words, config=False)
        expect(result.status in (1, 3) and "damaged" in result.err, f"{words} of a damaged one", result)
    lab.rollback()
    same(lab.in_force(), before, "rollback")


# What is shown


@test
def the_status_tells_of_it(lab):
    before, = applied(lab, "alice")
    same(trial_of(lab), None, "no trial")
    asked = int(time.time())
    after = begin(lab, "bob", "90m")
    found = status(lab)
    trial = found["trial"]
    same((trial["then"], trial["by"]), (before, lab.history()[0]["by"]), "what then, and by whom")
    left = seconds(trial["ends"]) - asked
    expect(5400 <= left <= 5460 and 5340 <= trial["left_seconds"] <= 5400, "what is left", trial)
    same((found["in_force"]["revision"], found["in_force"]["action"], found["differs"]), (after, "apply", False), "in force")
    shown = lab.run("status", config=False, status=0).out
    for text in ("Trial       ends ", f"; then revision {before[:12]} counts again.", "(apply, on trial)",
                 f'"accesspolicy confirm --state {lab.state}" keeps what is on trial'):
        expect(text in shown, f"not shown: {text}", shown)
    local = datetime.datetime.strptime(trial["ends"], "%Y-%m-%dT%H:%M:%SZ") + datetime.timedelta(hours=9)
    shown = lab.run("history", config=False, env={"TZ": "<+09>-9"}).out.splitlines()[1]
    expect("apply, on trial" in shown and f"; on trial until {local} +0900" in shown, "history", shown)
    lab.run("confirm", config=False, status=0)
    shown = lab.run("history", config=False).out
    expect("confirm" in shown.splitlines()[1] and "kept: its trial is over" in shown, "history", shown)
    note(lab.run("status", config=False).out)


main()
