#!/bin/sh
# run.sh - what a login costs: installs what is needed from Debian's packages, builds, measures, and prints the table.
#
#     sh bench/run.sh [--quick] [--keep FOLDER] [--only STEP]
#
# As root, on Debian 12. --quick: small sizes and few rounds, to see that all of it runs. --keep: leaves what was made in
# FOLDER, which must not be there yet; else it is a temporary folder in /var/cache, and removed. --only: measures that step
# of measure.py alone (regions, text, hbac, audit …) anew, and keeps the other numbers that are in bench/results. The table, the
# numbers and a plot are written to bench/results, of a quick run to its folder quick. The exit status is 0 if all parts
# ran, whatever they measured: it is no test. Of nothing else of the machine is anything changed.
#
# How to read the table
#
#   stacks   Each is a service file with one line. `pam_permit` alone is libpam's own cost. The null module (null_module.c) is
#            linked as ours is and does nothing: the floor of any module. Times are compared with its times in the
#            same run, for they drift by a quarter from run to run, and more where the machine does other things too.
#   rounds   The stacks take turns on one processor, with the same logins, thousands of different members and addresses. Given are the median,
#            the quarters, and the ratio of the medians; in brackets the least and the greatest ratio of five parts of
#            the run, which tells how far to trust it. Processor time leaves out what other processes took away.
#   logins   Ten kinds in turn: six members from their networks, a postmaster, who is excepted, from anywhere, one who is
#            in no department, a member from elsewhere, who is denied, and one from a listed network, who is denied. Each must be
#            answered as it is due. The null module answers all of them with success.
#   fresh    A process a login, like sshd: from before it is started until it was waited for.
#   loop     Many logins in one process, like a Dovecot worker. libpam loads and unloads all modules at each.
#   without log   There is no log socket. Our module tries nevertheless to write its line, and finds none; the null module
#            writes nothing. What that attempt costs is the difference to the null module that writes to nobody.
#   with log A process reads the socket, and the null module writes the same line as ours. All lines are counted.
#   instructions  The process's own, without the kernel's, by perf where the machine counts them, else by callgrind. fresh: the
#            mean of the ten kinds. loop: a run with twice as many logins less a run with as many, by their number.
#   decision The image opened, a request made and decided, all closed, without PAM. cold: the file is out of the page
#            cache of this machine (and is looked at whether it is), not out of the cache of whatever its disk is.
#   memory   The most that a process with one login had resident.
#   sizes    Networks are those of Debian's tor-geoipdb, with gaps between them so that none can be merged; the rest is
#            made by make_data.py, which describes it.
#   regions  A blacklist of one country for everyone, and a whitelist for each tenant of all countries but one; the
#            map of addresses is that of all of tor-geoipdb. Of ten logins one is from either country that is barred.
#   others   The same networks are denied by pam_access and by our module, and every second address is listed. With user rules
#            nobody who is listed logs in, for pam_access wants an account. HBAC is SSSD's evaluator in process, without PAM and
#            without fetching the rules; no rule allows its user.
#   audit    The command over records such as logins write, read from the page cache: from its start to its end.
set -eu
umask 022
LC_ALL=C.UTF-8
export LC_ALL

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
cd "$top"
. tests/packages.sh

packages_bench='libc6-dbg libipa-hbac-dev libmaxmind-db-writer-perl libpam-modules mount python3 tor-geoipdb util-linux
	valgrind'
build=$top/build-bench
results=$top/bench/results
quick='' work='' only=''

usage() {
	echo "Usage: sh bench/run.sh [--quick] [--keep FOLDER] [--only STEP]" >&2
	exit 2
}

while [ $# -gt 0 ]; do
	case $1 in
	--quick)
		quick=--quick
		results=$top/bench/results/quick
		;;
	--keep)
		[ $# -gt 1 ] || usage
		work=$2
		shift
		;;
	--only)
		[ $# -gt 1 ] || usage
		only=$2
		shift
		;;
	*) usage ;;
	esac
	shift
done

if [ "$(id -u)" -ne 0 ]; then
	echo "run.sh: only root can have a log socket of its own, and images that a login trusts" >&2
	exit 1
fi
if [ -n "$quick" ]; then
	echo "This takes about two minutes."
else
	echo "This takes about 25 minutes, and is the better the less the machine does beside it."
fi

# shellcheck disable=SC2086 # lists of words
packages_install $packages_build $packages_bench

if [ -e "$build/build.ninja" ]; then
	quietly meson setup --reconfigure --buildtype=release -Dtests=disabled -Dbench=enabled "$build" "$top"
else
	quietly meson setup --buildtype=release -Dtests=disabled -Dbench=enabled "$build" "$top"
fi
quietly ninja -C "$build"

# A login trusts an image only where nobody but root could have put it, and looks longer where somebody else may write on
# the way, as in /var/tmp; an image in force is in /var/lib.
if [ -n "$work" ]; then
	mkdir -m 0755 -- "$work"
	work=$(CDPATH='' cd -- "$work" && pwd -P)
else
	work=$(mktemp -d "/var/cache/accesspolicy-bench.XXXXXX")
	trap 'rm -rf "$work"' EXIT
	trap 'exit 1' HUP INT TERM
	chmod 0755 "$work"
fi
mkdir "$work/dev"
mkdir -p "$results"
if [ -n "$only" ]; then
	cp "$results/results.json" "$work/"
fi

unshare --mount --propagation private \
	sh bench/own_dev.sh "$work/dev" python3 bench/measure.py "$top" "$build" "$work" "$work/results.json" $quick ${only:+--only "$only"}
python3 bench/report.py "$work/results.json" >"$work/results.md"
python3 bench/plot.py "$work/results.json" >"$work/login.svg"
cp "$work/results.json" "$work/results.md" "$work/login.svg" "$results/"
echo
cat "$results/results.md"
