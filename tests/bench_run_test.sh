#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What `make bench` runs where, with stand-ins for all of it that say how they were called:
#
#	tests/bench_run_test.sh BENCH
#
# where BENCH is the folder of bench/run. Prints TAP.
set -u

bench=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
tap_log=$folder/said
unset R0_TIMEOUT_FACTOR RING0_LAB

build="$folder/a build"
mkdir -p "$folder/bench" "$folder/scripts" "$build/bench"
cp "$bench/run" "$bench/compare" "$folder/bench/"
cp "$bench/../scripts/no-kvm" "$folder/scripts/"
# of FILE: it says its name, its arguments and the factor, a figure, and ends as the file STATUS beside it says.
of()
{
	cat >"$1" <<-'END_OF_PROGRAM'
		#!/bin/sh
		echo "## ${0##*/} $* (${R0_TIMEOUT_FACTOR-none} ${RING0_LAB-no})"
		echo "  ${0##*/}            5.0 us"
		exit "$(cat "$0.status" 2>/dev/null || echo 0)"
	END_OF_PROGRAM
	chmod +x "$1"
}
for script in boot suite lab arm64 fuzz; do
	of "$folder/bench/$script"
done
for program in bench bench_assist bench_start bench_counters bench_machine bench_smp bench_replace replaced empty several_cpus; do
	of "$build/bench/$program"
done
of "$build/ring0"

run()
{
	"$folder/bench/run" "$build" "$@" >"$folder/said" 2>&1
}

# shellcheck disable=SC2317 # check calls it
says()
{
	grep -q -F -- "$1" "$folder/said"
}
order()
{
	sed -n 's/^## \([a-z_0-9]*\).*/\1/p' "$folder/said" | tr '\n' ' '
}
check()
{
	name=$1
	shift
	"$@"
	report $? "$name"
}

run
check 'on a KVM: it succeeds' [ $? -eq 0 ]
check 'on a KVM: all of it' [ "$(order)" = \
	'bench bench_assist bench_start bench_counters bench_machine bench_smp bench_replace replaced boot suite lab arm64 fuzz ' ]
check 'on a KVM: rounds are as each has them, and limits as they are' says '## bench  (none no)'
check 'on a KVM: and each of the scripts, and of the fuzzers' says "## fuzz $build (none no)"
check 'on a KVM: nothing is said of the lab' [ "$(grep -c '^# ' "$folder/said")" -eq 0 ]

printf '#!/bin/sh\necho "1..0 # SKIP no /dev/kvm here"\nexit 77\n' >"$build/bench/empty"
run
check 'without a KVM: it succeeds' [ $? -eq 0 ]
check 'without a KVM: what needs one is in the lab, and all of the rest runs' [ "$(order)" = \
	'ring0 bench_assist bench_start bench_counters ring0 ring0 ring0 ring0 boot suite lab arm64 fuzz ' ]
check 'without a KVM: the first line says so' [ "$(sed -n '1s/.*(\(.*\)).*\(R0_TIMEOUT_FACTOR=[0-9]*\).*ratios only.*/\1 \2/p' "$folder/said")" = \
	'no /dev/kvm here R0_TIMEOUT_FACTOR=20' ]
check 'without a KVM: one round, and programs that it runs, of those that are there' says \
	"## ring0 lab --arch x86_64 --count-instructions --memory 2048 --timeout 3600 --file $build/bench/empty -- $build/bench/bench 1 (20 auto)"
check 'without a KVM: arguments are kept' says "-- $build/bench/replaced -j1 call.* (20 auto)"
check 'without a KVM: fewer rounds of smaller machines' says "-- $build/bench/bench_machine 21 128 (20 auto)"
check 'without a KVM: and of functions in place of others' says "-- $build/bench/bench_replace 3 (20 auto)"
check 'without a KVM: fewer runs of the scripts' says '5 (20 auto)'
check 'without a KVM: one round of the fuzzers, shorter, and one seed' says "## fuzz $build 1 2 1 (20 auto)"
check 'without a KVM: what is left out is said' [ "$(sed -n '1s/.*\(without Criterion\).*/\1/p' "$folder/said")" = 'without Criterion' ]

cp "$folder/said" "$folder/then"
run "$folder/then"
check 'without a KVM: it is compared with an earlier run' [ "$(tr -s ' ' <"$folder/said" | grep -c -x ': bench_counters 5.0 5.0 1.00')" -eq 1 ]

# All forms of a figure, of which now is twice what it was.
figures()
{
	printf 'What it costs, in all\n'
	printf '  %s  %s\n' 'a test' "$1.0 us  (1.0 to 9.0)" 'a page' "$1 ns" 'a machine, once' "$1.5 ms  ($1.5 to $1.5)" \
		'the memory of each' "$1.0 KiB, beside what all share" 'a test / fork' "$1.0     at most  9" exits "$1"
	printf '    PASS [ 18.7 ms] call.it\n          time: %s cycles (minimum 1, spread 0, 101 samples)\n' "$1"
	printf 'a kernel\tfirst byte\tleast\nring0 boot, none\t%s.0\t1.0\n' "$1"
	printf 'Inputs a second, in the lab: medians\nring0_afl\t%s\t1\t9\n' "$1"
	printf 'Mistakes that are found, in the lab\nplanted.it\t1\t%s.0\t77\tat most 60 s\nplanted.it\t2\t%s.0\t88\n' "$1" "$1"
}
figures 2 >"$folder/then"
figures 4 >"$folder/now"
"$folder/bench/compare" "$folder/then" "$folder/now" >"$folder/said" 2>&1
check 'figures are compared: it succeeds' [ $? -eq 0 ]
sed 1d "$folder/said" | sed 's/  .* /;/' >"$folder/compared"
cat >"$folder/wanted" <<'END'
What it costs: a test;2.00
What it costs: a page;2.00
What it costs: a machine, once;1.80
What it costs: the memory of each;2.00
What it costs: a test / fork;2.00
What it costs: exits;2.00
call.it: cycles;2.00
a kernel: ring0 boot, none;2.00
Inputs a second: ring0_afl;2.00
seconds until it is found: planted.it, seed 1;2.00
seconds until it is found: planted.it, seed 2;2.00
END
check 'figures are compared: whatever their form' cmp -s "$folder/compared" "$folder/wanted"

echo 99 >"$build/ring0.status"
run
check 'a measurement that fails ends it, with its status' [ $? -eq 99 ]
run "$folder/then"
check 'also where it is compared' [ $? -eq 99 ]
rm "$build/ring0.status"

export RING0_LAB=none
echo 77 >"$build/bench/bench.status"
run
check 'RING0_LAB=none: it ends as the first that finds no KVM' [ $? -eq 77 ]
check 'RING0_LAB=none: and goes nowhere else' [ "$(order)" = 'bench ' ]
echo "1..$number"
exit $failed
