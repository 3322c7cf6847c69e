#!/bin/sh
# namespaces.sh - runs a command with mounts and processes of its own: nothing that it mounts is seen outside, and all that it
# starts ends with it, or with this, however that ends.
#
# usage: namespaces.sh [OPTION-OF-UNSHARE...] -- COMMAND...      needs root
#
# In a chroot, "/" may be no mount, whose propagation could be changed; the mount that it lies in is reached from the root of the
# namespace, to which whoever enters a namespace of mounts is moved.
set -eu

options=
while [ "$1" != -- ]; do
	options="$options $1"
	shift
done
shift
# shellcheck disable=SC2016,SC2086 # it is the inner shell that expands them; a list of words
exec unshare --mount --pid --fork --kill-child --propagation unchanged $options sh -c '
	if ! mount --make-rprivate / 2>/dev/null && ! nsenter --mount=/proc/self/ns/mnt mount --make-rprivate /; then
		echo "namespaces.sh: what is mounted here would be mounted outside as well" >&2
		exit 1
	fi
	mount -t proc proc /proc
	"$@"
	exit $?' sh "$@"
