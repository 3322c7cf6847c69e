#!/bin/sh
# own_dev.sh FOLDER COMMAND… - runs COMMAND with a /dev of its own, in which there is no /dev/log until it makes one.
#
# To be run in a mount namespace of its own (unshare --mount); FOLDER is an empty one. Nothing of it is seen outside.
set -eu
folder=$1
shift

mount -t tmpfs -o mode=0755 tmpfs "$folder"
for node in null zero full random urandom tty; do
	[ -e "/dev/$node" ] || continue
	: >"$folder/$node"
	mount --bind "/dev/$node" "$folder/$node"
done
ln -s /proc/self/fd "$folder/fd"
ln -s fd/0 "$folder/stdin"
ln -s fd/1 "$folder/stdout"
ln -s fd/2 "$folder/stderr"
mount --rbind "$folder" /dev
exec "$@"
