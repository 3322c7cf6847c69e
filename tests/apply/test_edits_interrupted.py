"""Edits of policy files, killed before each call that could change anything, or with each of them failing: a disk that is
full at every write.

The second argument is the library of nth_call.c, which does that. What must hold after each: what is in force is whole, and
the old or the new one. Where the command could go on, the files say what is in force, all of them, and nothing is
left beside them. Where it was killed, no text is lost: what a file said is in its place, or beside it as ".NAME.old".
"""
import errno
import os
import shutil
import tempfile

from lab import arguments, expect, main, note, read, same, test

MOST_CALLS = 200

if os.access("/dev/shm", os.W_OK | os.X_OK):
    tempfile.tempdir = "/dev/shm"

KIOSK = 'policies = ( { name = "Kiosk"; type = "blacklist"; scope = { all = true; }; ip = [ "198.51.100.0/24" ]; } );\n'
REFERENCES = """exceptions = ( { name = "X"; policies = [ "Kiosk" ]; members = [ "alice" ]; not_after = "2099-01-01T00:00:00Z"; },
  { name = "Over"; policies = [ "Kiosk" ]; members = [ "alice" ]; not_after = "2001-01-01T00:00:00Z"; } );
"""


def texts(folder):
    """The policy files, and whatever is beside them."""
    return {os.path.relpath(os.path.join(where, name), folder): read(os.path.join(where, name))
            for where, _, names in os.walk(folder) for name in names}


class Bench:
    """Both folders are put back to what they were before each run."""

    def __init__(self, lab, words):
        self.lab, self.words = lab, words
        lab.apply()
        self.folders = [lab.policy, lab.state]
        for folder in self.folders:
            shutil.copytree(folder, folder + ".kept")
        self.report = os.path.join(lab.folder, "report")
        self.old = (texts(lab.policy), lab.in_force())
        result = self.run(0, "0")
        same(result.status, 0, f"undisturbed: {result}")
        self.new = (texts(lab.policy), lab.in_force())
        expect(self.old[0] != self.new[0] and self.old[1] != self.new[1], "it changes something")
        self.n_calls = len(self.calls())
        expect(10 < self.n_calls < MOST_CALLS, "the calls", self.calls())

    def reset(self):
        for folder in self.folders:
            shutil.rmtree(folder)
            shutil.copytree(folder + ".kept", folder)
        os.unlink(self.report)

    def calls(self):
        with open(self.report, encoding="utf-8") as file:
            return file.read().splitlines()

    def run(self, nth, action):
        return self.lab.run(*self.words, env={
            "LD_PRELOAD": arguments[1], "AP_NTH_CALL": str(nth), "AP_NTH_ACTION": action, "AP_NTH_REPORT": self.report,
            # what is preloaded comes before a sanitizer's own library
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0:detect_leaks=0"})


def check_killed(bench):
    """Every old text is somewhere, but for one whose new text is in its place, or that has gone for good."""
    old, new, found = bench.old[0], bench.new[0], texts(bench.lab.policy)
    came = bench.lab.in_force() == bench.new[1]
    for name, text in old.items():
        kept = os.path.join(os.path.dirname(name), f".{os.path.basename(name)}.old")
        if not came:
            expect(text in (found.get(name), found.get(kept)), f"{name} is lost", found)
        else:
            expect(found.get(name) == new.get(name), f"{name} is not what is in force", found)
    for name in found:
        expect(name in old or name in new or os.path.basename(name).startswith("."), "what is this?", name)


def check_ended(bench, result, call):
    """All of it, or nothing."""
    found, in_force = texts(bench.lab.policy), bench.lab.in_force()
    beside = [name for name in found if os.path.basename(name).startswith(".")]
    came = in_force == bench.new[1]
    if "cannot be put back" in result.err or "cannot be removed again" in result.err:
        # then even that failed: the old texts are beside their places
        check_killed(bench)
        return "not put back"
    same({name: text for name, text in found.items() if name not in beside}, (bench.new if came else bench.old)[0],
         f"the files: {result}")
    expect(not beside or "unlinkat" in call, "what is left beside", beside)
    if result.status == 0:
        expect(came, "done, and not in force", result)
    else:
        same(result.status, 1, f"its status: {result}")
        expect("cannot be " in result.err or "No space left" in result.err, "it does not say why", result)
        same("is in force all the same" in result.err, came, f"what it says: {result}")
    return "new" if came else "old"


def every_call(bench, action):
    counts = {}
    for nth in range(1, bench.n_calls + 1):
        bench.reset()
        result = bench.run(nth, action)
        starred = [call for call in bench.calls() if call.endswith(" *")]
        try:
            expect(starred, "nothing happened")
            expect(bench.lab.in_force() in (bench.old[1], bench.new[1]), "what is in force")
            if action == "kill":
                same(result.status, -9, "it was killed")
                check_killed(bench)
                outcome = "new" if bench.lab.in_force() == bench.new[1] else "old"
            else:
                outcome = check_ended(bench, result, starred[0])
        except Exception as error:
            note(f"{action} at {starred[0] if starred else nth}")
            raise error
        counts[outcome] = counts.get(outcome, 0) + 1
    note(f"{' '.join(bench.words)}, {action}: {bench.n_calls} calls: {counts}")
    return counts


# A process that is killed tells a sanitizer nothing: there, what goes wrong in one that goes on.
KILLED = [] if "ASAN_OPTIONS" in os.environ else ["kill"]
SHORT = [] if "ASAN_OPTIONS" in os.environ else ["short"]
FULL = f"{errno.ENOSPC}+"


def all_actions(bench, actions):
    for action in actions:
        counts = every_call(bench, action)
        expect(counts.get("new", 0) > 0 and (action == "short" or counts.get("old", 0) > 0), f"{action}: both are to be seen",
               counts)


@test
def renamed_in_three_files(lab):
    lab.write("conf.d/50-kiosk.conf", KIOSK)
    lab.write("conf.d/60-more.conf", REFERENCES)
    all_actions(Bench(lab, ["edit", "Kiosk", "--rename", "Hall"]), KILLED + SHORT + [str(errno.EIO), FULL])


@test
def an_exception_in_the_first_drop_in_of_all(lab):
    all_actions(Bench(lab, ["except", "add", "--member", "alice", "--policy", "Office", "--name", "N", "--until",
                            "2099-01-01 00:00"]), KILLED + [FULL])


@test
def an_exception_deleted_with_its_file(lab):
    lab.write("conf.d/50-kiosk.conf", KIOSK)
    lab.write("conf.d/60-more.conf", REFERENCES)
    all_actions(Bench(lab, ["except", "delete", "X", "Over"]), KILLED + [FULL])


main()
