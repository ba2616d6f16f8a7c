#!/bin/sh
# SPDX-License-Identifier: MIT
#
# ring0 as a subproject of a Meson project that is built with link-time optimization and unity files:
#
#	tests/subproject_test.sh SOURCE BUILD
#
# Builds the library and the command once more, which takes minutes. BUILD's command has the lab. Prints TAP.
set -u

source=$1 build=$2
tests=$source/tests
# What the caller's build or environment has set is not for this project.
unset DESTDIR CFLAGS LDFLAGS MAKEFLAGS MAKELEVEL
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
# shellcheck source=tests/tap.sh
. "$tests/tap.sh"
tap_log=$folder/log
cd "$folder" || exit 1

mkdir subprojects
ln -s "$source" subprojects/ring0
cat >meson.build <<'END_OF_FILE'
project('user', 'c', default_options: ['b_lto=true', 'unity=on'])

ring0 = dependency('ring0', fallback: 'ring0')
executable('io_test', 'io_test.c', dependencies: ring0)
END_OF_FILE
cat >io_test.c <<'END_OF_FILE'
#include <ring0.h>
#include <sys/io.h>

R0_TEST(io, reads, .ioports = R0_IOPORTS({ 0x1, 0xfe }))
{
	R0_ASSERT_EQ(inb(0x1), 0xfe);
}
END_OF_FILE
meson setup b . >log 2>&1
report $? 'is configured'
ninja -C b io_test >log 2>&1
report $? 'is built'
"$tests/lab/on_kvm" "$build/ring0" b/io_test >log 2>&1
report_program $? 'a test passes'

echo "1..$number"
exit $failed
