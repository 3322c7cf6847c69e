#!/bin/sh
# Every PAM service of Debian against the default configuration: is its client type the listed one, with and without an
# address, and is it let in or denied as that type asks.
#
# usage: services.sh ACCESSPOLICY CONF LIST
set -eu
export LC_ALL=C
umask 022

accesspolicy=$1
conf=$2
list=$3
tab=$(printf '\t')

work=$(mktemp -d "${TMPDIR:-/tmp}/accesspolicy-services.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# A checkout may belong to another user or be writable by a group; such files are refused, so they are copied.
mkdir -p "$work/default/conf.d" "$work/types/conf.d"
cat "$conf/accesspolicy.conf" >"$work/default/accesspolicy.conf"
cat "$conf/accesspolicy.conf" >"$work/types/accesspolicy.conf"
for file in "$conf"/conf.d/*.conf; do
	cat "$file" >"$work/default/conf.d/${file##*/}"
done

# A policy for each client type, which names it: the decision then tells the type.
{
	echo 'policies = ('
	comma=
	for type in native web dingtalk-pc dingtalk-mobile outlook-addin wechat third-party system; do
		printf '%s{ name = "%s"; type = "blacklist"; scope = { all = true; }; clients = [ "%s" ]; }' \
			"$comma" "$type" "$type"
		comma=',
'
	done
	echo ');'
} >"$work/types/conf.d/types.conf"

grep -v '^#' "$list" >"$work/rows"
[ -s "$work/rows" ] || { echo "$list: no rows" >&2; exit 1; }

awk -F"$tab" '
	NF != 4 { printf "%s: %d fields, expected 4\n", $1, NF; bad = 1 }
	seen[$1]++ { printf "%s: listed twice\n", $1; bad = 1 }
	$4 != "system" && $4 != "web" && $4 != "third-party" { printf "%s: no such type: %s\n", $1, $4; bad = 1 }
	END { exit bad }' "$work/rows"

# Two requests a row: a name and the columns that say what is expected go along in files of the same length.
awk -F"$tab" -v requests="$work/requests" -v types="$work/types.expected" -v decisions="$work/decisions.expected" '
	function ask(how, address) {
		printf "{\"user\": \"root\", \"service\": \"%s\"%s}\n", $1, address >requests
		printf "%s (%s): %s\n", $1, how, $4 >types
		if ($4 == "third-party")
			printf "%s (%s): deny blacklisted Third-party Client Access Policy\n", $1, how >decisions
		else
			printf "%s (%s): allow default null\n", $1, how >decisions
	}
	{ ask("with an address", ", \"ip\": \"203.0.113.9\""); ask("without an address", "") }' "$work/rows"

# field NAME: the value of each answer, a line each.
field() {
	sed -n 's/.*"'"$1"'": *\("\([^"]*\)"\|null\).*/\1/p' "$work/answers" | tr -d '"'
}

ask() {
	"$accesspolicy" test --config "$1" --batch "$work/requests" >"$work/answers"
	sed 's/: [^:]*$/:/' "$work/types.expected" >"$work/names"
}

failed=0
compare() {
	if ! diff -u "$1" "$2" >"$work/difference"; then
		echo "$3 (- expected, + found):"
		grep '^[-+][^-+]' "$work/difference" || cat "$work/difference"
		failed=1
	fi
}

ask "$work/types/accesspolicy.conf"
field policy >"$work/policy"
paste -d ' ' "$work/names" "$work/policy" >"$work/types.found"
compare "$work/types.expected" "$work/types.found" 'client types'

ask "$work/default/accesspolicy.conf"
for name in decision reason policy; do field "$name" >"$work/$name"; done
paste -d ' ' "$work/names" "$work/decision" "$work/reason" "$work/policy" >"$work/decisions.found"
compare "$work/decisions.expected" "$work/decisions.found" 'decisions by the default policy'

# A name that no service has any more is dead weight in the default file, or is missing from the list.
sed -n '/^client_types/,/^);/p' "$conf/accesspolicy.conf" | sed 's,//.*,,' |
	awk '{ while (match($0, /"[^"]*"|name = "[^"]*"/)) {
		text = substr($0, RSTART, RLENGTH); $0 = substr($0, RSTART + RLENGTH)
		if (text ~ /^name/) { split(text, part, "\""); type = part[2] }
		else { gsub(/"/, "", text); print type "\t" text } } }' >"$work/hints"
[ -s "$work/hints" ] || { echo "no hints were found in accesspolicy.conf" >&2; exit 1; }
while IFS=$tab read -r type pattern; do
	fits=no
	while IFS=$tab read -r service _ _ expected; do
		[ "$type" = "$expected" ] || continue
		# shellcheck disable=SC2254 # a hint is a pattern
		case $service in $pattern) fits=yes; break ;; esac
	done <"$work/rows"
	[ "$fits" = yes ] || { echo "\"$pattern\" ($type): the list has no such service"; failed=1; }
done <"$work/hints"

# The default configuration is valid, and nothing about it is noteworthy.
"$accesspolicy" check --strict --config "$work/default/accesspolicy.conf" >"$work/check" 2>&1 || {
	echo "check --strict: exit status $?"
	cat "$work/check"
	failed=1
}

echo "$(wc -l <"$work/requests") logins, $(wc -l <"$work/hints") hints"
exit "$failed"
