"""What the tests of Postfix share: it and the Dovecot that it asks, set up by their recipes; a policy; logins by SMTP.

Each of the policy's addresses is named for what meets it, so that one login meets one policy.
"""
import contextlib
import os
import re
import signal

import mail
import regions
from decisions import because_in, by_dovecot
from machine import LONGEST_WAIT_S, MESSAGE, Wrong, expect, same, wait_for
from regions import ELSEWHERE, ELSEWHERE6, REGIONS
from smtp import Smtp

SUBMISSION, SUBMISSIONS, WEBMAIL, PROXIED = 587, 465, 1587, 10587
HOSTNAME = "mail.example.com"
# What reads main.cf waits until it is two seconds old: it might still be written to.
AGE_SETTINGS = "touch -d '1 minute ago' /etc/postfix/main.cf"
IMAGE = "/var/lib/accesspolicy/policy.v1.image"
THIRD_PARTY = "dovecot-policy-smtp-0"
WEB = "dovecot-policy-webmail-0"

OFFICE, BLOCKED, BRANCH, UNSURE = "127.0.0.1", "127.0.0.66", "127.0.0.67", "127.0.0.68"
OFFICE6, BLOCKED6 = "2001:db8:1::7", "2001:db8:66::7"
# hosts of their own; the region database has the second pair in KP
ABROAD, ABROAD6 = "198.51.100.7", "2001:db8:2::7"
POLICY = f"""default_domain = "example.com";
region_database = "{REGIONS}";
departments = ( {{ name = "engineering/platform"; members = [ "bob" ]; }} );
policies = (
  {{ name = "Addresses"; type = "blacklist"; scope = {{ all = true; }}; ip = [ "{BLOCKED}", "2001:db8:66::/48" ]; }},
  {{ name = "Regions"; type = "blacklist"; scope = {{ all = true; }}; regions = [ "KP" ]; }},
  {{ name = "Platform"; type = "blacklist"; scope = {{ departments = [ "engineering/*" ]; }}; ip = [ "{BRANCH}" ]; }},
  {{ name = "Webmail only"; type = "blacklist"; scope = {{ members = [ "carol" ]; }}; clients = [ "third-party" ]; }},
  {{ name = "No webmail"; type = "blacklist"; scope = {{ members = [ "dave" ]; }}; clients = [ "web" ]; }},
  {{ name = "Contractors"; type = "blacklist"; scope = {{ groups = [ "contractors" ]; }}; ip = [ "{UNSURE}" ]; }}
);
"""
UNKNOWN_GROUP = "group contractors: the name services do not know the group"


def decided(user, ip, policy=None, *, service=THIRD_PARTY, client="third-party", reason="blacklisted", rhost=None,
            unknown=None):
    """The module's log line, where Dovecot asks it."""
    return by_dovecot(service, because_in(POLICY, policy, reason, unknown), user, ip, client, rhost=rhost)


def put_in_force(machine, text=POLICY):
    regions.put_in_force(machine, text)


def set_up(machine):
    """Members, the recipes and the policy; nothing is started yet."""
    machine.recipe("dovecot")
    machine.recipe("postfix")
    prepare(machine)
    put_in_force(machine)


def prepare(machine):
    """Members, and Postfix as Debian's installer leaves it, and its unit before each start."""
    for user in "alice", "bob", "carol", "dave", "mallory":
        machine.user(user)
    machine.shell(f"""postconf -e myhostname={HOSTNAME}
        {AGE_SETTINGS}
        newaliases
        /usr/lib/postfix/configure-instance.sh -""")


class Dovecot(mail.Dovecot):
    """The machine's, which Postfix asks."""

    def __init__(self, machine, settings=mail.DO_NOT_WAIT):
        super().__init__(machine, settings)

    def stop(self):
        """As systemd does, which kills what outlives the master: an auth process to which Postfix is connected."""
        self.program.stop()
        wait_for("the end of Dovecot's processes", mail.kill_processes)


class Postfix:
    def __init__(self, machine):
        self.machine = machine
        self.start()

    def start(self):
        self.machine.shell(AGE_SETTINGS)
        mark = self.machine.log.mark()
        self.program = self.machine.start("postfix", "start-fg")
        self.machine.wait_for_port(SUBMISSION)
        # the connection that looked for the port, which would be taken for a login's
        self.machine.log.wait(mark, "disconnect from", "postfix/submission/smtpd")

    def stop(self):
        """As "postfix stop" does, which looks once a second whether it has ended."""
        os.kill(int(self.machine.read("/var/spool/postfix/pid/master.pid")), signal.SIGTERM)
        self.program.process.wait(LONGEST_WAIT_S)

    def restart(self):
        self.stop()
        self.start()


def session(machine, port=SUBMISSION, header="", **where):
    """A session in which AUTH can be sent: encrypted where the port wants that. `header`: what a proxy says before all
    else; `where`: see Machine.connect()."""
    connection = machine.connect(port, **where)
    connection.sendall(header.encode())
    smtp = Smtp(connection, tls=port == SUBMISSIONS)
    same(smtp.greeting, f"220 {HOSTNAME} ESMTP Postfix (Debian/GNU)\r\n", "the greeting")
    smtp.ehlo()
    if port in (SUBMISSION, PROXIED):
        smtp.starttls()
        smtp.ehlo()
    return smtp


class Login:
    """What came of one: the `reply` to AUTH, whether a message was then taken (`sends`), which `decisions` the module
    logged, and what Postfix and Dovecot `logged` of the login and of the message."""

    def __init__(self, machine, mark, reply, sends):
        self.reply, self.sends = reply, sends
        self.decisions = machine.log.decisions(mark)
        self.logged = [re.sub(r" [0-9A-F]{6,}: ", " QUEUE-ID: ", str(line)) for line in machine.log.since(mark)
                       if line.tag.startswith("dovecot") or (line.tag.startswith("postfix") and "sasl_" in line.text)]


def send(smtp):
    """The last reply to a message's sender and recipient; it is not sent on."""
    smtp.command("MAIL FROM:<alice@example.com>")
    return smtp.command("RCPT TO:<postmaster@localhost>")


def log_in(machine, user="alice", password="secret", mechanism="PLAIN", xclient=None, user_of_process=None, **where):
    """`xclient`: what the program says of its client before; `user_of_process`: whose program it is; `where`: see
    session()."""
    mark = machine.log.mark()
    with session(machine, user=user_of_process, **where) as smtp:
        if xclient is not None:
            same(smtp.command("XCLIENT " + xclient), smtp.greeting, "the answer to XCLIENT")
            smtp.ehlo()
        if mechanism == "PLAIN":
            reply = smtp.auth_plain(user, password)
        else:
            *asked, reply = smtp.auth_login(user, password)
            same(asked, ["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"], "what AUTH LOGIN asks")
        answer = send(smtp)
    expect(answer in ("250 2.1.5 Ok\r\n", NO_LOGIN_NO_MESSAGE), "the answer to a message", answer)
    return Login(machine, mark, reply, answer != NO_LOGIN_NO_MESSAGE)


HOLD, HELD = "/usr/local/sbin/hold", "/run/held"


@contextlib.contextmanager
def held(machine, path, phase):
    """In this block, PAM waits in that phase of the service, before all else there, until the file HELD is gone."""
    machine.write(HOLD, f"#!/bin/sh\n: >{HELD}\nwhile [ -e {HELD} ]; do sleep 0.05; done\n", 0o755)
    try:
        with machine.restoring(path):
            machine.write(path, f"{phase} required pam_exec.so quiet {HOLD}\n" + machine.read(path))
            yield
    finally:
        release(machine)


def release(machine):
    if machine.exists(HELD):
        machine.delete(HELD)


def interrupted(machine, smtp, interrupt):
    """The reply to a login with the right password that is held, and meanwhile interrupted."""
    smtp.send("AUTH PLAIN " + mail.plain("alice", "secret"))
    wait_for("the login to be held", lambda: machine.exists(HELD))
    interrupt()
    reply = smtp.reply()
    release(machine)
    return reply


@contextlib.contextmanager
def in_main_cf(machine, name, value):
    """In this block Postfix runs with a setting that its main.cf has not otherwise."""
    machine.shell(f"postconf -e {name}={value}")
    machine.postfix.restart()
    try:
        yield
    finally:
        machine.shell(f"postconf -X {name}")
        machine.postfix.restart()


# Whose logins this machine lets past the policy, and the doctor says so: their recipes are not carried out.
NOT_SET_UP = ("cockpit", "sshd")


def doctor_finds(machine, *expected, leave_out=()):
    """These are the checks by which accesspolicy doctor finds something; those of the services to leave out aside."""
    result = machine.run("accesspolicy", "doctor", "--json")
    expect(result.status in (0, 1), "the doctor", result)
    findings = result.json()["findings"]
    found = [finding["check"] for finding in findings if finding["service"] not in (*NOT_SET_UP, *leave_out)]
    same(sorted(found), sorted(expected), "what the doctor finds")


ALLOWED = "235 2.7.0 Authentication successful\r\n"
FAILED = "535 5.7.8 Error: authentication failed: {}\r\n"
NO_ANSWER = "454 4.7.0 Temporary authentication failure: Connection lost to authentication server\r\n"
WRONG_PASSWORD = FAILED.format("(reason unavailable)")
NO_LOGIN_NO_MESSAGE = "554 5.7.1 <postmaster@localhost>: Recipient address rejected: Access denied\r\n"


def refused(machine, port, what, **where):
    """Nobody answers there."""
    try:
        machine.connect(port, **where).close()
    except ConnectionRefusedError:
        return
    raise Wrong(f"{what}: was connected to port {port}")


def let_in(login, decision, what, peer, user="alice", mechanism="PLAIN", tag="submission"):
    same((login.reply, login.sends), (ALLOWED, True), what)
    same(login.decisions, [decision], what)
    same(login.logged, [f"postfix/{tag}/smtpd: QUEUE-ID: client={peer}, sasl_method={mechanism}, "
                        f"sasl_username={user}"], what)


def kept_out(login, decision, what, peer, user="alice", mechanism="PLAIN", tag="submission", reason=MESSAGE):
    """`reason`: what Dovecot gave Postfix as such."""
    same((login.reply, login.sends), (FAILED.format(reason), False), what)
    same(login.decisions, [decision] if decision else [], what)
    same(login.logged, [f"postfix/{tag}/smtpd: warning: {peer}: SASL {mechanism} authentication failed: {reason}, "
                        f"sasl_username={user}"], what)
