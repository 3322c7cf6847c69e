#!/bin/sh
# root.sh - makes the Debian 12 that the services under test run in: a folder with their packages, built once and then only
# read. Nothing of it is installed on this machine, and none of its services runs but in the namespaces of a test.
#
# usage: root.sh FOLDER      needs root, and mmdebstrap
set -eu
umask 022

folder=$1
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd -P)
. "$top/tests/debian_root.sh"

services='cockpit-bridge cockpit-ws cron dovecot-imapd dovecot-managesieved dovecot-pop3d dovecot-submissiond haproxy login
	openssh-client openssh-server postfix libsasl2-modules sasl2-bin sudo'
webmail='chromium chromium-driver nginx-light php-fpm roundcube-core roundcube-plugins roundcube-sqlite3'
tools='curl iproute2 nftables openssl pamtester procps rsyslog'
product='libconfig9 libedit2 libjansson4 libmaxminddb0 libnettle8 zlib1g'

# The lock is on the folder that holds this one, and is inherited: whatever an interrupted run still has running holds it.
exec 9<"$(dirname -- "$folder")"
if ! flock --nonblock 9; then
	echo "Waiting: $folder is being made by another run." >&2
	flock 9
fi

# Made anew where the packages that are asked for are others.
wanted="$services $webmail $tools $product"
if [ -e "$folder/etc/services-under-test" ] && [ "$(cat "$folder/etc/services-under-test")" = "$wanted" ]; then
	exit 0
fi
# What a run that was killed has left is found again: both have their names from the folder's.
new=$folder.new work=$folder.work
trap 'rm -rf --one-file-system "$new" "$work"' EXIT
trap 'exit 1' HUP INT TERM
rm -rf --one-file-system "$folder" "$new" "$work"
mkdir "$work"
# shellcheck disable=SC2086 # lists of words
if ! debian_root_make "$new" "$work" $services $webmail $tools $product >"$work/log" 2>&1; then
	cat "$work/log" >&2
	exit 1
fi
echo "$wanted" >"$new/etc/services-under-test"
mv "$new" "$folder"
