#!/bin/sh
# format.sh SOURCE - all C files are laid out as .clang-format says.
set -eu
cd "$1"

for tool in clang-format-14 clang-format; do
	if command -v "$tool" >/dev/null; then
		break
	fi
done
if ! command -v "$tool" >/dev/null; then
	echo "There is no clang-format here (Debian package clang-format-14)."
	exit 77
fi

set -- $(find cli lib tests ./*.c -name '*.[ch]')
[ $# -gt 0 ]
"$tool" --dry-run --Werror "$@"
echo "$# files"
