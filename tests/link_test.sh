#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Build an example as a user does, by pkg-config alone, in every way that the guide promises, and
# run it:
#
#	tests/link_test.sh BUILD EXAMPLE.c
#
# Against the build tree's own library and against an installed copy. Without a KVM to use, in the lab.
set -u

build=$1
source=$2
tests=$(dirname "$0")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
tap_log=$folder/log
# shellcheck source=tests/programs.sh
. "$(dirname "$0")/programs.sh"

# build_program NAME COMPILER OPTION…
build_program()
{
	name=$1
	compiler=$2
	shift 2
	if ! command -v "$compiler" >/dev/null; then
		skip "$name" "no $compiler"
		return
	fi
	"$tests/with_ring0" "$compiler" "$@" -o "$folder/program" "$source" >"$folder/log" 2>&1
	add_program $? "$name"
}

variants()
{
	for compiler in gcc clang; do
		for linker in bfd lld; do
			for kind in '' -no-pie -static -static-pie; do
				# shellcheck disable=SC2086 # none is no word
				build_program "$1, $compiler, $linker${kind:+, $kind}" \
					$compiler -fuse-ld=$linker $kind
			done
			build_program "$1, $compiler, $linker, --gc-sections" \
				"$compiler" -fuse-ld=$linker -O2 -ffunction-sections -fdata-sections \
				-Wl,--gc-sections
		done
	done
}

echo 1..49

PKG_CONFIG_PATH=$build/meson-uninstalled
export PKG_CONFIG_PATH
variants 'build tree'

# Warnings of strict users are none of ours.
build_program 'no warnings, gcc' gcc -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
	-Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Werror
build_program 'no warnings, clang' clang -Wall -Wextra -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wcast-qual -Werror
build_program 'link-time optimization' gcc -O2 -flto

# A program's own names, whatever the library calls its own functions.
cat "$source" - >"$folder/own_names.c" <<'END'
int r0_exception(void);
int r0_exception(void)
{
	return 0;
}

int bus_read, fail, machine_create;
END
"$tests/with_ring0" cc -o "$folder/program" "$folder/own_names.c" >"$folder/log" 2>&1
add_program $? 'names of its own: r0_exception()'

# Where the program's own PLT entry stands for a shared function, and is not to be bound to itself.
cat >"$folder/plt.c" <<'END'
#include <ring0.h>
#include <stdlib.h>

static int call(int (*function)(const char *), const char *text)
{
	return function(text);
}

R0_TEST(plt, function_by_its_address)
{
	R0_ASSERT_EQ(call(atoi, "42"), 42);
}
END
"$tests/with_ring0" cc -O0 -fno-pie -no-pie -fno-builtin -o "$folder/program" "$folder/plt.c" >"$folder/log" 2>&1
add_program $? 'the address of a shared function, -no-pie'

# A test as another version of the headers has it, linked with this library.
cat >"$folder/stale.c" <<'END'
#include <ring0.h>

static const struct r0_test stale = { .size = 8, .suite = "old", .name = "one" };
static const struct r0_test *const at R0_RETAIN __attribute__((section("r0_tests"))) = &stale;
END
"$tests/with_ring0" cc -o "$folder/stale" "$folder/stale.c" >"$folder/log" 2>&1
"$folder/stale" >>"$folder/log" 2>&1
[ $? -eq 99 ] && grep -q 'compile all of its files again' "$folder/log"
report $? 'a test compiled with the headers of another version: 99'

# Tests in an archive: found with --whole-archive; without it there are none, which is an error.
"$tests/with_ring0" cc -c -o "$folder/tests.o" "$source" &&
	ar rcs "$folder/libtests.a" "$folder/tests.o"
echo '#include <ring0.h>
int main(int argc, char **argv) { return r0_main(argc, argv); }' >"$folder/main.c"
"$tests/with_ring0" cc -o "$folder/program" "$folder/main.c" -Wl,--whole-archive "$folder/libtests.a" \
	-Wl,--no-whole-archive >"$folder/log" 2>&1
add_program $? 'tests in an archive, --whole-archive'
"$tests/with_ring0" cc -o "$folder/none" "$folder/main.c" "$folder/libtests.a" >"$folder/log" 2>&1 &&
	"$folder/none" >>"$folder/log" 2>&1
[ $? -eq 99 ]
report $? 'tests in an archive that are not linked: 99'

# An installed copy, in a folder that stands for the root.
DESTDIR=$folder/root meson install -C "$build" --no-rebuild --quiet >"$folder/log" 2>&1
report $? 'install'
PKG_CONFIG_SYSROOT_DIR=$folder/root
PKG_CONFIG_PATH=$(dirname "$(find "$folder/root" -name ring0.pc)")
export PKG_CONFIG_SYSROOT_DIR
variants 'installed'
run_programs

exit $failed
