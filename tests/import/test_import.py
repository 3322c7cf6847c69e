"""`import`: what is written, what is said of it, and what is left alone where nothing can be."""
import os
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "apply"))
from lab import ROOT_FILE, Result, environment, expect, main, read, same, snapshot, test  # noqa: E402

# Names of groups are this machine's: --nodefgroup leaves them alone.
OPTIONS = ("--nodefgroup",)
RULES = """# who may come
+ : alice : 10.0.0.0/8
- : alice bob : ALL EXCEPT LOCAL
"""
NAMES = ["access.conf:3: - : alice bob : ALL EXCEPT LOCAL"]
DROP_IN = "conf.d/50-imported-access-conf.conf"


def rules(lab, text=RULES, name="access.conf"):
    path = os.path.join(lab.folder, name)
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return path


def run_import(lab, *words, text=RULES, **more):
    return lab.run("import", "access.conf", rules(lab, text), *OPTIONS, *words, **more)


def written(lab, name=DROP_IN):
    return read(lab.path(name)).decode()


def decision(lab, user, ip):
    return lab.run("test", "--user", user, "--ip", ip, "--json", config=False).json()["decision"]


def policies(lab):
    return {policy["name"]: policy["status"] for policy in lab.run("list", "--json", status=0).json()["policies"]}


@test
def disabled_unless_asked(lab):
    lab.apply()
    result = run_import(lab, status=0)
    expect("2 rules make 1 policy and 1 exception; all is carried over exactly" in result.out, "the report", result)
    expect(f"{lab.path(DROP_IN)}: written, with its policies disabled" in result.out, "where it is", result)
    same(policies(lab)[NAMES[0]], "disabled", "its status")
    same([decision(lab, "bob", "198.51.100.1"), decision(lab, "alice", "10.0.0.1")], ["allow", "allow"], "decisions")
    # it is no pending edit, which would refuse the next change
    lab.run("status", config=False, status=0)
    told = shlex.split(result.out.partition("to enable them: accesspolicy ")[2].partition("\n")[0])
    same(told, ["enable", *NAMES, "--config", lab.path(ROOT_FILE), "--state", lab.state], "the command that is proposed")
    lab.run("enable", *NAMES, status=0)
    same([decision(lab, "bob", "198.51.100.1"), decision(lab, "alice", "198.51.100.1"), decision(lab, "alice", "10.0.0.1"),
          decision(lab, "bob", "local"), decision(lab, "carol", "198.51.100.1")],
         ["deny", "deny", "allow", "allow", "allow"], "decisions")


@test
def once_more(lab):
    """As some notes advise: the earlier policies are still there, which is said, with the file."""
    note = f"note: {lab.path(DROP_IN)} is there already, from an earlier import; its policies stay as they are"
    expect("note: /" not in run_import(lab, status=0).out, "of the first")
    expect(note in run_import(lab, "--dry-run", status=0).out, "of a dry run")
    expect(note in run_import(lab, status=0).out, "of the second")


@test
def in_force_with_apply(lab):
    lab.apply()
    run_import(lab, "--apply", status=0)
    same(policies(lab)[NAMES[0]], "enabled", "its status")
    same([decision(lab, "bob", "198.51.100.1"), decision(lab, "alice", "10.0.0.1")], ["deny", "allow"], "decisions")
    lab.run("status", config=False, status=0)


@test
def what_is_written(lab):
    run_import(lab, status=0)
    same(written(lab), f"""// Imported from {lab.folder}/access.conf (access.conf of pam_access) by accesspolicy import.
policies = (
  {{
    name = "access.conf:3: - : alice bob : ALL EXCEPT LOCAL";
    type = "blacklist";
    status = "disabled";
    scope = {{
      members = [ "alice", "bob" ];
      except = {{
        ip = [ "local" ];
      }};
    }};
    comment = "access.conf line 3: - : alice bob : ALL EXCEPT LOCAL";
  }}
);
exceptions = (
  {{
    name = "access.conf:2: + : alice : 10.0.0.0/8";
    policies = [ "access.conf:3: - : alice bob : ALL EXCEPT LOCAL" ];
    members = [ "alice" ];
    ip = [ "10.0.0.0/8" ];
    comment = "access.conf line 2: + : alice : 10.0.0.0/8";
  }}
);
""", "the drop-in")
    run_import(lab, status=0)
    again = written(lab, "conf.d/50-imported-access-conf-2.conf")
    expect(f'policies = [ "{NAMES[0]} (2)" ];' in again, "a second import has names of its own", again)


@test
def differences_have_their_status(lab):
    result = run_import(lab, text="- : alice : .evil.example\n", status=4)
    expect("access.conf:1: difference: .evil.example" in result.out, "the report", result)
    expect("// line 1: .evil.example: a host's name" in written(lab), "the file tells of it too", written(lab))
    found = run_import(lab, "--json", text="- : alice : .evil.example\n", status=4).json()
    same([(note["line"], note["severity"], note["text"]) for note in found["notes"] if note["line"] is not None],
         [(1, "difference", ".evil.example")], "the notes")


@test
def json(lab):
    found = run_import(lab, "--json", "--apply", status=0).json()
    same(sorted(found), sorted(["format", "file", "rules", "policies", "exceptions", "client_types", "notes", "path", "written",
                                "enabled", "text", "applied"]), "the keys")
    same([found[key] for key in ("format", "rules", "policies", "client_types", "written", "enabled", "text")],
         ["access.conf", 2, NAMES, [], True, True, None], "the values")
    same(found["path"], lab.path(DROP_IN), "the drop-in")
    same(found["applied"]["outcome"], "done", "what became of it")
    tried = run_import(lab, "--json", "--dry-run", text="- : alice : tty1\n", status=0).json()
    same([tried["written"], tried["client_types"], tried["applied"]["dry_run"]], [False, ["from-tty1"], True], "a dry run")
    expect('tty = [ "tty1", "/dev/tty1" ];' in tried["text"], "its text", tried["text"])
    nothing = run_import(lab, "--json", text="+ : alice : ALL\n", status=0).json()
    same([nothing["path"], nothing["written"], nothing["applied"]], [None, False, None], "nothing to write")


@test
def dry_run_changes_nothing(lab):
    lab.apply()
    before = [snapshot(lab.policy), snapshot(lab.state)]
    result = run_import(lab, "--dry-run", "--apply", status=0)
    expect("would be written" in result.out and 'members = [ "alice", "bob" ];' in result.out, "what is shown", result)
    same([snapshot(lab.policy), snapshot(lab.state)], before, "the files")


@test
def nothing_to_write(lab):
    before = snapshot(lab.policy)
    for text in ("", "# nothing\n", "+ : alice : ALL\n", "- : ALL\n", "- : nobody@elsewhere : ALL\n"):
        result = run_import(lab, text=text, status=0)
        expect("nothing to write" in result.out, text, result)
    same(snapshot(lab.policy), before, "the files")


@test
def malformed(lab):
    before = snapshot(lab.policy)
    result = run_import(lab, text=b"+ : alice : ALL\n\n- : bob\0 : ALL\n", status=3)
    expect("access.conf:3: there is a NUL byte in the line" in result.err, "where it is", result)
    expect("1 error: nothing is imported" in result.err and result.out == "", "what is said", result)
    found = run_import(lab, "--json", text=b"\0", status=3).json()
    same([(error["line"], error["severity"]) for error in found["errors"]], [(1, "error")], "as JSON")
    same(snapshot(lab.policy), before, "the files")


@test
def usage(lab):
    path = rules(lab)
    for words, message in ((("access.cnf", path), 'did you mean "access.conf"?'),
                           ((), "no format is given; expected one of access.conf, "), ((path,), "expected one of access.conf, "),
                           (("access.conf",), "no file is given"), (("access.conf", path, "more"), 'unexpected "more"')):
        result = lab.run("import", *words, status=2)
        expect(message in result.err, f"{words}", result)
    result = lab.run("import", "access.conf", path + ".missing", status=3)
    expect("cannot be opened: No such file or directory" in result.err, "a file that is missing", result)
    result = lab.run("import", "access.conf", lab.folder, status=3)
    expect("is no regular file" in result.err, "a folder", result)


@test
def standard_input(lab):
    words = lab.command("import", "access.conf", "-", *OPTIONS)
    done = subprocess.run(words, input=RULES.encode(), capture_output=True, env=environment(), check=False)
    result = Result(done.returncode, done.stdout.decode(), done.stderr.decode())
    same(result.status, 0, str(result))
    expect(written(lab).startswith("// Imported from standard input (access.conf"), "the file", written(lab))
    same(list(policies(lab))[-1:], NAMES, "the names")


@test
def text_stays_text(lab):
    """Whatever stands in a rule, it ends no comment and no string, and reaches no terminal as it is."""
    nasty = b'- : alice "; evil = 1; // */ bob\\ /* \xff\x1b[2J \xe2\x80\xae : 10.0.0.0/8 tty\x1b[31m\n' \
            b'# \xff\n- : "@include\\"x\\"" : ALL\n'
    name = 'a"b*\\\n; c.conf'
    result = lab.run("import", "access.conf", rules(lab, nasty, name), *OPTIONS, status=0)
    expect("\x1b" not in result.out + result.err and "\u202e" not in result.out + result.err, "what is printed", result)
    text = read(lab.path(DROP_IN))
    expect(b"\x1b" not in text and b"\xff" not in text, "the file", text)
    expect(all(line.startswith(b"//") for line in text.split(b"policies =")[0].splitlines()), "its comment", text)
    lab.run("check", status=0)
    imported = set(policies(lab)) - {"Dropped", "Office"}
    expect(len(imported) > 0 and all(":1" in policy for policy in imported), "the policies", imported)


@test
def client_types_are_chosen_by_nobody_else(lab):
    text = "- : alice : tty1 tty2\n"
    run_import(lab, text=text, status=0)
    expect("from-tty1" in written(lab), "they are declared", written(lab))
    lab.change('scope = { all = true; };', 'scope = { all = true; }; clients = [ "web" ];')
    lab.apply()
    result = run_import(lab, text="- : alice : tty3\n", status=4)
    expect('difference: tty3' in result.out and 'the policy "Dropped" chooses among client types' in result.out, "the report", result)
    text = written(lab, "conf.d/50-imported-access-conf-2.conf")
    expect("client_types" not in text and 'ip = [ "local" ];' in text, "all logins at the machine are denied", text)
    result = run_import(lab, "--client-types", text="- : alice : tty3\n", status=0)
    expect("client_types" in written(lab, "conf.d/51-imported-access-conf.conf"), "where it is asked for", result)


def at_machine(lab, *login):
    return lab.run("test", "--json", *login, config=False).json()["decision"]


@test
def imports_side_by_side(lab):
    """What one declares takes no logins from another's policies, nor do client types of other files, later ones too."""
    lab.write("conf.d/60-types.conf", 'client_types = ( { name = "system"; service = [ "su", "rescue" ]; } );\n')
    lab.apply()
    orders = (["- : ALL : tty1\n", "- : carol : su\n"], ["- : carol : su\n", "- : ALL : tty1\n"],
              ["- : carol : su\n", "- : ALL : tty1\n- : carol : su\n"])
    for texts in orders:
        before = os.listdir(lab.path("conf.d"))
        for text in texts:
            run_import(lab, "--apply", text=text, status=0)
        same([at_machine(lab, "--user", "bob", "--service", "su", "--tty", "tty1"),
              at_machine(lab, "--user", "carol", "--service", "su"),
              at_machine(lab, "--user", "carol", "--service", "su", "--tty", "pts/9")], ["deny", "deny", "allow"],
             "a service at a terminal, without one, and at one that no line names")
        for name in set(os.listdir(lab.path("conf.d"))) - set(before):
            os.unlink(lab.path(f"conf.d/{name}"))
        lab.apply()


@test
def a_type_of_that_name(lab):
    """An import's client type is no other type that is called so."""
    lab.write("conf.d/20-types.conf", 'client_types = ( { name = "from-su"; service = [ "kiosk" ]; local = true; } );\n')
    run_import(lab, "--apply", text="- : carol : su\n", status=4)
    same([at_machine(lab, "--user", "carol", "--service", "su"), at_machine(lab, "--user", "carol", "--service", "kiosk")],
         ["deny", "allow"], "the service, and the other one")


@test
def refused(lab):
    lab.apply()
    lab.rename_office("Headquarters")
    before = snapshot(lab.policy)
    result = run_import(lab, status=1)
    expect("is changed and not in force yet" in result.err, "an edit that is pending", result)
    same(snapshot(lab.policy), before, "the files")
    run_import(lab, "--with-pending", status=0)
    lab.write("conf.d/20-assertions.conf",
              'assertions = ( { user = "bob"; ip = "198.51.100.1"; expect = "allow"; } );\n')
    lab.apply()
    before = snapshot(lab.policy)
    result = run_import(lab, "--apply", status=1)
    expect("bob" in result.err, "an assertion", result)
    same(snapshot(lab.policy), before, "the files")
    run_import(lab, "--apply", "--force", status=0)


@test
def policy_files_that_are_none(lab):
    lab.write("conf.d/20-broken.conf", "policies = (\n")
    before = snapshot(lab.policy)
    result = run_import(lab, status=3)
    expect("20-broken.conf" in result.err, "what is wrong", result)
    same(snapshot(lab.policy), before, "the files")


@test
def undetermined_allows(lab):
    lab.write("conf.d/20-undetermined.conf", 'undetermined = "allow";\n')
    result = run_import(lab, status=4)
    expect('difference\n    undetermined = "allow"' in result.out, "the difference", result)


@test
def long_lists(lab):
    """A line for each address, and two for each user, take no policies or exceptions but their own."""
    result = run_import(lab, "--dry-run", text="".join(f"- : ALL : 10.0.{i // 256}.{i % 256}\n" for i in range(6000)), status=0)
    expect("6000 rules make 6000 policies and 0 exceptions" in result.out, "addresses", result)
    lines = "".join(f"+ : u{i} : 10.1.0.0/16\n- : u{i} : ALL\n" for i in range(1000))
    result = run_import(lab, "--dry-run", text=lines, status=0)
    expect("2000 rules make 1000 policies and 1000 exceptions" in result.out, "users", result)


@test
def too_entangled(lab):
    """What takes too many policies is refused, and soon."""
    lines = [f"+ : ALL EXCEPT (root) u{i} : {i}.0.0.0/4" for i in range(16, 240)]
    lines += [f"- : ALL EXCEPT v{i} : ALL" for i in range(200)]
    result = run_import(lab, "--dry-run", text="\n".join(lines) + "\n")
    expect(result.status in (3, 4), "it ends", result.status)
    lines = [f"+ : (root) EXCEPT u{i} : 0.0.0.0/{1 + i % 30}" for i in range(1000)] + ["- : (root) : ALL"] * 2000
    result = run_import(lab, text="\n".join(lines) + "\n", status=3)
    expect("overlap in too many ways" in result.err, "the error", result)


if __name__ == "__main__":
    main()
