"""Apply, killed at random moments: seeded, AP_SEED=N repeats a run, AP_KILLS=N makes it longer.

Most kills are spread over all of its duration; as a rename is a matter of a moment, the others begin when the intent
is there. What must hold after each of them is in the head of test_interrupted.py.
"""
import os
import random
import signal
import subprocess
import time

from lab import Skip, check_whole, environment, expect, main, note, revision_of, same, test

SEED = int(os.environ.get("AP_SEED", "20261124"), 0)
KILLS = int(os.environ.get("AP_KILLS", "100"), 0)
RANGES = 100000


def start(lab):
    return subprocess.Popen(lab.command("apply"), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL, env=environment(), cwd=lab.folder)


def in_history(lab):
    return [record["revision"] for record in reversed(lab.history())]


def wait_for_intent(lab, process):
    """True when it is there, or the image has been made; False where the process came to its end unseen."""
    while process.poll() is None:
        if os.path.exists(lab.state_path("intent")):
            return True
    return False


def kill_after(process, seconds):
    """True if it had not come to its end by itself."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def durations(lab):
    """Of a whole apply, and of what is left of it once the intent is there."""
    begin = time.monotonic()
    process = start(lab)
    wait_for_intent(lab, process)
    intent = time.monotonic()
    same(process.wait(), 0, "an undisturbed apply")
    end = time.monotonic()
    return end - begin, end - intent


@test
def what_was_in_force_stays_or_is_replaced_as_a_whole(lab):
    if "ASAN_OPTIONS" in os.environ:
        raise Skip("a process that is killed tells a sanitizer nothing")
    lab.write("drop.netset", "".join(f"{10 + i // 32768 % 100}.{i // 128 % 256}.{i % 128 * 2}.0/25\n"
                                     for i in range(RANGES)))
    names = ["Office", "Bureau"]
    revisions = []
    lab.apply()
    revisions.append(lab.in_force())
    lab.rename_office(names[1], was=names[0])
    whole, rest = durations(lab)
    revisions.append(lab.in_force())
    expected = list(revisions)
    expect(len(set(revisions)) == 2, "two policies", revisions)
    numbers = random.Random(SEED)
    counts = {"before": 0, "after": 0, "by itself": 0}
    for i in range(KILLS):
        names.reverse()
        revisions.reverse()
        lab.rename_office(names[1], was=names[0])
        process = start(lab)
        if i % 5 < 3:
            killed = kill_after(process, numbers.uniform(0, whole))
        else:
            wait_for_intent(lab, process)
            killed = kill_after(process, numbers.uniform(0, rest))
        now = lab.in_force()
        where = f"kill {i} of AP_SEED={SEED:#x}"
        expect(now in revisions, f"{where}: neither the old nor the new one is in force", now)
        came = now == revisions[1]
        expect(came or killed, f"{where}: it came to its end, and is not in force")
        counts["by itself" if not killed else "after" if came else "before"] += 1
        expected += [revisions[1]] if came else []
        same(in_history(lab), expected, f"{where}: the history, before the next apply")
        same(lab.apply("--json").json()["outcome"], "unchanged" if came else "done", f"{where}: the next apply")
        expected += [] if came else [revisions[1]]
        check_whole(lab, expected)
        same(revision_of(lab.image()), revisions[1], f"{where}: what is in force")
    note(f"AP_SEED={SEED:#x}, {KILLS} kills over {whole * 1000:.0f} ms, {rest * 1000:.0f} of which after the intent: "
         f"{counts['before']} before the rename, {counts['after']} after it, {counts['by itself']} came too late")
    expect(counts["before"] > 0 and counts["after"] > 0, "both kinds are to be seen", counts)


main()
