"""The region database that accesspolicy-make-regions makes of two tables: what it takes, what it refuses, and where addresses
are then, by the command.

    test_make_regions.py ACCESSPOLICY ACCESSPOLICY-MAKE-REGIONS

REFUSED and PLACED are the tables: a row goes there.
"""
import os
import resource
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "apply"))
from lab import Result, arguments, environment, expect, main, read, same, snapshot, test  # noqa: E402

FOUR = "16777216,16777471,AU\n3221225984,3221226239,CN\n"
SIX = "2a00::,2a00:ffff:ffff:ffff:ffff:ffff:ffff:ffff,DE\n"
TWO_LINES = "16777216,16777471,AU\n%s\n"
MADE = "out: 3 countries, 2 IPv4 and 1 IPv6 ranges, as of 2026-01-01 00:00:00 +0000\n"
NEWER = "out: newer than the tables, nothing is done\n"
TIME = 1767225600  # 2026-01-01

LIKE_4 = 'FIRST,LAST,CODE of IPv4, such as "16777472,16778239,CN"'
LIKE_6 = 'FIRST,LAST,CODE of IPv6, such as "2001:250::,2001:256:ffff:ffff:ffff:ffff:ffff:ffff,CN"'
NONE_4 = 'four: found no network of a country; expected lines such as "16777472,16778239,CN"'
NONE_6 = 'six: found no network of a country; expected lines such as "2001:250::,2001:256:ffff:ffff:ffff:ffff:ffff:ffff,CN"'
DATE = 'a date such as "# Generated: Thu, 25 Jun 2026 04:33:59 GMT"'
CUT_OFF = "a newline behind it: the table is cut off"
UPSIDE_DOWN = "a first address that is not above the last"


def wrong(place, found, expected):
    return f'{place}: found "{found}"; expected {expected}'


def line_4(line, expected=LIKE_4, found=None):
    """A table whose second line is wrong."""
    return TWO_LINES % line, SIX, wrong("four:2", line if found is None else found, expected)


def line_6(line, expected=LIKE_6):
    return FOUR, f"{line}\n", wrong("six:1", line, expected)


def after(end):
    return f"a range that begins above {end}, where the line before ends"


# The two tables, and what is said.
REFUSED = {
    "a word": line_4("cut here"),
    "an empty line": line_4(""),
    "no code": line_4("16777472,16777727"),
    "an empty code": line_4("16777472,16777727,"),
    "a code in small letters": line_4("16777472,16777727,cn"),
    "a code of three letters": line_4("16777472,16777727,CHN"),
    "one question mark": line_4("16777472,16777727,?"),
    "a fourth column": line_4("16777472,16777727,CN,x"),
    "a space": line_4("16777472, 16777727,CN"),
    "a space behind it": line_4("16777472,16777727,CN "),
    "a leading zero": line_4("016777472,16777727,CN"),
    "a sign": line_4("+16777472,16777727,CN"),
    "a negative number": line_4("-1,16777727,CN"),
    "hexadecimal": line_4("0x1000100,0x10001ff,CN"),
    "an exponent": line_4("2e7,3e7,CN"),
    "2^32": line_4("16777472,4294967296,CN"),
    "a number of 20 digits": line_4("16777472,18446744073709551616,CN"),
    "dotted IPv4": line_4("1.0.1.0,1.0.1.255,CN"),
    "IPv6 in the table of IPv4": line_4("2001:250::,2001:256::,CN"),
    "carriage return": line_4("16777472,16777727,CN\r", found="16777472,16777727,CN\\x0D"),
    "what steers a terminal": line_4("\x1b[2J\x9b", found="\\x1B[2J\\xC2\\x9B"),
    "a long line": line_4("x" * 81, found="x" * 80 + "..."),
    "a line of 80": line_4("x" * 80),
    "first above last": line_4("16777728,16777727,CN", UPSIDE_DOWN),
    "the same line again": line_4("16777216,16777471,AU", after(16777471)),
    "overlap by one address": line_4("16777471,16777727,CN", after(16777471)),
    "a range inside the one before": line_4("16777300,16777310,CN", after(16777471)),
    "disorder": line_4("16777000,16777001,CN", after(16777471)),
    "no newline at the end": ("16777216,16777471,AU\n16777472,16777727,CN", SIX, wrong("four:2", "16777472,16777727,CN", CUT_OFF)),
    "no newline behind a comment": ("16777216,16777471,AU\n# the en", SIX, wrong("four:2", "# the en", CUT_OFF)),
    "no IPv4 line": ("", SIX, NONE_4),
    "comments alone": ("# nothing\n", SIX, NONE_4),
    "codes that are no countries": ("16777216,16777471,EU\n16777472,16777727,??\n", SIX, NONE_4),
    "no IPv6 line": (FOUR, "", NONE_6),
    "IPv6 codes that are no countries": (FOUR, "2a00::,2a00::1,??\n", NONE_6),
    "IPv4 in the table of IPv6": line_6("16777216,16777471,AU"),
    "dotted IPv4 in the table of IPv6": line_6("1.0.0.0,1.0.0.255,AU"),
    "a prefix": line_6("2a00::/12,2a00::1,DE"),
    "a zone": line_6("2a00::%1,2a00::1,DE"),
    "too many groups": line_6("1:2:3:4:5:6:7:8:9,2a00::1,DE"),
    "IPv6, first above last": line_6("2a00::2,2a00::1,DE", UPSIDE_DOWN),
    "IPv6 where IPv4 is": line_6("::,2a00::1,DE", "a range that begins above ::255.255.255.255, "
                                 "where the IPv4 addresses of a database end"),
    "the last address of ::/96": line_6("::ffff:ffff,2a00::1,DE", "a range that begins above ::255.255.255.255, "
                                        "where the IPv4 addresses of a database end"),
    "IPv6 overlap": (FOUR, SIX + "2a00:ffff::,2a01::,FR\n", wrong("six:2", "2a00:ffff::,2a01::,FR",
                                                                after("2a00:ffff:ffff:ffff:ffff:ffff:ffff:ffff"))),
    "a range above one that is not placed": ("16777216,16777471,AU\n16777472,16777727,??\n16777500,16777510,CN\n", SIX,
                                            wrong("four:3", "16777500,16777510,CN", after(16777727))),
    "a date of words": line_4("# Generated: yesterday", DATE),
    "the 31st of June": line_4("# Generated: Thu, 31 Jun 2026 04:33:59 GMT", DATE),
    "no month": line_4("# Generated: Thu, 25 Jux 2026 04:33:59 GMT", DATE),
    "25 o'clock": line_4("# Generated: Thu, 25 Jun 2026 25:33:59 GMT", DATE),
    "a time zone": line_4("# Generated: Thu, 25 Jun 2026 04:33:59 CET", DATE),
    "no date": line_4("# Generated:", DATE),
}

# The two tables (None: FOUR, SIX), and for addresses what is expected of them.
PLACED = {
    "first and last address of a range": (None, None, {
        "1.0.0.0": "AU", "1.0.0.255": "AU", "1.0.1.0": None, "0.255.255.255": None, "2a00::": "DE",
        "2a00:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "DE", "2a01::": None, "29ff:ffff::": None}),
    "a range that is no network": ("16777219,16777500,CN\n", None, {"1.0.0.2": None, "1.0.0.3": "CN", "1.0.1.28": "CN",
                                                                   "1.0.1.29": None}),
    "all there is": ("0,4294967295,CN\n", "::1:0:0,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,DE\n", {
        "0.0.0.0": "CN", "255.255.255.255": "CN", "::1:0:0": "DE", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "DE",
        "::ffff:1.2.3.4": "CN", "2002:102:304::1": "CN", "2001:0:102:304::1": "CN", "2001:1::": "DE", "2003::": "DE"}),
    "reserved networks": ("167772160,184549375,CN\n3232235520,3232301055,US\n", "fc00::,fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,DE\n",
                          {"10.0.0.1": "CN", "192.168.1.1": "US", "fd00::1": "DE"}),
    "UK": ("16777216,16777471,UK\n16777472,16777727,GB\n", None, {"1.0.0.1": "GB", "1.0.1.1": "GB"}),
    "XK": ("16777216,16777471,XK\n", None, {"1.0.0.1": "XK"}),
    "codes that are no countries": (
        "16777216,16777471,EU\n16777472,16777727,??\n16777728,16777983,A1\n16777984,16778239,ZZ\n16778240,16778495,CN\n", None,
        {"1.0.0.1": None, "1.0.1.1": None, "1.0.2.1": None, "1.0.3.1": None, "1.0.4.1": "CN"}),
    "6to4 of one": (None, "2002::,2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff,JP\n2a00::,2a00::ffff,DE\n", {
        "2002:100::1": "AU", "2002:100:ff:ffff::1": "AU", "2002:c000:200::1": "CN", "2002:100:100::": None, "2002::": None,
        "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff": None, "2a00::1": "DE"}),
    "6to4, a part of it": (None, "2002:100::,2002:100:ff:ffff:ffff:ffff:ffff:ffff,JP\n2a00::,2a00::ffff,DE\n", {
        "2002:100::1": "AU", "2002:c000:200::1": "CN"}),
    "Teredo of one": (None, "2001::,2001:0:ffff:ffff:ffff:ffff:ffff:ffff,JP\n2a00::,2a00::ffff,DE\n", {
        "2001:0:100::1": "AU", "2001:0:c000:200::1": "CN", "2001:0:100:100::": None, "2001::": None}),
    "from Teredo through 6to4": (None, "2001::,2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff,JP\n", {
        "2001:0:100::1": "AU", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff": None, "2001:1::": "JP",
        "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "JP", "2002::": None, "2002:100::1": "AU", "2003::": None}),
    "around both": (None, "2000::,3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,US\n", {
        "2000::": "US", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "US", "2001::": None, "2001:0:c000:200::": "CN",
        "2001:1::": "US", "2001:db8::1": "US", "2002:c000:200::": "CN", "2002:100:100::": None, "2003::": "US",
        "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": "US", "1fff::": None, "4000::": None}),
    "ends inside Teredo": (None, "2000::,2001:0:7fff::,US\n", {"2000:ffff::": "US", "2001:0:100::": "AU", "2001:1::": None}),
    "begins inside Teredo": (None, "2001:0:0:1::,2001:1::ffff,US\n", {"2001:0:100::": "AU", "2001:1::": "US", "2001:1::ffff": "US",
                                                                    "2001:1::1:0": None}),
    "ends inside 6to4": (None, "2001:f::,2002:8000::,US\n", {"2001:f::": "US", "2001:ffff::": "US", "2002::": None,
                                                            "2002:100::1": "AU"}),
    "begins inside 6to4": (None, "2002:8000::,2003::ffff,US\n", {"2002:c000:200::": "CN", "2002:ffff:ffff::": None,
                                                               "2003::": "US", "2003::ffff": "US"}),
    "two lines that share 6to4": (None, "2002::,2002:7fff:ffff:ffff:ffff:ffff:ffff:ffff,JP\n2002:8000::,2003::ffff,US\n", {
        "2002:100::1": "AU", "2002:c000:200::1": "CN", "2003::1": "US"}),
    "mapped addresses of one": (None, "::ffff:0:0,::ffff:ffff:ffff,JP\n2a00::,2a00::ffff,DE\n", {
        "::ffff:1.0.0.1": "AU", "::ffff:192.0.2.1": "CN", "::ffff:1.0.1.0": None}),
    "around the mapped": (None, "::fffe:0:0,::1:0:0:0,JP\n", {
        "::fffe:0:0": "JP", "::fffe:ffff:ffff": "JP", "::ffff:1.0.0.1": "AU", "::ffff:9.9.9.9": None, "::1:0:0:0": "JP"}),
    "without IPv6 beside carriers": (None, "2002::,2003::,JP\n", {"2002:100::1": "AU", "2003::": "JP", "2003::1": None}),
}

# The command line, and what is said before the two lines of help that follow.
WRONG_USE = {
    "an unknown option": (["--ip", "four"], 'option ip is ambiguous (ipv4, ipv6)'),
    "one that is none": (["--output", "out"], 'unknown option "output"'),
    "a short one": (["-o", "out"], 'unknown option "o"'),
    "no value": (["out", "--ipv4"], "option ipv4 requires an argument"),
    "a value too many": (["--if-newer=1", "out"], "option if-newer does not take an argument"),
    "two outputs": (["out", "more"], 'unexpected argument "more"'),
    "what steers a terminal": (["out", "\x1b[2J"], 'unexpected argument "\\x1B[2J"'),
}
USAGE = """Usage: accesspolicy-make-regions [--ipv4 FILE] [--ipv6 FILE] [--if-newer] [OUTPUT]
"accesspolicy-make-regions --help" says more.
"""


class Place:
    """A folder of its own with the tables `four` and `six`, and `out`, the database."""

    def __init__(self, lab, four=FOUR, six=SIX):
        self.lab = lab
        self.folder = os.path.join(lab.folder, f"place-{len(os.listdir(lab.folder))}")
        os.mkdir(self.folder)
        self.table("four", four)
        self.table("six", six)

    def path(self, name):
        return os.path.join(self.folder, name)

    def table(self, name, text):
        """As a package installs it: with the time at which it was made, under the name of the one before."""
        with open(self.path(".new"), "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.utime(self.path(".new"), (TIME, TIME))
        os.rename(self.path(".new"), self.path(name))

    def command(self, *words, output="out", tables=True):
        return ["perl", arguments[1]] + (["--ipv4", "four", "--ipv6", "six"] if tables else []) + list(words) + \
            ([output] if output is not None else [])

    def run(self, *words, env=None, prepare=None, before="", status=0, err="", what=None, **more):
        """`before` is a line of shell that is run first, in the process that becomes the program."""
        done = subprocess.run(["sh", "-c", before + '\nexec "$@"', "sh"] + self.command(*words, **more), cwd=self.folder,
                              stdin=subprocess.DEVNULL, capture_output=True, env=environment(env), preexec_fn=prepare,
                              umask=0o077, check=False)
        result = Result(done.returncode, done.stdout.decode(), done.stderr.decode())
        what = what or f"{' '.join(words)} {more}"
        expect(result.status == status, f"{what}: expected status {status}", result)
        same(result.err, err, f"{what}: what is said")
        return result

    def region(self, *addresses):
        """Where the command says that they are: a country's code, or None."""
        result = self.lab.run("region", "--database", self.path("out"), "--json", *addresses, status=0)
        return [found["country"] for found in result.json()["addresses"]]

    def rest(self):
        return sorted(set(os.listdir(self.folder)) - {"four", "six"})


@test
def tables_become_a_database(lab):
    place = Place(lab)
    result = place.run()
    same(result.out, MADE, "what is said")
    same(place.rest(), ["out"], "what is there")
    same(oct(os.stat(place.path("out")).st_mode & 0o7777), "0o644", "its mode, under a umask of 077")
    told = lab.run("region", "--database", place.path("out"), "--json", "1.0.0.1", status=0).json()["database"]
    same((told["type"], told["built"]), ("Tor-Country", "2026-01-01T00:00:00Z"), "what it says of itself")


@test
def addresses_are_where_the_tables_say(lab):
    for name, (four, six, expected) in PLACED.items():
        place = Place(lab, four or FOUR, six or SIX)
        place.run()
        found = dict(zip(expected, place.region(*expected)))
        same(found, expected, name)


@test
def what_is_not_placed_is_told(lab):
    four = "16777216,16777471,EU\n16777472,16777727,??\n16777728,16777983,??\n16777984,16778239,UK\n16778240,16778495,GB\n"
    result = Place(lab, four, SIX + "2a01::,2a01::1,AP\n").run()
    same(result.out, "out: 2 countries, 2 IPv4 and 1 IPv6 ranges, as of 2026-01-01 00:00:00 +0000\n"
                     "not placed: 3 IPv4 and 1 IPv6 ranges, by codes that are no country's (?? 2, AP 1, EU 1)\n", "what is said")
    result = Place(lab, "1,2,CN\n", "2a00::,2a00::1,CN\n").run()
    same(result.out, "out: 1 country, 1 IPv4 and 1 IPv6 ranges, as of 2026-01-01 00:00:00 +0000\n", "one country")


@test
def a_database_is_of_the_day_that_the_later_table_says(lab):
    for date4, date6, built in (("", "", "2026-01-01 00:00:00"),
                                ("# Generated: Thu, 25 Jun 2026 04:33:59 GMT\n", "", "2026-06-25 04:33:59"),
                                ("", "# Generated: Sun, 29 Feb 2032 23:59:59 GMT\n", "2032-02-29 23:59:59"),
                                ("# Generated: Thu, 25 Jun 2026 04:33:59 GMT\n",
                                 "#  Last updated\n# Generated: Thu, 25 Jun 2026 04:34:00 GMT\n", "2026-06-25 04:34:00"),
                                ("# Generated: Tue, 25 Jun 2024 04:33:59 GMT\n", "", "2024-06-25 04:33:59")):
        result = Place(lab, date4 + FOUR, date6 + SIX).run()
        expect(result.out.endswith(f", as of {built} +0000\n"), f"expected {built}", result)


@test
def tables_that_are_wrong_are_refused(lab):
    for name, (four, six, said) in REFUSED.items():
        place = Place(lab, four, six)
        result = place.run(status=1, err=said + "\n", what=name)
        same((name, result.out, place.rest()), (name, "", []), "what is left behind")


@test
def a_database_outlives_tables_that_are_wrong(lab):
    place = Place(lab)
    place.run()
    before = snapshot(place.folder, but=("four", "."))
    place.table("four", FOUR[:-1])
    place.run(status=1, err=wrong("four:2", "3221225984,3221226239,CN", CUT_OFF) + "\n")
    same(snapshot(place.folder, but=("four", ".")), before, "what is there")


@test
def tables_that_are_none_are_refused(lab):
    place = Place(lab)
    os.mkdir(place.path("folder"))
    for option, value, said in (("--ipv4", "none", "none: No such file or directory"),
                                ("--ipv6", "none", "none: No such file or directory"),
                                ("--ipv4", "", ": No such file or directory"),
                                ("--ipv4", "four/x", "four/x: Not a directory"),
                                ("--ipv6", "folder", "folder: not a regular file"),
                                ("--ipv6", "/dev/null", "/dev/null: not a regular file"),
                                ("--ipv6", "\x1b[2J", "\\x1B[2J: No such file or directory")):
        place.run(option, value, status=1, err=said + "\n")
        same(place.rest(), ["folder"], "what is there")


@test
def the_same_tables_make_the_same_bytes(lab):
    four = "".join(f"{i * 512},{i * 512 + 300 + i % 7},{code}\n" for i, code in enumerate(["CN", "US", "GB", "UK", "DE", "KP"] * 40))
    six = "".join(f"2a00:{i:x}::,2a00:{i:x}:ffff::,{code}\n" for i, code in enumerate(["CN", "FR", "GB", "??"] * 20))
    made = []
    for seed in ("0", "1", "4711"):
        place = Place(lab, four, six)
        place.run(env={"PERL_HASH_SEED": seed})
        made.append(read(place.path("out")))
        time.sleep(0.4)
    expect(made[0] == made[1] == made[2], "the bytes differ")


def until_another_second():
    """Times are compared in seconds."""
    now = time.time()
    time.sleep(1.05 - now % 1)


def if_newer(place, expected, what):
    before = read(place.path("out")), os.stat(place.path("out")).st_ino
    result = place.run("--if-newer")
    same(result.out, expected, what)
    if expected == NEWER:
        same((read(place.path("out")), os.stat(place.path("out")).st_ino), before, f"{what}: the database")


@test
def with_if_newer_it_is_made_only_of_newer_tables(lab):
    place = Place(lab)
    same(place.run("--if-newer").out, MADE, "where there is none")
    until_another_second()
    same(place.run().out, MADE, "without the option")
    if_newer(place, NEWER, "after it was made")
    until_another_second()
    place.table("four", "16777216,16777471,NZ\n3221225984,3221226239,CN\n")
    if_newer(place, MADE, "after a table of the same age took the place of one")
    same(place.region("1.0.0.1"), ["NZ"], "the new table")
    # made in the second in which the table came: nobody knows which was first
    until_another_second()
    place.run()
    if_newer(place, NEWER, "after that")
    until_another_second()
    os.utime(place.path("six"), (TIME, TIME))
    if_newer(place, MADE, "after a table was touched, with an old time")
    os.unlink(place.path("out"))
    same(place.run("--if-newer").out, MADE, "after the database was removed")
    place.run("--if-newer", "--ipv6", "none", status=1, err="none: No such file or directory\n")


@test
def what_cannot_be_written_leaves_nothing_behind(lab):
    place = Place(lab)
    os.mkdir(place.path("folder"))
    os.symlink("nowhere", place.path("link"))
    before = snapshot(place.folder, but=(".", "folder"))
    for output, said in (("four/out", "four: cannot be made: File exists"),
                         ("none/none/out", "none/none: cannot be made: No such file or directory"),
                         ("link/out", "link: cannot be made: File exists"),
                         ("folder", "folder: Is a directory"),
                         ("/dev/null/out", "/dev/null: cannot be made: File exists"),
                         ("/proc/out", "/proc/.out."),
                         ("none/" + "x" * 300, "none/.xxx")):
        done = subprocess.run(place.command(output=output), cwd=place.folder, stdin=subprocess.DEVNULL, capture_output=True,
                              env=environment(), check=False)
        result = Result(done.returncode, done.stdout.decode(), done.stderr.decode())
        expect(result.status == 1 and result.out == "" and result.err.startswith(said) and result.err.count("\n") == 1,
               f"{output}: expected {said}", result)
        same(snapshot(place.folder, but=(".", "folder")), before, f"{output}: what is there")
        same(os.listdir(place.path("folder")), [], f"{output}: what is in the folder")


def room(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@test
def what_finds_no_room_leaves_nothing_behind(lab):
    """A limit of the size of files stands for a full disk: with SIGXFSZ ignored the write fails, otherwise the signal comes."""
    place = Place(lab)
    for name, output in (("a folder that is there", "out"), ("one that is not", "new/out")):
        place.run(before="trap '' XFSZ", prepare=room(1000), output=output, status=1, err=f"{output}: File too large\n")
        same((name, place.rest()), (name, []), "what is left behind")
        place.run(prepare=room(1000), output=output, status=-signal.SIGXFSZ)
        same((name, place.rest()), (name, []), "what the signal leaves behind")
    place.run()
    before = read(place.path("out"))
    place.run(before="trap '' XFSZ", prepare=room(1000), status=1, err="out: File too large\n")
    same((place.rest(), read(place.path("out"))), (["out"], before), "what is there")


@test
def a_folder_is_made_where_there_is_none(lab):
    place = Place(lab)
    place.run(output="new/out")
    same(os.listdir(place.path("new")), ["out"], "what is there")
    same(oct(os.stat(place.path("new")).st_mode & 0o7777), "0o755", "its mode, under a umask of 077")


@test
def a_file_that_it_did_not_make_stays(lab):
    place = Place(lab)
    made = subprocess.run(["sh", "-c", 'echo mine >".out.$$"; echo $$; exec "$@" 2>&1', "sh"] + place.command(),
                          cwd=place.folder, stdin=subprocess.DEVNULL, capture_output=True, env=environment(), check=False)
    number, _, said = made.stdout.decode().partition("\n")
    same((made.returncode, said), (1, f"./.out.{number}: File exists\n"), "what is said")
    same(place.rest(), [f".out.{number}"], "what is there")
    same(read(place.path(f".out.{number}")), b"mine\n", "the file")


@test
def a_link_is_replaced_and_not_written_through(lab):
    place = Place(lab)
    with open(place.path("other"), "w", encoding="utf-8") as file:
        file.write("kept\n")
    os.symlink("other", place.path("out"))
    place.run()
    same((os.path.islink(place.path("out")), read(place.path("other"))), (False, b"kept\n"), "the link, and the file behind it")


@test
def a_reader_keeps_the_database_that_it_opened(lab):
    place = Place(lab)
    place.run()
    before = read(place.path("out"))
    with open(place.path("out"), "rb") as opened:
        place.table("four", "1,2,CN\n")
        place.run()
        same(opened.read(), before, "what was opened")
    expect(read(place.path("out")) != before, "the database is the same")


@test
def wrong_use_is_told(lab):
    place = Place(lab)
    for name, (words, said) in WRONG_USE.items():
        result = place.run(*words, tables=False, output=None, status=2, err=f"accesspolicy-make-regions: {said}\n{USAGE}")
        same((name, result.out, place.rest()), (name, "", []), "what is written")


@test
def help_is_shown(lab):
    place = Place(lab)
    result = place.run("--help", tables=False, output=None)
    expect(result.out.startswith(USAGE.splitlines()[0] + "\n") and "--if-newer" in result.out, "the help", result)
    same(place.rest(), [], "what is there")
    place.run("--help", before="exec >/dev/full", tables=False, output=None, status=1,
              err="standard output: No space left on device\n")


main()
