"""cron as docs/services/cron.md sets it up. Its jobs are those of @reboot, for which nobody has to wait a minute."""
import os

from decisions import NONE
from logins import (ALLOWED, BY_CLIENT_TYPE, BY_DEPARTMENT, NOT_IN_THE_OFFICE, UNDETERMINED, by, changed,
                    decision, make_users, no_policy, put_in_force)
from machine import main, same, saw, test, wait_for

IMAGE = "/var/lib/accesspolicy/policy.v1.image"
LINE = "account required pam_accesspolicy.so"
JOB = "echo ran; id -un >>/tmp/ran"
# Whose jobs run, and why: in a crontab of the user's own, and root's in the system's.
JOBS = {"root": ALLOWED, "alice": ALLOWED, "erin": NOT_IN_THE_OFFICE, "bob": BY_DEPARTMENT, "carol": BY_CLIENT_TYPE,
        "frank": UNDETERMINED}
WHAT = {"alice": "allowed", "erin": "denied by address", "bob": "denied by department", "carol": "denied by client type",
        "frank": "denied, undetermined: a group that is not known"}

def set_up(machine):
    make_users(machine)
    # what a job prints is sent by mail: this is the user's mailbox
    machine.write("/usr/sbin/sendmail", "#!/bin/sh\ncat >>/tmp/mail\n", 0o755)
    machine.write("/etc/crontab", f"@reboot root {JOB}\n")
    # the packages' own jobs have their minutes, in which others than those of the tests would be asked about
    machine.shell("rm /etc/cron.d/*")
    for user in JOBS:
        if user != "root":
            machine.run("crontab", "-u", user, "-", input=f"@reboot {JOB}\n", status=0)
    machine.recipe("cron")
    put_in_force(machine)


def run_jobs(machine, expected):
    """Starts cron, as at a boot, and stops it when it is through: who ran, what was decided, what cron logged of whom by mail."""
    for path in "/run/crond.reboot", "/tmp/ran", "/tmp/mail":
        if machine.exists(path):
            machine.delete(path)
    machine.write("/tmp/ran", "", 0o666)
    machine.write("/tmp/mail", "", 0o666)
    mark = machine.log.mark()
    cron = machine.start("cron", "-f")
    n = len(JOBS)
    wait_for("all jobs", lambda: ended(machine, mark) == n and not jobs_of(cron.pid))
    cron.stop()
    same(sorted(machine.read("/tmp/ran").split()), sorted(expected), "whose jobs ran")
    return mark


def jobs_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as file:
        return file.read().split()


def ended(machine, mark):
    """How many jobs were either refused or ran to their end."""
    cron = machine.log.since(mark, "CRON")
    return sum(line.text in ("Permission denied", "Error in service module") or "session closed for user" in line.text
               for line in cron)


def decided(user, because):
    return decision("cron", user, "local", because, rhost=NONE, tty="cron")


def allowed_users():
    return [user for user, because in JOBS.items() if because is ALLOWED]


@test
def a_job_runs_if_its_user_is_allowed(machine):
    mark = run_jobs(machine, allowed_users())
    same(sorted(machine.log.decisions(mark)), sorted(decided(user, because) for user, because in JOBS.items()), "decisions")
    of_cron = [f"{line.tag}: {line.text}" for line in machine.log.since(mark, "CRON") if "pam_" not in line.text]
    same(sorted(of_cron), sorted([f"CRON: ({user}) CMD ({JOB})" for user in allowed_users()] +
                                 ["CRON: Permission denied"] * (len(JOBS) - len(allowed_users()))), "cron's log")
    mails = machine.read("/tmp/mail")
    for user, what in WHAT.items():
        seen = "".join(mail for mail in mails.split("From: ") if f"\nTo: {user}\n" in mail)
        same("\nran\n" in seen, JOBS[user] is ALLOWED, f"{user}: what is sent by mail")
        same(seen == "", JOBS[user] is not ALLOWED, f"{user}: whether anything is sent by mail")
        saw(machine, "cron", what, "by mail: ran" if JOBS[user] is ALLOWED else seen)


@test
def the_auth_phase_alone_is_passed(machine):
    """cron never calls it."""
    with changed(machine, "/etc/pam.d/cron", LINE, "auth required pam_accesspolicy.so"):
        mark = run_jobs(machine, JOBS)
        same(machine.log.decisions(mark), [], "the bypass: the policy is not asked")
    run_jobs(machine, allowed_users())


@test
def a_prompt_changes_nothing(machine):
    with changed(machine, "/etc/pam.d/cron", LINE, f"{LINE} message=prompt"):
        mark = run_jobs(machine, allowed_users())
        same(sorted(machine.log.decisions(mark)), sorted(decided(user, because) for user, because in JOBS.items()), "decisions")


@test
def without_a_policy_no_job_runs(machine):
    os.rename(machine.path(IMAGE), machine.path(IMAGE) + ".away")
    why = f"{IMAGE}: is missing, though /var/lib/accesspolicy/history tells that a policy was applied"
    mark = run_jobs(machine, [])
    same(sorted(machine.log.decisions(mark)), sorted(no_policy("cron", user, NONE, why) for user in JOBS), "decisions")
    os.rename(machine.path(IMAGE) + ".away", machine.path(IMAGE))
    run_jobs(machine, allowed_users())


@test
def a_policy_that_changes_counts_at_the_next_run(machine):
    """cron goes on; what it forks for a job asks anew."""
    put_in_force(machine, 'policies = ( { name = "Nobody"; type = "blacklist"; scope = { all = true; except = '
                 '{ members = [ "root" ]; }; }; ip = [ "local" ]; } );\n')
    mark = run_jobs(machine, ["root"])
    nobody = by("Nobody", text='policies = ( { name = "Nobody"')
    same(sorted(machine.log.decisions(mark)),
         sorted(decided(user, ALLOWED if user == "root" else nobody) for user in JOBS), "decisions")
    put_in_force(machine)


if __name__ == "__main__":
    main(set_up=set_up)
