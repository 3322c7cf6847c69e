"""Roundcube as docs/services/roundcube.md sets it up: what Chromium shows a user who was denied, and one who was not;
that nothing but the policy's words takes the place of "Login failed."; and that nobody gets by under another address.
"""
import base64
import contextlib
import html
import http.client
import json
import os
import re
import socket
import ssl
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import mail
import postfix
from browser import Browser
from decisions import Because, by_dovecot
from machine import ADDRESS, ADDRESS6, MESSAGE, expect, main, same, saw, test, wait_for

LOGIN_PAGE, INBOX = "Roundcube Webmail :: Welcome to Roundcube Webmail", "Roundcube Webmail :: Inbox"
LOGIN_FORM = 'id="rcmloginuser"'
FAILED = "Login failed."
LOCKED = "Too many failed login attempts. Try again later."
STORAGE_FAILED = "Connection to storage server failed."
# HTML, quotes of both kinds, what a label takes for a new line, and letters beyond ASCII
WRITTEN = """<b>Web</b> is "closed" & 'shut' <img src=x onerror="document.title=1">: see C:\\new, café"""

POLICY = """departments = ( { name = "engineering/platform"; members = [ "bob" ]; } );
policies = (
{ name = "Addresses"; type = "blacklist"; scope = { all = true; }; ip = [ "198.51.100.0/24", "2001:db8:66::/48" ]; },
{ name = "Engineering"; type = "blacklist"; scope = { departments = [ "engineering/*" ]; }; clients = [ "web" ]; },
{ name = "No web"; type = "blacklist"; scope = { members = [ "carol" ]; }; clients = [ "web" ]; message = "%s"; }
);
exceptions = (
{ name = "Dave"; policies = [ "Webmail without its user's address" ]; members = [ "dave" ]; comment = "broken mailbox"; }
);
""" % WRITTEN.replace("\\", "\\\\").replace('"', '\\"')
UNDETERMINED = """policies = ( { name = "Auditors"; type = "blacklist"; scope = { groups = [ "nosuchgroup" ]; }; } );
"""
# Mail that needs no group.
DOVECOT = mail.DO_NOT_WAIT + "mail_location = maildir:~/Maildir\n"
# Roundcube makes a failed login wait for a second, and PHP with it. Here it does not; a function that is disabled can be defined.
PHP = """[www]
pm = static
pm.max_children = 16
"""
AT_ONCE = "/etc/php/at-once.php"
DO_NOT_SLEEP = "<?php function sleep(int $seconds): int { return 0; }"
SETTINGS = "/etc/roundcube/config.inc.php"
DEFAULTS = "/etc/roundcube/defaults.inc.php"
PLUGIN_SETTINGS = "/etc/roundcube/accesspolicy.inc.php"
PLUGIN = "/var/lib/roundcube/plugins/accesspolicy"
ERRORS = "/var/log/roundcube/errors.log"
WITHOUT_PLUGIN = "\n$config['plugins'] = [];\n"
PICTURE = "roundcube-denied.png"
PICTURE_SIZE, PICTURE_BYTES = (800, 500), 60000

# What a page shows: its messages, the one that says that it is loading aside.
MESSAGES_SHOWN = """return Array.from(document.querySelectorAll('#messagestack > div:not(.loading)'))
  .map(message => message.innerText)"""
LOADED = """document.readyState === 'complete' && document.querySelector('#messagestack > div:not(.loading)') !== null
  && document.querySelector('#messagestack > div.loading') === null"""
# Nothing of what the page has asked for by itself is still on its way.
IDLE = "return jQuery.active === 0 && document.querySelector('#messagestack > div.loading') === null"
ANSWERED = """return document.readyState === 'complete' && (document.querySelector('#mailboxlist li') !== null
  || document.querySelector('#messagestack > div:not(.loading)') !== null)"""


# The machine

class Webmail:
    """What the recipe sets up, with the Dovecot and the Postfix that it asks, and a browser on each host."""

    def __init__(self, machine):
        self.machine = machine
        self.browsers = {}
        postfix.set_up(machine)
        machine.recipe("roundcube")
        machine.write("/etc/php/8.2/fpm/pool.d/zz-test.conf", PHP)
        # Roundcube locks a member for some time after three failed logins: that has a test of its own
        machine.write(DEFAULTS, machine.read(DEFAULTS) + "\n$config['login_rate_limit'] = 0;\n")
        machine.policy(POLICY)
        machine.host("abroad", "198.51.100.7", "2001:db8:66::1")
        machine.host("office", "192.0.2.7", "2001:db8:1::7")
        self.dovecot = postfix.Dovecot(machine, DOVECOT)
        self.postfix = postfix.Postfix(machine)
        machine.shell("mkdir -p /run/php")
        # a file that the test changes counts at once
        machine.write(AT_ONCE, DO_NOT_SLEEP)
        machine.start("php-fpm8.2", "--nodaemonize", "-d", "opcache.enable=0", "-d", "disable_functions=sleep",
                      "-d", f"auto_prepend_file={AT_ONCE}")
        machine.start("nginx", "-g", "daemon off;")
        machine.wait_for_port(443)
        wait_for("Roundcube", lambda: LOGIN_FORM in Client(machine).ask("GET", "/"))

    def browser(self, host):
        if host not in self.browsers:
            self.browsers[host] = Browser(self.machine, host)
        return self.browsers[host]

    def log_in(self, user, host, password="secret", to=ADDRESS):
        """What the page then shows: its title, and its messages."""
        browser = self.browser(host)
        browser.open(f"https://[{to}]/" if ":" in to else f"https://{to}/")
        browser.fill("#rcmloginuser", user)
        browser.fill("#rcmloginpwd", password)
        browser.click("#rcmloginsubmit")
        browser.wait("an answer to the login", ANSWERED)
        return browser.title(), browser.script(MESSAGES_SHOWN)


@contextlib.contextmanager
def added(machine, path, text):
    """In the block, the file has that text behind what it holds."""
    with machine.restoring(path):
        if machine.exists(path):
            machine.change(path, machine.read(path), machine.read(path) + text)
        else:
            machine.write(path, "<?php\n" + text)
        yield


def without_session(text):
    return re.sub(r"session=<[^>]*>", "session=<…>", re.sub(r"<\w{8}>", "<…>", text))


def decisions(machine, mark, user):
    """Those that were made since of this user: a page that is open in a browser may ask for more of another."""
    return [line for line in machine.log.decisions(mark) if f'user="{user}" ' in line]


def decision(machine, mark, user, address):
    """The one of this user at this address, however often it was made."""
    found = {line for line in decisions(machine, mark, user) if f" ip={address} " in line}
    expect(len(found) == 1, f"expected one decision, of {user} at {address}", *machine.log.decisions(mark))
    return found.pop()


def decided(because, user, address, service="dovecot-policy-imap-1143"):
    """The module's line of a login through the webmail."""
    return by_dovecot(service, because, user, address, client="web", member=user)


ALLOWED = Because()
HIDDEN = Because("Webmail without its user's address", 3, file="/etc/accesspolicy/conf.d/60-webmail-address.conf")


# What users see

@test
def the_allowed_user_reaches_the_inbox(machine):
    webmail = machine.webmail
    for login, to, address in ("allowed", ADDRESS, "192.0.2.7"), ("allowed, IPv6", ADDRESS6, "2001:db8:1::7"):
        mark = machine.log.mark()
        title, _ = webmail.log_in("alice", "office", to=to)
        same(title, INBOX, login)
        mailbox = webmail.browser("office").script("return document.querySelector('#mailboxlist li a').innerText.trim()")
        same(mailbox, "Inbox", f"{login}: the first mailbox")
        same(decision(machine, mark, "alice", address), decided(ALLOWED, "alice", address), login)
        saw(machine, "Roundcube", login, title)


@test
def the_denied_user_reads_the_policy_s_message(machine):
    webmail = machine.webmail
    for login, user, host, to, address, policy in (
            ("denied by address", "alice", "abroad", ADDRESS, "198.51.100.7", ("Addresses", 3)),
            ("denied by address, IPv6", "alice", "abroad", ADDRESS6, "2001:db8:66::1", ("Addresses", 3)),
            ("denied by department", "bob", "office", ADDRESS, "192.0.2.7", ("Engineering", 4))):
        mark, errors = machine.log.mark(), len(read_errors(machine))
        title, messages = webmail.log_in(user, host, to=to)
        same((title, messages), (LOGIN_PAGE, [MESSAGE]), login)
        same(decision(machine, mark, user, address), decided(Because(*policy), user, address), login)
        line = machine.log.wait(mark, "imap-login: Disconnected", "dovecot")
        same(without_session(line.text),
             f"imap-login: Disconnected: Connection closed (user disabled): user=<{user}>, method=PLAIN, "
             f"rip={address}, lip=127.0.0.1, secured, session=<…>", f"{login}: Dovecot's log")
        same(without_session(read_errors(machine)[errors:]).split(": ", 1)[1],
             f"<…> IMAP Error: Login failed for {user} against 127.0.0.1 from {address}. "
             f"AUTHENTICATE PLAIN: {MESSAGE} in /usr/share/roundcube/program/lib/Roundcube/rcube_imap.php on line 211 "
             "(POST /?_task=login&_action=login)\n", f"{login}: Roundcube's log")
        saw(machine, "Roundcube", login, "\n".join(messages))


def read_errors(machine):
    """Roundcube's log."""
    if not machine.exists(ERRORS):
        return ""
    with open(machine.path(ERRORS), encoding="utf-8", errors="backslashreplace") as file:
        return file.read()


@test
def the_picture_of_the_recipe(machine):
    browser = machine.webmail.browser("abroad")
    wide = browser.resize(*PICTURE_SIZE)
    machine.webmail.log_in("alice", "abroad")
    # no blinking cursor, and nothing half on its way, so that two pictures are the same
    browser.script("document.head.append(Object.assign(document.createElement('style'), {"
                   "textContent: '* { transition: none !important; animation: none !important; }'}));"
                   "document.activeElement.blur()")
    picture = browser.picture()
    browser.resize(*wide)
    path = os.path.join(machine.docs, PICTURE)
    if "AP_UPDATE" in os.environ:
        with open(path, "wb") as file:
            file.write(picture)
    with open(path, "rb") as file:
        kept = file.read()
    for what, png in ("the picture that was taken", picture), (PICTURE, kept):
        same((png[:8], struct.unpack(">II", png[16:24])), (b"\x89PNG\r\n\x1a\n", PICTURE_SIZE), what)
        expect(len(png) < PICTURE_BYTES, f"{what} has {len(png)} bytes, expected fewer than {PICTURE_BYTES}")


@test
def a_wrong_password_is_a_failed_login(machine):
    mark = machine.log.mark()
    title, messages = machine.webmail.log_in("alice", "abroad", password="wrong")
    same((title, messages), (LOGIN_PAGE, [FAILED]), "a wrong password")
    same([line for line in decisions(machine, mark, "alice") if "198.51.100.7" in line], [], "the policy is not asked")
    saw(machine, "Roundcube", "a wrong password", "\n".join(messages))


@test
def html_in_a_message_is_text(machine):
    webmail = machine.webmail
    with added(machine, PLUGIN_SETTINGS, "$config['accesspolicy_messages'] = [ <<<'END'\n" + WRITTEN + "\nEND ];\n"):
        title, messages = webmail.log_in("carol", "office")
    same((title, messages), (LOGIN_PAGE, [WRITTEN]), "the message")
    made = "return document.querySelectorAll('#messagestack b, #messagestack img').length"
    same(webmail.browser("office").script(made), 0, "elements that the message made")
    saw(machine, "Roundcube", "denied by client type, with the policy's own message", messages[0])


@test
def a_message_that_nobody_named_is_not_shown(machine):
    title, messages = machine.webmail.log_in("carol", "office")
    same((title, messages), (LOGIN_PAGE, [FAILED]), "a policy's own message that accesspolicy_messages does not hold")


@test
def undetermined(machine):
    webmail = machine.webmail
    machine.policy(UNDETERMINED)
    mark = machine.log.mark()
    title, messages = webmail.log_in("alice", "office")
    machine.policy(POLICY)
    same((title, messages), (LOGIN_PAGE, [MESSAGE]), "undetermined")
    same(decision(machine, mark, "alice", "192.0.2.7"),
         decided(Because("Auditors", 1, "undetermined", "group nosuchgroup: the name services do not know the group"),
                 "alice", "192.0.2.7"), "undetermined")
    saw(machine, "Roundcube", "denied, undetermined: no such group", "\n".join(messages))


@test
def a_policy_that_is_applied_counts_in_a_session_that_goes_on(machine):
    webmail = machine.webmail
    same(webmail.log_in("alice", "office")[0], INBOX, "the login")
    browser = webmail.browser("office")
    browser.wait("the end of loading", IDLE)
    machine.policy(POLICY.replace("198.51.100.0/24", "192.0.2.0/24"))
    browser.script("rcmail.clear_messages(); rcmail.command('list', 'INBOX')")
    browser.wait("an answer", "return " + LOADED)
    messages = browser.script(MESSAGES_SHOWN)
    machine.policy(POLICY)
    same(messages, [STORAGE_FAILED, f"Server Error: AUTHENTICATE PLAIN: {MESSAGE}"], "the mailbox")
    saw(machine, "Roundcube", "denied by a policy that was applied while the user was logged in", "\n".join(messages))


@test
def roundcube_itself_locks_who_is_denied_too_often(machine):
    with added(machine, SETTINGS, "\n$config['login_rate_limit'] = 3;\n"):
        same(Client(machine, "office").log_in("alice"), None, "only who was once logged in is known to Roundcube")
        shown = [Client(machine, "abroad").log_in("alice") for _ in range(4)]
        shown += [Client(machine, "office").log_in("alice")]
    same(shown, [[MESSAGE]] * 3 + [[LOCKED]] * 2, "four denied logins in a minute, and one from an allowed address")
    saw(machine, "Roundcube", "denied, for the fourth time in a minute", LOCKED)


def compose(webmail):
    """A message in the browser, before it is sent."""
    same(webmail.log_in("alice", "office")[0], INBOX, "the login")
    browser = webmail.browser("office")
    # Roundcube keeps the message in the session, which a request that began before would write back without it
    browser.wait("the end of loading", IDLE)
    recipient = f"postmaster@{postfix.HOSTNAME}"
    browser.go(f"https://{ADDRESS}/?_task=mail&_action=compose&_to={recipient}&_subject=Hello&_body=Hello")
    browser.wait("the form", "return document.readyState === 'complete' && document.querySelector('#composebody') !== null")
    return browser


def send(browser):
    """What the page then says."""
    browser.click("button.send")
    browser.wait("an answer", "return " + LOADED)
    return browser.script(MESSAGES_SHOWN)


@test
def sending_is_decided_by_the_browser_s_address(machine):
    service = "dovecot-policy-webmail-0"
    mark = machine.log.mark()
    messages = send(compose(machine.webmail))
    same(messages, ["Message sent successfully."], "the message")
    same([line for line in machine.log.decisions(mark) if line.startswith(service)],
         [decided(ALLOWED, "alice", "192.0.2.7", service=service)], "the message")
    saw(machine, "Roundcube", "sending, allowed", "\n".join(messages))

    browser = compose(machine.webmail)
    machine.policy(POLICY.replace("198.51.100.0/24", "192.0.2.0/24"))
    mark = machine.log.mark()
    messages = send(browser)
    machine.policy(POLICY)
    same(messages, ["SMTP Error (535): Authentication failed."], "a message after the policy was applied")
    same([line for line in machine.log.decisions(mark) if line.startswith(service)],
         [decided(Because("Addresses", 3), "alice", "192.0.2.7", service=service)], "after the policy was applied")
    saw(machine, "Roundcube", "sending, denied", "\n".join(messages))


# Only the policy's words

@test
def without_the_plugin_a_denied_login_is_a_failed_one(machine):
    webmail = machine.webmail
    mark = machine.log.mark()
    with added(machine, SETTINGS, WITHOUT_PLUGIN):
        title, messages = webmail.log_in("alice", "office")
    same((title, messages), (LOGIN_PAGE, [FAILED]), "without the plugin")
    # the recipe's policy for a webmail that hides its users; with its own address this one would be allowed
    same(decision(machine, mark, "alice", "127.0.0.143"), decided(HIDDEN, "alice", "127.0.0.143"), "without the plugin")
    saw(machine, "Roundcube without the plugin", "denied", "\n".join(messages))


@test
def from_another_address_than_the_webmail_s_nobody_is_let_in(machine):
    mark = machine.log.mark()
    with added(machine, SETTINGS, "\n$config['imap_conn_options'] = null;\n"):
        same(Client(machine, "office").log_in("alice"), [MESSAGE], "from 127.0.0.1")
    same(decision(machine, mark, "alice", "127.0.0.1"), decided(HIDDEN, "alice", "127.0.0.1"), "from 127.0.0.1")


def with_and_without_the_plugin(machine, user):
    """What the page then shows, which must be the same."""
    shown = Client(machine, "office").log_in(user)
    with added(machine, SETTINGS, WITHOUT_PLUGIN):
        same(Client(machine, "office").log_in(user), shown, "without the plugin")
    return shown


@test
def a_server_without_the_mechanism_is_a_failed_login(machine):
    with added(machine, SETTINGS, "\n$config['imap_auth_type'] = 'CRAM-MD5';\n"):
        same(with_and_without_the_plugin(machine, "alice"), [FAILED], "an alert that is not the policy's")
        with added(machine, PLUGIN_SETTINGS, "$config['accesspolicy_messages'] = true;\n"):
            same(Client(machine, "office").log_in("alice"), ["Unsupported authentication mechanism."], "the alert")


@test
def a_server_that_is_stopped_is_a_failed_connection(machine):
    webmail = machine.webmail
    webmail.dovecot.stop()
    try:
        same(with_and_without_the_plugin(machine, "alice"), [STORAGE_FAILED], "Dovecot is stopped")
    finally:
        webmail.dovecot.start()
    saw(machine, "Roundcube", "Dovecot is stopped", STORAGE_FAILED)


@test
def a_mailbox_that_does_not_open_looks_as_without_the_plugin(machine):
    webmail = machine.webmail
    # Dovecot answers OK, and then gives no mailbox to a user with a number below 500
    machine.run("usermod", "--uid", "400", "dave", status=0)

    def mailbox():
        title, _ = webmail.log_in("dave", "office")
        webmail.browser("office").wait("an answer", "return " + LOADED)
        return title, webmail.browser("office").script(MESSAGES_SHOWN)

    shown = mailbox()
    with added(machine, SETTINGS, WITHOUT_PLUGIN):
        same(mailbox(), shown, "without the plugin")
    complaint = "Server Error: CAPABILITY: Internal error occurred. Refer to server log for more information."
    same(shown, (INBOX, [complaint]), "the mailbox")


@test
def a_policy_that_cannot_be_had_is_a_failed_login(machine):
    image, away = machine.path("/var/lib/accesspolicy/policy.v1.image"), machine.path("/var/lib/accesspolicy/away")
    os.rename(image, away)
    mark = machine.log.mark()
    try:
        same(with_and_without_the_plugin(machine, "alice"), [FAILED], "the image is gone")
    finally:
        os.rename(away, image)
    for address, line in zip(("192.0.2.7", "127.0.0.143"), decisions(machine, mark, "alice"), strict=True):
        same(line, f'dovecot-policy-imap-1143:auth: decision=error user="alice" rhost="{address}" '
             'service="dovecot-policy-imap-1143", nobody is let in: /var/lib/accesspolicy/policy.v1.image: is missing, '
             "though /var/lib/accesspolicy/history tells that a policy was applied", "the image is gone")
    saw(machine, "Roundcube", "no policy can be had", FAILED)


class Answers:
    """An IMAP server that knows one script a user: lines before the answer to ID, to the login, and what it can do."""

    def __init__(self, scripts, port):
        self.scripts = scripts
        self.listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with connection, connection.makefile("rb") as lines:
            connection.sendall(b"* OK [CAPABILITY IMAP4rev1 SASL-IR ID AUTH=PLAIN] ready\r\n")
            for line in lines:
                tag, command, *words = line.decode().split()
                if command == "ID":
                    said = self.scripts.get("ID", "T OK done")
                elif command == "AUTHENTICATE":
                    said = self.scripts[base64.b64decode(words[1]).split(b"\0")[1].decode()]
                else:
                    said = "T BAD what"
                if said is None:
                    return
                said = re.sub(r"^T ", tag + " ", said + "\n", flags=re.MULTILINE)
                connection.sendall(said.replace("\n", "\r\n").encode("latin-1"))


class Client:
    """A program on a host that speaks to the webmail as a browser does, with its cookies."""

    def __init__(self, machine, host=None, headers=None):
        self.machine, self.host, self.headers = machine, host, dict(headers or {})
        self.cookies = {}

    def ask(self, method, path, body=None):
        """The page."""
        context = ssl._create_unverified_context()  # pylint: disable=protected-access
        with self.machine.connect(443, to=ADDRESS if self.host else "127.0.0.1", host=self.host) as connection:
            with context.wrap_socket(connection) as secured:
                asked = http.client.HTTPConnection(ADDRESS)
                asked.sock = secured
                asked.request(method, path, body, {
                    **self.headers, "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
                    "Content-Type": "application/x-www-form-urlencoded", "Connection": "close"})
                answer = asked.getresponse()
                for cookie in answer.headers.get_all("Set-Cookie", []):
                    name, value = cookie.split(";")[0].split("=", 1)
                    self.cookies[name] = value
                return answer.read().decode()

    def log_in(self, user, password="secret"):
        """The messages of the page, as the text that they show; None for the mailbox."""
        token = re.search(r'name="_token" value="(\w+)"', self.ask("GET", "/"))[1]
        page = self.ask("POST", "/?_task=login&_action=login",
                        f"_token={token}&_task=login&_action=login&_user={user}&_pass={password}")
        return messages_of(page) if page else None


def at_once(function, rows):
    """What it returns for each, in their order."""
    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(function, rows))


def messages_of(page):
    return [html.unescape(json.loads(text)) for text in re.findall(r'display_message\(("(?:[^"\\]|\\.)*"),', page)]


# user: what the server answers, what is then shown where the default message is to be shown, and where all alerts are
SERVER_ANSWERS = {
    "denied": (f"T NO [ALERT] {MESSAGE}", MESSAGE, MESSAGE),
    "spaced": (f"T NO [ALERT]   {MESSAGE}  ", MESSAGE, MESSAGE),
    "nocode": (f"T NO {MESSAGE}", FAILED, FAILED),
    "othercode": (f"T NO [AUTHENTICATIONFAILED] {MESSAGE}", FAILED, FAILED),
    "otheralert": ("T NO [ALERT] Account locked.", FAILED, "Account locked."),
    "more": (f"T NO [ALERT] {MESSAGE} Or so.", FAILED, f"{MESSAGE} Or so."),
    "empty": ("T NO [ALERT]", FAILED, FAILED),
    "untagged": (f"* NO [ALERT] {MESSAGE}\nT NO [AUTHENTICATIONFAILED] No.", FAILED, FAILED),
    "bad": (f"T BAD [ALERT] {MESSAGE}", STORAGE_FAILED, STORAGE_FAILED),
    "bye": (f"* BYE [ALERT] {MESSAGE}\nT NO [UNAVAILABLE] No.", STORAGE_FAILED, STORAGE_FAILED),
    "closed": (None, STORAGE_FAILED, STORAGE_FAILED),
    "long": ("T NO [ALERT] " + "long " * 1000, FAILED, ("long " * 1000)[:511].rstrip()),
    "script": ("T NO [ALERT] <script>x</script> \"&amp;'", FAILED, "<script>x</script> \"&amp;'"),
    "control": ("T NO [ALERT] a\x1b[1mb\x7fc", FAILED, "a [1mb c"),
    "latin": ("T NO [ALERT] caf\xe9", FAILED, "caf?"),
}


@test
def only_an_alert_that_answers_the_login_is_shown(machine):
    Answers({user: row[0] for user, row in SERVER_ANSWERS.items()}, 1144)
    Answers({"ID": f"T NO [ALERT] {MESSAGE}", "x": "T NO No."}, 1145)

    def shown(users):
        return dict(zip(users, at_once(lambda user: Client(machine).log_in(user), users)))

    with added(machine, SETTINGS, "\n$config['imap_host'] = '127.0.0.1:1144';\n"):
        same(shown(SERVER_ANSWERS), {user: [row[1]] for user, row in SERVER_ANSWERS.items()}, "the default message")
        with added(machine, PLUGIN_SETTINGS, "$config['accesspolicy_messages'] = true;\n"):
            same(shown(SERVER_ANSWERS), {user: [row[2]] for user, row in SERVER_ANSWERS.items()}, "all alerts")
    with added(machine, SETTINGS, "\n$config['imap_host'] = '127.0.0.1:1145';\n"):
        same(shown(["x"]), {"x": [FAILED]}, "the answer to ID")


# Under which address

@test
def a_header_of_the_request_is_no_address(machine):
    headers = ["X-Forwarded-For", "X-Real-IP", "X-Originating-IP", "Client-IP", "Forwarded"]
    mark = machine.log.mark()
    shown = at_once(lambda header: Client(machine, "abroad", {header: "192.0.2.8"}).log_in("alice"), headers)
    same(dict(zip(headers, shown)), {header: [MESSAGE] for header in headers}, "headers with an allowed address")
    expect(not any("192.0.2.8" in line for line in machine.log.decisions(mark)), "a header came to be the address",
           *machine.log.decisions(mark))


@test
def behind_a_proxy_the_address_is_what_the_proxy_says(machine):
    with added(machine, SETTINGS, "\n$config['proxy_whitelist'] = ['192.0.2.7'];\n"):
        for said, address, shown in (("198.51.100.7", "198.51.100.7", [MESSAGE]),
                                     ("192.0.2.8, 198.51.100.7", "198.51.100.7", [MESSAGE]),
                                     ("192.0.2.9", "192.0.2.9", None)):
            mark = machine.log.mark()
            same(Client(machine, "office", {"X-Forwarded-For": said}).log_in("alice"), shown, said)
            decision(machine, mark, "alice", address)
        no_addresses = ["unknown", "198.51.100.7:4711", '"192.0.2.8")']
        mark, errors = machine.log.mark(), len(read_errors(machine))
        shown = at_once(lambda said: Client(machine, "office", {"X-Forwarded-For": said}).log_in("alice"), no_addresses)
    same(dict(zip(no_addresses, shown)), {said: [FAILED] for said in no_addresses}, "what is no address")
    same(decisions(machine, mark, "alice"), [], "nobody is asked")
    for said in no_addresses:
        complaint = f'accesspolicy: the browser\'s address is "{said}"; an IP address was expected'
        expect(complaint in read_errors(machine)[errors:], said, read_errors(machine)[errors:])


@test
def a_session_ends_at_another_address(machine):
    at_work = Client(machine, "office")
    same(at_work.log_in("alice"), None, "the login")
    page = at_work.ask("GET", "/?_task=addressbook")
    expect(LOGIN_FORM not in page, "the session does not go on where it began")
    elsewhere = Client(machine, "abroad")
    elsewhere.cookies = dict(at_work.cookies)
    page = elsewhere.ask("GET", "/?_task=addressbook")
    expect(LOGIN_FORM in page, "the session goes on at another address")


@test
def filters_come_from_the_webmail_s_own_address(machine):
    with added(machine, SETTINGS, """
$config['plugins'][] = 'managesieve';
$config['managesieve_host'] = '127.0.0.1:14190';
$config['managesieve_conn_options'] = ['socket' => ['bindto' => '127.0.0.143:0']];
"""):
        client = Client(machine, "office")
        same(client.log_in("alice"), None, "the login")
        mark = machine.log.mark()
        messages = messages_of(client.ask("GET", "/?_task=settings&_action=plugin.managesieve"))
    same(messages, ["Unable to connect to server."], "the filters")
    expect(str(HIDDEN) in decision(machine, mark, "alice", "127.0.0.143"), "the filters", *machine.log.decisions(mark))
    saw(machine, "Roundcube", "filters (managesieve)", "\n".join(messages))


@test
def nothing_but_the_program_and_its_pictures_is_served(machine):
    for path in ("/plugins/accesspolicy/accesspolicy.php", "/plugins/accesspolicy/config.inc.php.dist",
                 "/plugins/accesspolicy/README.md", "/plugins/accesspolicy/composer.json"):
        expect("404 Not Found" in Client(machine).ask("GET", path), f"{path} is served")


@test
def the_plugin_is_php_without_a_complaint(machine):
    for name in "accesspolicy.php", "config.inc.php.dist":
        path = f"{PLUGIN}/{name}"
        same(machine.run("php", "-d", "error_reporting=-1", "-d", "display_errors=1", "-l", path, status=0).out,
             f"No syntax errors detected in {path}\n", name)
    complaints = [line for line in read_errors(machine).splitlines()
                  if "accesspolicy.php" in line and "PHP Error: accesspolicy: " not in line]
    same(complaints, [], "what PHP said of the plugin during all of these tests")


@test
def undone_a_login_is_that_of_a_mail_program_on_this_machine(machine):
    machine.undo("roundcube")
    mark = machine.log.mark()
    same(Client(machine, "abroad").log_in("carol"), None, "who may not use the webmail, at an address that is denied")
    found = set(decisions(machine, mark, "carol"))
    possible = {by_dovecot("dovecot-policy-imap-143", ALLOWED, "carol", address, member="carol")
                for address in ("127.0.0.1", "::1")}
    expect(found and found <= possible, "the decisions", *machine.log.decisions(mark))


def set_up(machine):
    machine.webmail = Webmail(machine)


if __name__ == "__main__":
    main(set_up=set_up)
