"""The region database of the services' tests, where it stands on the machine, and addresses that it has in KP."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "databases"))
import mmdb  # noqa: E402

REGIONS = "/var/lib/GeoIP/test.mmdb"
ELSEWHERE, ELSEWHERE6 = "203.0.113.200", "2001:db8:3::7"


def put_in_force(machine, policy):
    """A policy with regions, and their database."""
    os.makedirs(os.path.dirname(machine.path(REGIONS)), exist_ok=True)
    mmdb.write(machine.path(REGIONS), mmdb.city().bytes())
    machine.policy(policy)
