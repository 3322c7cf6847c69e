#!/bin/sh
# hardening.sh MODULE - is bound at once, read-only where it can be, and has no executable stack; and can be loaded.
set -eu

headers=$(LC_ALL=C readelf -W -l -d "$1")
failed=0

# must WHAT PATTERN
must() {
	if ! printf '%s\n' "$headers" | grep -Eq "$2"; then
		echo "is not $1"
		failed=1
	fi
}

must 'bound at once' '\((FLAGS|FLAGS_1)\).*(BIND_NOW|NOW)'
must 'read-only after relocation' 'GNU_RELRO'
must 'without an executable stack' 'GNU_STACK .* RW +0x'
if printf '%s\n' "$headers" | grep -Eq 'NOOPEN|TEXTREL'; then
	echo "cannot be loaded by dlopen, or rewrites its own code"
	failed=1
fi
exit $failed
