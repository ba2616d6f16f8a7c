#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What bench/compare makes of two runs of `make bench`:
#
#	tests/compare_test.sh BENCH_COMPARE
#
# Prints TAP.
set -u

compare=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
tap_log=$folder/log

ok()
{
	name=$1
	shift
	"$@" >"$tap_log" 2>&1
	report $? "$name"
}

cat >"$folder/then" <<'END'
CPU: of some sort
What a test costs (one worker)
  a program with one empty test                   4000.0 us  (1.0 to 5.0)
  gone by now                                        3.0 us
The monitor: medians of 3, and the least and the most
  a program with one empty test                      7.0 us  (1.0 to 5.0)
a kernel	first byte	least
ring0 boot, kernel	70.1	38.6
an image of many	median	least
ring0 boot	7.0	5.0
END
cat >"$folder/now" <<'END'
What a test costs (two workers)
  a program with one empty test                   1000.0 us  (1.0 to 5.0)
  new                                                2.50
The monitor: medians of 5
  a program with one empty test                     14.0 us  (1.0 to 5.0)
a kernel	first byte	least
ring0 boot, kernel	140.2	38.6
an image of many	median	least
ring0 boot	3.5	3.0
END
"$compare" "$folder/then" "$folder/now" | tr -s ' ' >"$folder/said"
# shellcheck disable=SC2317 # ok calls it
line()
{
	grep -q -x -F -- "$1" "$folder/said"
}
ok 'a figure then, now, and as a multiple' line 'What a test costs: a program with one empty test 4000.0 1000.0 0.25'
ok 'headings tell those of one name apart' line 'The monitor: a program with one empty test 7.0 14.0 2.00'
ok 'times of kernels' line 'a kernel: ring0 boot, kernel 70.1 140.2 2.00'
ok 'and of images' line 'an image of many: ring0 boot 7.0 3.5 0.50'
ok 'what is new' line 'What a test costs: new - 2.50'
ok 'what is gone' line 'What a test costs: gone by now 3.0 -'
# shellcheck disable=SC2317 # ok calls it
fails()
{
	! "$@"
}
echo 'nothing' >"$folder/nothing"
ok 'an earlier run without figures is an error' fails "$compare" "$folder/nothing" "$folder/now"
ok 'and so is this one without' fails "$compare" "$folder/now" "$folder/nothing"
ok 'a file that is not there is an error' fails "$compare" "$folder/absent" "$folder/now"
echo "1..$number"
exit $failed
