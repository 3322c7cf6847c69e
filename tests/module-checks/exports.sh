#!/bin/sh
# exports.sh MODULE - exports PAM's six entry points and nothing else.
set -eu

expected='pam_sm_acct_mgmt
pam_sm_authenticate
pam_sm_chauthtok
pam_sm_close_session
pam_sm_open_session
pam_sm_setcred'
found=$(nm -D --defined-only --format=posix "$1" | cut -d ' ' -f 1 | sed 's/@.*//' | LC_ALL=C sort)

if [ "$found" != "$expected" ]; then
	printf 'expected:\n%s\n\nfound:\n%s\n' "$expected" "$found"
	exit 1
fi
