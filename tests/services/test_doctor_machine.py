"""The doctor on a whole machine that the recipes set up, and with five mistakes: what docs/services/doctor.md shows."""
import os
import re
import textwrap

from machine import main, same, test
from mistakes import DOVECOT, WEBMAIL, Edit, planted, set_up, setting

RECIPES = ("sshd", "local", "cron", "cockpit", "dovecot", "dovecot-haproxy", "postfix")
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


if __name__ == "__main__":
    main()
