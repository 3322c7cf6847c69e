#!/bin/sh
# run.sh - installs what is needed from Debian's packages, builds, and runs all tests.
#
#     sh tests/run.sh [STAGE…]
#
# Stages: gcc, clang, sanitize (AddressSanitizer and UndefinedBehaviorSanitizer, with gcc), valgrind (of the gcc build).
# None named: all of them. The last line tells how many tests passed and failed over all stages. The exit status
# is 0 if each stage was built and ran tests, and none failed.
set -eu
umask 022
LC_ALL=C.UTF-8
export LC_ALL

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
cd "$top"
. tests/packages.sh

jobs=$(nproc)
[ "$jobs" -le 2 ] || jobs=2
n_passed=0 n_failed=0 n_skipped=0

# The tests write service files that name what was built, without the brackets that a path with blanks would need.
folders=$top
case $top in
*[[:space:]]*)
	folders=$(mktemp -d)
	trap 'rm -rf "$folders"' EXIT
	trap 'exit 1' HUP INT TERM
	;;
esac

heading() {
	printf '\n== %s\n' "$1"
}

# build FOLDER COMPILER OPTION…
build() {
	build_folder=$folders/$1
	build_compiler=$2
	shift 2
	if [ -e "$build_folder/build.ninja" ]; then
		set -- --reconfigure "$@"
	fi
	CC=$build_compiler quietly meson setup "$build_folder" -Dtests=enabled -Dwerror=true "$@" &&
		ninja -C "$build_folder" -j "$jobs" --quiet
}

# run FOLDER LOG OPTION…: the tests of a built folder; LOG is what Meson calls their log.
run() {
	run_folder=$folders/$1
	run_log=$run_folder/meson-logs/$2.json
	shift 2
	rm -f "$run_log"
	run_status=0
	meson test -C "$run_folder" --no-rebuild --num-processes "$jobs" "$@" || run_status=$?
	if [ ! -s "$run_log" ]; then
		echo "No test ran." >&2
		n_failed=$((n_failed + 1))
		return 0
	fi
	run_counts=$(python3 tests/tally.py "$run_log")
	# shellcheck disable=SC2086 # three numbers
	set -- $run_counts
	if [ "$run_status" -ne 0 ] && [ "$2" -eq 0 ]; then
		echo "The tests ended early: meson's exit status is $run_status." >&2
		set -- "$1" 1 "$3"
	fi
	n_passed=$((n_passed + $1)) n_failed=$((n_failed + $2)) n_skipped=$((n_skipped + $3))
}

# The Debian that the services under test run in. Only root can make and use it; without it their tests are skipped.
services_root() {
	[ "$(id -u)" -eq 0 ] || return 0
	if ! sh tests/services/root.sh "$folders/build-services"; then
		echo "build-services was not made." >&2
		n_failed=$((n_failed + 1))
	fi
}

failed_build() {
	echo "$1 was not built." >&2
	n_failed=$((n_failed + 1))
}

stage_gcc() {
	heading 'gcc'
	services_root
	if build build-gcc gcc; then run build-gcc testlog; else failed_build build-gcc; fi
}

stage_clang() {
	heading 'clang'
	if build build-clang clang; then run build-clang testlog --no-suite source --no-suite interrupts --no-suite services; else failed_build build-clang; fi
}

stage_sanitize() {
	heading 'AddressSanitizer and UndefinedBehaviorSanitizer'
	if build build-sanitize gcc -Db_sanitize=address,undefined \
		-Dc_args='-fno-sanitize-recover=all -fno-omit-frame-pointer'; then
		run build-sanitize testlog-sanitize --setup sanitize
	else
		failed_build build-sanitize
	fi
}

stage_valgrind() {
	heading 'valgrind'
	if build build-gcc gcc; then
		run build-gcc testlog-valgrind --setup valgrind --suite unit --suite memory --no-suite processes
	else
		failed_build build-gcc
	fi
}

[ $# -gt 0 ] || set -- gcc clang sanitize valgrind
for stage in "$@"; do
	case $stage in
	gcc | clang | sanitize | valgrind) ;;
	*)
		echo "run.sh: \"$stage\" is no stage; there are gcc, clang, sanitize and valgrind" >&2
		exit 2
		;;
	esac
done

heading 'Packages'
# shellcheck disable=SC2086 # lists of words
packages_install $packages_build $packages_test
for stage in "$@"; do
	"stage_$stage"
done

echo
if [ "$n_skipped" -gt 0 ]; then
	echo "$n_passed passed, $n_failed failed, $n_skipped skipped"
else
	echo "$n_passed passed, $n_failed failed"
fi
[ "$n_failed" -eq 0 ] && [ "$n_passed" -gt 0 ]
