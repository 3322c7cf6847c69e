"""A small file system in memory, to be filled up; in a mount namespace of the test's own, which needs root."""
import os
import subprocess
import sys

from lab import same

PAGE = 4096
SIZE = 64 * PAGE
INODES = 64


def in_a_namespace():
    """True in a mount namespace of our own, into which the script was started once more."""
    if os.environ.get("AP_OWN_MOUNTS") == "yes":
        return True
    if os.geteuid() == 0 and subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL, check=False
                                            ).returncode == 0:
        os.environ["AP_OWN_MOUNTS"] = "yes"
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, "-B"] + sys.argv)
    return False


class Disk:
    """A file system in memory, on which the state folder is; `fill` leaves so much of it free."""

    def __init__(self, lab):
        self.lab = lab
        self.path = os.path.join(lab.folder, "disk")
        os.mkdir(self.path)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},nr_inodes={INODES},mode=755", "tmpfs", self.path],
                       check=True)
        lab.state = os.path.join(self.path, "state")
        self.filler = os.path.join(self.path, "filler")
        self.links = os.path.join(self.path, "filler-")

    def fill(self, free):
        self.empty()
        with open(self.filler, "wb") as file:
            info = os.statvfs(self.path)
            file.write(b"\0" * max(0, info.f_bfree * info.f_bsize - free))
        same(os.statvfs(self.path).f_bfree * PAGE, free, "the room that is left")

    def use_inodes(self, free):
        self.empty()
        while os.statvfs(self.path).f_ffree > free:
            with open(self.links + str(os.statvfs(self.path).f_ffree), "wb"):
                pass

    def empty(self):
        for name in os.listdir(self.path):
            if name.startswith("filler"):
                os.unlink(os.path.join(self.path, name))

    def mount(self, how):
        subprocess.run(["mount", "-o", f"remount,{how}", self.path], check=True)

    def close(self):
        subprocess.run(["umount", "-l", self.path], check=False)
