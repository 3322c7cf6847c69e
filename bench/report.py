#!/usr/bin/env python3
"""report.py RESULTS - prints the table of what measure.py has measured, in Markdown."""
import json
import sys

NULL = "null"
WHOSE = {"permit": "`pam_permit` alone", "null": "null module", "null-log": "null module, writing to nobody"}


def count(n):
    return f"{n // 10**6} M" if n >= 10**6 else f"{n // 1000} k" if n >= 1000 else str(n)


def microseconds(us):
    if us >= 1e6:
        return f"{us / 1e6:.2f} s"
    if us >= 10_000:
        return f"{us / 1000:.1f} ms"
    return f"{us:.0f} µs" if us >= 100 else f"{us:.1f} µs"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def extent(numbers):
    return f"{min(numbers):.2f}–{max(numbers):.2f}"


def spread(of):
    return f"{of['ratio']:.2f} ({extent(of['ratio_parts'])})"


def compare(of, other):
    """The ratio of two stacks of one run, and its ratios in the parts of the run."""
    return of["us"] / other["us"], [a / b for a, b in zip(of["us_parts"], other["us_parts"])]


def time_of(of):
    return f"{microseconds(of['us'])} ({microseconds(of['us_quarters'][0])}–{microseconds(of['us_quarters'][1])})"


def sizes_text(sizes):
    ranges, members, policies = map(count, sizes)
    return f"{ranges} ranges, {members} members, {policies} {'policy' if policies == '1' else 'policies'}"


def image_name(sizes):
    return "image-tenants-{}-{}-{}".format(*sizes)


class Report:
    def __init__(self, results):
        self.r = results
        self.sizes = results["tenants"]["sizes"]
        self.big, self.small = image_name(self.sizes[-1]), image_name([10, 10, 10])
        self.missed = 0

    def run(self, how, log):
        return next(r["stacks"] for r in self.r["tenants"]["runs"] if r["how"] == how and r["log"] == log)

    def rules(self, n, how, log=False):
        return next((r["stacks"] for r in self.r["network_rules"]
                     if r["n"] == n and r["how"] == how and r["log"] == log), None)

    # The targets

    def target(self, what, value, limit, unit="", at_least=False):
        value, in_parts = value if isinstance(value, tuple) else (value, [])
        met = value >= limit if at_least else value <= limit
        self.missed += not met
        digits = 2 if value < 10 else 0 if value >= 100 else 1
        return (what, f"{'≥' if at_least else '≤'} {limit}{unit}", f"{value:.{digits}f}{unit}",
                extent(in_parts) if in_parts else "", "yes" if met else "**no**")

    def login_targets(self):
        counted = self.r["instructions"]["stacks"]
        for how in ("fresh", "loop"):
            for log in (False, True):
                of = self.run(how, log)
                name = f"{how}, {'with' if log else 'without'} log"
                yield self.target(f"a login, {name}: time, to null", compare(of[self.big], of[NULL]), 1.25, " ×")
                yield self.target(f"a login, {name}: instructions, to null",
                                  counted[self.big][how] / counted["null-log" if log else NULL][how], 1.35, " ×")
                yield self.target(f"growth from 10 to the most, {name}: time",
                                  compare(of[self.big], of[self.small]), 1.15, " ×")
            yield self.target(f"growth from 10 to the most, {how}: instructions",
                              counted[self.big][how] / counted[self.small][how], 1.2, " ×")

    def region_targets(self):
        regions = self.r["regions"]
        name = f"image-regions-{regions['rows'][-1]['n']}"
        for run in regions["runs"]:
            how, of = run["how"], run["stacks"]
            null = regions["instructions"]["null-log" if run["log"] else NULL][how]
            told = f"with regions, {how}, {'with' if run['log'] else 'without'} log"
            yield self.target(f"a login {told}: time, to null", compare(of[name], of[NULL]), 1.25, " ×")
            yield self.target(f"a login {told}: instructions, to null", regions["instructions"][name][how] / null, 1.35, " ×")
        yield self.target("the decision alone with regions, hot", regions["rows"][-1]["hot"], 30, " µs")
        yield self.target("the decision alone with regions, cold", regions["rows"][-1]["cold"] / 1000, 1, " ms")

    def targets(self):
        yield from self.login_targets()
        decision = self.r["decisions"][-1]
        yield self.target("the decision alone, hot", decision["hot"]["us"], 30, " µs")
        yield self.target("the decision alone, cold", decision["cold"]["us"] / 1000, 1, " ms")
        memory = self.r["memory"]
        yield self.target("memory beyond the null module's peak",
                          (memory[self.big]["median_kib"] - memory[NULL]["median_kib"]) / 1024, 1, " MB")
        apply = self.r["apply"][-1]
        yield self.target("`apply`: time", apply["seconds"], 3, " s")
        yield self.target("`apply`: memory", apply["peak_kib"] / 1024, 500, " MB")
        for how, log in (("fresh", False), ("fresh", True), ("loop", False)):
            of = self.rules(10, how, log)
            yield self.target(f"`pam_access`, 10 rules, {how}, {'with' if log else 'without'} log: our time to its",
                              compare(of["image-networks-10"], of["access-networks-10"]), 1, " ×")
        for how in ("fresh", "loop"):
            of = self.rules(100_000, how)
            if of:
                yield self.target(f"`pam_access`, 100 k rules, {how}: its time to ours",
                                  compare(of["access-networks-100000"], of["image-networks-100000"]), 100, " ×", True)
        yield from self.region_targets()
        for row in self.r.get("audit", []):
            if row["n"] == 100_000:
                yield self.target("`audit --summary` of 100 k records", row["summary"], 1, " s")
        text = next(row for row in self.r["text"] if row["n"] == 100)
        yield self.target("text mode, 100 policies", text["stacks"]["text-text-100"]["us"] / 1000, 10, " ms")

    # The rows

    def login_rows(self, how, log):
        counted = self.r["instructions"]["stacks"]
        base = "null-log" if log else NULL
        names = {**WHOSE, **{image_name(s): sizes_text(s) for s in self.sizes}}
        for name, of in self.run(how, log).items():
            instructions = counted[base if name == NULL else name][how]
            yield (names[name], time_of(of), spread(of), f"{of['cpu_ratio']:.2f}", f"{instructions / 1000:.0f} k",
                   f"{instructions / counted[base][how]:.2f}")

    def login_tables(self):
        for how in ("fresh", "loop"):
            for log in (False, True):
                title = "a process a login" if how == "fresh" else "logins in one process"
                yield f"### {how}: {title}, {'with' if log else 'without'} log\n"
                yield table(("stack", "time a login (quarters)", "to null (parts of the run)", "processor time, to null",
                             "instructions", "to null"), self.login_rows(how, log)) + "\n"

    def size_rows(self):
        memory = self.r["memory"]
        for apply, decision in zip(self.r["apply"], self.r["decisions"]):
            kib = memory[image_name(apply["sizes"])]["median_kib"]
            yield (sizes_text(apply["sizes"]), microseconds(decision["hot"]["us"]), microseconds(decision["cold"]["us"]),
                   f"{(kib - memory[NULL]['median_kib']):+.0f} KiB", f"{apply['seconds']:.2f} s",
                   f"{apply['peak_kib'] / 1024:.0f} MB", f"{apply['image_bytes'] / 2**20:.1f} MB")

    def rule_rows(self):
        users = {row["n"]: row["stacks"] for row in self.r["user_rules"]}
        hbac = {(row["n"], row["groups"]): row["us"] for row in self.r["hbac"]}

        def cell(of, name):
            return microseconds(of[name]["us"]) if of and name in of else "–"

        for row in self.r["network_rules"]:
            n, of = row["n"], row["stacks"]
            plain = row["how"] == "fresh" and not row["log"]
            user = users.get(n) if plain else None
            yield (count(n) + (", with log" if row["log"] else "") + (", loop" if row["how"] == "loop" else ""), cell(of, NULL), cell(of, f"image-networks-{n}"),
                   cell(of, f"text-networks-{n}"), cell(of, f"access-networks-{n}"),
                   f"{of[f'access-networks-{n}']['us'] / of[f'image-networks-{n}']['us']:.1f} ×",
                   cell(user, f"image-users-{n}"), cell(user, f"access-users-{n}"),
                   *((microseconds(hbac[n, groups]) for groups in (0, 10)) if plain else ("–", "–")))

    def text_rows(self):
        for row in self.r["text"]:
            of = row["stacks"][f"text-text-{row['n']}"]
            yield count(row["n"]), time_of(of), spread(of)

    def region_rows(self):
        for row in self.r["regions"]["rows"]:
            of = {(run["how"], run["log"]): run["stacks"][f"image-regions-{row['n']}"] for run in self.r["regions"]["runs"]}
            yield ("1, of one country" if row["n"] == 1 else f"{row['n']}, of every country",
                   *(spread(of[how, log]) for how in ("fresh", "loop") for log in (False, True)),
                   microseconds(row["hot"]), microseconds(row["cold"]), f"{row['seconds']:.2f} s",
                   f"{row['peak_kib'] / 1024:.0f} MB", f"{row['image_bytes'] / 2**20:.1f} MB")

    def audit_rows(self):
        for row in self.r["audit"]:
            yield (count(row["n"]), f"{row['bytes'] / 1e6:.0f} MB", *(f"{row[name]:.2f} s" for name in ("summary", "member", "text")))

    def markdown(self):
        quick = " A quick run: few rounds, small sizes; the targets are for the full one." if self.r["quick"] else ""
        yield "# What a login costs\n"
        yield "Made by `sh bench/run.sh`; its head says what is measured, and how to read this.\n"
        yield f"On {self.r['machine']}. It took {self.r['seconds'] / 60:.0f} minutes.{quick}\n"
        yield f"## Targets, with {sizes_text(self.sizes[-1])}\n"
        yield table(("what", "target", "measured", "in parts of the run", "met"), self.targets()) + "\n"
        yield f"{self.missed} missed.\n" if self.missed else "All met.\n"
        yield f"## A login; instructions by {self.r['instructions']['by']}\n"
        yield from self.login_tables()
        lengths = self.r["log_line_bytes"]
        yield (f"A line of the log has {lengths[NULL]:.0f} bytes of the null module's, "
               f"{lengths[self.big]:.0f} of ours, on average.\n")
        yield "## The image: a decision alone, memory beyond the null module's, and making it\n"
        yield table(("size", "decision, hot", "decision, cold", "memory", "`apply`", "its memory", "image"),
                    self.size_rows()) + "\n"
        yield "## Policies that name regions, by the whole of Debian's tor-geoipdb\n"
        yield table(("policies", "fresh, to null", "with log", "loop, to null", "with log", "decision, hot", "decision, cold",
                     "`apply`", "its memory", "image"), self.region_rows()) + "\n"
        yield "## The same rules for others; fresh and without log, where nothing else is said\n"
        yield table(("rules", "null module", "networks: image", "text", "`pam_access`", "`pam_access` to image",
                     "users: image", "`pam_access`", "HBAC, in process", "with 10 groups"), self.rule_rows()) + "\n"
        yield "## Policies read from the files at each login; fresh, without log\n"
        yield table(("policies", "time a login (quarters)", "to null (parts of the run)"), self.text_rows()) + "\n"
        if "audit" in self.r:
            yield "## `accesspolicy audit`\n"
            yield table(("records", "size", "`--summary`", "`--member`", "as text"), self.audit_rows())


def main():
    with open(sys.argv[1], encoding="utf-8") as results:
        report = Report(json.load(results))
    print("\n".join(report.markdown()))


if __name__ == "__main__":
    main()
