#!/bin/sh
# headers.sh SOURCE BUILD COMPILER… - every header compiles alone, and twice in one file.
set -eu
source=$1
build=$2
shift 2
cd "$source"

n_headers=0
failed=0
for header in $(find cli lib tests -name '*.h'); do
	n_headers=$((n_headers + 1))
	printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
		"$@" -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wno-unused-function -Werror -fsyntax-only \
			-I . -I "$build" -I tests/support -x c - || {
		echo "$header does not compile alone"
		failed=1
	}
done
echo "$n_headers headers"
[ "$n_headers" -gt 0 ] && [ "$failed" -eq 0 ]
