#!/bin/sh
# valgrind.sh COMMAND… - runs a test under valgrind, and fails on what it finds: bad accesses, leaked memory, and
# descriptors that are open at the end and were not when it began, of which valgrind itself only tells.
set -eu

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect,possible \
	--track-fds=yes --log-file="$log" "$@" || status=$?
# What was open before says so in the line below.
awk '/Open .*(descriptor|socket)/ { left = $0; next }
	left != "" { if ($0 !~ /inherited from parent/) { print left; n_left++ } left = "" }
	END { exit n_left > 0 }' "$log" >&2 || status=98
if [ "$status" -ne 0 ]; then
	cat "$log" >&2
fi
exit "$status"
