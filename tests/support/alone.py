"""alone.py COMMAND... - runs a command as nobody's child: without a terminal, and with no ancestor that logged in.

accesspolicy asks its ancestors' environment and their terminals which login it is being run from, and refuses what would deny
that. A test must not depend on the login that the tests are run from. So the command is started by a process whose own
parent has ended, so that init, or a reaper in its place, is its parent now; that process starts with an environment that has
nothing of ssh and sudo in it. Input, output and the exit status are the command's. When alone.py is ended, so is the command.
"""
import os
import select
import signal
import subprocess
import sys

MARK = "TESTS_STAND_ALONE"
VARIABLES = ("SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY", "SUDO_COMMAND", "SUDO_GID", "SUDO_UID", "SUDO_USER")


def clean_environment():
    return {**{name: value for name, value in os.environ.items() if name not in VARIABLES}, MARK: "yes"}


def supervise(gone, alive, tell, command):
    """In the process that stands alone. What was there before it was started is a pipe's end each."""
    os.read(gone, 1)  # its parent has ended
    os.close(gone)
    with subprocess.Popen(command) as process:
        handle = os.pidfd_open(process.pid)
        ready, _, _ = select.select([handle, alive], [], [])
        if handle not in ready:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.killpg(0, signal.SIGTERM)
            return
        status = process.wait()
    os.write(tell, b"%d" % (status if status >= 0 else 128 - status))


def run(command):
    gone, hold_parent = os.pipe()
    alive, hold_alive = os.pipe()
    told, tell = os.pipe()
    between = os.fork()
    if between == 0:
        os.setsid()
        if os.fork() != 0:
            os._exit(0)
        for end in (gone, alive, tell):
            os.set_inheritable(end, True)
        os.execve(sys.executable, [sys.executable, "-B", os.path.abspath(__file__), "--supervise", str(gone), str(alive), str(tell),
                                   *command], clean_environment())
    for end in (gone, hold_parent, alive, tell):
        os.close(end)
    os.waitpid(between, 0)
    status = os.read(told, 16)
    os.close(hold_alive)
    return int(status) if status else 1


def stand_alone():
    """Runs the script that calls it once more, alone, unless it is."""
    if MARK not in os.environ:
        sys.exit(run([sys.executable, "-B", *sys.argv]))


if __name__ == "__main__":
    if sys.argv[1] == "--supervise":
        ends = [int(word) for word in sys.argv[2:5]]
        for end in ends:
            os.set_inheritable(end, False)
        supervise(*ends, sys.argv[5:])
    else:
        sys.exit(run(sys.argv[1:]))
