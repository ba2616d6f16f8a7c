#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What examples/freeze prints is what the guide shows, but for how far the guest has got:
#
#	freeze_example.sh RING0 FREEZE
#
# Prints TAP. Without a KVM to use, in the lab.
set -u

output=$("$2" 2>&1)
status=$?
case $output in
*/dev/kvm*)
	if [ "${RING0_LAB-}" = none ]; then
		echo "1..0 # SKIP $output"
		exit 77
	fi
	output=$(RING0_LAB=auto "$1" lab "$2" 2>&1)
	status=$?
	;;
esac

echo 1..1
registers='ip=0x[0-9a-f]+ sp=0x0+ ptroot=0x0+2000'
number='(0|0x[0-9a-f]+)'
if [ "$status" = 0 ] && printf '%s\n' "$output" | awk -v registers="$registers" -v number="$number" '
	BEGIN {
		line[1] = "CPU 0: " registers
		line[2] = "CPU 1: " registers
		line[3] = "CPU 1 as JSON: {\"instruction_pointer\":[0-9]+,\"stack_pointer\":0,\"page_table_root\":8192}"
		line[4] = "watching ticks by (hardware watchpoints|single steps, as .*)"
		line[5] = "ticks: CPU 1 wrote " number " over " number " before 0x1002a"
		line[6] = "progress since the snapshot: some"
		line[7] = "and after it is restored: none"
		line[8] = "CPU 0 ended it: the guest ended with status 42"
	}
	$0 !~ "^" line[NR] "$" { print "# not as it should be: " $0; wrong = 1 }
	END { exit wrong || NR != 8 }'; then
	echo 'ok 1 - freeze example'
	exit 0
fi
printf '%s\n' "$output" | sed 's/^/# /'
echo 'not ok 1 - freeze example'
exit 1
