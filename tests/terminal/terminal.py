"""A real terminal for tests: a program runs in tmux, is typed at, and what it shows is read as text.

    with Terminal(["sh", "-c", "read name; echo hello $name"], columns=40, rows=24) as terminal:
        terminal.text("alice")
        terminal.keys("Enter")
        terminal.wait("hello alice")
        status = terminal.wait_end()

Each terminal is a tmux server of its own, on a socket in a folder of its own, without anybody's configuration. The
program sees the environment that it is given, TERM among it, and no other. Whoever waits does so for a bounded time, and
is told what the screen shows where that was in vain. The server is ended with the block, by its process id, and its folder goes.
"""
import atexit
import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import termios
import time
import unicodedata

# Far beyond what anything takes on a slow machine, under a sanitizer; what goes well does not wait for it.
LONGEST_WAIT_S = 30
BETWEEN_LOOKS_S = 0.03

CONFIGURATION = """set -g status off
set -g history-limit 20000
set -g default-size {columns}x{rows}
set -g default-terminal {term}
set -g set-titles off
set -s escape-time 0
"""


# Runs the program, and tells its end through the terminal itself, so that all it wrote has arrived before: in the
# sequence that names a folder (OSC 7), which shows nowhere. tmux's own pane_dead_status does not come now and then.
RUNNER = """import signal, subprocess, sys
for number in signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP:
    signal.signal(number, lambda *_: None)
status = subprocess.Popen(sys.argv[1:]).wait()
with open("/dev/tty", "wb", buffering=0) as terminal:
    terminal.write(b"\\033]7;ended:%d\\033\\\\" % status)
while True:
    signal.pause()
"""


def how_it_ended(path):
    found = re.fullmatch(r"ended:(-?\d+)", path)
    return int(found.group(1)) if found else None


class TerminalError(Exception):
    """Something did not come to pass at the terminal; the message shows its screen."""


def width(text):
    """The columns that a line takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Terminal:
    """`command` is a list of words, `env` the whole of its environment but for TERM, which is `term`."""

    def __init__(self, command, columns=80, rows=24, term="screen-256color", env=None, cwd=None):
        tmux = shutil.which("tmux")
        if tmux is None:
            raise TerminalError("there is no tmux here (Debian package tmux)")
        self.command, self.columns, self.rows = command, columns, rows
        self.pid = None
        self.patience_s = LONGEST_WAIT_S  # with a program that does not end when its window is closed
        self.folder = tempfile.mkdtemp(prefix="accesspolicy-terminal.")
        atexit.register(self.close)
        self.words = [tmux, "-u", "-S", os.path.join(self.folder, "socket"), "-f", os.path.join(self.folder, "tmux.conf")]
        # tmux describes by `term` what it shows, and must know it; a program that is told "dumb" is told by env
        with open(os.path.join(self.folder, "tmux.conf"), "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(columns=columns, rows=rows, term="screen-256color"))
        self.env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC0"}
        self.env.update(env or {})
        pane = ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in {**self.env, "TERM": term}.items()),
                sys.executable, "-ISBc", RUNNER, *command]
        try:
            self.tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", cwd or self.folder, "--", *pane)
            self.pid = int(self.tmux("display-message", "-p", "#{pid}"))
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def tmux(self, *words):
        """Asks the server; its answer without the last newline."""
        done = subprocess.run([*self.words, *words], stdin=subprocess.DEVNULL, capture_output=True, check=False,
                              env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TERM": "screen-256color"},
                              timeout=LONGEST_WAIT_S)
        if done.returncode != 0:
            raise TerminalError(f"tmux {' '.join(words[:2])}: status {done.returncode}: {done.stderr.decode().strip()}")
        return done.stdout.decode().removesuffix("\n")

    def close(self):
        """Ends the server, and with it the program, which is waited for; nothing is left. May be called again."""
        atexit.unregister(self.close)
        if self.pid is not None:
            pid, self.pid = self.pid, None
            running = [pid]
            with contextlib.suppress(TerminalError, ValueError, subprocess.TimeoutExpired):
                running += processes_of_session(int(self.tmux("display-message", "-p", "#{pane_pid}")))
            with contextlib.suppress(TerminalError, subprocess.TimeoutExpired):
                self.tmux("kill-server")
            deadline = time.monotonic() + self.patience_s
            for process in running:
                wait_gone(process, deadline)
        shutil.rmtree(self.folder, ignore_errors=True)

    # Typing

    def text(self, text):
        """Types text as it is."""
        self.tmux("send-keys", "-l", "--", text)

    def keys(self, *names):
        """Presses keys, by tmux's names: Enter, Tab, Escape, BSpace, Up, Down, Left, Right, C-c, C-d …"""
        self.tmux("send-keys", "--", *names)

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))
        self.columns, self.rows = columns, rows

    # Reading

    def screen(self):
        """What is to be seen now: a line of text each, without the empty ones at the end."""
        return self.tmux("capture-pane", "-p").rstrip("\n").split("\n")

    def written(self):
        """All lines, those that have left the screen too, each as it was written: one that the terminal had to break
        at its edge is one line, wider than the terminal."""
        lines = self.tmux("capture-pane", "-p", "-J", "-S", "-").split("\n")
        lines = [line.rstrip() for line in lines]
        while lines and lines[-1] == "":
            lines.pop()
        return lines

    def coloured(self):
        """As `written`, with the escape sequences of its colours."""
        return self.tmux("capture-pane", "-p", "-e", "-J", "-S", "-")

    def title(self):
        """What a program may have made of the title."""
        return self.tmux("display-message", "-p", "#{pane_title}")

    def gives_each_key(self):
        """Whether the program has each key as it is pressed; else the kernel gathers a line, and takes some of the keys itself."""
        with open(self.tmux("display-message", "-p", "#{pane_tty}"), opener=lambda path, _: os.open(path, os.O_RDONLY | os.O_NOCTTY),
                  encoding="utf-8") as tty:
            return not termios.tcgetattr(tty)[3] & termios.ICANON

    def too_wide(self):
        """The lines that the terminal had to break."""
        return [line for line in self.written() if width(line) > self.columns]

    # Waiting

    def look(self):
        """How the program ended, or None, and the screen as one text, with the blanks at the ends of its lines."""
        end, _, screen = self.tmux("display-message", "-p", "#{pane_path}", ";", "capture-pane", "-p", "-N").partition("\n")
        return how_it_ended(end), screen

    def wait(self, text, timeout_s=LONGEST_WAIT_S):
        """Waits until the screen shows `text`, a string or a compiled expression; the screen then."""
        is_pattern = isinstance(text, re.Pattern)
        return self.wait_until(text.search if is_pattern else lambda screen: text in screen,
                               f"{text.pattern if is_pattern else text!r} to be shown", timeout_s)

    def wait_until(self, holds, what, timeout_s=LONGEST_WAIT_S):
        """Waits until holds(screen as one text); what it waits for is told where that was in vain."""
        deadline = time.monotonic() + timeout_s
        while True:
            ended, screen = self.look()
            if holds(screen):
                return [line.rstrip() for line in screen.rstrip().split("\n")]
            if ended is not None or time.monotonic() > deadline:
                raise self.failure(f"waited for {what}, and " + ("the program has ended" if ended is not None else
                                                                 f"{timeout_s} s have passed"))
            time.sleep(BETWEEN_LOOKS_S)

    def wait_end(self, timeout_s=LONGEST_WAIT_S):
        """Waits until the program has ended; its exit status, or minus the signal that ended it."""
        deadline = time.monotonic() + timeout_s
        while True:
            ended, _ = self.look()
            if ended is not None:
                return ended
            if time.monotonic() > deadline:
                raise self.failure(f"waited for the program to end, and {timeout_s} s have passed")
            time.sleep(BETWEEN_LOOKS_S)

    def failure(self, what):
        """An error that shows the screen."""
        edge = "+" + "-" * self.columns + "+"
        shown = "\n".join("|" + line + " " * (self.columns - width(line)) + "|" for line in self.screen())
        return TerminalError(f"{' '.join(self.command)}: {what}\n{edge}\n{shown}\n{edge}")


def processes_of_session(session):
    """Those that the closed window tells of it (SIGHUP), and that may take their time to end."""
    return [pid for pid in map(int, filter(str.isdecimal, os.listdir("/proc"))) if state_and_session(pid)[1] == session]


def wait_gone(pid, deadline):
    """Waits for a process that has been told to end, and is no child of this one; from `deadline` on it is ended by force."""
    while is_running(pid):
        if time.monotonic() > deadline:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(BETWEEN_LOOKS_S)


def is_running(pid):
    return state_and_session(pid)[0] not in (None, "Z")


def state_and_session(pid):
    """Of /proc/PID/stat (proc(5)); None for a process that is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            state, _, _, session = file.read().rpartition(")")[2].split()[:4]
            return state, int(session)
    except OSError:
        return None, None
