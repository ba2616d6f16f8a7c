#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What AddressSanitizer and UndefinedBehaviorSanitizer find in ring 0, with each compiler and kind of run-time library:
# tests/fixtures/sanitizer_ends.c, whose comments say what has to come.
#
#	tests/sanitizers_test.sh BUILD
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
LAB="$tests/lab/on_kvm $build/ring0"
export LAB
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
tap_log=$folder/log
# Everything is emulated in the lab, and nothing here is to run out of time.
R0_TIMEOUT_FACTOR=30
export R0_TIMEOUT_FACTOR

# The host's own KVM, if it can be used, has other outcomes than the lab's.
forget_lab_with_kvm()
{
	RING0_LAB=none "$folder/sanitizer_ends" finding.nothing >/dev/null 2>&1
	[ $? -eq 77 ] || unset LAB
}

# check NAME COMPILER OPTION…
check()
{
	name=$1
	shift
	if ! command -v "$1" >/dev/null; then
		skip "$name" "there is no $1"
		return
	fi
	echo 'int main(void) { return 0; }' >"$folder/empty.c"
	if ! "$@" -fsanitize=address,undefined -o "$folder/empty" "$folder/empty.c" >"$tap_log" 2>&1; then
		skip "$name" "$1 has no such run-time library"
		return
	fi
	"$tests/with_ring0" "$@" -g -fsanitize=address,undefined -D_GNU_SOURCE -o "$folder/sanitizer_ends" \
		"$tests/fixtures/sanitizer_ends.c" >"$tap_log" 2>&1 && forget_lab_with_kvm &&
		"$tests/fixtures/check_outcomes" "$folder/sanitizer_ends" "$tests/fixtures/sanitizer_ends.c" -- \
			--check-reset >"$tap_log" 2>&1
	report $? "$name"
}

shared=$(clang -print-file-name=libclang_rt.asan-x86_64.so 2>/dev/null)

echo 1..5
check 'gcc, shared libraries' gcc
check 'gcc, static libraries, at fixed addresses' gcc -static-libasan -static-libubsan -fno-pie -no-pie
check 'clang, static libraries' clang
check 'clang, shared libraries' clang -shared-libasan -Wl,-rpath,"$(dirname "${shared:-.}")"

# Without the folder that its run-time library is in.
if [ -f "${shared:-}" ]; then
	"$tests/with_ring0" clang -g -fsanitize=address -shared-libasan -D_GNU_SOURCE -o "$folder/without" \
		"$tests/fixtures/sanitizer_ends.c" >"$tap_log" 2>&1
	LD_LIBRARY_PATH='' "$build/ring0" lab --arch x86_64 -- "$folder/without" >"$tap_log" 2>&1
	[ $? -eq 81 ] && grep -q "without needs the shared library ${shared##*/}, which is nowhere that the dynamic linker looks" "$tap_log"
	report $? 'without its run-time library the lab says which one'
else
	skip 'without its run-time library the lab says which one' 'clang has no shared one'
fi
exit $failed
