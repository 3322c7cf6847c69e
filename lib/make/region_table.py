#!/usr/bin/env python3
"""region_table.py - makes the tables of ISO 3166 codes that region_codes.c includes.

    python3 region_table.py DIRECTORY OUTPUT

DIRECTORY holds iso_3166-1.json, iso_3166-2.json and iso_3166-3.json, as Debian's package iso-codes brings them:
countries, subdivisions, and codes that were withdrawn. OUTPUT is a piece of C, whose rows are of the types that
region_codes.c defines before it includes it; they are sorted by code as strcmp sorts, for bsearch.

Names stand in one text, and rows hold where in it: pointers would have to be relocated whenever a command starts. A
country has several names, one after the other; an empty one ends them.
"""
import json
import os
import re
import sys
import unicodedata

COUNTRY = re.compile("[A-Z]{2}")
ALPHA_3 = re.compile("[A-Z]{3}")
SUBDIVISION = re.compile("[A-Z]{2}-[A-Z0-9]{1,3}")

# Not in the standard, which leaves "XK" to its users. The European Union's institutions and the common region
# databases use it for Kosovo, and "XKX" where three letters are wanted, so that it must be writable in a policy.
KOSOVO = {"alpha_2": "XK", "alpha_3": "XKX", "name": "Kosovo", "official_name": "Republic of Kosovo"}

# What Unicode does not take apart into a letter and its accent.
LETTERS = {
    "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "đ": "d", "ħ": "h", "ø": "o", "ł": "l", "ŧ": "t", "ŋ": "ng",
    "ı": "i", "ĸ": "k", "ə": "e", "ǝ": "e",
}
APOSTROPHES = "ʻʼ‘’"


def fail(message):
    sys.exit(f"region_table.py: {message}")


def read(directory, part):
    path = os.path.join(directory, f"iso_{part}.json")
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)[part]
    except OSError as error:
        fail(f"{path}: {error.strerror}; it is of the package iso-codes")
    except (ValueError, KeyError) as error:
        fail(f"{path}: {error!r}; expected a file of the package iso-codes")


def checked(code, pattern):
    if not pattern.fullmatch(code):
        fail(f'the code "{code}" is longer, or of other characters, than region_codes.c has room for')
    return code


def clean(name):
    """Without the marks of footnotes, and without codes and repetitions in brackets: "Stockholms län [SE-01]"."""
    name = re.sub(r"[*†]", "", name)
    name = re.sub(r" ?\b[A-Z]{2}-[A-Z0-9]{1,3}\]", "]", name)
    name = re.sub(r"^(.*) \[(\1)?\]$", r"\1", name)
    return " ".join(name.split())


def names_of(country):
    """The name that is shown, then the others; "Republic of Korea", too, for "Korea, Republic of"."""
    names = [clean(country[key]) for key in ("common_name", "name", "official_name") if country.get(key)]
    turned = [re.sub(r"^([^,]+), (.+ of(?: the)?)$", r"\2 \1", name) for name in names]
    return list(dict.fromkeys(names + turned))


class Names:
    """The text that holds all names, each once."""

    def __init__(self):
        self.pieces, self.offsets, self.size = [], {}, 0

    def put(self, *names):
        """Where they are, one after the other."""
        if names not in self.offsets:
            self.offsets[names] = self.size
            self.pieces.extend(names)
            self.size += sum(len(name.encode()) + 1 for name in names)
        return self.offsets[names]


def literal(text):
    """
    As a C string, in ASCII whatever the compiler's character set. Octal escapes have three digits at most: unlike
    hexadecimal ones, they do not run into what follows.
    """
    plain = set(range(0x20, 0x7F)) - set(b'"\\?')
    return "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in text.encode())


def plain_letter(char):
    """The ASCII letters that are typed for it, in lower case; None where there are none."""
    lower = char.lower()
    if char in APOSTROPHES:
        return ""
    if lower in LETTERS:
        return LETTERS[lower]
    parts = unicodedata.normalize("NFKD", lower)
    letters = "".join(part for part in parts if not unicodedata.combining(part))
    return letters if letters.isascii() and all(letter.isalpha() for letter in letters) else None


def folds_of(names):
    """
    How accents are left out, for names that are typed without them: those of western and central Europe, and those
    that names have, in both cases.
    """
    chars = {chr(code) for code in range(0xC0, 0x180)} | set(APOSTROPHES)
    for char in "".join(names):
        chars |= {char, *char.upper(), *char.lower()}
    for char in sorted(chars):
        letters = plain_letter(char)
        # region_codes.c leaves out accents that stand alone (combining) without a table
        if (0x80 <= ord(char) <= 0xFFFF and not unicodedata.combining(char)
                and letters is not None and len(letters) <= 2):
            yield f'{{ 0x{ord(char):x}, "{letters}" }}'


def withdrawn_codes(records, current):
    """The last withdrawal of each code that is none now: "CS" was two countries', one after the other."""
    codes = {}
    for record in sorted(records, key=lambda record: record["withdrawal_date"]):
        if record["alpha_2"] not in current:
            codes[record["alpha_2"]] = record
    return codes


def table(type_name, name, rows):
    return f"static const {type_name} {name}[] = {{\n" + "".join(f"\t{row},\n" for row in rows) + "};\n"


def make(directory):
    countries = {record["alpha_2"]: record for record in [KOSOVO, *read(directory, "3166-1")]}
    subdivisions = {record["code"]: clean(record["name"]) for record in read(directory, "3166-2")}
    withdrawn = withdrawn_codes(read(directory, "3166-3"), countries)
    names = Names()

    country_rows, subdivision_rows, withdrawn_rows = [], [], []
    for code, record in sorted(countries.items()):
        offset = names.put(*names_of(record), "")
        alpha_3 = checked(record["alpha_3"], ALPHA_3)
        country_rows.append(f'{{ "{checked(code, COUNTRY)}", "{alpha_3}", {offset} }}')
    for code, name in sorted(subdivisions.items()):
        if checked(code, SUBDIVISION)[:2] not in countries:
            fail(f'"{code}" is in no country')
        subdivision_rows.append(f'{{ "{code}", {names.put(name)} }}')
    for code, record in sorted(withdrawn.items()):
        successor = record["alpha_4"][2:]
        successor = successor if successor in countries else ""
        year = int(record["withdrawal_date"][:4])
        offset = names.put(clean(record["name"]))
        withdrawn_rows.append(f'{{ "{checked(code, COUNTRY)}", "{successor}", {year}, {offset} }}')

    return "\n".join([
        "/* Made by region_table.py from Debian's iso-codes. */",
        table("country_row", "countries", country_rows),
        table("subdivision_row", "subdivisions", subdivision_rows),
        table("withdrawn_row", "withdrawn_codes", withdrawn_rows),
        table("fold_row", "folds", folds_of(names.pieces)),
        "static const char name_pool[] =\n"
        + "\n".join(f'\t"{literal(piece)}\\0"' for piece in names.pieces) + ";\n",
    ])


def main():
    if len(sys.argv) != 3:
        fail("usage: region_table.py DIRECTORY OUTPUT")
    text = make(sys.argv[1])
    with open(sys.argv[2], "w", encoding="ascii") as output:
        output.write(text)


main()
