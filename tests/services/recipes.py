"""recipes.py DOCS - the pages of docs/services against their files, and against the tests that carry them out.

A page NAME.md shows files that stand below NAME/ where they stand on a machine, each whole, and those of the same text together:

    <!-- file: etc/pam.d/dovecot-policy-imap-993, etc/pam.d/dovecot-policy-imap-143 -->
    ```
    auth required pam_accesspolicy.so ...
    ```

commands, which machine.py's recipe() runs, in blocks marked `<!-- test: run -->`, those that undo(), `<!-- test: undo -->`, and what users see, which is a row of the
table that the tests make: `<!-- seen: sshd | password, denied by address -->`. Any other block says why it is not run:
`<!-- not run: its addresses are examples -->`.

The packages that the index names are among those of the tests' machine.
"""
import os
import re
import subprocess
import sys

from machine import row_of, table_of

BLOCK = re.compile(r"(?:^<!-- ([^\n]*) -->\n)?^```([a-z]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def files_below(folder):
    return sorted(os.path.relpath(os.path.join(where, name), folder) for where, _, names in os.walk(folder) for name in names)


def faults_of_file(page, folder, name, text):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        yield f"{page}: shows {name}, and there is no such file below {os.path.basename(folder)}/"
        return
    with open(path, encoding="utf-8") as file:
        if file.read() != text:
            yield f"{page}: shows another {name} than the file that the tests use"


def faults_of_seen(page, docs, head, text):
    with open(table_of(docs), encoding="utf-8") as file:
        if row_of(head, text) not in file.read().splitlines():
            yield f"{page}: no row of the table says that {head} sees: {text.splitlines()[0]}"


def faults_of_block(page, folder, shown, mark, text):
    if mark.startswith("file: "):
        for name in mark.removeprefix("file: ").split(", "):
            shown.append(name)
            yield from faults_of_file(page, folder, name, text)
    elif mark in ("test: run", "test: undo"):
        checked = subprocess.run(["sh", "-n"], input=text.encode(), capture_output=True, check=False)
        if checked.returncode != 0:
            yield f"{page}: {checked.stderr.decode().strip()}"
    elif mark.startswith("seen: "):
        yield from faults_of_seen(page, os.path.dirname(folder), mark.removeprefix("seen: "), text)
    elif not mark.startswith("not run: "):
        yield f"{page}: a block that is neither a file, nor run, nor says why it is not: {text.splitlines()[0]}"


def faults_of_page(docs, name):
    page, folder, shown = name + ".md", os.path.join(docs, name), []
    with open(os.path.join(docs, page), encoding="utf-8") as file:
        blocks = BLOCK.findall(file.read())
    for mark, _, text in blocks:
        yield from faults_of_block(page, folder, shown, mark, text)
    for missing in sorted(set(files_below(folder)) - set(shown)):
        yield f"{page}: does not show {missing}"


def packages_of(root_script):
    """Those of its lists NAME='PACKAGE...'."""
    with open(root_script, encoding="utf-8") as file:
        return set(" ".join(re.findall(r"^[a-z]+='([^']*)'$", file.read(), re.MULTILINE)).split())


def faults_of_packages(index, root_script):
    installed = packages_of(root_script)
    named = re.findall(r"`([^`]+)`", index.split("| recipe | packages |\n", 1)[1].split("\n\n", 1)[0])
    return [f"README.md: the package {name} is not on the tests' machine" for name in named if name not in installed]


def main(docs):
    here = os.path.dirname(os.path.abspath(__file__))
    tests = ""
    for name in os.listdir(here):
        if name.endswith(".py"):
            with open(os.path.join(here, name), encoding="utf-8") as file:
                tests += file.read()
    with open(os.path.join(docs, "README.md"), encoding="utf-8") as file:
        index = file.read()
    pages = sorted(name[:-len(".md")] for name in os.listdir(docs) if name.endswith(".md") and name != "README.md")
    folders = {name for name in os.listdir(docs) if os.path.isdir(os.path.join(docs, name))}
    faults = [f"{name}/: belongs to no page" for name in sorted(folders - set(pages))]
    faults += faults_of_packages(index, os.path.join(here, "root.sh"))
    for name in pages:
        faults += faults_of_page(docs, name)
        if f"({name}.md)" not in index:
            faults.append(f"README.md does not lead to {name}.md")
        if f'recipe("{name}")' not in tests:
            faults.append(f"{name}.md: no test carries it out")
    print("\n".join(faults) or f"{len(pages)} recipes")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
