#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What `make check` says at its end, of programs that fail in each way there is and print long logs:
#
#	tests/check_test.sh SCRIPTS
#
# SCRIPTS is the folder of scripts/check. Prints TAP.
set -u

scripts=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
tap_log=$folder/log

# A program of the suite, its script on standard input.
program()
{
	{
		echo '#!/bin/sh'
		# More than Meson shows of a log.
		# shellcheck disable=SC2016 # for that script to expand
		echo 'long() { seq -f "# %.0f: many lines" "$1"; }'
		cat
	} >"$folder/suite/$1"
	chmod +x "$folder/suite/$1"
	echo "test('$1', run_tap, args: [meson.project_build_root() / 'test-counts' / '$1'," \
		"files('$1')], timeout: ${2:-30})" >>"$folder/suite/meson.build"
}

mkdir "$folder/suite"
cat >"$folder/suite/meson.build" <<END
project('suite')
run_tap = find_program('$(printf %s "$scripts/run-tap" | sed "s/'/\\\\&/g")')
END
program passes <<'END'
	printf '1..3\nok 1 - a\nok 2 - b # SKIP for a reason\nnot ok 3 - c # TODO known\n'
END
program cmocka_1 <<'END'
	echo 1..3
	long 400
	printf 'not ok 1 - first\n# 0x1 != 0x2\n# a.c:7: error: Failure!\n'
	long 400
	printf 'ok 2 - second\nnot ok 3 - third\n# 0\n'
	long 400
	exit 2
END
program cmocka_2 <<'END'
	printf '1..1\nnot ok 1 - first\n  ---\n  message: |-\n    1 != 2\n    a.c:7: error: Failure!\n  ...\n'
	long 400
	exit 1
END
program ring0 <<'END'
	printf '1..2\nnot ok 1 - io.reads\n  ---\n  verdict: fail\n  message: "a \\"b\\" failed"\n  ...\n'
	printf 'not ok 2 - io.writes\n'
	exit 1
END
program unexpected <<'END'
	printf '1..1\nok 1 - known # TODO the CPU has it wrong\n'
END
program crashes <<'END'
	printf '1..3\nok 1 - walks\n'
	long 400
	echo 'crashes.c:12: Assertion failed' >&2
	kill -SEGV $$
END
program hangs 1 <<'END'
	printf '1..3\nok 1 - starts\nok 2 - goes on\n'
	long 400
	sleep 30
END
program silent <<'END'
	echo 'silent: no such device' >&2
	exit 3
END
program stops_early <<'END'
	printf '1..3\nok 1 - one\n'
END
program ends_badly <<'END'
	printf '1..1\nok 1 - one\n'
	exit 5
END
cat >"$folder/expected" <<'END'
failed cmocka_1: first: 0x1 != 0x2
failed cmocka_1: third: 0
failed cmocka_2: first: 1 != 2
failed crashes: -: the plan has 3 tests, the output 1; killed by signal 11, after the case walks: crashes.c:12: Assertion failed
failed ends_badly: -: exit status 5 without a failed test
failed hangs: -: its time limit ended it after N s, after the case goes on
failed ring0: io.reads: a "b" failed
failed ring0: io.writes: no reason was given
failed silent: -: no plan: the program printed no TAP: silent: no such device
failed stops_early: -: the plan has 3 tests, the output 1
failed unexpected: known: passes, though this is expected to fail: the CPU has it wrong
END

# What is set for the suite that this is a test of is not for this one.
unset MESON_TESTTHREADS RING0_LAB
meson setup "$folder/build" "$folder/suite" >"$folder/log" 2>&1
report $? 'a suite'
"$scripts/check" "$folder/build" >"$folder/log" 2>&1 </dev/null
[ $? -eq 1 ]
report $? 'a failure is the exit status 1'
sed -n 's/ after [0-9]* s,/ after N s,/; /^failed /p' "$folder/log" | LC_ALL=C sort | diff "$folder/expected" - \
	>"$folder/difference" 2>&1
status=$?
[ $status -eq 0 ] || cat "$folder/difference" >>"$folder/log"
report $status 'each failure is a line: program, case, why'
[ "$(tail -n 1 "$folder/log")" = '8 passed, 11 failed, 1 skipped' ]
report $? 'the last line counts all cases, of programs that were killed, too'
text=$(sed -n 's/^The whole log: //p' "$folder/log")
[ "$(grep -c '^# 400: many lines' "$text")" -eq 6 ]
report $? 'where it says, the whole log is'
[ "$(tail -n 14 "$folder/log" | head -n 1 | cut -d ' ' -f 1-2)" = 'skipped 1:' ]
report $? 'the failures come last'

# Without the lab, and without failures.
meson setup "$folder/other" "$folder/suite" >"$folder/log" 2>&1
sed -i '/passes/!{/^test(/d}' "$folder/suite/meson.build"
ninja -C "$folder/other" build.ninja >"$folder/log" 2>&1
RING0_LAB=none "$scripts/check" "$folder/other" >"$folder/log" 2>&1 </dev/null
report $? 'no failure is the exit status 0'
[ "$(tail -n 1 "$folder/log")" = '2 passed, 0 failed, 1 skipped, without the lab' ]
report $? 'the last line says that the lab was left out'
! grep -q '^failed \|whole log' "$folder/log"
report $? 'nothing is said of failures'
echo "1..$number"
exit $failed
