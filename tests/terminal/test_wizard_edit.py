"""The wizard of `edit NAME`: opens on what is there, and changes it where it stands, with its comments."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "apply"))
from lab import expect, main, read, same, snapshot, test
from wizard import Session, prepare, squeezed

DROP_IN = "conf.d/20-site.conf"
TEXT = """// Asked for by the library.
policies = (
  { name = "Kiosk"; // its name
    type = "blacklist"; scope = { members = [ "guest@example.com" ]; };
    ip = [ "198.51.100.0/24" ]; // the hall
    comment = "HD-1"; },
  { name = "Other"; type = "blacklist"; scope = { members = [ "other@example.com" ]; }; } // another
);
"""


def prepared(lab):
    prepare(lab)
    lab.write(DROP_IN, TEXT)
    lab.apply("--force")


def edit(lab, *words):
    return Session(lab, lab.command("edit", "Kiosk", *words))


def text_of(lab):
    return read(lab.path(DROP_IN)).decode()


def decision(lab, ip):
    return lab.run("test", "--user", "guest@example.com", "--ip", ip, "--client", "web", "--json", config=False).json()["decision"]


def change_address(session, text):
    """From the first question, logins to try, to the last one, with other addresses."""
    session.at("login> ")
    session.answer("", "save> ")
    session.answer("5", "ip> ")
    session.answer(text, "login> ", clear=True)
    session.answer("", "save> ")


@test
def changed_where_it_stands(lab):
    prepared(lab)
    with edit(lab) as session:
        change_address(session, "198.51.100.0/24 203.0.113.9")
        session.enter("enabled")
        text = session.ends(0)
        expect(squeezed(f"{lab.path(DROP_IN)}: changed") in squeezed(text), "what is said", text)
    same(text_of(lab), TEXT.replace('[ "198.51.100.0/24" ]', '[ "198.51.100.0/24", "203.0.113.9" ]'), "the file")
    same((decision(lab, "203.0.113.9"), decision(lab, "192.0.2.1")), ("deny", "allow"), "what is in force")
    lab.run("status", config=False, status=0)


@test
def disabled_and_nothing_else(lab):
    prepared(lab)
    with edit(lab) as session:
        session.at("login> ")
        session.answer("", "save> ")
        session.enter("disabled")
        session.ends(0)
    same(text_of(lab), TEXT.replace('    type = "blacklist"; scope', '    type = "blacklist";\n    status = "disabled"; scope'), "the file")


@test
def left(lab):
    prepared(lab)
    before = snapshot(lab.policy)
    for key in ("C-c", "C-d"):
        with edit(lab) as session:
            session.at("login> ")
            session.answer("", "save> ")
            session.terminal.keys(key)
            session.ends(1)
    same((snapshot(lab.policy), len(lab.history())), (before, 2), "the files, and the history")


@test
def edited_by_hand_meanwhile(lab):
    """It is refused, and nothing that was done by hand is lost."""
    prepared(lab)
    with edit(lab) as session:
        change_address(session, "203.0.113.9")
        by_hand = TEXT.replace("the hall", "the old hall")
        lab.write(DROP_IN, by_hand)
        session.answer("enabled", "save> ")
        session.answer("enabled with-pending", "save> ")
        expect(squeezed("was changed meanwhile") in squeezed(session.text()), "why", session.text())
        session.terminal.keys("C-c")
        expect("203.0.113.9" in session.ends(1), "what was asked for")
    same(text_of(lab), by_hand, "the file")


@test
def without_a_terminal(lab):
    prepared(lab)
    for words in (("Kiosk",), ("Kiosk", "--json"), ("Kiosk", "--force")):
        result = lab.run("edit", *words, status=2)
        expect("needs a terminal" in result.err, f"{words}: what is said", result)
    with edit(lab, "--json") as session:
        expect(squeezed("needs a terminal") in squeezed(session.ends(2)), "with --json")
    with Session(lab, lab.command("edit", "Kisk")) as session:
        expect('did you mean "Kiosk"?' in session.ends(2), "an unknown policy")


main()
