#!/bin/sh
# packages.sh - the Debian packages that this project needs, and their installation. Read by demo.sh and run.sh.

packages_build='gcc iso-codes libc6-dev libconfig-dev libedit-dev libjansson-dev libmaxminddb-dev libpam0g-dev meson nettle-dev pkgconf
	scdoc zlib1g-dev'
packages_demo='libmaxmind-db-writer-perl libpam-wrapper pamtester tor-geoipdb'
packages_test='binutils bzip2 clang clang-format-14 libc6-dbg libcmocka-dev libmaxmind-db-writer-perl libnss-wrapper libpam-geoip
	libpam-wrapper logrotate mmdebstrap mount pamtester python3 sudo tmux tor-geoipdb valgrind xz-utils zstd'

# Those of the packages $* that are not installed.
packages_missing() {
	for package in "$@"; do
		case $(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null) in
		?i*) ;;
		*) echo "$package" ;;
		esac
	done
}

packages_apt() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@" </dev/null
}

# Runs "$@" without a word, and shows what it said only where it failed.
quietly() {
	quietly_log=$(mktemp)
	if "$@" >"$quietly_log" 2>&1; then
		rm -f "$quietly_log"
	else
		cat "$quietly_log" >&2
		rm -f "$quietly_log"
		echo "failed: $*" >&2
		return 1
	fi
}

# Installs the packages $* that are missing, with no others than they depend on. The package lists are fetched where
# there are none, or where they do not lead to the packages any more.
packages_install() {
	# shellcheck disable=SC2046 # a list of words
	set -- $(packages_missing "$@")
	if [ $# -eq 0 ]; then
		echo "All packages that are needed are installed."
		return 0
	fi
	if [ "$(id -u)" -ne 0 ]; then
		echo "These packages are missing, and only root can install them: apt-get install $*" >&2
		return 1
	fi
	if ! packages_apt --simulate install --no-install-recommends "$@" >/dev/null 2>&1; then
		echo "Fetching the package lists"
		quietly packages_apt update
	fi
	echo "Installing $*"
	if ! packages_apt install --no-install-recommends "$@" >/dev/null 2>&1; then
		echo "Installing once more, with new package lists"
		quietly packages_apt update
		quietly packages_apt install --no-install-recommends "$@"
	fi
}
