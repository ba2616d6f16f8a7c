#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Whether each function of the guest runtime that `ring0 backtrace` knows by name is there:
#
#	tests/roles_test.sh SOURCE
#
# One that was renamed or is gone would turn up in the middle of every call chain. By the sources: most are
# static, and inlined.
set -u
export LC_ALL=C

source=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"

sed -n 's/^\t{ "\([a-z_0-9]*\)", ROLE_[A-Z0-9]* },$/\1/p' "$source/command/backtrace/role.c" >"$folder/names"
echo "1..$(($(wc -l <"$folder/names") + 1))"

[ "$(wc -l <"$folder/names")" -gt 50 ] && [ "$(grep -c '", ROLE_' "$source/command/backtrace/role.c")" -eq \
	"$(wc -l <"$folder/names")" ]
report $? 'every line of the table is looked at'

# Definitions: of C at the beginning of a line, and no declaration; of assembly a label.
cat "$source"/guest/*/*.c | grep -E '^[a-z_].*\(' | grep -v ';$' >"$folder/functions"
cat "$source"/guest/*/*.[cS] | sed -n 's/^\(.*"\)\{0,1\}\([a-z_0-9]*\):.*/\2/p; s/^ENTRY(\([a-z_0-9]*\)).*/\1/p' >"$folder/labels"
while read -r name; do
	grep -q -e "\(^\|[^a-z_0-9]\)$name(" "$folder/functions" || grep -q -x -e "$name" "$folder/labels"
	report $? "$name"
done <"$folder/names"
exit $failed
