#!/bin/sh
# libraries.sh MODULE - links libpam and libc alone: what else it linked would be loaded into every login service.
set -eu

expected='libc.so.6
libpam.so.0'
found=$(LC_ALL=C readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' | LC_ALL=C sort)

if [ "$found" != "$expected" ]; then
	printf 'expected:\n%s\n\nfound:\n%s\n' "$expected" "$found"
	exit 1
fi
