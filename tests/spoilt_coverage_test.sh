#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Where counts can't go: to the files of another build, to a folder that can't be written, to a full disk. The tests pass
# all the same, and there is a line that says what is lost.
#
#	tests/spoilt_coverage_test.sh BUILD
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
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
tap_log=$folder/log
cd "$folder" || exit
mkdir spoilt

# compile PROGRAM COMPILER OPTION…: by a name of the object's own that stays the same.
compile()
{
	program=$1
	shift
	"$tests/with_ring0" "$@" -g -D_GNU_SOURCE -o "$program" "$tests/coverage/small_test.c"
}

# on_kvm PROGRAM ARG…: with what it needs in the lab.
on_kvm()
{
	RING0_LAB=none "$@"
	status=$?
	[ $status -eq 77 ] || return $status
	RING0_LAB=auto "$build/ring0" lab --arch x86_64 --memory 512 --file spoilt --file gcc_program --file clang_program \
		--collect "$folder/counts/" -- "$@"
}

# tell NAME STATUS WORDS COMMAND…: with that status, and a line like that, whole.
tell()
{
	name=$1 wanted=$2 words=$3
	shift 3
	mkdir -p counts
	"$@" >log 2>&1
	status=$?
	if [ $status -eq 78 ]; then
		skip "$name" 'no mounts of its own'
		return
	fi
	echo "exit status $status, of $wanted" >>log
	[ $status -eq "$wanted" ] && grep -q -E -x -e "$words" log && { [ "$wanted" -ne 0 ] || grep -q '2 passed' log; }
	report $? "$name"
}

echo 1..11
"${CC:-cc}" -D_GNU_SOURCE -o spoilt_folder "$tests/coverage/spoilt_folder.c" >log 2>&1 || cat log
GCOV_PREFIX=$folder/counts
LLVM_PROFILE_FILE=$folder/spoilt/%m.profraw
export GCOV_PREFIX LLVM_PROFILE_FILE
compile clang_program clang -O1 -fprofile-instr-generate -fcoverage-mapping >log 2>&1 || : >clang_program

# Of another build: the counts are this one's alone.
compile gcc_program gcc -O1 --coverage -DOTHER >log 2>&1
on_kvm ./gcc_program >>log 2>&1
compile gcc_program gcc -O1 --coverage >>log 2>&1
tell "GCC's counts of another build" 0 \
	'(libgcov profiling error|profiling):.*/gcc_program-small_test.gcda:overwriting an existing profile data with a different (checksum|timestamp).*' \
	on_kvm ./gcc_program
cp counts"$folder"/gcc_program-small_test.gcda . && gcov gcc_program-small_test.gcda >log 2>&1 &&
	grep -q '^ *2: *[0-9]*:static int side' small_test.c.gcov
report $? "the counts are those of the new build"

GCOV_PREFIX=$folder/spoilt
disk='No space left on device' mount='Read-only file system'
lost="profiling( error)?:$folder/spoilt/.*"
tell "GCC's counts on a full disk" 0 "(libgcov )?$lost" on_kvm ./spoilt_folder full spoilt ./gcc_program
tell "GCC's counts in a folder that can't be written" 0 "(libgcov )?$lost" \
	on_kvm ./spoilt_folder read-only spoilt ./gcc_program
if [ -s clang_program ]; then
	tell "Clang's counts in a folder that can't be written" 0 "LLVM Profile Error: .*: $mount" \
		on_kvm ./spoilt_folder read-only spoilt ./clang_program
else
	skip "Clang's counts in a folder that can't be written" 'there is no clang'
fi
for how in full read-only; do
	case $how in
	full) why=$disk ;;
	*) why=$mount ;;
	esac
	tell "--coverage-by-test: $how" 99 "gcc_program: --coverage-by-test: the folder spoilt/by: $why" \
		on_kvm ./spoilt_folder $how spoilt ./gcc_program --coverage-by-test spoilt/by
done

# What the lab copies out.
# shellcheck disable=SC2317 # called by its name
in_lab()
{
	how=$1
	shift
	./spoilt_folder "$how" spoilt "$build/ring0" lab --arch x86_64 --memory 512 -- "$@"
}
for how in full read-only; do
	case $how in
	full) why=$disk ;;
	*) why=$mount ;;
	esac
	tell "out of the lab: $how" 89 "ring0 lab: (writing|making the folder) $folder/spoilt/.*: $why" \
		in_lab $how ./gcc_program
	tell "out of the lab, by test: $how" 89 "ring0 lab: (writing|making the folder) $folder/spoilt/.*: $why" \
		in_lab $how ./gcc_program --coverage-by-test spoilt/by
done
exit $failed
