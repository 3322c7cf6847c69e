"""Apply, rollback, and trials as they begin, are kept and end, killed before each call that could change the state folder, or with each of them failing.

The second argument is the library of nth_call.c, which does that. What must hold after each of them: the image in force
is whole, and the old or the new one; the history knows which; the next apply succeeds, leaves nothing behind, and then the
history has a line for each time that something came in force, and none for what never did.
"""
import errno
import os
import shutil
import tempfile
import time

from lab import IMAGE, Skip, arguments, check_whole, expect, main, note, read, revision_of, same, test

MOST_CALLS = 200

# A process that is killed loses nothing that it has written, on whatever disk: one in memory is the fastest.
if os.access("/dev/shm", os.W_OK | os.X_OK):
    tempfile.tempdir = "/dev/shm"


class Bench:
    """A state folder that is put back to what it was before each interruption."""

    def __init__(self, lab, applied, words, config=True):
        """`applied`: how many policies are in force one after the other before `words` are run."""
        self.lab, self.words, self.config = lab, words, config
        self.kept = os.path.join(lab.folder, "kept")
        self.report = os.path.join(lab.folder, "report")
        self.revisions = []
        was = "Office"
        for i in range(applied):
            lab.rename_office(f"Office {i}", was=was)
            was = f"Office {i}"
            lab.apply()
            self.revisions.append(lab.in_force())
        if words[0] == "apply":
            lab.rename_office("Bureau", was=was)
        if os.path.exists(lab.state):
            shutil.copytree(lab.state, self.kept)
        self.new = None

    def reset(self):
        shutil.rmtree(self.lab.state, ignore_errors=True)
        if os.path.exists(self.kept):
            # hard links are links again: what is in force and what is kept are one file
            shutil.copytree(self.kept, self.lab.state, copy_function=os.link)
            for name in ("lock", "history/log"):
                shutil.copyfile(os.path.join(self.kept, name), self.lab.state_path(name) + ".copy")
                os.chmod(self.lab.state_path(name) + ".copy", 0o600)
                os.rename(self.lab.state_path(name) + ".copy", self.lab.state_path(name))
        if os.path.exists(self.report):
            os.unlink(self.report)

    def run(self, nth=0, action="kill"):
        return self.lab.run(*self.words, config=self.config, env={
            "LD_PRELOAD": arguments[1], "AP_NTH_CALL": str(nth), "AP_NTH_ACTION": action,
            "AP_NTH_REPORT": self.report,
            # what is preloaded comes before a sanitizer's own library
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0:detect_leaks=0"})

    def calls(self):
        """What was called, the last of them first; the last one that something happened at has a star."""
        with open(self.report, encoding="utf-8") as file:
            return [line.rstrip("\n") for line in file]

    def count(self):
        """Runs it undisturbed; returns how many calls there are."""
        self.reset()
        result = self.run()
        same(result.status, 0, f"undisturbed: {result}")
        self.new = self.lab.in_force()
        same(self.in_history(), self.revisions + [self.new], "the history, undisturbed")
        n = len(self.calls())
        expect(10 < n < MOST_CALLS, "the calls", n)
        return n

    def in_history(self):
        return [record["revision"] for record in reversed(self.lab.history())]

    def check_now(self):
        """Right after the interruption; True if the new one is in force."""
        old = self.revisions[-1] if self.revisions else None
        now = self.lab.in_force()
        expect(now in (old, self.new), "neither the old nor the new one is in force", now)
        came = now == self.new
        same(self.in_history(), self.revisions + ([self.new] if came else []), "the history, before the next apply")
        return came

    def check_next(self, came):
        """The next apply, undisturbed."""
        result = self.lab.run(*self.words, config=self.config)
        if self.words[0] == "rollback" and came:
            # another one would go further back, or has nothing to go back to
            result = self.lab.run("rollback", self.new, config=False)
        same(result.status, 0, f"the next one: {result}")
        check_whole(self.lab, self.revisions + [self.new])


def every_call(bench, action):
    """Does `action` at each call. Counts what came of it: (old, new) in force, and by status of the command."""
    n = bench.count()
    counts = {"old": 0, "new": 0}
    statuses = {}
    for nth in range(1, n + 1):
        bench.reset()
        result = bench.run(nth, action)
        starred = [call for call in bench.calls() if call.endswith(" *")]
        where = f"{action} at {starred[0] if starred else nth}"
        try:
            expect(starred, "nothing happened")
            came = bench.check_now()
            counts["new" if came else "old"] += 1
            statuses[result.status] = statuses.get(result.status, 0) + 1
            check_status(bench, action, result, came)
            bench.check_next(came)
        except Exception as error:
            note(f"{where}: {result}")
            raise error
    note(f"{' '.join(bench.words)}, {len(bench.revisions)} before, {action}: {n} calls, then in force: "
         f"{counts['old']} old, {counts['new']} new; statuses {dict(sorted(statuses.items()))}")
    return counts


def check_status(bench, action, result, came):
    if action in ("kill", "torn"):
        same(result.status, -9, "it was killed")
        return
    if action == "short":
        same((result.status, came), (0, True), "a short write is gone on with")
        return
    expect(result.status in (0, 1), "its status", result)
    if result.status == 0:
        expect(came, "done, and not in force", result)
        return
    expect(result.err.startswith(f"accesspolicy {bench.words[0]}: "), "it does not say what failed", result)
    said = "is in force all the same" in result.err
    same(said, came, f"what it says is in force: {result}")
    if not came:
        expect("Not applied: " in result.err, "it does not say that nothing was applied", result)


# A process that is killed tells a sanitizer nothing: there, what goes wrong in one that goes on.
ACTIONS = ([] if "ASAN_OPTIONS" in os.environ else ["kill", "torn", "short"]) + [str(errno.EIO), f"{errno.ENOSPC}+"]


def all_actions(bench):
    for action in ACTIONS:
        counts = every_call(bench, action)
        if action != "short":
            expect(counts["old"] > 0 and counts["new"] > 0, f"{action}: both are to be seen", counts)


@test
def first_apply(lab):
    all_actions(Bench(lab, 0, ["apply"]))


@test
def apply_over_another(lab):
    all_actions(Bench(lab, 2, ["apply"]))


@test
def rollback(lab):
    all_actions(Bench(lab, 2, ["rollback"], config=False))


@test
def rollback_to_the_one_before_the_last_of_three(lab):
    bench = Bench(lab, 3, ["rollback"], config=False)
    same(bench.count() > 10, True, "the calls")
    same(bench.new, bench.revisions[1], "what it goes back to")


class Trial:
    """A trial of a policy, of which each step may be interrupted: `words` begins it, keeps it, or finds it ended.

    What is in force may be the same revision before and after the step: what came of it is told by the trial, and by the
    history, which must agree.
    """

    def __init__(self, lab, words, config, how_long=None):
        """`how_long`: a trial is begun before `words` are run; None: not."""
        self.bench = Bench(lab, 1, ["apply"])
        self.lab, self.before = lab, self.bench.revisions[0]
        if how_long is not None:
            lab.apply("--trial", how_long)
            while how_long == "1s" and self.trial() is not None:
                time.sleep(0.02)
            shutil.rmtree(self.bench.kept)
            shutil.copytree(lab.state, self.bench.kept)
        self.bench.words, self.bench.config = words, config
        self.after = None

    def trial(self):
        return self.lab.run("status", "--json", config=False).json()["trial"]

    def seen(self):
        """What is in force, what counts then, and the history, of which a trial's end is another at each run."""
        trial = self.trial()
        return (self.lab.in_force(), trial["then"] if trial is not None else None,
                [(record["action"], record["revision"], record["trial_ends"] is not None)
                 for record in reversed(self.lab.history())])

    def every_call(self, action, status=0):
        """Does `action` at each call. What must hold right after each: what was before it, or all of what is after it."""
        self.bench.reset()
        same(self.bench.run().status, status, "its status, undisturbed")
        n = len(self.bench.calls())
        expect(10 < n < MOST_CALLS, "the calls", n)
        self.after = self.seen()
        self.bench.reset()
        was = self.seen()
        expect(was != self.after or status != 0, "the test itself: nothing comes of it", was)
        counts = [0, 0]
        for nth in range(1, n + 1):
            self.bench.reset()
            result = self.bench.run(nth, action)
            try:
                now = self.seen()
                expect(now in (was, self.after), "it is half done", now)
                came = now == self.after
                counts[came] += 1
                if result.status in (0, 1) and status == 0:
                    same(result.status == 0 or "is in force all the same" in result.err, came, f"what it says: {result}")
                self.check_next(came, status)
            except Exception as error:
                note(f"{action} at {[call for call in self.bench.calls() if call.endswith(' *')][:1] or nth}: {result}")
                raise error
        note(f"{' '.join(self.bench.words)}, {action}: {n} calls, {counts[0]} times as before, {counts[1]} times as after")
        if status == 0 and action != "short":
            expect(min(counts) > 0, "both are to be seen", counts)

    def check_next(self, came, status):
        """The same again, undisturbed: then it is done, nothing is left over, and nothing is written twice."""
        result = self.lab.run(*self.bench.words, config=self.bench.config)
        same(result.status, 1 if came else status, f"the next one: {result}")
        same(self.seen(), self.after, "what came of it")
        # a trial is not what the history has: that is looked at when it is no trial any more
        if self.trial() is not None:
            self.lab.run("confirm", config=False, status=0)
        check_whole(self.lab, [record["revision"] for record in reversed(self.lab.history())])


@test
def trial_begins(lab):
    trial = Trial(lab, ["apply", "--trial", "1h"], True)
    for action in ACTIONS:
        trial.every_call(action)


@test
def trial_is_confirmed(lab):
    trial = Trial(lab, ["confirm"], False, "1h")
    for action in ACTIONS:
        trial.every_call(action)


@test
def trial_that_has_ended_is_written_down(lab):
    """By a command that is refused: before and after it, what counts is what was in force before."""
    trial = Trial(lab, ["confirm"], False, "1s")
    same(trial.seen()[:2], (trial.before, None), "what counts")
    for action in ACTIONS:
        trial.every_call(action, status=1)


@test
def apply_after_an_apply_that_was_killed(lab):
    """What the first one left is taken up by the second, which is killed too: a third of all pairs of calls."""
    if "ASAN_OPTIONS" in os.environ:
        raise Skip("takes too long with sanitizers; the other tests have all calls")
    bench = Bench(lab, 1, ["apply"])
    n = bench.count()
    pairs = 0
    for first in range(1, n + 1):
        for second in range(1 + first % 3, MOST_CALLS, 3):
            bench.reset()
            bench.run(first, "kill")
            came = bench.check_now()
            os.unlink(bench.report)
            result = bench.run(second, "kill")
            if result.status == 0:
                break
            try:
                same(result.status, -9, "it was killed")
                came = bench.check_now() or came
                same(lab.in_force() == bench.new, came, "what came in force stays")
                bench.check_next(came)
            except Exception as error:
                note(f"killed at call {first}, then at call {second}")
                raise error
            pairs += 1
    note(f"{pairs} pairs of calls")
    expect(pairs > 2 * n, "pairs", pairs)


@test
def another_policy_after_an_apply_that_was_killed(lab):
    """The one that was killed is in the history if it came in force, and not else."""
    bench = Bench(lab, 1, ["apply"])
    n = bench.count()
    came_in_force = 0
    for nth in range(1, n + 1):
        bench.reset()
        bench.run(nth, "kill")
        came = bench.check_now()
        came_in_force += came
        lab.rename_office("Lodge", was="Bureau")
        lab.apply()
        third = revision_of(read(lab.state_path(IMAGE)))
        check_whole(lab, bench.revisions + ([bench.new] if came else []) + [third])
        lab.rename_office("Bureau", was="Lodge")
    note(f"{n} kills: {came_in_force} came in force")


@test
def dry_run_and_nothing_to_do_are_harmless_wherever_they_end(lab):
    lab.apply()
    first = lab.in_force()
    bench = Bench(lab, 0, ["apply", "--dry-run"])
    before = lab.snapshot()
    bench.report = os.path.join(lab.folder, "report")
    same(bench.run().status, 0, "dry run")
    expect(not os.path.exists(bench.report), "a dry run calls what changes things")
    same(lab.snapshot(), before, "the state folder")
    lab.rename_office("Office", was="Bureau")
    bench.words = ["apply"]
    bench.run()
    n = len(bench.calls())
    for nth in range(1, n + 1):
        bench.run(nth, "kill")
        same(lab.in_force(), first, "what is in force")
        check_whole(lab, [first])
    note(f"nothing to do: {n} calls")


main()
