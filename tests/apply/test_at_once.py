"""Several who apply at once: one after the other, or told who is at it; the history has each that succeeded."""
import fcntl
import os
import subprocess

from lab import Lab, Result, check_whole, environment, expect, main, note, revision_of, same, test

N = 8


def start(lab, *words, config=True):
    return subprocess.Popen(lab.command(*words, config=config), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=environment(), cwd=lab.folder)


def finish(process):
    out, err = process.communicate()
    return Result(process.returncode, out.decode(), err.decode())


def others(lab, n, name="Office"):
    """Labs with a policy each, all of which have this one's state folder: each is another root file, so they force."""
    found = []
    for i in range(n):
        folder = os.path.join(lab.folder, f"{name}{i}")
        os.mkdir(folder)
        other = Lab(folder)
        other.state = lab.state
        other.rename_office(f"{name} {i}")
        found.append(other)
    return found


def check_chain(lab, n, n_changed):
    """n records, numbered one after the other, each of which replaced the one before it; the last one is in force."""
    history = list(reversed(lab.history()))
    same([record["number"] for record in history], list(range(1, n + 1)), "the numbers")
    for before, after in zip(history, history[1:]):
        same(after["replaced"], before["revision"], f"what number {after['number']} replaced")
        expect(after["revision"] != before["revision"], "a record without a change", after)
    same(revision_of(lab.image()), history[-1]["revision"], "the image in force")
    same(len({record["revision"] for record in history}), n_changed, "how many different ones")
    check_whole(lab, [record["revision"] for record in history])


def start_all(lab, jobs):
    """All wait for the lock, so that they meet; returns their results."""
    os.makedirs(lab.state, exist_ok=True)
    with open(os.path.join(lab.state, "lock"), "a+b") as lock:
        os.chmod(lab.state_path("lock"), 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        processes = [start(other, *words, config=config) for other, words, config in jobs]
    return [finish(process) for process in processes]


def count(results):
    done = [result for result in results if result.status == 0]
    for result in results:
        expect(result.status == 0 or (result.status == 1 and " is held by process " in result.err),
               "neither done nor told who is at it", result)
    note(f"{len(results)} at once: {len(done)} done, {len(results) - len(done)} told who holds the lock")
    return len(done)


@test
def all_of_them_are_in_the_history(lab):
    labs = others(lab, N)
    for rounds in range(1, 4):
        n = count(start_all(lab, [(other, ["apply", "--force"], True) for other in labs]))
        expect(n == N, "30 seconds are enough for so few")
        known = len(lab.history())
        # the first of a round may be what is in force already
        expect(known in (N * rounds, N * rounds - 1, N * rounds - 2), "the history's length", known)
        check_chain(lab, known, N)


@test
def first_apply_of_many(lab):
    labs = others(lab, N)
    processes = [start(other, "apply", "--force") for other in labs]
    n = count([finish(process) for process in processes])
    check_chain(lab, n, n)


@test
def the_same_policy_many_times_is_applied_once(lab):
    results = start_all(lab, [(lab, ["apply"], True)] * N)
    count(results)
    same(sorted(result.out.splitlines()[-1].split(":")[0] for result in results),
         ["in force"] + ["nothing to do"] * (N - 1), "what they say")
    check_chain(lab, 1, 1)


@test
def rollbacks_and_data_among_them(lab):
    lab.apply()
    for other in others(lab, 4):
        other.apply("--force")
    before = len(lab.history())
    labs = others(lab, 2, "More")
    first = lab.history()[-1]["revision"]
    jobs = [(labs[0], ["apply", "--force"], True), (labs[1], ["apply", "--force"], True), (lab, ["rollback"], False),
            (lab, ["rollback", first[:12]], False), (lab, ["apply", "--data", "--force"], False)]
    results = start_all(lab, jobs)
    for result in results:
        # a plain rollback that comes behind the one to the first revision has nothing to go back to
        nothing_left = result is results[2] and "nothing older than revision" in result.err
        expect(result.status == (1 if nothing_left else 0), "each succeeds", result)
    changed = sum(result.out.splitlines()[-1:] != [] and result.out.splitlines()[-1].startswith("in force: ")
                  for result in results)
    history = list(reversed(lab.history()))
    same(len(history), before + changed, "the history's length")
    same([record["number"] for record in history], list(range(1, len(history) + 1)), "the numbers")
    for one, other in zip(history, history[1:]):
        same(other["replaced"], one["revision"], f"what number {other['number']} replaced")
    same(lab.in_force(), history[-1]["revision"], "what is in force")


@test
def readers_see_a_whole_state_at_any_moment(lab):
    lab.apply()
    labs = others(lab, N)
    processes = [start(other, "apply", "--force") for other in labs]
    looks = 0
    while any(process.poll() is None for process in processes):
        found = lab.run("status", "--json", config=False)
        expect(found.status in (0, 1), "status", found)
        # an image's record may be the intent, or be written already: it is never unknown
        history = lab.history()
        same([record["number"] for record in history], list(range(len(history), 0, -1)), "the numbers")
        looks += 1
    for process in processes:
        same(finish(process).status, 0, "apply")
    note(f"looked {looks} times")
    check_chain(lab, N + 1, N + 1)


@test
def who_waits_too_long_is_told_who_is_at_it(lab):
    lab.apply()
    image = lab.image()
    lab.rename_office("Bureau")
    with open(lab.state_path("lock"), "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n".encode())
        lock.flush()
        waiting = [start(lab, "apply"), start(lab, "apply", "--json"), start(lab, "rollback", config=False)]
        results = [finish(process) for process in waiting]
    told = f"is held by process {os.getpid()}, which is applying a policy"
    for result in results:
        same(result.status, 1, "its status")
    expect(told in results[0].err, "what is said", results[0])
    expect("nothing is in force" not in results[0].err, "something is in force", results[0])
    found = results[1].json()
    same((found["outcome"], found["in_force"]), ("failed", False), "the outcome")
    expect(told in found["errors"][0]["message"], "the JSON", found)
    expect(told in results[2].err, "rollback", results[2])
    same(lab.image(), image, "the image in force")
    note(results[0].err.strip())


main()
