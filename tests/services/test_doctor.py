"""The doctor on a machine with real services: their right set-up, about which it has nothing to say, and each mistake.

A mistake is planted in the right set-up, looked at, and taken back; it must be found, and nothing else.
"""
import contextlib
import json
import os

from machine import expect, main, note, same, test, wait_for
from mail import Dovecot, Imap
from mistakes import DOVECOT, OF_CLIENTS, POLICY, WEBMAIL, Edit, Shell, examined, planted, set_up, setting, short
from postfix import AGE_SETTINGS

DENY = ("driver = pam\n  args = failure_show_msg=yes dovecot-policy-%s-%{real_lport}\n"
        "  deny = yes\n  skip = unauthenticated\n")
POLICY_143 = "/etc/pam.d/dovecot-policy-imap-143"


def try_mistakes(machine, mistakes, *services):
    for name, edits, expected in mistakes:
        with planted(machine, edits):
            found = examined(machine, *services)
            for one in found:
                note(f"{name}: {one['what']}; {one['why']}; {one['change']}")
            same(sorted(short(found)), sorted(expected), name)
    same(examined(machine, *services), [], "findings once all is taken back")


OPEN_WEBMAIL = Shell("nft flush ruleset", "nft -f /etc/nftables.d/accesspolicy-webmail.nft")


def rules(*lines):
    """These rules on what is sent, in a table of their own."""
    return Shell("nft -f - <<'END'\ntable inet another {\n chain output {\n  type filter hook output priority filter;\n  " +
                 "\n  ".join(lines) + "\n }\n}\nEND", "nft delete table inet another")


DOVECOT_MISTAKES = (
    ("the first passdb lets in by itself",
     [Edit(DOVECOT, "result_success = continue-ok",
           "result_success = return-ok")], ["bypass dovecot dovecot-not-reached"]),
    ("Debian's own passdb is still there",
     [Edit("/etc/dovecot/conf.d/10-auth.conf", "#!include auth-system.conf.ext", "!include auth-system.conf.ext")],
     ["bypass dovecot dovecot-not-reached"]),
    ("another passdb ends the list",
     [Edit(DOVECOT, "# Asks", "passdb {\n  driver = passwd-file\n  args = /etc/dovecot/users\n}\n# Asks")],
     ["bypass dovecot dovecot-not-reached"]),
    ("a passdb for one protocol alone",
     [Edit(DOVECOT, None,
           "protocol pop3 {\n  passdb {\n    driver = passwd-file\n    args = /etc/dovecot/users\n  }\n}\n")],
     ["bypass dovecot dovecot-not-reached"]),
    ("the policy is asked of who has no password yet", [Edit(DOVECOT, "skip = unauthenticated",
                                                             "skip = authenticated")],
     ["bypass dovecot dovecot-skipped"]),
    ("the policy is asked for one mechanism",
     [Edit(DOVECOT, "skip = unauthenticated", "skip = unauthenticated\n  mechanisms = login"),
      Edit(DOVECOT, None, "auth_mechanisms = plain login\n")], ["bypass dovecot dovecot-skipped"]),
    ("the policy is asked in the password's passdb",
     [Edit(DOVECOT, "args = dovecot\n", "args = dovecot\n"), Edit(DOVECOT, DENY,
                                                                  "driver = static\n  deny = yes\n  args = user=x\n"),
      Edit("/etc/pam.d/dovecot", "@include common-account",
           "account required pam_accesspolicy.so\n@include common-account")],
     ["message dovecot dovecot-message-discarded"]),
    ("a second passdb that does not deny, and may fail",
     [Edit(DOVECOT, "  deny = yes\n  skip = unauthenticated\n", "  result_failure = return-fail\n"),
      *(Edit(f"/etc/pam.d/dovecot-policy-{name}", "allowed=user-unknown ", "allowed=success ")
        for name in ("imap-143", "imap-993", "imap-1143", "pop3-110", "pop3-995", "sieve-4190", "sieve-14190",
                     "submission-587"))],
     ["bypass dovecot dovecot-unheeded", "message dovecot dovecot-message-discarded"]),
    ("nobody gets in", [Edit(DOVECOT, "result_success = continue-ok", "result_success = continue")],
     ["lockout dovecot dovecot-nobody"]),
    ("a cached answer of the policy's passdb",
     [Edit(DOVECOT, "args = failure_show_msg=yes", "args = failure_show_msg=yes cache_key=%u%s"),
      Edit(DOVECOT, None, "auth_cache_size = 1M\n")], ["bypass dovecot dovecot-cache"]),
    ("the password's passdb may have a cache",
     [Edit(DOVECOT, "args = dovecot\n", "args = cache_key=%u dovecot\n"), Edit(DOVECOT, None,
                                                                               "auth_cache_size = 1M\n")], []),
    ("a port without a service file", [Edit(POLICY_143)], ["lockout dovecot dovecot-missing-service"]),
    ("a listener without a service file",
     [Edit(DOVECOT, None, "service imap-login {\n  inet_listener more {\n    port = 2143\n  }\n}\n")],
     ["lockout dovecot dovecot-missing-service"]),
    ("the client chooses the service", [Edit(DOVECOT, "%{real_lport}", "%{local_name}")],
     ["bypass dovecot dovecot-client-chooses"]),
    ("who is trusted chooses the port", [Edit(DOVECOT, "%{real_lport}", "%{lport}")],
     ["bypass dovecot dovecot-client-chooses"]),
    ("a service by user", [Edit(DOVECOT, "%{real_lport}", "%d")], ["uncertain dovecot dovecot-service-varies"]),
    ("a message that nobody shows", [Edit(DOVECOT, "failure_show_msg=yes ", "")], ["message dovecot dovecot-show-msg"]),
    ("a message that is an error", [Edit(POLICY_143, "message=prompt ", "")],
     ["message dovecot-policy-imap-143 dovecot-style"]),
    ("an allowed login is found", [Edit(POLICY_143, "allowed=user-unknown ", "")],
     ["lockout dovecot-policy-imap-143 dovecot-answer"]),
    ("a master's login ends the list",
     [Edit(DOVECOT, "# Whoever",
           "passdb {\n  driver = passwd-file\n  master = yes\n  args = /etc/dovecot/masters\n}\n# Whoever")],
     ["bypass dovecot dovecot-master"]),
    ("a master's login is held against the policy",
     [Edit(DOVECOT, "# Whoever", "passdb {\n  driver = passwd-file\n  master = yes\n  args = /etc/dovecot/masters\n"
           "  result_success = continue-ok\n}\n# Whoever"),
      Edit(DOVECOT, "args = dovecot\n", "args = dovecot\n  skip = authenticated\n")], []),
    ("anonymous", [Edit(DOVECOT, None, "auth_mechanisms = plain anonymous\n")], ["bypass dovecot dovecot-mechanism"]),
    ("GSSAPI, which the password's passdb fails", [Edit(DOVECOT, None, "auth_mechanisms = plain gssapi\n")], []),
    ("a worker that is not root", [Edit(DOVECOT, None, "service auth-worker {\n  user = dovecot\n}\n")],
     ["lockout dovecot dovecot-worker-user"]),
    ("no rules", [OPEN_WEBMAIL],
     ["bypass dovecot dovecot-client-type", "bypass dovecot dovecot-client-type",
      "bypass dovecot dovecot-trusted-network"]),
    *(("every local user is trusted, in a section of some logins",
       [Edit(DOVECOT, None, section % "login_trusted_networks = 127.0.0.0/8")], ["bypass dovecot dovecot-trusted-network"])
      for section in ("protocol imap {\n  %s\n}\n", "protocol !pop3 {\n  %s\n}\n", "remote 127.0.0.0/8 {\n  %s\n}\n",
                      "local 127.0.0.1 {\n  protocol pop3 {\n    %s\n  }\n}\n")),
    ("one whose logins do not come from there",
     [Edit(DOVECOT, None, "protocol lmtp {\n  login_trusted_networks = 127.0.0.0/8\n}\n")], []),
    ("the webmail's client type by a service of another name",
     [Edit("/etc/pam.d/dovecot-policy-imap-2143", None,
           "auth required pam_accesspolicy.so message=prompt allowed=user-unknown client=web\n"),
      Edit(DOVECOT, None, "service more {\n  executable = /usr/lib/dovecot/imap-login -D\n  inet_listener more {\n"
           "    port = 2143\n  }\n}\n")], ["bypass dovecot dovecot-client-type"]),
    ("every local user is trusted", [Edit(WEBMAIL, "127.0.0.143/32", "127.0.0.0/8")],
     ["bypass dovecot dovecot-trusted-network"]),
    ("an address that rules keep, in the form that is proposed",
     [Edit(WEBMAIL, "127.0.0.143/32", "127.0.0.9"),
      rules('ip saddr 127.0.0.9 meta skuid { "root", "www-data" } accept', "ip saddr 127.0.0.9 tcp flags syn reject")], []),
    ("a rule that no connection without a user fits",
     [Edit(WEBMAIL, "127.0.0.143/32", "127.0.0.9"), rules('ip saddr 127.0.0.9 meta skuid != { "root", "www-data" } reject')],
     ["bypass dovecot dovecot-trusted-network"]),
    ("a proxy that every local user can be",
     [Edit(DOVECOT, None, "haproxy_trusted_networks = 127.0.0.1\nservice imap-login {\n  inet_listener imap {\n"
           "    haproxy = yes\n  }\n}\n")], ["bypass dovecot dovecot-trusted-network"]),
    ("nobody takes the proxy's words", [Edit(DOVECOT, None, "haproxy_trusted_networks = 127.0.0.1\n")], []),
    ("the webmail's port is everybody's", [Edit(WEBMAIL, "address = 127.0.0.1\n    port = 1143", "port = 1143")],
     ["bypass dovecot dovecot-client-type"]),
    ("a mistake in Dovecot's own files", [Edit(DOVECOT, None, "passdb {\n")],
     ["uncertain dovecot dovecot-not-examined"]),
    ("a client type that the policy does not know", [Edit(POLICY_143, "client=third-party", "client=thirdparty")],
     ["lockout dovecot-policy-imap-143 client-unknown"]),
)


@test
def dovecot(machine):
    set_up(machine, "dovecot")
    result = machine.run("accesspolicy", "doctor", "dovecot")
    same((result.status, result.out.splitlines()[-1:]), (0, ["nothing found"]), "the recipe's set-up")
    try_mistakes(machine, DOVECOT_MISTAKES, "dovecot")


@test
def where_no_passdb_asks_the_policy_the_doctor_says_so_where_it_is_asked(machine):
    set_up(machine, "dovecot")
    with planted(machine, [Edit(DOVECOT, DENY, "driver = static\n  deny = yes\n  args = user=x\n")]):
        same(short(examined(machine, "dovecot")), ["bypass dovecot dovecot-not-asked"], "asked for Dovecot")


@test
def services_of_the_policy_that_no_passdb_asks_are_found_unasked(machine):
    set_up(machine, "dovecot")
    with planted(machine, [Edit(DOVECOT, DENY, "driver = static\n  deny = yes\n  args = user=x\n")]):
        found = [one for one in short(examined(machine)) if " dovecot " in one]
        same(found, ["bypass dovecot dovecot-not-asked"], "the whole machine")


POSTFIX_MISTAKES = (
    ("no rules", [Shell("nft flush ruleset",
                        "for name in webmail postfix; do nft -f /etc/nftables.d/accesspolicy-$name.nft; done")],
     ["bypass dovecot dovecot-client-type", "bypass dovecot dovecot-client-type", "bypass dovecot dovecot-client-type",
      "bypass dovecot dovecot-trusted-network", "bypass postfix postfix-proxy-protocol",
      "bypass postfix postfix-xclient"]),
    ("who may say where a login comes from, for all services",
     [Shell(f"postconf -e smtpd_authorized_xclient_hosts='$mynetworks'; {AGE_SETTINGS}",
           f"postconf -X smtpd_authorized_xclient_hosts; {AGE_SETTINGS}")],
     ["bypass postfix postfix-xclient"] * 2),
    ("XCLIENT where a login is asked for in capitals",
     [setting("submission/inet", "smtpd_sasl_auth_enable", "YES", "yes"),
      setting("submission/inet", "smtpd_authorized_xclient_hosts", "127.0.0.1")], ["bypass postfix postfix-xclient"]),
    *((f"XCLIENT for {hosts}", [setting("submission/inet", "smtpd_authorized_xclient_hosts", hosts)],
       ["uncertain postfix postfix-xclient"])
      for hosts in ("static:all", "cidr:/etc/postfix/hosts", "/etc/postfix/hosts", "webmail.example.com", ".example.com")),
    ("XCLIENT for another host but one", [setting("submission/inet", "smtpd_authorized_xclient_hosts",
                                                  "'!192.0.2.9,192.0.2.0/24,[2001:db8::1]/128'")], []),
    ("the proxy's port has no rule", [setting("submission/inet", "smtpd_upstream_proxy_protocol", "haproxy")],
     ["bypass postfix postfix-proxy-protocol"]),
    ("a service that has no file", [setting("submission/inet", "smtpd_sasl_service", "submission")],
     ["lockout dovecot dovecot-missing-service"]),
    ("the webmail's service is everybody's", [setting("submissions/inet", "smtpd_sasl_service", "webmail")],
     ["bypass dovecot dovecot-client-type"]),
    ("passwords of Cyrus SASL's own", [setting("submission/inet", "smtpd_sasl_type", "cyrus"),
                                      setting("submission/inet", "smtpd_sasl_path", "smtpd")],
     ["bypass postfix postfix-no-pam"]),
    *((f"passwords of {path}", [setting("submission/inet", "smtpd_sasl_path", path)], expected)
      for path, expected in (("inet:127.0.0.1:12345", []), ("inet:[::1]:12345", []), ("inet:localhost:12345", []),
                             ("inet:12345", []), ("inet:[2001:db8::99]:12345", ["uncertain postfix postfix-elsewhere"]),
                             ("inet:imap.example.com:12345", ["uncertain postfix postfix-elsewhere"]))),
    ("nologin", [Edit(DOVECOT, "deny = yes\n", "deny = yes\n  override_fields = nologin=y reason=denied\n")],
     ["bypass dovecot dovecot-nologin"]),
    ("a mistake in master.cf", [Edit("/etc/postfix/master.cf", None, "smtps inet\n")],
     ["uncertain postfix postfix-not-examined"]),
)


@test
def postfix(machine):
    set_up(machine, "dovecot", "postfix")
    try_mistakes(machine, POSTFIX_MISTAKES, "postfix", "dovecot")
    with planted(machine, POSTFIX_MISTAKES[0][1]):
        found = examined(machine, "postfix", "dovecot")
        same({one["file"] for one in found if "Postfix's" in one["what"] or one["service"] == "postfix"},
             {"/etc/postfix/master.cf"}, "where the settings stand")
        rules = next(one["change"] for one in found if one["check"] == "postfix-xclient")
        expect("ip daddr 127.0.0.1 tcp dport 1587 " in rules, "the webmail's own port is kept for it", rules)
    with planted(machine, POSTFIX_MISTAKES[1][1]):
        found = examined(machine, "postfix")
        same({one["file"] for one in found}, {"/etc/postfix/main.cf"}, "where the setting of all stands")
        expect("ip saddr ADDRESS " in found[0]["change"], "others come to the port as well", found)


OUT = "/etc/postfix-out"


@test
def another_instance_of_postfix(machine):
    """postmulti makes it, with files of its own, and lets it listen nowhere until it is told to."""
    set_up(machine, "dovecot", "postfix")
    machine.shell("""postmulti -e init
        postmulti -I postfix-out -e create
        postconf -c /etc/postfix-out -M 10465/inet="10465 inet n - y - - smtpd"
        postconf -c /etc/postfix-out -P 10465/inet/smtpd_sasl_auth_enable=yes 10465/inet/smtpd_sasl_type=dovecot""")
    haproxy = Shell(f"postconf -c {OUT} -P 10465/inet/smtpd_upstream_proxy_protocol=haproxy",
                    f"postconf -c {OUT} -PX 10465/inet/smtpd_upstream_proxy_protocol")
    listens = Shell(f"postconf -c {OUT} -X master_service_disable", f"postconf -c {OUT} -e master_service_disable=inet")
    with planted(machine, [haproxy]):
        same(examined(machine, "postfix"), [], "all that it would listen on is switched off")
    with planted(machine, [haproxy, listens]):
        found = examined(machine, "postfix")
        same(short(found), ["bypass postfix postfix-proxy-protocol"], "the other instance's port")
        same(found[0]["file"], f"{OUT}/master.cf", "where it stands")
        expect(f"10465/inet of {OUT}" in found[0]["what"], "which service it is", found)
    cyrus = Shell(f"postconf -c {OUT} -P 10465/inet/smtpd_sasl_type=cyrus",
                  f"postconf -c {OUT} -P 10465/inet/smtpd_sasl_type=dovecot")
    with planted(machine, [cyrus, listens]):
        found = examined(machine, "postfix")
        same(short(found), ["bypass postfix postfix-no-pam"], "it checks passwords itself")
        machine.shell(found[0]["change"])
        same(examined(machine, "postfix"), [], "with what the doctor said")
    with planted(machine, [Edit(f"{OUT}/master.cf", None, "smtps inet\n"),
                           setting("submission/inet", "smtpd_sasl_type", "cyrus")]):
        same(short(examined(machine, "postfix")),
             ["bypass postfix postfix-no-pam", "uncertain postfix postfix-not-examined"],
             "its settings cannot be had, and those of the default one are looked at")
    machine.shell("postmulti -i postfix-out -e destroy")


@test
def where_nobody_asks_the_policy_that_is_said_of_what_is_asked_about(machine):
    """A machine on which everything was installed, and no recipe carried out."""
    set_up(machine, "dovecot", "postfix")
    lines = [Shell("cp -a /etc/pam.d /root/pam.d; sed -i /pam_accesspolicy/d /etc/pam.d/*",
                   "rm -r /etc/pam.d; mv /root/pam.d /etc/pam.d")]
    with planted(machine, lines):
        same("bypass pam nobody-asks" in short(examined(machine)), True, "all is asked about")
        same(short(examined(machine, "postfix")), ["bypass pam nobody-asks", "bypass postfix postfix-not-asked"], "Postfix")
        same(short(examined(machine, "saslauthd")), ["bypass pam nobody-asks"], "saslauthd")
        machine.recipe("cron")
        same(short(examined(machine, "postfix")), ["bypass postfix postfix-not-asked"], "Postfix, where cron asks")
    same(short(examined(machine, "postfix", "dovecot")), [], "once all is taken back")


@test
def where_there_is_no_policy_the_doctor_does_not_say_that_all_is_well(machine):
    set_up(machine, "cron")
    image = "/var/lib/accesspolicy/policy.v1.image"
    with planted(machine, [Shell(f"mv {image} {image}.was", f"mv {image}.was {image}")]):
        result = machine.run("accesspolicy", "doctor", "cron", "--json")
        same((result.status, short(json.loads(result.out)["findings"])), (3, ["lockout policy policy-unreadable"]), "none")
    machine.user("norman")
    result = machine.run("accesspolicy", "doctor", "cron", "--json", user="norman")
    found = json.loads(result.out)["findings"]
    same((result.status, short(found), found[0]["change"]), (3, ["uncertain policy policy-unreadable"], "run it as root"),
         "a user who may not read it")


NAMESPACE_MISTAKES = (
    ("the webmail's address is the machine's", [Shell("ip addr add 10.143.0.2/32 dev lo",
                                                      "ip addr del 10.143.0.2/32 dev lo")],
     ["bypass dovecot dovecot-trusted-network", "bypass dovecot dovecot-client-type"]),
    ("the webmail has no service", [Edit("/etc/pam.d/dovecot-policy-imap-webmail")], []),
    ("a port has none", [Edit("/etc/pam.d/dovecot-policy-imap-993")], ["lockout dovecot dovecot-missing-service"]),
    ("it is known by what the client says", [Edit(DOVECOT, "%{real_rip}", "%{client_id}")],
     ["bypass dovecot dovecot-client-chooses"]),
)


@test
def the_webmail_in_a_namespace(machine):
    set_up(machine, "dovecot", "dovecot-webmail-namespace")
    try_mistakes(machine, NAMESPACE_MISTAKES, "dovecot")


@test
def a_passdb_that_denies_may_ask_in_the_account_phase(machine):
    """Dovecot reads the answer there as well: not everybody is denied, as by any other program, and the remedy is to say so."""
    set_up(machine, "dovecot")
    with planted(machine, [Edit(POLICY_143, "auth required", "account required")]):
        found = examined(machine, "dovecot-policy-imap-143")
        same([(one["check"], one["why"], one["change"]) for one in found],
             [("allowed-denied", "whatever else asks denies every login, even those that the policy allows",
               "take allowed=user-unknown away; for such a passdb, write auth in the place of account")], "what is found")
        machine.user("dora")
        dovecot = Dovecot(machine)
        try:
            with Imap(machine.connect(143)) as client:
                answer = client.login("dora")
        finally:
            dovecot.stop()
            machine.delete("/etc/dovecot/conf.d/99-test.conf")
        expect(answer.endswith("Logged in\r\n"), "Dovecot lets in whom the policy allows", answer)


SMTPD = "/etc/postfix/sasl/smtpd.conf"
SASLAUTHD = "/etc/default/saslauthd"
ASKED_BY_POSTFIX = [setting("submission/inet", "smtpd_sasl_type", "cyrus"), setting("submission/inet",
                                                                                    "smtpd_sasl_path", "smtpd"),
                    Edit(SMTPD, None, "pwcheck_method: saslauthd\nmech_list: PLAIN LOGIN\n"),
                    Edit(SASLAUTHD, "-c -m", "-m")]
SMTP = Edit("/etc/pam.d/smtp", None,
            "@include common-auth\naccount required pam_accesspolicy.so\n@include common-account\n")

SASLAUTHD_MISTAKES = (
    ("it is not used", [SMTP], []),
    ("it is started", [SMTP, Edit(SASLAUTHD, None, "START=yes\n")],
     ["bypass saslauthd saslauthd-cache", "lockout saslauthd saslauthd-address"]),
    ("its options are added to, as a shell alone could tell",
     [SMTP, Edit(SASLAUTHD, None, "START=yes\nOPTIONS=\"$OPTIONS -n 0\"\n")],
     ["bypass saslauthd saslauthd-cache", "lockout saslauthd saslauthd-address",
      "uncertain saslauthd saslauthd-computed"]),
    ("whether it starts, and how, another file tells",
     [SMTP, Edit(SASLAUTHD, 'OPTIONS="-c', 'OLD_OPTIONS="-c'), Edit(SASLAUTHD, None, ". /etc/saslauthd.more\n")],
     ["lockout saslauthd saslauthd-address", "uncertain saslauthd saslauthd-computed"]),
    ("nothing is set", [SMTP, Edit(SASLAUTHD, 'OPTIONS="-c', 'OLD_OPTIONS="-c'), Edit(SASLAUTHD, None, "START=yes\n")],
     ["bypass saslauthd saslauthd-cache", "lockout saslauthd saslauthd-address"]),
    ("a second one, in place of whose file is a folder",
     [SMTP, Shell("mkdir /etc/default/saslauthd-postfix", "rmdir /etc/default/saslauthd-postfix")],
     ["lockout saslauthd saslauthd-address", "uncertain saslauthd saslauthd-computed"]),
    ("a second one", [SMTP, Edit("/etc/default/saslauthd-postfix", None,
                                 'START=yes\nMECHANISMS="pam"\nOPTIONS="-rcm /var/spool/postfix/var/run/saslauthd"\n')],
     ["bypass saslauthd saslauthd-cache", "lockout saslauthd saslauthd-address"]),
    ("one that the init script does not read", [SMTP, Edit("/etc/default/saslauthd.dpkg-old", None, "START=yes\n")], []),
    ("Postfix asks it", [SMTP, *ASKED_BY_POSTFIX], ["lockout saslauthd saslauthd-address"]),
    ("Postfix asks it, and undetermined logins are let in",
     [SMTP, *ASKED_BY_POSTFIX, Edit("/etc/accesspolicy/conf.d/50-test.conf", "default_domain",
                                    'undetermined = "allow";\ndefault_domain'),
      Shell("accesspolicy apply --force", "true")], ["bypass saslauthd saslauthd-address"]),
    ("logins through it are those of a terminal",
     [Edit("/etc/pam.d/smtp", None,
           "auth required pam_unix.so\naccount required pam_accesspolicy.so client=system\n"), *ASKED_BY_POSTFIX],
     ["bypass saslauthd saslauthd-address"]),
    ("it does not ask PAM", [SMTP, *ASKED_BY_POSTFIX, Edit(SASLAUTHD, 'MECHANISMS="pam"', 'MECHANISMS="shadow"')],
     ["bypass saslauthd saslauthd-mechanism", "lockout saslauthd saslauthd-address"]),
)


def put_in_force(machine):
    machine.run("accesspolicy", "apply", "--force", status=0)


@test
def saslauthd(machine):
    set_up(machine, "dovecot", "postfix")
    for mistake in SASLAUTHD_MISTAKES:
        with planted(machine, mistake[1]):
            put_in_force(machine)
            same(sorted(short(examined(machine, "saslauthd"))), sorted(mistake[2]), mistake[0])
    put_in_force(machine)
    same(examined(machine, "saslauthd"), [], "once all is taken back")


@test
def what_is_said_of_saslauthds_file(machine):
    set_up(machine)
    machine.write("/etc/default/saslauthd-postfix", "START=yes\nMECHANISMS=pam\n")
    with planted(machine, [SMTP]):
        same([one["what"] for one in examined(machine, "saslauthd") if one["check"] == "saslauthd-cache"],
             ["OPTIONS is empty or not set, and the init script then takes -c -m /var/run/saslauthd: -c keeps who was let in"],
             "no options")
        with planted(machine, [Edit("/etc/default/saslauthd-postfix", None, "# the folder\nOPTIONS=-m$FOLDER\n")]):
            same([(one["line"], one["what"]) for one in examined(machine, "saslauthd")
                  if one["check"] != "saslauthd-address"],
                 [(4, "a line that is not understood: OPTIONS=-m$FOLDER")], "options that a variable tells")
    machine.delete("/etc/default/saslauthd-postfix")


@test
def saslauthd_that_runs(machine):
    set_up(machine)
    machine.shell("mkdir -p /run/saslauthd && chmod 777 /run/saslauthd")
    for words, user, expected in (
            (("-a", "pam", "-c", "-m", "/run/saslauthd"), None,
             ["bypass saslauthd saslauthd-cache", "lockout saslauthd saslauthd-address"]),
            (("-a", "shadow", "-m", "/run/saslauthd"), None,
             ["bypass saslauthd saslauthd-mechanism", "lockout saslauthd saslauthd-address"]),
            # any user can start one with any words: they are not believed
            (("-apam", "-c", "-m/run/saslauthd"), "www-data",
             ["lockout saslauthd saslauthd-address", "lockout saslauthd saslauthd-user"])):
        with planted(machine, [SMTP, Edit(SASLAUTHD, "-c -m", "-m")]):
            program = machine.start("/usr/sbin/saslauthd", "-d", "-n", "1", *words, user=user)
            wait_for("saslauthd", lambda: "master lock" in program.said() or "listening" in program.said())
            same(sorted(short(examined(machine, "saslauthd"))), expected, " ".join(words))
            program.stop()


SSHD_SETTINGS = "/etc/ssh/sshd_config.d/test.conf"
SSH_DEFAULTS = "/etc/default/ssh"
GOVERNED_SSHD = Edit("/etc/pam.d/sshd", "@include common-account",
                     "account required pam_accesspolicy.so\n@include common-account")

SSHD_MISTAKES = (
    ("PAM is not asked", [Edit(SSHD_SETTINGS, None, "UsePAM no\n")], ["bypass sshd sshd-usepam"]),
    ("names in the place of addresses, which SSH_CONNECTION makes good", [Edit(SSHD_SETTINGS, None, "UseDNS yes\n")],
     []),
    ("settings for some users alone", [Edit(SSHD_SETTINGS, None, "Match User carol\n  ForceCommand /bin/true\n")], []),
    ("a mistake in its settings", [Edit(SSHD_SETTINGS, None, "UsePAMs no\n")], ["uncertain sshd sshd-not-examined"]),
    ("options that systemd and the init script take differently", [Edit(SSH_DEFAULTS, None, "SSHD_OPTS=-4 # -6\n")],
     ["uncertain sshd sshd-not-examined"]),
    ("options beside those that are not understood",
     [Edit(SSH_DEFAULTS, None, "export X=1\nSSHD_OPTS=-oUsePAM=no\n")],
     ["bypass sshd sshd-usepam", "uncertain sshd sshd-not-examined"]),
    ("options that cannot be read", [Shell("cp -p /etc/default/ssh /run; printf '\\0' >>/etc/default/ssh",
                                           "mv /run/ssh /etc/default/ssh")], ["uncertain sshd sshd-not-examined"]),
)


@test
def sshd(machine):
    set_up(machine)
    machine.shell("mkdir -p /run/sshd")
    with planted(machine, [GOVERNED_SSHD]):
        same(examined(machine, "sshd"), [], "the recipe's set-up")
        try_mistakes(machine, SSHD_MISTAKES, "sshd")
    with planted(machine, [Edit(SSHD_SETTINGS, None, "UsePAM no\n")]):
        same([one for one in short(examined(machine)) if "usepam" in one], [], "one that asks no policy anyway")


@test
def an_sshd_that_was_never_started(machine):
    """Its unit makes the folder without which "sshd -T" says nothing: an image has none."""
    machine.shell("mkdir -p /run/sshd")
    set_up(machine, "sshd")
    machine.shell("rmdir /run/sshd")
    found = examined(machine, "sshd")
    same(short(found), ["uncertain sshd sshd-not-examined"], "without its folder")
    machine.shell(found[0]["change"].split(",")[0])
    same(examined(machine, "sshd"), [], "with what the doctor said")


@test
def another_sshd(machine):
    """It asks PAM by its program's name, for which SSH_CONNECTION is not looked at; and it has settings of its own."""
    set_up(machine)
    machine.shell("mkdir -p /run/sshd; cp /usr/sbin/sshd /usr/sbin/sshd-admin")
    machine.write("/etc/ssh/admin_config", "Port 2222\nUsePAM yes\n")
    machine.write("/etc/pam.d/sshd-admin", machine.read("/etc/pam.d/sshd").replace(
        "@include common-account", "account required pam_accesspolicy.so client=native\n@include common-account"))
    without = "start it without its option {}, which goes before its file"
    for options, settings, expected, change in (
            ((), "UseDNS no\n", [], []),
            ((), "UseDNS yes\n", ["lockout sshd-admin sshd-usedns"], ["UseDNS no"]),
            (("-o", "UsePAM=no"), "UseDNS no\n", ["bypass sshd-admin sshd-usepam"], [without.format("UsePAM")]),
            (("-oUseDNS=yes",), "PrintMotd no\n", ["lockout sshd-admin sshd-usedns"], [without.format("UseDNS")])):
        with planted(machine, [GOVERNED_SSHD, Edit("/etc/ssh/admin_config", None, settings)]):
            program = machine.start("/usr/sbin/sshd-admin", "-D", "-f", "/etc/ssh/admin_config", *options)
            machine.wait_for_port(2222)
            found = examined(machine, "sshd-admin", "sshd")
            same(short(found), expected, f"{options} {settings}")
            same([one["file"] for one in found], ["/etc/ssh/admin_config"] * len(found), "the file")
            same([one["change"] for one in found], change, "the change")
            program.stop()
    machine.delete("/etc/pam.d/sshd-admin")


SOCKET = Shell("systemctl enable ssh.socket", "systemctl disable ssh.socket")
NO_UNIT = Shell("systemctl disable ssh.service", "systemctl enable ssh.service")


@test
def the_options_that_an_sshd_is_started_with_the_next_time(machine):
    """They stand in a file of its units': ssh.socket's starts none before somebody connects."""
    set_up(machine)
    machine.shell("mkdir -p /run/sshd; cp /usr/sbin/sshd /usr/sbin/sshd-admin")
    machine.write("/etc/pam.d/sshd-admin", machine.read("/etc/pam.d/sshd"))
    no_pam = Edit(SSH_DEFAULTS, "SSHD_OPTS=", 'SSHD_OPTS="-4o UsePAM=no"')
    with planted(machine, [GOVERNED_SSHD, no_pam]):
        found = examined(machine, "sshd")
        same(short(found), ["bypass sshd sshd-usepam"], "none runs")
        same([found[0][part] for part in ("file", "what", "change")],
             [SSH_DEFAULTS, "UsePAM is no, set by SSHD_OPTS",
              "take UsePAM out of SSHD_OPTS: options go before sshd's files"], "where it stands")
        other = machine.start("/usr/sbin/sshd-admin", "-D", "-p", "2222")
        machine.wait_for_port(2222)
        same(examined(machine, "sshd"), found, "another one runs, and the machine's start will start this one")
        with planted(machine, [NO_UNIT]):
            same(examined(machine, "sshd"), [], "another one runs, and nothing starts this one")
            with planted(machine, [SOCKET]):
                same(examined(machine, "sshd"), found, "the socket starts this one too")
        other.stop()
        for options in ("", "$SSHD_OPTS"):
            started = machine.start("sh", "-c", f". /etc/default/ssh; exec /usr/sbin/sshd -D -p 2222 {options}")
            machine.wait_for_port(2222)
            same(examined(machine, "sshd"), found, f"it runs with {options or 'none of them'}")
            started.stop()
    machine.delete("/etc/pam.d/sshd-admin")


NAMES_NATIVE = """policies = (
  { name = "Native"; type = "%s"; status = "%s"; scope = { members = [ "carol" ]; }; ip = [ "192.0.2.0/24" ];
    clients = [ "native", "system", "dingtalk-pc" ]; %s }
);
"""


@test
def client_types_that_no_login_has(machine):
    set_up(machine, "cron")
    for given, edits, expected in (
            (("blacklist", "enabled", ""), [], [("bypass", "native, dingtalk-pc")]),
            (("whitelist", "enabled", ""), [], [("bypass", "native, dingtalk-pc")]),
            (("whitelist", "enabled", 'other_clients = "deny";'), [], [("lockout", "native, dingtalk-pc")]),
            (("blacklist", "disabled", ""), [], []),
            (("blacklist", "report-only", ""), [], []),
            (("blacklist", "enabled", 'not_after = "2020-01-01T00:00:00Z";'), [], []),
            (("blacklist", "enabled", ""),
             [Edit("/etc/pam.d/kiosk", None, "account required pam_accesspolicy.so client=native\n")],
             [("bypass", "dingtalk-pc")]),
            (("blacklist", "enabled", ""),
             [Edit("/etc/pam.d/kiosk", None, "account required pam_accesspolicy.so client=native\n"),
              Edit("/etc/accesspolicy/conf.d/20-types.conf", None,
                   'client_types = ( { name = "dingtalk-pc"; service = [ "dingtalk" ]; } );\n')], [])):
        with planted(machine, edits):
            machine.policy(NAMES_NATIVE % given)
            found = examined(machine, "policy")
            same([(one["kind"], one["what"].rsplit(": ", 1)[1]) for one in found], expected, f"{given} {len(edits)}")
            same({one["check"] for one in found} <= {"client-type-never-had"}, True, "the check")
            same([(one["file"], one["line"]) for one in found], [("/etc/accesspolicy/conf.d/50-test.conf",
                                                                  2)] * len(found), "place")


@test
def a_program_that_is_not_root(machine):
    set_up(machine)
    machine.user("owner")
    machine.shell("cp /bin/sleep /usr/bin/i3lock")
    for lines, user, expected in (("account required pam_accesspolicy.so\n", "owner", ["lockout i3lock not-root"]),
                                  ("account required pam_accesspolicy.so\n", None, []),
                                  ("account required pam_accesspolicy.so config=/etc/accesspolicy/accesspolicy.conf\n",
                                   "owner", []),
                                  ("account required pam_permit.so\n", "owner", [])):
        with planted(machine, [Edit("/etc/pam.d/i3lock", None, lines)]):
            program = machine.start("/usr/bin/i3lock", "100", user=user)
            wait_for("it to run", lambda: os.readlink(f"/proc/{program.pid}/exe").endswith("/i3lock"))
            same([one for one in short(examined(machine)) if "not-root" in one], expected, lines)
            program.stop()


@test
def what_a_user_says_of_his_process_is_not_run(machine):
    """The doctor runs the sshd that root runs, and no program whose name is in a title that anybody can write."""
    set_up(machine)
    machine.user("mallory")
    machine.shell("""mkdir -p /run/sshd
        cp /bin/bash /home/mallory/sshd; cp /bin/bash /home/mallory/su
        echo 'id >/home/mallory/ran' >/home/mallory/script; chown -R mallory: /home/mallory""")
    title = "{0}: /home/mallory/{0} -f /home/mallory/script [listener] 0 of 10-100 startups"
    as_title = 'exec -a "$0" "$@"'
    with planted(machine, [GOVERNED_SSHD, Edit("/etc/pam.d/su", "@include common-account",
                                               "account required pam_accesspolicy.so\n@include common-account")]):
        program = machine.start("bash", "-c", as_title, title.format("sshd"), "/home/mallory/sshd", "-c", "sleep 100; :",
                                user="mallory")
        wait_for("it to run", lambda: os.readlink(f"/proc/{program.pid}/exe").endswith("/home/mallory/sshd"))
        setuid = machine.terminal("bash", "-c", as_title, title.format("su"), "/usr/bin/su", "root", user="mallory")
        setuid.wait("Password: ")
        same(os.stat(f"/proc/{setuid.process.pid}").st_uid, 0, "the user that su runs as")
        same(short(examined(machine, "sshd", "su")), [], "findings")
        expect(not os.path.exists(machine.path("/home/mallory/ran")), "root ran a program of mallory's")
        program.stop()
        setuid.type("\n")
        setuid.end()


@test
def a_program_of_a_users_takes_no_ones_place(machine):
    """Not that of the saslauthd which root runs, whose arguments count."""
    set_up(machine)
    machine.user("impostor")
    machine.shell("cp /bin/bash /home/impostor/saslauthd; echo 'sleep 100; :' >/home/impostor/script")
    machine.write("/etc/pam.d/imap", "@include common-auth\naccount required pam_accesspolicy.so client=third-party\n")
    impostor = machine.start("/home/impostor/saslauthd", "/home/impostor/script", "-a", "pam", user="impostor")
    machine.shell("mkdir -p /run/saslauthd")
    real = machine.start("/usr/sbin/saslauthd", "-d", "-n", "1", "-a", "pam", "-c", "-m", "/run/saslauthd")
    wait_for("both", lambda: all(os.readlink(f"/proc/{one.pid}/exe").endswith("/saslauthd") for one in (impostor, real)))
    expect(impostor.pid < real.pid, "the test itself: the impostor is the second one")
    with planted(machine, [Edit(SASLAUTHD, "-c -m", "-m")]):
        found = short(examined(machine, "saslauthd"))
        expect("bypass saslauthd saslauthd-cache" in found, "the cache of root's", found)
    impostor.stop()
    real.stop()
    machine.delete("/etc/pam.d/imap")


def logged_in(machine, service, *rhosts):
    """The lines that these logins were logged by, as rsyslogd writes them."""
    mark = machine.log.mark()
    for rhost in rhosts:
        given = [] if rhost is None else ["-I", f"rhost={rhost}"]
        machine.run("pamtester", *given, service, "alice", "acct_mgmt")
    lines = machine.log.since(mark, text="pam_accesspolicy(")
    same(len(lines), len(rhosts), "lines")
    return "".join(f"Nov 28 22:19:58 mail {line.tag}[{line.pid}]: {line.text}\n" for line in lines)


@test
def services_whose_logins_never_have_an_address(machine):
    machine.user("alice")
    recorded = 'audit = { file = "/var/log/accesspolicy/audit.jsonl"; record = "%s"; };\n'
    machine.shell("mkdir -p /var/log/accesspolicy; : >/var/log/accesspolicy/audit.jsonl")
    with planted(machine, [Edit(f"/etc/pam.d/{name}", None, "account required pam_accesspolicy.so client=web\n")
                           for name in ("webmail", "named", "trial", "right", "door")] +
                 [Edit("/etc/pam.d/door", "client=web", "client=system")]):
        for record in ("none", "all", "denied"):
            machine.policy(recorded % record + POLICY)
            log = (logged_in(machine, "webmail", *[None] * 3) + logged_in(machine, "named", *["host.example"] * 4) +
                   logged_in(machine, "trial", None, None) + logged_in(machine, "right", None, None, None,
                                                                       "192.0.2.1") +
                   logged_in(machine, "door", *[None] * 5))
            expected = ["lockout named never-an-address", "lockout webmail never-an-address"]
            with planted(machine, [Edit("/var/log/auth.log", None, log)]):
                found = examined(machine, "records")
                same(short(found), expected, record)
                where = "/var/log/accesspolicy/audit.jsonl" if record == "all" else "/var/log/auth.log"
                same([one["file"] for one in found], [where] * 2, "where it was seen")
                same([one["change"].rsplit(": ", 1)[1] for one in found],
                     ["UseDNS no in sshd", "smtpd_sasl_type = dovecot in Postfix"], "what is to be changed")
            same(short(examined(machine, "records")), expected if record == "all" else [], f"{record}: without a log")
            machine.write("/var/log/accesspolicy/audit.jsonl", "")
        machine.policy('undetermined = "allow";\n' + POLICY)
        hostile = logged_in(machine, "webmail", *[None] * 3).replace(
            'user="alice@example.com"', r'user="x\" service=\"sshd\" ip=192.0.2.1 rhost=\"y"')
        with planted(machine, [Edit("/var/log/auth.log", None, hostile + "x" * 100 + "\0\n")]):
            same(short(examined(machine, "webmail")), ["bypass webmail never-an-address"], "what a user calls himself")
        machine.policy(OF_CLIENTS)
        with planted(machine, [Edit("/var/log/auth.log", None, log)]):
            same(examined(machine, "records"), [], "no policy asks for an address")


@contextlib.contextmanager
def journal(machine):
    """Debian's journald takes what programs log, and nobody else. Yields what waits until it has taken all of it."""
    machine.shell("""systemd-machine-id-setup
        mkdir -p /run/log/journal /sys/fs/cgroup
        mount -t cgroup2 cgroup2 /sys/fs/cgroup
        mv /dev/log /dev/log.of-the-test
        ln -s /run/systemd/journal/dev-log /dev/log""")
    journald = machine.start("/lib/systemd/systemd-journald")
    wait_for("the journal's socket", lambda: machine.exists("/run/systemd/journal/dev-log"))
    try:
        yield lambda: machine.run("journalctl", "--sync", status=0)
    finally:
        journald.stop()
        machine.shell("mv /dev/log.of-the-test /dev/log; umount /sys/fs/cgroup")


@test
def logins_that_the_journal_alone_holds(machine):
    machine.user("bob")
    machine.policy(POLICY)
    with_address = ('pam_accesspolicy(webmail:account): decision=allow user="bob@example.com" ip=192.0.2.1 '
                    'rhost="192.0.2.1" client="web" service="webmail"')
    with planted(machine, [Edit("/etc/pam.d/webmail", None, "account required pam_accesspolicy.so client=web\n")]), \
            journal(machine) as taken:
        for _ in range(3):
            machine.run("pamtester", "webmail", "bob", "acct_mgmt")
        machine.run("logger", "-p", "user.notice", with_address, status=0)
        taken()
        found = examined(machine, "records")
        same(short(found), ["lockout webmail never-an-address"], "without an address, and a line of another program")
        same(found[0]["file"], None, "the journal is no file")
        machine.run("pamtester", "-I", "rhost=192.0.2.1", "webmail", "bob", "acct_mgmt", status=0)
        taken()
        same(examined(machine, "records"), [], "a login with an address")


if __name__ == "__main__":
    main()
