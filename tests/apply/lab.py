"""What the tests of this folder share: policy and state folders of a test's own, the command, and TAP on standard output.

A test is a function marked @test, whose name says the behaviour; it is given a Lab. What it finds wrong it says with
expect() or same(), which end it. main() runs all tests of a script, which is called as

    python3 SCRIPT.py ACCESSPOLICY [MORE...] [only=PART-OF-A-NAME]
"""
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import alone  # noqa: E402

IMAGE = "policy.v1.image"
ROOT_FILE = "accesspolicy.conf"
BLOCK = 4096

# Two policies, a feed and a directory file, each of ten entries.
POLICY = """networks = ( { name = "drop"; file = "drop.netset"; } );
directory = [ "members.csv" ];
policies = (
  { name = "Dropped"; type = "blacklist"; scope = { all = true; }; ip = [ "@drop" ]; },
  { name = "Office"; type = "whitelist"; scope = { departments = [ "staff" ]; }; ip = [ "10.0.0.0/8" ]; }
);
"""

tests = []
arguments = []
notes = []


def test(function):
    tests.append(function)
    return function


class Skip(Exception):
    pass


class Wrong(Exception):
    pass


def expect(condition, what, *found):
    if not condition:
        raise Wrong("\n".join([what] + [str(item) for item in found]))


def same(found, expected, what):
    if isinstance(found, bytes) and len(found) > 80:
        found, expected = hashlib.sha256(found).hexdigest(), hashlib.sha256(expected).hexdigest()
    expect(found == expected, what, f"expected: {expected!r}", f"found:    {found!r}")


def note(text):
    """Is printed beside the test's result."""
    notes.append(text)


def need_root():
    if os.geteuid() != 0:
        raise Skip("needs root")


class Result:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def json(self):
        try:
            return json.loads(self.out)
        except ValueError:
            raise Wrong(f"no JSON: {self}") from None

    def __str__(self):
        return f"status {self.status}\n--- stdout\n{self.out}--- stderr\n{self.err}---"


def environment(more=None):
    """What the command sees: nothing of this machine's user, and what a sanitizer is told."""
    all_of_it = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TZ": "UTC0", "LC_ALL": "C.UTF-8"}
    for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
        if name in os.environ:
            all_of_it[name] = os.environ[name]
    all_of_it.update(more or {})
    return all_of_it


class Lab:
    """A folder with the policy's in `policy` and, once something was applied, the state folder in `state`."""

    def __init__(self, folder=None):
        self.owned = folder is None
        self.folder = os.path.realpath(folder or tempfile.mkdtemp(prefix="accesspolicy-"))
        self.policy = os.path.join(self.folder, "policy")
        self.state = os.path.join(self.folder, "state")
        os.mkdir(self.policy, 0o755)
        self.write(ROOT_FILE, POLICY)
        self.entries(10)
        self.members(10)

    def close(self):
        if self.owned:
            shutil.rmtree(self.folder, ignore_errors=True)

    # The files

    def path(self, name):
        return os.path.join(self.policy, name)

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o644)

    def change(self, before, after, name=ROOT_FILE):
        with open(self.path(name), encoding="utf-8") as file:
            text = file.read()
        expect(before in text, f"the test itself: no {before!r} in {name}")
        self.write(name, text.replace(before, after))

    def rename_office(self, name, was="Office"):
        """A change of the policy text that matters to a login."""
        self.change(f'name = "{was}"', f'name = "{name}"')

    def entries(self, n, first=0):
        self.write("drop.netset", "".join(f"192.0.2.{first + i}\n" for i in range(n)))

    def members(self, n):
        self.write("members.csv", "".join(f"member{i}@example.com,staff\n" for i in range(n)))

    # The command

    def command(self, *words, config=True):
        given = ["--config", self.path(ROOT_FILE)] if config else []
        return [arguments[0], "--state", self.state] + given + list(words)

    def run(self, *words, config=True, env=None, umask=0o022, status=None):
        done = subprocess.run(self.command(*words, config=config), stdin=subprocess.DEVNULL, capture_output=True,
                              env=environment(env), cwd=self.folder, umask=umask, check=False)
        result = Result(done.returncode, done.stdout.decode(), done.stderr.decode())
        if status is not None:
            expect(result.status == status, f"{' '.join(words)}: expected status {status}", result)
        return result

    def apply(self, *words, status=0, **more):
        return self.run("apply", *words, config="--data" not in words, status=status, **more)

    def rollback(self, *words, status=0):
        return self.run("rollback", *words, config=False, status=status)

    def history(self):
        """The records, the newest first."""
        result = self.run("history", "--json", config=False, status=0)
        return result.json()["history"]

    def in_force(self):
        """The revision in force, all of whose image could be read, or None where nothing was ever applied."""
        result = self.run("status", "--json", config=False)
        expect(result.status in (0, 1), "what is in force cannot be read", result)
        found = result.json()["in_force"]
        return found["revision"] if found is not None else None

    def log_in(self, program, *logins, more=""):
        """Real logins by what is in force, each (service, user, rhost, tty), through tests/pam/log_in.c: what libpam answers
        to each, and the log."""
        confdir = os.path.join(self.folder, "services")
        os.makedirs(confdir, exist_ok=True)
        done = subprocess.run([program, confdir, f"image={self.state_path(IMAGE)} {more}"],
                              input="".join("\t".join(fields) + "\n" for fields in logins).encode(), capture_output=True,
                              env={**environment(), "AP_TEST_MODULE": os.environ["AP_TEST_MODULE"]}, check=True)
        return [int(code) for code in done.stdout.split()], done.stderr.decode()

    # The state folder

    def state_path(self, *names):
        return os.path.join(self.state, *names)

    def image(self):
        return read(self.state_path(IMAGE))

    def snapshot(self, but=()):
        return snapshot(self.state, but)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def snapshot(folder, but=()):
    """All that can be seen of a folder's entries: their names, modes, owners, times, links and bytes."""
    seen = {}
    for where, folders, files in os.walk(folder):
        for name in [""] + folders + files:
            path = os.path.join(where, name) if name else where
            short = os.path.relpath(path, folder)
            if short in but:
                continue
            info = os.lstat(path)
            bytes_of = None
            if os.path.islink(path):
                bytes_of = os.readlink(path)
            elif os.path.isfile(path):
                bytes_of = hashlib.sha256(read(path)).hexdigest()
            seen[short] = (info.st_mode, info.st_uid, info.st_gid, info.st_ino, info.st_mtime_ns, info.st_ctime_ns,
                           info.st_nlink, bytes_of)
    return seen


def damage(path, at, mask=1):
    """Flips bits where they stand: a disk that forgets does not make a new file."""
    with open(path, "r+b") as file:
        file.seek(at)
        byte = file.read(1)
        file.seek(at)
        file.write(bytes([byte[0] ^ mask]))


def revision_of(image):
    """The revision that an image's head tells (lib/login/image.h)."""
    same(image[:8], b"APIMAGE\0", "an image's first bytes")
    return image[32:64].hex()


def contents_of(image):
    """All of an image but when it was made, and the checksums of its blocks, which cover that."""
    blocks = [image[at:at + BLOCK - 16] for at in range(0, len(image), BLOCK)]
    return b"".join([blocks[0][:24], blocks[0][32:]] + blocks[1:])


def check_whole(lab, revisions):
    """After an apply or a rollback that came to its end: the history is `revisions`, the oldest first, each of them is
    kept as the very image that it names, and nothing else is left."""
    history = list(reversed(lab.history()))
    same([record["revision"] for record in history], revisions, "the history")
    same([record["number"] for record in history], list(range(1, len(revisions) + 1)), "the numbers")
    before = None
    for record in history:
        same(record["replaced"], before, f"what number {record['number']} replaced")
        before = record["revision"]
    same(lab.in_force(), revisions[-1], "what is in force")
    same(sorted(os.listdir(lab.state)), ["history", "lock", IMAGE], "the state folder's entries")
    # made where there was room and time for it
    same(sorted(set(os.listdir(lab.state_path("history"))) - {"reserve"}),
         sorted([f"{revision}.image" for revision in set(revisions)] + ["log"]), "the history's entries")
    for revision in set(revisions):
        same(revision_of(read(lab.state_path("history", f"{revision}.image"))), revision, "a kept image's revision")
    same(contents_of(lab.image()), contents_of(read(lab.state_path("history", f"{revisions[-1]}.image"))),
         "the image in force, and as it is kept")


def run_one(number, function, make):
    lab = None
    notes.clear()
    try:
        lab = make()
        function(lab)
        outcome, why = "ok", ""
    except Skip as skip:
        outcome, why = "ok", f" # SKIP {skip}"
    except Wrong as wrong:
        outcome, why = "not ok", ""
        notes.append(str(wrong))
        notes.append("in " + traceback.extract_tb(wrong.__traceback__)[1].line)
    except Exception:  # pylint: disable=broad-except
        outcome, why = "not ok", ""
        notes.append(traceback.format_exc())
    finally:
        if lab is not None:
            lab.close()
    for text in notes:
        for line in text.splitlines():
            print(f"# {line}")
    print(f"{outcome} {number} - {function.__name__}{why}", flush=True)
    return outcome == "ok"


def main(make=Lab):
    """`make` makes what each test is given."""
    alone.stand_alone()
    os.umask(0o022)
    # a test that takes too long is ended by this: its folder goes with it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    # whoever runs the tests may ignore it, as nohup(1) has them do; the command then would as well
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    only = ""
    for word in sys.argv[1:]:
        if word.startswith("only="):
            only = word[5:]
        else:
            arguments.append(os.path.realpath(word))
    chosen = [function for function in tests if only in function.__name__]
    failed = [function for i, function in enumerate(chosen) if not run_one(i + 1, function, make)]
    print(f"1..{len(chosen)}")
    sys.exit(1 if failed else 0)
