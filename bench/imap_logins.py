#!/usr/bin/env python3
"""
imap_logins.py - IMAP logins a second through a real Dovecot, with the module and without it.

    python3 bench/imap_logins.py BUILD SERVICES-ROOT docs/services RESULTS [ROUNDS [LOGINS]]

As root. BUILD is the folder that the product was built in, optimised (meson setup --buildtype=release); SERVICES-ROOT is made by
sh tests/services/root.sh. The table is written to RESULTS, bench/results/imap.md, and printed. Of the machine nothing is changed.

How to read it

  without   Dovecot as Debian has it: one passdb, which checks the password through PAM.
  pair      The recipe's two passdbs, with pam_debug in the place of the module: what the second PAM call itself costs.
  module    The recipe: the module, a policy of 100,000 ranges and 1,000 members in departments, one line of log a login.
  rounds    The three take turns, another one first in each round, each on a Dovecot of its own start, after logins whose time is
            not counted. Given are the medians of the rounds, and the least and the greatest. Rates hang on what else the machine
            does: the ratios are those of one round.
  logins    Whole sessions of as many clients at once as is said: connect, LOGIN, LOGOUT, over loopback, each from another
            address. All are allowed, and each must be answered so. Dovecot's login processes are as Debian has them, a new one
            a connection. The clients run on the same processors, and the log's reader does.
  processor The processor time of all of Dovecot's processes, from its start to its end, by the number of logins. It leaves out
            what the clients and other programs take.
"""
import ctypes
import os
import re
import resource
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "services"))
import machine as lab  # noqa: E402
from mail import SETTINGS, Dovecot, Imap  # noqa: E402

MEMBERS, RANGES, USERS, AT_ONCE, WARM_UP = 1000, 100_000, 20, 8, 60
CONF, AUTH_CONF = "/etc/dovecot/conf.d/99-accesspolicy.conf", "/etc/dovecot/conf.d/10-auth.conf"
PAM_FILE = "/etc/pam.d/dovecot-policy-imap-143"
POLICY = """default_domain = "example.com";
directory = [ "members.csv" ];
networks = ( { name = "listed"; file = "listed.netset"; } );
policies = (
  { name = "Listed"; type = "blacklist"; scope = { all = true; }; ip = [ "@listed" ]; },
  { name = "Office"; type = "whitelist"; scope = { departments = [ "staff/*" ]; }; ip = [ "127.0.0.0/8" ]; }
);
"""
PR_SET_CHILD_SUBREAPER = 36
YES = "a OK [CAPABILITY …] Logged in\r\n"


def set_up(machine):
    for i in range(USERS):
        machine.user(f"user{i}")
    folder = "/etc/accesspolicy/"
    machine.write(folder + "members.csv", "".join(f"user{i}@example.com,staff/team{i % 50}\n" for i in range(MEMBERS)))
    # every second /24, so that none can be merged with its neighbour
    machine.write(folder + "listed.netset",
                  "".join(f"{11 + (2 * i >> 16)}.{2 * i >> 8 & 255}.{2 * i & 255}.0/24\n" for i in range(RANGES)))
    machine.policy(POLICY)
    machine.recipe("dovecot")
    machine.write("/etc/dovecot/conf.d/99-test.conf", SETTINGS)
    return {path: machine.read(path) for path in (CONF, AUTH_CONF, PAM_FILE)}


def variants(recipe):
    """What is measured: its name, and the files that make it."""
    debian = recipe[AUTH_CONF].replace("#!include auth-system", "!include auth-system")
    debug = re.sub(r"pam_accesspolicy\.so .*", "pam_debug.so auth=user_unknown", recipe[PAM_FILE])
    return {"without": {CONF: "", AUTH_CONF: debian}, "pair": {PAM_FILE: debug}, "module": {}}


def session(machine, i):
    with Imap(machine.connect(143, source=f"127.1.{i // 250 % 250}.{i % 250 + 1}")) as client:
        answer = client.login(f"user{i % USERS}")
        lab.same(answer, YES, f"login {i}")
        client.command("LOGOUT")


def reap():
    """The processor time that ended processes have taken, in seconds: those that Dovecot leaves behind are this program's."""
    try:
        while os.waitpid(-1, 0):
            pass
    except ChildProcessError:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime


def measure(machine, n):
    """Logins a second, and Dovecot's processor time a login in ms."""
    before = reap()
    dovecot = Dovecot(machine)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(lambda i: session(machine, i), range(WARM_UP)))
        start = time.monotonic()
        list(threads.map(lambda i: session(machine, i), range(n)))
        rate = n / (time.monotonic() - start)
    dovecot.stop()
    return rate, (reap() - before) / (n + WARM_UP) * 1000


def decisions_are(machine, mark, n, what):
    lab.same(len(machine.log.decisions(mark)), n, f"{what}: the module's lines")


def rounds(machine, recipe, n_rounds, n_logins):
    found = {name: [] for name in variants(recipe)}
    for i in range(n_rounds):
        turns = list(variants(recipe).items())
        for name, files in turns[i % 3:] + turns[:i % 3]:
            for path, text in {**recipe, **files}.items():
                machine.write(path, text)
            mark = machine.log.mark()
            found[name].append(measure(machine, n_logins))
            decisions_are(machine, mark, n_logins + WARM_UP if name == "module" else 0, name)
            print("round {}, {}: {:.1f} logins a second, {:.2f} ms".format(i + 1, name, *found[name][-1]), file=sys.stderr)
    return found


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        name = re.search(r"model name\s*: (.*)", file.read())
    return f"{os.cpu_count()} processors" + (f" ({name[1]})" if name else "")


def ratio(found, other, what):
    low, middle, high = statistics.quantiles([a[what] / b[what] for a, b in zip(found["module"], found[other])], n=4)
    return f"{middle:.2f} × ({low:.2f}–{high:.2f})"


def table(machine, found, n_logins, load):
    about = {"without": "one passdb, as Debian has it", "pair": "two passdbs, `pam_debug` in the module's place",
             "module": "two passdbs, the module"}
    version = machine.run("dpkg-query", "-W", "-f", "${Version}", "dovecot-imapd", status=0).out
    lines = ["# IMAP logins a second through Dovecot", "",
             "Made by `bench/imap_logins.py`; its head says what is measured, and how to read this.", "",
             f"On {processor()}, Dovecot {version}: {len(found['module'])} rounds of {n_logins} logins, {AT_ONCE} at once.",
             f"Before it began, {load:.1f} processes wanted to run (a minute's mean): whatever is above 0 is other work.", "",
             "| Dovecot with | logins a second | of the rounds | Dovecot's processor time a login | of the rounds |",
             "|---|---|---|---|---|"]
    for name, of in found.items():
        cells = [f"{statistics.median(numbers):.1f}{unit} | {min(numbers):.1f}–{max(numbers):.1f}"
                 for numbers, unit in zip(zip(*of), ("", " ms"))]
        lines.append(f"| {about[name]} | {' | '.join(cells)} |")
    lines += ["", "With the module, in the same round (the median of the rounds, and in brackets the quarters):", ""]
    for other in "without", "pair":
        lines.append(f"- to {about[other]}: {ratio(found, other, 0)} the logins a second, "
                     f"{ratio(found, other, 1)} the processor time")
    lines.append("")
    return "\n".join(lines)


def main():
    lab.enter()
    build, root, docs, results = (os.path.realpath(path) for path in sys.argv[1:5])
    n_rounds, n_logins = [int(word) for word in sys.argv[5:7]] + [15, 200][len(sys.argv[5:7]):]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    machine = lab.Machine(build, root, docs)
    load = os.getloadavg()[0]
    text = table(machine, rounds(machine, set_up(machine), n_rounds, n_logins), n_logins, load)
    with open(results, "w", encoding="utf-8") as file:
        file.write(text)
    print(text)


if __name__ == "__main__":
    main()
