"""What the command shows at a terminal of 40, 80 and 120 columns: all of it, in lines that fit, no word broken that has room.

Held against what the same command writes into a pipe, where nothing is wrapped.
"""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "apply"))
from lab import ROOT_FILE, environment, expect, main, same, test
from terminal import Terminal

SIZES = ((40, 24), (80, 24), (120, 40))

MACHINE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "golden", "policies", "machines", "wrong")

POLICIES = """
administrators = [ "root", "postmaster@example.com" ];
departments = ( { name = "finance"; members = [ "carol@example.com" ]; }, { name = "finance/board"; members = [ "cfo@example.com" ]; } );
policies = (
  { name = "Third-party Client Access Policy"; type = "blacklist"; scope = { all = true; }; clients = [ "third-party" ]; },
  { name = "Finance from the office and from nowhere else"; type = "whitelist"; required = true;
    scope = { departments = [ "finance/*" ]; except = { members = [ "postmaster@", "cfo@example.com" ]; }; };
    ip = [ "192.0.2.0/24", "2001:db8:1::/48" ]; clients = [ "web", "native" ]; },
  { name = "財務部は本社からのみ"; type = "whitelist"; status = "report-only"; replaces = "Finance from the office and from nowhere else";
    not_before = "2026-01-01T00:00:00Z"; scope = { departments = [ "finance/*" ]; }; ip = [ "192.0.2.1" ]; },
  { name = "Over"; type = "blacklist"; not_after = "2001-01-01T00:00:00Z"; scope = { members = [ "nobody@example.com" ]; }; }
);
exceptions = (
  { name = "HD-4711"; policies = [ "Third-party Client Access Policy", "Finance from the office and from nowhere else" ];
    members = [ "carol@example.com" ]; ip = [ "2001:db8:1111:2222::/64", "198.51.100.0/24" ]; clients = [ "web" ]; },
  { name = "An exception that ended a long time ago"; policies = [ "Over" ]; departments = [ "finance/*" ];
    not_after = "2001-01-01T00:00:00Z"; }
);
"""
DROP_IN = 'policies = ( { name = "Guests"; type = "blacklist"; scope = { all = true; }; ip = [ "203.0.113.0/24" ]; } );\n'

ONE = ["test", "--user", "carol@example.com", "--ip", "203.0.113.9", "--client", "web"]
TABLE = ["test", "--user", "carol@example.com", "--user", "a.rather.long.name@subsidiary.example.com", "--ip", "192.0.2.1",
         "--ip", "2001:db8:1:1111:2222:3333:4444:5555", "--ip", "local", "--client", "web", "--client", "native",
         "--client", "third-party", "--client", "dingtalk-mobile", "--client", "outlook-addin"]
AT = ["--at", "2026-12-01T12:00:00Z"]
COMMANDS = {
    "test": ONE + AT,
    "table": TABLE + AT,
    "table with a draft": TABLE + ["--draft", "draft.conf"] + AT,
    "table by services": ["test", "--user", "carol@example.com", "--ip", "192.0.2.1", "--ip", "mail.example.net", "--service",
                          "imap", "--service", "a-service-of-some-length-143", "--service", "sshd"] + AT,
    "list": ["list"],
    "except list": ["except", "list"],
    "check": ["check"],
    "status": ["status"],
    "doctor": ["doctor", "--root", MACHINE],
}


def prepare(lab):
    lab.write(ROOT_FILE, POLICIES)
    lab.write("conf.d/50-third-party.conf", DROP_IN)
    lab.apply("--force")
    lab.change("203.0.113.0/24", "203.0.113.0/26", "conf.d/50-third-party.conf")
    lab.apply("--force", "--trial", "6d23h59m")
    lab.change("203.0.113.0/26", "203.0.113.0/25", "conf.d/50-third-party.conf")
    with open(os.path.join(lab.folder, "draft.conf"), "w", encoding="utf-8") as file:
        file.write('policies = ( { name = "Draft"; type = "blacklist"; scope = { all = true; }; ip = [ "192.0.2.1" ]; } );\n')


def start(lab, words, columns=80, rows=24, term="screen-256color", env=None):
    return Terminal(lab.command(*words), columns=columns, rows=rows, term=term, env=environment(env), cwd=lab.folder)


def words_of(text):
    """But for what differs from run to run, and for the titles of a table that is laid out otherwise."""
    return re.sub(r"\b(ACTIVE|SCOPE|WHOM|FROM POLICIES|NARROWED BY|nothing(?=  )|CLIENTS?|NETWORK|WHERE|less\s+than\s+a\s+minute|\d+\s+minutes?)\b", "", text).split()


@test
def every_line_fits_and_nothing_is_cut(lab):
    prepare(lab)
    for name, words in COMMANDS.items():
        plain = lab.run(*words)
        for columns, rows in SIZES:
            with start(lab, words, columns, rows) as terminal:
                what = f"{name} at {columns} columns"
                same(terminal.wait_end(), plain.status, f"{what}: the status")
                same(terminal.too_wide(), [], f"{what}: lines that are too wide")
                shown = "\n".join(terminal.written())
                # words that have no room on a line of their own may be broken
                missing = {word for word in words_of(plain.out) if len(word) <= columns - 14} - set(words_of(shown))
                same(sorted(missing), [], f"{what}: words that are cut or broken\n{shown}\n")
                # but for the white space, nothing may be missing of the longer ones either
                joined = "".join(shown.split())
                cut = [word for word in words_of(plain.out) if word not in joined]
                same(cut, [], f"{what}: what is cut\n{shown}\n")


@test
def text_is_the_same_whatever_the_width(lab):
    prepare(lab)
    for words in (["check"], ["status"]):
        plain = words_of(lab.run(*words).out)
        for columns, rows in SIZES:
            with start(lab, words, columns, rows) as terminal:
                terminal.wait_end()
                shown = words_of("\n".join(terminal.written()))
                same("".join(shown), "".join(plain), f"{words[0]} at {columns} columns")


@test
def coloured_at_a_terminal_alone(lab):
    prepare(lab)
    for name in ("test", "table", "list", "except list", "check", "status"):
        words = COMMANDS[name]
        expect("\033" not in lab.run(*words).out, f"{name}: no escape sequence in a pipe")
        for term, env, coloured in (("screen-256color", {}, True), ("screen-256color", {"NO_COLOR": "1"}, False),
                                    ("dumb", {}, False)):
            with start(lab, words, term=term, env=env) as terminal:
                terminal.wait_end()
                same("\033[" in terminal.coloured(), coloured, f"{name} with TERM={term} {env}")


@test
def table_says_what_it_says_in_a_pipe(lab):
    """The cells, row by row, whichever way the table is laid out."""
    prepare(lab)
    pattern = re.compile(r"(allow|deny)(?: \[\d+\])?(?= |$)", re.M)

    def cells(text):
        return sorted(pattern.findall(text.split("\n\n[1]")[0].split("\n\nallow  ")[0]))

    plain = cells(lab.run(*TABLE, *AT).out)
    same(len(plain), 2 * 3 * 5, "cells")
    for columns, rows in SIZES:
        with start(lab, TABLE + AT, columns, rows) as terminal:
            terminal.wait_end()
            same(cells("\n".join(terminal.written())), plain, f"cells at {columns} columns")


@test
def resizing_is_harmless(lab):
    prepare(lab)
    line = " ".join(f"'{word}'" for word in lab.command(*TABLE, *AT))
    with Terminal(["sh", "-c", f"{line}; echo status $?; read -r x; {line}; echo status $?; read -r x"], columns=120, rows=40,
                  env=environment(), cwd=lab.folder) as terminal:
        for columns, rows in ((40, 24), (80, 24)):
            terminal.wait(re.compile("status 1$", re.M))
            terminal.resize(columns, rows)
            terminal.wait("DENY")
            terminal.keys("Enter")
        same(terminal.wait_end(), 0, "the shell")


HOSTILE = ["\033]2;taken\007", "\033[2J\033[H", "\u202egnihton\u202c", "\u200bhidden", "a\rb", "\x9b31m", "\033[31mred"]


@test
def hostile_text_does_not_reach_the_terminal(lab):
    """In what the command line and the files say: it neither moves the cursor, nor sets the title, nor reorders."""
    prepare(lab)
    name = "x" + "y".join(HOSTILE)
    lab.write("conf.d/60-hostile.conf", "policies = ( " + ", ".join(
        f'{{ name = "x{hostile}y"; type = "blacklist"; scope = {{ all = true; }}; }}' for hostile in HOSTILE) + " );\n")
    for words in (["check"], ["list"], ["test", "--user", name, "--ip", name, "--service", name]):
        line = " ".join("'" + word.replace("'", "'\\''") + "'"
                        for word in lab.command(*words, config=words[0] != "test"))
        with Terminal(["sh", "-c", f"echo before; {line}; echo after $?"], term="dumb", env=environment(), rows=50,
                      cwd=lab.folder) as terminal:
            title = terminal.title()
            terminal.wait_end()
            written = terminal.written()
            same((written[0], written[-1]), ("before", "after 3" if words[0] != "test" else "after 1"),
                 f"{words[0]}: the lines around it\n" + "\n".join(written) + "\n")
            same(terminal.title(), title, f"{words[0]}: the title")
            expect("\033[" not in terminal.coloured(), f"{words[0]}: no colour", repr(terminal.coloured()))
            text = "\n".join(written)
            expect("\\x1b" in text and ("\\u202e" in text or "\\xe2\\x80\\xae" in text),
                   f"{words[0]}: told by their codes", text)
            expect(not re.search("[\u200b\u202a-\u202e\u2066-\u2069]", text), f"{words[0]}: invisible characters", text)


@test
def hostile_names_of_several_logins(lab):
    prepare(lab)
    words = ["test", "--client", "web"]
    for hostile in HOSTILE:
        words += ["--user", f"u{hostile}", "--ip", f"i{hostile}", "--service", f"s{hostile}"]
    for columns, rows in SIZES:
        with start(lab, words, columns, rows, term="dumb") as terminal:
            title = terminal.title()
            same(terminal.wait_end(), 1, "the status")
            same(terminal.too_wide(), [], f"lines that are too wide at {columns} columns")
            same(terminal.title(), title, "the title")
            text = "\n".join(terminal.written())
            expect("\\x1b" in text and "\\u202e" in text, "they are told by their codes", text)
            expect("\033[" not in terminal.coloured(), "no colour")


main()
