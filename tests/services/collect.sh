#!/bin/sh
# Prints the PAM services of this machine's Debian release, in the columns of debian-12-services.tsv but the last:
# name, packages that ship the file, and how its account phase comes to common-account:
#
#     yes       the file includes it, itself or through another file
#     other     the file says nothing of accounts, so libpam takes the service "other", which includes it
#     no        neither
#     unread    the package is not installed
#
# To compare with the checked-in list, after `apt-file update`.
#
# usage: collect.sh [ROOT]      whose files are read; without it, this machine's
set -eu
export LC_ALL=C
root=${1:-}

path_of() {
	for path in "$root/etc/pam.d/$1" "$root/usr/lib/pam.d/$1"; do
		[ ! -r "$path" ] || { echo "$path"; return; }
	done
}

# The account lines of a service, and the names of the files that it includes for them.
accounts_of() {
	sed -n -e 's/^@include[[:space:]]*//p' \
		-e 's/^-\{0,1\}account[[:space:]]*\(include\|substack\)[[:space:]]*//p' \
		-e '/^-\{0,1\}account[[:space:]]/s/.*/account/p' "$(path_of "$1")"
}

reaches() {
	[ -n "$(path_of "$1")" ] || { echo unread; return; }
	found=$(accounts_of "$1")
	case "
$found
" in
	*"
common-account
"*) echo yes ;;
	*)
		answer=other
		for name in $found; do
			case $name in
			account) [ "$answer" != other ] || answer=no ;;
			common-*) ;;
			*)
				[ "$(reaches "$name")" != yes ] || { echo yes; return; }
				answer=no
				;;
			esac
		done
		echo "$answer"
		;;
	esac
}

apt-file search --regexp '/pam\.d/' |
	sed -n 's,^\([^:]*\): /\(etc\|usr/lib\)/pam\.d/\([^/]*\)$,\3 \1,p' |
	sort -u |
	awk '$1 != name { if (name) print name, packages; name = $1; packages = $2; next }
		{ packages = packages "," $2 }
		END { if (name) print name, packages }' |
	while read -r service packages; do
		printf '%s\t%s\t%s\n' "$service" "$packages" "$(reaches "$service")"
	done
