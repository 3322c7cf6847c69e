#!/usr/bin/python3
"""check_names.py MANUAL.scd SOURCE.c... - the manual lists the doctor's checks, and the sources have no others.

In the manual they are the terms behind "; checks: NAME"; in the sources the names that a finding is given.
"""
import re
import sys


def in_manual(text):
    lists = re.findall(r"(?ms)^; checks: \w+\n(.*?)(?=^#|^; |\Z)", text)
    terms = [line for part in lists for line in part.splitlines() if line.startswith("*")]
    return [name for line in terms for name in re.findall(r"\*([a-z-]+)\*", line)]


def in_source(text):
    # as a field, or as the argument behind the kind; either may be one of two
    places = re.findall(r'check = ([^;,]*?"[^;,]*)', text) + re.findall(r"AP_FINDING_[A-Z]+,\s*([^,]*\"[^,]*),", text)
    return {name for place in places for name in re.findall(r'"([a-z-]+)"', place)}


def main():
    with open(sys.argv[1], encoding="utf-8") as manual:
        described = in_manual(manual.read())
    known = set()
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as source:
            known |= in_source(source.read())
    twice = sorted({name for name in described if described.count(name) > 1})
    print(f"{len(known)} checks; not described: {sorted(known - set(described))}; "
          f"described, and not there: {sorted(set(described) - known)}; described twice: {twice}")
    sys.exit(set(described) != known or bool(twice) or len(known) < 20)


main()
