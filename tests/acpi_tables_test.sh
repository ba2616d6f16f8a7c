#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The ACPI tables, read by ACPICA's iasl: each is one that it knows, without a word against it, and the DSDT
# is compiled again without an error, a warning or a remark.
#
#	acpi_tables_test.sh ACPI_TABLES
set -eu

tables=$(mktemp -d)
trap 'rm -rf "$tables"' EXIT
"$1" "$tables" >"$tables/list"
count=$(wc -l <"$tables/list")

if ! command -v iasl >/dev/null; then
	echo "1..0 # SKIP no iasl here: install acpica-tools"
	exit 0
fi

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
tap_log=$tables/log
compiled=0
while read -r table; do
	name=$(basename "$table" .aml)
	bad=0
	iasl -d "$table" >"$tables/log" 2>&1 || bad=1
	cat "$tables/$name.dsl" >>"$tables/log" 2>/dev/null || bad=1
	! grep -q -i -E 'warning|error|invalid|incorrect|unknown|mismatch' "$tables/log" || bad=1
	report "$bad" "$name is disassembled"
	case $name in
	*-DSDT)
		bad=0
		iasl -p "$tables/again" "$tables/$name.dsl" >"$tables/log" 2>&1 || bad=1
		grep -q '0 Errors, 0 Warnings, 0 Remarks' "$tables/log" || bad=1
		report "$bad" "$name is compiled again"
		compiled=$((compiled + 1))
		;;
	esac
done <"$tables/list"
echo "1..$number"
[ "$number" = $((count + compiled)) ]
