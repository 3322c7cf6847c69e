#!/usr/bin/python3
"""options.py MODULE.c MANUAL.scd - the module's source and its manual page name the same options and the same values.

In the source they stand in the table of options, in the sentence that tells which there are, and in the lists of words
that a value may be; in the manual in the synopsis and in the section OPTIONS.
"""
import re
import sys


def find(pattern, text, what):
    found = re.search(pattern, text, re.S)
    if not found:
        sys.exit(f"{what} is not where it is expected: {pattern}")
    return found.group(1)


def words(text):
    return set(re.findall(r'"([a-z-]+)"', text))


def section(manual, name):
    return find(rf"(?m:^# {name}$)\n(.*?)(?:\n# |\Z)", manual, f"the manual's section {name}")


def in_source(source):
    source = re.sub(r'"\n\s*"', "", source)  # a sentence may go on in the next line
    table = find(r"known_options\[\] = \{(.*?)\n\};", source, "the table of options")
    kinds = dict(re.findall(r'\{ "([a-z]+)", ([A-Z]+),', table))
    options = {name if kind == "FLAG" else name + "=" for name, kind in kinds.items()}
    sentence = find(r'is no option; expected ([^"]*)"', source, "the sentence that names the options")
    values = {
        "message=": words(find(r"styles\[\] = \{ (\"[^}]*)\}", source, "the values of message=")),
        "silent=": words(find(r"silences\[\] = \{ (\"[^}]*)\}", source, "the values of silent=")),
        "allowed=": words(find(r"answers\[\] = \{ (\"[^}]*)\}", source, "the values of allowed=")),
    }
    return options, set(re.findall(r"[a-z]+=|debug", sentence)), values


def in_manual(text):
    synopsis = re.sub(r"[*_\\]", "", section(text, "SYNOPSIS"))
    described = re.findall(r"^\*([a-z]+=?)\*", section(text, "OPTIONS"), re.M)
    values = {
        option: set(re.findall(r"[a-z-]+", alternatives))
        for option, alternatives in re.findall(r"\[([a-z]+=)([a-z-]+(?:\|[a-z-]+)+)\]", synopsis)
    }
    return set(re.findall(r"\[([a-z]+=?)", synopsis)), set(described), values


def main():
    with open(sys.argv[1], encoding="utf-8") as source, open(sys.argv[2], encoding="utf-8") as manual:
        table, sentence, values = in_source(source.read())
        synopsis, described, described_values = in_manual(manual.read())
    wrong = False
    for what, found in (("the sentence in the source", sentence), ("the synopsis", synopsis), ("OPTIONS", described)):
        if found != table:
            print(f"{what}: lacks {sorted(table - found)}, has besides {sorted(found - table)}")
            wrong = True
    if described_values != values:
        print(f"values: in the source {values}, in the synopsis {described_values}")
        wrong = True
    sys.exit(wrong)


main()
