"""`edit --editor`: a policy's text in an editor, which is a small script here; checked before anything is saved."""
import os
import signal
import stat
import subprocess
import time

from lab import ROOT_FILE, Result, environment, expect, main, need_root, read, same, snapshot, test

DROP_IN = "conf.d/50-kiosk.conf"
BEFORE = "// Asked for by the library.\npolicies = (\n"
TEXT = """  // until the hall is built
  # and the roof
  { name = "Kiosk"; // its name
    type = "blacklist"; scope = { all = true; };
    ip = [ "198.51.100.0/24" ]; // the hall
  }"""
AFTER = """, // end
  { name = "Second"; type = "blacklist"; scope = { members = [ "m" ]; }; }
);
"""
KIOSK = BEFORE + TEXT + AFTER


def prepared(lab):
    os.mkdir(os.path.join(lab.folder, "tmp"))
    lab.write(DROP_IN, KIOSK)
    lab.apply()


def text_of(lab, name=DROP_IN):
    return read(lab.path(name)).decode()


def decision(lab, ip="198.51.100.7"):
    return lab.run("test", "--user", "alice", "--ip", ip, "--json", config=False).json()["decision"]


def editor(lab, script, variable="EDITOR"):
    """The environment in which this is the editor: a script, whose $1 is the file."""
    path = os.path.join(lab.folder, "an editor")
    with open(path, "w", encoding="utf-8") as file:
        file.write(script)
    return {variable: f"sh '{path}'", "TMPDIR": os.path.join(lab.folder, "tmp")}


def replacing(before, after):
    return f"sed -i 's|{before}|{after}|' \"$1\"\n"


def left(lab):
    """The files that are left of what was edited."""
    return [os.path.join(where, name) for where, _, names in os.walk(os.path.join(lab.folder, "tmp")) for name in names]


def kept(lab, result):
    """The one that was kept, as the command told: its text."""
    path = result.err.split("The text is kept in ")[1].splitlines()[0]
    same(left(lab), [path], "what is kept")
    return read(path).decode(errors="replace")


def edit(lab, script, *words, status=0, name="Kiosk", **more):
    return lab.run("edit", name, "--editor", *words, env=editor(lab, script, **more), status=status)


def wait_for_file(path):
    """By which an editor tells that it is open."""
    deadline = time.monotonic() + 30
    while not os.path.exists(path):
        expect(time.monotonic() < deadline, "the editor never began")
        time.sleep(0.01)


@test
def edited_and_in_force(lab):
    prepared(lab)
    result = edit(lab, f'cp "$1" {lab.folder}/seen; ls -l "$1" >{lab.folder}/listed; ls -ld "$(dirname "$1")" >>{lab.folder}/listed\n' +
                  replacing("198.51.100.0/24", "203.0.113.0/24") + replacing("// its name", "// the name"))
    same(read(os.path.join(lab.folder, "seen")).decode(), TEXT + "\n", "what the editor was given")
    listed = read(os.path.join(lab.folder, "listed")).decode().splitlines()
    same([line[:10] for line in listed], ["-rw-------", "drwx------"], "the modes of its file and folder")
    expect(listed[0].endswith("/50-kiosk.conf"), "its name", listed)
    same(text_of(lab), BEFORE + TEXT.replace("198.51.100.0/24", "203.0.113.0/24").replace("its name", "the name") + AFTER,
         "the file")
    expect(f"{lab.path(DROP_IN)}: changed" in result.out, "what is printed", result)
    same((decision(lab), decision(lab, "203.0.113.9"), left(lab)), ("allow", "deny", []), "what is in force")
    same(os.listdir(os.path.join(lab.folder, "tmp")), [], "the temporary folder")
    lab.run("status", config=False, status=0)


@test
def a_dry_run(lab):
    """Nothing is changed, and the text that was edited is kept: nobody writes it twice."""
    prepared(lab)
    before = snapshot(lab.policy)
    result = edit(lab, replacing("198.51.100.0/24", "203.0.113.0/24"), "--dry-run")
    expect(f"{lab.path(DROP_IN)}: would be changed" in result.out and "203.0.113.0/24" in kept(lab, result), "the text", result)
    same((snapshot(lab.policy), decision(lab)), (before, "deny"), "the files, and what is in force")


@test
def a_policy_on_a_line_with_others(lab):
    line = 'policies = ( { name = "A"; type = "blacklist"; scope = { all = true; }; ip = [ "192.0.2.1" ]; }, ' \
        '{ name = "B"; type = "blacklist"; scope = { all = true; }; ip = [ "192.0.2.2" ]; } ); // both\n'
    prepared(lab)
    lab.write("conf.d/60-line.conf", line)
    lab.apply()
    edit(lab, f'cp "$1" {lab.folder}/seen; {replacing("192.0.2.2", "192.0.2.3")} echo "// why" >>"$1"', name="B")
    same(read(os.path.join(lab.folder, "seen")).decode(),
         '{ name = "B"; type = "blacklist"; scope = { all = true; }; ip = [ "192.0.2.2" ]; }\n', "what was edited")
    same(text_of(lab, "conf.d/60-line.conf"), line.replace('"192.0.2.2" ]; } );', '"192.0.2.3" ]; }\n// why\n );'), "the file")


@test
def nothing_is_done(lab):
    prepared(lab)
    before = snapshot(lab.folder, but=("state/lock", "state", "an editor", ".", "tmp"))
    for script, status, said in (("true", 0, "nothing to do"), ('echo >>"$1"', 0, "nothing to do"),
                                 ("exit 3", 1, "the editor failed, with status 3; nothing is done"),
                                 (replacing("Kiosk", "K") + "exit 1", 1, "the editor failed, with status 1"),
                                 ("kill -9 $$", 1, "the editor was ended by signal 9"),
                                 ('>"$1"', 1, "the text is empty"), ('printf "\\n // all of it\\n# gone\\n" >"$1"', 1, "the text is empty"),
                                 ('rm "$1"', 1, "cannot be read any more"), ('rm "$1"; mkdir "$1"', 1, "cannot be read"),
                                 ('rm "$1"; mkfifo "$1"', 1, "the text is empty")):
        result = edit(lab, script, status=status)
        expect(said in result.out + result.err, f"{script!r}: expected {said!r}", result)
        same(left(lab), [], f"{script!r}: what is left")
        for folder in os.listdir(os.path.join(lab.folder, "tmp")):
            os.rmdir(os.path.join(lab.folder, "tmp", folder, "50-kiosk.conf"))
            os.rmdir(os.path.join(lab.folder, "tmp", folder))
    same(snapshot(lab.folder, but=("state/lock", "state", "an editor", ".", "tmp")), before, "everything")
    result = edit(lab, 'printf "a\\0b" >>"$1"', status=1)
    expect("has a NUL byte in it" in result.err and kept(lab, result) == TEXT + "\na\0b", "what is no text is kept", result)


@test
def a_name_that_is_taken(lab):
    """Where it stands is told, and the text is kept."""
    prepared(lab)
    before = snapshot(lab.policy)
    result = edit(lab, replacing('name = "Kiosk"; // its name', 'name = "Office";'), status=1)
    expect(f'{lab.path(ROOT_FILE)}:' in result.err and 'there is a policy "Office" already, here; ' in result.err, "what is said", result)
    expect('name = "Office";' in kept(lab, result), "the text", result)
    same(snapshot(lab.policy), before, "the files")


@test
def what_is_wrong_is_told_by_the_lines_that_were_edited(lab):
    """The text is kept, and nothing is saved."""
    prepared(lab)
    before = snapshot(lab.policy)
    for script, line, said in ((replacing("198.51.100.0/24", "198.51.100.1/24"), 5, "the network is 198.51.100.0/24"),
                               (replacing("all = true", "departments = [ \"staf\" ]"), 4, 'did you mean "staff"?'),
                               (replacing("blacklist\";", "blacklist\""), 4, ""),
                               ('sed -i "1i // one\\n// more" "$1"\n' + replacing("Kiosk", "a\\\\x07b"), 5, "control characters"),
                               ('printf "\\351\\n" >>"$1"', 7, "UTF-8")):
        result = edit(lab, script, status=3)
        text = kept(lab, result)
        os.unlink(left(lab)[0])
        expect(f"/50-kiosk.conf:{line}: " in result.err and said in result.err and f"{lab.path(DROP_IN)}:" not in result.err,
               f"{script!r}: expected line {line}, {said!r}", result)
        expect(result.err.startswith(os.path.join(lab.folder, "tmp")), "the edited text's own path", result)
        same(snapshot(lab.policy), before, "the files")
        expect(text != TEXT + "\n", "it is the text that was edited", text)
    for name, script in (("Kiosk", replacing("^  }$", '  }, { name = "Third"; type = "blacklist"; scope = { all = true; }; }')),
                         ("Second", replacing("; }$", '; } ); networks = ( { name = "x"; ip = [ "192.0.2.1" ]; }')),
                         ("Second", replacing("; }$", '; } /* x */ ); networks = ( { name = "x"; ip = [ "192.0.2.1" ]; } // y'))):
        result = edit(lab, script, status=3, name=name)
        expect("is not one policy" in result.err and "\n1 error: nothing is changed\n" in result.err, "more than one", result)
        os.unlink(left(lab)[0])
    result = edit(lab, replacing("198.51.100.0/24", "198.51.100.1/24"), "--json", status=3)
    same((result.json()["errors"][0]["line"], result.json()["errors"][0]["severity"]), (5, "error"), "the JSON")


@test
def an_error_elsewhere_has_its_own_line(lab):
    """Behind the policy, and in another file: as they stand on the disk."""
    prepared(lab)
    lab.write("conf.d/60-more.conf", 'exceptions = ( { name = "X"; policies = [ "Kiosk", "Second" ]; members = [ "a" ]; } );\n')
    lab.apply()
    result = edit(lab, 'sed -i "1i // one\\n// more" "$1"\n' + replacing('"Kiosk"', '"SECOND"'), status=3)
    # the first of the two that are named alike is the edited one; the other is told, where it stands
    expect(f"{lab.path(DROP_IN)}:9: " in result.err, "the line of the other", result)


@test
def renamed_in_the_text(lab):
    """What refers to it follows, and so does its file if it stands there alone."""
    os.mkdir(os.path.join(lab.folder, "tmp"))
    alone = KIOSK.replace(AFTER, "\n);\nexceptions = ( { name = \"X\"; policies = [ \"Kiosk\" ]; members = [ \"alice\" ]; } );\n")
    references = 'exceptions = ( { name = "Y"; policies = [ "Kiosk" /* that */ ]; members = [ "bob" ]; } );\n'
    lab.write(DROP_IN, alone)
    lab.write("conf.d/60-more.conf", references)
    lab.apply()
    edit(lab, replacing('"Kiosk"', r'"The \\"Hall\\"" " 1"'))
    hall = '"The \\"Hall\\" 1"'
    same(text_of(lab, "conf.d/50-the-hall-1.conf"),
         alone.replace('name = "Kiosk"', 'name = "The \\"Hall\\"" " 1"').replace('[ "Kiosk" ]', f"[ {hall} ]"), "the policy's file")
    same(text_of(lab, "conf.d/60-more.conf"), references.replace('"Kiosk"', hall), "what refers to it")
    expect(not os.path.exists(lab.path(DROP_IN)), "the old file is there")
    result = edit(lab, replacing("198.51.100.0/24", "198.51.100.1/24") + replacing('"The .* 1"', '"Z"'), status=3,
                  name='The "Hall" 1')
    expect("/50-the-hall-1.conf:5: " in result.err and lab.path("conf.d") not in result.err, "the edited text's lines", result)
    lab.run("status", config=False, status=0)


@test
def a_hand_edit_meanwhile(lab):
    """Of the very file, or of another, while the editor is open: it is refused, neither is lost."""
    for name in (DROP_IN, "accesspolicy.conf"):
        lab.write("accesspolicy.conf", text_of(lab, "accesspolicy.conf"))
        if not os.path.exists(lab.path(DROP_IN)):
            prepared(lab)
        by_hand = text_of(lab, name) + "// by hand\n"
        result = edit(lab, f"echo '// by hand' >>'{lab.path(name)}'\n" + replacing("198.51.100.0/24", "203.0.113.0/24"), status=1)
        expect("refused" in result.err and lab.path(name) in result.err, "why", result)
        expect("203.0.113.0/24" in kept(lab, result), "the text that was edited", result)
        same((text_of(lab, name), decision(lab)), (by_hand, "deny"), "what was done by hand, and what is in force")
        os.unlink(left(lab)[0])
        result = edit(lab, f"echo '// and again' >>'{lab.path(DROP_IN)}'\n" + replacing("198.51.100.0/24", "203.0.113.0/24"),
                      "--with-pending", status=1)
        expect("was changed meanwhile" in result.err and "// and again" in text_of(lab), "with --with-pending", result)
        os.unlink(left(lab)[0])
        lab.apply()


@test
def which_editor(lab):
    prepared(lab)
    paths = {}
    for name in ("visual", "plain"):
        paths[name] = os.path.join(lab.folder, name)
        with open(paths[name], "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\necho {name} $# \"$1\" >{lab.folder}/ran\n")
        os.chmod(paths[name], 0o755)

    def ran(env, path="/usr/sbin:/usr/bin:/sbin:/bin"):
        lab.run("edit", "Kiosk", "--editor", env={**env, "PATH": path, "TMPDIR": os.path.join(lab.folder, "tmp")}, status=0)
        return read(os.path.join(lab.folder, "ran")).decode().split()[:3]

    same(ran({"VISUAL": paths["visual"], "EDITOR": paths["plain"]})[:2], ["visual", "1"], "$VISUAL first")
    same(ran({"VISUAL": " ", "EDITOR": f"'{paths['plain']}' -x"}), ["plain", "2", "-x"], "$EDITOR, with an argument")
    bin_folder = os.path.join(lab.folder, "bin")
    os.mkdir(bin_folder)
    os.symlink(paths["plain"], os.path.join(bin_folder, "vi"))
    same(ran({}, bin_folder)[:2], ["plain", "1"], "vi, where there is nothing else")
    os.symlink(paths["visual"], os.path.join(bin_folder, "sensible-editor"))
    same(ran({}, bin_folder)[:2], ["visual", "1"], "sensible-editor")
    result = lab.run("edit", "Kiosk", "--editor", env={"PATH": lab.folder + "/none"}, status=1)
    expect("There is no editor" in result.err and "status 127" in result.err, "none at all", result)


@test
def a_folder_that_others_could_write_to(lab):
    need_root()
    prepared(lab)
    open_folder = os.path.join(lab.folder, "open")
    os.mkdir(open_folder)
    os.chmod(open_folder, 0o777)
    result = lab.run("edit", "Kiosk", "--editor", env={**editor(lab, "true"), "TMPDIR": open_folder}, status=1)
    expect("can be written by" in result.err or "writable" in result.err, "why", result)
    same(os.listdir(open_folder), [], "what is left there")
    result = lab.run("edit", "Kiosk", "--editor", env={**editor(lab, "true"), "TMPDIR": lab.folder + "/none"}, status=1)
    expect("no folder can be made there" in result.err, "no such folder", result)


@test
def ended_by_signals(lab):
    """While the editor is open: nothing is left; once it has been written to, the text is kept, and its path is told."""
    prepared(lab)
    before = snapshot(lab.policy)
    for number in (signal.SIGTERM, signal.SIGHUP):
        for script, is_kept in (("", False), (replacing("198.51.100.0/24", "203.0.113.0/24"), True)):
            env = editor(lab, script + f": >'{lab.folder}/ready'; exec sleep 60")
            process = subprocess.Popen(lab.command("edit", "Kiosk", "--editor"), stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(env), cwd=lab.folder)
            wait_for_file(os.path.join(lab.folder, "ready"))
            os.unlink(os.path.join(lab.folder, "ready"))
            process.send_signal(number)
            # its output ends with the editor: that one is ended as well
            out, err = process.communicate(timeout=30)
            result = Result(process.returncode, out.decode(), err.decode())
            same(result.status, -number, f"how it ended: {result}")
            if is_kept:
                expect("203.0.113.0/24" in kept(lab, result), "the text", result)
                os.unlink(left(lab)[0])
            else:
                same((left(lab), result.err), ([], ""), "what is left")
    same(snapshot(lab.policy), before, "the files")


@test
def a_full_disk(lab):
    """No byte can be written to the text's file: nothing is left, and nothing done."""
    prepared(lab)
    before = snapshot(lab.policy)
    result = Result(*(lambda done: (done.returncode, done.stdout.decode(), done.stderr.decode()))(subprocess.run(
        ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *lab.command("edit", "Kiosk", "--editor")], stdin=subprocess.DEVNULL,
        capture_output=True, env=environment(editor(lab, "true")), cwd=lab.folder, check=False)))
    same(result.status, 1, f"its status: {result}")
    expect("cannot be written: File too large" in result.err, "what is said", result)
    same((os.listdir(os.path.join(lab.folder, "tmp")), snapshot(lab.policy)), ([], before), "what is left")


@test
def two_editors_at_once(lab):
    """Both are open on the same policy: whoever comes second is refused, and keeps his text."""
    prepared(lab)
    script = f": >\"$0.open\"; while [ ! -e '{lab.folder}/go' ]; do sleep 0.02; done\n"
    running = []
    for i in range(2):
        env = editor(lab, "", variable="EDITOR")
        path = os.path.join(lab.folder, f"editor{i}")
        with open(path, "w", encoding="utf-8") as file:
            file.write(script + replacing("198.51.100.0/24", f"203.0.113.{i}"))
        env["EDITOR"] = f"sh {path}"
        running.append(subprocess.Popen(lab.command("edit", "Kiosk", "--editor"), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(env), cwd=lab.folder))
    for i in range(2):
        wait_for_file(os.path.join(lab.folder, f"editor{i}.open"))
    open(os.path.join(lab.folder, "go"), "w", encoding="utf-8").close()
    ended = [(process.communicate()[1].decode(), process.returncode) for process in running]
    same(sorted(status for _, status in ended), [0, 1], f"one is done, one refused: {ended}")
    winner = [status for _, status in ended].index(0)
    expect(f"203.0.113.{winner}" in text_of(lab) and "meanwhile" in ended[1 - winner][0], "the file, and why", ended)
    expect(f"203.0.113.{1 - winner}" in read(left(lab)[0]).decode(), "the other's text")
    same(stat.S_IMODE(os.stat(left(lab)[0]).st_mode) & 0o077, 0, "its mode")


main()
