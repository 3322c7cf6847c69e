"""Lists of passdbs as chance makes them, in a real Dovecot: what the doctor says of each against who gets in.

Each passdb but the policy's says yes or no, as the user's name tells it: to carol-yn the first says yes and the second
no. The doctor must say that there is a way past the policy exactly where some carol gets in, whom it denies, and that
nobody gets in exactly where no alice does.
AP_SEED repeats a run, AP_LISTS makes it longer.
"""
import itertools
import os
import random
from concurrent.futures import ThreadPoolExecutor

from machine import expect, main, note, same, test, wait_for
from mistakes import examined

LISTS = int(os.environ.get("AP_LISTS", "10"))
SETTINGS = "/etc/dovecot/t.conf"
POLICY = """policies = (
  { name = "Carol"; type = "blacklist"; scope = { members = [ MEMBERS ]; }; }
);
"""
HEAD = """protocols = imap
ssl = no
auth_failure_delay = 0
mail_location = maildir:/tmp/mail
service imap-login {
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=/tmp
}
"""
RULES = ("return", "return-ok", "return-fail", "continue", "continue-ok", "continue-fail")
SKIPS = ("never", "never", "authenticated", "unauthenticated")
WAYS_PAST = {"dovecot-not-reached", "dovecot-skipped", "dovecot-unheeded"}


class Passdb:
    """One that chance made. `number` is its place; None as service: it is the policy's."""

    def __init__(self, random_, number, is_policy):
        self.is_policy, self.deny = is_policy, random_.random() < (0.6 if is_policy else 0.1)
        self.service = ("policy-deny" if self.deny else "policy") if is_policy else f"answers-{number}"
        self.skip, self.success, self.failure = random_.choice(SKIPS), random_.choice(RULES), random_.choice(RULES)

    def __str__(self):
        return (f"passdb {{\n  driver = pam\n  args = {self.service}\n  deny = {'yes' if self.deny else 'no'}\n"
                f"  skip = {self.skip}\n"
                f"  result_success = {self.success}\n  result_failure = {self.failure}\n"
                f"  result_internalfail = return-fail\n}}\n")


def a_list(random_):
    while True:
        n = random_.randint(2, 4)
        policy = random_.randrange(n)
        passdbs = [Passdb(random_, i, i == policy) for i in range(n)]
        # Dovecot does not start where none is left
        if any(passdb.skip != "unauthenticated" for passdb in passdbs):
            return passdbs


def write_service(machine, passdb, place):
    """It says yes to users with "y" at that place; no in one that denies is an unknown user."""
    no = "pam_debug.so auth=user_unknown" if passdb.deny else "pam_deny.so"
    machine.write(f"/etc/pam.d/{passdb.service}", f"auth sufficient pam_succeed_if.so quiet user =~ *-{'?' * place}y*\n"
                  f"auth required {no}\naccount required pam_permit.so\n")


def gets_in(machine, user):
    result = machine.run("doveadm", "-c", SETTINGS, "auth", "test", "-x", "service=imap", user, "secret")
    expect("auth succeeded" in result.out or "auth failed" in result.out, "the login", result)
    return "auth succeeded" in result.out


def users(name, n_answers):
    return [f"{name}-{''.join(answers)}" for answers in itertools.product("yn", repeat=n_answers)]


@test
def lists_that_chance_makes(machine):
    seed = int(os.environ.get("AP_SEED", "20261128"))
    random_ = random.Random(seed)
    everybody = [user for n in range(1, 4) for user in users("carol", n)]
    machine.policy(POLICY.replace("MEMBERS", ", ".join(f'"{user}"' for user in everybody)))
    machine.write("/etc/pam.d/policy",
                  "auth required pam_accesspolicy.so allowed=success\naccount required pam_permit.so\n")
    machine.write("/etc/pam.d/policy-deny", "auth required pam_accesspolicy.so allowed=user-unknown\n")
    machine.shell("mv /etc/dovecot/dovecot.conf /etc/dovecot/dovecot.conf.away; ln -s t.conf /etc/dovecot/dovecot.conf")
    counts = {"past": 0, "closed": 0, "nobody": 0}
    for number in range(LISTS):
        passdbs = a_list(random_)
        text = HEAD + "".join(str(passdb) for passdb in passdbs)
        machine.write(SETTINGS, text)
        mark = machine.log.mark()
        others = [passdb for passdb in passdbs if not passdb.is_policy]
        for place, passdb in enumerate(others):
            write_service(machine, passdb, place)
        checks = {one["check"] for one in examined(machine, "dovecot")}
        dovecot = machine.start("/usr/sbin/dovecot", "-F", "-c", SETTINGS)
        # the sockets of the one before it are still there
        machine.log.wait(mark, "starting up for")
        names = users("carol", len(others)) + users("alice", len(others))
        with ThreadPoolExecutor(len(names)) as pool:
            let_in = [user for user, yes in zip(names, pool.map(lambda user: gets_in(machine, user), names)) if yes]
        denied = [user for user in let_in if user.startswith("carol")]
        allowed = [user for user in let_in if user.startswith("alice")]
        dovecot.stop()
        wait_for("Dovecot's end", lambda: not os.path.exists(machine.path("/run/dovecot/master.pid")))
        said = (bool(checks & WAYS_PAST), "dovecot-nobody" in checks)
        same(said, (bool(denied), not allowed),
             f"AP_SEED={seed}, list {number}: a way past, and nobody gets in\n"
             f"{text}{sorted(checks)} {denied} {allowed}\n" + "\n".join(str(line) for line in machine.log.since(mark)))
        counts["past" if denied else "closed"] += 1
        counts["nobody"] += not allowed
    note(f"{counts['past']} lists with a way past the policy, {counts['closed']} without, "
         f"{counts['nobody']} that let nobody in")
    expect(LISTS < 10 or min(counts.values()) > 0, "every kind of list came up", counts)


if __name__ == "__main__":
    main()
