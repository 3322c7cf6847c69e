"""Imports of geoip.conf, allow_nets and the predecessors' rules through the command: what is written, that it decides so through
PAM once it is applied, and what is said of files that are wrong."""
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, os.pardir, "apply"))
from lab import arguments, environment, expect, main, note, read, same, test  # noqa: E402

ROOT = """default_domain = "example.com";
region_database = "%s";
client_types = ( { name = "system"; service = [ "sshd", "cron" ]; }, { name = "web"; service = [ "webmail" ]; },
                 { name = "native"; service = [ "app" ]; }, { name = "third-party"; service = [ "imap" ]; } );
departments = ( { name = "sales/north"; members = [ "bob" ]; } );
policies = ( { name = "Nobody"; type = "blacklist"; scope = { members = [ "nobody@nowhere.test" ]; }; } );
"""
PREDECESSORS = """// what was set in the console
ip_login_restrictions = (
  { name = "Sales from the office"; scope = { departments = [ "sales/*" ]; members = [ "carol@example.com" ];
                                              except = { members = [ "dave" ]; }; };
    ip = [ "192.168.1.1-192.168.1.100" ]; regions = [ "SG" ]; },
  { name = "Not any more"; enabled = false; scope = { all = true; }; ip = [ "10.9.9.9" ]; }
);
ip_blacklist = ( { ip = [ "192.168.1.66", "198.51.100.0/24" ]; regions = [ "KP" ]; } );
native_client_login_security = { scope = { members = [ "erin" ]; }; };
secure_login_ip = { third_party_clients = "off"; ip = [ "203.0.113.0/26" ]; };
global_whitelist = { members = [ "root", "postmaster@example.com" ]; };
"""


def prepare(lab, text=ROOT, database=True):
    lab.write("accesspolicy.conf", text % arguments[3] if database else text)


def give(lab, name, text):
    path = os.path.join(lab.folder, name)
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return path


def imported(lab, kind, text, *words, name="rules", status=(0, 4)):
    result = lab.run("import", kind, give(lab, name, text), *words)
    expect(result.status in status, f"import {kind}: expected status {status}", result)
    return result


def log_in(lab, rows):
    """Real logins by the image in force: (service, user, rhost) and what is expected."""
    confdir = os.path.join(lab.folder, "pam.d")
    os.makedirs(confdir, exist_ok=True)
    lines = "".join("\t".join([service, user, rhost, ""]) + "\n" for service, user, rhost, _ in rows)
    done = subprocess.run([arguments[1], confdir, f"image={lab.state_path('policy.v1.image')}"], input=lines, check=True,
                          capture_output=True, encoding="utf-8", env=environment({"AP_TEST_MODULE": arguments[2]}))
    answers = {"0": "allow", "6": "deny"}
    found = [(*row[:3], answers.get(code, code)) for row, code in zip(rows, done.stdout.split())]
    same(found, rows, "the logins")


@test
def predecessors_in_force(lab):
    prepare(lab)
    result = imported(lab, "predecessors", PREDECESSORS, "--apply", status=(0,))
    expect("5 rules make 5 policies" in result.out, "the count", result)
    log_in(lab, [
        ("webmail", "bob", "192.168.1.1", "allow"),
        ("webmail", "bob", "192.168.1.101", "deny"),
        ("webmail", "bob@example.com", "203.0.113.230", "allow"),  # SG
        ("webmail", "carol", "10.9.9.9", "deny"),
        ("webmail", "dave", "10.9.9.9", "allow"),
        ("webmail", "frank", "10.9.9.9", "allow"),
        ("cron", "bob", "", "allow"),
        ("webmail", "bob", "192.168.1.66", "deny"),
        # the blacklist is for everyone, whoever is excepted elsewhere
        ("webmail", "dave", "198.51.100.7", "deny"),
        ("webmail", "postmaster", "198.51.100.7", "deny"),
        ("sshd", "root", "203.0.113.200", "deny"),  # KP
        ("app", "erin", "192.168.1.1", "deny"),
        ("webmail", "erin", "192.168.1.1", "allow"),
        ("app", "frank", "10.0.0.1", "allow"),
        ("imap", "frank", "203.0.113.1", "allow"),
        ("imap", "frank", "203.0.113.64", "deny"),
        ("imap", "postmaster", "203.0.113.64", "allow"),
        # each predecessor denies, whatever another one allows
        ("imap", "bob", "203.0.113.1", "deny"),
        ("imap", "bob", "192.168.1.1", "deny"),
    ])


@test
def allow_nets_in_force(lab):
    # a whitelist that lets in whoever comes does not widen what allow_nets says
    prepare(lab, ROOT.replace("policies = (", 'policies = ( { name = "Anywhere"; type = "whitelist"; scope = { all = true; };'
                              ' ip = [ "0.0.0.0/0", "::/0", "local" ]; },'))
    imported(lab, "allow_nets", "# users\n\nalice@example.com:10.0.0.1/8, [2001:db8::]/32,,::ffff:192.0.2.0/120\r\n"
             "bob: 1.2.3.4,garbage\ncarol:\ndave:::/0\nerin:local\nfrank:0.0.0.0/0", "--apply")
    # as Dovecot 2.3.19.1 was seen to decide
    log_in(lab, [
        ("imap", "alice", "10.200.0.1", "allow"),
        ("imap", "ALICE@example.com", "::ffff:10.1.1.1", "allow"),
        ("imap", "alice", "11.0.0.1", "deny"),
        ("imap", "alice", "2001:db8:5::1", "allow"),
        ("imap", "alice", "192.0.2.1", "deny"),
        ("webmail", "alice", "11.0.0.1", "deny"),
        ("imap", "alice@example.org", "11.0.0.1", "allow"),
        ("imap", "alice", "", "deny"),
        ("imap", "bob", "1.2.3.4", "allow"),
        ("imap", "bob", "1.2.3.5", "deny"),
        ("imap", "carol", "1.1.1.1", "deny"),
        ("imap", "dave", "1.2.3.4", "deny"),
        ("imap", "dave", "::1", "allow"),
        ("imap", "erin", "1.1.1.1", "deny"),
        ("imap", "frank", "1.1.1.1", "allow"),
        ("imap", "frank", "::1", "deny"),
        ("imap", "nobody-listed", "1.1.1.1", "allow"),
        # what did not go through Dovecot
        ("sshd", "carol", "1.1.1.1", "allow"),
        ("cron", "carol", "", "allow"),
    ])


@test
def geoip_in_force(lab):
    prepare(lab)
    imported(lab, "geoip.conf", "alice sshd allow DE\n* sshd deny *\n* * allow *\n", "--apply")
    log_in(lab, [
        ("sshd", "alice", "203.0.113.140", "allow"),
        ("sshd", "alice", "192.0.2.1", "deny"),
        ("sshd", "bob", "203.0.113.140", "deny"),
        ("imap", "bob", "203.0.113.140", "allow"),
        ("cron", "bob", "", "allow"),
    ])
    written = read(lab.path("conf.d/50-imported-geoip-conf.conf")).decode()
    expect('comment = "geoip.conf line 2: * sshd deny *"' in written, "where a policy comes from", written)


@test
def without_apply_nothing_is_decided(lab):
    for kind, text in (("predecessors", PREDECESSORS), ("allow_nets", "bob:\n"), ("geoip.conf", "* * deny *\n")):
        prepare(lab)
        imported(lab, kind, text)
    log_in(lab, [("webmail", "bob", "198.51.100.7", "allow"), ("imap", "bob", "198.51.100.7", "allow")])
    same(lab.run("status", config=False).status, 0, "nothing is pending")
    policies = lab.run("list", "--json", status=0).json()["policies"]
    same({p["status"] for p in policies if p["name"] != "Nobody"}, {"disabled"}, "the imported policies")


@test
def switched_off_stays_so(lab):
    prepare(lab)
    imported(lab, "predecessors", PREDECESSORS, "--apply")
    same([p["status"] for p in lab.run("list", "--json", status=0).json()["policies"] if p["name"] == "Not any more"],
         ["disabled"], "its policy")


@test
def third_party_policy_in_the_way(lab):
    prepare(lab, ROOT.replace("policies = (", 'policies = ( { name = "No third party"; type = "blacklist"; scope = { all = true; };'
                              ' clients = [ "third-party" ]; },'
                              ' { name = "VPN"; type = "whitelist"; scope = { members = [ "bob" ]; }; ip = [ "10.1.0.0/16" ]; },'))
    result = imported(lab, "predecessors", PREDECESSORS, "--dry-run", status=(4,))
    expect('the policy "No third party" (' in result.out and "disable or delete it" in result.out.replace("\n    ", " "),
           "the blacklist is told", result)
    expect('the policy "VPN" (' in result.out, "the whitelist is told", result)


@test
def several_names_and_their_case(lab):
    prepare(lab)
    text = 'ip_blacklist = ( { ip = [ "192.0.2.1" ]; }, { name = "ip BLACKLIST 2"; ip = [ "192.0.2.2" ]; }, { ip = [ "192.0.2.3" ]; } );\n'
    result = imported(lab, "predecessors", text, "--json")
    same(result.json()["policies"], ["IP blacklist", "ip BLACKLIST 2", "IP blacklist 3"], "the names")
    same(imported(lab, "predecessors", text, "--json").json()["policies"],
         ["IP blacklist (2)", "ip BLACKLIST 2 (2)", "IP blacklist 3 (2)"], "the names the second time")


@test
def names_that_are_long_and_alike(lab):
    """What is cut is numbered, each name once."""
    prepare(lab)
    users = [f"{letter * 210}{number}" for number in range(40) for letter in "aB"]
    names = imported(lab, "allow_nets", "".join(f"{user}:10.0.0.1\n" for user in users), "--json", "--dry-run").json()["policies"]
    # the user is shown up to where 150 bytes are full
    base = [name.rstrip("0123456789()").rstrip() for name in names]
    same([base[:2] * 40, names[0::2][1:], names[1::2][1:]],
         [base, *([f"{base[i]} ({number})" for number in range(2, 41)] for i in range(2))], "the names")


def refused(lab, kind, text, *expected, name="rules"):
    before = sorted(os.listdir(lab.policy))
    result = imported(lab, kind, text, "--apply", name=name, status=(3,))
    path = os.path.join(lab.folder, name)
    same(result.err.replace(path, "FILE").splitlines()[:-1], list(expected), "what is said")
    same(sorted(os.listdir(lab.policy)), before, "the policy folder")


@test
def predecessors_that_are_wrong(lab):
    prepare(lab)
    same([refused(lab, "predecessors", *case) for case in (
        ("ip_login_restriction = ( );\n",
         'FILE:1: unknown key "ip_login_restriction" at the top level; did you mean "ip_login_restrictions"?'),
        ('ip_blacklist = ( { scope = { all = true; }; ip = [ "192.0.2.1" ]; } );\n',
         'FILE:1: unknown key "scope" in the IP blacklist, which excepts nobody; expected one of name, enabled, ip, regions'),
        ("secure_login_ip = { third_party_clients = false;\n ip = \"1.2.3.4\"; };\n",
         'FILE:1: "third_party_clients": found false, expected a string',
         'FILE:2: "ip": found a string, expected a list of strings; write ip = [ "1.2.3.4" ];'),
        ('secure_login_ip = { third_party_clients = "of"; };\n',
         'FILE:1: "third_party_clients": found "of", expected "off" or "on"; did you mean "off"?'),
        ("secure_login_ip = { };\n",
         'FILE:1: "secure_login_ip" has no "third_party_clients"; write "off" where third-party clients may log in from these '
         'addresses only, "on" where they may from everywhere'),
        ('ip_login_restrictions = ( { ip = [ "10.0.0.1/8" ]; regions = [ "UK" ]; } );\n',
         'FILE:1: "10.0.0.1/8" has host bits set; the network is 10.0.0.0/8',
         'FILE:1: "regions": "UK" is no country of ISO 3166-1; did you mean "GB" (United Kingdom)?',
         'FILE:1: the IP login restriction has no "scope"; write whom it restricts, such as scope = { all = true; };'),
        ("ip_login_restrictions = ( { scope = { all = true; }; } );\n",
         'FILE:1: the IP login restriction has neither "ip" nor "regions"; list the addresses that it is about'),
        ('ip_blacklist = ( { name = "A"; ip = [ "::1" ]; },\n { name = "a"; ip = [ "::2" ]; } );\n',
         'FILE:2: there is a second rule named "a"; the first is in line 1'),
        ("@include \"x\"\n",
         "FILE:1: found @include, which is not accepted; put what it includes into a file of conf.d"),
        ("global_whitelist = { };\n", 'FILE:1: "global_whitelist" is empty; leave it out, or list members or departments'),
        ("global_whitelist = [ ];\n", 'FILE:1: "global_whitelist": found an array [ ], expected a group { }'),
        ("// nothing\n", "FILE: the file is empty: it sets nothing; write a setting, or remove the file"),
        ('global_whitelist = { members = [ "root" ]; };\n', "FILE: there is no rule in it; expected ip_login_restrictions, ip_blacklist, "
         "native_client_login_security or secure_login_ip"),
    )], [None] * 13, "all")


@test
def allow_nets_that_are_wrong(lab):
    prepare(lab)
    expected = 'expected "user:networks", such as "alice@example.com:192.0.2.0/24,2001:db8::/32"'
    hidden = "nothing behind the user is a network (it is not shown: it may be a password)"
    number = ("is a number that Dovecot would take for an address; expected four numbers without leading zeros, such as 192.0.2.1")
    refused(lab, "allow_nets", "alice:{PLAIN}hunter2:::::: allow_nets=10.0.0.0/8\nbob:hunter2\ncarol:1984\nno colon\n"
            "dave:010.0.0.1\nerin:1.1.1.1\nErin@Example.com:2.2.2.2\nx@:1.1.1.1\na b:1.1.1.1\n",
            "FILE:1: alice: this is a line of a passwd-file; of it the user is wanted, and what stands behind allow_nets=; " + expected,
            f"FILE:2: bob: {hidden}; {expected}",
            f"FILE:3: carol: entry 1 {number}",
            f'FILE:4: the line has no ":"; {expected}',
            f"FILE:5: dave: entry 1 {number}",
            "FILE:7: Erin@Example.com: the user has a line already, line 6; write one line with the networks that are meant",
            'FILE:8: x@: the user\'s name has no domain behind its "@"; expected user@domain or user',
            "FILE:9: a b: the user's name has blanks in it; expected user@domain, user@ or user")
    refused(lab, "allow_nets", b"alice:1.1.1.1\0\n", "FILE:1: there is a NUL byte in the line; expected text")


@test
def no_password_is_shown(lab):
    """Whatever a passwd-file looks like: neither in the report, nor in JSON, nor in what is written."""
    prepare(lab)
    for line in ("alice:SECRET", "alice:{CRYPT}SECRET:::::: ", "alice:SECRET,10.0.0.1", "alice:{PLAIN}SECRET,1.1.1.1:::allow_nets=1.1.1.1",
                 "alice:SECRET:1000:1000:Alice,,,:/home/alice:/bin/sh", "SECRET"):
        for secret in ("hunter2", "1984", "dead:beef", "$6$salt$hash", "0x7f000001"):
            for more in ((), ("--json",), ("--dry-run",)):
                result = lab.run("import", "allow_nets", give(lab, "rules", line.replace("SECRET", secret) + "\n"), *more)
                # a text of addresses and nothing else is one
                expect(secret not in result.out + result.err, f"{line} with {secret}", result)


@test
def geoip_that_is_wrong(lab):
    prepare(lab)
    refused(lab, "geoip.conf", "+ : ALL : ALL\n", 'FILE: no line is a rule of geoip.conf(5); expected lines such as "alice sshd allow DE,*"')
    refused(lab, "geoip.conf", "* * deny DE\n" + "x" * 5000 + "\n",
            "FILE:2: the line has 5000 bytes, and pam_geoip takes what is behind 4094 for another line; write several lines")
    refused(lab, "geoip.conf", "al*ce * deny DE\n",
            'FILE:1: al*ce * deny DE: no policy can name this user, whose name has a "*" in it, and members are no patterns; '
            "expected user@domain, user@ or user; take the line out")
    # all that the lines have to do with each other grows with the square of their number, and with that of the services
    refused(lab, "geoip.conf", "".join(f"* s{number} {('allow', 'deny')[number % 2]} DE\n" for number in range(1500)),
            "FILE: so many lines, each for some services or users and not for others, take too long to be understood; write fewer of them")
    refused(lab, "geoip.conf", b"* * deny D\0E\n", "FILE:1: there is a NUL byte in the line; expected text")


@test
def service_of_a_type_that_is_chosen(lab):
    """What a policy that is there decides does not change."""
    policy = ('{ name = "System"; type = "blacklist"; scope = { members = [ "bob" ]; }; clients = [ "system" ]; },')
    prepare(lab, ROOT.replace("policies = (", "policies = ( " + policy))
    result = imported(lab, "geoip.conf", "carol sshd allow *\n* sshd deny KP\n* * allow *\n", "--apply")
    expect(result.out.count("a policy chooses the client type") == 2, "both lines are told", result)
    log_in(lab, [
        ("sshd", "bob", "10.0.0.1", "deny"),
        ("sshd", "alice", "203.0.113.200", "deny"),
        ("sshd", "carol", "203.0.113.200", "deny"),  # not carried over
        ("cron", "alice", "", "allow"),
        ("imap", "alice", "203.0.113.200", "allow"),
    ])


@test
def text_that_would_end_a_comment(lab):
    prepare(lab)
    rules = (b'* * allow DE "*/ policies = ();\n* * deny */ // "x" ; CN\n\x1b[2J\xff * allow DE\n* * deny KP ; \x07,\xe9\xe8\n')
    result = imported(lab, "geoip.conf", rules)
    expect("\x1b" not in result.out and "\x07" not in result.out, "what is printed", result)
    lab.run("check", status=0)
    written = read(lab.path("conf.d/50-imported-geoip-conf.conf"))
    expect(all(byte in (9, 10) or byte >= 32 for byte in written) and written.decode("utf-8"), "what is written", written)


@test
def random_texts(lab):
    """Never a crash, and what is written is always accepted."""
    prepare(lab)
    seed = int(os.environ.get("AP_SEED", "0"), 0) or 20261201
    note(f"seed: AP_SEED={seed}")
    chance = random.Random(seed)
    originals = {"predecessors": PREDECESSORS.encode(), "allow_nets": b"alice:10.0.0.1/8,[::1]/128,local\nbob:\ncarol:1.1.1.1,::ffff:1.1.1.1\n",
                 "geoip.conf": b"@users sshd,imap allow DE,* ; SE , Nybro\nalice * deny 50.0 { 51.5, 7.4 }\n* imap ignore UNKNOWN\n* * deny *\n"}
    pieces = [b"*", b"@", b",", b";", b":", b"/", b"{", b"}", b"\n", b" ", b"#", b"\0", b"\xff", b"0", b"9" * 30, b"deny", b'"', b"(", b"="]
    for kind, original in originals.items():
        for _ in range(60):
            text = bytearray(original)
            for _ in range(chance.randint(1, 6)):
                at = chance.randrange(len(text) + 1)
                text[at:at + chance.choice((0, 0, 1, 5))] = chance.choice(pieces)
            result = lab.run("import", kind, give(lab, "rules", bytes(text)), "--dry-run")
            expect(result.status in (0, 3, 4), f"import {kind} of {bytes(text)!r}", result)
            expect("conf.d" not in result.err, f"what is written of {bytes(text)!r}", result)


if __name__ == "__main__":
    main()
