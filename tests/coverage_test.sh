#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Coverage of what ran in ring 0: for each compiler and kind of counters, what gcov or llvm-cov tells of the
# subject, line by line and branch by branch, is what they tell when a plain process has done the same work.
#
#	tests/coverage_test.sh BUILD
#
# Without a KVM to use, the tests run in the lab, and the files come out of it.
set -u

build=$1
tests=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$tests/tap.sh"
subject=$tests/coverage
PKG_CONFIG_PATH=$build/meson-uninstalled:${PKG_CONFIG_PATH-}
RING0_COMMAND=$build/ring0
export PKG_CONFIG_PATH RING0_COMMAND
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

status=0
tap_log=$folder/log

# compile COMPILER OPTION…: in $where the plain program and the tests, each of objects of its own.
compile()
{
	library="-shared -fPIC"
	case " $* " in
	*" -static "*) library=-c ;;
	esac
	for program in plain coverage_test call; do
		mkdir -p "$where/$program"
		(
			cd "$where/$program" || exit
			# shellcheck disable=SC2086 # words: options
			"$@" -g $library -o shared.so "$subject/shared.c" &&
				"$@" -g -c "$subject/subject.c" -o subject.o &&
				"$tests/with_ring0" "$@" -g -D_GNU_SOURCE -o program \
					"$subject/$program.c" subject.o "$PWD/shared.so"
		) || return
	done
}

# run WHERE STATUS ARG…: in ring 0. With the status that it is to have.
run()
{
	program_in=$1 wanted=$2
	shift 2
	(cd "$program_in" && "$tests/lab/on_kvm" "$build/ring0" ./program "$@") >"$folder/log" 2>&1
	status=$?
	[ $status -eq "$wanted" ] && return
	echo "exit status $status, not $wanted" >>"$folder/log"
	return 1
}

# shellcheck disable=SC2317 # called by its name
# What gcov tells of subject.c and shared.c, without the names of the folders.
by_gcov()
{
	tool=$1
	(
		cd "$2" || exit
		for data in *subject.gcda *shared.gcda; do
			$tool -b -c "$data" || exit
		done
		grep -h -v -E ':(Source|Graph|Data|Runs|Programs|Working):?' subject.c.gcov shared.c.gcov
	) 2>&1
}

# shellcheck disable=SC2317 # likewise
by_llvm()
{
	(
		cd "$2" || exit
		llvm-profdata merge -o all.profdata ./*.profraw &&
			llvm-cov export -format=lcov -instr-profile all.profdata -object program \
				-object shared.so |
			sed 's,^SF:.*/,SF:,' | awk '/^SF:/ { told = /:(subject|shared)\.c$/ } told' | sort
	) 2>&1
}

# same NAME READER TOOL FIRST SECOND: whether two folders' counts are the same, and there are any.
same()
{
	"$2" "$3" "$4" >"$folder/first"
	"$2" "$3" "$5" >"$folder/second"
	grep -q subject_never "$folder/first" &&
		diff -u "$folder/first" "$folder/second" >"$folder/log" 2>&1
	report $? "$1"
}

# compare READER TOOL TIMES ARG… -- COMPILER OPTION…: build, run the tests with ARG, and compare with a plain
# process that was run with TIMES, a word or two.
compare()
{
	reader=$1 tool=$2 times=$3
	shift 3
	arguments=
	while [ "$1" != -- ]; do
		arguments="$arguments $1"
		shift
	done
	shift
	name="$*${arguments:+,$arguments}"
	where=$folder/$((number + 1))
	if ! command -v "$1" >/dev/null || ! command -v "${tool% *}" >/dev/null; then
		skip "$name" "no $1, or no ${tool% *}"
		return
	fi
	if ! compile "$@" >"$folder/log" 2>&1; then
		report 1 "$name: it builds"
		return
	fi
	# shellcheck disable=SC2086 # words: times, works
	(cd "$where/plain" && ./program $times)
	set -f
	# shellcheck disable=SC2086 # words: arguments, patterns among them
	run "$where/coverage_test" 1 $arguments
	set +f
	if [ $status -eq 1 ]; then
		same "$name" "$reader" "$tool" "$where/plain" "$where/coverage_test"
	else
		[ $status -ne 0 ] || status=1
		report_program $status "$name"
	fi
}

# refuse WORDS FOLDER STATUS: that program is refused, in these words.
refuse()
{
	run "$2" "$3" && grep -q "$1" "$folder/log"
	refused=$?
	[ $status -eq 77 ] || status=$refused
	report_program $status "refused: $1"
}

echo 1..15
LLVM_PROFILE_FILE=%m.profraw
export LLVM_PROFILE_FILE
compare by_gcov gcov 1 -- gcc -O0 --coverage
first=$where

# What is there already is added to, also in the lab.
if [ "$status" -ne 77 ]; then
	(cd "$first/plain" && ./program)
	run "$first/coverage_test" 1 && same 'a second run adds to the first' by_gcov gcov \
		"$first/plain" "$first/coverage_test"
	run "$first/call" 0 && rm "$first"/plain/*.gcda && (cd "$first/plain" && ./program) &&
		same 'r0_call() in a main()' by_gcov gcov "$first/plain" "$first/call"
else
	skip 'a second run adds to the first' 'no usable KVM'
	skip 'r0_call() in a main()' 'no usable KVM'
fi
# Without the mock that crashes: what others' mocks were doing then is done, and counted, a second time.
compare by_gcov gcov '5 10' -j2 --repeat=5 'coverage.*' -- gcc -O0 --coverage
compare by_gcov gcov 2 --fresh-vm --repeat=2 -- gcc -O0 --coverage
compare by_gcov gcov 1 -- gcc -O2 -flto --coverage
compare by_gcov gcov 1 -- gcc -O1 -static --coverage
compare by_gcov gcov 1 -- gcc -O1 --coverage -fprofile-update=atomic
compare by_gcov 'llvm-cov gcov' 1 -- clang -O1 --coverage
compare by_llvm llvm-cov 1 -- clang -O0 -fprofile-instr-generate -fcoverage-mapping
compare by_llvm llvm-cov '3 10' -j2 --repeat=3 'coverage.*' -- clang -O2 -fprofile-instr-generate -fcoverage-mapping

strip "$first/coverage_test/program"
refuse 'coverage: the program is built with --coverage and stripped' "$first/coverage_test" 99
strip "$first/call/shared.so"
refuse 'coverage: .*/shared.so is built with --coverage and stripped' "$first/call" 1

# refuse_clang WORDS OPTION…: of a program by clang.
refuse_clang()
{
	words=$1
	shift
	mkdir -p "$folder/refused"
	if ! command -v clang >/dev/null ||
		! "$tests/with_ring0" clang -g -D_GNU_SOURCE "$@" -o "$folder/refused/program" "$subject/small_test.c" >"$folder/log" 2>&1; then
		skip "refused: $words" 'no clang that has it'
		return
	fi
	refuse "$words" "$folder/refused" 99
}
refuse_clang 'coverage: the program has counters.*: build it without options like -enable-single-byte-coverage$' \
	-fprofile-generate -mllvm -pgo-function-entry-coverage
LLVM_PROFILE_FILE=%c%m.profraw
refuse_clang 'coverage: the program keeps its counters in the file itself .*: have it without %c$' \
	-fprofile-instr-generate -fcoverage-mapping -mllvm -runtime-counter-relocation=true

exit $failed
