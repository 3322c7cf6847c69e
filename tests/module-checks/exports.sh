#!/bin/sh
# exports.sh OBJECT NAME… - exports these and nothing else.
set -eu

object=$1
shift
expected=$(printf '%s\n' "$@" | LC_ALL=C sort)
found=$(nm -D --defined-only --format=posix "$object" | cut -d ' ' -f 1 | sed 's/@.*//' | LC_ALL=C sort)

if [ "$found" != "$expected" ]; then
	printf 'expected:\n%s\n\nfound:\n%s\n' "$expected" "$found"
	exit 1
fi
