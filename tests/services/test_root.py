"""root.sh, with an mmdebstrap and an apt in the place of the real ones: a root that was not made whole is never taken for one,
runs wait for each other, and nothing is left of those that were ended.
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "apply"))
import lab  # noqa: E402
from lab import expect, same, test  # noqa: E402

SOURCES = "https://deb.example.net/debian bookworm main /etc/apt/sources.list.d/example.list:1"
# Makes some of the root, and then does as FAKE says.
MMDEBSTRAP = """#!/bin/sh
for word in "$@"; do case $word in */build-services.new) root=$word ;; esac; done
mkdir "$root" || { touch "$LOGS/both"; exit 1; }
mkdir "$root/etc" "$root/proc" && mount -t tmpfs tmpfs "$root/proc"
echo made >>"$LOGS/made"
case $FAKE in
fails) echo "E: no such package" >&2; exit 100 ;;
waits) while [ ! -e "$LOGS/go" ]; do sleep 0.02; done ;;
esac
"""
APT_GET = """#!/bin/sh
case $1 in indextargets) [ -z "$SOURCES" ] || echo "$SOURCES" ;; esac
"""
APT_CONFIG = "#!/bin/sh\n"


class Place:
    """The folder of a root, and of the programs that make it."""

    def __init__(self):
        lab.need_root()
        self.folder = tempfile.mkdtemp(prefix="accesspolicy-")
        self.root = os.path.join(self.folder, "here", "build-services")
        for name in "bin", "logs", "here":
            os.mkdir(os.path.join(self.folder, name))
        for name, text in ("mmdebstrap", MMDEBSTRAP), ("apt-get", APT_GET), ("apt-config", APT_CONFIG):
            path = os.path.join(self.folder, "bin", name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(path, 0o755)

    def close(self):
        shutil.rmtree(self.folder)

    def start(self, does="", sources=SOURCES):
        environment = {"PATH": f"{self.folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LOGS": f"{self.folder}/logs", "FAKE": does,
                       "SOURCES": sources, "LC_ALL": "C.UTF-8"}
        return subprocess.Popen(["sh", lab.arguments[0], self.root], env=environment, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)

    def run(self, *how, status):
        process = self.start(*how)
        said = process.communicate()[0].decode()
        same(process.returncode, status, said)
        return said

    def log(self, name):
        path = os.path.join(self.folder, "logs", name)
        return path if os.path.exists(path) else None

    def go(self):
        with open(os.path.join(self.folder, "logs", "go"), "w", encoding="utf-8"):
            pass

    def made(self):
        return self.log("made") and len(lab.read(self.log("made")).splitlines())

    def left(self):
        return sorted(os.listdir(os.path.dirname(self.root)))


def wait_for(look):
    until = time.monotonic() + 60
    while not look():
        expect(time.monotonic() < until, "waited in vain")
        time.sleep(0.02)


@test
def it_is_made_once(place):
    place.run(status=0)
    place.run(status=0)
    same((place.made(), place.left()), (1, ["build-services"]), "how often it was made, and what there is")


@test
def other_packages_make_another(place):
    place.run(status=0)
    stamp = os.path.join(place.root, "etc/services-under-test")
    with open(stamp, "a", encoding="utf-8") as file:
        file.write("more\n")
    place.run(status=0)
    same((place.made(), b"more" in lab.read(stamp), place.left()), (2, False, ["build-services"]), "the root")


@test
def one_that_fails_halfway_is_no_root(place):
    said = place.run("fails", status=1)
    expect("E: no such package" in said, "what is said", said)
    same((place.made(), place.left()), (1, []), "what is left")


@test
def without_sources_of_debian_12_it_says_so(place):
    for sources in "", SOURCES.replace("bookworm", "trixie"):
        said = place.run("", sources, status=1)
        expect("no Debian 12 (bookworm) among this machine's apt sources" in said, "what is said", said)
        same((place.made(), place.left()), (None, []), "what is left")


@test
def two_at_once_make_it_once(place):
    first, second = place.start("waits"), place.start("waits")
    wait_for(place.made)
    place.go()
    said = [process.communicate()[0].decode() for process in (first, second)]
    same((first.returncode, second.returncode), (0, 0), "\n".join(said))
    same((place.made(), place.log("both"), place.left()), (1, None, ["build-services"]), "the root")


@test
def one_that_is_ended_leaves_nothing(place):
    process = place.start("waits")
    wait_for(place.made)
    with open("/proc/self/mountinfo", encoding="utf-8") as file:
        same([line for line in file if place.folder in line], [], "what is mounted, as others see it")
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate()
    same(place.left(), [], "what is left")


@test
def after_one_that_was_killed_it_is_made_whole(place):
    """What the killed one started still runs, and is waited for."""
    process = place.start("waits")
    wait_for(place.made)
    process.kill()
    process.wait()
    same(place.left(), ["build-services.new", "build-services.work"], "what is left")
    after = place.start()
    said = after.stdout.readline().decode()
    expect(said.startswith("Waiting: "), "it waits", said)
    place.go()
    said = after.communicate()[0].decode()
    process.stdout.close()
    same(after.returncode, 0, said)
    same((place.log("both"), place.left()), (None, ["build-services"]), "the root")


if __name__ == "__main__":
    lab.main(Place)
