"""The webmail's port of Postfix, as docs/services/postfix.md sets it up: who can use it, and whose address counts."""
import os
import re

import postfix
from decisions import NONE
from machine import ADDRESS, MESSAGE, main, same, saw, test
from postfix import (ABROAD, BLOCKED, BLOCKED6, BRANCH, ELSEWHERE, ELSEWHERE6, OFFICE, SUBMISSION, UNKNOWN_GROUP,
                     UNSURE, WEB, WEBMAIL, decided, kept_out, let_in, log_in, refused)

WEBMAIL_USER = "www-data"
RULES = "/etc/nftables.d/accesspolicy-postfix.nft"
# Roundcube's own client, as it is called where a member sends: what it was answered is shown.
SEND = """<?php
define('INSTALL_PATH', '/usr/share/roundcube/');
chdir(INSTALL_PATH);
$_SERVER['REMOTE_ADDR'] = $argv[1];
require 'program/include/iniset.php';
SETTINGS
foreach ($config as $name => $value) {
    rcube::get_instance()->config->set($name, $value);
}
$smtp = new rcube_smtp();
echo $smtp->connect(null, null, 'alice', 'secret') ? 'may send' : implode($smtp->get_response());
"""
NOT_AUTHORIZED = "550 5.7.0 Error: insufficient authorization\r\n"


def set_up(machine):
    machine.host("abroad", ABROAD)
    postfix.set_up(machine)
    machine.dovecot, machine.postfix = postfix.Dovecot(machine), postfix.Postfix(machine)


def of_web(user, ip, policy=None, **more):
    return decided(user, ip, policy, service=WEB, client="web", **more)


@test
def the_webmail_sends_and_says_whose_browser_it_is_for(machine):
    for what, user, address, policy, claim in (
            ("allowed", "alice", ABROAD, None, ABROAD),
            ("allowed, who may use the webmail alone", "carol", ABROAD, None, ABROAD),
            ("denied by address", "alice", BLOCKED, "Addresses", BLOCKED),
            ("denied by address, mapped IPv6", "alice", BLOCKED, "Addresses", f"IPV6:::ffff:{BLOCKED}"),
            ("denied by address, IPv6", "alice", BLOCKED6, "Addresses", f"IPV6:{BLOCKED6}"),
            ("denied by region", "alice", ELSEWHERE, "Regions", ELSEWHERE),
            ("denied by region, IPv6", "alice", ELSEWHERE6, "Regions", f"IPV6:{ELSEWHERE6}"),
            ("denied by department", "bob", BRANCH, "Platform", BRANCH),
            ("denied by client type", "dave", ABROAD, "No webmail", ABROAD)):
        login = log_in(machine, user, port=WEBMAIL, user_of_process=WEBMAIL_USER, xclient=f"ADDR={claim}")
        if policy is None:
            let_in(login, of_web(user, address), what, f"localhost[{address}]", user=user, tag="webmail")
        else:
            kept_out(login, of_web(user, address, policy), what, f"localhost[{address}]", user=user, tag="webmail")
        saw(machine, "Postfix, the webmail", what, login.reply)


@test
def undetermined(machine):
    for what, address, claim, policy, more in (
            ("denied, undetermined: a group that NSS does not know", UNSURE, UNSURE, "Contractors",
             {"unknown": UNKNOWN_GROUP}),
            ("denied, undetermined: the webmail does not know the address", "unknown", "[UNAVAILABLE]", "Addresses",
             {"unknown": "the address is unknown", "rhost": NONE})):
        login = log_in(machine, port=WEBMAIL, user_of_process=WEBMAIL_USER, xclient=f"ADDR={claim}")
        decision = of_web("alice", address, policy, reason="undetermined", **more)
        kept_out(login, decision, what, f"localhost[{address}]", tag="webmail")
        saw(machine, "Postfix, the webmail", what, login.reply)


@test
def a_webmail_that_says_nothing_has_its_own_address(machine):
    login = log_in(machine, port=WEBMAIL, user_of_process=WEBMAIL_USER)
    let_in(login, of_web("alice", OFFICE), "no XCLIENT", "localhost[127.0.0.1]", tag="webmail")


@test
def roundcube_says_whose_browser_it_is_for(machine):
    """Debian's, with the settings that the recipe shows."""
    with open(os.path.join(machine.docs, "postfix.md"), encoding="utf-8") as file:
        settings = re.findall(r"^    (\$config\[.*)\n", file.read(), re.MULTILINE)
    same(len(settings), 2, "how many settings of Roundcube the recipe shows")
    machine.write("/tmp/send.php", SEND.replace("SETTINGS", "\n".join(settings)))
    for address, policy in (ABROAD, None), (BLOCKED, "Addresses"), (BLOCKED6, "Addresses"), (ELSEWHERE, "Regions"):
        mark = machine.log.mark()
        result = machine.run("php", "-d", "display_errors=0", "/tmp/send.php", address, user=WEBMAIL_USER)
        reason = postfix.FAILED.format(MESSAGE)[len("535 "):-len("\r\n")]
        said = "may send" if policy is None else f"Authentication failure: {reason} (Code: 535)"
        same(result.out, said, f"what Roundcube is told, for {address}")
        same(machine.log.decisions(mark), [of_web("alice", address, policy)], f"the decision, for {address}")


@test
def an_address_that_is_none_is_refused(machine):
    with postfix.session(machine, WEBMAIL, user=WEBMAIL_USER) as smtp:
        for claim in "local", f"{ABROAD}+0A", "127.0.0.1,192.0.2.7", "2001:db8::1", "127.1":
            answer = smtp.command(f"XCLIENT ADDR={claim}")
            same(answer[:29], "501 5.5.4 Bad ADDR syntax: " + claim[:2], f"XCLIENT ADDR={claim}")


@test
def nobody_else_reaches_the_webmails_port(machine):
    """Not another user, from whatever address; root neither; and nobody from another machine."""
    for user in "mallory", "nobody", "postfix", None:
        for source in None, "127.0.0.143", BLOCKED, ADDRESS:
            refused(machine, WEBMAIL, f"{user} from {source}", user=user, source=source)
    refused(machine, WEBMAIL, "another machine", host="abroad", to=ADDRESS)


@test
def xclient_is_for_the_webmails_port_alone(machine):
    for where in ({"user": "mallory"}, {"user": WEBMAIL_USER}, {"user": "mallory", "source": BLOCKED},
                  {"host": "abroad", "to": ADDRESS}):
        with postfix.session(machine, **where) as smtp:
            same(smtp.command(f"XCLIENT ADDR={OFFICE}"), NOT_AUTHORIZED, f"XCLIENT on port {SUBMISSION}, {where}")


@test
def without_the_rules_a_local_user_chooses_an_address_and_needs_no_password(machine):
    """The mistake that the rules are there for is a real one."""
    machine.shell("nft delete table inet accesspolicy_postfix")
    try:
        # Postfix looks at the client's address: this one is not authorized, 127.0.0.1 is
        with postfix.session(machine, WEBMAIL, user="mallory", source=BLOCKED) as smtp:
            same(smtp.command(f"XCLIENT ADDR={ABROAD}"), NOT_AUTHORIZED, "from an address that is not authorized")
        login = log_in(machine, port=WEBMAIL, user_of_process="mallory", xclient=f"ADDR={ABROAD}")
        let_in(login, of_web("alice", ABROAD), "an address is claimed", f"localhost[{ABROAD}]", tag="webmail")
        with postfix.session(machine, WEBMAIL, user="mallory") as smtp:
            mark = machine.log.mark()
            same(smtp.command("XCLIENT LOGIN=carol"), smtp.greeting, "XCLIENT LOGIN")
            smtp.ehlo()
            same(postfix.send(smtp), "250 2.1.5 Ok\r\n", "a message of somebody who never logged in")
            same(machine.log.decisions(mark), [], "the policy is not asked")
        postfix.doctor_finds(machine, "dovecot-client-type", "postfix-proxy-protocol", "postfix-xclient")
    finally:
        machine.shell(f"nft -f {RULES}")
    refused(machine, WEBMAIL, "mallory, with the rules", user="mallory")


@test
def xclient_in_main_cf_is_believed_on_every_port(machine):
    """The setting belongs to the one service that nobody else can reach."""
    with postfix.in_main_cf(machine, "smtpd_authorized_xclient_hosts", "127.0.0.0/8"):
        with postfix.session(machine, user="mallory", source=BLOCKED) as smtp:
            same(smtp.command(f"XCLIENT ADDR={ABROAD}"), smtp.greeting, "XCLIENT")
            smtp.ehlo()
            same(smtp.auth_plain("alice", "secret"), postfix.ALLOWED, "a login from an address that is denied")
        # ports 587 and 465
        postfix.doctor_finds(machine, "postfix-xclient", "postfix-xclient")


if __name__ == "__main__":
    main(set_up=set_up)
