"""accesspolicy audit: what it finds, counts and shows, held against the records themselves; and the records' whole way, from a
login through rotation to the reader."""
import collections
import csv
import datetime
import fcntl
import grp
import gzip
import io
import json
import os
import pty
import random
import shutil
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "apply"))
from lab import Skip, arguments, environment, expect, main, need_root, same, test  # noqa: E402

KEYS = ["time", "decision", "reason", "policy", "would", "user", "ip", "region", "client", "service", "tty", "revision", "pid"]
POLICY = """default_domain = "example.com";
audit = { file = "%s"; };
client_types = ( { name = "web"; service = [ "webmail" ]; } );
departments = ( { name = "staff/desk"; members = [ "carol@" ]; } );
directory = [ "members.csv" ];
policies = (
  { name = "Dropped"; type = "blacklist"; scope = { all = true; }; ip = [ "192.0.2.0/24" ]; },
  { name = "Office"; type = "whitelist"; scope = { departments = [ "staff/*" ]; }; ip = [ "10.0.0.0/8" ]; },
  { name = "Soon"; type = "blacklist"; status = "report-only"; scope = { all = true; }; clients = [ "web" ]; }
);
"""


def log_of(lab):
    return os.path.join(lab.folder, "log", "audit.jsonl")


def applied(lab):
    """The policy above is in force, and the file for its records is there."""
    lab.write("accesspolicy.conf", POLICY % log_of(lab))
    lab.apply()
    return log_of(lab)


def record(seconds=0, **more):
    when = datetime.datetime(2026, 12, 1, 8, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    made = dict.fromkeys(KEYS)
    made.update(time=when.strftime("%Y-%m-%dT%H:%M:%SZ"), decision="allow", reason="default", would=[], user="alice@example.com",
                ip="10.0.0.1", client="web", service="webmail", pid=1)
    made.update(more)
    return made


def line_of(made):
    return json.dumps(made, separators=(",", ":"), ensure_ascii=False) + "\n"


def write(path, records, how=open):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with how(path, "wt", encoding="utf-8") as file:
        file.write("".join(map(line_of, records)))
    # as if they had been written then: a file that was not written since is not read
    when = datetime.datetime.fromisoformat(records[-1]["time"].replace("Z", "+00:00")).timestamp()
    os.utime(path, (when, when))


def audit(lab, *words, status=0):
    return lab.run("audit", *words, config=False, status=status)


def found(lab, *words, status=None):
    result = audit(lab, *words, "--json", status=status)
    return [json.loads(line) for line in result.out.splitlines()]


def varied(n, seed=1):
    dice = random.Random(seed)
    made = []
    for i in range(n):
        decision = dice.choice(["allow", "allow", "deny", "error"])
        reason = {"allow": ["default", "whitelisted"], "deny": ["blacklisted", "not-whitelisted", "undetermined"],
                  "error": [None]}[decision]
        made.append(record(
            i * 977, decision=decision, reason=dice.choice(reason), policy=dice.choice([None, "Dropped", "Office", "Gone"]),
            would=[{"policy": "Soon", "decision": "deny", "reason": "blacklisted"}] if dice.random() < .2 else [],
            user=dice.choice(["alice@example.com", "ALICE", "member3@example.com", "Member4@example.com", "carol@x.test", "bob",
                              "eve@example.com"]),
            ip=dice.choice([None, "local", "unknown", "10.0.0.1", "10.0.0.9", "192.0.2.7", "2001:db8::1"]),
            region=dice.choice([None, "CN", "CN-ZJ", "DE", "unlocated"]), client=dice.choice(["web", "system", "old-type"]),
            service=dice.choice(["webmail", "sshd", None]), tty=dice.choice([None, "tty1"]), pid=i))
    return made


def member(user):
    return (user if "@" in user else user + "@example.com").lower()


@test
def apply_makes_the_file(lab):
    lab.write("accesspolicy.conf", POLICY % log_of(lab))
    lab.apply("--dry-run")
    expect(not os.path.exists(os.path.dirname(log_of(lab))), "a dry run made it")
    lab.apply()
    info, folder = os.stat(log_of(lab)), os.stat(os.path.dirname(log_of(lab)))
    group = grp.getgrnam("adm").gr_gid if os.geteuid() == 0 else os.getegid()
    same((info.st_mode & 0o7777, info.st_gid, info.st_size), (0o640, group, 0), "the file")
    same((folder.st_mode & 0o7777, folder.st_gid), (0o750, group), "its folder")
    with open(log_of(lab), "w", encoding="utf-8") as file:
        file.write("kept\n")
    os.unlink(lab.state_path("policy.v1.image"))
    same(lab.apply().err, "", "what a second apply says")
    same(open(log_of(lab), encoding="utf-8").read(), "kept\n", "what was there")


@test
def apply_and_check_tell_what_cannot_work(lab):
    folder = os.path.dirname(log_of(lab))
    target = os.path.join(lab.folder, "target")
    os.mkdir(folder, 0o755)

    def link():
        open(target, "w", encoding="utf-8").close()
        os.symlink(target, log_of(lab))

    for make, why in ((link, "is a symbolic link"), (lambda: os.mkfifo(log_of(lab)), "is a FIFO"),
                      (lambda: os.mkdir(log_of(lab)), "is a folder"), (lambda: os.chmod(folder, 0o777), "mode 0777")):
        lab.write("accesspolicy.conf", POLICY % log_of(lab))
        make()
        checked = lab.run("check", status=0)
        expect("no audit record can be written to" in checked.out + checked.err and why in checked.out + checked.err, why,
               checked)
        result = lab.apply("--force")
        expect("warning: no audit record can be written to it" in result.err and why in result.err, why, result)
        warned = [item["message"] for item in lab.apply("--json").json()["warnings"]]
        expect(any(why in message for message in warned), why, warned)
        os.chmod(folder, 0o755)
        shutil.rmtree(folder)
        os.mkdir(folder, 0o755)
    expect(not os.path.exists(target) or os.path.getsize(target) == 0, "the link's target was written")
    lab.write("accesspolicy.conf", POLICY % "/nowhere/that/is/audit.jsonl")
    expect("is in a folder that does not exist" in lab.run("check").out, "a folder that is not made")
    lab.write("accesspolicy.conf", POLICY % os.path.join(lab.folder, "new", "audit.jsonl"))
    expect("audit" not in lab.run("check").out, "what apply can make is no finding")


FILTERS = [
    (["--decision", "deny"], lambda r: r["decision"] == "deny"),
    (["--decision", "deny", "--decision", "error"], lambda r: r["decision"] != "allow"),
    (["--reason", "undetermined"], lambda r: r["reason"] == "undetermined"),
    (["--member", "alice"], lambda r: member(r["user"]) == "alice@example.com"),
    (["--member", "Alice@Example.com"], lambda r: member(r["user"]) == "alice@example.com"),
    (["--member", "carol@"], lambda r: r["user"].startswith("carol@")),
    (["--department", "staff"], lambda r: member(r["user"]).startswith("member")),
    (["--department", "staff/*"], lambda r: member(r["user"]).startswith(("member", "carol@"))),
    (["--department", "staff/desk"], lambda r: r["user"].startswith("carol@")),
    (["--policy", "Dropped"], lambda r: r["policy"] == "Dropped"),
    (["--policy", "Soon"], lambda r: r["would"]),
    (["--policy", "Gone"], lambda r: r["policy"] == "Gone"),
    (["--client", "web"], lambda r: r["client"] == "web"),
    (["--client", "old-type"], lambda r: r["client"] == "old-type"),
    (["--service", "sshd"], lambda r: r["service"] == "sshd"),
    (["--region", "CN"], lambda r: (r["region"] or "").startswith("CN")),
    (["--region", "CN-ZJ"], lambda r: r["region"] == "CN-ZJ"),
    (["--region", "unlocated"], lambda r: r["region"] == "unlocated"),
    (["--ip", "10.0.0.1"], lambda r: r["ip"] == "10.0.0.1"),
    (["--ip", "10.0.0.0/8"], lambda r: (r["ip"] or "").startswith("10.")),
    (["--ip", "10.0.0.5-10.0.0.9"], lambda r: r["ip"] == "10.0.0.9"),
    (["--ip", "2001:DB8::/32"], lambda r: r["ip"] == "2001:db8::1"),
    (["--ip", "local"], lambda r: r["ip"] == "local"),
    (["--ip", "unknown"], lambda r: r["ip"] in (None, "unknown")),
    (["--since", "2026-12-02"], lambda r: r["time"] >= "2026-12-02"),
    (["--until", "2026-12-02T00:00:00Z"], lambda r: r["time"] < "2026-12-02"),
    (["--since", "2026-12-01 09:00", "--until", "2026-12-03 10:00"],
     lambda r: "2026-12-01T09" <= r["time"] < "2026-12-03T10"),
    (["--decision", "deny", "--member", "alice", "--client", "web"],
     lambda r: r["decision"] == "deny" and member(r["user"]) == "alice@example.com" and r["client"] == "web"),
]


@test
def filters_find_what_they_say(lab):
    records = varied(1500)
    write(applied(lab), records)
    same(found(lab, status=0), records, "all")
    for words, holds in FILTERS:
        expected = [r for r in records if holds(r)]
        expect(0 < len(expected) < len(records), "the test itself", words)
        same(found(lab, *words, status=0), expected, words)
    same(found(lab, "--last", "3"), records[-3:], "the last")
    result = audit(lab, "--member", "nobody", status=1)
    same(result.out, "no record is found\n", "none")
    # at a minute's step the same second is in, or before
    same(found(lab, "--since", records[5]["time"], "--until", records[6]["time"]), [records[5]], "from, and before")


@test
def a_record_is_the_same_however_it_is_written(lab):
    """As the module writes it, with blanks, in another order, and with each character escaped."""
    log = applied(lab)
    records = varied(400) + [record(1, user='q"b\\s\u00fc')]
    write(log, records)
    asked = [["--csv"], ["--summary", "--csv"], ["--summary", "--json"], [], ["--member", "alice", "--csv"]]
    expected = [audit(lab, *words).out for words in asked]
    for how in (lambda r: json.dumps(r), lambda r: json.dumps(r, sort_keys=True, separators=(",", ":")),
                lambda r: json.dumps(r, separators=(",", ":")).replace("m", "\\u006d").replace("\\u006dber", "mber")
                .replace('"ti\\u006de"', '"time"')):
        with open(log, "w", encoding="utf-8") as file:
            file.write("".join(how(r) + "\n" for r in records))
        same([audit(lab, *words).out for words in asked], expected, how(records[0]))
    for broken in ('"pid":01}', '"pid":}', '"pid":1}}', '"pid":1', '"pid":1} {}', '"pid":1,}', '"pid":-}'):
        with open(log, "w", encoding="utf-8") as file:
            file.write(line_of(records[0]).replace('"pid":0}', broken))
        expect("1 line is torn" in audit(lab, status=1).err, broken)


@test
def relative_times(lab):
    log = applied(lab)
    now = time.time()

    def ago(seconds):
        return record(time=datetime.datetime.utcfromtimestamp(now - seconds).strftime("%Y-%m-%dT%H:%M:%SZ"))
    records = [ago(s) for s in (15 * 86400, 6 * 86400, 90000, 7000, 1000, 30)]
    write(log, records)
    for text, n in (("2 weeks ago", 5), ("1 week ago", 5), ("-2d", 4), ("2 days ago", 4), ("2 hours ago", 3), ("-2h", 3),
                    ("20m ago", 2), ("60 seconds ago", 1)):
        same(found(lab, f"--since={text}"), records[-n:], text)
    same(found(lab, "--until=now"), records, "now")
    for text in ("2 hours", "ago", "-2", "2 years ago", "hier", "2026-13-01", "999999999999h ago", ""):
        audit(lab, f"--since={text}", status=2)


@test
def wrong_questions_are_refused(lab):
    write(applied(lab), varied(50))
    for words, why in ((["--policy", "Ofice"], 'did you mean "Office"?'), (["--client", "wep"], 'did you mean "web"?'),
                       (["--department", "staf"], 'did you mean "staff"?'), (["--decision", "denied"], "expected allow, deny or error"),
                       (["--reason", "blacklist"], 'did you mean "blacklisted"?'), (["--ip", "10.0.0.1/8"], "10.0.0.0/8"),
                       (["--region", "UK"], '"GB"'), (["--summary", "members"], 'did you mean "member"?'),
                       (["member"], "unexpected"), (["--last", "x"], "expected a number"), (["--last", "0"], "expected"),
                       (["--csv", "--json"], "exclude"), (["--summary", "-f"], "beside"), (["--explain", "-f"], "beside"),
                       (["--since", "2026-12-02", "--until", "2026-12-01"], "not before"), (["-x"], 'unknown option "-x"')):
        result = audit(lab, *words, status=2)
        expect(why in result.err, f"{words}: no {why!r}", result)
    lab.write("accesspolicy.conf", POLICY.replace("audit = ", "// ") % "")
    lab.apply()
    expect("no records are kept" in audit(lab, status=3).err, "a policy without audit")
    expect("No such file" in audit(lab, "--file", "/nowhere", status=3).err, "a file that is not there")


@test
def summary_of_a_hundred_thousand(lab):
    records = varied(100_000)
    write(applied(lab), records)
    expected = {}
    for by, name in (("policy", lambda r: r["policy"]), ("member", lambda r: member(r["user"])), ("day", lambda r: r["time"][:10])):
        counts = collections.defaultdict(collections.Counter)
        for r in records:
            counts[name(r)][r["decision"]] += 1
            if by != "policy":
                counts[name(r)]["would"] += bool(r["would"])
            for would in r["would"] if by == "policy" else []:
                counts[would["policy"]]["would"] += 1
        expected[by] = {key: [value[k] for k in ("allow", "deny", "error", "would")] for key, value in counts.items()}
    summary = json.loads(audit(lab, "--summary", "--json", status=0).out)
    same(summary["records"], len(records), "the records")
    for by in expected:
        rows = {row["name"]: [row[k] for k in ("allow", "deny", "error", "would")] for row in summary[by]}
        same(len(rows), len(summary[by]), f"{by}: names that stand twice")
        same(rows, expected[by], by)
    rows = list(csv.reader(io.StringIO(audit(lab, "--summary", "policy", "--csv").out)))
    same(rows[0], ["by", "name", "allow", "deny", "error", "would"], "the header")
    same({row[1] or None: [int(n) for n in row[2:]] for row in rows[1:]}, expected["policy"], "as CSV")
    text = audit(lab, "--summary", "member", "--top", "2").out
    expect(text.startswith("MEMBER") and "and 4 more; --top 0 shows all" in text and "POLICY" not in text, "two of six", text)
    denied = sum(r["decision"] == "deny" for r in records)
    expect(f"100000 records: " in text and f"{denied} deny" in text, "the total", text)


@test
def rotated_files_are_read_in_their_order(lab):
    log = applied(lab)
    records = varied(700)
    parts = [records[i:i + 100] for i in range(0, 700, 100)]
    write(log, parts[6])
    write(log + ".1", parts[5])
    write(log + ".2.gz", parts[4], gzip.open)
    write(log + "-20261202", parts[3])
    write(log + "-20261201.gz", parts[2], gzip.open)
    write(log + ".10.gz", parts[1], gzip.open)
    write(log + "-2026-11-30_10:00", parts[0])
    for name in (".bak", ".1.tmp", "x.1", "-old"):
        write(log + name, parts[0])
    same(found(lab, status=0), records, "all of them")
    # one that is just being compressed
    write(log + ".1.gz", parts[5][:10], gzip.open)
    same(found(lab, status=0), records, "beside a file that is being compressed")
    os.unlink(log + ".1.gz")
    # what was written before is not read: this one could not be
    for name in ("-2026-11-30_10:00", ".10.gz"):
        with open(log + name, "wb") as file:
            file.write(b"\x1f\x8b damaged")
        os.utime(log + name, (0, 0))
    since = parts[2][0]["time"]
    same(found(lab, "--since", since, status=0), records[200:], "since then")
    result = audit(lab, "--json", status=3)
    expect("cannot be read to its end" in result.err, "a damaged file is told", result)
    same(len(result.out.splitlines()), 500, "and the others are read")
    for name in ("-2026-11-30_10:00", ".10.gz"):
        os.unlink(log + name)
    same(found(lab, "--file", log + ".2.gz"), parts[4], "one file alone")
    done = subprocess.run(lab.command("audit", "--file", "-", "--json", config=False), input=line_of(records[0]).encode(),
                          capture_output=True, env=environment(), check=True)
    same(json.loads(done.stdout), records[0], "standard input")


@test
def other_compressions_are_read_by_their_programs(lab):
    log = applied(lab)
    records = varied(40_000)
    write(log, records[30_000:])
    for number, program, suffix in ((1, "bzip2", "bz2"), (2, "zstd", "zst"), (3, "xz", "xz")):
        name = f"{log}.{number}"
        write(name, records[30_000 - number * 10_000:40_000 - number * 10_000])
        subprocess.run([program, "-q", "--keep", name], check=True)
        same(found(lab, status=0), records[30_000 - number * 10_000:], f"beside the file that {program} makes")
        os.unlink(name)
        same(found(lab, status=0), records[30_000 - number * 10_000:], program)
    same(found(lab, "--file", log + ".2.zst", status=0), records[10_000:20_000], "one file alone")
    same(found(lab, "--until", records[1]["time"], status=0), records[:1], "no more than is asked for")
    result = lab.run("audit", "--json", config=False, env={"PATH": lab.folder}, status=3)
    expect("audit.jsonl.3.xz: is read by xz, which is not installed; install the package xz-utils" in result.err, "a program that is missing", result)
    same(len(result.out.splitlines()), 10_000, "and the others are read")
    with open(log + ".3.xz", "rb+") as file:
        file.truncate(20_000)
    result = audit(lab, "--json", status=3)
    expect("audit.jsonl.3.xz: cannot be read to its end: xz failed" in result.err, "a damaged file is told", result)
    expect(result.out.count("\n") >= 30_000, "and the others are read", result.err)


@test
def torn_lines_are_counted_and_skipped(lab):
    log = applied(lab)
    records = [record(i, user=f'quote"{i}@example.com') for i in range(6)]
    whole = [line_of(r) for r in records]
    torn = [whole[1][:n] for n in (1, 20, 150, len(whole[1]) - 1)]
    with open(log, "w", encoding="utf-8") as file:
        file.write(whole[0] + torn[0] + whole[1] + torn[1] + torn[2] + whole[2] + "\n" + "x" * 300_000 + "\n" + whole[3] +
                   "\0" * 5000 + whole[4] + torn[2] + "\n" + whole[5] + torn[3])
    result = audit(lab, "--json", status=0)
    # the last is a record whose newline alone is missing
    same([json.loads(line) for line in result.out.splitlines()], records + [records[1]], "the records")
    expect("lines are torn" in result.err and f"the first is {log}:2" in result.err, "what is told", result)
    with open(log, "w", encoding="utf-8") as file:
        file.write("no record\n")
    expect("1 line is torn" in audit(lab, status=1).err, "one")


@test
def csv_holds_every_field(lab):
    log = applied(lab)
    records = [record(0), record(1, user='a"b,c\nd', tty="=cmd|' /C calc'!A0", service="@SUM(1)", policy="-x", decision="deny",
                                 reason="blacklisted", client=None, ip=None,
                                 would=[{"policy": "A, B", "decision": "deny", "reason": "blacklisted"},
                                        {"policy": "…", "decision": None, "reason": None}])]
    write(log, records)
    out = audit(lab, "--csv", status=0).out
    rows = list(csv.reader(io.StringIO(out, newline="")))
    expect(out.count("\r\n") == 3, "lines end as RFC 4180 has it", out)
    same(rows[0], KEYS, "the header")
    same(rows[1], [records[0]["time"], "allow", "default", "", "", "alice@example.com", "10.0.0.1", "", "web", "webmail", "", "",
                   "1"], "a plain one")
    same(rows[2][2:6] + rows[2][9:11], ["blacklisted", "'-x", "deny: A, B; …", 'a"b,c\nd', "'@SUM(1)", "'=cmd|' /C calc'!A0"],
         "what a spreadsheet would evaluate")


def at_a_terminal(lab, columns, *words):
    child, terminal = pty.fork()
    if child == 0:
        command = lab.command("audit", *words, config=False)
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        os.execve(command[0], command, environment({"NO_COLOR": "1", "TERM": "xterm"}))
    out = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:
            break
        if not part:
            break
        out += part
    os.close(terminal)
    os.waitpid(child, 0)
    return out.decode().replace("\r\n", "\n")


@test
def nothing_reaches_a_terminal_raw(lab):
    log = applied(lab)
    evil = "a\x1b]0;owned\x07\x1b[2J\u202eb\x85\nc"
    write(log, [record(0, user=evil, service=evil, policy=evil, client=evil, tty=evil, region=evil, ip=evil, decision="deny",
                       reason=evil, would=[{"policy": evil, "decision": evil, "reason": evil}])])
    with open(log, "a", encoding="utf-8") as file:
        file.write(line_of(record(1, user="raw\u202e\x85")))
    for words in ([], ["--json"], ["--csv"], ["--summary"], ["--summary", "--json"], ["--summary", "--csv"]):
        shown = at_a_terminal(lab, 80, *words)
        bad = [c for c in shown if (ord(c) < 32 and c not in "\n\r") or 0x7f <= ord(c) < 0xa0 or c == "\u202e"]
        same(bad, [], f"{words}: {shown!r}")
        expect("owned" in shown, "it is shown all the same", shown)


@test
def summaries_and_records_fit_the_terminal(lab):
    write(applied(lab), varied(300) + [record(0, user="x" * 200 + "@example.com", policy="A policy with a long name, " * 6)])
    for columns in (40, 80, 120):
        shown = at_a_terminal(lab, columns, "--summary", "policy", "member", "day")
        expect(max(map(len, shown.splitlines())) <= columns, f"{columns} columns", shown)
        expect(("█" in shown) == (columns > 40), f"bars in {columns} columns", shown)
        shown = at_a_terminal(lab, columns, "--last", "20", "--member", "alice")
        expect(max(map(len, shown.splitlines())) <= columns, f"records in {columns} columns", shown)
    expect("█" not in audit(lab, "--summary").out, "no bars without a terminal")


class Follower:
    def __init__(self, lab, *words):
        self.process = subprocess.Popen(lab.command("audit", "-f", "--json", *words, config=False), stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, env=environment())
        os.set_blocking(self.process.stdout.fileno(), False)
        self.seen = b""

    def wait_for(self, n):
        end = time.monotonic() + 60
        while self.seen.count(b"\n") < n and time.monotonic() < end:
            self.seen += self.process.stdout.read() or b""
            time.sleep(0.02)
        return [json.loads(line)["pid"] for line in self.seen.decode().splitlines()]

    def close(self):
        self.process.kill()
        self.process.communicate()


def append(path, *numbers):
    with open(path, "a", encoding="utf-8") as file:
        for number in numbers:
            file.write(line_of(record(number, pid=number)))


@test
def following_survives_rotation(lab):
    log = applied(lab)
    write(log, [record(i, pid=i) for i in range(20)])
    follower = Follower(lab)
    try:
        same(follower.wait_for(10), list(range(10, 20)), "the last ten")
        append(log, 20, 21)
        same(follower.wait_for(12), list(range(10, 22)), "those that come")
        with open(log, "a", encoding="utf-8") as file:
            file.write(line_of(record(22, pid=22))[:50])
            file.flush()
            time.sleep(0.5)
            file.write(line_of(record(22, pid=22))[50:])
        same(follower.wait_for(13), list(range(10, 23)), "one that comes in two parts")
        os.rename(log, log + ".1")
        append(log + ".1", 23)
        append(log, 24, 25)
        same(follower.wait_for(16), list(range(10, 26)), "renamed")
        shutil.copyfile(log, log + ".2")
        os.truncate(log, 0)
        # fewer than were there: whenever it looks, it sees that the file became shorter
        append(log, 26)
        same(follower.wait_for(17), list(range(10, 27)), "truncated")
    finally:
        follower.close()
    follower = Follower(lab, "--since", "2001-01-01", "--policy", "Dropped", "--last", "5")
    try:
        append(log, 27)
        with open(log, "a", encoding="utf-8") as file:
            file.write(line_of(record(28, pid=28, policy="Dropped")))
        same(follower.wait_for(1), [28], "filtered")
        follower.process.stdout.close()
        same(follower.process.wait(60), 0, "its end, when nobody reads it any more")
    finally:
        follower.close()


def log_in(lab, *logins, more=""):
    return lab.log_in(arguments[1], *logins, more=more)


LOGINS = [("webmail", "Member1", "10.0.0.1", ""), ("webmail", "member2@example.com", "203.0.113.1", ""),
          ("sshd", "bob", "192.0.2.9", "ssh"), ("login", "bob", "", "tty1"), ("webmail", "carol@x.test", "", ""),
          ("webmail", "carol@x.test", "a.host.name", ""), ("login", "carol@x.test", "local", "tty1"),
          ("webmail", "we\"ird\\na\u00efve@x.test", "2001:db8::7", ""), ("webmail", "\x01odd", "::ffff:192.0.2.1", "")]


@test
def a_record_is_a_valid_batch_line(lab):
    log = applied(lab)
    codes, logged = log_in(lab, *LOGINS)
    expect("could not be written" not in logged, "they are written", logged)
    with open(log, encoding="utf-8") as file:
        lines = file.read().splitlines()
    records = [json.loads(line) for line in lines]
    same(len(records), len(LOGINS), "the records")
    same([list(r) for r in records], [KEYS] * len(LOGINS), "their keys, in order")
    same([r["decision"] == "allow" for r in records], [code == 0 for code in codes], "what libpam answered")
    same({r["revision"] for r in records}, {lab.in_force()}, "the revision")
    answers = [json.loads(line) for line in lab.run("test", "--batch", log, config=False, status=0).out.splitlines()]
    for r, answer in zip(records, answers):
        same({key: answer[key] for key in ("decision", "reason", "policy", "would", "region")},
             {key: r[key] for key in ("decision", "reason", "policy", "would", "region")}, f"the answer to {r}")
    expect(any(r["would"] for r in records) and any(r["ip"] == "unknown" for r in records), "the test itself", records)


@test
def a_record_is_explained_by_the_revision_of_then(lab):
    log = applied(lab)
    log_in(lab, *LOGINS)
    then = lab.in_force()
    lab.change('ip = [ "192.0.2.0/24" ]', 'ip = [ "198.51.100.0/24" ]')
    lab.apply()
    explained = json.loads(audit(lab, "--member", "bob", "--decision", "deny", "--explain", "--json", status=0).out)
    same((explained["same"], explained["why"], explained["test"]["revision"]), (True, None, then), "what is the same")
    same(explained["test"]["request"]["time"], explained["record"]["time"], "the time")
    dropped = explained["test"]["policies"][0]
    same((dropped["name"], dropped["matches"], dropped["why"]["network"] is not None), ("Dropped", "yes", True), "a policy's part")
    text = audit(lab, "--member", "bob", "--decision", "deny", "--explain", status=0).out
    expect("the image that was in force" in text and "192.0.2.0/24" in text and "DENY" in text and "otherwise" not in text,
           "for a person", text)
    everything = audit(lab, "--explain", "--last", "100", "--json", status=0).out
    same(everything.count('"same": true'), len(LOGINS), "all of them")
    with open(log, encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    write(log, [dict(records[2], decision="allow", reason="default", policy=None)])
    changed = json.loads(audit(lab, "--explain", "--json", status=0).out)
    same(changed["same"], False, "a record that says otherwise")
    expect("the record says otherwise" in audit(lab, "--explain").out, "for a person")
    write(log, [dict(records[2], revision="0" * 64)])
    expect("no longer kept" in audit(lab, "--explain", status=3).err, "a revision that is gone")
    same(json.loads(audit(lab, "--explain", "--json", status=3).out)["test"], None, "as JSON")


@test
def logrotate_and_logins_and_the_reader(lab):
    need_root()
    logrotate = shutil.which("logrotate", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if logrotate is None:
        raise Skip("needs logrotate")
    log = applied(lab)
    with open(arguments[2], encoding="utf-8") as file:
        text = file.read()
    expect(text.count("/var/log/accesspolicy/audit.jsonl {") == 1, "the test itself", text)
    config = os.path.join(lab.folder, "logrotate.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write(text.replace("/var/log/accesspolicy/audit.jsonl {", log + " {"))
    os.chmod(config, 0o644)
    numbers = []
    made = os.stat(log)
    for turn in range(4):
        log_in(lab, ("webmail", f"turn{turn}@x.test", "10.0.0.1", ""), ("webmail", f"turn{turn}b@x.test", "10.0.0.1", ""))
        numbers += [f"turn{turn}@x.test", f"turn{turn}b@x.test"]
        done = subprocess.run([logrotate, "--force", "--state", os.path.join(lab.folder, "rotated"), config],
                              capture_output=True, env=environment(), check=False)
        same((done.returncode, done.stderr), (0, b""), "logrotate")
        info = os.stat(log)
        same((info.st_mode, info.st_uid, info.st_gid, info.st_size), (made.st_mode, made.st_uid, made.st_gid, 0), "the new file")
    _, logged = log_in(lab, ("webmail", "last@x.test", "10.0.0.1", ""))
    expect("could not be written" not in logged, "the module writes on", logged)
    same(sorted(os.listdir(os.path.dirname(log))), ["audit.jsonl"] + [f"audit.jsonl.{i}" + (".gz" if i > 1 else "")
                                                                     for i in range(1, 5)], "the files")
    same([r["user"] for r in found(lab, status=0)], numbers + ["last@x.test"], "all records")


main()
