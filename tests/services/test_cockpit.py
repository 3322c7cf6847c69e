"""cockpit as docs/services/cockpit.md sets it up: its TLS proxy, its web service and its session, as their units start them."""
import base64
import os
import re

from browser import Browser
from logins import (ABROAD, ABROAD6, ALLOWED, BRANCH, BY_ADDRESS, BY_CLIENT_TYPE, BY_DEPARTMENT, BY_REGION, ELSEWHERE,
                    ELSEWHERE6, EVERYWHERE, NOT_IN_THE_OFFICE, OFFICE, OFFICE6, UNDETERMINED, changed, decision,
                    make_users, no_policy, one_decision, put_in_force)
from machine import ADDRESS, ADDRESS6, MESSAGE, expect, main, same, saw, test, wait_for

CONFIGURATION = "/etc/cockpit/cockpit.conf"
IMAGE = "/var/lib/accesspolicy/policy.v1.image"
LINE = "account required pam_accesspolicy.so"
PORT = 9090
SOCKETS = "/run/cockpit/wsinstance"
# The proxy has a socket for each client certificate: this is the SHA-256 of none.
NO_CERTIFICATE = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
TO_ITSELF = "cockpit+=127.0.0.1"


class Cockpit:
    """What systemd makes of cockpit.socket, without systemd."""

    def __init__(self, machine):
        self.machine = machine
        self.programs = []

    def start(self):
        for program in self.programs:
            program.stop()
        # RuntimeDirectory= and ExecStartPre= of cockpit.service
        self.machine.shell(f"""rm -rf /run/cockpit
            install -d /run/cockpit
            install -d -o cockpit-ws {SOCKETS} /run/cockpit/tls
            RUNTIME_DIRECTORY=/run/cockpit/tls /usr/lib/cockpit/cockpit-certificate-ensure --for-cockpit-tls
            chown -R cockpit-ws /run/cockpit/tls""")
        self.web = self.serve(f"{SOCKETS}/https@{NO_CERTIFICATE}.sock", "cockpit-wsinstance", "cockpit-ws", "--for-tls-proxy",
                              "--port=0")
        self.programs = [
            self.web, self.serve(f"{SOCKETS}/http.sock", "cockpit-wsinstance", "cockpit-ws", "--no-tls", "--port=0"),
            self.serve(str(PORT), "cockpit-ws", "env", "RUNTIME_DIRECTORY=/run/cockpit/tls", "/usr/lib/cockpit/cockpit-tls",
                       "--idle-timeout=0")]
        self.machine.wait_for_port(PORT, ADDRESS)

    def serve(self, listener, user, *words):
        """A program that is started when something connects to its listener."""
        program = self.machine.start(
            "systemd-socket-activate", "-l", listener, "setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--",
            *(words if words[0] == "env" else ["/usr/lib/cockpit/" + words[0], *words[1:]]))
        if listener.startswith("/"):
            wait_for(listener, lambda: os.path.exists(self.machine.path(listener)))
            self.machine.shell(f"chown cockpit-ws {listener}; chmod 600 {listener}")
        return program


def set_up(machine):
    make_users(machine)
    machine.host("client", *EVERYWHERE)
    machine.recipe("cockpit")
    put_in_force(machine)
    machine.cockpit = Cockpit(machine)
    machine.cockpit.start()


def log_in(machine, user, source, password="secret", more=(), to="cockpit"):
    """What a browser that logs in is answered: the status line, and the title of the page if there is one."""
    address = f"[{ADDRESS6}]" if ":" in source else ADDRESS
    answer = machine.run("curl", "--silent", "--show-error", "--insecure", "--include", "--interface", source, "--user",
                         f"{user}:{password}", *more, f"https://{address}:{PORT}/{to}/login", host="client", status=0).out
    title = re.search(r"<title>(.*)</title>", answer)
    return answer.splitlines()[0], title[1] if title else None


def decided(user, ip, because):
    # the listener of cockpit.socket serves both families
    return decision("cockpit", user, ip, because, rhost=ip if ":" in ip else f"::ffff:{ip}")


def check(machine, user, source, because, what):
    cockpit = machine.cockpit
    mark, said = machine.log.mark(), len(cockpit.web.said())
    status, title = log_in(machine, user, source)
    one_decision(machine, mark, decided(user, source, because), what)
    logged = re.findall(r"cockpit-session: .*", cockpit.web.said()[said:])
    if because is ALLOWED:
        same((status, title), ("HTTP/1.1 200 OK", None), f"{what}: what the browser is answered")
        same(logged, [], f"{what}: cockpit's log")
    else:
        same((status, title), (f"HTTP/1.1 403 {MESSAGE}", MESSAGE), f"{what}: what the browser is answered")
        same(logged, [f"cockpit-session: pam: {MESSAGE}",
                      f"cockpit-session: user account access failed: 6 {user}: Permission denied"], f"{what}: cockpit's log")
    saw(machine, "cockpit", what, status)


@test
def by_address_region_department_client_type_and_undetermined(machine):
    for user, source, because, what in (
            ("alice", OFFICE, ALLOWED, "allowed"), ("alice", OFFICE6, ALLOWED, "allowed, IPv6"),
            ("alice", ABROAD, BY_ADDRESS, "denied by address"), ("alice", ABROAD6, BY_ADDRESS, "denied by address, IPv6"),
            ("erin", BRANCH, NOT_IN_THE_OFFICE, "denied, not whitelisted"),
            ("alice", ELSEWHERE, BY_REGION, "denied by region"), ("alice", ELSEWHERE6, BY_REGION, "denied by region, IPv6"),
            ("alice", BRANCH, ALLOWED, "allowed, another department"), ("bob", BRANCH, BY_DEPARTMENT, "denied by department"),
            ("carol", OFFICE, BY_CLIENT_TYPE, "denied by client type"),
            ("frank", OFFICE, UNDETERMINED, "denied, undetermined: a group that is not known")):
        check(machine, user, source, because, what)


@test
def the_login_page_shows_the_message(machine):
    """What a user at a browser reads, who may then try another name."""
    machine.host("abroad", "198.51.100.8")
    browser = Browser(machine, "abroad")
    for password, what, expected in (
            ("secret", "login page, denied by address", MESSAGE),
            ("wrong", "login page, a wrong password, from an address that is denied", "Wrong user name or password")):
        browser.open(f"https://{ADDRESS}:{PORT}/")
        browser.wait("the login page", "return document.getElementById('login-button').offsetParent !== null")
        browser.fill("#login-user-input", "alice")
        browser.fill("#login-password-input", password)
        browser.click("#login-button")
        seen = browser.wait("what the login page says", "return document.getElementById('login-error-message').innerText")
        same(seen, expected, what)
        same(browser.script("return document.getElementById('login-user-input').offsetParent !== null"), True,
             f"{what}: whether another name can be tried")
        same("Connect to" in browser.script("return document.body.innerText"), False, "whether another machine can be named")
        saw(machine, "cockpit", what, seen)
    browser.close()


@test
def a_wrong_password_is_told_from_a_denial(machine):
    mark = machine.log.mark()
    status, title = log_in(machine, "alice", ABROAD, password="wrong")
    same((status, title), ("HTTP/1.1 401 Authentication failed", "Authentication failed"), "what the browser is answered")
    same(machine.log.decisions(mark), [], "the policy is not asked")
    saw(machine, "cockpit", "a wrong password, from an address that is denied", status)


@test
def a_prompt_is_a_question(machine):
    """message=prompt is for Dovecot: here the login page asks for something in the place of telling the user."""
    with changed(machine, "/etc/pam.d/cockpit", LINE, f"{LINE} message=prompt"):
        mark = machine.log.mark()
        answer = machine.run("curl", "--silent", "--insecure", "--include", "--interface", ABROAD, "--user", "alice:secret",
                             f"https://{ADDRESS}:{PORT}/cockpit/login", host="client", status=0).out
    status = answer.splitlines()[0]
    same(status, "HTTP/1.1 401 Authentication required", "what the browser is answered")
    asked = re.search(r"WWW-Authenticate: X-Conversation \S+ (\S+)", answer)
    same(base64.b64decode(asked[1]).decode(), MESSAGE, "what it is asked")
    one_decision(machine, mark, decided("alice", ABROAD, BY_ADDRESS), "message=prompt")
    saw(machine, "cockpit", "message=prompt: a question, which is the message", status)


@test
def what_a_client_claims_is_not_its_address(machine):
    cockpit = machine.cockpit
    claim = ["--header", f"X-Forwarded-For: {OFFICE}"]
    mark = machine.log.mark()
    same(log_in(machine, "alice", ABROAD, more=claim)[0], f"HTTP/1.1 403 {MESSAGE}", "a header")
    one_decision(machine, mark, decided("alice", ABROAD, BY_ADDRESS), "a header")
    with changed(machine, CONFIGURATION, "[WebService]\n", "[WebService]\nForwardedForHeader = X-Forwarded-For\n"):
        cockpit.start()
        mark = machine.log.mark()
        same(log_in(machine, "alice", ABROAD, more=claim)[0], "HTTP/1.1 200 OK", "the bypass: a header that is believed")
        one_decision(machine, mark, decision("cockpit", "alice", OFFICE, ALLOWED), "the address is what the client says")
    cockpit.start()


@test
def behind_common_account_an_expired_password_passes_it(machine):
    machine.user("dora")
    machine.shell("chage --lastday 2020-01-01 --maxdays 30 dora")
    with changed(machine, "/etc/pam.d/cockpit", f"{LINE}\naccount    include      common-account\n",
                 f"account    include      common-account\n{LINE}\n"):
        mark = machine.log.mark()
        same(log_in(machine, "dora", ABROAD)[0], "HTTP/1.1 401 Authentication required", "the bypass: a new password is asked")
        same(machine.log.decisions(mark), [], "the policy is not asked")
    mark = machine.log.mark()
    status = log_in(machine, "dora", ABROAD)[0]
    one_decision(machine, mark, decided("dora", ABROAD, BY_ADDRESS), "as the recipe says, it is closed")
    expect(status.startswith("HTTP/1.1 403 "), "what the browser is answered", status)


@test
def nobody_logs_in_through_it_by_ssh(machine):
    """cockpit can log a user in by ssh, on this machine as well; that login comes from 127.0.0.1, whoever asks for it."""
    cockpit = machine.cockpit
    machine.shell("""mkdir -p /run/sshd
        echo "127.0.0.1 $(cat /etc/ssh/ssh_host_ed25519_key.pub)" >/etc/ssh/ssh_known_hosts""")
    machine.recipe("sshd")
    machine.start("/usr/sbin/sshd", "-D")
    machine.wait_for_port(22)
    with changed(machine, CONFIGURATION, "[Ssh-Login]\nCommand = /bin/false\n", ""):
        # LoginTo = false, which is still there, hides the field on the login page, and no more
        cockpit.start()
        mark = machine.log.mark()
        same(log_in(machine, "alice", ABROAD, to=TO_ITSELF)[0], "HTTP/1.1 200 OK", "the bypass: by ssh to the machine itself")
        one_decision(machine, mark, decision("sshd", "alice", "127.0.0.1", ALLOWED, tty="ssh"), "it comes from 127.0.0.1")
    cockpit.start()
    mark = machine.log.mark()
    status, _ = log_in(machine, "alice", ABROAD, to=TO_ITSELF)
    expect("200" not in status, "as the recipe says, it is closed", status)
    same(machine.log.decisions(mark), [], "no login is tried")
    saw(machine, "cockpit", "by ssh to another machine, or to itself", status)


@test
def without_a_policy_nobody_is_let_in(machine):
    os.rename(machine.path(IMAGE), machine.path(IMAGE) + ".away")
    mark = machine.log.mark()
    status, _ = log_in(machine, "alice", OFFICE)
    one_decision(machine, mark, no_policy(
        "cockpit", "alice", f"::ffff:{OFFICE}",
        f"{IMAGE}: is missing, though /var/lib/accesspolicy/history tells that a policy was applied"), "no policy")
    expect("200" not in status, "nobody is let in", status)
    saw(machine, "cockpit", "no policy can be had", status)
    os.rename(machine.path(IMAGE) + ".away", machine.path(IMAGE))
    same(log_in(machine, "alice", OFFICE)[0], "HTTP/1.1 200 OK", "the policy as it was")


if __name__ == "__main__":
    main(set_up=set_up)
