#!/bin/sh
# SPDX-License-Identifier: MIT
#
# On a software KVM, each condition for which the CPU suite skips a test has its reason in the docs,
# and what is completed there is not skipped for want of it:
#
#	tests/skips_test.sh CPU_TEST HOSTS.md
#
# Skipped itself on a hardware KVM, where the lab's list says what may be.
set -u

program=$1
docs=$2
if grep -q -w -E 'vmx|svm' /proc/cpuinfo; then
	echo '1..0 # SKIP the CPU runs ring 0 itself'
	exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

RING0_LAB=none "$program" --format tap >"$folder/output"
status=$?
if [ "$status" -eq 77 ]; then
	echo '1..0 # SKIP no usable KVM'
	exit 77
fi
sed -n 's/^ok [0-9]* - .* # SKIP //p' "$folder/output" | sort -u >"$folder/reasons"
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
while read -r reason; do
	grep -q "^|.*\`$reason\`.*|.*[a-z].*|$" "$docs"
	report $? "$docs explains: $reason"
done <"$folder/reasons"
[ "$number" -gt 0 ]
report $? 'there are some'
echo "1..$number"
exit $failed
