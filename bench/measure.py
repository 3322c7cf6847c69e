#!/usr/bin/env python3
"""measure.py - makes the images, runs all that is measured, and writes the numbers.

    measure.py CHECKOUT BUILD WORK RESULTS [--quick] [--only STEP]

To be run by run.sh, which says what is measured and how to read it. WORK is a folder that is owned by root and empty;
RESULTS becomes a JSON file, of which report.py and plot.py make the table and the plot; with a STEP (regions, say) it is
there already, and only what that step measures is measured anew. Anything that does not run, or
that does not answer a login as it is due, ends the program.
"""
import json
import os
import random
import re
import statistics
import subprocess
import sys
import time

# Ranges, members, policies of the hosting provider's rows.
TENANTS = [
    (10, 10, 1),
    (10, 10, 10),
    (1000, 1000, 10),
    (10_000, 10_000, 100),
    (100_000, 100_000, 1000),
    (1_000_000, 1_000_000, 10_000),
]
RULES = [10, 1000, 10_000, 100_000, 1_000_000]
USERS_MAX = 100_000  # written in a policy, not in a directory
ACCESS_USERS_MAX = 1000  # cubic: ten times as many take a thousand times as long
TEXT_MAX = 100_000
TEXT_POLICIES = [1, 10, 100, 1000]
REGION_POLICIES = [1, 250]
HBAC_GROUPS = [0, 10]
PARTS = 5  # of a run, whose ratios tell the spread
KINDS = 10  # of logins, in turn: numbers of logins are multiples of it
OTHER = "auth required pam_deny.so\naccount required pam_deny.so\n"


class Bench:
    def __init__(self, checkout, build, work, quick):
        self.checkout, self.build, self.work, self.quick = checkout, build, work, quick
        self.results = {"quick": quick, "machine": machine()}
        self.largest = 10_000 if quick else 1_000_000

    def say(self, text):
        print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)

    def save(self, path):
        """After each step: a run that is cut short leaves what it has."""
        with open(path, "w", encoding="utf-8") as out:
            json.dump(self.results, out, indent=1)
            out.write("\n")

    def program(self, name):
        return os.path.join(self.build, "bench", name)

    def rounds(self, full, quick):
        return quick if self.quick else full

    # Data and stacks

    def make_data(self, name, kind, *numbers):
        folder = os.path.join(self.work, name)
        if not os.path.isdir(folder):
            subprocess.run(
                [sys.executable, os.path.join(self.checkout, "bench/make_data.py"),
                 os.path.join(self.checkout, "conf/accesspolicy.conf"), folder, kind, *map(str, numbers)],
                check=True)
        return folder

    def make_stack(self, name, module, *arguments):
        """A folder of service files, whose `imap` is this one module."""
        folder = os.path.join(self.work, "pam", name)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "other"), "w", encoding="ascii") as out:
            out.write(OTHER)
        with open(os.path.join(folder, "imap"), "w", encoding="utf-8") as out:
            out.write("account required " + " ".join(f"[{word}]" for word in (module, *arguments)) + "\n")
        return folder

    def permit(self, logins):
        return Stack("permit", self.make_stack("permit", "pam_permit.so"), logins, "success", "none")

    def null(self, logins, log, name="null"):
        """With `log` it writes the line that the module writes, be there somebody who reads it or not."""
        folder = self.make_stack("null-log" if log else "null", self.program("pam_apnull.so"), *(["log"] if log else []))
        return Stack(name, folder, logins, "success", "each" if log else "none")

    def ours(self, data, text=False):
        if text:
            arguments = ["config=" + os.path.join(data, "accesspolicy.conf"),
                         "compiler=" + os.path.join(self.build, "cli/accesspolicy-compile")]
        else:
            arguments = ["image=" + self.image_of(data)]
        name = ("text-" if text else "image-") + os.path.basename(data)
        folder = self.make_stack(name, os.path.join(self.build, "pam_accesspolicy.so"), *arguments)
        return Stack(name, folder, os.path.join(data, "logins.tsv"), "listed", "each")

    def access(self, data):
        name = "access-" + os.path.basename(data)
        folder = self.make_stack(name, "pam_access.so", "accessfile=" + os.path.join(data, "access.conf"))
        return Stack(name, folder, os.path.join(data, "logins.tsv"), "listed", "denied")

    # Running

    def image_of(self, data):
        return os.path.join(data, "state/policy.v1.image")

    def apply(self, data):
        """Puts the policies in force in a state folder of their own: how long, with how much memory, how many bytes."""
        state = os.path.join(data, "state")
        os.mkdir(state, 0o700)
        command = [os.path.join(self.build, "cli/accesspolicy"), "apply", "--config",
                   os.path.join(data, "accesspolicy.conf"), "--state", state]
        began = time.monotonic()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise SystemExit(f"{' '.join(command)}: exit status {child.returncode}")
        return {"seconds": seconds, "peak_kib": usage.ru_maxrss, "image_bytes": os.stat(self.image_of(data)).st_size}

    def run_rounds(self, how, n_rounds, count, log, stacks):
        command = [self.program("bench-rounds"), self.program("bench-harness"), how, str(n_rounds), str(count),
                   "log" if log else "quiet"]
        for stack in stacks:
            command += stack.words()
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        samples = {}
        for line in out.splitlines():
            name, *numbers = line.split("\t")
            samples.setdefault(name, []).append([int(number) for number in numbers])
        lines, n_bytes = samples.pop("log")[0] if log else (0, 0)
        assert set(samples) == {stack.name for stack in stacks}
        return samples, n_bytes / lines if lines else 0

    def compare(self, how, n_rounds, count, log, stacks):
        """The stacks' summaries; the one that is called "null" is what the others are compared with."""
        samples, _ = self.run_rounds(how, n_rounds, count, log, stacks)
        return {name: summary(of, samples["null"]) for name, of in samples.items()}

    def numbers_of(self, *command):
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        return [int(word) for word in out.split()]


class Stack:
    """A folder of service files, the logins that it is asked, what it answers them, and what it logs of them."""

    def __init__(self, name, folder, logins, expect, lines):
        self.name, self.folder, self.logins, self.expect, self.lines = name, folder, logins, expect, lines

    def words(self):
        return [self.name, self.folder, self.logins, self.expect, self.lines]

    def first_logins(self, n):
        with open(self.logins, encoding="utf-8") as file:
            for _ in range(n):
                user, rhost, code = file.readline().rstrip("\n").split("\t")
                yield user, rhost, code if self.expect == "listed" else "0"


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as cpus:
        model = re.search(r"^model name\s*: (.*)", cpus.read(), re.M)
    libpam = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "libpam0g"], capture_output=True, text=True,
                            check=True).stdout
    return f"{os.cpu_count()} processors ({model.group(1) if model else os.uname().machine}), libpam {libpam}"


def median_us(nanoseconds):
    return statistics.median(nanoseconds) / 1000


def parts(items):
    n = min(PARTS, len(items))
    return [items[len(items) * i // n:len(items) * (i + 1) // n] for i in range(n)]


def summary(samples, null_samples):
    """The median, its quarters, and the ratio to the null module's: of the whole run, and of its parts."""
    wall, cpu = zip(*samples)
    null_wall, null_cpu = zip(*null_samples)
    medians = [median_us(part) for part in parts(wall)]
    ratios = [us / median_us(part) for us, part in zip(medians, parts(null_wall))]
    quarters = statistics.quantiles(wall, n=4) if len(wall) > 1 else wall * 3
    return {"n": len(wall), "us": median_us(wall), "us_quarters": [quarters[0] / 1000, quarters[2] / 1000],
            "us_parts": medians, "ratio": median_us(wall) / median_us(null_wall), "ratio_parts": ratios,
            "cpu_us": median_us(cpu), "cpu_ratio": median_us(cpu) / median_us(null_cpu)}


def tenant_name(sizes):
    return "tenants-{}-{}-{}".format(*sizes)


# What is measured


def measure_apply(bench):
    bench.say("apply, of each size")
    rows = []
    for sizes in (s for s in TENANTS if s[0] <= bench.largest):
        data = bench.make_data(tenant_name(sizes), "tenants", *sizes)
        rows.append({"sizes": sizes, **bench.apply(data)})
    bench.results["apply"] = rows


def measure_tenants(bench):
    """All sizes in one run, so that they can be compared with each other as well as with the null module."""
    sizes = [s for s in TENANTS if s[0] <= bench.largest]
    folders = [os.path.join(bench.work, tenant_name(s)) for s in sizes]
    logins = os.path.join(folders[-1], "logins.tsv")
    rows = []
    for log in (False, True):
        stacks = [bench.permit(logins), bench.null(logins, log), *(bench.ours(folder) for folder in folders)]
        if not log:
            stacks.append(bench.null(logins, True, "null-log"))
        for how, n_rounds, count in (("fresh", bench.rounds(2500, 120), 1), ("loop", bench.rounds(200, 20), 100)):
            bench.say(f"logins, {how}, {'with' if log else 'without'} log")
            of = bench.compare(how, n_rounds, count, log, stacks)
            rows.append({"how": how, "log": log, "stacks": of})
    bench.results["tenants"] = {"sizes": sizes, "runs": rows}
    bench.results["log_line_bytes"] = {stack.name: bench.run_rounds("loop", 1, 1000, True, [stack])[1]
                                       for stack in (bench.null(logins, True), bench.ours(folders[-1]))}


def measure_rules(bench):
    """The same networks for pam_access and for the module, from an image and from text."""
    rows = []
    for n in (n for n in RULES if n <= bench.largest):
        data = bench.make_data(f"networks-{n}", "networks", n)
        bench.apply(data)
        logins = os.path.join(data, "logins.tsv")
        n_rounds = {10: 400, 1000: 250, 10_000: 150, 100_000: 40, 1_000_000: 10}[n]
        for log in (False, True) if n == 10 else (False,):
            bench.say(f"{n} network rules, {'with' if log else 'without'} log")
            stacks = [bench.null(logins, log), bench.ours(data), bench.access(data)]
            if n <= TEXT_MAX:
                stacks.append(bench.ours(data, text=True))
            of = bench.compare("fresh", bench.rounds(n_rounds, min(n_rounds, 40)), 2, log, stacks)
            rows.append({"n": n, "how": "fresh", "log": log, "stacks": of})
        # what starting a process costs hides what a module costs the less, the quicker processes start
        count = {10: 100, 100_000: 20}.get(n)
        if count:
            of = bench.compare("loop", bench.rounds({10: 60, 100_000: 8}[n], 4), count, False, stacks[:3])
            rows.append({"n": n, "how": "loop", "log": False, "stacks": of})
    bench.results["network_rules"] = rows


def measure_user_rules(bench):
    rows = []
    for n in (n for n in RULES if n <= min(bench.largest, USERS_MAX)):
        data = bench.make_data(f"users-{n}", "users", n)
        bench.apply(data)
        bench.say(f"{n} user rules")
        stacks = [bench.null(os.path.join(data, "logins.tsv"), False), bench.ours(data)]
        if n <= ACCESS_USERS_MAX:
            stacks.append(bench.access(data))
        n_rounds = {10: 400, 1000: bench.rounds(10, 2)}.get(n, 200)
        of = bench.compare("fresh", bench.rounds(n_rounds, min(n_rounds, 40)), 1, False, stacks)
        rows.append({"n": n, "stacks": of})
    bench.results["user_rules"] = rows


def measure_text(bench):
    """Policies of tenants, read from the files at each login."""
    rows = []
    for n in TEXT_POLICIES:
        data = bench.make_data(f"text-{n}", "tenants", 10, max(n, 10), n)
        bench.say(f"{n} policies from text")
        stacks = [bench.null(os.path.join(data, "logins.tsv"), False), bench.ours(data, text=True)]
        of = bench.compare("fresh", bench.rounds(300, 20), 1, False, stacks)
        rows.append({"n": n, "stacks": of})
    bench.results["text"] = rows


def measure_hbac(bench):
    rows = []
    for n in (n for n in RULES if n <= bench.largest):
        bench.say(f"{n} rules of HBAC")
        for groups in HBAC_GROUPS:
            count = max(5, min(1000, 2_000_000 // n))
            of = bench.numbers_of(bench.program("bench-hbac"), str(n), str(groups), str(count))
            rows.append({"n": n, "groups": groups, "us": median_us(of)})
    bench.results["hbac"] = rows


def measure_decisions(bench):
    rows = []
    for sizes in (s for s in TENANTS if s[0] <= bench.largest):
        data = os.path.join(bench.work, tenant_name(sizes))
        row = {"sizes": sizes}
        for how, count in (("hot", bench.rounds(8190, 2000)), ("cold", bench.rounds(300, 50))):
            bench.say(f"the decision alone, {how}, of {sizes[0]} ranges")
            of = bench.numbers_of(bench.program("bench-decision"), how, bench.image_of(data),
                                  os.path.join(data, "logins.tsv"), str(count))
            row[how] = {"us": median_us(of), "us_quarters": [q / 1000 for q in statistics.quantiles(of, n=4)[::2]],
                        "us_99": statistics.quantiles(of, n=100)[98] / 1000}
        rows.append(row)
    bench.results["decisions"] = rows


def measure_memory(bench):
    bench.say("memory")
    sizes = [s for s in TENANTS if s[0] <= bench.largest]
    folders = [os.path.join(bench.work, tenant_name(s)) for s in sizes]
    rows = {}
    for stack in (bench.null(os.path.join(folders[-1], "logins.tsv"), False), *(bench.ours(f) for f in folders)):
        of = [bench.numbers_of(bench.program("bench-harness"), "peak", stack.folder, "imap", *login)[0]
              for login in stack.first_logins(4 * KINDS)]
        rows[stack.name] = {"median_kib": statistics.median(of), "max_kib": max(of)}
    bench.results["memory"] = rows


def measure_regions(bench):
    """Policies that name every country; with one policy there is one country."""
    subprocess.run([os.path.join(bench.checkout, "cli/accesspolicy-make-regions"),
                    os.path.join(bench.work, "regions.mmdb")], check=True, stdout=subprocess.DEVNULL)
    folders = [bench.make_data(f"regions-{n}", "regions", n) for n in REGION_POLICIES]
    bench.say("apply, with regions")
    rows = [{"n": n, **bench.apply(folder)} for n, folder in zip(REGION_POLICIES, folders)]
    runs = []
    for log in (False, True):
        stacks = [bench.null(os.path.join(folders[-1], "logins.tsv"), log), *(bench.ours(folder) for folder in folders)]
        for how, n_rounds, count in (("fresh", bench.rounds(1200, 120), 1), ("loop", bench.rounds(200, 20), 100)):
            bench.say(f"logins with regions, {how}, {'with' if log else 'without'} log")
            runs.append({"how": how, "log": log, "stacks": bench.compare(how, n_rounds, count, log, stacks)})
    for row, folder in zip(rows, folders):
        for how, count in (("hot", bench.rounds(8190, 2000)), ("cold", bench.rounds(300, 50))):
            bench.say(f"the decision alone, {how}, of {row['n']} policies with regions")
            of = bench.numbers_of(bench.program("bench-decision"), how, bench.image_of(folder),
                                  os.path.join(folder, "logins.tsv"), str(count))
            row[how] = median_us(of)
    perf = perf_counts()
    counted = {stack.name: instructions_of(bench, stack, perf)
               for stack in (bench.null(os.path.join(folders[-1], "logins.tsv"), False),
                             bench.null(os.path.join(folders[-1], "logins.tsv"), True, "null-log"),
                             *(bench.ours(folder) for folder in folders))}
    bench.results["regions"] = {"rows": rows, "runs": runs, "instructions": counted}


AUDIT_RECORDS = [10_000, 100_000, 1_000_000]


def write_records(path, n):
    """As logins write them: five thousand members, fifty policies, two weeks, three of ten denied."""
    dice = random.Random(n)
    revision = "3f0c" * 16
    with open(path, "w", encoding="ascii") as out:
        for i in range(n):
            when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1796112000 + i * 1_209_600 // n))
            denied = dice.random() < .3
            out.write(json.dumps({
                "time": when, "decision": "deny" if denied else "allow", "reason": "blacklisted" if denied else "default",
                "policy": f"Policy {dice.randrange(50)}" if denied else None,
                "would": [{"policy": "Watch", "decision": "deny", "reason": "blacklisted"}] if dice.random() < .1 else [],
                "user": f"member{dice.randrange(5000)}@example.com", "ip": f"192.0.2.{dice.randrange(256)}",
                "region": dice.choice([None, "CN"]), "client": "web", "service": "roundcube", "tty": None,
                "revision": revision, "pid": i + 1}, separators=(",", ":")) + "\n")


def measure_audit(bench):
    """The command over so many records: counted, searched, and shown as text."""
    rows = []
    for n in AUDIT_RECORDS[:2] if bench.quick else AUDIT_RECORDS:
        path = os.path.join(bench.work, f"audit-{n}.jsonl")
        write_records(path, n)
        row = {"n": n, "bytes": os.path.getsize(path)}
        for name, words in (("summary", ["--summary"]), ("member", ["--member", "member7@example.com"]), ("text", [])):
            bench.say(f"audit, {n} records: {name}")
            seconds = []
            for _ in range(bench.rounds(7, 3)):
                began = time.monotonic()
                subprocess.run([os.path.join(bench.build, "cli/accesspolicy"), "audit", "--file", path, *words], check=True,
                               stdout=subprocess.DEVNULL)
                seconds.append(time.monotonic() - began)
            row[name] = statistics.median(seconds)
        os.unlink(path)
        rows.append(row)
    bench.results["audit"] = rows


# Instructions: counted by perf where the machine can, else by callgrind. Both count those of the process alone, not
# the kernel's.


def perf_counts():
    try:
        out = subprocess.run(["perf", "stat", "-x,", "-e", "instructions:u", "true"], capture_output=True, text=True,
                             check=False)
    except OSError:
        return False
    return out.returncode == 0 and out.stderr.split(",")[0].isdigit()


def count_instructions(command, perf):
    if perf:
        command = ["perf", "stat", "-x,", "-e", "instructions:u", *command]
    else:
        command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *command]
    out = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"^(\d+)," if perf else r"Collected : (\d+)", out.stderr, re.M)
    if out.returncode != 0 or not found:
        raise SystemExit(f"{' '.join(command)}: {out.stderr}")
    return int(found.group(1))


def instructions_of(bench, stack, perf):
    bench.say(f"instructions, {stack.name}")
    k = bench.rounds(400, 20)
    harness = bench.program("bench-harness")
    loop = [harness, "loop", stack.folder, "imap", stack.logins, "0"]
    once = [count_instructions([harness, "once", stack.folder, "imap", *login], perf)
            for login in stack.first_logins(bench.rounds(KINDS, 2))]
    twice = count_instructions([*loop, str(2 * k), stack.expect], perf)
    return {"fresh": statistics.mean(once),
            "loop": (twice - count_instructions([*loop, str(k), stack.expect], perf)) / k}


def measure_instructions(bench):
    perf = perf_counts()
    sizes = [s for s in TENANTS if s[0] <= bench.largest]
    folders = [os.path.join(bench.work, tenant_name(s)) for s in sizes]
    logins = os.path.join(folders[-1], "logins.tsv")
    rows = {}
    for stack in (bench.permit(logins), bench.null(logins, False), bench.null(logins, True, "null-log"),
                  *(bench.ours(f) for f in folders)):
        rows[stack.name] = instructions_of(bench, stack, perf)
    bench.results["instructions"] = {"by": "perf" if perf else "callgrind", "stacks": rows}


def main():
    checkout, build, work, results, *rest = sys.argv[1:]
    only = rest[rest.index("--only") + 1] if "--only" in rest else None
    bench = Bench(checkout, build, work, "--quick" in rest)
    if only:
        with open(results, encoding="utf-8") as before:
            bench.results = json.load(before)
        globals()["measure_" + only](bench)
        bench.save(results)
        return
    began = time.monotonic()
    for step in (measure_apply, measure_tenants, measure_decisions, measure_memory, measure_instructions, measure_rules,
                 measure_user_rules, measure_text, measure_hbac, measure_regions, measure_audit):
        step(bench)
        bench.results["seconds"] = time.monotonic() - began
        bench.save(results)


if __name__ == "__main__":
    main()
