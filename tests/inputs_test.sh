#!/bin/sh
# SPDX-License-Identifier: MIT
#
# R0_FUZZ(): its inputs as cases, what libFuzzer finds of planted mistakes, and what it counts.
#
#	tests/inputs_test.sh BUILD
#
# Without a KVM to use, the tests run in the lab.
set -u

build=$1
tests=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$tests/tap.sh"
PKG_CONFIG_PATH=$build/meson-uninstalled:${PKG_CONFIG_PATH-}
RING0_COMMAND=$build/ring0
export PKG_CONFIG_PATH RING0_COMMAND
# Meson's, which AFL++ 4.21 does not start with: they lack symbolize=0.
unset ASAN_OPTIONS MSAN_OPTIONS UBSAN_OPTIONS
# Meson's, too. By it malloc() writes to all that it gives: more than a lab has, with AFL++ 5.02's tables for CMPLOG, and
# with a target that takes all there is.
unset MALLOC_PERTURB_
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
tap_log=$folder/log
cd "$folder" || exit

# on_kvm PROGRAM ARG…: on this host's KVM or in the lab, where the inputs come along, and which they come out of.
on_kvm()
{
	RING0_LAB=none "$@"
	status=$?
	[ $status -eq 77 ] || return $status
	if [ -d corpus ]; then
		RING0_LAB=auto "$build/ring0" lab --arch x86_64 --memory 1024 --file "$folder/corpus" \
			--collect "$folder/" -- "$@"
	else
		RING0_LAB=auto "$build/ring0" lab --arch x86_64 --memory 1024 --collect "$folder/" -- "$@"
	fi
}

echo 1..35

# Without an engine, by any compiler.
"$tests/with_ring0" "${CC:-cc}" -g -D_GNU_SOURCE -mgeneral-regs-only -o without "$tests/inputs/inputs.c" "$tests/inputs/subject.c" \
	>log 2>&1 && on_kvm ./without --format tap >>log 2>&1 && [ "$(grep -c '^ok .*\[empty\]$' log)" -eq 7 ]
report $? 'without files each test has the empty input'

RING0_LAB=none ./without --fuzz=1 planted.descriptor >log 2>&1
[ $? -eq 99 ] && grep -q 'linked with no engine.*libclang-rt-dev' log
report $? 'without an engine --fuzz says what to do'

RING0_LAB=none ./without --list --fuzz=x >log 2>&1
[ $? -eq 99 ] && grep -q 'fuzz=x: give a whole number' log
report $? '--fuzz takes seconds'

mkdir -p corpus/wild.does corpus/input.is_as_given corpus/planted.descriptor
for letter in s h d m e u n; do
	echo $letter >corpus/wild.does/$letter
done
printf 'abc' >corpus/input.is_as_given/three
: >corpus/input.is_as_given/none
head -c 65536 /dev/zero >corpus/input.is_as_given/longest
printf '\005\044' >corpus/planted.descriptor/finding
echo 'no input' >corpus/planted.descriptor/finding.report
on_kvm ./without --format tap --check-reset 'wild.*' 'input.*' 'planted.*' >log 2>&1
cat >expected <<'END'
not ok - wild.does[d]
not ok - wild.does[e]
not ok - wild.does[h]
not ok - wild.does[m]
ok - wild.does[n]
not ok - wild.does[s]
not ok - wild.does[u]
ok - input.is_as_given[longest]
ok - input.is_as_given[none]
ok - input.is_as_given[three]
not ok - planted.descriptor[finding]
ok - planted.command[empty]
ok - planted.device[empty]
ok - planted.hypercall[empty]
ok - planted.walker[empty]
END
sed -n 's/^\(not \)\{0,1\}ok [0-9]* - \([^ ]*\).*/\1ok - \2/p' log | sort >got
sort expected >wanted && cmp wanted got >>log 2>&1 &&
	grep -q 'verdict: timeout' log && ! grep -q 'left something behind' log
report $? 'files are cases, whatever they make of their machine' log got

head -c 65537 /dev/zero >corpus/wild.does/z
RING0_LAB=none ./without --list >log 2>&1
[ $? -eq 99 ] && grep -q 'corpus/wild.does/z has 65537 bytes: an input has 65536 at most' log
report $? 'an input that is too long is refused'
truncate -s 1G corpus/wild.does/z
RING0_LAB=none ./without --list >log 2>&1
[ $? -eq 99 ] && grep -q 'corpus/wild.does/z has 1073741824 bytes' log
report $? 'one of 1 GiB is not read'
rm -r corpus
echo >corpus
RING0_LAB=none ./without --list >log 2>&1
[ $? -eq 99 ] && grep -q 'the folder of inputs corpus/.*: Not a directory' log
report $? 'a folder that is none is refused'
rm corpus

mkdir -p corpus/wild.does
ln -s round corpus/wild.does/round
RING0_LAB=none ./without --list >log 2>&1
[ $? -eq 99 ] && grep -q 'the input corpus/wild.does/round: Too many levels of symbolic links' log
report $? 'an input that can not be read is refused'
rm corpus/wild.does/round
mkfifo corpus/wild.does/pipe
RING0_LAB=none ./without --list >log 2>&1
[ $? -eq 99 ] && grep -q 'the input corpus/wild.does/pipe is no file' log
report $? 'a pipe among the inputs is not waited for'
rm -r corpus

# AFL++ ends when it has found something. It has so long, since it counts time, not inputs, and needed 172 s of a machine
# that ten others shared.
seconds=1500
# AFL++ starts the program itself: in the lab it is the program, and has this one along.
# by_afl SUITE.NAME
by_afl()
{
	mkdir -p seeds && printf aaaa >seeds/a
	set -- AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_NO_UI=1 AFL_BENCH_UNTIL_CRASH=1 \
		AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 R0_TIMEOUT_FACTOR=20 "RING0_FUZZ=$1"
	if RING0_LAB=none ./without --format tap input.is_as_given 2>&1 | grep -q '^1\.\.0'; then
		for variable; do
			set -- "$@" --env "$variable"
			shift
		done
		"$build/ring0" lab --arch x86_64 --memory 1024 "$@" --file "$folder/by_afl" --file "$folder/seeds" \
			--collect "$folder/found/" -- "$(command -v afl-fuzz)" -s 1 -t 20000 -V $seconds -i seeds -o found \
			-- ./by_afl
	else
		env "$@" afl-fuzz -s 1 -t 20000 -V $seconds -i seeds -o found -- ./by_afl
	fi
}
if command -v afl-clang-fast >/dev/null; then
	{
		AFL_QUIET=1 afl-clang-fast -g -O1 -mgeneral-regs-only -fstack-protector-all -c -o afl_subject.o \
			"$tests/inputs/subject.c" &&
			AFL_QUIET=1 "$tests/with_ring0" afl-clang-fast -g -D_GNU_SOURCE -mgeneral-regs-only -o by_afl \
				"$tests/inputs/inputs.c" afl_subject.o
	} >log 2>&1 && by_afl planted.descriptor >>log 2>&1 &&
		find found/default/crashes -name 'id:*' | grep -q .
	report $? 'AFL++ finds planted.descriptor'
	grep -q '^stability *: 100.00%' found/default/fuzzer_stats
	report $? 'each input counts the same each time' found/default/fuzzer_stats
	mkdir -p corpus/planted.descriptor
	for file in found/default/crashes/id:*; do
		cp "$file" corpus/planted.descriptor/
	done
	on_kvm ./without --format tap planted.descriptor >log 2>&1
	[ $? -eq 1 ] && grep -q '^not ok 1 - planted.descriptor\[id:000000' log
	report $? 'what AFL++ found is a case'
	rm -r corpus
	{
		AFL_QUIET=1 AFL_LLVM_CMPLOG=1 afl-clang-fast -g -O1 -mgeneral-regs-only -c -o afl_subject.o "$tests/inputs/subject.c" &&
			AFL_QUIET=1 AFL_LLVM_CMPLOG=1 "$tests/with_ring0" afl-clang-fast -g -D_GNU_SOURCE -mgeneral-regs-only \
				-o with_cmplog "$tests/inputs/inputs.c" afl_subject.o
	} >log 2>&1 || cat log
	R0_FUZZ_SEED=1 R0_TIMEOUT_FACTOR=20 RING0_LAB=auto ./with_cmplog --fuzz=$seconds planted.command >log 2>&1
	[ $? -eq 1 ] && grep -qi 'cmplog forkserver successfully started' log &&
		grep -q 'planted.command: found corpus/planted.command/crash-.*, which is a case from now on' log
	report $? '--fuzz starts AFL++, which finds a code of four bytes by CMPLOG'
	[ "$(find corpus/planted.command -name 'crash-*' | wc -l)" -eq 2 ] &&
		[ "$(find corpus/planted.command -name 'crash-*' ! -name '*.report' -size -9c | wc -l)" -eq 1 ]
	report $? 'what it found is among the inputs, small, with its report' log
	rm -rf corpus
	PATH=/nowhere RING0_LAB=none ./by_afl --fuzz=1 planted.descriptor >log 2>&1
	[ $? -eq 99 ] && grep -q "afl-fuzz can't be found in PATH (Debian: package afl++)" log
	report $? 'without afl-fuzz --fuzz says what to install'
	RING0_LAB=none RING0_FUZZ=planted.descriptor ./by_afl >log 2>&1
	[ $? -eq 99 ] && grep -q 'start it by .RING0_FUZZ=planted.descriptor afl-fuzz' log
	report $? 'without afl-fuzz it says how it is started'
else
	for name in 'AFL++ finds planted.descriptor' 'each input counts the same each time' 'what AFL++ found is a case' \
		'--fuzz starts AFL++, which finds a code of four bytes by CMPLOG' \
		'what it found is among the inputs, small, with its report' 'without afl-fuzz --fuzz says what to install' \
		'without afl-fuzz it says how it is started'; do
		skip "$name" 'there is no AFL++'
	done
fi

engine=$(clang -print-file-name=libclang_rt.fuzzer_no_main-x86_64.a 2>/dev/null)
if [ ! -f "${engine:-/nonexistent}" ]; then
	for name in descriptor walker hypercall command device; do
		skip "libFuzzer finds planted.$name" 'there is no libFuzzer'
		skip "planted.$name: what it found" 'there is no libFuzzer'
	done
	skip 'planted.command: with seed 2, too' 'there is no libFuzzer'
	skip 'planted.command: with seed 3, too' 'there is no libFuzzer'
	skip 'a target that spins, halts, destroys the runtime, exhausts memory, exits or reads an undeclared port is a finding' 'there is no libFuzzer'
	skip '--fuzz with a corpus that is full says so' 'there is no libFuzzer'
	skip '--fuzz with a corpus that is read-only says so' 'there is no libFuzzer'
	skip '-merge=1 keeps what is of use' 'there is no libFuzzer'
	skip '-dict takes words along' 'there is no libFuzzer'
	skip '-jobs=2 has two engines' 'there is no libFuzzer'
	skip 'it counts what it counts in a process' 'there is no libFuzzer'
	exit "$failed"
fi
{
	clang -g -O1 -mgeneral-regs-only -fsanitize=fuzzer-no-link -fstack-protector-all -c -o subject.o "$tests/inputs/subject.c" &&
		"$tests/with_ring0" clang -g -D_GNU_SOURCE -mgeneral-regs-only -fsanitize=fuzzer-no-link -o with "$tests/inputs/inputs.c" \
			subject.o -Wl,-u,LLVMFuzzerRunDriver "$engine" -lstdc++ -lm
} >log 2>&1 || cat log
# On a busy machine a test takes its time.
R0_TIMEOUT_FACTOR=60
export R0_FUZZ_SEED R0_TIMEOUT_FACTOR

# How many inputs are enough, at the thousand a second that a lab has on an idle machine. A software KVM is to have ten
# times as many.
in_60_s=60000
in_10_s=10000
# fuzz NAME SEED MOST: a mistake is found, by that many inputs at most. A busy machine takes longer for them: that is only told.
fuzz()
{
	started=$(date +%s)
	R0_FUZZ_SEED=$2
	on_kvm ./with --fuzz=0 "planted.$1" >log 2>&1
	status=$?
	inputs=$(sed -n 's/^stat::number_of_executed_units: *\([0-9]*\).*/\1/p' log)
	echo "# planted.$1, seed $2: ${inputs:-no} inputs; $(($(date +%s) - started)) s with start, a smaller input and its report"
	[ $status -eq 1 ] && grep -q "planted.$1: found corpus/planted.$1/crash-.*, which is a case from now on" log &&
		[ "${inputs:-$(($3 + 1))}" -le "$3" ]
}
for name in descriptor walker hypercall device command; do
	most=$in_60_s
	[ $name != command ] || most=$in_10_s
	fuzz $name 1 $most
	report $? "libFuzzer finds planted.$name"
	[ "$(find corpus/planted.$name -name 'crash-*' | wc -l)" -eq 2 ] &&
		[ "$(find corpus/planted.$name -name 'crash-*' ! -name '*.report' -size -64c | wc -l)" -eq 1 ]
	report $? "planted.$name: what it found is among the inputs, small, with its report" log
	rm -rf corpus
done

# Whatever the engine's seed, a magic of four bytes is found: that needs what ring 0 compares.
for seed in 2 3; do
	fuzz command $seed $in_10_s
	report $? "planted.command: with seed $seed, too"
	rm -rf corpus
done
R0_FUZZ_SEED=1

# What an input may do to its machine is a finding of the engine's.
cat >each <<'END'
for letter in n s h d m e u; do
	# Only what spins is to run out of its 300 ms, however busy the machine is.
	factor=200
	[ $letter != s ] || factor=1
	R0_TIMEOUT_FACTOR=$factor RING0_FUZZ=wild.does ./with -error_exitcode=70 wild/$letter >one 2>&1
	echo "$letter $? $(LC_ALL=C sed -n 's/^ring0: \([a-z]*\): .*/\1/p' one)"
	grep '^ring0: .*/dev/kvm' one
done
END
mkdir wild && for letter in n s h d m e u; do
	printf %s $letter >wild/$letter
done
cp "$(command -v sed)" "$(command -v grep)" .
RING0_LAB=none sh ./each >got 2>&1
! grep -q /dev/kvm got ||
	"$build/ring0" lab --arch x86_64 --memory 1024 --env PATH="$folder" \
		--file /bin/sh:/bin/sh --file with --file each --file wild --file sed --file grep -- /bin/sh ./each >got 2>log
printf '%s\n' 'n 0 ' 's 70 timeout' 'h 70 fail' 'd 70 crash' 'm 70 fail' 'e 70 fail' 'u 70 fail' >wanted
cmp wanted got
report $? 'a target that spins, halts, destroys the runtime, exhausts memory, exits or reads an undeclared port is a finding' got log

# Where a finding can't be kept.
"${CC:-cc}" -D_GNU_SOURCE -o spoilt_folder "$tests/coverage/spoilt_folder.c" >log 2>&1 || cat log
mkdir -p corpus
# spoilt HOW WORDS
spoilt()
{
	name="--fuzz with a corpus that is $1 says so"
	RING0_LAB=none ./spoilt_folder "$1" corpus ./with --fuzz=0 planted.descriptor >log 2>&1
	status=$?
	[ $status -ne 77 ] || {
		"$build/ring0" lab --arch x86_64 --memory 1024 --file with --file corpus -- ./spoilt_folder "$1" corpus ./with --fuzz=0 \
			planted.descriptor >log 2>&1
		status=$?
	}
	if [ $status -eq 78 ]; then
		skip "$name" 'no mounts of its own'
		return
	fi
	[ $status -eq 99 ] && grep -q "$2" log
	report $? "$name"
}
spoilt full 'saving a finding of planted.descriptor in corpus/planted.descriptor: No space left on device; it is /tmp/ring0-fuzz-'
spoilt read-only 'making the folder corpus/planted.descriptor: Read-only file system'
rm -r corpus

# The engine's own command line. It starts itself by a shell for these.
# engine ARG…: as planted.hypercall's.
engine()
{
	RING0_FUZZ=planted.hypercall
	export RING0_FUZZ
	RING0_LAB=none ./with "$@" >log 2>&1
	status=$?
	! grep -q '^ring0: .*/dev/kvm' log ||
		"$build/ring0" lab --arch x86_64 --memory 1024 --file /bin/sh:/bin/sh --file "$folder/more" \
			--collect "$folder/" -- ./with "$@" >log 2>&1 && status=0
	unset RING0_FUZZ
	return $status
}
mkdir -p more/inputs more/merged
for text in 1 12345 12346 12347 HCAL HCAL1; do
	printf %s $text >more/inputs/$text
done
printf 'magic="HCAL"\n' >more/words
engine -merge=1 more/merged more/inputs && [ "$(find more/merged -type f | wc -l)" -ge 2 ] &&
	[ "$(find more/merged -type f | wc -l)" -lt 6 ]
report $? '-merge=1 keeps what is of use'
engine -dict=more/words -use_cmp=0 -runs=200 more/inputs && grep -q 'Dictionary: 1 entries' log
report $? '-dict takes words along'

engine -jobs=2 -workers=1 -use_cmp=0 -runs=100 more/inputs && grep -q 'Done 100 runs' fuzz-0.log &&
	grep -q 'Done 100 runs' fuzz-1.log
report $? '-jobs=2 has two engines'

# How many of the subject's counters, and of their values, the engine has seen of each input: the subject alone has some.
{
	"$tests/with_ring0" clang -g -D_GNU_SOURCE -mgeneral-regs-only -o alone "$tests/inputs/inputs.c" subject.o \
		-Wl,-u,LLVMFuzzerRunDriver "$engine" -lstdc++ -lm &&
		clang -g -c -o plain.o "$tests/inputs/plain.c" &&
		clang -fsanitize=fuzzer -o plain plain.o subject.o
} >log 2>&1 || cat log
: >wanted
: >got
for text in '\001\002\003' '\200\200\200\200\200\200\200\200' \
	'\201\000\201\000\000\200\000\000\200\201\200\000\000\000\000\200'; do
	mkdir corpus
	# shellcheck disable=SC2059 # it is the format
	printf "$text" >corpus/input
	./plain -runs=0 corpus >log 2>&1
	sed -n 's/.*INITED \(cov: [0-9]* ft: [0-9]*\) .*/\1/p' log >>wanted
	RING0_FUZZ=planted.walker
	export RING0_FUZZ
	on_kvm ./alone -runs=0 corpus >log 2>&1
	unset RING0_FUZZ
	sed -n 's/.*INITED \(cov: [0-9]* ft: [0-9]*\) .*/\1/p' log >>got
	rm -r corpus
done
[ "$(wc -l <wanted)" -eq 3 ] && cmp wanted got >>log 2>&1
report $? 'it counts what it counts in a process' log wanted got
exit "$failed"
