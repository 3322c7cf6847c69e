"""The machine itself, and pamtester on it: the module as it is installed, through libpam as it is, by what is in force."""
import socket

from machine import ADDRESS, ADDRESS6, MESSAGE, main, same, saw, test

POLICY = """default_domain = "example.com";
departments = ( { name = "engineering/platform"; members = [ "bob" ]; } );
policies = (
  { name = "Addresses"; type = "blacklist"; scope = { all = true; }; ip = [ "198.51.100.0/24", "2001:db8:66::/48" ]; },
  { name = "Engineering"; type = "blacklist"; scope = { departments = [ "engineering/*" ]; }; ip = [ "203.0.113.0/24" ]; },
  { name = "Third-party"; type = "blacklist"; scope = { all = true; }; clients = [ "third-party" ]; }
);
"""
ALLOWED = "pamtester: account management done.\n"
DENIED = MESSAGE + "\npamtester: Permission denied\n"


def log_in(machine, service, user, address):
    """What pamtester shows, and the one decision that is logged."""
    mark = machine.log.mark()
    given = ["-I", f"rhost={address}"] if address is not None else []
    result = machine.run("pamtester", *given, service, user, "acct_mgmt")
    decisions = machine.log.decisions(mark)
    same(len(decisions), 1, "how many decisions were logged")
    return result.out + result.err, decisions[0]


@test
def a_host_has_addresses_of_its_own(machine):
    machine.host("abroad", "198.51.100.7", "2001:db8:66::1")
    for to, source in (ADDRESS, "198.51.100.7"), (ADDRESS6, "2001:db8:66::1"):
        with socket.create_server((to, 2525), family=socket.AF_INET6 if ":" in to else socket.AF_INET) as listener:
            with machine.connect(2525, to=to, host="abroad"):
                there, address = listener.accept()
                there.close()
        same(address[0], source, "where the connection comes from")


@test
def by_address_department_and_client_type(machine):
    machine.user("alice")
    machine.user("bob")
    for service in "roundcube", "imap":
        machine.write(f"/etc/pam.d/{service}", "account required pam_accesspolicy.so\n")
    machine.policy(POLICY)
    fields = 'client="web" client_source=hint service="roundcube" tty=- ruser=- would=- unknown=-'
    where = 'file="/etc/accesspolicy/conf.d/50-test.conf"'
    for login, user, address, policy in (
            ("allowed", "alice", "192.0.2.7", None),
            ("denied by address", "alice", "198.51.100.7", ("Addresses", 4)),
            ("denied by address, IPv6", "alice", "2001:db8:66::1", ("Addresses", 4)),
            ("allowed, another department", "alice", "203.0.113.7", None),
            ("denied by department", "bob", "203.0.113.7", ("Engineering", 5))):
        seen, decision = log_in(machine, "roundcube", user, address)
        same(seen, ALLOWED if policy is None else DENIED, login)
        head = ("decision=allow reason=default policy=- file=- line=0" if policy is None else
                f'decision=deny reason=blacklisted policy="{policy[0]}" {where} line={policy[1]}')
        same(decision, f'roundcube:account: {head} user="{user}@example.com" ip={address} rhost="{address}" {fields}', login)
        saw(machine, "pamtester", login, seen)
    seen, decision = log_in(machine, "imap", "alice", "192.0.2.7")
    same(seen, DENIED, "denied by client type")
    same(decision, f'imap:account: decision=deny reason=blacklisted policy="Third-party" {where} line=6 '
         'user="alice@example.com" ip=192.0.2.7 rhost="192.0.2.7" client="third-party" client_source=hint service="imap" '
         "tty=- ruser=- would=- unknown=-", "denied by client type")
    saw(machine, "pamtester", "denied by client type", seen)


@test
def undetermined(machine):
    seen, decision = log_in(machine, "roundcube", "alice", "host.example.net")
    same(seen, DENIED, "an address that is a name")
    same(decision, 'roundcube:account: decision=deny reason=undetermined policy="Addresses" '
         'file="/etc/accesspolicy/conf.d/50-test.conf" line=4 user="alice@example.com" ip=unknown rhost="host.example.net" '
         'client="web" client_source=hint service="roundcube" tty=- ruser=- would=- unknown="the address is unknown"',
         "an address that is a name")
    saw(machine, "pamtester", "denied, undetermined: the address is a name", seen)


if __name__ == "__main__":
    main()
