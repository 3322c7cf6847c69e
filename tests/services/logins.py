"""What the tests of the login services share: who logs in, from where, by which policies, and how the module logs it.

One policy holds all that a login can be denied by, so that a login meets one of them: Addresses and Regions by where it comes
from, Office by that as well, which a local login does not come from, Engineering by the member's department, No shells by the
client type; and Contractors is undetermined, since no name service knows its group.
"""
import contextlib
import re

import decisions
import regions
from decisions import quoted
from machine import same
from regions import ELSEWHERE, ELSEWHERE6, REGIONS

# Where a login comes from.
OFFICE, OFFICE6 = "192.0.2.7", "2001:db8:1::7"
ABROAD, ABROAD6 = "198.51.100.7", "2001:db8:66::7"
BRANCH = "203.0.113.7"
EVERYWHERE = (OFFICE, OFFICE6, ABROAD, ABROAD6, ELSEWHERE, ELSEWHERE6, BRANCH)

USERS = ("alice", "bob", "carol", "erin", "frank")
POLICY = f"""region_database = "{REGIONS}";
departments = (
  {{ name = "engineering/platform"; members = [ "bob" ]; }},
  {{ name = "sales"; members = [ "carol" ]; }}
);
policies = (
  {{ name = "Addresses"; type = "blacklist"; scope = {{ all = true; }}; ip = [ "198.51.100.0/24", "2001:db8:66::/48" ]; }},
  {{ name = "Regions"; type = "blacklist"; scope = {{ all = true; }}; regions = [ "KP" ]; }},
  {{ name = "Office"; type = "whitelist"; scope = {{ members = [ "erin" ]; }}; ip = [ "192.0.2.0/24" ]; }},
  {{ name = "Engineering"; type = "blacklist"; scope = {{ departments = [ "engineering/*" ]; }}; ip = [ "{BRANCH}", "local" ]; }},
  {{ name = "No shells"; type = "blacklist"; scope = {{ departments = [ "sales" ]; }}; clients = [ "system" ]; }},
  {{ name = "Contractors"; type = "blacklist";
     scope = {{ members = [ "frank" ]; except = {{ groups = [ "contractors" ]; }}; }}; }}
);
"""
UNKNOWN_GROUP = "excepted: group contractors: the name services do not know the group"


def make_users(machine):
    for user in USERS:
        machine.user(user)


def put_in_force(machine, text=POLICY):
    regions.put_in_force(machine, text)


def by(policy, reason="blacklisted", unknown=None, text=POLICY):
    return decisions.because_in(text, policy, reason, unknown)


ALLOWED = decisions.Because()
BY_ADDRESS = by("Addresses")
IN_THE_OFFICE = by("Office", "whitelisted")
NOT_IN_THE_OFFICE = by("Office", "not-whitelisted")
BY_REGION = by("Regions")
BY_DEPARTMENT = by("Engineering")
BY_CLIENT_TYPE = by("No shells")
UNDETERMINED = by("Contractors", "undetermined", UNKNOWN_GROUP)


def decision(service, user, ip, because, client=("system", "hint"), **facts):
    """The module's log line in the account phase."""
    return decisions.decision(service, because, user, ip, client=client, **facts)


def no_policy(service, user, rhost, why):
    """The module's log line where no policy can be had."""
    return f'{service}:account: decision=error user="{user}" rhost={quoted(rhost)} service="{service}", nobody is let in: {why}'


def one_decision(machine, mark, expected, what):
    same(machine.log.decisions(mark), [expected], what)


def shown(seen):
    """What stood at a terminal, its line ends as in a file."""
    text = seen.decode() if isinstance(seen, bytes) else seen
    return re.sub(r"\r+\n", "\n", text).replace("\r", "")


@contextlib.contextmanager
def changed(machine, path, before, after):
    """In the block, the file has one in the place of the other; then it is as it was."""
    with machine.restoring(path):
        machine.change(path, before, after)
        yield
