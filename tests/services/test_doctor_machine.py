"""The doctor on a whole machine that the recipes set up, and with five mistakes: what docs/services/doctor.md shows."""
import os
import re
import textwrap

from machine import expect, main, same, test
from mistakes import DOVECOT, OF_CLIENTS, WEBMAIL, Edit, examined, planted, set_up, setting, short

RECIPES = ("sshd", "local", "cron", "cockpit", "dovecot", "dovecot-haproxy", "postfix", "roundcube")
FIVE_MISTAKES = (
    Edit("/etc/ssh/sshd_config.d/00-site.conf", None, "UsePAM no\n"),
    Edit(DOVECOT, "result_success = continue-ok", "result_success = return-ok"),
    Edit("/etc/pam.d/dovecot-policy-pop3-110"),
    Edit(WEBMAIL, "127.0.0.143/32", "127.0.0.0/8"),
    setting("submissions/inet", "smtpd_sasl_service", "webmail"),
)
WIDTH = 110
SHOWN = "<!-- not run: its test plants the mistakes, and holds this against what the doctor says -->\n```\n"


def wrapped(text):
    """Lines as a terminal of that width shows them; a finding's go on below their text."""
    lines = []
    for line in text.splitlines():
        indent = re.match(r"(    [a-z]+ +|[A-Z][A-Za-z ]+: +|)", line)[0]
        lines += textwrap.wrap(line, WIDTH, subsequent_indent=" " * len(indent), break_long_words=False,
                               break_on_hyphens=False) or [""]
    return "".join(line + "\n" for line in lines)


def is_shown(machine, *sessions):
    """The page doctor.md shows them; with AP_UPDATE in the environment they are written there."""
    path = os.path.join(machine.docs, "doctor.md")
    with open(path, encoding="utf-8") as file:
        parts = file.read().split(SHOWN)
    same(len(parts), 1 + len(sessions), "how many sessions doctor.md shows")
    for number, session in enumerate(sessions, 1):
        before, after = parts[number].split("```\n", 1)
        if "AP_UPDATE" in os.environ:
            parts[number] = session + "```\n" + after
        else:
            same(before, session, f"session {number} of doctor.md")
    if "AP_UPDATE" in os.environ:
        with open(path, "w", encoding="utf-8") as file:
            file.write(SHOWN.join(parts))


@test
def a_whole_machine(machine):
    machine.shell("mkdir -p /run/sshd")
    set_up(machine, *RECIPES)
    machine.recipe("doctor")
    right = machine.run("accesspolicy", "doctor", status=0).out
    with planted(machine, FIVE_MISTAKES):
        wrong = machine.run("accesspolicy", "doctor", status=1).out
    is_shown(machine, "$ accesspolicy doctor\n" + wrapped(wrong), "$ accesspolicy doctor\n" + wrapped(right))


def configuration(machine):
    """All files and links in /etc, and Roundcube's plugins."""
    return machine.shell("""cd /
        find etc -type f -exec sha256sum {} + | sort -k 2
        find etc var/lib/roundcube/plugins -type l -printf '%p is %l\\n' | sort""").out.splitlines()


def is_undone(machine, name):
    before = configuration(machine)
    machine.recipe(name)
    expect(configuration(machine) != before, f"the recipe {name} changes nothing")
    machine.undo(name)
    same(configuration(machine), before, name)


@test
def a_recipe_that_is_undone_leaves_nothing_behind(machine):
    for name in RECIPES:
        machine.undo(name)
    for name in RECIPES:
        is_undone(machine, name)
    for table in "accesspolicy_webmail", "accesspolicy_postfix":
        same(machine.run("nft", "list", "table", "inet", table).status, 1, f"the rules of {table} are gone")
    # it changes what Dovecot's recipe sets up, and has a file in the place of one of that
    machine.recipe("dovecot")
    machine.delete(WEBMAIL)
    is_undone(machine, "dovecot-webmail-namespace")
    machine.undo("dovecot")


@test
def recipes_are_undone_in_any_order(machine):
    """Dovecot's is what lets everybody in again, and so may come first."""
    before = configuration(machine)
    for name in "dovecot", "dovecot-haproxy", "postfix", "dovecot-webmail-namespace":
        machine.recipe(name)
    for name in "dovecot", "dovecot-haproxy", "postfix", "dovecot-webmail-namespace":
        machine.undo(name)
    same(configuration(machine), before, "afterwards")


@test
def with_saslauthd_and_the_webmail_in_a_namespace(machine):
    """All recipes that one machine can follow. Logins through saslauthd have no address: its recipe is for policies that ask for none."""
    machine.shell("mkdir -p /run/sshd")
    set_up(machine, *RECIPES, "dovecot-webmail-namespace", "saslauthd")
    same(short(examined(machine)), ["lockout saslauthd saslauthd-address"], "a policy that asks for an address")
    machine.delete("/etc/accesspolicy/conf.d/60-webmail-address.conf")
    machine.policy(OF_CLIENTS)
    same(examined(machine), [], "a policy of client types")


if __name__ == "__main__":
    main()
