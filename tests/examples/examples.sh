#!/bin/sh
# Each example configuration is valid, its assertions hold, nothing about it is noteworthy, and it decides as its
# table of logins says.
#
# usage: examples.sh ACCESSPOLICY EXAMPLES TABLE DATABASE
#
# TABLE is EXAMPLE.tsv; the example is EXAMPLE.conf in the folder EXAMPLES, or EXAMPLE/accesspolicy.conf. A row: user, ip,
# client, time ("-" for none), decision, reason, policy ("-" for none), and the report-only policies that would have
# decided otherwise ("-" for none). A first line "# findings: N" tells how many findings the example has, and says why in its own
# comment; "any" is for what depends on the day. Without that line it has none. DATABASE is a region database, which takes the place
# of the one that an example names.
set -eu
export LC_ALL=C
umask 022

accesspolicy=$1
examples=$2
table=$3
database=$4
tab=$(printf '\t')

work=$(mktemp -d "${TMPDIR:-/tmp}/accesspolicy-examples.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# A checkout may belong to another user or be writable by a group; such files are refused, so they are copied.
cat "$database" >"$work/regions.mmdb"
(cd "$examples" && find . -type f) >"$work/files"
while read -r file; do
	mkdir -p "$work/copy/$(dirname "$file")"
	sed "s|\"/var/lib/GeoIP/[^\"]*\"|\"$work/regions.mmdb\"|" "$examples/$file" >"$work/copy/$file"
done <"$work/files"

name=$(basename "$table" .tsv)
config=$work/copy/$name.conf
[ -e "$config" ] || config=$work/copy/$name/accesspolicy.conf

failed=0
status=0
"$accesspolicy" check --config "$config" >"$work/check" 2>&1 || status=$?
n_findings=$(grep -c ': finding: ' "$work/check") || :
expected=$(sed -n '1s/^# findings: \([0-9a-z]*\).*/\1/p' "$table")
case ${expected:-0} in
any | "$n_findings") ;;
*) echo "check: $n_findings findings, expected ${expected:-0}"; status=1 ;;
esac
if [ "$status" -ne 0 ]; then
	cat "$work/check"
	failed=1
fi
grep -q '^assertions' "$config" || { echo "$name: no assertions"; failed=1; }

grep -v '^#' "$table" >"$work/rows"
[ -s "$work/rows" ] || { echo "$table: no rows" >&2; exit 1; }
awk -F"$tab" -v requests="$work/requests" -v expected="$work/expected" '
	function member(key, value) { return value == "-" ? "" : ", \"" key "\": \"" value "\"" }
	NF != 8 { printf "row %d: %d fields, expected 8\n", NR, NF; bad = 1 }
	{
		printf "{\"user\": \"%s\"%s%s%s}\n", $1, member("ip", $2), member("client", $3), member("time", $4) >requests
		printf "%d: %s %s %s %s: %s | %s | %s | would: %s\n", NR, $1, $2, $3, $4, $5, $6, $7, $8 >expected
	}
	END { exit bad }' "$work/rows"

"$accesspolicy" test --config "$config" --batch "$work/requests" >"$work/answers"

# The answers beside the rows that they belong to; `would` is a list of objects, of which the names are taken.
awk -F"$tab" -v answers="$work/answers" '
	function value(line, key,    text) {
		if (!match(line, "\"" key "\": *(\"[^\"]*\"|null)"))
			return "no " key
		text = substr(line, RSTART, RLENGTH)
		sub(/^"[^"]*": */, "", text)
		gsub(/"/, "", text)
		return text == "null" ? "-" : text
	}
	{
		if ((getline line <answers) <= 0)
			line = ""
		would = "-"
		if (match(line, /"would": *\[[^]]*\]/)) {
			list = substr(line, RSTART, RLENGTH)
			line = substr(line, 1, RSTART - 1) substr(line, RSTART + RLENGTH)
			while (match(list, /"(name|policy)": *"[^"]*"/)) {
				name = value(substr(list, RSTART, RLENGTH), "(name|policy)")
				list = substr(list, RSTART + RLENGTH)
				would = would == "-" ? name : would ", " name
			}
		}
		printf "%d: %s %s %s %s: %s | %s | %s | would: %s\n", NR, $1, $2, $3, $4, value(line, "decision"),
			value(line, "reason"), value(line, "policy"), would
	}' "$work/rows" >"$work/found"

if ! diff -u "$work/expected" "$work/found" >"$work/difference"; then
	echo "decisions (- expected, + found):"
	grep '^[-+][^-+]' "$work/difference"
	failed=1
fi
echo "$name: $(wc -l <"$work/rows") logins"
exit "$failed"
