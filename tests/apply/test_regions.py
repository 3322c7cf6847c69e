"""Regions: what a database must be, what becomes of a newer one, and that a login needs none."""
import hashlib
import os
import sys

from lab import check_whole, expect, main, note, same, test

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "databases"))
import mmdb  # noqa: E402

POLICY = """region_database = "regions.mmdb";
policies = (
  { name = "Blocked"; type = "blacklist"; scope = { all = true; }; regions = [ "KP" ]; },
  { name = "Home"; type = "whitelist"; scope = { members = [ "alice" ]; }; regions = [ "CN", "SG" ]; },
  { name = "Off"; type = "blacklist"; status = "disabled"; scope = { all = true; }; regions = [ "DE" ]; }
);
"""
# Sound as they are, no policy can be held against them; or libmaxminddb wants more of them than the format does.
USELESS = ["asn", "empty", "without-languages", "without-description"]
# What libmaxminddb reads, odd as it is.
READABLE = {"deep-metadata-1", "pointer-diamonds-1", "metadata-huge-description-1", "metadata-type-control",
            "build-epoch-max"}
# Half a minute of the processor's time: sound, but for that its records stand in each other.
LEFT_OUT = {"overlapping-data"}
# Only a limit on memory refuses these, which a sanitizer does not live with.
if "ASAN_OPTIONS" in os.environ:
    LEFT_OUT |= {"pointer-diamonds-2", "metadata-huge-description-3"}


def unreadable():
    return [shape for shape in mmdb.BROKEN if shape not in READABLE | LEFT_OUT] + USELESS


def put(lab, shape):
    """Has the database of that shape take the place of what is there, as updates do."""
    mmdb.write(lab.path("regions.mmdb"), mmdb.SHAPES[shape][0]())


def prepare(lab, shape="country"):
    lab.write("accesspolicy.conf", POLICY)
    put(lab, shape)


def decision(lab, user, ip, *more, config=False):
    result = lab.run("test", "--user", user, "--ip", ip, "--client", "web", "--json", *more, config=config)
    found = result.json()
    return found["decision"], found["reason"], found["region"]


@test
def a_newer_database_is_told_of_and_taken_in(lab):
    prepare(lab)
    lab.apply()
    first = lab.in_force()
    same(lab.run("status", config=False).status, 0, "the status")
    put(lab, "newer-country")
    status = lab.run("status", config=False, status=1)
    expect("1 data file differs" in status.out and "regions.mmdb: newer: Test-Country, built 2026-01-31" in status.out
           and "in force is Test-Country, built 2026-01-01" in status.out, "what status says", status)
    pending = lab.run("status", "--json", config=False, status=1).json()["pending"]
    same([(file["kind"], file["state"]) for file in pending], [("region database", "changed")], "pending")
    same(decision(lab, "alice", "203.0.113.210"), ("deny", "blacklisted", "KP"), "a login by what is in force")
    result = lab.apply("--data", status=1)
    for family in ("IPv4", "IPv6"):
        expect(f'refused: "SG" has none of the {family} addresses that it has by what is in force' in result.err,
               "the loss of a country", result)
    same(lab.in_force(), first, "what is in force")
    result = lab.apply("--data", "--force")
    second = lab.in_force()
    same(result.out,
         f'~ region database {lab.path("regions.mmdb")}: Test-Country, built 2026-01-31 00:00:00 +0000, '
         'was Test-Country, built 2026-01-01 00:00:00 +0000\n'
         '~ region CN: +256 IPv4 addresses; named by "Home"\n'
         '~ region KP: -16 IPv4 addresses, -32,768 networks of 64 bits of IPv6; named by "Blocked"\n'
         '~ region SG: -16 IPv4 addresses, -65,536 networks of 64 bits of IPv6; named by "Home"\n'
         f'in force: revision {second[:12]}, 3 policies; before, revision {first[:12]}\n', "what is printed")
    same(lab.run("status", config=False).status, 0, "the status")
    same(decision(lab, "bob", "203.0.113.210"), ("allow", "default", None), "an address that KP lost")
    same(decision(lab, "alice", "198.18.6.1"), ("allow", "whitelisted", "CN"), "an address that CN got")
    check_whole(lab, [first, second])


@test
def what_is_in_force_tells_its_database(lab):
    prepare(lab)
    lab.apply()
    told = "Test-Country, built 2026-01-01 00:00:00 +0000"
    expect(f"Regions     by {told}\n" in lab.run("status", config=False, status=0).out, "what status says")
    with open(lab.path("regions.mmdb"), "rb") as file:
        whole = file.read()
    known = {"path": lab.path("regions.mmdb"), "type": "Test-Country", "built": "2026-01-01T00:00:00Z", "size": len(whole),
             "sha256": hashlib.sha256(whole).hexdigest()}
    same(lab.run("status", "--json", config=False).json()["in_force"]["region_database"], known, "status --json")
    revision = lab.in_force()
    same(lab.run("history", revision, "--json", config=False).json()["region_database"], known, "history --json")
    text = lab.run("history", revision, config=False).out
    expect(text.endswith(f"# regions by {lab.path('regions.mmdb')}: {told}\n"), "the text of the history", text)


@test
def an_older_database_is_told_of(lab):
    prepare(lab, "newer-country")
    lab.change(', "SG"', "", name="accesspolicy.conf")
    lab.apply()
    put(lab, "country")
    status = lab.run("status", config=False, status=1)
    expect("older: Test-Country, built 2026-01-01" in status.out, "what status says", status)
    result = lab.apply("--data")
    expect("built 2026-01-01 00:00:00 +0000, was Test-Country, built 2026-01-31 00:00:00 +0000, which is newer\n" in result.out,
           "what apply says", result)


@test
def a_login_needs_no_database(lab):
    prepare(lab, "city")
    lab.apply()
    os.unlink(lab.path("regions.mmdb"))
    same(decision(lab, "bob", "203.0.113.193"), ("deny", "blacklisted", "KP"), "IPv4")
    same(decision(lab, "bob", "2001:db8:3::1"), ("deny", "blacklisted", "KP"), "IPv6")
    same(decision(lab, "alice", "2001:db8:4::1"), ("allow", "whitelisted", "SG"), "a whitelist")
    shown = lab.run("test", "--user", "bob", "--ip", "203.0.113.193", config=False, status=1).out
    expect("KP (North Korea), by Test-City, built 2026-01-01" in shown, "the region and its database", shown)
    before = lab.snapshot(but=["lock", "."])
    lab.apply("--data", status=3)
    same(lab.snapshot(but=["lock", "."]), before, "the state folder")
    status = lab.run("status", config=False, status=1)
    expect("gone       " in status.out, "what status says", status)


@test
def a_rollback_brings_the_regions_along(lab):
    prepare(lab)
    lab.apply()
    put(lab, "newer-country")
    lab.apply("--data", "--force")
    same(decision(lab, "alice", "203.0.113.225"), ("deny", "not-whitelisted", None), "SG, of which nothing is left")
    lab.rollback()
    same(decision(lab, "alice", "203.0.113.225"), ("allow", "whitelisted", "SG"), "SG as it was")


@test
def the_same_database_is_nothing_to_do(lab):
    prepare(lab)
    lab.apply()
    put(lab, "country")
    same(lab.run("status", config=False).status, 0, "the status")
    same(lab.apply("--data", "--json").json()["outcome"], "unchanged", "the outcome")


@test
def other_regions_of_the_same_database_are_a_change_of_the_policy(lab):
    prepare(lab)
    lab.apply()
    lab.change('"KP"', '"KP", "US"', name="accesspolicy.conf")
    result = lab.apply()
    expect('~ policy "Blocked": network region KP, region US, was region KP\n' in result.out
           and "~ region" not in result.out, "what is printed", result)


@test
def a_database_that_lost_much_is_refused(lab):
    prepare(lab)
    lab.apply()
    put(lab, "country-4")
    result = lab.apply("--data", status=1)
    expect("places 0 networks of 64 bits of IPv6 in countries; that in force places 327,681," in result.err, "what is said", result)
    result = lab.apply("--data", "--force")
    expect('~ policy "Blocked": network IPv6 of unknown region, region KP, was region KP' in result.out,
           "what is unknown now", result)
    same(decision(lab, "bob", "2001:db8:3::1"), ("deny", "undetermined", None), "an IPv6 address")
    same(decision(lab, "bob", "192.0.2.1"), ("allow", "default", "CN"), "an IPv4 address")


def thinned(networks):
    """A database of KP, CN, SG and much of DE beside them, whose size these hardly matter for."""
    database = mmdb.Database(database_type="Test-Country")
    for where, country in {"100.0.0.0/8": "DE", "2a00::/16": "DE", **networks}.items():
        database.insert(where, {"country": {"iso_code": country}})
    return database.bytes()


@test
def a_region_that_lost_more_than_half_in_a_family_is_refused(lab):
    whole = {"192.0.2.0/24": "KP", "2001:db8:3::/48": "KP", "198.51.100.0/24": "CN", "203.0.113.0/24": "SG"}
    prepare(lab)
    mmdb.write(lab.path("regions.mmdb"), thinned(whole))
    lab.apply()
    first = lab.in_force()
    rows = (
        ("half", {**whole, "192.0.2.0/24": "KP", "192.0.2.128/25": "GB"}, None),
        ("less than half", {**whole, "192.0.2.96/27": "GB", "192.0.2.128/25": "GB"}, "less than half of the IPv4"),
        ("one family", {where: country for where, country in whole.items() if ":" not in where}, "none of the IPv6"),
        ("the other", {**whole, "192.0.2.0/24": "GB"}, "none of the IPv4"),
        ("what no policy in use names", {**whole, "100.0.0.0/8": "GB"}, None),
    )
    for name, networks, refusal in rows:
        mmdb.write(lab.path("regions.mmdb"), thinned(networks))
        result = lab.apply("--data", "--dry-run", status=1 if refusal else 0)
        expect(refusal is None or f'refused: "KP" has {refusal} addresses that it has' in result.err, name, result)
    same(lab.in_force(), first, "what is in force")


@test
def ways_from_ipv6_to_ipv4_are_told_of(lab):
    prepare(lab, "city-aliased")
    lab.apply()
    same(decision(lab, "bob", "2002:cb00:71c1::1"), ("deny", "blacklisted", "KP"), "6to4")
    put(lab, "city")
    result = lab.apply("--data")
    expect("~ region database IPv6 networks that are where the IPv4 address in them is: none, was 2001::/32, 2002::/16\n"
           in result.out, "what is printed", result)


@test
def what_is_no_sound_database_is_refused_and_leaves_what_is_in_force(lab):
    prepare(lab, "city")
    lab.apply()
    before = lab.snapshot(but=["lock", "."])
    refused = 0
    for shape in unreadable():
        put(lab, shape)
        result = lab.apply("--data", status=3)
        expect("regions.mmdb: error: " in result.err and "\x1b" not in result.err, f"{shape}: what is said", result)
        same(lab.snapshot(but=["lock", "."]), before, f"{shape}: the state folder")
        refused += 1
    note(f"{refused} databases")
    expect(refused >= 60, "too few")


@test
def by_the_files_it_is_unknown(lab):
    prepare(lab)
    for shape in unreadable():
        put(lab, shape)
        same(decision(lab, "bob", "192.0.2.1", config=True), ("deny", "undetermined", None), shape)
    lab.change("policies =", 'undetermined = "allow";\npolicies =', name="accesspolicy.conf")
    same(decision(lab, "bob", "192.0.2.1", config=True), ("allow", "undetermined", None), "undetermined = \"allow\"")


@test
def odd_but_sound_databases_are_read(lab):
    lab.write("accesspolicy.conf", POLICY.replace('"KP"', '"CN"').replace('"CN", "SG"', '"CN"'))
    for shape in sorted(READABLE):
        put(lab, shape)
        lab.apply("--force")
        same(decision(lab, "bob", "192.0.2.1")[:2], ("deny", "blacklisted"), shape)
        result = lab.run("region", "192.0.2.1", config=False, status=0)
        expect("\x1b" not in result.out, f"{shape}: what region prints", result)


@test
def a_database_that_others_may_change_is_refused(lab):
    prepare(lab)
    os.chmod(lab.path("regions.mmdb"), 0o666)
    result = lab.apply(status=3)
    expect("regions.mmdb: error: " in result.err and "can be written by group or others" in result.err, "what is said", result)
    os.chmod(lab.path("regions.mmdb"), 0o644)
    lab.apply()


@test
def what_only_disabled_policies_name_is_a_warning(lab):
    lab.write("accesspolicy.conf", POLICY.replace('regions = [ "KP" ]', 'ip = [ "192.0.2.0/24" ]')
              .replace('regions = [ "CN", "SG" ]', 'ip = [ "10.0.0.0/8" ]'))
    result = lab.apply()
    expect("regions.mmdb: warning: the file does not exist" in result.err, "what is said", result)
    lab.change('status = "disabled"', 'status = "report-only"', name="accesspolicy.conf")
    result = lab.apply(status=3)
    expect("regions.mmdb: error: the file does not exist" in result.err, "what is said", result)
    put(lab, "country")
    lab.apply()


@test
def a_database_that_was_written_in_place_and_is_not_whole_yet_is_refused(lab):
    prepare(lab, "city")
    lab.apply()
    first = lab.image()
    whole = mmdb.SHAPES["city"][0]()
    for size in range(0, len(whole), max(1, len(whole) // 7)):
        with open(lab.path("regions.mmdb"), "wb") as file:
            file.write(whole[:size])
        result = lab.apply("--data", status=3)
        expect("regions.mmdb: error: " in result.err, f"{size} bytes: what is said", result)
        same(lab.image(), first, f"{size} bytes: what is in force")


main()
