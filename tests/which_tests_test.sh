#!/bin/sh
# SPDX-License-Identifier: MIT
#
# --coverage-by-test and `ring0 which-tests`: for each compiler and kind of counters the sum over the tests is what the process
# has counted, line by line; and what is told of lines, functions and diffs.
#
#	tests/which_tests_test.sh BUILD
#
# Without a KVM to use, the tests run in the lab, and the folders come out of it.
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
LLVM_PROFILE_FILE=%m.profraw
export LLVM_PROFILE_FILE
tap_log=$folder/log
subject_path=$subject/subject.c

# compile COMPILER OPTION…: in $where.
compile()
{
	mkdir -p "$where" && (
		cd "$where" &&
			"$@" -g -shared -fPIC -o shared.so "$subject/shared.c" &&
			"$@" -g -c "$subject/subject.c" -o subject.o &&
			"$tests/with_ring0" "$@" -w -g -D_GNU_SOURCE -o program \
				"$subject/coverage_test.c" subject.o "$PWD/shared.so"
	)
}

# run STATUS ARG…: the program in $where.
run()
{
	wanted=$1
	shift
	(cd "$where" && "$tests/lab/on_kvm" "$build/ring0" ./program "$@") >"$folder/log" 2>&1
	status=$?
	[ $status -eq "$wanted" ] && return
	echo "exit status $status, not $wanted" >>"$folder/log"
	return 1
}

# ask STATUS ARG…: `ring0 which-tests`, what it says in $folder/log.
ask()
{
	wanted=$1
	shift
	(cd "$where" && "$build/ring0" which-tests "$@") >"$folder/log" 2>&1
	asked=$?
	[ $asked -eq "$wanted" ] && return
	echo "exit status $asked, not $wanted" >>"$folder/log"
	return 1
}

# FILE LINE COUNT of LCOV's records, summed up.
sum_of()
{
	awk -F'[:,]' '/^SF:/ { sub(/.*\//, "", $2); file = $2 } /^DA:/ { sum[file " " $2] += $3 }
		END { for (at in sum) print at, sum[at] }' "$1" | sort
}

# The process's own, in the same way: what the tools tell of all of it.
total_of()
{
	mkdir "$where/total" && mkdir "$where/total/all"
	case $1 in
	profile)
		(cd "$where" && llvm-profdata merge -o all ./*.profraw &&
			llvm-cov export -format=lcov -instr-profile all -object program -object shared.so) \
			>"$where/total.info"
		;;
	*)
		(cd "$where" && find . -name '*.gcda' ! -path './by/*' | while read -r data; do
			mkdir -p "total/all/$where" && cp "$data" "total/all/$where/" || exit
		done && "$build/ring0" which-tests --from total --lcov total.info)
		;;
	esac && sum_of "$where/total.info"
}

# by KIND COMPILER OPTION…
by()
{
	kind=$1
	shift
	where=$folder/$number
	name="$*"
	if ! command -v "$1" >/dev/null || ! command -v llvm-cov >/dev/null; then
		skip "$name: the sum over the tests" "no $1, or no llvm-cov"
		return
	fi
	if ! compile "$@" >"$folder/log" 2>&1; then
		report 1 "$name: it builds"
		return
	fi
	status=0
	if ! run 1 --coverage-by-test by; then
		[ $status -ne 0 ] || status=1
		report_program $status "$name: the sum over the tests"
		return
	fi
	ask 0 --from by --lcov all.info --json all.json &&
		sum_of "$where/all.info" >"$folder/sum" &&
		total_of "$kind" >"$folder/total" 2>"$folder/log" &&
		grep -q 'subject.c 19 [1-9]' "$folder/total" &&
		diff -u "$folder/total" "$folder/sum" >"$folder/log"
	report $? "$name: the sum over the tests is what the process has counted"
}

# tell NAME TESTS ARG…: whether `ring0 which-tests` tells these.
tell()
{
	name=$1 expected=$2
	shift 2
	ask 0 "$@" && [ "$(tr '\n' ' ' <"$folder/log")" = "${expected:+$expected }" ]
	report $? "$name"
}

# refuse STATUS WORDS ARG…
refuse()
{
	wanted=$1 words=$2
	shift 2
	ask "$wanted" "$@" && grep -q -e "$words" "$folder/log"
	report $? "$words"
}

# is_valid FILE: each line, by the schema.
is_valid()
{
	python3 - "$tests/../docs/report-json.schema.json" "$1" >"$folder/log" 2>&1 <<'END'
import json, sys, jsonschema
with open(sys.argv[1]) as schema, open(sys.argv[2]) as lines:
    validator = jsonschema.Draft7Validator(json.load(schema))
    for line in lines:
        validator.validate(json.loads(line))
END
}

# A line of subject.c, by what is on it.
line()
{
	grep -n -F -e "$1" "$subject_path" | head -n 1 | cut -d: -f1
}

echo 1..31
by gcc gcc -O0 --coverage
first=$where first_status=$status
by gcc gcc -O2 --coverage -fprofile-update=atomic
by clang clang -O0 --coverage
by profile clang -O1 -fprofile-instr-generate -fcoverage-mapping
where=$first
if [ "$first_status" -ne 1 ]; then
	while [ $number -lt 29 ]; do
		skip 'questions' 'no usable KVM'
	done
	exit $failed
fi

loops='anew.crashing_mock coverage.cpus coverage.crashes coverage.fails coverage.hangs coverage.mock coverage.passes coverage.ring_3 coverage.triple_fault'
tell 'a line' "$loops" --from by "subject.c:$(line 'sum +=')"
tell 'a line, of what --lcov wrote' "$loops" --from all.info "coverage/subject.c:$(line 'sum +=')"
tell 'a line without code' "$loops" --from all.info "./subject.c:$(line 'return sum' | awk '{ print $1 - 1 }')"
tell 'lines' coverage.cpus --from all.info "coverage_test.c:$(grep -n 'static void on_cpu_1' "$subject/coverage_test.c" |
	awk -F: '{ print $1 "-" $1 + 4 }')"
tell 'a function' coverage.own_machine --from all.info coverage_test.c:r0_test_coverage_own_machine
tell 'a line that no test executes' '' --from all.info "subject.c:$(line 'return value')"
tell 'a file' "$(echo "$loops" | sed 's/coverage.passes //')" --from all.info shared.c
ask 0 --from all.info --json all.json && cut -d'"' -f8 "$first/all.json" | tr '\n' ' ' >"$folder/log" &&
	grep -q 'coverage.own_machine coverage.passes' "$folder/log"
report $? 'JSON: an object for each test'
if python3 -c 'import jsonschema' 2>"$folder/log"; then
	is_valid "$first/all.json"
	report $? 'JSON: it is valid'
else
	skip 'JSON: it is valid' 'no python3-jsonschema'
fi

# In the reports of the run itself.
reports=$folder/reports
mkdir "$reports" && (
	cd "$reports" && "$tests/with_ring0" gcc -g --coverage -D_GNU_SOURCE -o program "$tests/coverage/small_test.c" &&
		RING0_LAB=auto ./program --coverage-by-test=all.info --format json=report.json --format tap
) >"$folder/log" 2>&1
report $? '--coverage-by-test=FILE.info'
[ "$(grep '^TN:' "$reports/all.info" | sort -u | tr '\n' ' ')" = 'TN:small.above TN:small.below ' ] &&
	[ ! -e "$reports/all.info.tests" ]
report $? 'LCOV: a record for each test, and no folder is left' "$reports/all.info"
[ "$(tail -n 3 "$reports/report.json" | sed 's/^{"type":"\([^"]*\)".*/\1/' | tr '\n' ' ')" = 'coverage coverage summary ' ] &&
	"$build/ring0" which-tests --from "$reports/all.info" small_test.c:side >"$folder/log" 2>&1 &&
	[ "$(tr '\n' ' ' <"$folder/log")" = 'small.above small.below ' ]
report $? 'the JSON report has them before its summary, and the file answers' "$reports/report.json" "$folder/log"
if python3 -c 'import jsonschema' 2>"$folder/log"; then
	is_valid "$reports/report.json"
	report $? 'that report is valid'
else
	skip 'that report is valid' 'no python3-jsonschema'
fi
# What reads a pipe has the report as it came, and its end.
(cd "$reports" && RING0_LAB=auto timeout 120 ./program --coverage-by-test=again.info --format json=/dev/stdout) \
	2>"$folder/log" | cat >"$folder/piped"
[ "$(grep -c '^{"type":"summary"' "$folder/piped")" -eq 1 ] && [ -s "$reports/again.info" ]
report $? 'a report that is a pipe ends' "$folder/piped" "$folder/log"

# A diff of a copy, as git writes it.
copy=$folder/copy
mkdir -p "$copy/tests/coverage" && cp "$subject_path" "$copy/tests/coverage/" && (
	cd "$copy" && cp tests/coverage/subject.c old.c
	changed=$(line 'sum +=')
	sed -i "${changed}s/+=/-=/" tests/coverage/subject.c
	diff -u old.c tests/coverage/subject.c |
		sed -e 's,^--- old.c.*,--- a/tests/coverage/subject.c,' \
			-e 's,^+++ .*,+++ b/tests/coverage/subject.c,' >change.diff
	# What is removed counts for the lines behind it: the empty one between the tests fails and own_machine is changed.
	changed=$(grep -n '(coverage, own_machine,' "$subject/coverage_test.c" | awk -F: '{ print $1 - 1 }')
	sed -e '/work(WORK_HANGS)/,/r0_pause/d' -e "${changed}s,^,// changed," "$subject/coverage_test.c" |
		diff -U 20 "$subject/coverage_test.c" - | sed -e 's,^--- .*,--- a/tests/coverage/coverage_test.c,' \
			-e 's,^+++ .*,+++ b/tests/coverage/coverage_test.c,' >removed.diff
	printf '%s\n' '--- a/tests/coverage/coverage_test.c' '+++ b/tests/coverage/coverage_test.c' \
		"@@ -$(grep -n 'work(WORK_OWN_MACHINE)' "$subject/coverage_test.c" | cut -d: -f1),0 +1,2 @@" '+	one' '+	two' >insert.diff
	printf '%s\n' '--- /dev/null' '+++ b/tests/new.c' '@@ -0,0 +1 @@' '+int x;' >new.diff
	printf '%s\n' '--- a/subject.c' '+++ b/subject.c' '@@ -1,2 +1,2 @@' ' one' >cut.diff
	printf '%s\n' '--- a/subject.c' '+++ b/subject.c' '@@ one @@' >bad.diff
)
# ask_diff STATUS FILE
ask_diff()
{
	ask "$1" --from all.info - <"$copy/$2"
}
ask_diff 0 change.diff && [ "$(tr '\n' ' ' <"$folder/log")" = "$loops " ]
report $? 'a diff: a line that is changed'
ask_diff 0 removed.diff && [ "$(tr '\n' ' ' <"$folder/log")" = 'coverage.fails coverage.hangs coverage.own_machine ' ]
report $? 'a diff: a line that is changed, behind lines that are removed'
ask_diff 0 insert.diff && [ "$(cat "$folder/log")" = coverage.own_machine ]
report $? 'a diff: new lines, between two of a test'
ask_diff 1 new.diff && grep -q 'nothing is known of tests/new.c' "$folder/log"
report $? 'a diff: a new file'
ask_diff 2 cut.diff && grep -q 'line 4: this is no unified diff' "$folder/log"
report $? 'a diff that is cut off'
ask_diff 2 bad.diff && grep -q 'line 3: this is no unified diff' "$folder/log"
report $? 'a diff with a hunk of no numbers'

# Bad input.
refuse 99 'no test has left anything in' --from "$copy" subject.c:1
refuse 99 'No such file or directory' --from nowhere subject.c:1
refuse 99 'program, line 1: no record of LCOV' --from program subject.c:1
GCOV=/nowhere/gcov
export GCOV
refuse 99 'gcov can.t be found (Debian: package gcc)' --from by subject.c:1
unset GCOV
(cd "$first" && printf 'int other;\n' | cat "$subject/shared.c" - >other.c &&
	gcc -g --coverage -I "$subject" -shared -fPIC -o shared.so other.c && mv shared.so-other.gcno shared.so-shared.gcno)
refuse 99 'has been built anew since' --from by subject.c:1
run 99 --coverage-by-test /proc/by && grep -q -e '--coverage-by-test: the folder /proc/by: ' "$folder/log"
report $? 'a folder that can not be made'
mkdir "$folder/plain" && where=$folder/plain && compile gcc -O0 && run 99 --coverage-by-test by &&
	grep -q -e '--coverage-by-test: the program counts nothing' "$folder/log"
report $? 'a program that counts nothing'
exit $failed
