#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The examples as plain compilers make them, vector instructions and all, and what they call of libc
# and other libraries: with every optimization that is common, by pkg-config alone:
#
#	tests/optimization_test.sh BUILD EXAMPLES
#
# The build of ring0 itself makes them with general registers only. Without a KVM to use, they run in the
# lab.
set -u

build=$1
examples=$2
tests=$(dirname "$0")
PKG_CONFIG_PATH=$build/meson-uninstalled:${PKG_CONFIG_PATH-}
RING0_COMMAND=$build/ring0
export PKG_CONFIG_PATH RING0_COMMAND
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
tap_log=$folder/log
# shellcheck source=tests/programs.sh
. "$(dirname "$0")/programs.sh"

# build_example EXAMPLE PACKAGE COMPILER OPTION…
build_example()
{
	example=$1 package=$2 compiler=$3
	shift 3
	name="$example, $compiler $*"
	if ! command -v "$compiler" >/dev/null; then
		skip "$name" "no $compiler"
		return
	fi
	if [ "$package" ] && ! pkg-config --exists "$package"; then
		skip "$name" "no $package"
		return
	fi
	PACKAGES=$package "$tests/with_ring0" "$compiler" "$@" -D_GNU_SOURCE -o "$folder/program" \
		"$examples/$example.c" >"$folder/log" 2>&1
	add_program $? "$name"
}

all()
{
	for example in io_test mmio_test msr_cpuid_test fault_test params_test; do
		build_example $example '' "$@"
	done
	build_example cmocka_call cmocka "$@"
	build_example check_call check "$@"
	build_example pci_test libpci "$@"
}

echo 1..32
all gcc -O0
all gcc -O2
# QEMU emulates no AVX-512.
narrower=
RING0_LAB=none "$folder/programs/1" >"$folder/log" 2>&1
[ $? -eq 77 ] && narrower=-mno-avx512f
# shellcheck disable=SC2086 # none is no word
all gcc -O3 -march=native $narrower
# shellcheck disable=SC2086
all clang -O3 -march=native $narrower
run_programs

exit $failed
