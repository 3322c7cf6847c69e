"""
What could let a login past the policy in Dovecot. Each mistake is made, to show that it lets one in, or that it lets nobody
in; what the recipe says against it is shown to hold.
"""
import base64
import contextlib
import hmac
from concurrent.futures import ThreadPoolExecutor

from machine import MESSAGE, expect, main, same, test
from mail import SETTINGS, Dovecot, Imap, Pop3, allowed, denied, login_lines

POLICY = """default_domain = "example.com";
policies = (
  { name = "Addresses"; type = "blacklist"; scope = { all = true; }; ip = [ "127.66.0.0/16" ]; }
);
"""
ADDRESSES, SERVICE = ("Addresses", 3), "dovecot-policy-imap-143"
HERE, ABROAD = "127.1.0.1", "127.66.0.1"
YES, NO = "a OK [CAPABILITY …] Logged in\r\n", f"a NO [ALERT] {MESSAGE}\r\n"
FAILED = "a NO [AUTHENTICATIONFAILED] Authentication failed.\r\n"
CONF, TEST_CONF = "/etc/dovecot/conf.d/99-accesspolicy.conf", "/etc/dovecot/conf.d/99-test.conf"
PAM_FILE, AUTH_CONF = f"/etc/pam.d/{SERVICE}", "/etc/dovecot/conf.d/10-auth.conf"
# What is in none of the recipe's files
ADDED = TEST_CONF, "/etc/dovecot/conf.d/10-zz-master.conf"

SINGLE = """passdb {{
  driver = pam
  args = {}
}}
userdb {{
  driver = passwd
}}
"""
MASTER = """auth_master_user_separator = *
passdb {{
  driver = passwd-file
  args = /etc/dovecot/master-users
  master = yes
  {}
}}
"""
VIRTUAL = """passdb {
  driver = passwd-file
  args = scheme=PLAIN /etc/dovecot/users
  result_success = continue-ok
  result_failure = return-fail
  result_internalfail = return-fail
}
passdb {
  driver = pam
  args = failure_show_msg=yes dovecot-policy-%s-%{real_lport}
  deny = yes
  skip = unauthenticated
}
userdb {
  driver = static
  args = uid=mallory gid=mallory home=/home/mallory/%u
}
"""


def set_up(machine):
    machine.user("alice")
    machine.user("mallory")
    machine.policy(POLICY)
    machine.recipe("dovecot")
    machine.dovecot = Dovecot(machine)


def log_in(machine, address, user="alice", password="secret"):
    """What the client is answered, and the module's lines."""
    mark = machine.log.mark()
    with Imap(machine.connect(143, source=address)) as client:
        return client.login(user, password), machine.log.decisions(mark)


def both(machine, **login):
    """The answers to the address that is allowed, and to the one that is denied."""
    return [answer for _, answer in all_at_once(lambda address: log_in(machine, address, **login)[0], (HERE, ABROAD))]


def all_at_once(do, items):
    """Each item with what do(item) says: libpam and Dovecot wait before they deny."""
    with ThreadPoolExecutor(len(items)) as threads:
        return list(zip(items, threads.map(do, items)))


@contextlib.contextmanager
def mistake(machine, files, settings=""):
    """In the block, the recipe with files changed: {path: text}; None: without the file."""
    try:
        with machine.restoring(TEST_CONF, *files):
            for path, text in files.items():
                if text is not None:
                    machine.write(path, text)
                elif machine.exists(path):
                    machine.delete(path)
            machine.write(TEST_CONF, SETTINGS + settings)
            machine.dovecot.restart()
            yield
    finally:
        machine.dovecot.restart()


def recipe_but(machine, before, after):
    text = machine.read(CONF)
    expect(before in text, f"the test itself: no {before!r}", text)
    return {CONF: text.replace(before, after, 1)}


# Two passdbs: what is missing lets nobody in

@test
def without_the_service_file_nobody_is_let_in(machine):
    """libpam takes `other`, which checks the password: found, says the deny passdb. The log has Dovecot's line alone."""
    with mistake(machine, {PAM_FILE: None}):
        mark = machine.log.mark()
        same(both(machine), [FAILED, FAILED], "the answers")
        same(machine.log.decisions(mark), [], "the module's log")
        for address in HERE, ABROAD:
            line = f"Disconnected: Connection closed (user disabled): user=<alice>, method=PLAIN, rip={address}, lip=127.0.0.1, "
            same(login_lines(machine, mark, "imap-login", address), [line + "session=<S>"], "Dovecot's log")


@test
def without_the_module_nobody_is_let_in(machine):
    path = machine.shell("find /usr/lib -name pam_accesspolicy.so").out.strip()
    machine.shell(f"mv {path} {path}.away")
    try:
        mark = machine.log.mark()
        same(both(machine), [FAILED, FAILED], "the answers")
        machine.log.wait(mark, "PAM unable to dlopen(pam_accesspolicy.so)")
    finally:
        machine.shell(f"mv {path}.away {path}")
    same(both(machine), [YES, NO], "with the module")


@test
def a_wrong_line_lets_nobody_in(machine):
    for options, answers in (("message=error allowed=user-unknown", [YES, FAILED]),
                             ("message=info allowed=user-unknown", [YES, FAILED]),
                             ("message=none allowed=user-unknown", [YES, FAILED]),
                             ("message=prompt", [FAILED, NO]),
                             ("message=prompt allowed=success", [FAILED, NO]),
                             ("message=prompt allowed=user-unknown client=nonsense", [FAILED, FAILED]),
                             ("message=prompt allowed=user-unknown config=/nowhere", [FAILED, FAILED]),
                             ("message=prompt allowed=user-unknow", [FAILED, FAILED])):
        machine.write(PAM_FILE, f"auth required pam_accesspolicy.so {options}\n")
        same(both(machine), answers, options)
    machine.write(PAM_FILE, "account required pam_accesspolicy.so message=prompt allowed=user-unknown\n")
    same(both(machine), [YES, NO], "in the account phase alone: libpam takes the lines of `other` for the password")
    machine.recipe("dovecot")


# Mistakes that let in whom the policy denies

@test
def debians_own_passdb_lets_in_before_the_policy_is_asked(machine):
    text = machine.read(AUTH_CONF)
    with mistake(machine, {AUTH_CONF: text.replace("#!include auth-system.conf.ext", "!include auth-system.conf.ext")}):
        same(log_in(machine, ABROAD), (YES, []), "with auth-system.conf.ext")
    same(both(machine), [YES, NO], "without it")


@test
def a_passdb_of_one_protocol_lets_in_before_the_policy_is_asked(machine):
    """And `doveconf passdb` does not show it: the recipe looks through all settings."""
    with mistake(machine, {}, "protocol imap {\n  passdb {\n    driver = pam\n    args = dovecot\n  }\n}\n"):
        same(log_in(machine, ABROAD), (YES, []), "with a passdb in protocol imap")
        same([machine.shell(f"doveconf {what} | grep -c 'passdb {{'").out for what in ("passdb", "-n")], ["2\n", "3\n"],
             "how many passdbs doveconf shows")


@test
def a_password_passdb_without_its_result_lines_lets_in(machine):
    with mistake(machine, recipe_but(machine, "  result_success = continue-ok\n", "")):
        same(log_in(machine, ABROAD), (YES, []), "without result_success")


@test
def a_server_name_is_the_clients_own_word(machine):
    """A client names the service itself, where the passdb holds the name that it asks for in TLS."""
    def over_tls(name):
        with Imap(machine.connect(993, source=HERE), tls=name) as client:
            return client.login("alice")
    machine.policy(POLICY.replace('ip = [ "127.66.0.0/16" ]', 'clients = [ "third-party" ]'))
    same(over_tls("1143"), NO, "as the recipe says")
    with mistake(machine, recipe_but(machine, "%{real_lport}\n  deny", "%{local_name}\n  deny")):
        same(over_tls("1143"), YES, "with %{local_name}")
    machine.policy(POLICY)


@test
def a_single_passdb_falls_through_to_other(machine):
    """Its service file is missing: `other` checks the password, and nothing asks the policy."""
    with mistake(machine, {CONF: SINGLE.format("dovecot-%s-%{real_lport}")}):
        same(log_in(machine, ABROAD), (YES, []), "without /etc/pam.d/dovecot-imap-143")
        machine.write("/etc/pam.d/dovecot-imap-143", "@include common-auth\naccount required pam_accesspolicy.so\n")
        same(log_in(machine, ABROAD)[0], FAILED, "with it; the user is not told")
        machine.delete("/etc/pam.d/dovecot-imap-143")


@test
def an_other_that_knows_no_virtual_user_lets_him_in(machine):
    """A missing service file and an `other` of pam_unix alone: "unknown" is "not denied". Debian's ends in pam_deny."""
    machine.write("/etc/dovecot/users", "vera:secret::::::\n")
    with mistake(machine, {CONF: VIRTUAL}):
        same(both(machine, user="vera"), [YES, NO], "a virtual user")
        machine.delete(PAM_FILE)
        same(both(machine, user="vera"), ["a NO [ALERT] Password: \r\n"] * 2, "without the service file")
        other = machine.read("/etc/pam.d/other")
        machine.write("/etc/pam.d/other", "auth required pam_unix.so\n")
        same(both(machine, user="vera"), [YES, YES], "and with such an other")
        machine.write("/etc/pam.d/other", other)
    machine.recipe("dovecot")


@test
def a_cache_of_the_policys_answer_passes_the_policy(machine):
    cached = "auth_cache_size = 10M\n"

    def in_turn():
        return [log_in(machine, address)[0] for address in (HERE, ABROAD)]
    with mistake(machine, {}, cached):
        same(in_turn(), [YES, NO], "a cache alone")
    with mistake(machine, recipe_but(machine, "args = dovecot\n", "args = cache_key=%u dovecot\n"), cached):
        same(in_turn(), [YES, NO], "the password's answer is cached")
        same(in_turn(), [YES, NO], "the password's answer is cached, again")
    with mistake(machine, recipe_but(machine, "failure_show_msg=yes", "failure_show_msg=yes cache_key=%u"), cached):
        same(log_in(machine, HERE), (YES, [allowed(SERVICE, "alice", HERE)]), "the policy's answer is cached")
        same(log_in(machine, ABROAD), (YES, []), "and passes the policy")
    pam = machine.read("/etc/pam.d/dovecot")
    files = {CONF: SINGLE.format("cache_key=%u dovecot"),
             "/etc/pam.d/dovecot": pam + "account required pam_accesspolicy.so client=third-party\n"}
    with mistake(machine, files, cached):
        same(in_turn(), [YES, YES], "the answer of an only passdb is cached")
    with mistake(machine, files):
        same(in_turn(), [YES, FAILED], "an only passdb without a cache")


@test
def master_users_are_held_against_the_policy(machine):
    """Of the account that they use; as the recipe says, and not where Dovecot lets them in at once."""
    machine.write("/etc/dovecot/master-users", "boss:{PLAIN}master::::::\n")
    path = ADDED[1]
    login = {"user": "alice*boss", "password": "master"}
    with mistake(machine, {path: MASTER.format("")}):
        same(log_in(machine, ABROAD, **login), (YES, []), "let in at once")
    with mistake(machine, {path: MASTER.format(f"override_fields = allow_nets={HERE}")}):
        same(both(machine, **login), [YES, FAILED], "let in at once, from some addresses")
    with mistake(machine, {path: MASTER.format("result_success = continue-ok")}):
        same(log_in(machine, HERE, **login), (YES, [allowed(SERVICE, "alice", HERE)]), "the recipe, allowed")
        same(log_in(machine, ABROAD, **login), (f"a NO [AUTHORIZATIONFAILED] {MESSAGE}\r\n",
                                                [denied(ADDRESSES, SERVICE, "alice", ABROAD)]), "the recipe, denied")
        with Imap(machine.connect(143, source=ABROAD)) as client:
            answer = client.command("AUTHENTICATE PLAIN " + base64.b64encode(b"alice\0boss\0master").decode())
        same(answer, f"a NO [AUTHORIZATIONFAILED] {MESSAGE}\r\n", "the recipe, by an authorization identity")
        wrong = ("alice*boss", "secret"), ("alice*mallory", "secret"), ("alice", "master"), ("alice*boss", "")
        for who, answer in all_at_once(lambda who: log_in(machine, HERE, *who)[0], wrong):
            same(answer, FAILED, f"{who}")
        same(both(machine), [YES, NO], "who is no master")


@test
def nobody_logs_in_as_somebody_else(machine):
    """The name that the policy is asked about is that of the account, not what the client says it wants to be."""
    for wanted in b"mallory", b"alice@example.com", b"root":
        with Imap(machine.connect(143, source=HERE)) as client:
            answer = client.command("AUTHENTICATE PLAIN " + base64.b64encode(wanted + b"\0alice\0secret").decode())
        same(answer, FAILED, f"alice as {wanted!r}")


@test
def a_login_without_a_password_to_show_is_let_in_by_nobody(machine):
    """The policy's passdb is PAM, which wants the password in clear: by CRAM-MD5 nobody comes in, allowed or not."""
    machine.write("/etc/dovecot/users", "vera:secret::::::\n")
    with mistake(machine, {CONF: VIRTUAL}, "auth_mechanisms = plain cram-md5\n"):
        for address in HERE, ABROAD:
            with Imap(machine.connect(143, source=address)) as client:
                client.send("a AUTHENTICATE CRAM-MD5")
                challenge = base64.b64decode(client.read().removeprefix("+ "))
                answer = "vera " + hmac.new(b"secret", challenge, "md5").hexdigest()
                client.send(base64.b64encode(answer.encode()).decode())
                same(client.read(), FAILED, f"CRAM-MD5 from {address}")
        same(both(machine, user="vera")[1], NO, "PLAIN")


@test
def a_mechanism_that_asks_no_passdb_passes_the_policy(machine):
    """ANONYMOUS is one, GSSAPI another: Dovecot knows the user without a password."""
    with mistake(machine, {}, "auth_mechanisms = plain anonymous\nauth_anonymous_username = alice\n"):
        mark = machine.log.mark()
        with Imap(machine.connect(143, source=ABROAD)) as client:
            expect(" Logged in\r\n" in client.command("AUTHENTICATE ANONYMOUS bWFsbG9yeQ=="), "ANONYMOUS is let in")
        same(machine.log.decisions(mark), [], "the module's log")


@test
def nologin_is_a_success_to_whoever_asks_dovecot(machine):
    """IMAP shows its reason and closes; Postfix is told that the login succeeded."""
    with mistake(machine, recipe_but(machine, "  skip = authenticated\n", "  override_fields = nologin=y reason=No\n")):
        same(log_in(machine, HERE)[0], "a NO [CONTACTADMIN] No\r\n", "IMAP")
        result = machine.run("doveadm", "auth", "test", "-x", "service=smtp", "-x", f"rip={HERE}", "alice", "secret", status=0)
        same(result.out, "passdb: alice auth succeeded\nextra fields:\n  user=alice\n  nologin\n  reason=No\n",
             "what Postfix is told")


@test
def a_user_cannot_ask_dovecots_auth_server_himself(machine):
    """Whoever speaks its protocol says what the address is, as Postfix does."""
    for name in "auth-client", "auth-login", "auth-master", "login/login":
        result = machine.run("curl", "--silent", "--show-error", "--unix-socket", f"/run/dovecot/{name}", "http://localhost/",
                             user="mallory", status=7)
        expect("Couldn't connect" in result.err or "Permission denied" in result.err, name, result)
    result = machine.run("curl", "--verbose", "--max-time", "2", "--unix-socket", "/run/dovecot/auth-client", "http://localhost/")
    expect("Connected" in result.err, "the same as root", result)


@test
def an_open_session_stays_until_it_is_ended(machine):
    with Imap(machine.connect(143, source=HERE)) as client:
        same(client.login("alice"), YES, "the login")
        machine.policy(POLICY.replace("127.66.0.0/16", "127.0.0.0/8"))
        same(client.command("NOOP").splitlines()[-1][:4], "a OK", "the session, once its address is denied")
        same(log_in(machine, HERE)[0], NO, "a second one")
        machine.run("doveadm", "kick", "alice", status=0)
        same(client.read(), "* BYE Server shutting down.\r\n", "the session, after doveadm kick")
    machine.policy(POLICY)


@test
def the_recipe_can_be_tried_without_a_client(machine):
    """`doveadm auth test` asks as a login from there would."""
    def ask(address):
        result = machine.run("doveadm", "auth", "test", "-x", "service=imap", "-x", "real_lport=143", "-x", f"rip={address}",
                             "alice", "secret")
        return result.status, result.out
    same(ask(HERE), (0, "passdb: alice auth succeeded\nextra fields:\n  user=alice\n  \n"), HERE)
    same(ask(ABROAD), (77, f"passdb: alice auth failed\nextra fields:\n  user=alice\n  code=user_disabled\n  reason={MESSAGE}\n"),
         ABROAD)


@test
def names_in_other_spellings_are_the_same_member(machine):
    """Dovecot hands on the name in lower case; what it does not take as a name never gets to PAM."""
    machine.policy(POLICY.replace("{ all = true; }", '{ members = [ "alice" ]; }'))
    def by_pop3(user):
        with Pop3(machine.connect(110, source=ABROAD)) as client:
            client.command(f"USER {user}")
            return client.command("PASS secret")
    same([log_in(machine, ABROAD, user)[0] for user in ("Alice", "ALICE", "alice")], [NO, NO, NO], "in upper case")
    mark = machine.log.mark()
    for user, answer in all_at_once(by_pop3, ("alice@example.com", "alice ", "alice%", "al%s", "%{real_lport}", "alice\x01",
                                              "ålice", "a" * 300)):
        same(answer.startswith("-ERR"), True, f"{user!r}: {answer!r}")
    same([line for line in machine.log.decisions(mark) if "decision=allow" in line], [], "who was let in")
    machine.policy(POLICY)


if __name__ == "__main__":
    main(set_up=set_up)
