"""What the doctor says of sshd's PAM file, and what becomes of real logins by it.

Each mistake is planted in the recipe's set-up: whom the policy denies is let in where the doctor speaks of a bypass, and
whom it allows is denied where it speaks of a lockout.
"""
import contextlib
import json

from logins import ABROAD, OFFICE, POLICY, put_in_force
from machine import ADDRESS, expect, main, same, test, wait_for

KEY = "/root/.ssh/id_ed25519"
SERVICE = "/etc/pam.d/sshd"
COMMON = "@include common-account"
LINE = "account required pam_accesspolicy.so"

# What takes the place of the module's line and of the line that includes common-account; what is found; and whether they
# are let in: whom the policy denies, whom it denies and whose password has expired, and whom it allows.
MISTAKES = (
    ("the right set-up", f"{LINE}\n{COMMON}", [], False, False, True),
    ("optional", f"account optional pam_accesspolicy.so\n{COMMON}", ["bypass denial-lost"], True, True, True),
    ("sufficient", f"account sufficient pam_accesspolicy.so\n{COMMON}",
     ["bypass denial-lost", "bypass skips-others"], True, True, True),
    ("its denial is ignored", f"account [success=ok perm_denied=ignore default=die] pam_accesspolicy.so\n{COMMON}",
     ["bypass denial-lost"], True, True, True),
    ("behind common-account, which a password that has expired ends", f"{COMMON}\n{LINE}",
     ["bypass never-asked"], False, True, True),
    ("behind a module that lets in", f"account sufficient pam_localuser.so\n{LINE}\n{COMMON}",
     ["bypass never-asked"], True, True, True),
    ("jumped over", f"account [success=1 default=ignore] pam_localuser.so\n{LINE}\n{COMMON}",
     ["bypass never-asked"], True, True, True),
    ("in the auth phase alone", f"auth required pam_accesspolicy.so\n{COMMON}",
     ["bypass auth-alone"], True, True, True),
    ("an answer for Dovecot", f"{LINE} allowed=user-unknown\n{COMMON}",
     ["lockout allowed-denied"], False, False, False),
    ("an option that there is not", f"{LINE} mesage=none\n{COMMON}", ["lockout option"], False, False, False),
    ("an image that there is not", f"{LINE} image=/var/lib/accesspolicy/none\n{COMMON}",
     ["lockout file-missing"], False, False, False),
    ("a client type that there is not", f"{LINE} client=shell\n{COMMON}",
     ["lockout client-unknown"], False, False, False),
    ("a module that there is not", f"account required /usr/lib/security/pam_accesspolicy.so\n{COMMON}",
     ["lockout module-missing"], False, False, False),
    ("the module without its .so", f"account required pam_accesspolicy\n{COMMON}",
     ["lockout module-missing"], False, False, False),
    ("a line that was written elsewhere", f"{LINE}\r\n{COMMON}", ["lockout module-missing"], False, False, False),
    ("behind a module that is done",
     f"account [success=done new_authtok_reqd=done default=ignore] pam_unix.so\n{LINE}\n{COMMON}",
     ["bypass never-asked"], True, True, True),
    ("over three lines", f"account \\\n  required \\\n  pam_accesspolicy.so\n{COMMON}", [], False, False, True),
    ("in other letters, with the folder",
     f"ACCOUNT REQUIRED /usr/lib/x86_64-linux-gnu/security/pam_accesspolicy.so\n{COMMON}", [], False, False, True),
)


def set_up(machine):
    machine.user("alice")
    machine.shell(f"""mkdir -p /run/sshd /root/.ssh
        ssh-keygen -q -t ed25519 -N '' -f {KEY}
        install -d -o alice -g alice -m 700 /home/alice/.ssh
        install -o alice -g alice -m 600 {KEY}.pub /home/alice/.ssh/authorized_keys
        echo "{ADDRESS} $(cat /etc/ssh/ssh_host_ed25519_key.pub)" >/etc/ssh/ssh_known_hosts""")
    machine.host("client", OFFICE, ABROAD)
    machine.recipe("sshd")
    put_in_force(machine, POLICY)
    machine.start("/usr/sbin/sshd", "-D")
    machine.wait_for_port(22, ADDRESS)


@contextlib.contextmanager
def planted(machine, lines):
    right = machine.read(SERVICE)
    wrong = right.replace(LINE + "\n", "").replace(COMMON, lines)
    expect(wrong.count(lines) == 1, "the recipe's file", right)
    with machine.restoring(SERVICE):
        machine.write(SERVICE, wrong)
        yield


def is_let_in(machine, source):
    """By public key. Also who is let in to change a password that has expired, which nobody types here."""
    mark = machine.log.mark()
    machine.run("ssh", "-o", "BatchMode=yes", "-o", f"BindAddress={source}", f"alice@{ADDRESS}", "true", host="client")

    def verdict():
        said = [line.text for line in machine.log.since(mark, "sshd")]
        return [text for text in said
                if "Accepted publickey for alice" in text or "Access denied for user alice by PAM" in text]
    wait_for("what sshd says of the login", verdict)
    return "Accepted" in verdict()[0]


def findings(machine):
    result = machine.run("accesspolicy", "doctor", "--json", "sshd")
    expect(result.status in (0, 1) and result.err == "", "the doctor", result)
    return sorted(f"{one['kind']} {one['check']}" for one in json.loads(result.out)["findings"])


@test
def logins_are_as_the_doctor_says(machine):
    for name, lines, found, denied_in, expired_in, allowed_in in MISTAKES:
        with planted(machine, lines):
            same(findings(machine), sorted(found), name)
            same(is_let_in(machine, ABROAD), denied_in, f"{name}: whom the policy denies")
            same(is_let_in(machine, OFFICE), allowed_in, f"{name}: whom it allows")
            machine.shell("chage --lastday 2020-01-01 --maxdays 30 alice")
            same(is_let_in(machine, ABROAD), expired_in, f"{name}: whom it denies, with a password that has expired")
            machine.shell("chage --maxdays -1 alice")


main(set_up=set_up)
