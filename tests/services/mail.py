"""Mail clients, as bytes on a socket, and the Dovecot that they talk to: its settings, and the lines that a login leaves."""
import base64
import os
import re
import signal
import socketserver
import ssl
import threading

from decisions import Because, by_dovecot
from machine import expect, same, send_signal, wait_for

# Dovecot waits before it answers a login that failed, and longer after each one from the same address. Tests do not.
DO_NOT_WAIT = """auth_failure_delay = 0
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
"""
SETTINGS = DO_NOT_WAIT + "disable_plaintext_auth = no\nsubmission_relay_host = 127.0.0.1\n"


class Dovecot:
    """The machine's; `settings` are added to those of the recipe."""

    def __init__(self, machine, settings=SETTINGS):
        self.machine = machine
        machine.write("/etc/dovecot/conf.d/99-test.conf", settings)
        self.start()

    def start(self):
        mark = self.machine.log.mark()
        self.program = self.machine.start("dovecot", "-F")
        try:
            self.machine.log.wait(mark, "starting up for")
        except Exception:
            expect(self.program.process.poll() is None, "Dovecot did not start", self.program.said())
            raise

    def stop(self):
        """With its processes, which otherwise would go on to answer for a moment."""
        self.program.stop()
        wait_for("the end of Dovecot's processes", lambda: not of_dovecot())

    def restart(self):
        """At once: to end in order takes it more than a second."""
        self.program.stop(signal.SIGKILL)
        wait_for("the end of Dovecot's processes", kill_processes)
        self.start()


def kill_processes():
    """True if there are no more of Dovecot's."""
    found = of_dovecot()
    send_signal(found, signal.SIGKILL)
    return not found


def of_dovecot():
    """The ids of all its processes, by their programs: one that the master has just begun has the master's command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if re.search(r"/usr/(sbin/dovecot|lib/dovecot/[^/]+)$", os.readlink(f"/proc/{pid}/exe")):
                found.append(int(pid))
        except (FileNotFoundError, ProcessLookupError):
            # it has ended, or is the kernel's
            pass
    return found


def processes(name):
    """The ids of those whose command line begins so, as "dovecot/auth -w" does."""
    found = []
    for pid in os.listdir("/proc"):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if pid.isdigit() and file.read().startswith(name.encode()):
                    found.append(int(pid))
        except (FileNotFoundError, NotADirectoryError, ProcessLookupError):
            # it has ended, or is none
            pass
    return found


class Lines:
    """A connection that is read line by line. `tls`: is it over TLS? A text is the server name that the client asks for."""

    def __init__(self, connection, tls=False):
        self.socket = connection
        if tls:
            self.wrap(tls if isinstance(tls, str) else None)
        self.file = self.socket.makefile("rb")

    def wrap(self, server_name=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket, server_hostname=server_name)

    def read(self):
        return self.file.readline().decode("utf-8", "backslashreplace")

    def read_until(self, last):
        """Lines to the first that `last`, a regular expression, fits from its start, or to the connection's end."""
        lines = []
        while True:
            lines.append(self.read())
            if not lines[-1] or re.match(last, lines[-1]):
                return "".join(lines)

    def send(self, text):
        self.socket.sendall(text.encode() + b"\r\n")

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def plain(user, password):
    return base64.b64encode(f"\0{user}\0{password}".encode()).decode()


class Imap(Lines):
    def __init__(self, connection, tls=False):
        super().__init__(connection, tls)
        self.greeting = self.read()

    def command(self, text):
        self.send("a " + text)
        return self.read_until("a ")

    def identify(self, *fields):
        """Says ID; the answer is the same whether Dovecot believes it or not."""
        told = " ".join(f'"{field}"' for field in fields)
        same(self.command(f"ID ({told})"), '* ID ("name" "Dovecot")\r\na OK ID completed.\r\n', "the answer to ID")

    def login(self, user, password="secret"):
        """What it can do after a login is Dovecot's own matter."""
        answer = self.command(f'LOGIN "{user}" "{password}"')
        return re.sub(r"\[CAPABILITY [^]]*\]", "[CAPABILITY …]", answer)


class Pop3(Lines):
    def __init__(self, connection, tls=False):
        super().__init__(connection, tls)
        self.greeting = self.read()

    def command(self, text):
        self.send(text)
        return self.read()

    def login(self, user, password="secret"):
        same(self.command(f"USER {user}"), "+OK\r\n", "the answer to USER")
        return self.command(f"PASS {password}")


class Sieve(Lines):
    def __init__(self, connection, tls=False):
        super().__init__(connection, tls)
        self.greeting = self.read_until("OK|NO|BYE")

    def command(self, text):
        self.send(text)
        return self.read_until("OK|NO|BYE")

    def login(self, user, password="secret"):
        return self.command(f'AUTHENTICATE "PLAIN" "{plain(user, password)}"')


class Relay(socketserver.ThreadingTCPServer):
    """The server behind Dovecot's submission, which wants one before it lets anybody in."""
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port=25):
        super().__init__(("127.0.0.1", port), self.Session)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    class Session(socketserver.StreamRequestHandler):
        def handle(self):
            try:
                self.wfile.write(b"220 relay.example.com ESMTP\r\n")
                for line in self.rfile:
                    self.wfile.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 relay.example.com\r\n")
            except ConnectionError:
                # a client that ends its login at once takes Dovecot's own connection with it
                pass


def normal(text):
    """A log line of Dovecot's without what differs between two runs."""
    text = re.sub(r"session=<[^>]*>", "session=<S>", text)
    text = re.sub(r"in \d+ secs", "in N secs", text)
    return re.sub(r"\bmpid=\d+", "mpid=N", text)


def login_lines(machine, mark, process, address, tls=False):
    """What Dovecot's login process logged of logins from there, once there is something: "Disconnected: …", "Login: …"."""
    def look():
        return [line for line in machine.log.since(mark, "dovecot", f"{process}: ")
                if f"rip={address}," in line.text and (" TLS" in line.text) == tls]
    return [normal(line.text[len(process) + 2:]) for line in wait_for(f"a line of {process} about {address}", look)]


def allowed(service, user, address, client="third-party"):
    """The module's line of a login through Dovecot."""
    return by_dovecot(service, Because(), user, address, client)


def denied(policy, service, user, address, client="third-party", rhost=None):
    """The same; `policy` is its name, and its line."""
    return by_dovecot(service, Because(*policy), user, address, client, rhost=rhost)
