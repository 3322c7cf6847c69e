"""`create` at a real terminal, answered question by question.

    with Session(lab) as session:
        session.answers(("type> ", "2"), ("name> ", "Bad net"))
        session.at("scope> ")
"""
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "apply"))
from lab import ROOT_FILE, environment, expect
from terminal import BETWEEN_LOOKS_S, LONGEST_WAIT_S, Terminal

POLICY = """administrators = [ "root", "postmaster@example.com" ];
departments = (
  { name = "finance";         members = [ "alice@example.com", "bob@example.com" ]; },
  { name = "finance/board";   members = [ "cfo@example.com" ]; },
  { name = "operations";      members = [ "postmaster@example.com" ]; },
  { name = "human resources"; members = [ "hr@example.com" ]; }
);
networks = ( { name = "office"; ip = [ "192.0.2.0/24" ]; } );
client_types = ( { name = "web"; service = [ "roundcube" ]; } );
policies = ( { name = "Here"; type = "blacklist"; scope = { all = true; }; clients = [ "third-party" ]; } );
"""

# Through all questions that there are.
WHITELIST = (("type> ", "1"), ("name> ", "Finance"), ("scope> ", "finance/*"), ("except> ", "root"), ("ip> ", "@office"),
             ("regions> ", ""), ("clients> ", "web"), ("others> ", ""), ("required> ", ""), ("more> ", "message"),
             ("message> ", "Not from there."), ("more> ", ""), ("login> ", ""), ("save> ", "enabled"))
BLACKLIST = (("type> ", "blacklist"), ("name> ", "Bad net"), ("scope> ", "everyone"), ("except> ", ""),
             ("ip> ", "198.51.100.0/24"), ("regions> ", ""), ("clients> ", ""), ("more> ", ""), ("login> ", ""))


def prepare(lab):
    lab.write(ROOT_FILE, POLICY)
    lab.apply("--force")


def count(lines, prompt):
    """How often the question was asked."""
    return sum(line.startswith(prompt.rstrip()) for line in lines)


class Session:
    """The wizard in a terminal; `command` runs it, which is the lab's own unless it is given. `edits`: whether an answer can be
    edited, which asks for a terminal that can do that."""

    def __init__(self, lab, command=None, edits=True, **more):
        more.setdefault("env", environment())
        self.edits = edits
        self.terminal = Terminal(command or lab.command("create"), cwd=lab.folder, **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.terminal.close()

    def lines(self):
        return self.terminal.written()

    def text(self):
        return "\n".join(self.lines())

    def count(self, prompt):
        return count(self.lines(), prompt)

    def wait(self, holds, what):
        """Waits until holds(all lines)."""
        deadline = time.monotonic() + LONGEST_WAIT_S
        while True:
            ended, _ = self.terminal.look()
            lines = self.lines()
            if holds(lines):
                return lines
            if ended is not None or time.monotonic() > deadline:
                raise self.terminal.failure(f"waited for {what}, and " + (
                    f"the program has ended ({ended})" if ended is not None else f"{LONGEST_WAIT_S} s have passed"))
            time.sleep(BETWEEN_LOOKS_S)

    def at(self, prompt, n=1):
        """Waits until the question is asked, for the nth time or later, and takes keys: it is shown a moment before it does."""
        line = self.wait(lambda lines: lines and lines[-1].startswith(prompt.rstrip()) and count(lines, prompt) >= n,
                         f"{prompt!r}")[-1]
        if self.edits and prompt.rstrip().endswith(">"):
            self.wait(lambda _: self.terminal.gives_each_key(), f"{prompt!r} to take keys")
        return line

    def standing(self):
        """The line that can be edited: the question, and what stands there already, which is shown after it. So a key is pressed,
        and taken back, once it is seen."""
        self.terminal.text("~")
        line = self.wait(lambda lines: lines[-1].endswith("~"), "a key")[-1][:-1].rstrip()
        self.terminal.keys("BSpace")
        self.wait(lambda lines: lines[-1] == line, "the key to be taken back")
        return line

    def enter(self, text, clear=False):
        if clear:
            self.terminal.keys("C-a", "C-k")
        if text:
            self.terminal.text(text)
        self.terminal.keys("Enter")

    def answer(self, text, then, clear=False):
        """Answers the question that is asked now, and waits for the next. Returns what is new, the answer's line first."""
        lines = self.lines()
        n, n_lines = count(lines, then), len(lines)
        self.enter(text, clear)
        self.at(then, n + 1)
        return "\n".join(self.lines()[n_lines - 1:])

    def answers(self, *walk):
        """Each question in turn, and its answer."""
        for i, (prompt, text) in enumerate(walk):
            if i == 0:
                self.at(prompt)
            if i + 1 < len(walk):
                self.answer(text, walk[i + 1][0])
            else:
                self.enter(text)

    def walk_to(self, prompt, walk=WHITELIST):
        """To the first time that the question is asked."""
        names = [name for name, _ in walk]
        n = names.index(prompt)
        self.at(walk[0][0])
        for i in range(n):
            self.answer(walk[i][1], walk[i + 1][0])

    def ends(self, status):
        found = self.terminal.wait_end()
        expect(found == status, f"expected the status {status}, found {found}", self.text())
        return self.text()


def squeezed(text):
    """Without white space, which depends on where lines end."""
    return re.sub(r"\s+", "", text)
