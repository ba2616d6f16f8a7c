#!/bin/sh
# SPDX-License-Identifier: MIT
#
# .replace with what compilers make of the code whose calls are replaced, each built by pkg-config alone:
#
#	tests/replace/replace_test.sh BUILD
#
# Without a KVM to use, all of them in one boot of the lab. Prints TAP.
set -u

build=$1
here=$(cd "$(dirname "$0")" && pwd)
tests=$(dirname "$here")
PKG_CONFIG_PATH=$build/meson-uninstalled:${PKG_CONFIG_PATH-}
RING0_COMMAND=$build/ring0
export PKG_CONFIG_PATH RING0_COMMAND
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
# shellcheck source=tests/tap.sh
. "$tests/tap.sh"

# What is built, and each with the arguments that it is run with.
programs=$folder/programs
: >"$programs"

# build NAME COMPILER SOURCE FLAGS LINK ARGUMENTS [OBJECT [LIBRARY]]: FLAGS are those of the code under test.
build()
{
	name=$1 compiler=$2 source=$3
	if ! command -v "$compiler" >/dev/null; then
		skip "$name" "no $compiler"
		return
	fi
	# shellcheck disable=SC2086 # words: flags
	"$compiler" -g $4 -c -o "$folder/$name.o" "$here/code.c" >"$folder/log" 2>&1 &&
		"$compiler" -g -c -o "$folder/$name-short.o" "$here/short.S" >>"$folder/log" 2>&1 &&
		"$tests/with_ring0" "$compiler" -g -O1 -fno-builtin $5 -Wall -Wextra -Werror \
			-o "$folder/$name" "$here/$source" ${7-} "$folder/$name.o" "$folder/$name-short.o" \
			-L "$folder" -llibrary ${8-} "-Wl,-rpath,\$ORIGIN" >>"$folder/log" 2>&1
	status=$?
	report $status "$name is built" "$folder/log"
	[ $status -ne 0 ] || echo "$name $6" >>"$programs"
}

# upper NAME: the code in the upper half, where rand_r() is not libc's.
upper()
{
	name=$1
	gcc -g -O2 -fno-builtin -fno-pie -mcmodel=kernel -flive-patching=inline-clone -c -o "$folder/$name-code.o" \
		"$here/code.c" >"$folder/log" 2>&1 && gcc -g -c -o "$folder/$name-short.o" "$here/short.S" >>"$folder/log" 2>&1 &&
		"$build/ring0" objects --upper -o "$folder/$name.o" "$folder/$name-code.o" "$folder/$name-short.o" \
			>>"$folder/log" 2>&1 &&
		"$tests/with_ring0" gcc -g -O1 -fno-builtin -fpie -no-pie -Wl,-z,noexecstack -Wall -Wextra -Werror \
			-o "$folder/$name" "$here/replace.c" "$folder/$name.o" \
			-L "$folder" -llibrary "-Wl,-rpath,\$ORIGIN" >>"$folder/log" 2>&1
	status=$?
	report $status "$name is built" "$folder/log"
	[ $status -ne 0 ] || echo "$name $all -replace.libc -replace.all_is_undone" >>"$programs"
}

gcc -g -O1 -fPIC -shared -o "$folder/liblibrary.so" "$here/library.c" &&
	gcc -g0 -O1 -fPIC -shared -Wl,-Bsymbolic -o "$folder/libplain.so" "$here/plain.c" || exit 1
patching=-flive-patching=inline-clone
interposition='-fPIC -fsemantic-interposition -grecord-command-line'
# Newer ones make functions of their own for constant arguments.
if echo 'int x;' | clang -O2 -mllvm -funcspec-max-iters=0 -x c -c -o /dev/null - 2>/dev/null; then
	interposition="$interposition -mllvm -funcspec-max-iters=0"
fi
all='--format tap --check-reset'
build gcc-O0 gcc replace.c '-O0 -fno-builtin' '' "$all"
build gcc-O0-no-pie gcc replace.c '-O0 -fno-builtin' -no-pie "$all"
build gcc-Og gcc replace.c "-Og -fno-builtin $patching" '' "$all"
build gcc-Og-no-pie gcc replace.c '-Og -fno-builtin -fPIC' -no-pie "$all"
build gcc-O2 gcc replace.c "-O2 -fno-builtin $patching -fcf-protection" '' "$all"
build gcc-O2-no-pie gcc replace.c "-O2 -fno-builtin -fno-pie $patching" -no-pie "$all"
upper gcc-upper
build gcc-Os-PIC gcc replace.c '-Os -fno-builtin -fPIC' '-Wl,-z,now' "$all"
build clang-O0 clang replace.c '-O0 -fno-builtin -grecord-command-line' '-grecord-command-line' "$all"
build clang-O0-no-pie clang replace.c '-O0 -fno-builtin -grecord-command-line' '-no-pie -grecord-command-line' "$all"
build clang-Og clang replace.c "-Og -fno-builtin $interposition" -grecord-command-line "$all"
build clang-Og-no-pie clang replace.c "-Og -fno-builtin $interposition" '-no-pie -grecord-command-line' "$all"
build clang-O2 clang replace.c "-O2 -fno-builtin $interposition" -grecord-command-line "$all"
build clang-O2-no-pie clang replace.c "-O2 -fno-builtin $interposition" '-no-pie -grecord-command-line' "$all"
# In other orders, on other machines.
build gcc-shuffled gcc replace.c "-O2 -fno-builtin $patching" '' '--format tap -j2 --shuffle=7 --repeat 2'
build gcc-fresh gcc replace.c '-O0 -fno-builtin' '' '--format tap --fresh-vm'
build call gcc call.c "-O2 $patching" '' ''
gcc -c -o "$folder/cold-part.o" "$here/cold.S" || exit 1
build cold gcc call.c "-O2 $patching" '' '' "$folder/cold-part.o"
# With what counts for coverage.
build counted gcc counted.c -O0 "--coverage $patching" '--format tap'

# What can't be replaced, and for which flags.
gcc -g -O2 -fno-pic -fno-pie -fipa-cp-clone -c -o "$folder/optimizer.o" "$here/optimizer.c" || exit 1
gcc -g0 -O2 -fno-pic -fno-pie -c -o "$folder/no-debug-info-inlined.o" "$here/no_debug_info.c" || exit 1
build refused gcc refused.c "-O1 -fno-inline $patching" '-no-pie -fbuiltin' '--format tap' \
	"$folder/optimizer.o $folder/no-debug-info-inlined.o" -lplain
one='--format tap replace.direct_call'
build no-debug-info gcc replace.c '-g0 -O2 -fno-builtin' '' "$one"
build flto gcc replace.c "-O2 -fno-builtin -flto -ffat-lto-objects" '-flto' "$one"
build clang-no-flags clang replace.c '-O2 -fno-builtin' '' "$one"
gcc -gsplit-dwarf -O2 -fno-pic -fno-pie -c -o "$folder/split-header.o" "$here/no_debug_info.c" || exit 1
build split gcc header.c '-O0' '-no-pie' '--format tap' "$folder/split-header.o"
build protected gcc protected.c '-O2 -fPIC' '' '--format tap'
for linker in lld gold; do
	command -v "ld.$linker" >/dev/null || continue
	build "icf-$linker" gcc twins.c -O0 \
		"-fno-ipa-icf -flive-patching=inline-clone -ffunction-sections -fuse-ld=$linker -Wl,--icf=all" '--format tap'
done
build clang-flags clang replace.c '-O2 -fno-builtin -grecord-command-line' '-grecord-command-line' "$one"

cat >"$folder/all" <<'END'
#!/bin/sh
folder=${0%/*}
while read -r program arguments; do
	echo "## $program"
	"$folder/$program" $arguments 2>&1
	echo "## status $?"
done <"$folder/programs"
END
chmod +x "$folder/all"
# From "NAME ARGUMENT…" to files that the lab takes along.
set --
while read -r name _; do
	set -- "$@" --file "$folder/$name"
done <"$programs"
host=lab
RING0_LAB=none "$folder/gcc-O0" replace.is_undone >"$folder/log" 2>&1
if [ $? -ne 77 ]; then
	host=software
	grep -q -w -E 'vmx|svm' /proc/cpuinfo && host=hardware
	RING0_LAB=none "$folder/all" >"$folder/output" 2>"$folder/errors"
elif [ "${RING0_LAB-}" = none ]; then
	echo "1..0 # SKIP no usable KVM, and RING0_LAB=none"
	exit 77
else
	RING0_LAB=auto "$build/ring0" lab --arch x86_64 --memory 1024 --timeout 1700 --file "$programs" "$@" -- "$folder/all" \
		>"$folder/output" 2>"$folder/errors"
fi
awk -v folder="$folder" '
	/^## status / { print $3 >(file ".status"); next }
	/^## / { file = folder "/" $2; next }
	file { print >(file ".tap") }' "$folder/output"

# refused_by NAME TEXT
refused_by()
{
	grep -q -e "$2" "$folder/$1.tap" && [ "$(cat "$folder/$1.status")" = 99 ]
	report $? "$1: $2" "$folder/$1.tap"
}

while read -r name _; do
	[ -e "$folder/$name.tap" ] || cp "$folder/errors" "$folder/$name.tap"
	case $name in
	refused)
		awk -v host=$host -v status="$(cat "$folder/$name.status")" -v took=0 -v most= \
			-f "$tests/fixtures/check_outcomes.awk" "$here/refused.c" "$folder/$name.tap" >"$folder/outcomes"
		while read -r line; do
			case $line in
			'ok '*) report 0 "${line#ok * - }" ;;
			'not ok '*) report 1 "${line#not ok * - }" "$folder/$name.tap" ;;
			esac
		done <"$folder/outcomes"
		;;
	no-debug-info) refused_by "$name" 'there is no debugging information .* compile it with -g' ;;
	icf-*) refused_by "$name" 'one_twin() can.t be replaced: other_twin() is the same code: compile with -fno-ipa-icf' ;;
	split) refused_by "$name" 'of_a_header() can.t be replaced: .* has no debugging information, and may have a copy' ;;
	protected) refused_by "$name" 'kept() can.t be replaced: code.c was compiled so .* -flive-patching=inline-clone' ;;
	flto) refused_by "$name" 'compile it with -fno-lto' ;;
	clang-no-flags) refused_by "$name" 'does not say with which flags: .* -grecord-command-line -fPIC' ;;
	clang-flags) refused_by "$name" 'compile it with -fPIC -fsemantic-interposition' ;;
	*)
		[ "$(cat "$folder/$name.status")" = 0 ] && ! grep -q '^not ok' "$folder/$name.tap"
		report $? "$name" "$folder/$name.tap"
		;;
	esac
done <"$programs"

# The compiler checks the types.
cat >"$folder/types.c" <<'END'
#include <ring0.h>
int function(int a);
static long other(int a)
{
	return a;
}
R0_TEST(types, differ, .replace = R0_REPLACE((function, other)))
{
}
END
for compiler in gcc clang; do
	command -v $compiler >/dev/null || continue
	! "$tests/with_ring0" $compiler -c -o "$folder/types.o" "$folder/types.c" >"$folder/log" 2>&1 &&
		grep -q 'other() has another type than function(), which it replaces' "$folder/log"
	report $? "$compiler tells of other types" "$folder/log"
done

echo "1..$number"
exit $failed
