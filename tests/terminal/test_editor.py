"""`edit --editor` at a real terminal: what is wrong is told, and edited again or given up; keys that interrupt are the editor's."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "apply"))
from lab import environment, expect, main, read, same, snapshot, test
from terminal import Terminal

PROMPT = re.compile("e edit again, x give up: *$", re.M)


def start(lab, script, columns=160):
    """The editor is a script, which may read keys; $1 is the file."""
    lab.apply()
    path = os.path.join(lab.folder, "editor")
    with open(path, "w", encoding="utf-8") as file:
        file.write(script)
    os.mkdir(os.path.join(lab.folder, "tmp"))
    env = environment({"EDITOR": f"sh {path}", "TMPDIR": os.path.join(lab.folder, "tmp")})
    return Terminal(lab.command("edit", "Office", "--editor"), columns=columns, env=env, cwd=lab.folder)


def left(lab):
    return [os.path.join(where, name) for where, _, names in os.walk(os.path.join(lab.folder, "tmp")) for name in names]


# Adds a host bit the first time, and takes it away the second.
MENDING = """if grep -q 10.0.0.0 "$1"; then sed -i 's|10.0.0.0/8|10.0.0.1/8|' "$1"; else sed -i 's|10.0.0.1/8|10.2.0.0/16|' "$1"; fi
"""


@test
def edited_again_until_it_is_right(lab):
    with start(lab, MENDING) as terminal:
        terminal.wait("the network is 10.0.0.0/8")
        terminal.wait(PROMPT)
        terminal.text("?")
        terminal.keys("Enter")
        terminal.text("what can I do here")
        terminal.keys("Enter")
        terminal.wait_until(lambda screen: screen.count("e edit again, x give up:") == 3, "it to ask once more")
        terminal.text("e")
        terminal.keys("Enter")
        terminal.wait("in force: revision ")
        same(terminal.wait_end(), 0, "the status")
    expect("10.2.0.0/16" in read(lab.path("accesspolicy.conf")).decode(), "the file")
    same(left(lab), [], "what is left")


@test
def given_up(lab):
    before = snapshot(lab.policy)
    with start(lab, MENDING) as terminal:
        terminal.wait(PROMPT)
        terminal.text("x")
        terminal.keys("Enter")
        terminal.wait("Nothing is done.")
        same(terminal.wait_end(), 3, "the status")
    same((left(lab), snapshot(lab.policy)), ([], before), "what is left, and the files")


@test
def an_editor_that_fails_the_second_time(lab):
    """What was written the first time is not gone with it."""
    with start(lab, "grep -q 10.0.0.0 \"$1\" || exit 1\n" + MENDING) as terminal:
        terminal.wait(PROMPT)
        terminal.text("e")
        terminal.keys("Enter")
        terminal.wait("the editor failed, with status 1; nothing is done")
        terminal.wait(PROMPT)
        terminal.keys("C-d")
        terminal.wait("The text is kept in ")
        same(terminal.wait_end(), 1, "the status")
    expect("10.0.0.1/8" in read(left(lab)[0]).decode(), "the text")


@test
def left_at_the_question(lab):
    """By the end of the input, or an interrupt: what was edited is kept, and its path is told."""
    before = snapshot(lab.policy)
    for key, status in (("C-d", 3), ("C-c", -2)):
        with start(lab, MENDING) as terminal:
            terminal.wait(PROMPT)
            terminal.keys(key)
            same(terminal.wait_end(), status, f"{key}: the status")
            told = [line for line in terminal.written() if line.startswith("The text is kept in ")]
            same([line.split(" in ")[1] for line in told], left(lab), f"{key}: what is told")
        expect("10.0.0.1/8" in read(left(lab)[0]).decode(), f"{key}: the text")
        os.unlink(left(lab)[0])
        for folder in os.listdir(os.path.join(lab.folder, "tmp")):
            os.rmdir(os.path.join(lab.folder, "tmp", folder))
        os.rmdir(os.path.join(lab.folder, "tmp"))
    same(snapshot(lab.policy), before, "the files")


@test
def interrupted_in_the_editor(lab):
    """An editor that knows the key goes on; one that does not ends, and nothing is done."""
    with start(lab, "trap 'echo caught' INT\necho ready; read -r x; read -r x; sed -i 's|10.0.0.0/8|10.3.0.0/16|' \"$1\"\n") as terminal:
        terminal.wait("ready")
        terminal.keys("C-c")
        terminal.wait("caught")
        terminal.keys("Enter")
        terminal.keys("Enter")
        terminal.wait("in force: revision ")
        same(terminal.wait_end(), 0, "the status")
    os.rmdir(os.path.join(lab.folder, "tmp"))
    before = snapshot(lab.policy)
    for key, number in (("C-c", 2), ("C-\\", 3)):
        with start(lab, "sed -i 's|10.3.0.0/16|10.4.0.0/16|' \"$1\"; ulimit -c 0; echo ready; exec sleep 60\n") as terminal:
            terminal.wait("ready")
            terminal.keys(key)
            terminal.wait(f"the editor was ended by signal {number}")
            terminal.wait("nothing is done")
            same(terminal.wait_end(), 1, f"{key}: the status")
        same((left(lab), snapshot(lab.policy)), ([], before), f"{key}: what is left, and the files")
        os.rmdir(os.path.join(lab.folder, "tmp"))


@test
def the_terminal_goes_away(lab):
    """Its window is closed while the editor is open: nothing is left of a text that nobody has changed."""
    before = snapshot(lab.policy)
    with start(lab, "echo ready; exec sleep 60\n") as terminal:
        terminal.wait("ready")
        same(len(left(lab)), 1, "the text that is edited")
    same((left(lab), os.listdir(os.path.join(lab.folder, "tmp")), snapshot(lab.policy)), ([], [], before),
         "what is left, and the files")


main()
