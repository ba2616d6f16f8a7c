#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The sources, the build folder and the prefix in folders with a space, an apostrophe and letters beyond
# ASCII: configured, built, installed by `make install`, and used by pkg-config and by CMake. The build
# folder lies elsewhere, the sources are not written to, the umask is 077, and the language is Turkish, whose
# capital of "i" is none of ASCII, and whose [a-z] lacks it.
#
#	tests/odd_places_test.sh SOURCE
#
# Prints TAP. Only the library is built, without optimization.
set -u

source=$1
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
unset DESTDIR CFLAGS LDFLAGS MAKEFLAGS MAKELEVEL BUILD PREFIX OPTIONS PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR

# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
tap_log=$folder/log

# check NAME COMMAND…: it succeeds.
check()
{
	name=$1
	shift
	"$@" </dev/null >"$folder/log" 2>&1
	report $? "$name"
}

# What is written there, by name.
list()
{
	find "$sources" -newer "$folder/copied" -not -type d
}

echo 1..11
umask 077
mkdir "$folder/languages"
check 'Turkish is there' localedef -i tr_TR -f UTF-8 "$folder/languages/tr_TR.UTF-8"
export LOCPATH="$folder/languages" LC_ALL=tr_TR.UTF-8
place="$folder/it's a höme"
sources="$place/söurce"
build="$place/ä build's folder"
prefix="$place/Über all"
mkdir -p "$sources"
for entry in "$source"/*; do
	# No build folder.
	[ -e "$entry/build.ninja" ] || cp -R "$entry" "$sources/"
done
: >"$folder/copied"
chmod -R a-w "$sources"

cd "$sources" || exit 1
options='-Dtests=disabled -Dcommand=disabled -Dbuildtype=plain'
set -- BUILD="$build" PREFIX="$prefix" OPTIONS="$options"
check 'built' make "$@"
check 'installed' make "$@" install
# shellcheck disable=SC2016 # for that shell
check 'the sources are as they were' sh -c '[ -z "$1" ] || { echo "$1"; exit 1; }' sh "$(list)"
# shellcheck disable=SC2016 # for that shell
check 'others may read what was installed' sh -c \
	'[ -z "$(find "$1" ! -perm -o+r)" ] || { find "$1" ! -perm -o+r; exit 1; }' sh "$prefix"

# With pkg-config, the installed copy and the one that is not.
cd "$folder" || exit 1
test_program="$sources/examples/io_test.c"
PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name ring0.pc)")
export PKG_CONFIG_PATH
check 'used by pkg-config' "$sources/tests/with_ring0" cc -o by_pkg_config "$test_program"
check 'the program runs' ./by_pkg_config --list
cp -R "$sources/examples/project" make
chmod -R u+w make
check 'used by make' make -C make timer_test
# As docs/guide.md has it for such a place; CMake's and the shell's are right by themselves.
cat >included <<'END'
include $(subst \',',$(shell pkg-config --variable=makefile ring0))
all:
	@test -d $(ring0_include) && test "$(origin ring0_kernel_objects)" = file
END
check 'its rule for makefiles is included' make -f included
PKG_CONFIG_PATH="$build/meson-uninstalled"
check 'used without being installed' "$sources/tests/with_ring0" cc -o uninstalled "$test_program"

# With CMake.
if command -v cmake >/dev/null; then
	cp -R "$sources/examples/project" "$place/cmake's"
	chmod -R u+w "$place/cmake's"
	CMAKE_PREFIX_PATH=$prefix
	export CMAKE_PREFIX_PATH
	# shellcheck disable=SC2016 # for that shell
	check 'used by CMake' sh -c 'cmake -S "$1" -B "$1/build" && cmake --build "$1/build" &&
		ctest --test-dir "$1/build" -N' sh "$place/cmake's"
else
	skip 'used by CMake' 'no cmake'
fi
exit $failed
