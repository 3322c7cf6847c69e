"""Dovecot as its recipe says: what users of each protocol are answered, what Dovecot logs, and what the module logs."""
import time
from concurrent.futures import ThreadPoolExecutor

from decisions import Because, by_dovecot
from machine import ADDRESS, ADDRESS6, MESSAGE, main, note, same, saw, test
from mail import DO_NOT_WAIT, SETTINGS, Dovecot, Imap, Pop3, Relay, Sieve, allowed, denied, login_lines, plain
from regions import ELSEWHERE, ELSEWHERE6, REGIONS, put_in_force
from smtp import Submission

POLICY = f"""default_domain = "example.com";
departments = ( {{ name = "engineering/platform"; members = [ "bob" ]; }} );
policies = (
  {{ name = "Addresses"; type = "blacklist"; scope = {{ all = true; }};
    ip = [ "127.66.0.0/16", "198.51.100.0/24", "2001:db8:66::/48" ]; }},
  {{ name = "Engineering"; type = "blacklist"; scope = {{ departments = [ "engineering/*" ]; }}; ip = [ "127.77.0.0/16" ]; }},
  {{ name = "Third-party"; type = "blacklist"; scope = {{ members = [ "carol" ]; }}; clients = [ "third-party" ]; }},
  {{ name = "Auditors"; type = "blacklist"; scope = {{ groups = [ "auditors" ]; }}; ip = [ "127.88.0.0/16" ]; }},
  {{ name = "Regions"; type = "blacklist"; scope = {{ all = true; }}; regions = [ "KP" ]; }}
);
region_database = "{REGIONS}";
"""
ADDRESSES, ENGINEERING, THIRD_PARTY = ("Addresses", 4), ("Engineering", 6), ("Third-party", 7)
AUDITORS, OF_REGION = ("Auditors", 8), ("Regions", 9)
NO_GROUP = "group auditors: the name services do not know the group"


class Protocol:
    def __init__(self, name, client, port, process, in_service, yes, no, failed, tls=False):
        self.name, self.client, self.port, self.process, self.in_service = name, client, port, process, in_service
        self.yes, self.no, self.failed, self.tls = yes, no, failed, tls

    @property
    def service(self):
        """The PAM service that asks the policy."""
        return f"dovecot-policy-{self.in_service}-{self.port}"

    def log_in(self, machine, user, address, password="secret", **way):
        """What the client is answered, the lines that Dovecot's login process logs, and the module's."""
        mark = machine.log.mark()
        with self.client(machine.connect(self.port, **(way or {"source": address})), self.tls) as client:
            answer = client.login(user, password)
        lines = login_lines(machine, mark, self.process, address, self.tls)
        return answer, lines, [line for line in machine.log.decisions(mark) if line.startswith(self.service + ":")]


IMAP = Protocol("IMAP", Imap, 143, "imap-login", "imap", "a OK [CAPABILITY …] Logged in\r\n", "a NO [ALERT] {}\r\n",
                "a NO [AUTHENTICATIONFAILED] Authentication failed.\r\n")
IMAPS = Protocol("IMAP over TLS", Imap, 993, IMAP.process, "imap", IMAP.yes, IMAP.no, IMAP.failed, tls=True)
POP3 = Protocol("POP3", Pop3, 110, "pop3-login", "pop3", "+OK Logged in.\r\n", "-ERR [AUTH] {}\r\n",
                "-ERR [AUTH] Authentication failed.\r\n")
POP3S = Protocol("POP3 over TLS", Pop3, 995, POP3.process, "pop3", POP3.yes, POP3.no, POP3.failed, tls=True)
SIEVE = Protocol("ManageSieve", Sieve, 4190, "managesieve-login", "sieve", 'OK "Logged in."\r\n', 'NO "{}"\r\n',
                 'NO "Authentication failed."\r\n')
SUBMISSION = Protocol("submission", Submission, 587, "submission-login", "submission", "235 2.7.0 Logged in.\r\n",
                      "535 5.7.8 {}\r\n", "535 5.7.8 Authentication failed.\r\n")
PROTOCOLS = (IMAP, IMAPS, POP3, POP3S, SIEVE, SUBMISSION)


def about(protocol, what, user, address, to="127.0.0.1"):
    """How Dovecot's log tells a login: one that failed, and one over TLS has "TLS" twice over."""
    tls = "" if not protocol.tls else "TLS, " if what.startswith("Login") else "TLS: Connection closed, "
    process = "mpid=N, " if what.startswith("Login") else ""
    return [f"{what}: user=<{user}>, method=PLAIN, rip={address}, lip={to}, {process}{tls}session=<S>"]


def all_at_once(do):
    """do(protocol) of each protocol, in their order: Dovecot takes half a second for each login that it denies."""
    with ThreadPoolExecutor(len(PROTOCOLS)) as threads:
        return list(zip(PROTOCOLS, threads.map(do, PROTOCOLS)))


def check(machine, login, user, address, decision, **way):
    """By each protocol. `decision`: what the module's line must be, of the PAM service; the rest follows from what it says."""
    for protocol, found in all_at_once(lambda protocol: protocol.log_in(machine, user, address, **way)):
        answer, lines, decisions = found
        expected = decision(protocol.service)
        may = "decision=allow" in expected
        same(answer, protocol.yes if may else protocol.no.format(MESSAGE), f"{protocol.name}, {login}: the answer")
        what = "Login" if may else "Disconnected: Connection closed (user disabled)"
        same(lines, about(protocol, what, user, address, way.get("to", "127.0.0.1")), f"{protocol.name}, {login}: Dovecot's log")
        same(decisions, [expected], f"{protocol.name}, {login}: the module's log")
        if not protocol.tls:
            saw(machine, f"Dovecot, {protocol.name}", login, answer)


def set_up(machine):
    for user in "alice", "bob", "carol":
        machine.user(user)
    put_in_force(machine, POLICY)
    machine.recipe("dovecot")
    machine.host("abroad", "198.51.100.7", "2001:db8:66::1")
    machine.host("elsewhere", ELSEWHERE, ELSEWHERE6)
    machine.host("office", "192.0.2.7", "2001:db8:1::7")
    Relay()
    machine.dovecot = Dovecot(machine)


@test
def allowed_and_denied_by_each_protocol(machine):
    for login, user, address, policy in (
            ("allowed", "alice", "127.1.0.1", None),
            ("denied by address", "alice", "127.66.0.1", ADDRESSES),
            ("allowed, another department", "alice", "127.77.0.1", None),
            ("denied by department", "bob", "127.77.0.1", ENGINEERING),
            ("denied by client type", "carol", "127.1.0.1", THIRD_PARTY)):
        if policy is None:
            check(machine, login, user, address, lambda service: allowed(service, user, address))
        else:
            check(machine, login, user, address, lambda service: denied(policy, service, user, address))
    check(machine, "denied, undetermined: a group that NSS does not know", "alice", "127.88.0.1",
          lambda service: by_dovecot(service, Because(*AUDITORS, "undetermined", NO_GROUP), "alice", "127.88.0.1"))


@test
def clients_of_both_families_from_abroad(machine):
    for login, address, policy in (("denied by address, from another host", "198.51.100.7", ADDRESSES),
                                   ("denied by address, IPv6", "2001:db8:66::1", ADDRESSES),
                                   ("denied by region", ELSEWHERE, OF_REGION),
                                   ("denied by region, IPv6", ELSEWHERE6, OF_REGION)):
        host, to = "abroad" if policy is ADDRESSES else "elsewhere", ADDRESS6 if ":" in address else ADDRESS
        check(machine, login, "alice", address, lambda service: denied(policy, service, "alice", address), host=host, to=to)
    for address, to in (("192.0.2.7", ADDRESS), ("2001:db8:1::7", ADDRESS6)):
        check(machine, "allowed" + ", IPv6" * (":" in address), "alice", address,
              lambda service: allowed(service, "alice", address), host="office", to=to)


@test
def a_wrong_password_is_told_nothing_of_the_policy(machine):
    """Even where the address is denied; and the policy is not asked."""
    for protocol, found in all_at_once(lambda protocol: protocol.log_in(machine, "alice", "127.66.0.1", "wrong")):
        answer, lines, decisions = found
        same(answer, protocol.failed, f"{protocol.name}, the answer")
        what = "Disconnected: Connection closed (auth failed, 1 attempts in N secs)"
        same(lines, about(protocol, what, "alice", "127.66.0.1"), f"{protocol.name}: Dovecot's log")
        same(decisions, [], f"{protocol.name}: the module's log")
        if not protocol.tls:
            saw(machine, f"Dovecot, {protocol.name}", "the wrong password", answer)


@test
def the_message_of_a_policy_and_of_every_way_to_say_a_password(machine):
    """The message is the policy's own; AUTHENTICATE with and without an initial response is answered as LOGIN is."""
    message = "Engineering: only from the office, see https://intranet.example.com/hd"
    machine.policy(POLICY.replace('ip = [ "127.77.0.0/16" ];', f'ip = [ "127.77.0.0/16" ]; message = "{message}";'))
    same(IMAP.log_in(machine, "bob", "127.77.0.1")[0], IMAP.no.format(message), "LOGIN")
    with Imap(machine.connect(143, source="127.77.0.1")) as client:
        same(client.command(f"AUTHENTICATE PLAIN {plain('bob', 'secret')}"), IMAP.no.format(message), "AUTHENTICATE, at once")
    with Imap(machine.connect(143, source="127.77.0.1")) as client:
        client.send("a AUTHENTICATE PLAIN")
        same(client.read(), "+ \r\n", "AUTHENTICATE PLAIN")
        client.send(plain("bob", "secret"))
        same(client.read(), IMAP.no.format(message), "AUTHENTICATE, when asked")
    with Pop3(machine.connect(110, source="127.77.0.1")) as client:
        same(client.command(f"AUTH PLAIN {plain('bob', 'secret')}"), POP3.no.format(message), "AUTH PLAIN")
    machine.policy(POLICY)


@test
def no_message_breaks_out_of_its_line(machine):
    """A message is text for a person: as a line of IMAP, or as a response code, it would be a command for the client."""
    def with_message(text):
        return POLICY.replace('ip = [ "127.77.0.0/16" ];', f'ip = [ "127.77.0.0/16" ]; message = "{text}";')
    for written in "a\\nb OK fine", "a\\rb", "\\x01x", "x\\x7f":
        machine.write("/etc/accesspolicy/conf.d/50-test.conf", with_message(written))
        result = machine.run("accesspolicy", "apply", "--force", status=3)
        same("has control characters in it; expected one line of text" in result.err, True, result)
    for written, shown in (("[ALERT] first", "ALERT] first"), ("  [  [UIDVALIDITY 1] x", "UIDVALIDITY 1] x"),
                           ("100% sure: %u %{pass} ü €", "100% sure: %u %{pass} ü €")):
        machine.policy(with_message(written))
        for protocol, found in all_at_once(lambda protocol: protocol.log_in(machine, "bob", "127.77.0.1")):
            same(found[0], protocol.no.format(shown), f"{protocol.name}, {written!r}")
    machine.policy(POLICY)


@test
def dovecot_waits_before_it_answers_one_who_was_denied(machine):
    """As after a wrong password, and longer after each further one from the same address: the recipe says so."""
    machine.dovecot.stop()
    machine.dovecot = Dovecot(machine, SETTINGS.replace(DO_NOT_WAIT, ""))
    waits = []
    no = IMAP.no.format(MESSAGE)
    for source, answer in ("127.66.0.1", no), ("127.66.0.1", no), ("127.1.0.1", IMAP.yes):
        start = time.monotonic()
        same(IMAP.log_in(machine, "alice", source)[0], answer, f"the answer to {source}")
        waits.append(time.monotonic() - start)
    note("waited {:.1f} s, then {:.1f} s; a login that is allowed: {:.2f} s".format(*waits))
    same([waits[0] >= 1, waits[1] >= waits[0] + 2, waits[2] < 1], [True, True, True], f"the waits: {waits}")


if __name__ == "__main__":
    main(set_up=set_up)
