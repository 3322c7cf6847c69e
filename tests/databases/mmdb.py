#!/usr/bin/python3
"""mmdb.py SHAPE OUTPUT | --list - small region databases (MaxMind DB format 2.0), whole ones and broken ones.

Tests and build steps name a shape; those that need networks of their own import Database and write(). Nothing here reads the
clock or draws lots: a shape is the same bytes in every run.
"""
import copy
import ipaddress
import os
import struct
import sys

MARKER = b"\xab\xcd\xefMaxMind.com"
SEPARATOR = 16
BUILT = 1767225600  # 2026-01-01
ALIASES = ("::ffff:0:0/96", "2001::/32", "2002::/16")

# Values. An int becomes a uint32; of the other widths it is (UINT16, 1). (RAW, bytes) is written as it stands.
RAW, POINTER, STRING, DOUBLE, BYTES, UINT16, UINT32, MAP, UINT64, ARRAY, BOOLEAN = 0, 1, 2, 3, 4, 5, 6, 7, 9, 11, 14


def control(kind, size):
    """The bytes before a value: its type, and how many bytes, pairs or elements it has."""
    if size < 29:
        short, rest = size, b""
    elif size < 285:
        short, rest = 29, (size - 29).to_bytes(1, "big")
    elif size < 65821:
        short, rest = 30, (size - 285).to_bytes(2, "big")
    else:
        short, rest = 31, (size - 65821).to_bytes(3, "big")
    return bytes([kind << 5 | short] if kind <= 7 else [short, kind - 7]) + rest


def pointer(to):
    for size, first in enumerate((0, 2048, 526336)):
        value = to - first
        if value < 1 << (11 + 8 * size):
            return bytes([POINTER << 5 | size << 3 | value >> 8 * (size + 1)]) + \
                (value & ((1 << 8 * (size + 1)) - 1)).to_bytes(size + 1, "big")
    return bytes([POINTER << 5 | 3 << 3]) + to.to_bytes(4, "big")


def encode(value, out, seen):
    """Appends a value to `out`. What stands there already becomes a pointer to it, as in the databases that are sold."""
    kind = None
    if isinstance(value, tuple):
        kind, value = value
    key = repr(value)
    if kind is None and key in seen:
        out += pointer(seen[key])
        return
    if isinstance(value, (dict, list)) or isinstance(value, str) and len(value) > 3:
        seen[key] = len(out)
    if kind == RAW:
        out += value
    elif isinstance(value, dict):
        out += control(MAP, len(value))
        for name, item in value.items():
            encode(name, out, seen)
            encode(item, out, seen)
    elif isinstance(value, list):
        out += control(ARRAY, len(value))
        for item in value:
            encode(item, out, seen)
    elif isinstance(value, bool):
        out += control(BOOLEAN, int(value))
    elif isinstance(value, int):
        size = (value.bit_length() + 7) // 8
        out += control(kind or UINT32, size) + value.to_bytes(size, "big")
    elif isinstance(value, float):
        out += control(DOUBLE, 8) + struct.pack(">d", value)
    else:
        text = value.encode() if isinstance(value, str) else value
        out += control(STRING if isinstance(value, str) else BYTES, len(text)) + text


def placed(record, address, bits, length, leaf, depth=0):
    """The record that stands where `record` stood once `leaf` is at address/length below it.

    None is no data, an int is data, a list [left, right] is a node. Two records of the same data are one, a level higher.
    """
    if depth == length:
        return leaf
    node = record if isinstance(record, list) else [record, record]
    bit = address >> (bits - 1 - depth) & 1
    node[bit] = placed(node[bit], address, bits, length, leaf, depth + 1)
    return node[0] if not isinstance(node[0], list) and node[0] == node[1] else node


def numbered(root):
    """All nodes by their numbers, and the numbers by the nodes' ids: a node may be reached in several ways, or by itself."""
    nodes, numbers = [root], {id(root): 0}
    for node in nodes:
        for record in node:
            if isinstance(record, list) and id(record) not in numbers:
                numbers[id(record)] = len(nodes)
                nodes.append(record)
    return nodes, numbers


def packed(left, right, size):
    if size == 28:  # the middle byte holds the high bits of both
        return ((left & 0xFFFFFF) << 32 | left >> 24 << 28 | right).to_bytes(7, "big")
    return left.to_bytes(size // 8, "big") + right.to_bytes(size // 8, "big")


class Database:
    """Networks and their records. Of two networks that overlap the one that was inserted later counts. In a database of IPv6
    the networks of IPv4 are in ::/96. data_from bytes come before the data."""

    def __init__(self, ip_version=6, record_size=24, database_type="Test-City", build_epoch=BUILT, languages=("en",),
                 description=None, alias_ipv6_to_ipv4=False, data_from=0):
        self.bits = 32 if ip_version == 4 else 128
        self.record_size = record_size
        self.aliased = alias_ipv6_to_ipv4
        self.metadata = {
            "record_size": (UINT16, record_size), "ip_version": (UINT16, ip_version), "database_type": database_type,
            "languages": list(languages), "binary_format_major_version": (UINT16, 2),
            "binary_format_minor_version": (UINT16, 0), "build_epoch": (UINT64, build_epoch),
            "description": description or {"en": "Regions for tests"}}
        self.root = None
        self.data = bytearray(data_from)
        self.seen = {}

    def insert(self, network, record):
        offset = len(self.data)
        if repr(record) not in self.seen:
            encode(record, self.data, self.seen)
        self.put(network, SEPARATOR + self.seen.setdefault(repr(record), offset))

    def insert_range(self, first, last, record):
        first, last = ipaddress.ip_address(first), ipaddress.ip_address(last)
        for network in ipaddress.summarize_address_range(first, last):
            self.insert(network, record)

    def put(self, network, leaf):
        """As insert(), of what a tree's record can be: an int counts from the node count, so 1 to 15 are wrong; or a node."""
        network = ipaddress.ip_network(network)
        if network.max_prefixlen > self.bits:
            raise ValueError(f"{network} in a database of IPv4")
        length = network.prefixlen + self.bits - network.max_prefixlen
        self.root = placed(self.root, int(network.network_address), self.bits, length, leaf)

    def parts(self, **metadata):
        """The tree with its separator, the data, and the metadata with their marker.

        What is named in `metadata` is written before all else there, in the place of what is right; None leaves it out.
        """
        root = copy.deepcopy(self.root)
        if self.aliased:
            ipv4 = root
            for _ in range(96):
                ipv4 = ipv4[0] if isinstance(ipv4, list) else ipv4
            for network in map(ipaddress.ip_network, ALIASES):
                root = placed(root, int(network.network_address), 128, network.prefixlen, ipv4)
        nodes, numbers = numbered(root if isinstance(root, list) else [root, root])
        tree = bytearray()
        for node in nodes:
            tree += packed(*(numbers[id(record)] if isinstance(record, list) else len(nodes) + (record or 0)
                             for record in node), self.record_size)
        all_of_it = {**metadata, "node_count": len(nodes), **self.metadata, **metadata}
        end = bytearray()
        encode({key: value for key, value in all_of_it.items() if value is not None}, end, {})
        return bytes(tree) + bytes(SEPARATOR), bytes(self.data), MARKER + bytes(end)

    def node_count(self):
        return (len(self.parts()[0]) - SEPARATOR) * 4 // self.record_size

    def bytes(self, **metadata):
        return b"".join(self.parts(**metadata))


def write(path, content):
    """A reader sees the old file or the new one."""
    beside = f"{path}.{os.getpid()}.new"
    try:
        with open(beside, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(beside, path)
    except BaseException:
        if os.path.exists(beside):
            os.unlink(beside)
        raise


# Whole databases

CONTINENTS = {"AS": "Asia", "EU": "Europe", "NA": "North America"}
COUNTRIES = {"CN": ("AS", "China"), "US": ("NA", "United States"), "GB": ("EU", "United Kingdom"), "DE": ("EU", "Germany"),
             "KP": ("AS", "North Korea"), "SG": ("AS", "Singapore"), "EU": ("EU", "Europe"), "UK": ("EU", "United Kingdom")}
SUBDIVISIONS = {"ZJ": "Zhejiang", "GD": "Guangdong", "BJ": "Beijing", "CA": "California", "NY": "New York", "ENG": "England",
                "LND": "London"}


def region(country, *subdivisions):
    continent, name = COUNTRIES[country]
    itself = {"iso_code": country, "names": {"en": name}}
    if country == "DE":
        itself = {"is_in_european_union": True, **itself}
    record = {"continent": {"code": continent, "names": {"en": CONTINENTS[continent]}}, "country": itself,
              # the same everywhere: it is there for its types
              "location": {"accuracy_radius": (UINT16, 100), "latitude": 30.25, "longitude": -0.5},
              "registered_country": itself}
    if subdivisions:
        record["subdivisions"] = [{"iso_code": code, "names": {"en": SUBDIVISIONS[code]}} for code in subdivisions]
    return record


def only(key, record):
    return {key: record[key]}


NETWORKS = {
    "192.0.2.0/25": region("CN", "ZJ"),
    "192.0.2.128/25": region("CN", "GD"),
    "198.51.100.0/24": region("US", "CA"),
    "203.0.113.0/25": region("GB", "ENG", "LND"),
    "203.0.113.128/26": region("DE"),
    "203.0.113.192/27": region("KP"),
    "203.0.113.224/28": region("SG"),
    "198.18.0.0/24": only("continent", region("CN")),
    "198.18.1.0/24": only("registered_country", region("CN")),
    "198.18.2.0/24": region("EU"),
    "198.18.3.0/24": region("UK"),
    "198.18.4.0/24": region("CN", "BJ"),
    # a network inside another, a range that is no network, the last addresses
    "198.18.8.0/21": region("US", "CA"),
    "198.18.10.0/24": region("CN", "ZJ"),
    "198.18.16.3-198.18.16.200": region("CN", "GD"),
    "255.255.255.255/32": region("DE"),
    "2001:db8:1::/48": region("CN", "ZJ"),
    "2001:db8:2::/48": region("US", "NY"),
    "2001:db8:3::/48": region("KP"),
    "2001:db8:4::/48": region("SG"),
    "2001:db8:5::/48": region("DE"),
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128": region("DE"),
}
NEWER = {{"203.0.113.192/27": "203.0.113.192/28", "2001:db8:3::/48": "2001:db8:3::/49"}.get(where, where): record
         for where, record in {**NETWORKS, "198.18.6.0/24": region("CN")}.items() if record != region("SG")}
IPV4 = {where: record for where, record in NETWORKS.items() if ":" not in where}
IPV6 = {where: record for where, record in NETWORKS.items() if ":" in where}


def city(networks=None, **options):
    database = Database(**options)
    for where, record in (networks or NETWORKS).items():
        if "-" in where:
            database.insert_range(*where.split("-"), record)
        else:
            database.insert(where, record)
    return database


def cities():
    """city, with names and coordinates: Nybro, the only one that is far from the rest, and Dortmund."""
    def at(name, record, latitude, longitude):
        return {**record, "city": {"names": {"en": name}},
                "location": {"latitude": latitude, "longitude": longitude}}
    return city({**NETWORKS, "203.0.113.128/27": at("Dortmund", region("DE"), 51.5, 7.5),
                 "203.0.113.224/28": at("Nybro", region("SG"), -56.7, 150.5)})


def country(networks=None, **options):
    less = {where: {key: value for key, value in record.items() if key not in ("location", "subdivisions")}
            for where, record in (networks or NETWORKS).items()}
    return city(less, database_type="Test-Country", **options)


def asn():
    return city({where: {"autonomous_system_number": 64496} for where in NETWORKS}, database_type="Test-ASN")


def naive():
    return city({"10.0.0.0/30": region("CN", "ZJ"), "10.0.0.4/30": region("CN"), "10.0.0.8/31": region("SG"),
                 "255.255.255.0/24": region("EU"), "2001:db8::/126": region("CN", "ZJ"), "2001:db8::4/127": region("SG"),
                 "2001:db8::8/125": region("CN", "GD"), "2001:db8:ffff::/48": region("GB", "ENG")})


def many_records():
    """So many that differ that whoever remembers them must make room."""
    places = [region("CN", "ZJ"), region("CN"), region("US", "NY"), region("GB", "ENG", "LND"), region("EU")]
    networks = {}
    for i in range(1500):
        record = {**places[i % len(places)], "city": {"geoname_id": (UINT32, i)}}
        networks[f"10.{i // 256}.{i % 256}.0/24"] = networks[f"2001:db8:{i:x}::/48"] = record
    return city(networks)


def with_subdivisions(*subdivisions):
    record = region("CN")
    record["subdivisions"] = list(subdivisions)
    return city({**NETWORKS, "198.18.32.0/24": record})


def nameless_codes():
    networks = copy.deepcopy(NETWORKS)
    for record in networks.values():
        for place in record.get("subdivisions", ()):
            del place["iso_code"]
    return city(networks, database_type="Test-City-Lite")


# Broken databases. Where the tree or the data are broken, and not just cut short, an address of PROBES meets it.

PROBES = ("192.0.2.0/24", "2001:db8:1::/48")
ZJ = region("CN", "ZJ")
A_CODE = {"country": {"iso_code": "CN"}}
FIRST_DATA = SEPARATOR  # the record that was inserted first, as a leaf
DEEP_ARRAY = control(ARRAY, 1)
DEEP_MAP = control(MAP, 1) + control(STRING, 0)
ZERO = control(UINT16, 0)
MANY = 16_000_000


def raw(*pieces):
    return RAW, b"".join(pieces)


def probed(record):
    return city({network: record for network in PROBES})


def one(record, **metadata):
    return probed(record).bytes(**metadata)


def code(value):
    return one({"country": {"iso_code": value}})


def tree_of(root):
    database = probed(A_CODE)
    database.root = root
    return database.bytes()


def tree_with(leaf_of, networks=PROBES, **metadata):
    """In the place of data stands the leaf that leaf_of() makes of the database so far."""
    database = probed(A_CODE)
    leaf = leaf_of(database)
    for network in networks:
        database.put(network, leaf)
    return database.bytes(**metadata)


def loop(*right):
    """A node that has itself on its left, and on its right if nothing else is given."""
    node = []
    node += [node, *(right or [node])]
    return node


def all_paths(length, leaf):
    """Nodes both of whose records are the next node: 2^length ways to the leaf."""
    for _ in range(length):
        leaf = [leaf, leaf]
    return leaf


def cut(tree=1.0, data=1.0, metadata=1.0):
    """city, of each of whose three parts so much is there: a fraction, or a number of bytes."""
    return b"".join(part[:int(to * len(part)) if isinstance(to, float) else to]
                    for part, to in zip(city().parts(), (tree, data, metadata)))


def ends_with_page(metadata):
    """A file that ends in this, and with it the last page that can be read."""
    front = cut(metadata=0)
    end = MARKER + metadata
    return front + bytes(-len(front + end) % 4096) + end


def diamonds(key, depth=200):
    """A map's first two pairs: arrays of two pointers to the next one, held by bytes, and the key, with a pointer to the first.
    Whoever follows all pointers meets 2^depth elements."""
    at = len(control(MAP, 1) + control(STRING, 4) + b"hold" + control(BYTES, 6 * depth))
    arrays = [control(ARRAY, 2) + pointer(at + 6 * level) * 2 for level in range(1, depth)]
    return {"hold": b"".join(arrays) + bytes(6), key: raw(pointer(at))}


def overlapping(count=4096, steps=1_000_000):
    """Networks with a record each, all of them whole. Before its country each has an array, whose elements it shares with the
    records behind it, so that each takes all the steps."""
    database = Database()
    for i in range(count):
        start = control(MAP, 2) + control(STRING, 0) + control(ARRAY, count - 1 - i + steps)
        # a string to those before it
        database.data += control(STRING, len(start))
        for network in PROBES if i == 0 else [f"10.{i >> 8}.{i & 255}.0/24"]:
            database.put(network, SEPARATOR + len(database.data))
        database.data += start
    database.data += ZERO * steps
    encode("country", database.data, {})
    encode(A_CODE["country"], database.data, {})
    return database.bytes()


def one_text_as(count):
    """A description in `count` languages, all of whose codes and texts are pointers to one long string."""
    to = pointer(len(control(MAP, 1) + control(STRING, 4) + b"text"))
    return city().bytes(text="x" * 60000, description=raw(control(MAP, count), to * 2 * count))


SHAPES = {
    "city": (lambda: city().bytes(), "IPv4 and IPv6, countries and subdivisions"),
    "city-aliased": (lambda: city(alias_ipv6_to_ipv4=True).bytes(), "city, its IPv4 also reached from 2002::/16 and others"),
    "country": (lambda: country().bytes(), "city without subdivisions"),
    "country-4": (lambda: country(IPV4, ip_version=4).bytes(), "country, of IP version 4"),
    "country-v6-without-v6": (lambda: country(IPV4).bytes(), "country, of IP version 6, without IPv6 networks"),
    "country-v4-less": (lambda: country(IPV6).bytes(), "country without IPv4 networks"),
    "newer-country": (lambda: country(NEWER, build_epoch=BUILT + 30 * 86400).bytes(),
                      "country 30 days later: half of KP, more of CN, no SG"),
    "asn": (lambda: asn().bytes(), "autonomous systems, no regions"),
    "empty": (lambda: Database().bytes(), "no network"),
    "dbip-city": (lambda: nameless_codes().bytes(), "city, whose subdivisions have no codes"),
    "record-28": (lambda: city(record_size=28).bytes(), "city, in records of 28 bits"),
    "record-32": (lambda: city(record_size=32).bytes(), "city, in records of 32 bits"),
    "record-28-far": (lambda: city(record_size=28, data_from=1 << 24).bytes(),
                      "city, its data 16 MiB away: records that need more than 24 bits"),
    "without-languages": (lambda: city().bytes(languages=None), "whole; the format lets them be left out"),
    "without-description": (lambda: city().bytes(description=None), "whole; the format lets it be left out"),

    "naive": (lambda: naive().bytes(), "of sixteen IPv4 and sixteen IPv6 addresses some, for the naive evaluation"),
    "cities": (lambda: cities().bytes(), "city, with the names of two cities"),
    "many-records": (lambda: many_records().bytes(), "1,500 records that differ, of both families"),
    "mapped": (lambda: city({"192.0.2.0/24": region("DE"), "2001:db8:5::/48": region("DE"),
                             "::ffff:203.0.113.0/120": region("KP")}).bytes(), "KP in IPv4-mapped addresses alone"),
    "v6-few": (lambda: country({**IPV4, "2001:db8:3::/65": region("KP")}).bytes(), "half a network of 64 bits of IPv6"),
    "twice": (lambda: with_subdivisions({"iso_code": "ZJ"}, {"iso_code": "ZJ"}).bytes(), "city, a subdivision twice in a record"),
    "second-coded": (lambda: with_subdivisions({"names": {"en": "East"}}, {"iso_code": "ZJ"}).bytes(),
                     "city, a subdivision without a code before one that has one"),
    "code-empty": (lambda: city({**NETWORKS, "198.18.32.0/24": {"country": {"iso_code": ""}}}, record_size=28,
                                data_from=2 * 1024 * 1024).bytes(), "city, with an empty code, in a large file"),
    "not-a-database": (lambda: b"networks = ( );\n" * 100, "a text"),
    "no-file-content": (lambda: b"", "a file of no bytes"),
    "truncated-tree-1": (lambda: cut(0.5, 0, 0), "the first half of the tree"),
    "truncated-tree-2": (lambda: cut(tree=0.5), "no second half of the tree, but what follows it"),
    "truncated-tree-3": (lambda: cut(tree=0.9), "no last tenth of the tree, but what follows it"),
    "truncated-data-1": (lambda: cut(data=0.5, metadata=0), "up to the middle of the data"),
    "truncated-data-2": (lambda: cut(data=0.5), "no second half of the data, but the metadata"),
    "truncated-data-3": (lambda: cut(data=0), "no data, but the metadata"),
    "truncated-metadata-1": (lambda: cut(metadata=8), "ends inside the marker"),
    "truncated-metadata-2": (lambda: cut(metadata=len(MARKER)), "ends behind the marker"),
    "truncated-metadata-3": (lambda: cut(metadata=len(MARKER) + 1), "ends behind the metadata's first byte"),
    "truncated-metadata-4": (lambda: cut(metadata=0.5), "ends inside the metadata"),
    "truncated-metadata-5": (lambda: cut(metadata=-1), "lacks its last byte"),
    "truncated-metadata-6": (lambda: ends_with_page(b""), "ends behind the marker, and with a page"),
    "truncated-metadata-7": (lambda: ends_with_page(b"\xff"), "ends before a size in the metadata, and with a page"),

    "tree-cycle-1": (lambda: tree_of(loop()), "both records of the root are the root"),
    "tree-cycle-2": (lambda: tree_with(lambda _: loop()), "both records of a node are itself"),
    "tree-cycle-3": (lambda: tree_with(lambda database: [database.root[0], FIRST_DATA]), "a record is a node above it"),
    "tree-cycle-4": (lambda: tree_with(lambda _: loop(FIRST_DATA)), "one record of a node is itself, the other one data"),
    "tree-diamonds-1": (lambda: tree_of(all_paths(128, FIRST_DATA)), "2^128 ways to one record"),
    "tree-diamonds-2": (lambda: tree_of(all_paths(128, None)), "2^128 ways to nothing"),
    "tree-deeper-than-address-1": (lambda: tree_with(lambda _: [FIRST_DATA, None], ("192.0.2.1", "2001:db8:1::1")),
                                   "192.0.2.1 and 2001:db8:1::1 end at a node"),
    "tree-deeper-than-address-2": (lambda: tree_of(all_paths(200, FIRST_DATA)), "each address ends at a node"),
    "tree-points-into-separator-1": (lambda: tree_with(lambda _: 1), "a record is node count + 1"),
    "tree-points-into-separator-2": (lambda: tree_with(lambda _: 15), "a record is node count + 15"),
    "tree-points-beyond-1": (lambda: tree_with(lambda _: 10_000_000), "a record is of data behind the end of the file"),
    "tree-points-beyond-2": (lambda: tree_with(lambda database: SEPARATOR + len(database.data) + len(MARKER),
                                               country={"iso_code": "XX"}),
                             "a record takes the metadata for its data, and a country is there"),
    "wrong-node-count-1": (lambda: city().bytes(node_count=1_000_000), "a tree larger than the file"),
    "wrong-node-count-2": (lambda: city().bytes(node_count=city().node_count() + 10), "10 nodes that are data"),
    "wrong-node-count-3": (lambda: city().bytes(node_count=1), "all nodes but one are data"),
    "wrong-node-count-4": (lambda: city().bytes(node_count=0), "no node"),
    "wrong-node-count-5": (lambda: city().bytes(node_count=0x2AAAAAAB), "a tree of 2^32 + 2 bytes"),
    "wrong-node-count-6": (lambda: city().bytes(node_count=0x2AAAAAAA), "a tree that, with the separator, has 2^32 + 12 bytes"),
    "wrong-node-count-7": (lambda: tree_with(lambda _: 15_000_000, node_count=0x2AAAAAAB + probed(A_CODE).node_count()),
                           "2^32 bytes more than there are, and nodes 90 MB behind the file"),
    "wrong-node-count-8": (lambda: tree_with(lambda _: 15_000_000, ["::/1"], node_count=0x2AAAAAAA),
                           "the same of 6, and the way to the IPv4 networks leads there"),

    "deep-array": (lambda: one({"deep": raw(DEEP_ARRAY * 1_000_000, ZERO), **ZJ}), "a million nested arrays before a code"),
    "deep-map": (lambda: one({"deep": raw(DEEP_MAP * 1_000_000, ZERO), **ZJ}), "a million nested maps before a code"),
    "deep-metadata-1": (lambda: city().bytes(deep=raw(DEEP_ARRAY * 65_000, ZERO)), "65,000 nested arrays in the metadata"),
    "deep-metadata-2": (lambda: city().bytes(deep=raw(DEEP_ARRAY * 1_000_000, ZERO)), "a million, more than fit"),
    "oversized-map-1": (lambda: one({"large": raw(control(MAP, MANY)), **ZJ}), "16 million pairs before a code"),
    "oversized-map-2": (lambda: one({"country": raw(control(MAP, MANY))}), "a country of 16 million pairs"),
    "oversized-array-1": (lambda: one({"large": raw(control(ARRAY, MANY)), **ZJ}), "16 million elements before a code"),
    "oversized-array-2": (lambda: one({**ZJ, "subdivisions": raw(control(ARRAY, MANY))}), "16 million subdivisions"),
    "oversized-array-3": (lambda: city().bytes(languages=raw(control(ARRAY, MANY))), "16 million languages"),
    "pointer-cycle-1": (lambda: one({"country": raw(pointer(9))}), "a pointer to itself"),
    "pointer-cycle-2": (lambda: one({"country": raw(pointer(11), pointer(13), control(MAP, 0))}), "a pointer to a pointer"),
    "pointer-cycle-3": (lambda: one({"country": raw(pointer(0))}), "a map that is its own country"),
    "pointer-diamonds-1": (lambda: one({**diamonds("diamonds"), **ZJ}), "2^200 elements by pointers, before a code"),
    "pointer-diamonds-2": (lambda: city().bytes(**diamonds("languages")), "2^200 languages by pointers"),
    "overlapping-data": (overlapping, "4096 records, a million steps to the code of each"),
    "bad-pointer-1": (lambda: one({"country": raw(pointer(1_000_000))}), "a pointer behind the end of the file"),
    "bad-pointer-2": (lambda: one({"country": raw(pointer(0xFFFFFFFF))}), "the largest pointer"),
    "string-beyond-end-1": (lambda: code(raw(control(STRING, 1_000_000), b"CN")), "a code longer than the file"),
    "string-beyond-end-2": (lambda: code(raw(control(STRING, 40), b"CN")), "a code that goes on in the metadata"),

    "iso-code-wrong-type-1": (lambda: code(42), "a code that is a number"),
    "iso-code-wrong-type-2": (lambda: code({"en": "CN"}), "a code that is a map"),
    "iso-code-wrong-type-3": (lambda: code(b"CN"), "a code of the type bytes"),
    "iso-code-wrong-type-4": (lambda: one({"country": "CN"}), "a country that is a string"),
    "iso-code-empty": (lambda: code(""), "a code of no letters"),
    "iso-code-long": (lambda: code("CN" * 100), "a code of 200 letters"),
    "iso-code-control": (lambda: code("\x1b["), "a code that a terminal would obey"),
    "iso-code-nul": (lambda: code("C\0"), "a code with a NUL"),
    "iso-code-lower": (lambda: code("cn"), "a code in small letters"),
    "metadata-huge-description-1": (lambda: city().bytes(description={"en": "x" * 60000}), "60,000 bytes, all of which may be"),
    "metadata-huge-description-2": (lambda: city().bytes(description={"en": "x" * 200_000}), "more than metadata may have"),
    "metadata-huge-description-3": (lambda: one_text_as(17_000), "60,000 bytes in 17,000 languages: 2 GB to those who copy it"),
    "metadata-type-control": (lambda: city(database_type="\x1b[2J\n").bytes(), "a type that a terminal would obey"),
    "build-epoch-max": (lambda: city(build_epoch=2**64 - 1).bytes(), "built at the end of time"),
    "version-3": (lambda: city().bytes(binary_format_major_version=(UINT16, 3)), "format 3.0"),
    "ip-version-7": (lambda: city().bytes(ip_version=(UINT16, 7)), "IP version 7"),
    "record-size-25": (lambda: city().bytes(record_size=(UINT16, 25)), "records of 25 bits"),
}
# Those that are no sound databases; some of them libmaxminddb reads all the same.
BROKEN = list(SHAPES)[list(SHAPES).index("not-a-database"):]


def main(arguments):
    if arguments == ["--list"]:
        for name, (_, what) in SHAPES.items():
            print(f"{name}\t{what}")
        return 0
    if len(arguments) != 2 or arguments[0] not in SHAPES:
        print("usage: mmdb.py SHAPE OUTPUT | --list", file=sys.stderr)
        return 2
    write(arguments[1], SHAPES[arguments[0]][0]())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
