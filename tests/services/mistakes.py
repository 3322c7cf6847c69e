"""Mistakes in what the recipes set up, planted and taken back; and what the doctor says of the machine then."""
import contextlib
import json

from machine import expect

POLICY = """default_domain = "example.com";
policies = (
  { name = "Addresses"; type = "blacklist"; scope = { all = true; }; ip = [ "198.51.100.0/24" ]; },
  { name = "Third-party"; type = "blacklist"; scope = { members = [ "carol" ]; }; clients = [ "third-party" ]; }
);
"""
OF_CLIENTS = """policies = (
  { name = "Third-party"; type = "blacklist"; scope = { members = [ "carol" ]; }; clients = [ "third-party" ]; }
);
"""
DOVECOT = "/etc/dovecot/conf.d/99-accesspolicy.conf"
WEBMAIL = "/etc/dovecot/conf.d/99-accesspolicy-webmail.conf"


def examined(machine, *services):
    result = machine.run("accesspolicy", "doctor", "--json", *services)
    expect(result.status in (0, 1) and result.err == "", "the doctor", result)
    return json.loads(result.out)["findings"]


def short(findings):
    """A finding as "bypass dovecot dovecot-cache"."""
    return [f"{one['kind']} {one['service']} {one['check']}" for one in findings]


class Edit:
    """Text of a file is other text; without `before`, the text stands at its end; without `after`, the file is gone."""

    def __init__(self, path, before=None, after=""):
        self.path, self.before, self.after = path, before, after

    def do(self, machine):
        if self.before is None and self.after == "":
            machine.delete(self.path)
        elif self.before is None:
            there = machine.read(self.path) if machine.exists(self.path) else ""
            machine.write(self.path, there + self.after)
        else:
            machine.change(self.path, self.before, self.after)


class Shell:
    """Commands that plant it, and that take it back."""

    path = None

    def __init__(self, command, back):
        self.command, self.back = command, back

    def do(self, machine):
        machine.shell(self.command)


@contextlib.contextmanager
def planted(machine, edits):
    with machine.restoring(*(edit.path for edit in edits if edit.path is not None)):
        for edit in edits:
            edit.do(machine)
        try:
            yield
        finally:
            for edit in edits:
                if edit.path is None:
                    machine.shell(edit.back)


def set_up(machine, *recipes):
    """Each test does so, that each can be run alone; to do a recipe twice changes nothing."""
    machine.policy(POLICY)
    for recipe in recipes:
        machine.recipe(recipe)


def setting(service, name, value, was=None):
    """A setting of one of Postfix's services, which it did not have, or had with another value."""
    return Shell(f"postconf -P {service}/{name}={value}",
                 f"postconf -PX {service}/{name}" if was is None else f"postconf -P {service}/{name}={was}")
