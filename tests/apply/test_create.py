"""`create`: a new policy, told by options or in a file, in a drop-in of its own and in force."""
import datetime
import os
import re
import subprocess

from lab import ROOT_FILE, Result, environment, expect, main, read, same, snapshot, test

BASIC = ("create", "--type", "blacklist", "--all")


def drop_in(lab, name):
    return read(lab.path(os.path.join("conf.d", name))).decode()


def shown(lab, name):
    return lab.run("show", name, "--json", status=0).json()


def decision(lab, ip, user="alice", **more):
    """By what is in force."""
    words = [word for key, value in more.items() for word in (f"--{key}", value)]
    return lab.run("test", "--user", user, "--ip", ip, "--json", *words, config=False).json()["decision"]


def now():
    """In whole seconds, as policies have them."""
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


@test
def every_option(lab):
    lab.write("conf.d/10-names.conf", """departments = ( { name = "sales/north"; members = [ "bob" ]; } );
networks = ( { name = "vpn"; ip = [ "203.0.113.0/24" ]; } );
""")
    lab.apply()
    result = lab.run("create", "--type", "whitelist", "--name", "Sales from the office", "--department", "sales/*",
                     "--member", "carol@example.com", "--domain", "example.org", "--group", "auditors", "--unlisted",
                     "--except-department", "sales/north", "--except-member", "root", "--except-domain",
                     "example.net", "--except-group", "wheel", "--except-ip", "@vpn", "--ip", "10.0.0.0/8", "--ip",
                     "192.0.2.1-192.0.2.9", "--client", "web", "--client", "native", "--other-clients", "deny",
                     "--required", "--not-before", "2026-12-01", "--not-after", "2026-12-20 18:00", "--message",
                     'Call "IT"', "--comment", "asked by \\Bob", env={"TZ": "CET-1"}, status=0)
    expect(f"{lab.path('conf.d/50-sales-from-the-office.conf')}: written" in result.out, "what is printed", result)
    same(drop_in(lab, "50-sales-from-the-office.conf"), """policies = (
  {
    name = "Sales from the office";
    type = "whitelist";
    scope = {
      unlisted = true;
      departments = [ "sales/*" ];
      members = [ "carol@example.com" ];
      domains = [ "example.org" ];
      groups = [ "auditors" ];
      except = {
        departments = [ "sales/north" ];
        members = [ "root" ];
        domains = [ "example.net" ];
        groups = [ "wheel" ];
        ip = [ "@vpn" ];
      };
    };
    ip = [ "10.0.0.0/8", "192.0.2.1-192.0.2.9" ];
    clients = [ "web", "native" ];
    other_clients = "deny";
    required = true;
    not_before = "2026-12-01T00:00:00+01:00";
    not_after = "2026-12-20T18:00:00+01:00";
    message = "Call \\"IT\\"";
    comment = "asked by \\\\Bob";
  }
);
""", "the drop-in")
    lab.run("check", status=0)
    lab.run("status", config=False, status=0)


@test
def in_force_at_once(lab):
    lab.apply()
    same(decision(lab, "198.51.100.7"), "allow", "before")
    lab.run(*BASIC, "--name", "Bad net", "--ip", "198.51.100.0/24", "--except-member", "root", status=0)
    same((decision(lab, "198.51.100.7"), decision(lab, "198.51.100.7", user="root")), ("deny", "allow"), "after")


@test
def what_is_new_is_told_with_what_narrows_it(lab):
    """Times as people write them, too, and the time that was taken; a group that nobody knows, which denies whoever it decides."""
    lab.apply()
    words = ("create", "--type", "blacklist", "--name", "Web", "--all", "--except-group", "no-such-group", "--client", "web")
    result = lab.run(*words, "--not-before", "2099-12-01", "--not-after", "20 Dec 2099 18:00", env={"TZ": "CET-1"}, status=0)
    expect('+ policy "Web": blacklist; enabled; all members; except group no-such-group; every address; clients web; '
           "from 2099-12-01 00:00:00 +0100; until 2099-12-20 18:00:00 +0100\n" in result.out, "what is new", result)
    warning = 'the name services do not know the group "no-such-group"; logins that it decides are undetermined'
    expect(f"{lab.path('conf.d/50-web.conf')}:8: warning: {warning}\n" in result.err, "the warning", result)
    found = lab.run("edit", "Web", "--comment", "x", "--json", status=0).json()["warnings"]
    same([item["message"] for item in found], [warning], "in JSON, of edit")
    same(lab.run("edit", "Web", "--clear", "except", "--json", status=0).json()["warnings"], [], "without it")


@test
def not_enabled(lab):
    lab.apply()
    for status in ("disabled", "report-only"):
        lab.run(*BASIC, "--name", status, "--ip", "198.51.100.0/24", "--status", status, status=0)
        same((shown(lab, status)["status"]["value"], decision(lab, "198.51.100.7")), (status, "allow"), status)


@test
def names_of_all_kinds(lab):
    lab.apply()
    for name, file in (("a/b", "50-a-b.conf"), ("a b", "50-a-b-2.conf"), ("../../x", "50-x.conf"),
                       ('"quoted" \\ name', "50-quoted-name.conf"), ("\u5c01\u9501", "50-\u5c01\u9501.conf"),
                       ("-", "50-policy.conf"), ("x" * 200, "50-" + "x" * 197 + ".conf")):
        lab.run(*BASIC, f"--name={name}", "--ip", "198.51.100.1", status=0)
        expect(os.path.isfile(lab.path(f"conf.d/{file}")), f"no {file}", os.listdir(lab.path("conf.d")))
        same(shown(lab, name)["name"], name, "the name")
    same(sorted(os.listdir(lab.policy)), ["accesspolicy.conf", "conf.d", "drop.netset", "members.csv"],
         "the policy folder")


@test
def times_as_people_write_them(lab):
    """As of except add: the next such time, or so long from now, written with its offset."""
    lab.apply()
    began = now()
    lab.run(*BASIC, "--name", "N", "--not-before", "2h", "--not-after", "in 3 days", status=0)
    ended = now()
    for key, hours in (("not_before", 2), ("not_after", 72)):
        left = datetime.datetime.fromisoformat(shown(lab, "N")[key]["value"]) - datetime.timedelta(hours=hours)
        expect(began <= left <= ended, f"{key}: {hours} hours from now", began, left, ended)
    lab.run("edit", "N", "--not-after", "20 Dec 18:00", env={"TZ": "EST5"}, status=0)
    text = read(lab.path("conf.d/50-n.conf")).decode()
    expect("-12-20T18:00:00-05:00" in text, "the next such day", text)


# What is given, the status, and what is said of it.
REFUSED = (
    (("--type", "blacklist", "--all"), 2, "--name is missing"),
    (("--name", "N", "--all"), 2, "--type is missing"),
    (("--type", "blacklist", "--name", "N"), 2, "whom the policy applies to is missing"),
    (("--type", "whitelst", "--name", "N", "--all"), 2, 'did you mean "whitelist"?'),
    (("--type", "blacklist", "--name", "N", "--all", "--status", "off"), 2, "expected enabled, disabled or report-only"),
    (("--type", "blacklist", "--name", "N", "--all", "--not-after", "soon"), 2, '"soon" is no time'),
    (("--type", "blacklist", "--name", "N", "--all", "--required"), 3, "is for whitelists only"),
    (("--type", "blacklist", "--name", "N\nM", "--all"), 3, "has control characters in it"),
    (("--type", "blacklist", "--name", "x" * 300, "--all"), 3, "is longer than 200 bytes"),
    (("--type", "blacklist", "--name", "N", "--department", "staf"), 3, 'did you mean "staff"?'),
    (("--type", "blacklist", "--name", "N", "--all", "--ip", "10.0.0.1/8"), 3, "the network is 10.0.0.0/8"),
    (("--type", "blacklist", "--name", "N", "--all", "--ip", "10.0.0.1/8"), 3,
     "50-n.conf: not written; its lines are told as they would be"),
    (("--type", "blacklist", "--name", "N", "--all", "--client", "wbe"), 3, 'did you mean "web"?'),
    (("--type", "blacklist", "--name", "N", "--all", "--member", "a"), 3, '"all" stands beside other members'),
    (("--type", "blacklist", "--name", "Office", "--all"), 1, 'there is a policy "Office" already'),
    (("--type", "blacklist", "--name", "office", "--all"), 3, "differs from"),
    (("--from", "-", "--name", "N"), 2, "leave one of them out"),
    (("--from", "/nonexistent"), 3, "does not exist"),
    (("more",), 2, 'unexpected "more"'),
)


@test
def what_is_refused(lab):
    lab.apply()
    before = snapshot(lab.folder, but=("state/lock", "state"))
    for words, status, said in REFUSED:
        result = lab.run("create", *words, status=status)
        expect(said in result.err, f"{' '.join(words)}: expected {said!r}", result)
        drop_ins = set(re.findall(r"^(/.*/50-[^/:]*):\d+: error: ", result.err, re.M))
        expect(all(f"\n{path}: not written; its lines" in result.err for path in drop_ins), "that the file is not there", result)
    same(snapshot(lab.folder, but=("state/lock", "state")), before, "everything")
    result = lab.run(*BASIC, "--name", "N", "--ip", "10.0.0.1/8", status=3)
    expect(result.err.endswith(f"\n{lab.path('conf.d/50-n.conf')}: not written; its lines are told as they would be\n"), "that the file is not there", result)


@test
def from_a_file(lab):
    lab.apply()
    text = '/* by hand */ policies = ( { name = "From"; type = "blacklist"; scope = { all = true; }; ip = [ "198.51.100.7" ]; } ); // end\n'
    lab.write("../draft", text)
    lab.run("create", "--from", os.path.join(lab.folder, "draft"), status=0)
    same((drop_in(lab, "50-from.conf"), decision(lab, "198.51.100.7")), (text, "deny"), "the drop-in, and what is in force")
    again = lab.run("create", "--from", os.path.join(lab.folder, "draft"), status=1)
    same(again.err, f'{lab.path("conf.d/50-from.conf")}:1: there is a policy "From" already, here; give the new one another name, or change this one by "accesspolicy edit"\n'
                    "1 error: nothing is changed\n", "once more")


@test
def from_standard_input(lab):
    lab.apply()
    text = 'policies = ( { name = "From"; type = "blacklist"; status = "disabled"; scope = { all = true; }; } );\n'
    done = subprocess.run(lab.command("create", "--from", "-"), input=text.encode(), capture_output=True,
                          env=environment(), cwd=lab.folder, check=False)
    same(done.returncode, 0, f"its status: {Result(done.returncode, done.stdout.decode(), done.stderr.decode())}")
    same((drop_in(lab, "50-from.conf"), decision(lab, "192.0.2.200")), (text, "allow"), "the drop-in, and what is in force")


@test
def a_dry_run(lab):
    lab.apply()
    before = snapshot(lab.folder)
    result = lab.run(*BASIC, "--name", "N", "--ip", "198.51.100.1", "--dry-run", status=0)
    expect('    ip = [ "198.51.100.1" ];\n' in result.out, "the text", result)
    same(snapshot(lab.folder), before, "everything")


@test
def the_first_policy_of_all(lab):
    """Nothing was ever applied, and there is no conf.d."""
    lab.run(*BASIC, "--name", "N", "--ip", "198.51.100.1", status=0)
    same((decision(lab, "198.51.100.1"), len(lab.history())), ("deny", 1), "what is in force")


@test
def edits_of_others(lab):
    lab.apply()
    lab.rename_office("Bureau")
    result = lab.run(*BASIC, "--name", "N", status=1)
    expect(f"{lab.path(ROOT_FILE)}: refused: is changed and not in force yet" in result.err, "what is said", result)
    expect(not os.path.exists(lab.path("conf.d/50-n.conf")), "a file was written", result)
    lab.run(*BASIC, "--name", "N", "--with-pending", status=0)
    lab.run("status", config=False, status=0)


main()
