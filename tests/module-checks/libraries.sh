#!/bin/sh
# libraries.sh OBJECT LIBRARY… - links these alone: what else it linked would be loaded into every login service.
set -eu

object=$1
shift
expected=$(printf '%s\n' "$@" | LC_ALL=C sort)
found=$(LC_ALL=C readelf -d "$object" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' | LC_ALL=C sort)

if [ "$found" != "$expected" ]; then
	printf 'expected:\n%s\n\nfound:\n%s\n' "$expected" "$found"
	exit 1
fi
