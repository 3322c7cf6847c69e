#!/usr/bin/env python3
"""plot.py RESULTS - prints an SVG of the time of a fresh login against the number of rules, both logarithmic."""
import json
import math
import sys

WIDTH, HEIGHT = 760, 460
LEFT, RIGHT, TOP, BOTTOM = 70, 190, 40, 50
RULES = 10, 1_000_000
TIMES_US = 1, 10_000_000
RULE_NAMES = {10: "10", 100: "100", 1000: "1 k", 10_000: "10 k", 100_000: "100 k", 1_000_000: "1 M"}
TIME_NAMES = {1: "1 µs", 10: "10 µs", 100: "100 µs", 1000: "1 ms", 10_000: "10 ms", 100_000: "100 ms", 1_000_000: "1 s",
              10_000_000: "10 s"}
LABEL_HEIGHT = 15


def place(value, bounds, start, end):
    low, high = map(math.log10, bounds)
    return start + (math.log10(value) - low) / (high - low) * (end - start)


def x_of(rules):
    return place(rules, RULES, LEFT, WIDTH - RIGHT)


def y_of(us):
    return place(us, TIMES_US, HEIGHT - BOTTOM, TOP)


def series(results):
    """Name, colour, dashes, and points (rules, microseconds)."""
    networks = [row for row in results["network_rules"] if row["how"] == "fresh" and not row["log"]]

    def of(rows, name):
        name_of = name.format
        return [(row["n"], row["stacks"][name_of(row["n"])]["us"]) for row in rows if name_of(row["n"]) in row["stacks"]]

    yield "pam_access, user rules", "#8c2d04", "", of(results["user_rules"], "access-users-{}")
    yield "pam_access, IP rules", "#d95f0e", "", of(networks, "access-networks-{}")
    yield "accesspolicy, from text", "#6baed6", "", of(networks, "text-networks-{}")
    yield "accesspolicy, from an image", "#08519c", "", of(networks, "image-networks-{}")
    yield "null module", "#555555", "5 3", of(networks, "null")
    yield ("HBAC, in process, without PAM", "#31a354", "2 3",
           [(row["n"], row["us"]) for row in results["hbac"] if row["groups"] == 0])


def grid():
    for rules, name in RULE_NAMES.items():
        yield f'<path d="M{x_of(rules):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#dddddd"/>'
        yield f'<text x="{x_of(rules):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{name}</text>'
    for us, name in TIME_NAMES.items():
        yield f'<path d="M{LEFT} {y_of(us):.1f}H{WIDTH - RIGHT}" stroke="#dddddd"/>'
        yield f'<text x="{LEFT - 8}" y="{y_of(us) + 4:.1f}" text-anchor="end">{name}</text>'


def line(colour, dashes, points):
    way = "L".join(f"{x_of(n):.1f} {y_of(us):.1f}" for n, us in points)
    yield f'<path d="M{way}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes or "none"}"/>'
    for n, us in points:
        yield f'<circle cx="{x_of(n):.1f}" cy="{y_of(us):.1f}" r="3" fill="{colour}"/>'


def label_places(ends):
    """The heights of the labels, from the top, each far enough below the one before."""
    places, before = {}, -math.inf
    for name, y in sorted(ends.items(), key=lambda end: end[1]):
        before = places[name] = max(y, before + LABEL_HEIGHT)
    return places


def svg(results):
    drawn = [of for of in series(results) if of[3]]
    places = label_places({name: y_of(points[-1][1]) for name, _, _, points in drawn})
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}" '
           'font-family="sans-serif" font-size="12">')
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>'
    yield f'<text x="{LEFT}" y="22" font-size="14">Time of a login, in a process of its own, by the number of rules</text>'
    yield from grid()
    for name, colour, dashes, points in drawn:
        yield from line(colour, dashes, points)
        yield f'<text x="{x_of(points[-1][0]) + 8:.1f}" y="{places[name] + 4:.1f}" fill="{colour}">{name}</text>'
    yield f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 10}" text-anchor="middle">rules</text>'
    yield "</svg>"


def main():
    with open(sys.argv[1], encoding="utf-8") as results:
        print("\n".join(svg(json.load(results))))


if __name__ == "__main__":
    main()
