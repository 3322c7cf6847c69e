#!/usr/bin/python3
"""examples.py [--update] PAGE COMMAND COMPILER MODULE CONF

Runs the examples of a document, a manual page's source or a Markdown file, and compares what they print with what the
document shows. With --update what they print is written into the document instead.

Each literal block has a line of its own before it that says what it is; "; test: …" in scdoc, "<!-- test: … -->" in Markdown:

    test: file PATH             the block is a file
    test: service NAME          the block is a service file of PAM; lines that do not name the module are left out
    test: session [status=N] [any-time] [any-revision] [wrapped]
                                commands after "$ " (their further lines after "> ") and what they print; all of them succeed, or
                                the last one ends with N, or the next one shows $?. any-time, any-revision: times, revisions
                                and who it was are not compared; wrapped: long lines are broken as a terminal of 78 columns
                                has them, below the first word of what a label stands before
    test: log SERVICE USER ADDRESS
                                what the module logs over that login; the document may break its lines
    test: message               the message that a denied user sees by default
    not run: WHY                nothing is compared
    json: …, json-input: …      described.py compares it

Without a block:

    test: fresh                 what was written so far is removed
    test: default               the default configuration is put in place
    test: write PATH TEXT       a file of one line
    test: machine NAME          the files of one of tests/golden/policies/machines, which accesspolicy doctor examines
    test: database PATH KIND    a small region database, one of DATABASES, of the type that the file is named for

/etc and /var in a document mean folders below a scratch one. In a manual page the command reads the files there, and what is in force
is there too, as if it were installed; no document may ask what is in force on this machine. All sessions of a document are one shell's, which starts in
a folder that looks like the checkout after tests/demo.sh.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import textwrap

sys.dont_write_bytecode = True
for folder in ("databases", "support"):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", folder))
import alone
import mmdb

MARK = re.compile(r"^(?:; |<!-- )(test|not run|json|json-input): (.*?)(?: -->)?$")
REVISION = re.compile(r"\b[0-9a-f]{12}\b|(?<=rolled back by )\S+(?=;)")
LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}")
LOGGED = re.compile(r"^PWRAP_[A-Z]*\[.*?\] - SYSLOG\([0-7]\): (.*)$", re.M)
END = "\036"

WEEK = 7 * 86400
GROWN = {"203.0.113.192/28" if where == "203.0.113.192/27" else where: record for where, record in mmdb.NETWORKS.items()}
DATABASES = {
    "city": mmdb.city,
    # a week later: half of KP's IPv4, and more of CN-ZJ
    "newer-city": lambda: mmdb.city({**GROWN, "198.18.6.0/24": mmdb.ZJ}, build_epoch=mmdb.BUILT + WEEK),
    # two weeks later; parts of it are missing
    "shrunken-city": lambda: mmdb.city(mmdb.NEWER, build_epoch=mmdb.BUILT + 2 * WEEK),
}


class Wrong(Exception):
    """What a document shows is not what happens."""


class Shell:
    """One sh, which runs commands one after the other."""

    def __init__(self, folder, environment):
        self.process = subprocess.Popen(["sh"], cwd=folder, env=environment, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, command):
        self.process.stdin.write(f"{{ {command}\n}} </dev/null\nstatus=$?; printf '\\036%d\\036' $status; (exit $status)\n")
        self.process.stdin.flush()
        text = ""
        while text.count(END) < 2:
            byte = self.process.stdout.read(1)
            if byte == "":
                raise Wrong(f"the shell ended in: {command}\n{text}")
            text += byte
        output, status, _ = text.split(END)
        return output, int(status)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class World:
    """A scratch folder in the place of the file system's root, and what runs in it."""

    def __init__(self, scratch, command, compiler, module, conf, for_installed):
        self.root = os.path.join(scratch, "root")
        self.work = os.path.join(scratch, "work")
        self.services = os.path.join(scratch, "pam.d")
        self.conf, self.module, self.compiler = conf, module, compiler
        self.config = self.root + "/etc/accesspolicy/accesspolicy.conf"
        self.state = self.root + "/var/lib/accesspolicy"
        self.environment = {"PATH": os.environ["PATH"], "HOME": scratch, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]
        os.makedirs(self.work)
        # A checkout as the documents know it: its own files, and a build in the folder that tests/demo.sh makes.
        cli = os.path.join(os.path.dirname(conf), "cli")
        for name, target in (("conf", conf), ("cli", cli), ("build-demo", os.path.dirname(module))):
            os.symlink(target, os.path.join(self.work, name))
        self.fresh()
        self.shell = Shell(self.work, self.environment)
        if for_installed:
            self.shell.run("accesspolicy() { case \" $* \" in ' doctor '*) set -- \"$@\" --root '%s' --config '%s' ;; *' --files '*) set -- \"$@\" --config '%s' ;; "
                           "*' --config '* | *' --data '* | ' region '*) ;; *) set -- \"$@\" --config '%s' ;; esac; "
                           "'%s' --state '%s' \"$@\"; }" % (self.root, self.config, self.config, self.config, command, self.state))

    def fresh(self):
        for folder in (self.root, self.services):
            shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(os.path.dirname(self.config) + "/conf.d")
        os.makedirs(os.path.dirname(self.state))
        os.makedirs(self.services)
        self.write_service("other", "account required pam_deny.so\n")

    def put_default(self):
        folder = os.path.dirname(self.config)
        for name in ["accesspolicy.conf"] + ["conf.d/" + name for name in os.listdir(self.conf + "/conf.d")]:
            with open(os.path.join(self.conf, name), encoding="utf-8") as file:
                self.write(os.path.join(folder, name), file.read())

    def inside(self, text):
        return re.sub(r"(?<![\w/.])/(etc|var)/", self.root + r"/\1/", text)

    def outside(self, text):
        # as it would be where the root file and the state folder are the default ones
        text = text.replace(self.root, "").replace(" --config /etc/accesspolicy/accesspolicy.conf", "")
        return text.replace(" --state /var/lib/accesspolicy", "")

    def write(self, path, text):
        path = os.path.join(self.work, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def put_machine(self, name):
        machines = os.path.join(os.path.dirname(self.conf), "tests", "golden", "policies", "machines")
        shutil.copytree(os.path.join(machines, name), self.root, dirs_exist_ok=True)
        # a checkout may be writable by a group, which on a machine would be a finding of its own
        for where, _, names in os.walk(self.root):
            os.chmod(where, 0o755)
            for file in names:
                os.chmod(os.path.join(where, file), 0o644)

    def write_database(self, path, kind):
        path = os.path.join(self.work, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        mmdb.write(path, DATABASES[kind]().bytes(database_type=os.path.basename(path).partition(".")[0]))

    def write_service(self, name, text):
        lines = []
        for line in self.inside(text).splitlines():
            if "pam_accesspolicy.so" in line:
                options = f"{self.module} compiler={self.compiler}"
                if "config=" not in line:
                    options += f" config={self.config}"
                lines.append(line.replace("pam_accesspolicy.so", options))
            elif "pam_deny.so" in line:
                lines.append(line)
        if not lines:
            raise Wrong("the service file does not name the module")
        self.write(os.path.join(self.services, name), "\n".join(lines) + "\n")

    def log_in(self, service, user, address):
        """What pamtester prints over a login, and among it, by pam_wrapper, what the module logs."""
        environment = dict(self.environment, LD_PRELOAD="libpam_wrapper.so", PAM_WRAPPER="1",
                           PAM_WRAPPER_SERVICE_DIR=self.services, PAM_WRAPPER_DEBUGLEVEL="2")
        if not os.path.exists(os.path.join(self.services, service)):
            self.write_service(service, "account required pam_accesspolicy.so\n")
        done = subprocess.run(["pamtester", "-I", "rhost=" + address, service, user, "acct_mgmt"], env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        return done.stdout

    def log_of(self, service, user, address):
        output = self.log_in(service, user, address)
        lines = LOGGED.findall(output)
        if not lines:
            raise Wrong("nothing was logged:\n" + output)
        return "".join(self.outside(line) + "\n" for line in lines)

    def message(self):
        self.put_default()
        lines = [line for line in self.log_in("imap", "alice", "192.0.2.10").splitlines() if line and not line.startswith("PWRAP_")]
        return lines[0] + "\n"

    def session(self, block, words):
        """What the session's commands print, between the commands as they are written."""
        wanted_status = next((int(word[7:]) for word in words if word.startswith("status=")), 0)
        commands = [command for command, _ in commands_of(block)]
        seen = []
        for i, command in enumerate(commands):
            script = self.inside("\n".join(line[2:] for line in command))
            if re.search(r"\baccesspolicy test\b", script) and not re.search(r"--(files|draft|config|state|help)\b", script):
                raise Wrong(f"asks what is in force on this machine: {script}")
            if re.search(r"\baccesspolicy region\b", script) and not os.path.exists(self.state + "/policy.v1.image") and \
                    not re.search(r"--(files|config|state|help)\b", script):
                raise Wrong(f"nothing is in force: {script}")
            output, status = self.shell.run(script)
            last = i + 1 == len(commands)
            shown = not last and "$?" in commands[i + 1][0]
            if not shown and status != (wanted_status if last else 0):
                raise Wrong(f"{script}: exit status {status}\n{output}")
            if output and not output.endswith("\n"):
                output += "\n"
            seen.append("".join(line + "\n" for line in command) + self.outside(output))
        return "".join(seen)


def commands_of(block):
    """Pairs of a command's lines and the lines that stand below it."""
    pairs = []
    for line in block.splitlines():
        if line.startswith("$ "):
            pairs.append(([line], []))
        elif not pairs:
            raise Wrong(f"a session starts with a command: {line}")
        elif line.startswith("> ") and not pairs[-1][1]:
            pairs[-1][0].append(line)
        else:
            pairs[-1][1].append(line)
    return pairs


def wrapped(text):
    lines = []
    for line in text.splitlines():
        label = re.match(r" {4}\S+ +|", line).end()
        lines += textwrap.wrap(line, 78, subsequent_indent=" " * label, break_on_hyphens=False) if len(line) > 78 else [line]
    return "".join(line + "\n" for line in lines)


def compared(text, words):
    """The text as it is compared: without what differs from run to run and was said to."""
    if "any-time" in words:
        text = LOCAL_TIME.sub("TIME", text)
    if "any-revision" in words:
        text = REVISION.sub("REVISION", text)
    return text


def run(world, words, block):
    """What the document should show in the place of `block`, which a marker of these words stands before."""
    kind = words[0]
    if kind == "file":
        world.write(world.inside(words[1]), world.inside(block))
    elif kind == "service":
        world.write_service(words[1], block)
    elif kind == "session":
        seen = world.session(block, words[1:])
        if "wrapped" in words:
            seen = wrapped(seen)
        if compared(seen, words) != compared(block, words):
            return seen
    elif kind == "log":
        seen = world.log_of(*words[1:])
        if block.split() != seen.split():
            return "".join(line + "\n" for line in textwrap.wrap(seen, 76, break_on_hyphens=False))
    elif kind == "message":
        return world.message()
    else:
        raise Wrong(f"unknown marker: {' '.join(words)}")
    return block


def prepare(world, words):
    """Obeys a marker that has no block. False for those that have one."""
    if words[0] == "fresh":
        world.fresh()
    elif words[0] == "default":
        world.put_default()
    elif words[0] == "write":
        world.write(world.inside(words[1]), " ".join(words[2:]) + "\n")
    elif words[0] == "machine":
        world.put_machine(words[1])
    elif words[0] == "database":
        world.write_database(world.inside(words[1]), words[2])
    else:
        return False
    return True


def blocks_of(lines):
    """(marker's words or None, first line, end) for each marker without a block, and each block with the marker before it."""
    words, i = None, 0
    while i < len(lines):
        found = MARK.match(lines[i])
        if found:
            words = found.group(2).split() if found.group(1) == "test" else ["not-run"]
            if words[0] in ("fresh", "default", "write", "machine", "database"):
                yield words, i, i
                words = None
        elif lines[i].startswith("```"):
            end = lines.index("```", i + 1)
            yield words, i + 1, end
            words, i = None, end
        elif lines[i] and words is not None:
            raise Wrong(f"line {i + 1}: expected a literal block behind the marker")
        i += 1


def plain(line, is_scdoc):
    """A literal block's line as it is read: scdoc takes a backslash for an escape there, too."""
    return re.sub(r"\\(.)", r"\1", line) if is_scdoc else line


def examine(world, lines, is_scdoc):
    """The document's lines as they should be, and what is wrong."""
    correct, faults, copied, n_run = [], [], 0, 0
    for words, start, end in blocks_of(lines):
        if words == ["not-run"]:
            continue
        try:
            if words is None:
                raise Wrong("the literal block has no marker before it")
            if prepare(world, words):
                continue
            block = "".join(plain(line, is_scdoc) + "\n" for line in lines[start:end])
            seen = run(world, words, block)
            n_run += 1
            if seen != block:
                faults.append(f"line {start + 1}: expected, as the document shows:\n{block}but found:\n{seen}")
                correct += lines[copied:start]
                correct += [line.replace("\\", "\\\\") if is_scdoc else line for line in seen.splitlines()]
                copied = end
        except Wrong as wrong:
            faults.append(f"line {start + 1}: {wrong}")
    if n_run == 0:
        faults.append("nothing was run: does the document have examples?")
    return correct + lines[copied:], faults, n_run


def main():
    alone.stand_alone()
    arguments = sys.argv[1:]
    update = arguments[:1] == ["--update"]
    page, command, compiler, module, conf = arguments[1:] if update else arguments
    os.umask(0o022)
    with open(page, encoding="utf-8") as file:
        lines = file.read().splitlines()
    with tempfile.TemporaryDirectory(prefix="accesspolicy-documents.") as scratch:
        os.chmod(scratch, 0o755)
        is_manual = page.endswith(".scd")
        world = World(scratch, *map(os.path.abspath, (command, compiler, module, conf)), for_installed=is_manual)
        correct, faults, n_run = examine(world, lines, is_manual)
        world.shell.close()
    print("\n".join(faults))
    print(f"{os.path.basename(page)}: {n_run} examples, {len(faults)} wrong")
    if update and correct != lines:
        with open(page, "w", encoding="utf-8") as file:
            file.write("\n".join(correct) + "\n")
    sys.exit(bool(faults))


main()
