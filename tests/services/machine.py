"""A Debian machine of a test's own, on which real services run: its root is the folder that root.sh makes, with what the test
writes laid over it; its network, processes and mounts are namespaces that end with the test, however it ends.

A test is a function marked @test that is given the Machine; all tests of a script share it, in their order. A script ends in

    if __name__ == "__main__":
        main(set_up=set_up)

where set_up(machine), which may be left out, does what all of them need, and is called as

    python3 SCRIPT.py BUILD SERVICES-ROOT DOCS [only=PART-OF-A-NAME]

BUILD is the folder that the product was built in; it is installed on the machine. DOCS is docs/services, whose recipes are
carried out by recipe(). The machine's addresses are all of 127.0.0.0/8, 192.0.2.25 and 2001:db8::25; host() adds others in
its network.
"""
import contextlib
import ctypes
import errno
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import termios
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "apply"))
import lab  # noqa: E402
from lab import Result, Skip, Wrong, expect, note, same, test  # noqa: E402,F401

MARK = "TESTS_MACHINE"
MESSAGE = "The administrator has enabled IP login restrictions. Login from the current IP is not allowed."
ADDRESS, ADDRESS6 = "192.0.2.25", "2001:db8::25"
# Far beyond what anything takes on a slow machine; what goes well does not wait for it.
LONGEST_WAIT_S = 60
BETWEEN_LOOKS_S = 0.02
CLONE_NEWNET = 0x40000000
NOT_RUN = 77

NAMESPACES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support", "namespaces.sh")


def enter():
    """Runs the script that calls it once more, as the only program of new namespaces."""
    if MARK in os.environ:
        return
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root")
        sys.exit(0)
    if len(sys.argv) < 4 or not os.path.exists(os.path.join(sys.argv[2], "etc/services-under-test")):
        print(f"the services' root is missing: sh tests/services/root.sh {' '.join(sys.argv[2:3])}", file=sys.stderr)
        print("1..0 # SKIP the services' root was not made")
        sys.exit(0)
    environment = {MARK: "yes", "TESTS_STAND_ALONE": "yes", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
    for name in ("AP_UPDATE", "AP_SEED", "AP_LISTS"):
        if name in os.environ:
            environment[name] = os.environ[name]
    meson = shutil.which("meson")
    if meson is not None:
        environment["PATH"] += ":" + os.path.dirname(meson)
    os.execvpe("sh", ["sh", NAMESPACES, "--net", "--ipc", "--uts", "--", sys.executable, "-B", *sys.argv], environment)


def must(*words, **more):
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False, **more)
    expect(done.returncode == 0, " ".join(words), done.stdout.decode(), done.stderr.decode())
    return done.stdout.decode()


def wait_for(what, look, seconds=LONGEST_WAIT_S):
    """What look() returns, as soon as that is true."""
    until = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        expect(time.monotonic() < until, f"waited {seconds} s in vain for {what}")
        time.sleep(BETWEEN_LOOKS_S)


def send_signal(pids, number):
    """To each of these processes; one may end by itself, as those before it have."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


class Line:
    """One that was logged: who (sshd), its process, what, and the syslog level."""

    def __init__(self, datagram):
        found = re.fullmatch(r"(?s)<(\d+)>(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d )?([^:\[]*)(?:\[(\d+)\])?: ?(.*)",
                             datagram.decode("utf-8", "backslashreplace").rstrip("\n\0"))
        self.priority, self.tag, self.pid, self.text = (
            (int(found[1]), found[2], found[3], found[4]) if found else (0, "", None, repr(datagram)))

    @property
    def level(self):
        return self.priority & 7

    def __str__(self):
        return f"{self.tag}: {self.text}"


class Log:
    """What the machine's programs hand to /dev/log."""

    def __init__(self, path):
        self.lines = []
        self.lock = threading.Lock()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.setblocking(False)
        self.socket.bind(path)
        os.chmod(path, 0o666)
        # few datagrams wait in a socket: a program that logs more would wait for a reader
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        while True:
            select.select([self.socket], [], [])
            self.take()

    def take(self):
        """All that was logged until now."""
        with self.lock:
            while True:
                try:
                    self.lines.append(Line(self.socket.recv(1 << 16)))
                except BlockingIOError:
                    return

    def mark(self):
        """A place, for since()."""
        self.take()
        return len(self.lines)

    def since(self, mark, tag=None, text=""):
        """The lines behind that place, of programs whose tag begins so, that hold the text."""
        self.take()
        return [line for line in self.lines[mark:] if (tag is None or line.tag.startswith(tag)) and text in line.text]

    def wait(self, mark, text, tag=None):
        """The first line behind the place that holds the text, once it is there."""
        try:
            return wait_for(f"a log line with {text!r}", lambda: self.since(mark, tag, text))[0]
        except Wrong as wrong:
            raise Wrong("\n".join([str(wrong), "logged:"] + [str(line) for line in self.lines[mark:]])) from None

    def decisions(self, mark):
        """The module's lines, as "sshd:account: decision=deny …"."""
        found = []
        for line in self.since(mark, text="pam_accesspolicy("):
            at = re.search(r"pam_accesspolicy\(([^)]*)\): (.*)", line.text, re.DOTALL)
            found.append(f"{at[1]}: {at[2]}")
        return found


class Program:
    """One that runs on the machine until it is stopped."""

    def __init__(self, process, output):
        self.process, self.output = process, output

    @property
    def pid(self):
        return self.process.pid

    def said(self):
        with open(self.output, encoding="utf-8", errors="backslashreplace") as file:
            return file.read()

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
            try:
                self.process.wait(LONGEST_WAIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise Wrong(f"{self.process.args}: did not end on signal {number}") from None
        return self.process.returncode


class Terminal:
    """A program at a terminal of its own, which it controls. What it wrote is in `seen`, with the terminal's line ends."""

    def __init__(self, command, env, preexec):
        self.master, slave = pty.openpty()

        def start():
            preexec()
            os.setsid()
            # TIOCSCTTY
            import fcntl  # pylint: disable=import-outside-toplevel
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=env, preexec_fn=start)
        os.close(slave)
        self.seen = b""

    def read(self, seconds):
        """False at the end, or where nothing came in time."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        if not ready:
            return None
        try:
            got = os.read(self.master, 1 << 16)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            got = b""
        self.seen += got
        return bool(got)

    def wait(self, text, seconds=LONGEST_WAIT_S):
        until = time.monotonic() + seconds
        while text.encode() not in self.seen:
            more = self.read(max(0, until - time.monotonic()))
            expect(more, f"the terminal never showed {text!r}", self.seen)

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self, seconds=LONGEST_WAIT_S):
        """Its exit status, once it has ended; what it wrote is in `seen`."""
        until = time.monotonic() + seconds
        while True:
            more = self.read(max(0, until - time.monotonic()))
            expect(more is not None, "the program at the terminal does not end", self.seen)
            if not more:
                break
        status = self.process.wait(LONGEST_WAIT_S)
        os.close(self.master)
        return status


class Machine:
    """`work` is where it is mounted: a folder of the build. `logs`: /dev/log is read here; without, a test can start its own
    rsyslogd."""

    def __init__(self, build, services_root, docs, logs=True):
        self.build, self.docs = build, docs
        self.work = os.path.join(build, "machine")
        self.root = os.path.join(self.work, "root")
        self.programs = []
        self.hosts = {}
        self.n_outputs = 0
        os.makedirs(self.work, exist_ok=True)
        must("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.work)
        for name in ("root", "upper", "overlay", "outputs"):
            os.mkdir(os.path.join(self.work, name))
        must("mount", "-t", "overlay", "overlay", "-o",
             f"lowerdir={services_root},upperdir={self.work}/upper,workdir={self.work}/overlay", self.root)
        self.make_dev()
        must("mount", "-t", "proc", "proc", self.path("/proc"))
        must("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.path("/run"))
        must("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", self.path("/tmp"))
        self.log = Log(self.path("/dev/log")) if logs else None
        self.write("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
        socket.sethostname("mail")
        self.write("/etc/hostname", "mail\n")
        self.write("/etc/mailname", "example.com\n")
        self.has_bridge = False
        self.run("ip", "link", "set", "lo", "up", status=0)
        must("meson", "install", "-C", build, "--no-rebuild", "--quiet", env={**os.environ, "DESTDIR": self.root})
        # who gave a wrong password is not held up
        self.change("/etc/pam.d/common-auth", "pam_unix.so nullok", "pam_unix.so nullok nodelay")
        self.delete("/etc/accesspolicy/conf.d/50-third-party-client-access-policy.conf")

    def make_dev(self):
        must("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.path("/dev"))
        for name, minor in ("null", 3), ("zero", 5), ("full", 7), ("random", 8), ("urandom", 9):
            os.mknod(self.path("/dev/" + name), 0o20666, os.makedev(1, minor))
            os.chmod(self.path("/dev/" + name), 0o666)
        os.mknod(self.path("/dev/tty"), 0o20666, os.makedev(5, 0))
        os.chmod(self.path("/dev/tty"), 0o666)
        os.mkdir(self.path("/dev/pts"))
        must("mount", "-t", "devpts", "-o", "newinstance,ptmxmode=666,mode=620,gid=5", "devpts", self.path("/dev/pts"))
        # a terminal that is opened here must be one of the machine's
        must("mount", "--bind", self.path("/dev/pts"), "/dev/pts")
        must("mount", "--bind", self.path("/dev/pts/ptmx"), "/dev/ptmx")
        os.symlink("pts/ptmx", self.path("/dev/ptmx"))
        for name, target in ("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2"):
            os.symlink(target, self.path("/dev/" + name))
        os.mkdir(self.path("/dev/shm"))
        must("mount", "-t", "tmpfs", "-o", "mode=1777", "tmpfs", self.path("/dev/shm"))

    # Its files

    def path(self, path):
        """Where the test finds what the machine knows by this absolute path."""
        return self.root + path

    def read(self, path):
        with open(self.path(path), encoding="utf-8") as file:
            return file.read()

    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path), "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.path(path), mode)

    def change(self, path, before, after):
        text = self.read(path)
        expect(before in text, f"the test itself: no {before!r} in {path}", text)
        self.write(path, text.replace(before, after), os.stat(self.path(path)).st_mode & 0o7777)

    def delete(self, path):
        if os.path.isdir(self.path(path)):
            shutil.rmtree(self.path(path))
        else:
            os.unlink(self.path(path))

    def exists(self, path):
        return os.path.exists(self.path(path))

    @contextlib.contextmanager
    def restoring(self, *paths):
        """At the end of the block these files are again what they were before it, or are not there again."""
        before = {path: (self.read(path), os.stat(self.path(path)).st_mode & 0o7777) if self.exists(path) else None
                  for path in paths}
        try:
            yield
        finally:
            for path, was in before.items():
                if was is not None:
                    self.write(path, *was)
                elif self.exists(path):
                    self.delete(path)

    # Its programs

    def command(self, words, user=None, host=None, folder="/"):
        more = []
        if host is not None:
            more += ["nsenter", f"--net=/run/netns/{host}", "--"]
        if user is not None:
            more += ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--"]
        if folder != "/":
            more += ["env", f"--chdir={folder}"]
        return ["chroot", self.root, *more, *words]

    @staticmethod
    def environment(more=None):
        return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC0",
                "HOME": "/root", "TERM": "dumb", **(more or {})}

    def run(self, *words, user=None, host=None, input="", env=None, status=None, seconds=LONGEST_WAIT_S):
        """Runs a program of the machine's to its end, on a host if that is named. `status`: what its exit status must be."""
        done = subprocess.run(self.command(words, user, host), input=input.encode(), capture_output=True,
                              env=self.environment(env), check=False, timeout=seconds, start_new_session=True)
        result = Result(done.returncode, done.stdout.decode("utf-8", "backslashreplace"),
                        done.stderr.decode("utf-8", "backslashreplace"))
        if status is not None:
            expect(result.status == status, f"{' '.join(words)}: expected status {status}", result)
        return result

    def shell(self, script, **more):
        return self.run("sh", "-euc", script, **{"status": 0, **more})

    def start(self, *words, user=None, host=None, env=None):
        """Starts a program that stays in the foreground; stop() ends it, or the end of the test."""
        self.n_outputs += 1
        output = os.path.join(self.work, "outputs", f"{self.n_outputs}-{os.path.basename(words[0])}")
        with open(output, "wb") as file:
            process = subprocess.Popen(self.command(words, user, host), stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                       env=self.environment(env), start_new_session=True)
        program = Program(process, output)
        self.programs.append(program)
        return program

    def terminal(self, *words, user=None, host=None, env=None):
        return Terminal(self.command(words, user, host), self.environment(env), lambda: None)

    def close(self):
        """The namespaces end with the test, and with them everything on the machine."""

    # Its users

    def user(self, name, password="secret", groups=(), shell="/bin/bash"):
        hashed = self.run("openssl", "passwd", "-5", password, status=0).out.strip()
        more = ["--groups", ",".join(groups)] if groups else []
        self.run("useradd", "--create-home", "--user-group", "--shell", shell, "--password", hashed, *more, name, status=0)

    # Its policy

    def policy(self, text):
        """The machine's policy: the text as its one drop-in, put in force."""
        self.write("/etc/accesspolicy/conf.d/50-test.conf", text)
        return self.run("accesspolicy", "apply", "--force", status=0)

    def recipe(self, name):
        """Does what docs/services/NAME.md says: its files go where they stand below NAME/, and its commands are run."""
        folder = os.path.join(self.docs, name)
        if os.path.isdir(folder):
            must("cp", "-RT", "--no-preserve=mode,ownership", folder, self.root)
        for command in recipe_commands(os.path.join(self.docs, name + ".md")):
            self.shell(command)

    def undo(self, name):
        """Does what docs/services/NAME.md says under "Undo it"."""
        for command in recipe_commands(os.path.join(self.docs, name + ".md"), "undo"):
            self.shell(command)

    # Its network

    def host(self, name, *addresses):
        """Another host in the machine's network, with these addresses; run(host=name) and connect(host=name) come from it."""
        if not self.has_bridge:
            self.has_bridge = True
            self.shell(f"""ip link add br0 type bridge
                ip addr add {ADDRESS}/32 dev br0
                ip -6 addr add {ADDRESS6}/128 dev br0 nodad
                ip link set br0 up""")
        self.shell(f"""ip netns add {name}
            ip link add v-{name} type veth peer name eth0 netns {name}
            ip link set v-{name} master br0 up
            ip -n {name} link set lo up
            ip -n {name} link set eth0 up""")
        for address in addresses:
            if ":" in address:
                self.shell(f"""ip -n {name} -6 addr add {address}/128 dev eth0 nodad
                    ip -n {name} -6 route replace {ADDRESS6} dev eth0
                    ip -6 route add {address} dev br0 src {ADDRESS6}""")
            else:
                self.shell(f"""ip -n {name} addr add {address}/32 dev eth0
                    ip -n {name} route replace {ADDRESS} dev eth0
                    ip route add {address} dev br0 src {ADDRESS}""")
        self.hosts[name] = addresses
        return name

    def connect(self, port, source=None, to="127.0.0.1", host=None, user=None):
        """A TCP connection to a service of the machine's, from that address or host. `user`: made by a process of this user's."""
        def connected():
            connection = socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, socket.SOCK_STREAM)
            connection.settimeout(LONGEST_WAIT_S)
            if source is not None:
                connection.bind((source, 0))
            connection.connect((to, port))
            return connection
        return self.opened_by(user, host, connected)

    def opened_by(self, user, host, connect):
        """The socket that connect() returns, in the network of a host and in a process of a user's, if they are named."""
        with self.in_network_of(host):
            return connect() if user is None else self.made_by(user, connect)

    def made_by(self, user, make):
        """The socket that make() returns in a process that is this user's for good, or the OSError that it meets there."""
        ids = [int(self.run("id", flag, user, status=0).out) for flag in ("-u", "-g")]
        ours, theirs = socket.socketpair()
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setresgid(ids[1], ids[1], ids[1])
                os.setresuid(ids[0], ids[0], ids[0])
                made = make()
                socket.send_fds(theirs, [b"made"], [made.fileno()])
            except OSError as error:
                theirs.send(f"{error.errno}".encode())
            finally:
                os._exit(0)
        theirs.close()
        with ours:
            said, descriptors, _, _ = socket.recv_fds(ours, 16, 1)
        os.waitpid(child, 0)
        expect(said != b"", f"a process of {user} ended before it said anything")
        if not descriptors:
            raise OSError(int(said), os.strerror(int(said)))
        made = socket.socket(fileno=descriptors[0])
        made.settimeout(LONGEST_WAIT_S)
        return made

    def in_network_of(self, host):
        return InNetwork(None if host is None else self.path(f"/run/netns/{host}"))

    def wait_for_port(self, port, address="127.0.0.1"):
        def listens():
            try:
                self.connect(port, to=address).close()
                return True
            except ConnectionRefusedError:
                return False
        wait_for(f"a listener on {address} port {port}", listens)


class InNetwork:
    """What is opened in the block belongs to another network namespace."""

    def __init__(self, path):
        self.path = path
        self.libc = ctypes.CDLL(None, use_errno=True)

    def move(self, path):
        handle = os.open(path, os.O_RDONLY)
        try:
            if self.libc.setns(handle, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns", path)
        finally:
            os.close(handle)

    def __enter__(self):
        if self.path is not None:
            self.own = f"/proc/{os.getpid()}/task/{threading.get_native_id()}/ns/net"
            self.back = os.open(self.own, os.O_RDONLY)
            self.move(self.path)

    def __exit__(self, *_):
        if self.path is not None:
            if self.libc.setns(self.back, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            os.close(self.back)


def recipe_commands(document, mark="run"):
    """The shell commands of a recipe: the code blocks that are marked <!-- test: run -->, or "undo", in their order."""
    with open(document, encoding="utf-8") as file:
        return re.findall(rf"<!-- test: {mark} -->\n```[a-z]*\n(.*?)```", file.read(), re.DOTALL)


# The table of what users saw

TABLE_HEAD = "| service | login | what the user sees |\n"


def table_of(docs):
    """Where the table stands that the tests make: a line `| service | login | what the user saw |` for each."""
    return os.path.join(docs, "README.md")


def row_of(head, text):
    shown = " ⏎ ".join(line.rstrip() for line in text.strip("\r\n").splitlines()).replace(MESSAGE, "M").replace("|", "\\|")
    return f"| {head} | `{shown}` |" if shown else f"| {head} | nothing |"


seen_rows = {}


def saw(machine, service, login, text):
    """
    The row of docs/services/README.md for this service and login must say exactly this; with AP_UPDATE in the environment, it is
    written there. `text` is what the client was sent, without what differs between two runs.
    """
    row = row_of(f"{service} | {login}", text)
    path = table_of(machine.docs)
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    head = f"| {service} | {login} | "
    seen_rows.setdefault(service, []).append(head)
    at = next((i for i, line in enumerate(lines) if line.startswith(head)), None)
    if "AP_UPDATE" in os.environ and (at is None or lines[at] != row):
        if at is None:
            end = next(i for i, line in enumerate(lines) if line == "<!-- end of the table -->")
            head_at = lines.index(TABLE_HEAD.rstrip())
            same_service = [i for i, line in enumerate(lines) if i > head_at and line.startswith(f"| {service} | ")]
            lines.insert(same_service[-1] + 1 if same_service else end, row)
        else:
            lines[at] = row
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
        return
    same(lines[at] if at is not None else None, row, f"the row of {os.path.basename(path)}")


def the_table_has_no_other_rows(machine):
    """Of the services that this script tried; each belongs to one script."""
    with open(table_of(machine.docs), encoding="utf-8") as file:
        # the page has another table before it
        for line in file.read().split(TABLE_HEAD, 1)[1].splitlines():
            service = line.split(" | ")[0].removeprefix("| ")
            expect(service not in seen_rows or any(line.startswith(head) for head in seen_rows[service]),
                   "a row that no test has seen", line)


def main(logs=True, set_up=None):
    """`set_up` is called with the Machine before its first test."""
    enter()
    machines = []
    if not any(word.startswith("only=") for word in sys.argv):
        test(the_table_has_no_other_rows)

    def make():
        if not machines:
            machine = Machine(*lab.arguments[:3], logs=logs)
            if set_up is not None:
                set_up(machine)
            machines.append(machine)
        return machines[0]
    lab.main(make)


def json_lines(text):
    return [json.loads(line) for line in text.splitlines()]
