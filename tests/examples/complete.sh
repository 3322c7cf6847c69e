#!/bin/sh
# Each installed example has a table of logins.
#
# usage: complete.sh EXAMPLES TABLE…
set -eu

examples=$1
shift
failed=0
n=0
for config in "$examples"/*.conf "$examples"/*/accesspolicy.conf; do
	case $config in
	*/accesspolicy.conf) name=$(basename "$(dirname "$config")") ;;
	*) name=$(basename "$config" .conf) ;;
	esac
	n=$((n + 1))
	found=no
	for table; do
		[ "$(basename "$table" .tsv)" != "$name" ] || found=yes
	done
	[ "$found" = yes ] || { echo "$config: no table of logins"; failed=1; }
done
[ "$n" -eq $# ] || { echo "$n examples, $# tables"; failed=1; }
exit "$failed"
