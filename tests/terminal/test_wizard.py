"""The wizard of `create`, in a real terminal: from its first question to a denied login, and all that may come between.

    test_wizard.py ACCESSPOLICY MODULE MANUAL [only=PART-OF-A-NAME]

MANUAL is the source of accesspolicy(8): the session that it shows is typed, and compared with what the terminal shows.
"""
import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "apply"))
from disk import Disk, in_a_namespace
from lab import ROOT_FILE, Skip, arguments, environment, expect, main, read, same, snapshot, test
from terminal import Terminal, is_running
from wizard import BLACKLIST, POLICY, WHITELIST, Session, prepare, squeezed

# A lock's and a folder's times tell that somebody looked.
LOOKED_AT = ("state", "state/lock")


def files(lab):
    return snapshot(lab.folder, but=LOOKED_AT + (".", "stty-before", "stty-after"))


def drop_in(lab, name):
    return read(lab.path(os.path.join("conf.d", name))).decode()


def decision(lab, user, ip, client="web"):
    return lab.run("test", "--user", user, "--ip", ip, "--client", client, "--json", config=False).json()["decision"]


def said(text, what):
    """In whatever lines."""
    return squeezed(what) in squeezed(text)


def expect_said(text, what, *more):
    expect(said(text, what), f"expected {what!r}", text, *more)


# From the first question to a denied login

def document_session():
    """The manual's session: what is typed into a shell, and what comes of it."""
    with open(arguments[2], encoding="utf-8") as file:
        text = file.read()
    found = re.search(r"^; not run: tests/terminal/test_wizard\.py [^\n]*\n```\n(.*?)^```$", text, re.M | re.S)
    expect(found, "there is no session in the manual")
    return found.group(1)


def comparable(lab, text):
    text = squeezed(text)
    text = text.replace(squeezed(lab.policy), "/etc/accesspolicy").replace(squeezed(lab.state), "/var/lib/accesspolicy")
    text = re.sub(r"\d{4}-\d\d-\d\d\d\d:\d\d:\d\d[+-]\d{4}", "TIME", text)
    return re.sub(r"revision[0-9a-f]{12}", "revisionX", text)


def program(lab, name, text):
    path = os.path.join(lab.folder, "bin", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\n" + text)
    os.chmod(path, 0o755)


@test
def the_session_of_the_manual(lab):
    """All that is typed in it, login included, and all that it shows."""
    if b"__asan_init" in read(arguments[1]):
        raise Skip("a module with a sanitizer cannot be loaded by Debian's pamtester")
    prepare(lab)
    services = os.path.join(lab.folder, "pam.d")
    os.mkdir(services)
    for service, line in (("roundcube", f"{arguments[1]} image={lab.state_path('policy.v1.image')}"), ("other", "pam_deny.so")):
        with open(os.path.join(services, service), "w", encoding="utf-8") as file:
            file.write(f"account required {line}\n")
    program(lab, "accesspolicy", f"exec '{arguments[0]}' --state '{lab.state}' --config '{lab.path(ROOT_FILE)}' \"$@\"\n")
    program(lab, "pamtester", f"LD_PRELOAD=libpam_wrapper.so PAM_WRAPPER=1 PAM_WRAPPER_SERVICE_DIR='{services}' "
                              "exec /usr/bin/pamtester \"$@\"\n")
    shown = document_session()
    typed = re.findall(r"^(\$|[a-z]+>) ?(.*)$", shown, re.M)
    # what is proposed stands there already
    typed = [(prompt, "" if prompt in ("except>", "others>", "required>") else text) for prompt, text in typed]
    env = environment({"PS1": "$ ", "PATH": os.path.join(lab.folder, "bin") + ":/usr/bin:/bin"})
    with Session(lab, ["sh", "-i"], rows=50, env=env) as session:
        for i, (prompt, text) in enumerate(typed):
            session.at(prompt, n=sum(earlier == prompt for earlier, _ in typed[:i + 1]))
            session.enter(text, clear=prompt != "$" and text != "")
        session.wait(lambda lines: lines and lines[-1] == "$", "the shell's prompt")
        text = comparable(lab, session.text())
        position = 0
        for part in shown.split("\n...\n"):
            found = text.find(comparable(lab, part), position)
            expect(found >= 0, f"the manual shows, and the terminal does not:\n{part}\n", session.text())
            position = found
    same(decision(lab, "alice@example.com", "198.51.100.7"), "deny", "the decision")


@test
def is_enabled_and_in_force(lab):
    prepare(lab)
    with Session(lab) as session:
        session.answers(*WHITELIST)
        text = session.ends(0)
        expect_said(text, f"{lab.path('conf.d/50-finance.conf')}: written")
    same(drop_in(lab, "50-finance.conf"), """policies = (
  {
    name = "Finance";
    type = "whitelist";
    scope = {
      departments = [ "finance/*" ];
      except = {
        members = [ "root" ];
      };
    };
    ip = [ "@office" ];
    clients = [ "web" ];
    message = "Not from there.";
  }
);
""", "the drop-in")
    same([decision(lab, *login) for login in (("cfo@example.com", "10.0.0.5"), ("cfo@example.com", "192.0.2.5"),
                                              ("root", "10.0.0.5"), ("cfo@example.com", "10.0.0.5", "native"))],
         ["deny", "allow", "allow", "allow"], "the decisions")


@test
def is_saved_otherwise(lab):
    prepare(lab)
    for word, status in (("dis", "disabled"), ("report-only", "report-only")):
        with Session(lab) as session:
            session.answers(*((prompt, word if prompt == "name> " else text) for prompt, text in BLACKLIST), ("save> ", word))
            session.ends(0)
        same(lab.run("show", word, "--json", status=0).json()["status"]["value"], status, "the status")
    same(decision(lab, "alice@example.com", "198.51.100.7"), "allow", "the decision")


@test
def every_answer_is_written(lab):
    """Also those that need a question of their own, or quotes; those of the first round are changed later."""
    prepare(lab)
    with Session(lab, env=environment({"TZ": "CET-1"})) as session:
        session.walk_to("clients> ")
        session.answer("", "required> ")
        session.answer("yes", "more> ", clear=True)
        for word, text in (("comment", 'asked by "Bob" \\ 財務'), ("from", "2026-12-01"), ("until", "2026-12-20 18:00")):
            session.answer(word, f"{word}> ")
            session.answer(text, "more> ")
        session.answer("", "login> ")
        session.answer("", "save> ")
        session.answer("3", "scope> ")
        session.answer('unlisted "human resources" user@ domain:example.org group:adm member:alice, finance', "login> ", clear=True)
        session.answer("", "save> ")
        session.answer("4", "except> ")
        # this cannot be enabled, as there is no region database
        shown = session.answer("@office local 10.0.0.0/8 finance/board region:SG unlisted", "save> ", clear=True)
        expect_said(shown, "regions need a region database, and none is named")
        session.answer("7", "clients> ")
        session.answer("web native", "others> ", clear=True)
        session.answer("d", "required> ", clear=True)
        session.answer("", "save> ")
        session.answer("enabled", "save> ")
        session.enter("disabled")
        session.ends(0)
    same(drop_in(lab, "50-finance.conf"), """policies = (
  {
    name = "Finance";
    type = "whitelist";
    status = "disabled";
    scope = {
      unlisted = true;
      departments = [ "human resources", "finance" ];
      members = [ "user@", "alice" ];
      domains = [ "example.org" ];
      groups = [ "adm" ];
      except = {
        unlisted = true;
        departments = [ "finance/board" ];
        ip = [ "@office", "local", "10.0.0.0/8" ];
        regions = [ "SG" ];
      };
    };
    ip = [ "@office" ];
    clients = [ "web", "native" ];
    other_clients = "deny";
    required = true;
    not_before = "2026-12-01T00:00:00+01:00";
    not_after = "2026-12-20T18:00:00+01:00";
    comment = "asked by \\"Bob\\" \\\\ 財務";
  }
);
""", "the drop-in")


# Interrupted

ENDINGS = ("C-c", "C-d", "C-\\", signal.SIGTERM, signal.SIGHUP, "the window is closed")


def process_of(lab, shell):
    """The command's, which runs below the pane's."""
    pending = [shell]
    while pending:
        pid = pending.pop()
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            pending += [int(child) for child in file.read().split()]
        if os.path.realpath(f"/proc/{pid}/exe") == arguments[0]:
            return pid
    raise AssertionError("the command does not run")


def end_at(lab, prompt, ending, within=False):
    """Ends the wizard at this question, or within what a key of the editor's asks besides; what the terminal's settings are
    before and after it."""
    create = " ".join(f"'{word}'" for word in lab.command("create"))
    script = f"trap : INT QUIT; stty -g >stty-before; {create}; echo status $?; stty -g >stty-after; read -r line; echo \"read $line\""
    with Session(lab, ["sh", "-c", script]) as session:
        session.walk_to(prompt)
        if within:
            session.terminal.keys("M-x")
            session.wait(lambda lines: lines[-1].startswith(":"), "the editor's own question")
        pid = process_of(lab, int(session.terminal.tmux("display-message", "-p", "#{pane_pid}")))
        if ending == "the window is closed":
            session.terminal.tmux("kill-pane")
            while is_running(pid):
                pass
            return
        if isinstance(ending, signal.Signals):
            os.kill(pid, ending)
        else:
            # at the end of a line that is not empty, Ctrl-D is a key as others are
            session.terminal.keys(*(["C-u"] if ending == "C-d" else []), ending)
        status = 1 if isinstance(ending, str) else 128 + ending
        session.wait(lambda lines: f"status {status}" in lines, f"the status {status}, by {ending} at {prompt}")
        expect("Nothing was written." in session.lines(), "it does not say that nothing was written", session.text())
        session.enter("typed again")
        session.wait(lambda lines: "read typed again" in lines, "what is typed to be read")
    same(read(os.path.join(lab.folder, "stty-after")), read(os.path.join(lab.folder, "stty-before")),
         f"the terminal's settings, after {ending} at {prompt}")


@test
def interrupted_at_every_question(lab):
    """Each way to end it at some question, and each question ended in some way."""
    prepare(lab)
    before = files(lab)
    prompts = list(dict.fromkeys(prompt for prompt, _ in WHITELIST))
    for i, prompt in enumerate(prompts):
        for ending in {ENDINGS[i % 2], ENDINGS[i % len(ENDINGS)], ENDINGS[(i + 3) % len(ENDINGS)]}:
            end_at(lab, prompt, ending)
            same(files(lab), before, f"the files, after {ending} at {prompt}")
    for ending in ("C-c", signal.SIGTERM):
        end_at(lab, prompts[0], ending, within=True)


@test
def stopped_and_taken_up_again(lab):
    """Ctrl-Z: the shell gets its terminal, and the line stands there again."""
    prepare(lab)
    create = " ".join(f"'{word}'" for word in lab.command("create"))
    with Session(lab, ["bash", "--norc", "-i"], env=environment({"PS1": "shell$ "})) as session:
        session.at("shell$ ")
        session.answer(create, "type> ")
        session.answer("2", "name> ")
        session.terminal.text("half a na")
        session.at("name> half a na") # what the kernel holds of it is dropped by Ctrl-Z
        session.terminal.keys("C-z")
        session.at("shell$ ", 2)
        session.answer("echo $((6 * 7))", "shell$ ")
        expect("42" in session.lines(), "the shell does not answer", session.text())
        n = session.count("name> ")
        session.enter("fg")
        session.at("name> half a na", n)
        session.answer("me", "scope> ")
        session.answer("everyone", "except> ")
        session.terminal.keys("C-c")
        session.at("shell$ ", 3)


# Answers that are wrong

# Question, answer, what is said of it.
WRONG = (
    ("type> ", "whtelist", '"whtelist" is none; expected whitelist or blacklist; did you mean "whitelist"?'),
    ("type> ", "3", '"3" is none'),
    ("type> ", "", "an answer is needed here"),
    ("name> ", "", "is empty; expected a name"),
    ("name> ", "Here", 'there is a second policy named "Here"'),
    ("name> ", "hERE", "in upper and lower case only; expected another name"),
    ("name> ", "x" * 300, "is longer than 200 bytes; expected a shorter name"),
    ("scope> ", "", "an answer is needed here: whom the policy applies to is always written down"),
    ("scope> ", "finanse", 'unknown department "finanse"; did you mean "finance"?'),
    ("scope> ", "finance/*/*", "sub-departments along"),
    ("scope> ", "alice", "member:NAME"),
    ("scope> ", "alice@@example.com", 'has more than one "@"'),
    ("scope> ", "everyone finance", '"all" stands beside other members'),
    ("scope> ", "domain:.example.org", 'starts with a "."'),
    ("scope> ", '"finance', "a quote is opened and not closed"),
    ("except> ", "@offise", 'unknown network "offise"; did you mean "office"?'),
    ("except> ", "region:china", 'did you mean "CN" (China)?'),
    ("except> ", "everyone", "everyone cannot be excepted"),
    ("ip> ", "10.0.0.1/8", "the network is 10.0.0.0/8"),
    ("ip> ", "10.0.0.9-10.0.0.1", "10.0.0.9-10.0.0.1"),
    ("ip> ", "mail.example.com", "names are never looked up"),
    ("ip> ", "@offise", 'did you mean "office"?'),
    ("regions> ", "china", 'did you mean "CN" (China)?'),
    ("regions> ", "UK", 'did you mean "GB" (United Kingdom)?'),
    ("clients> ", "wbe", 'unknown client type "wbe"; did you mean "web"?'),
    ("others> ", "maybe", "expected unaffected or deny"),
    ("required> ", "perhaps", "expected no or yes"),
    ("more> ", "massage", 'did you mean "message"?'),
    ("message> ", "x" * 501, "at most 500 are accepted"),
    ("login> ", "10.0.0.5 web", "whose login is it?"),
    ("login> ", "alice@example.com client:wbe", 'unknown client type "wbe"; did you mean "web"?'),
    ("save> ", "enbled", 'did you mean "enabled"?'),
    ("save> ", "enabled with-everything", "expected with-pending or force"),
    ("save> ", "", "an answer is needed here"),
)


@test
def wrong_answers_are_told_at_once(lab):
    """And stand there again, to be mended; what is refused is not in the policy."""
    prepare(lab)
    before = files(lab)
    with Session(lab, rows=50) as session:
        done = set()
        for i, (prompt, text) in enumerate(WHITELIST[:-1]):
            session.at(prompt)
            for _, answer, what in (row for row in WRONG if row[0] == prompt and prompt not in done):
                shown = session.answer(answer, prompt, clear=True)
                expect_said(shown, what, f"{prompt}{answer}")
                if prompt != "save> ":
                    expect_said(session.standing() if len(answer) < 60 else answer, answer, "what stands there again")
            done.add(prompt)
            session.answer(text, WHITELIST[i + 1][0], clear=True)
        for _, answer, what in (row for row in WRONG if row[0] == "save> "):
            expect_said(session.answer(answer, "save> "), what, f"save> {answer}")
        session.enter("leave")
        session.ends(1)
    same(files(lab), before, "the files")


@test
def times_that_are_wrong(lab):
    prepare(lab)
    with Session(lab) as session:
        session.walk_to("more> ")
        session.answer("until", "until> ")
        expect_said(session.answer("soon", "until> "), '"soon" is no time; expected one such as "20 Dec 18:00"')
        session.answer("20 dec 18:00", "more> ", clear=True)
        session.answer("until", "until> ")
        expect("-12-20T18:00:00" in session.standing(), "the time that was taken", session.lines())
        session.answer("2026-12-01", "more> ", clear=True)
        session.answer("from", "from> ")
        expect_said(session.answer("2026-12-02", "from> "), '"not_after" is not after "not_before"')


@test
def the_first_policy_of_all(lab):
    """Files without any policy are none that could be applied, and what the wizard begins with."""
    prepare(lab)
    lab.write(ROOT_FILE, 'undetermined = "deny";\n')
    for name in os.listdir(lab.path("conf.d")) if os.path.isdir(lab.path("conf.d")) else ():
        os.remove(lab.path(f"conf.d/{name}"))
    with Session(lab) as session:
        session.answers(("type> ", "2"), ("name> ", "First"))
        session.at("scope> ")


@test
def control_characters_do_not_drive_the_terminal(lab):
    """Typed after Ctrl-V: shown printable, and refused in names."""
    prepare(lab)
    with Session(lab) as session:
        session.at("type> ")
        session.answer("2", "name> ")
        session.terminal.text("a")
        session.terminal.keys("C-v", "Escape")
        session.terminal.text("]2;taken")
        session.terminal.keys("C-v", "C-g")
        title = session.terminal.title()
        expect_said(session.answer("", "name> "), "has control characters in it; expected a name of one line")
        same(session.terminal.title(), title, "the title")


NAMES = (('"quoted" \\ name', "50-quoted-name.conf"), ("a/b", "50-a-b.conf"), ("../../x", "50-x.conf"),
         ("\u8ca1\u52d9\u90e8 \u672c\u793e", "50-\u8ca1\u52d9\u90e8-\u672c\u793e.conf"), ("\u00c5 'x' ;# $(y)", "50-\u00c5-x-y.conf"),
         ("x" * 200, "50-" + "x" * 197 + ".conf"))


@test
def names_of_all_kinds(lab):
    prepare(lab)
    for i, (name, file) in enumerate(NAMES):
        with Session(lab, columns=40 if i % 2 else 80) as session:
            session.answers(*((prompt, name if prompt == "name> " else text) for prompt, text in BLACKLIST),
                            ("save> ", "disabled"))
            session.ends(0)
        expect(os.path.isfile(lab.path(os.path.join("conf.d", file))), f"no {file}", os.listdir(lab.path("conf.d")))
        same(lab.run("show", name, "--json", status=0).json()["name"], name, "the name")


# Ways through it

@test
def back_and_forth(lab):
    """What was answered stands there; a step is changed by its number."""
    prepare(lab)
    with Session(lab, rows=50) as session:
        session.at("type> ")
        expect_said(session.answer("<", "type> "), "This is the first step.")
        session.answer("2", "name> ")
        session.answer("One", "scope> ")
        session.answer("<", "name> ")
        same(session.standing(), "name> One", "what stands there")
        session.answer("<", "type> ")
        same(session.standing(), "type> blacklist", "what stands there")
        session.answer("whitelist", "name> ", clear=True)
        session.answer("Two", "scope> ", clear=True)
        session.answer("finance bob@example.com", "except> ")
        same(session.standing(), "except>", "of the administrators nobody is in the scope")
        session.answer("<", "scope> ")
        same(session.standing(), "scope> finance bob@example.com", "what stands there")
        session.answer("finance operations", "except> ", clear=True)
        same(session.standing(), "except> postmaster@example.com", "who is in the scope is proposed")
        session.answer("<", "scope> ")
        session.answer("everyone", "except> ", clear=True)
        same(session.standing(), "except> root postmaster@example.com", "who is proposed")
        session.answer("<", "scope> ")
        session.answer("", "except> ")
        same(session.standing(), "except> root postmaster@example.com", "who is proposed still")
        session.answer("", "ip> ", clear=True)
        session.answer("<", "except> ")
        same(session.standing(), "except>", "nobody is proposed again")
        session.answer("", "ip> ")
        for prompt in ("regions> ", "clients> ", "required> ", "more> ", "login> "):
            session.answer("192.0.2.1" if prompt == "regions> " else "", prompt)
        session.answer("<", "more> ")
        session.answer("<", "required> ")
        session.answer("<", "clients> ")
        session.answer("", "required> ")
        session.answer("", "more> ")
        session.answer("", "login> ")
        session.answer("", "save> ")
        session.answer("<", "login> ")
        session.answer("", "save> ")
        session.answer("5", "ip> ")
        session.answer("<", "login> ")
        session.answer("", "save> ")
        session.answer("1", "type> ")
        expect_said(session.answer("blacklist", "login> ", clear=True), 'type = "blacklist"')
        session.answer("", "save> ")
        session.answer("test", "login> ")
        session.answer("", "save> ")
        session.enter("disabled")
        session.ends(0)
    expect('type = "blacklist";' in drop_in(lab, "50-two.conf"), "what was written", drop_in(lab, "50-two.conf"))


@test
def words_come_back_as_they_were(lab):
    """Quoted where they must be, and with what they are where that is not seen from them."""
    prepare(lab)
    lab.write("conf.d/10-odd.conf", r"""departments = ( { name = "r&d, \"labs\""; }, { name = "member:x"; }, { name = "unlisted"; }, { name = "O'Brien\\"; } );
""")
    lab.apply()
    with Session(lab, columns=120, rows=50) as session:
        session.walk_to("scope> ")
        for typed, shown in ((r'"r&d, \"labs\""', r'"r&d, \"labs\""'), (r'r&d\,\ \"labs\"', r'"r&d, \"labs\""'),
                             ("department:member:x", "department:member:x"), ("department:unlisted", "department:unlisted"),
                             ("O'Brien\\", "O'Brien\\\\"), ("member:finance,  o'neill@example.com", "member:finance o'neill@example.com"),
                             ("finance finance, finance", "finance"), ("root", "root"), ("member:nobody", "member:nobody")):
            session.answer(typed, "except> ", clear=True)
            session.answer("<", "scope> ")
            found = session.standing()
            expect(sorted(found.split()) == sorted(f"scope> {shown}".split()), f"of {typed}", found)


@test
def explained_at_every_question(lab):
    prepare(lab)
    with Session(lab, rows=50) as session:
        session.at("type> ")
        for i, (prompt, text) in enumerate(WHITELIST):
            shown = session.answer("?", prompt)
            expect(len(shown) > 60, f"{prompt}: no explanation", shown)
            if i + 1 < len(WHITELIST):
                session.answer(text, WHITELIST[i + 1][0])


# Question, what is typed before Tab, and what the line is then.
COMPLETED = (
    ("type> ", "w", "type> whitelist"),
    ("scope> ", "hum", 'scope> "human resources"'),
    ("scope> ", "fin", "scope> finance"),
    ("scope> ", "ever", "scope> everyone"),
    ("scope> ", "finance/b", "scope> finance/board"),
    ("scope> ", "al", "scope> alice@example.com"),
    ("scope> ", "finance, unl", "scope> finance, unlisted"),
    ("scope> ", "dom", "scope> domain:"),
    ("scope> ", "member:cf", "scope> member:cfo@example.com"),
    ("except> ", "post", "except> postmaster@example.com"),
    ("except> ", "@", "except> @office"),
    ("except> ", "region:CN-Z", "except> region:CN-ZJ"),
    ("ip> ", "192.0.2.1,@o", "ip> 192.0.2.1,@office"),
    ("ip> ", "lo", "ip> local"),
    ("regions> ", "zimb", "regions> ZW"),
    ("regions> ", "cn-z", "regions> CN-ZJ"),
    ("clients> ", "w", "clients> we"),
    ("clients> ", "outl", "clients> outlook-addin"),
    ("others> ", "d", "others> deny"),
    ("required> ", "y", "required> yes"),
    ("more> ", "c", "more> comment"),
    ("login> ", "alice@example.com we", "login> alice@example.com we"),
    ("login> ", "alice@example.com out", "login> alice@example.com outlook-addin"),
    ("login> ", "ro", "login> root"),
    ("save> ", "r", "save> report-only"),
)


@test
def tab_completes(lab):
    prepare(lab)
    with Session(lab, rows=50) as session:
        session.at("type> ")
        done = set()
        for i, (prompt, text) in enumerate(WHITELIST):
            for _, typed, line in (row for row in COMPLETED if row[0] == prompt and prompt not in done):
                session.terminal.keys("C-a", "C-k")
                session.terminal.text(typed)
                session.terminal.keys("Tab")
                session.wait(lambda lines, line=line: lines[-1] == line, f"{line!r}, of {typed!r}")
            done.add(prompt)
            if i + 1 < len(WHITELIST):
                session.answer(text or {"others> ": "unaffected", "required> ": "no"}.get(prompt, ""), WHITELIST[i + 1][0],
                               clear=True)


@test
def tab_lists(lab):
    """With a word on each, and the line as it was below."""
    prepare(lab)
    with Session(lab, columns=40, rows=50) as session:
        session.walk_to("regions> ", BLACKLIST)
        session.terminal.text("chi")
        session.terminal.keys("Tab")
        lines = session.wait(lambda lines: lines[-1] == "regions> chi" and lines[-2] != "", "the list")
        same(lines[-3:-1], ["CL  Chile", "CN  China"], "the list")
        same(session.terminal.too_wide(), [], "lines that are too wide")
        session.answer("", "regions> ")
        session.answer("", "clients> ", clear=True)
        session.terminal.keys("Tab")
        session.wait(lambda lines: lines[-1] == "clients>" and any("system" in line for line in lines), "the client types")
        same(session.terminal.too_wide(), [], "lines that are too wide")


# Test and verify

@test
def logins_are_tried_as_if_it_were_active(lab):
    prepare(lab)
    before = files(lab)
    with Session(lab, rows=50) as session:
        session.answers(*BLACKLIST[:-1])
        session.at("login> ")
        shown = session.answer("web alice@example.com 198.51.100.7", "login> ")
        expect_said(shown, 'DENY   blacklisted by "Bad net" (50-bad-net.conf:2)')
        shown = session.answer("alice@example.com 192.0.2.7 web", "login> ")
        expect_said(shown, "ALLOW")
        session.terminal.keys("Up", "Up")
        session.wait(lambda lines: lines[-1] == "login> web alice@example.com 198.51.100.7", "an earlier line")
        shown = session.answer("alice@example.com root 198.51.100.7 192.0.2.7 web native", "login> ", clear=True)
        expect_said(shown, "DENY   2 of 8 logins, beside the rest; 2 otherwise than what is in force")
        shown = session.answer("user:web local system", "login> ")
        expect_said(shown, "Member    web")
        session.answer("", "save> ")
        session.enter("leave")
        session.ends(1)
    same(files(lab), before, "the files")


@test
def says_what_check_says_of_it(lab):
    """What it would not say without the policy; and what keeps it from being in force."""
    prepare(lab)
    lab.write("conf.d/10-asserted.conf", """assertions = ( { user = "alice@example.com"; ip = "198.51.100.9"; client = "web"; expect = "allow"; } );
policies = ( { name = "Over"; type = "blacklist"; not_after = "2001-01-01T00:00:00Z"; scope = { all = true; }; } );
""")
    lab.apply("--force")
    with Session(lab, rows=50) as session:
        session.answers(*BLACKLIST[:-1])
        session.at("login> ")
        text = session.text()
        expect_said(text, "With an assertion that fails, it is not put in force.")
        expect(not said(text, '"Over"'), "it says what check says without it", text)
        session.answer("", "save> ")
        shown = session.answer("enabled", "save> ")
        expect_said(shown, "10-asserted.conf:1: refused:")
        session.answer("5", "ip> ")
        expect_said(session.answer("192.0.2.0-192.0.2.255 192.0.2.7", "login> ", clear=True), '"accesspolicy check" has nothing')
        session.answer("", "save> ")
        session.enter("enabled")
        session.ends(0)


# Saving

@test
def edited_by_hand_meanwhile(lab):
    """It is refused, and not lost: it can be saved with that, or is shown to whoever leaves."""
    prepare(lab)
    with Session(lab, rows=50) as session:
        session.answers(*BLACKLIST)
        session.at("save> ")
        lab.change('"Here"', '"Was here"')
        before = files(lab)
        shown = session.answer("enabled", "save> ")
        expect_said(shown, "refused: is changed and not in force yet")
        expect_said(shown, "It is not saved, and not lost")
        same(files(lab), before, "the files")
        session.enter("leave")
        text = session.ends(1)
        expect_said(text, f'"accesspolicy create --from FILE --config {lab.path(ROOT_FILE)} --state {lab.state}" saves it.')
        written = text[text.rindex("policies = ("):text.rindex("Nothing was written.")]
    same(files(lab), before, "the files")
    with open(os.path.join(lab.folder, "kept"), "w", encoding="utf-8") as file:
        file.write(written)
    lab.apply()
    lab.run("create", "--from", os.path.join(lab.folder, "kept"), status=0)
    same(decision(lab, "alice@example.com", "198.51.100.7"), "deny", "the decision")


@test
def saved_with_what_was_edited_meanwhile(lab):
    prepare(lab)
    with Session(lab, rows=50) as session:
        session.answers(*BLACKLIST)
        session.at("save> ")
        lab.change('"Here"', '"Was here"')
        session.answer("enabled", "save> ")
        session.enter("enabled with-pending")
        session.ends(0)
    lab.run("status", config=False, status=0)


@test
def saved_over_what_refuses(lab):
    prepare(lab)
    lab.write("conf.d/10-asserted.conf",
              'assertions = ( { user = "alice@example.com"; ip = "198.51.100.9"; client = "web"; expect = "allow"; } );\n')
    lab.apply("--force")
    with Session(lab, rows=50) as session:
        session.answers(*BLACKLIST)
        session.at("save> ")
        expect_said(session.answer("enabled", "save> "), "10-asserted.conf:1: refused:")
        session.enter("enabled force")
        session.ends(0)
    same(decision(lab, "alice@example.com", "198.51.100.9"), "deny", "the decision")


@test
def two_save_the_same_name(lab):
    prepare(lab)
    with Session(lab, rows=50) as first, Session(lab, rows=50) as second:
        for session in (first, second):
            session.answers(*BLACKLIST)
            session.at("save> ")
        first.enter("enabled")
        first.ends(0)
        text = drop_in(lab, "50-bad-net.conf")
        shown = second.answer("enabled", "save> ")
        expect_said(shown, 'there is a policy "Bad net" already')
        second.answer("2", "name> ")
        second.answer("Other net", "login> ", clear=True)
        second.answer("", "save> ")
        second.enter("enabled")
        second.ends(0)
    same(drop_in(lab, "50-bad-net.conf"), text, "the first one's file")
    same(sorted(os.listdir(lab.path("conf.d"))), ["50-bad-net.conf", "50-other-net.conf"], "the drop-ins")


@test
def invalid_files_meanwhile(lab):
    prepare(lab)
    with Session(lab, rows=50) as session:
        session.walk_to("more> ", BLACKLIST)
        lab.write("conf.d/20-broken.conf", "policies = (\n")
        shown = session.answer("", "save> ")
        expect_said(shown, "20-broken.conf")
        expect_said(shown, "So it cannot be put in force, nor be tested.")
        expect_said(session.answer("enabled", "save> "), "20-broken.conf: refused: is new and not in force yet")
        os.unlink(lab.path("conf.d/20-broken.conf"))
        session.answer("test", "login> ")
        session.answer("", "save> ")
        session.enter("enabled")
        session.ends(0)


@test
def invalid_files_from_the_start(lab):
    prepare(lab)
    lab.write("conf.d/20-broken.conf", "policies = (\n")
    with Session(lab) as session:
        expect_said(session.ends(3), "20-broken.conf")


@test
def a_full_disk(lab):
    """It says so, keeps what was answered, and saves once there is room."""
    if os.environ.get("AP_OWN_MOUNTS") != "yes":
        raise Skip("needs root and unshare -m, to mount a small disk of its own")
    disk = Disk(lab)
    try:
        prepare(lab)
        with Session(lab, rows=50) as session:
            session.answers(*BLACKLIST)
            session.at("save> ")
            disk.fill(0)
            in_force = lab.in_force()
            shown = session.answer("enabled", "save> ")
            expect_said(shown, "No space left on device")
            expect_said(shown, "It is not saved, and not lost")
            same(lab.in_force(), in_force, "what is in force")
            expect(not os.path.exists(lab.path("conf.d/50-bad-net.conf")), "a file was written")
            disk.empty()
            session.enter("enabled")
            session.ends(0)
    finally:
        disk.close()
    expect(os.path.exists(lab.path("conf.d/50-bad-net.conf")), "no file was written")


@test
def a_dry_run(lab):
    prepare(lab)
    before = files(lab)
    with Session(lab, lab.command("create", "--dry-run"), rows=50) as session:
        session.answers(*BLACKLIST, ("save> ", "enabled"))
        expect_said(session.ends(0), "would be written")
    same(files(lab), before, "the files")


# Terminals

@test
def fits_40_columns(lab):
    prepare(lab)
    for columns in (40, 80):
        with Session(lab, columns=columns, rows=24) as session:
            session.answers(*((prompt, f"Net {columns}" if prompt == "name> " else "192.0.2.7" if prompt == "ip> " else text)
                              for prompt, text in BLACKLIST[:-1]))
            session.at("login> ")
            session.answer("alice@example.com 192.0.2.7 web", "login> ")
            session.answer("alice@example.com root 192.0.2.7", "login> ")
            session.answer("?", "login> ")
            session.answer("", "save> ")
            session.answer("?", "save> ")
            session.enter("report-only")
            session.ends(0)
            # what is typed is the terminal's to break
            wide = [line for line in session.terminal.too_wide() if not re.match("[a-z]+> ", line)]
            same(wide, [], f"lines that are too wide at {columns} columns")


@test
def a_terminal_that_changes_its_size(lab):
    """While a line is edited, and then what is written fits the new size."""
    prepare(lab)
    with Session(lab, columns=80, rows=24) as session:
        session.at("type> ")
        session.answer("2", "name> ")
        session.terminal.text("A rather long name that takes more than one line")
        session.terminal.resize(40, 24)
        session.terminal.text(" of it")
        session.answer("", "scope> ")
        n = len(session.lines())
        session.answer("everyone", "except> ")
        wide = [line for line in session.lines()[n:] if len(line) > 40 and not line.startswith("except>")]
        same(wide, [], "lines that are too wide")
        session.answer("<", "scope> ")
        session.answer("<", "name> ")
        session.standing()
        expect_said(session.text().rpartition("name> ")[2], "A rather long name that takes more than one line of it")


@test
def terminals_that_cannot_edit(lab):
    """TERM=dumb, none, and one that nobody knows: it is asked all the same."""
    prepare(lab)
    create = " ".join(f"'{word}'" for word in lab.command("create"))
    for i, script in enumerate((f"TERM=dumb {create}", f"unset TERM; {create}", f"TERM=nobody-knows-it {create}")):
        with Session(lab, ["sh", "-c", f"{script}; exit $?"], edits=False, rows=50) as session:
            session.answers(*((prompt, f"Net {i}" if prompt == "name> " else f"192.0.2.{i}" if prompt == "ip> " else text)
                              for prompt, text in BLACKLIST), ("save> ", "disabled"))
            session.ends(0)
        text = drop_in(lab, f"50-net-{i}.conf")
        expect('members = [ "root", "postmaster@example.com" ];' in text, "who is excepted", text)
    with Session(lab, ["sh", "-c", f"TERM=dumb {create}"], edits=False, rows=50) as session:
        session.walk_to("except> ", BLACKLIST)
        session.answer("-", "ip> ")
        session.answer("192.0.2.9", "regions> ")
        session.answer("<", "ip> ")
        expect_said(session.text(), "(now: 192.0.2.9)")
        session.answer("", "regions> ")
        session.terminal.keys("C-d")
        expect_said(session.ends(1), "Nothing was written.")


@test
def what_is_pasted_is_one_answer(lab):
    """However many lines it stood on."""
    prepare(lab)
    with Session(lab, rows=50) as session:
        session.walk_to("ip> ", BLACKLIST)
        session.terminal.tmux("set-buffer", "192.0.2.1\n192.0.2.2\r\n\t192.0.2.3\n")
        session.terminal.tmux("paste-buffer", "-p")
        session.wait(lambda lines: "192.0.2.3" in lines[-1], "what is pasted")
        session.answer("", "regions> ")
        session.answer("<", "ip> ")
        same(session.standing(), "ip> 192.0.2.1 192.0.2.2 192.0.2.3", "the answer")
    # and a terminal that is left pastes as it did
    create = " ".join(f"'{word}'" for word in lab.command("create"))
    with Session(lab, ["sh", "-c", f"trap : INT; {create}; echo over; exec cat -v"]) as session:
        session.at("type> ")
        session.terminal.keys("C-c")
        session.at("over")
        session.terminal.tmux("set-buffer", "pasted")
        session.terminal.tmux("paste-buffer", "-p")
        session.terminal.keys("Enter")
        session.wait(lambda lines: lines.count("pasted") == 2, "what is pasted, alone")


@test
def without_a_terminal(lab):
    lab.apply()
    before = files(lab)
    result = lab.run("create", status=2)
    expect("needs a terminal for standard input and output" in result.err and "--type" in result.err, "what is said", result)
    for script in ("{} </dev/null", "{} | cat; exit 2", "{} --json"):
        command = script.format(" ".join(f"'{word}'" for word in lab.command("create")))
        with Terminal(["sh", "-c", command], env=environment(), cwd=lab.folder) as terminal:
            same(terminal.wait_end(), 2, f"the status of {script}")
            expect_said("\n".join(terminal.written()), "needs a terminal")
    same(files(lab), before, "the files")


@test
def with_some_options_nothing_is_asked(lab):
    lab.apply()
    with Terminal(lab.command("create", "--type", "blacklist", "--all"), env=environment(), cwd=lab.folder) as terminal:
        same(terminal.wait_end(), 2, "the status")
        expect_said("\n".join(terminal.written()), "--name is missing")


@test
def a_hundred_thousand_members(lab):
    """Each answer is judged beside them, and Tab looks through them."""
    lab.write(ROOT_FILE, POLICY + 'directory = [ "members.csv" ];\n')
    lab.write("members.csv", "".join(f"member{i}@example.com,branch/{i % 1000}\n" for i in range(100000)))
    lab.apply("--force")
    with Session(lab, rows=50) as session:
        session.walk_to("scope> ", BLACKLIST)
        session.terminal.text("member9999")
        session.terminal.keys("Tab")
        session.wait(lambda lines: any("member99999@example.com" in line for line in lines), "the members that begin so")
        expect_said(session.answer("brunch/7", "scope> ", clear=True), 'did you mean "branch/7"?')
        session.answer("branch/* member5@example.com", "except> ", clear=True)
        for prompt, text in (("ip> ", ""), ("regions> ", "192.0.2.1"), ("clients> ", ""), ("more> ", ""), ("login> ", "")):
            session.answer(text, prompt)
        expect_said(session.answer("member77777@example.com 192.0.2.1 web", "login> "), "DENY")
        session.answer("", "save> ")
        session.enter("disabled")
        session.ends(0)


in_a_namespace()
main()
