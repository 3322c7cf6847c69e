#!/usr/bin/env python3
"""make_data.py - makes what the benchmark is run over: networks, members, policies, rules and logins.

    make_data.py CONF OUT tenants RANGES MEMBERS POLICIES
    make_data.py CONF OUT networks N
    make_data.py CONF OUT users N
    make_data.py CONF OUT regions POLICIES

Each makes the folder OUT with a configuration (accesspolicy.conf, a copy of CONF with its client types, and a drop-in)
and logins.tsv: member, address and the PAM code that is due. The same arguments always make the same bytes.

tenants    a hosting provider: one blacklist for everyone over a feed of RANGES networks, and POLICIES - 1 whitelists,
           each for a tenant's department with its sub-departments, with an exception for postmaster@ and three networks.
           MEMBERS members in a directory file, evenly in as many departments as there are policies, ten at least.
networks   one blacklist over a feed of N networks, and access.conf with the same ones for pam_access.
users      one blacklist of N members, and access.conf with the same ones.
regions    a blacklist of one country for everyone, and POLICIES - 1 whitelists, each for a tenant's domain, of all countries
           but one. With one policy the blacklist alone. The region database is regions.mmdb beside OUT, which
           accesspolicy-make-regions makes of the same tables.

The networks are those of the country tables of Debian's tor-geoipdb, IPv4 and IPv6. They lie without gaps beside each
other, so that many of them would be few intervals; hence each second one is taken, as a network whose neighbours
are not listed. Where more are wanted than there are, they are split into quarters, of which the first and the third are
taken.
"""
import json
import os
import random
import socket
import sys

COUNTRY_TABLES = "/usr/share/tor/geoip", "/usr/share/tor/geoip6"
COUNTRIES = "/usr/share/iso-codes/json/iso_3166-1.json"
LOGINS = 8190  # a multiple of the kinds of logins, of which there are ten
KINDS = 10
ALLOW, DENY = 0, 6  # PAM_SUCCESS, PAM_PERM_DENIED
BITS = {4: 32, 6: 128}
MAPPED = 0xFFFF << 32  # ::ffff:0:0/96, which is IPv4


def address_text(family, number):
    if family == 4:
        return socket.inet_ntop(socket.AF_INET, number.to_bytes(4, "big"))
    return socket.inet_ntop(socket.AF_INET6, number.to_bytes(16, "big"))


def address_number(family, text):
    if family == 4:
        return int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big")
    return int.from_bytes(socket.inet_pton(socket.AF_INET6, text), "big")


def last_of(network):
    family, first, prefix = network
    return first | ((1 << (BITS[family] - prefix)) - 1)


def network_text(network):
    family, first, prefix = network
    return f"{address_text(family, first)}/{prefix}"


# What the tenants' networks are taken from, and the mapped addresses.
OWN = [
    (4, address_number(4, "10.0.0.0"), 8),
    (4, address_number(4, "100.64.0.0"), 10),
    (6, address_number(6, "2001:db8::"), 32),
    (6, MAPPED, 96),
]


def overlaps(a, b):
    return a[0] == b[0] and a[1] <= last_of(b) and b[1] <= last_of(a)


def split_range(family, first, last):
    """The networks that make up a range."""
    while first <= last:
        size = first & -first if first else 1 << BITS[family]
        while first + size - 1 > last:
            size >>= 1
        yield (family, first, BITS[family] - size.bit_length() + 1)
        first += size


def country_networks():
    for family, path in zip((4, 6), COUNTRY_TABLES):
        with open(path, encoding="ascii") as table:
            for line in table:
                if line.startswith("#"):
                    continue
                first, last = line.split(",")[:2]
                if family == 4:
                    yield from split_range(4, int(first), int(last))
                else:
                    yield from split_range(6, address_number(6, first), address_number(6, last))


def spread(items, n):
    """N of the items, from all parts of the list."""
    return [items[i * len(items) // n] for i in range(n)]


def every_second(networks):
    """Those that do not touch the one that was taken before."""
    taken = []
    for network in networks:
        before = taken[-1] if taken else None
        if before and before[0] == network[0] and network[1] <= last_of(before) + 1:
            continue
        if network[2] > 0 and not any(overlaps(network, own) for own in OWN):
            taken.append(network)
    return taken


def quarters(networks):
    for family, first, prefix in networks:
        left = BITS[family] - prefix
        if left >= 2:
            yield (family, first, prefix + 2)
            yield (family, first + (2 << (left - 2)), prefix + 2)
        else:
            yield (family, first, BITS[family])


def make_networks(n):
    networks = every_second(country_networks())
    while len(networks) < n:
        networks = list(quarters(networks))
    networks = spread(networks, n)
    for before, network in zip(networks, networks[1:]):
        assert before[0] < network[0] or last_of(before) + 1 < network[1]
    return networks


class Addresses:
    """Addresses that are in the networks, and addresses that are not."""

    def __init__(self, networks, dice):
        self.networks, self.dice = networks, dice

    def listed(self):
        network = self.dice.choice(self.networks)
        return address_text(network[0], self.dice.randint(network[1], last_of(network)))

    def unlisted(self):
        """The neighbour of a network: the hardest one to tell."""
        network = self.dice.choice(self.networks)
        return address_text(network[0], last_of(network) + 1)


def write(path, lines):
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(lines)


def write_config(conf, out, head, drop_in):
    """CONF's settings with those of `head`, and one drop-in."""
    os.makedirs(os.path.join(out, "conf.d"))
    with open(conf, encoding="utf-8") as shipped:
        write(os.path.join(out, "accesspolicy.conf"), [shipped.read(), *head])
    write(os.path.join(out, "conf.d/50-bench.conf"), drop_in)


def write_feed(out, networks):
    write(os.path.join(out, "feed.netset"), (network_text(n) + "\n" for n in networks))


def write_logins(out, logins):
    write(os.path.join(out, "logins.tsv"), (f"{user}\t{rhost}\t{code}\n" for user, rhost, code in logins))


FEED = 'networks = ( { name = "feed"; file = "feed.netset"; } );\n'
FEED_POLICY = '  { name = "Listed networks"; type = "blacklist"; scope = { all = true; }; ip = [ "@feed" ]; }'


# Tenants


def tenant_name(number):
    return f"tenant-{number:05}"


def tenant_networks(number):
    high, low = number >> 8, number & 255
    return f"10.{high}.{low}.0/24", f"100.{64 + high}.{low}.0/24", f"2001:db8:{number:x}::/48"


def tenant_address(number, dice):
    high, low = number >> 8, number & 255
    return dice.choice(
        (
            f"10.{high}.{low}.{dice.randint(0, 255)}",
            f"100.{64 + high}.{low}.{dice.randint(0, 255)}",
            f"2001:db8:{number:x}:{dice.randint(0, 65535):x}::{dice.randint(1, 65535):x}",
        )
    )


def tenant_policy(number):
    networks = ", ".join(f'"{n}"' for n in tenant_networks(number))
    return (
        f'  {{ name = "Tenant {number:05}"; type = "whitelist";\n'
        f'    scope = {{ departments = [ "{tenant_name(number)}/*" ]; except = {{ members = [ "postmaster@" ]; }}; }};\n'
        f"    ip = [ {networks} ]; }}"
    )


def member_name(number, place):
    local = f"user-{place:04}" if place else "postmaster"
    return f"{local}@{tenant_name(number)}.example"


def tenant_logins(addresses, n_tenants, n_each, n_policies, dice):
    """
    Ten kinds in turn: six members from their tenant's networks, one postmaster from anywhere, one who is in no
    department, one member from elsewhere, and one from a listed address. Tenant 0 has no policy.
    """
    for i in range(LOGINS):
        kind = i % KINDS
        tenant = dice.randrange(n_tenants)
        user = member_name(tenant, dice.randint(1, n_each))
        rhost = addresses.unlisted()
        code = ALLOW
        if kind < 6:
            rhost = tenant_address(tenant, dice)
        elif kind == 6:
            user = member_name(tenant, 0)
        elif kind == 7:
            user = f"guest-{dice.randrange(10**6):06}@{tenant_name(tenant)}.example"
        elif kind == 8:
            code = DENY if 0 < tenant < n_policies else ALLOW
        else:
            rhost, code = addresses.listed(), DENY
        yield user, rhost, code


def make_tenants(conf, out, n_ranges, n_members, n_policies):
    n_tenants = max(n_policies, 10)
    n_each = n_members // n_tenants
    dice = random.Random(1)
    networks = make_networks(n_ranges)
    policies = [FEED_POLICY, *(tenant_policy(number) for number in range(1, n_policies))]
    write_config(conf, out, ['directory = [ "members.csv" ];\n'],
                 [FEED, "policies = (\n", ",\n".join(policies), "\n);\n"])
    write_feed(out, networks)
    write(os.path.join(out, "members.csv"),
          (f"{member_name(number, place)},{tenant_name(number)}/staff\n"
           for number in range(n_tenants) for place in range(1, n_each + 1)))
    write_logins(out, tenant_logins(Addresses(networks, dice), n_tenants, n_each, n_policies, dice))


# The same rules for pam_access


def make_network_rules(conf, out, n):
    dice = random.Random(2)
    networks = make_networks(n)
    addresses = Addresses(networks, dice)
    write_config(conf, out, [], [FEED, "policies = (\n", FEED_POLICY, "\n);\n"])
    write_feed(out, networks)
    write(os.path.join(out, "access.conf"), (f"-:ALL:{network_text(network)}\n" for network in networks))
    write_logins(out, (("root", addresses.listed(), DENY) if i % 2 else ("root", addresses.unlisted(), ALLOW)
                       for i in range(LOGINS)))


def make_user_rules(conf, out, n):
    """Nobody who is listed logs in: pam_access wants an account of the machine, and these are not."""
    dice = random.Random(3)
    users = [f"user-{number:07}" for number in range(n)]
    listed = ",\n      ".join(f'"{user}"' for user in users)  # no line is long: those have a limit
    write_config(conf, out, [], [
        'policies = (\n  { name = "Listed members"; type = "blacklist";\n'
        f"    scope = {{ members = [ {listed} ]; }}; }}\n);\n"])
    write(os.path.join(out, "access.conf"), (f"-:{user}:ALL\n" for user in users))
    write_logins(out, (("root", tenant_address(dice.randrange(9999), dice), ALLOW) for _ in range(LOGINS)))


# Regions


def country_ranges():
    """Of each country of ISO 3166-1 the ranges that the tables give it. "UK", which is GB's, is left aside."""
    with open(COUNTRIES, encoding="utf-8") as file:
        ranges = {country["alpha_2"]: [] for country in json.load(file)["3166-1"]}
    for family, path in zip((4, 6), COUNTRY_TABLES):
        with open(path, encoding="ascii") as table:
            for line in table:
                first, last, code = (line.rstrip("\n").split(",") + [""] * 2)[:3]
                if code in ranges:
                    numbers = (int(first), int(last)) if family == 4 else (address_number(6, first), address_number(6, last))
                    ranges[code].append((family, *numbers))
    return {code: found for code, found in ranges.items() if found}


def make_regions(conf, out, n_policies):
    """Of the logins one in ten comes from the country that is barred for all, and one from that which is barred for its tenant."""
    dice = random.Random(4)
    ranges = country_ranges()
    codes = sorted(ranges)
    barred = codes.pop()

    def address_in(code):
        family, first, last = dice.choice(ranges[code])
        return address_text(family, dice.randint(first, last))

    def policy(number):
        regions = ", ".join(f'"{code}"' for i, code in enumerate(codes) if i != number % len(codes))
        return (f'  {{ name = "Tenant {number:05}"; type = "whitelist"; scope = {{ domains = [ "{tenant_name(number)}.example" ]; }};\n'
                f"    regions = [ {regions} ]; }}")

    def logins():
        for i in range(LOGINS):
            tenant = dice.randrange(1, max(n_policies, 2))
            own = codes[tenant % len(codes)]
            code, due = dice.choice([c for c in codes if c != own]), ALLOW
            if i % KINDS == 8:
                code, due = own, DENY if n_policies > 1 else ALLOW
            elif i % KINDS == 9:
                code, due = barred, DENY
            yield member_name(tenant, dice.randint(1, 999)), address_in(code), due

    first = f'  {{ name = "Barred"; type = "blacklist"; scope = {{ all = true; }}; regions = [ "{barred}" ]; }}'
    write_config(conf, out, ['region_database = "../regions.mmdb";\n'],
                 ["policies = (\n", ",\n".join([first, *map(policy, range(1, n_policies))]), "\n);\n"])
    write_logins(out, logins())


def main():
    conf, out, kind, *numbers = sys.argv[1:]
    makers = {"tenants": make_tenants, "networks": make_network_rules, "users": make_user_rules, "regions": make_regions}
    os.umask(0o022)
    makers[kind](conf, out, *map(int, numbers))


if __name__ == "__main__":
    main()
