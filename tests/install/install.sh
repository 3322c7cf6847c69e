#!/bin/sh
# install.sh BUILD MODULES EXPECTED - what is installed, where, and with which mode; and that a second installation leaves an
# administrator's edit as it is.
set -eu
umask 077

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

install_there() {
	DESTDIR=$scratch/staged meson install -C "$1" --no-rebuild --quiet >"$scratch/log" 2>&1 || {
		cat "$scratch/log"
		exit 1
	}
}

install_there "$1"
(cd "$scratch/staged" && find . -type f -printf '%m %P\n') | sed "s|$2/|MODULES/|" | LC_ALL=C sort -k 2 >"$scratch/found"
diff -u "$3" "$scratch/found"

echo '// edited' >>"$scratch/staged/etc/accesspolicy/accesspolicy.conf"
rm "$scratch/staged/etc/accesspolicy/conf.d"/*.conf
install_there "$1"
tail -n 1 "$scratch/staged/etc/accesspolicy/accesspolicy.conf" | grep -qx '// edited'
[ -z "$(ls "$scratch/staged/etc/accesspolicy/conf.d")" ]
