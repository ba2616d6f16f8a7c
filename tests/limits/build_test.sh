#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Programs whose memory is not as most programs' is: built with sanitizers, or with their data far
# away. As users build them, by pkg-config alone:
#
#	tests/limits/build_test.sh BUILD LIMITS
#
# LIMITS is the folder of this file. Without a KVM to use, they run in the lab.
set -u

build=$1
limits=$2
tests=$(dirname "$0")/..
PKG_CONFIG_PATH=$build/meson-uninstalled
export PKG_CONFIG_PATH
# Looking for leaks takes ptrace(), which not every host allows.
ASAN_OPTIONS=detect_leaks=0
export ASAN_OPTIONS
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/../tap.sh"
tap_log=$folder/log
# shellcheck source=tests/programs.sh
. "$(dirname "$0")/../programs.sh"
kernel_like=-mgeneral-regs-only

# build_program NAME COMPILER OPTION…: the host's side with these options, the tests without.
build_program()
{
	name=$1 compiler=$2
	shift 2
	echo 'int main(void) { return 0; }' >"$folder/empty.c"
	if ! "$compiler" "$@" -o "$folder/empty" "$folder/empty.c" >/dev/null 2>&1; then
		skip "$name" "no $compiler that does $*"
		return
	fi
	"$tests/with_ring0" "$compiler" $kernel_like "$@" -D_GNU_SOURCE -o "$folder/program" \
		"$limits/limits_call.c" >"$folder/log" 2>&1
	add_program $? "$name"
}

# The same for tests whose own code is built so, checks and all: they run in ring 0. Not one that
# fails: before a call that does not return, AddressSanitizer makes system calls.
build_tests_and_run()
{
	name=$1 compiler=$2
	shift 2
	if ! "$compiler" "$@" -o "$folder/empty" "$folder/empty.c" >/dev/null 2>&1; then
		skip "$name" "no $compiler that does $*"
		return
	fi
	"$tests/with_ring0" "$compiler" $kernel_like "$@" -D_GNU_SOURCE -I"$limits/../.." \
		-o "$folder/program" "$limits/../guest/instructions/x86test_port.c" >"$folder/log" 2>&1 &&
		"$tests/lab/on_kvm" "$build/ring0" "$folder/program" '-*.use_the_port' >>"$folder/log" 2>&1
	report_program $? "$name"
}

echo 1..11
build_program 'AddressSanitizer, gcc' gcc -fsanitize=address
build_program 'AddressSanitizer, clang' clang -fsanitize=address
build_program 'UndefinedBehaviorSanitizer, gcc' gcc -fsanitize=undefined
build_program 'non-PIE' gcc -no-pie
build_program 'static' gcc -static
build_program 'static-pie' gcc -static-pie
build_program 'lazy binding' gcc -Wl,-z,lazy
build_program 'everything bound at once' gcc -Wl,-z,now
build_program 'lld, --gc-sections' gcc -fuse-ld=lld -ffunction-sections -fdata-sections \
	-Wl,--gc-sections
run_programs
build_tests_and_run 'AddressSanitizer in ring 0, gcc' gcc -fsanitize=address
build_tests_and_run 'AddressSanitizer in ring 0, clang' clang -fsanitize=address
exit $failed
