#!/bin/sh
# debian_root.sh - makes a folder that is the root of a fresh Debian 12, with mmdebstrap, from the machine's own sources of
# packages. Read by .ci/run and by tests/services/root.sh, which have the checkout's folder in $top.

# The key files that a sources file names.
debian_root_keyrings_of() {
	sed -nE 's/^Signed-By:[[:space:]]*(\/[^[:space:]]+).*/\1/Ip; s/^deb .*signed-by=(\/[^],[:space:]]+).*/\1/Ip' "$1"
}

# The machine's own sources of Debian 12, whatever form and file they stand in, as one-line entries.
debian_root_sources() {
	# shellcheck disable=SC2016 # it is apt that fills them in
	apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(SOURCESENTRY)' \
		'Identifier: Packages' 'Origin: Debian' | sort -u |
		while read -r repository suite component where; do
			case $suite in
			bookworm | bookworm-updates | bookworm-security) ;;
			*) continue ;;
			esac
			signed_by=$(debian_root_keyrings_of "${where%:*}" | head -n 1)
			echo "deb ${signed_by:+[signed-by=$signed_by] }$repository $suite $component"
		done
}

# What this machine's apt must know to reach the sources: proxies, certificates, retries. Not what it has pinned or cleans up.
debian_root_apt_settings() {
	apt-config dump | grep -E '^Acquire::(https?|ftp|Retries|Check-(Date|Valid-Until))(::|[[:space:]])' |
		grep -v ' "";$' || true
}

# Debian's own keyring comes with apt; a mirror's own does not.
debian_root_copy_keyrings() {
	sed -n 's/^deb \[signed-by=\([^]]*\)\].*/\1/p' "$1" | sort -u | while read -r key; do
		if [ ! -e "$2$key" ]; then
			install -D -m 644 "$key" "$2$key"
		fi
	done
}

# debian_root_make FOLDER WORK [PACKAGE…]: Debian's base system (what is essential, and apt) and the packages, with no others
# than they depend on, in a folder that there is not yet. WORK is a folder for what is needed on the way; apt, a user of its
# own, must be able to enter it. Each step says for itself that it failed: where a caller asks for the status, "set -e" does
# not hold in here.
debian_root_make() {
	debian_root_folder=$1
	debian_root_work=$2
	shift 2
	[ -n "$(find /var/lib/apt/lists -maxdepth 1 -name '*_InRelease' -print -quit)" ] || apt-get -q update || return 1
	debian_root_sources >"$debian_root_work/sources.list"
	grep -q ' bookworm ' "$debian_root_work/sources.list" || {
		echo "no Debian 12 (bookworm) among this machine's apt sources" >&2
		return 1
	}
	cat "$debian_root_work/sources.list"
	debian_root_apt_settings >"$debian_root_work/apt.conf"
	if [ $# -gt 0 ]; then
		set -- "--include=$*" '--aptopt=APT::Install-Recommends "false"'
	fi
	if grep -q ' https:' "$debian_root_work/sources.list"; then
		set -- --include=ca-certificates "$@"
	fi
	# The hooks run before apt does, outside, with the root as their argument: sources may want credentials. The root is thrown
	# away, and need not survive a power failure. What mmdebstrap mounts there on the way must not outlive it, however it ends.
	# shellcheck disable=SC2016 # it is the hook that expands them
	DEBIAN_ROOT_APT_CONF=$debian_root_work/apt.conf sh "$top/tests/support/namespaces.sh" -- \
		mmdebstrap --variant=apt --format=directory "$@" \
		--dpkgopt=force-unsafe-io \
		--setup-hook='mkdir -p "$1/etc/apt/apt.conf.d" && cp "$DEBIAN_ROOT_APT_CONF" "$1/etc/apt/apt.conf.d/90host"' \
		--setup-hook='if [ -d /etc/apt/auth.conf.d ]; then cp -R /etc/apt/auth.conf.d "$1/etc/apt/"; fi' \
		--setup-hook='if [ -e /etc/apt/auth.conf ]; then cp /etc/apt/auth.conf "$1/etc/apt/"; fi' \
		bookworm "$debian_root_folder" "$debian_root_work/sources.list" || return 1
	debian_root_copy_keyrings "$debian_root_work/sources.list" "$debian_root_folder"
}
