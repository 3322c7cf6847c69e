"""How long Dovecot lets those wait who fail again and again, and what they read where Postfix does not wait so long."""
import concurrent.futures

import postfix
from machine import MESSAGE, main, same, test
from postfix import ALLOWED, BLOCKED, BRANCH, NO_ANSWER, OFFICE, WRONG_PASSWORD


def set_up(machine):
    """Dovecot, with what makes an address wait; its other delays are left out."""
    postfix.set_up(machine)
    postfix.Dovecot(machine, "auth_failure_delay = 0\n")
    postfix.Postfix(machine)


@test
def who_fails_again_and_again(machine):
    """Dovecot has an eye on each address, whatever another does: what takes long is tried from two at once."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for tried in [pool.submit(an_address_with_many_wrong_passwords, machine),
                      pool.submit(who_is_denied_goes_on_reading_why, machine)]:
            tried.result()


def an_address_with_many_wrong_passwords(machine):
    """Nobody there gets in, nor reads why, for a while, whatever the policy says."""
    for password in "one", "two", "three":
        same(try_once(machine, OFFICE, password), WRONG_PASSWORD, "a wrong password")
    same(try_once(machine, OFFICE, "secret"), NO_ANSWER, "the right password, from the same address")
    same(try_once(machine, BRANCH, "secret"), ALLOWED, "the right password, from another address")


def who_is_denied_goes_on_reading_why(machine):
    """A mail program asks again with the same password, which Dovecot does not count again."""
    for _ in range(4):
        same(try_once(machine, BLOCKED, "secret"), postfix.FAILED.format(MESSAGE), "denied by the policy")


def try_once(machine, source, password):
    with postfix.session(machine, source=source) as smtp:
        return smtp.auth_plain("alice", password)


if __name__ == "__main__":
    main(set_up=set_up)
