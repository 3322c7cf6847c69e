#!/usr/bin/python3
"""described.py CHECK PAGE COMMAND - what a manual page's source describes is what the command knows.

CHECK is keys (of the policy files, behind "; keys: GROUP"), import-keys (of the predecessors' rules, likewise), options (of the command, behind "; options: COMMAND"),
program-options (of a program without commands, behind "; options: PROGRAM") or json (the command's output, in the blocks
behind "; json: NAME", and its input, behind "; json-input: batch").
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "databases"))
import mmdb

faults = []


def compare(what, described, known):
    if described != known:
        faults.append(f"{what}: not described: {sorted(known - described)}; described, and not there: "
                      f"{sorted(described - known)}")


def definitions(page, mark):
    """For each "; MARK: NAME", NAME and the definitions' first lines that follow it, to the next mark or heading."""
    found, name = {}, None
    for line in page.splitlines():
        if line.startswith(f"; {mark}: "):
            name = line.split(": ", 1)[1]
            found[name] = []
        elif line.startswith("#") or line.startswith(";"):
            name = None
        elif name is not None and line.startswith("*"):
            found[name].append(line)
    return found


def tables(page, mark):
    """For each "; MARK: NAME", NAME and the lines of the literal block behind it that start with a key."""
    blocks = re.findall(rf"^; {mark}: (\S+)\n```\n(.*?)^```$", page, re.M | re.S)
    return {name: [line for line in block.splitlines() if not line.startswith(" ")] for name, block in blocks}


class Files:
    """Policy files in a scratch folder."""

    def __init__(self, folder, command):
        self.folder, self.command = folder, command
        self.config = os.path.join(folder, "accesspolicy.conf")

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def write_database(self, name, database):
        mmdb.write(os.path.join(self.folder, name), database.bytes())

    def run(self, *arguments, status=None):
        # what is in force is asked without the files
        config = [] if arguments[0] in ("test", "region") and "--state" in arguments else ["--config", self.config]
        # a login that the command is run from
        environment = {**os.environ, "SSH_CONNECTION": "203.0.113.1 50000 192.0.2.1 22"}
        done = subprocess.run([self.command, *arguments, *config], cwd=self.folder, text=True, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        if status is not None and done.returncode != status:
            faults.append(f"{' '.join(arguments)}: exit status {done.returncode}, expected {status}\n{done.stdout}")
        return done.stdout


def check_keys(page, files):
    """An unknown key in each kind of group is answered by the keys that there are."""
    files.write("accesspolicy.conf", """zzzzzz = 1;
audit = { file = "a"; zzzzzz = 1; };
client_types = ( { name = "a"; zzzzzz = 1; } );
departments = ( { name = "a"; zzzzzz = 1; } );
networks = ( { name = "a"; ip = [ "192.0.2.1" ]; zzzzzz = 1; } );
policies = ( { name = "a"; type = "whitelist"; zzzzzz = 1;
               scope = { all = true; zzzzzz = 1; except = { members = [ "a" ]; zzzzzz = 1; }; }; } );
exceptions = ( { name = "a"; policies = [ "a" ]; members = [ "a" ]; zzzzzz = 1; } );
assertions = ( { user = "a"; expect = "allow"; zzzzzz = 1; } );
""")
    compare_keys(page, files.run("check", status=3))


def check_import_keys(page, files):
    """The same of the predecessors' rules."""
    files.write("accesspolicy.conf", "policies = ( { name = \"a\"; type = \"blacklist\"; scope = { all = true; }; } );\n")
    files.write("old.conf", """zzzzzz = 1;
ip_login_restrictions = ( { zzzzzz = 1; } );
ip_blacklist = ( { zzzzzz = 1; } );
native_client_login_security = { zzzzzz = 1; };
secure_login_ip = { zzzzzz = 1; };
global_whitelist = { zzzzzz = 1; };
""")
    told = json.loads(files.run("import", "predecessors", "old.conf", "--json", status=3))["errors"]
    compare_keys(page, "\n".join(error["message"] for error in told))


def compare_keys(page, told):
    known = {group: set(keys.split(", ")) for group, keys in
             re.findall(r'unknown key "zzzzzz" (?:in|at) (.*?); expected one of (.*)$', told, re.M)}
    described = {group: {key for line in lines for key in re.findall(r"\*([a-z_]+)\*", line)}
                 for group, lines in definitions(page, "keys").items()}
    compare("groups", set(described), set(known))
    for group in sorted(set(described) & set(known)):
        compare(group, described[group], known[group])


def described_options(page):
    """Each command's options and what their values are called; one list may be several commands'."""
    return {command: {option for line in lines for option in re.findall(r"\*(--[a-z0-9-]+)\*(?: _([^_]+)_)?", line)}
            for commands, lines in definitions(page, "options").items() for command in commands.split(", ")}


def known_options(told):
    """The same from the help that a program or command gives."""
    return set(re.findall(r"^  (?:-[a-z], )?(--[a-z0-9-]+)(?: ([A-Z=]+))?(?: |$)", told, re.M))


def commands_of(told):
    return set(re.findall(r"^  ([a-z][a-z-]*) ", told, re.M))


def check_options(page, files):
    """Each command's options against its help."""
    described = described_options(page)
    common = described["accesspolicy"]
    commands = commands_of(files.run("--help", status=0))
    compare("commands", set(re.findall(r"^\*accesspolicy\* \*([a-z][a-z-]*)\*", page, re.M)), commands)
    within = {f"{command} {inner}" for command in commands for inner in commands_of(files.run(command, "--help", status=0))}
    compare("commands within commands",
            {" ".join(found) for found in re.findall(r"^\*accesspolicy\* \*([a-z-]+)\* \*([a-z][a-z-]*)\*", page, re.M)}, within)
    for command in ["", *sorted(commands), *sorted(within)]:
        told = files.run(*command.split(), "--help", status=0)
        own = described.get(f"accesspolicy {command}", set())
        compare(f"accesspolicy {command}", common | own if command == "" else (common - {("--version", "")}) | own,
                known_options(told))


def check_program_options(page, files):
    program = os.path.basename(files.command)
    told = subprocess.run([files.command, "--help"], text=True, stdout=subprocess.PIPE, check=True).stdout
    compare(program, described_options(page).get(program, set()), known_options(told))


KINDS = {str: "string", int: "integer", bool: "boolean", list: "array", dict: "object", type(None): "null"}
TYPES = r"(?:string|integer|boolean|array|object|null|setting)"

# What cannot be brought about here: an error that is of no file, such as a lack of memory; a rollback to what another
# release wrote.
UNREACHED = {("errors", "errors[].file", "null"), ("apply", "warnings[].line", "null")}


def described_types(lines):
    """A table's keys, each with its types. A setting is an object of value, file and line."""
    types = {}
    for line in lines:
        found = re.match(rf"(\S+) +({TYPES}(?:, {TYPES})*)(?: +(.*))?$", line)
        if not found:
            faults.append(f"cannot be read: {line}")
            continue
        key, kinds, meaning = found.group(1), set(found.group(2).split(", ")), found.group(3) or ""
        if "setting" in kinds:
            value = re.match(rf"{TYPES}(?:, {TYPES})*", meaning)
            types[key + ".value"] = set(value.group(0).split(", ")) if value else set()
            types[key + ".file"], types[key + ".line"] = {"string"}, {"integer"}
            if not key.endswith("[]"):
                types[key + ".file"] |= {"null?"}
                types[key + ".line"] |= {"null?"}
            kinds = (kinds - {"setting"}) | {"object"}
        types[key] = kinds
    return types


def seen_types(value, key, types):
    """Adds what `value` is made of to types. The elements of an array of plain values are not told."""
    if key:
        types.setdefault(key, set()).add(KINDS[type(value)])
    if isinstance(value, dict):
        for name, member in value.items():
            seen_types(member, f"{key}.{name}" if key else name, types)
    elif isinstance(value, list):
        for element in value:
            if isinstance(element, dict):
                seen_types(element, key + "[]", types)


def compare_types(name, described, seen):
    for key in sorted(set(described) | set(seen)):
        known, found = described.get(key), seen.get(key)
        if known is None and found in ({"object"}, {"array"}) and any(re.match(re.escape(key) + r"[.\[]", other)
                                                                     for other in described):
            continue
        sure = {kind for kind in known or () if not kind.endswith("?")}
        missing = {kind for kind in sure - (found or set()) if (name, key, kind) not in UNREACHED}
        if known is None:
            faults.append(f"{name}: {key} is not described")
        elif found is None:
            faults.append(f"{name}: {key} is described, and was not seen")
        elif missing or found - {kind.rstrip("?") for kind in known}:
            faults.append(f"{name}: {key} is described as {sorted(known)}, and was {sorted(found)}")


RICH = """
message = "Not from here.";
directory = [ "members.csv" ];
region_database = "regions.mmdb";
networks = ( { name = "office"; ip = [ "192.0.2.0/24" ]; }, { name = "feed"; file = "feed.netset"; } );
policies = (
  { name = "white"; type = "whitelist"; scope = { departments = [ "a/*" ]; members = [ "m" ]; domains = [ "d.example" ];
      groups = [ "adm" ]; except = { departments = [ "a/b" ]; members = [ "n" ]; domains = [ "e.example" ]; groups = [ "adm" ];
      ip = [ "@office", "@feed", "192.0.2.9" ]; regions = [ "CN", "unlocated" ]; }; };
    ip = [ "@office", "@feed", "203.0.113.1" ]; regions = [ "CN-ZJ", "unlocated" ]; clients = [ "web" ]; other_clients = "deny"; required = true;
    not_before = "2001-01-01T00:00:00Z"; not_after = "2099-01-01T00:00:00Z"; message = "No."; comment = "why"; },
  { name = "black"; type = "blacklist"; scope = { members = [ "denied" ]; }; },
  { name = "off"; type = "blacklist"; status = "disabled"; scope = { all = true; }; },
  { name = "open"; type = "whitelist"; scope = { members = [ "o" ]; }; },
  { name = "watched"; type = "blacklist"; status = "report-only"; replaces = "white"; scope = { members = [ "watched" ]; };
    comment = "watched"; }
);
exceptions = (
  { name = "one"; policies = [ "white" ]; members = [ "m" ]; },
  { name = "two"; policies = [ "white" ]; members = [ "n" ]; ip = [ "192.0.2.1" ]; regions = [ "KP" ]; clients = [ "web" ]; not_before = "2001-01-01T00:00:00Z";
    not_after = "2002-01-01T00:00:00Z"; comment = "over"; }
);
"""


def write_rich(files):
    files.write("accesspolicy.conf", RICH)
    files.write("members.csv", "x,a\ny,a/b\n")
    files.write("feed.netset", "198.51.100.1/24\n")
    files.write_database("regions.mmdb", mmdb.city())
    files.write("draft.conf", 'policies = ( { name = "draft"; type = "blacklist"; scope = { members = [ "denied" ]; }; } );\n')


def in_force_outputs(files):
    """What the commands write that put a policy in force, and tell of it."""
    def run(*arguments, state="state", status=0):
        return json.loads(files.run(*arguments, "--json", "--state", os.path.join(files.folder, state), status=status))

    seen = {"apply": [], "status": [run("status", status=1)], "history": [], "revision": []}
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
    exception = f'{{ name = "soon"; policies = [ "black" ]; members = [ "m" ]; not_after = "{soon}"; }},'
    with_exception = RICH.replace("exceptions = (", "exceptions = (" + exception)
    files.write("accesspolicy.conf", RICH)
    seen["apply"].append(run("apply"))
    files.write("accesspolicy.conf", with_exception)
    seen["apply"] += [run("apply", "--dry-run"), run("apply"), run("apply"),
                      run("create", "--type", "blacklist", "--name", "new", "--member", "x", "--dry-run")]
    seen["status"].append(run("status"))
    seen["list"] = [run("list")]
    seen["except-list"] = [run("except", "list")]
    seen["check"] = [run("check")]
    seen["test"] = [run("test", "--user", "z", status=0)]
    files.write("members.csv", "x,a/b\n")
    seen["apply"].append(run("apply", status=1))
    files.write("accesspolicy.conf", with_exception + 'assertions = ( { user = "denied"; expect = "allow"; } );\n')
    seen["apply"] += [run("apply", status=1), run("rollback")]
    os.chmod(os.path.join(files.folder, "members.csv"), 0o666)
    seen["status"].append(run("status", status=1))
    seen["apply"].append(run("apply", status=3))
    os.chmod(os.path.join(files.folder, "members.csv"), 0o644)
    files.write("accesspolicy.conf", "policies = 1;\n")
    seen["apply"].append(run("apply", status=3))
    files.write("file", "")
    files.write("accesspolicy.conf", RICH)
    seen["apply"].append(run("apply", state="file", status=1))
    seen["history"].append(run("history"))
    seen["revision"].append(run("history", seen["history"][0]["history"][0]["revision"]))
    files.write_database("regions.mmdb", mmdb.country(mmdb.IPV4, ip_version=4))
    seen["status"].append(run("status", status=1))
    seen["region"] = [run("region", "192.0.2.1", "2001:db8:1::1", status=1)]
    files.write("regions.mmdb", "none\n")
    seen["region"].append(run("region", "192.0.2.1", status=3))
    # in force without a region database, and with one that says no time
    files.write_database("regions.mmdb", mmdb.city(build_epoch=2**64 - 1))
    for state, text in (("without", 'policies = ( { name = "a"; type = "blacklist"; scope = { members = [ "a" ]; }; } );\n'),
                        ("undated", RICH)):
        files.write("accesspolicy.conf", text)
        seen["apply"].append(run("apply", state=state))
        seen["status"].append(run("status", state=state))
        seen["revision"].append(run("history", seen["apply"][-1]["revision"], state=state))
    # on trial, and the same where the history has lost its lines
    files.write("accesspolicy.conf", RICH.replace("Not from here", "Not from there"))
    seen["apply"].append(run("apply", "--trial", "1h", state="without"))
    seen["status"].append(run("status", state="without"))
    seen["history"].append(run("history", state="without"))
    os.unlink(os.path.join(files.folder, "without/history/log"))
    seen["status"].append(run("status", state="without"))
    seen["apply"].append(run("confirm", state="without"))
    os.mkdir(os.path.join(files.folder, "by-hand"))
    shutil.copy(os.path.join(files.folder, "state/policy.v1.image"), os.path.join(files.folder, "by-hand"))
    seen["status"].append(run("status", state="by-hand", status=None))
    write_rich(files)
    return seen


def import_outputs(files):
    """Rules of another program: carried over, with a difference, and none that deny."""
    def run(text, *arguments, status=0):
        files.write("rules", text)
        told = files.run("import", "access.conf", "rules", "--json", "--dry-run", *arguments, "--state",
                         os.path.join(files.folder, "imported"), status=status)
        told = json.loads(told)
        # the table of apply describes it
        told["applied"] = told["applied"] and {}
        return told

    return [run("- : ALL : 192.0.2.1\n- : ALL : .example\n", status=4), run("+ : ALL : ALL\n")]


def region_outputs(files):
    """Where addresses are, by the files, and by databases that say less or what policies cannot name."""
    def run(*arguments, status=0):
        return json.loads(files.run("region", "--json", "--files", *arguments, status=status))

    place = {"country": {"iso_code": "CN"}, "subdivisions": [{"iso_code": "zj"}]}
    files.write_database("undated.mmdb", mmdb.city({"192.0.2.0/24": place}, build_epoch=2**64 - 1))
    return [run("192.0.2.1", "198.51.100.1", "203.0.113.193", "198.18.2.1"), run("192.0.2.1", "--database", "undated.mmdb")]


def audit_outputs(files):
    """Records as a login writes them, and what is counted of them."""
    whole = {"time": "2026-12-01T08:00:00Z", "decision": "allow", "reason": "default", "policy": "black",
             "would": [{"policy": "a", "decision": "deny", "reason": "blacklisted"}], "user": "a", "ip": "192.0.2.1",
             "region": "CN", "client": "web", "service": "s", "tty": "t", "revision": "0" * 64, "pid": 1}
    sparse = {key: None if value != 1 and key not in ("time", "decision", "user", "revision") else value
              for key, value in whole.items()}
    sparse["would"] = [{"policy": "…", "decision": None, "reason": None}]
    files.write("records", "".join(json.dumps(record) + "\n" for record in (whole, sparse)))

    def run(*arguments):
        return files.run("audit", "--file", "records", "--json", *arguments, status=0)
    return {"audit": [json.loads(line) for line in run().splitlines()],
            "audit-summary": [json.loads(run("--summary")), json.loads(run("--summary", "policy")),
                              json.loads(run("--summary", "day"))]}


def doctor_outputs(files):
    """A machine of which there is a line to mend, and a service to be missed; and one without PAM files."""
    root = os.path.join(files.folder, "machine")
    for path, text in {"lib/x86_64-linux-gnu/security/pam_permit.so": "",
                       "lib/x86_64-linux-gnu/security/pam_accesspolicy.so": "",
                       "etc/pam.d/sshd": "account optional pam_accesspolicy.so\naccount required pam_unix.so\n",
                       "etc/pam.d/cron": "",
                       "etc/pam.d/other": "account required pam_deny.so\n"}.items():
        os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
        files.write(os.path.join(root, path), text)
    empty = os.path.join(files.folder, "nothing")
    os.mkdir(empty)
    return [json.loads(files.run("doctor", "--root", root, "--json", "sshd", "cron", status=1)),
            json.loads(files.run("doctor", "--root", empty, "--json", status=1))]


def matrix_outputs(files, test):
    """Several logins at once: by everything, by a disabled policy, and by a draft, before which there is the image in
    force, nothing that can be had, or the files."""
    state = os.path.join(files.folder, "matrix")
    both = ["--user", "z", "--user", "watched", "--user", "denied"]
    files.write("watching.conf", 'policies = ( { name = "black"; type = "blacklist"; scope = { members = [ "denied", "z" ]; }; } );\n')

    def by(draft):
        # what is in force is asked without the files, and a draft stands beside them
        return test(*both, "--ip", "203.0.113.9", "--draft", draft, "--state", state, "--config", files.config)

    seen = [test(*both, "--ip", "203.0.113.193", "--service", "s", "--tty", "t", "--ruser", "r", "--env", "A=1"),
            test(*both, "--client", "web"), test(*both, "--policy", "off"), by("draft.conf"), by("watching.conf")]
    files.run("apply", "--state", state, status=0)
    seen += [test(*both, "--state", state), by("draft.conf")]
    os.truncate(os.path.join(state, "policy.v1.image"), 100)
    seen.append(by("draft.conf"))
    return seen


def outputs(files):
    """Every kind of output, by the name of its table."""
    def test(*arguments):
        return json.loads(files.run("test", "--json", *arguments))

    seen = {"test": [test("--user", "z", "--ip", "203.0.113.193", "--service", "s", "--tty", "t", "--ruser", "r",
                          "--env", "A=1"),
                     test("--user", "denied", "--client", "web"),
                     test("--user", "watched", "--ip", "203.0.113.9"),
                     test("--user", "z", "--policy", "off"),
                     test("--user", "z", "--draft", "draft.conf"),
                     test("--user", "watched", "--draft", "draft.conf"),
                     test("--user", "denied", "--draft", "draft.conf")]}
    seen["matrix"] = matrix_outputs(files, test)
    files.write("requests", '{"user": "z", "ip": "203.0.113.193"}\n{"user": "denied"}\n{"user": "watched"}\n{}\n')
    seen["batch"] = [json.loads(line) for line in files.run("test", "--batch", "requests", status=1).splitlines()]
    seen["import"] = import_outputs(files)
    seen["list"] = [json.loads(files.run("list", "--json", status=0))]
    seen["except-list"] = [json.loads(files.run("except", "list", "--json", status=0))]
    seen["show"] = [json.loads(files.run("show", name, "--json", status=0)) for name in ("white", "black", "off", "watched")]
    seen["region"] = region_outputs(files)
    seen["doctor"] = doctor_outputs(files)
    seen.update(audit_outputs(files))
    files.write("accesspolicy.conf", RICH + 'assertions = ( { user = "denied"; expect = "allow"; } );\n')
    seen["check"] = [json.loads(files.run("check", "--json", status=1))]
    files.write("accesspolicy.conf", 'message = "Not from here.";\n')
    seen["check"].append(json.loads(files.run("check", "--json", status=3)))
    seen["errors"] = [json.loads(files.run(*command, "--json", status=3))
                      for command in (("list",), ("show", "x"), ("test", "--user", "x"), ("region", "192.0.2.1"))]
    files.write("accesspolicy.conf", "a\n")
    seen["errors"].append(json.loads(files.run("list", "--json", status=3)))
    seen["check"].append(json.loads(files.run("check", "--json", status=3)))
    for name, values in in_force_outputs(files).items():
        seen.setdefault(name, []).extend(values)
    return seen


def check_batch_input(page, files):
    files.write("requests", '{"user": "z", "zzzzzz": 1}\n')
    told = json.loads(files.run("test", "--batch", "requests", status=1))["error"]
    lines = tables(page, "json-input")["batch"]
    compare("batch input", {line.split()[0] for line in lines},
            set(re.findall(r"[a-z]+", told.split("; expected ")[1])) - {"or"})
    files.write("requests", '{"user": "z", "env": ["A=b"]}\n{"user": "z", "env": {"A": "b"}}\n'
                '{"user": "z", "time": "2026-12-01T18:00:00Z", "tty": null}\n'
                '{"user": "z", "decision": 1, "reason": 1, "policy": 1, "would": 1, "region": 1, "revision": 1, "pid": 1}\n')
    files.run("test", "--batch", "requests", status=0)


def check_json(page, files):
    write_rich(files)
    check_batch_input(page, files)
    seen = outputs(files)
    described = tables(page, "json")
    compare("tables", set(described), set(seen))
    for name, values in seen.items():
        types = {}
        for value in values:
            seen_types(value, "", types)
        compare_types(name, described_types(described.get(name, [])), types)


def main():
    checks = {"keys": check_keys, "import-keys": check_import_keys, "options": check_options, "program-options": check_program_options, "json": check_json}
    check, page, command = sys.argv[1:]
    os.umask(0o022)
    with open(page, encoding="utf-8") as file, tempfile.TemporaryDirectory(prefix="accesspolicy-described.") as folder:
        os.chmod(folder, 0o755)
        checks[check](file.read(), Files(folder, os.path.abspath(command)))
    print("\n".join(faults))
    sys.exit(bool(faults))


main()
