#!/usr/bin/python3
"""tally.py - counts the tests of one run, and shows the failed ones' logs in full.

Reads Meson's testlog.json, a JSON object a line and test. Writes the numbers of passed, failed and skipped
tests to standard output, and the logs to standard error.
"""
import json
import sys

PASSED = {"OK", "EXPECTEDFAIL"}
SKIPPED = {"SKIP"}


def show(test):
    print(f"\n===== {test['name']}: {test['result']}, exit status {test['returncode']}", file=sys.stderr)
    print("command: " + " ".join(test["command"]), file=sys.stderr)
    for stream in ("stdout", "stderr"):
        if test.get(stream):
            print(f"----- {stream}\n{test[stream].rstrip()}", file=sys.stderr)
    print(f"===== end of {test['name']}\n", file=sys.stderr)


def main():
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    with open(sys.argv[1], encoding="utf-8") as log:
        for test in map(json.loads, log):
            if test["result"] in PASSED:
                counts["passed"] += 1
            elif test["result"] in SKIPPED:
                counts["skipped"] += 1
            else:
                counts["failed"] += 1
                show(test)
    print(counts["passed"], counts["failed"], counts["skipped"])


main()
