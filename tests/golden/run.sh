#!/bin/sh
# Runs the command on the policy folders in policies/ and compares what it writes with the files in cases/, byte for byte.
#
#   run.sh ACCESSPOLICY ACCESSPOLICY-COMPILE NSS-AS-GLIBC CLOCK DATABASES [--update] [CASE...]
#
# A case is one file: `policy:` names a folder of policies/, which is copied and worked in, with the region databases beside it; each `command:` is a line of shell
# that is run there; then its status and all that it wrote follow. With --update each file that differs is written anew,
# and its difference is shown for review; a new case is a file with its first lines, and --update.
#
# Results are written in the Test Anything Protocol.
set -u
umask 022

here=$(cd "$(dirname "$0")" && pwd)
accesspolicy=$(realpath "$1")
compiler=$(realpath "$2")
nss_as_glibc=$(realpath "$3")
clock=$(realpath "$4")
databases=$(realpath "$5")
shift 5
update=no
if [ "${1-}" = --update ]; then
	update=yes
	shift
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP INT TERM

# Only the programs under test see other accounts and groups than the machine's, and another time. What nss_wrapper loads with
# RTLD_DEEPBIND the sanitizers refuse.
mkdir "$work/bin"
cat >"$work/bin/accesspolicy" <<END
#!/bin/sh
LD_PRELOAD="$clock:$nss_as_glibc:libnss_wrapper.so" NSS_WRAPPER_PASSWD="$here/nss/passwd" NSS_WRAPPER_GROUP="$here/nss/group" NSS_WRAPPER_DISABLE_DEEPBIND=1 exec "$accesspolicy" "\$@"
END
cat >"$work/bin/accesspolicy-compile" <<END
#!/bin/sh
LD_PRELOAD="$clock" exec "$compiler" "\$@"
END
chmod 755 "$work/bin/accesspolicy" "$work/bin/accesspolicy-compile"

# Text that does not end in a newline would run into the next line of the case.
section() {
	echo "--- $1 ---"
	sed "s|$work/run|.|g" "$2"
	if [ -s "$2" ] && [ -n "$(tail -c 1 "$2")" ]; then
		printf '\n\\ no newline at the end\n'
	fi
}

# Writes what the case would be to $work/actual.
perform() {
	policy=$(sed -n 's/^policy: //p' "$1" | head -n 1)
	rm -rf "$work/run"
	cp -R "$here/policies/$policy" "$work/run" && cp "$databases"/*.mmdb "$work/run/" || return 1
	sed -n '/^status: /q; s/^command: //p' "$1" >"$work/script"
	(
		cd "$work/run" &&
			env -i PATH="$work/bin:/usr/sbin:/usr/bin:/sbin:/bin" TZ=CST-8 LC_ALL=C.UTF-8 TERM=xterm \
				ASAN_OPTIONS="${ASAN_OPTIONS-}:verify_asan_link_order=0" \
				UBSAN_OPTIONS="${UBSAN_OPTIONS-}" \
				sh "$work/script" </dev/null >"$work/stdout" 2>"$work/stderr"
	)
	status=$?
	{
		sed '/^status: /,$d' "$1"
		echo "status: $status"
		section stdout "$work/stdout"
		section stderr "$work/stderr"
	} >"$work/actual"
}

number=0
failed=0
check() {
	number=$((number + 1))
	name=$(basename "$1")
	perform "$1"
	if diff -u "$1" "$work/actual" >"$work/difference"; then
		echo "ok $number - $name"
	elif [ "$update" = yes ]; then
		sed '1,2d; s/^/# /' "$work/difference"
		cp "$work/actual" "$1"
		echo "ok $number - $name (updated)"
	else
		sed 's/^/# /' "$work/difference"
		echo "not ok $number - $name"
		failed=1
	fi
}

if [ $# -gt 0 ]; then
	for case in "$@"; do
		check "$here/cases/$case"
	done
else
	for case in "$here"/cases/*; do
		check "$case"
	done
fi
echo "1..$number"
exit $failed
