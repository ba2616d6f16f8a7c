#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `ring0 objects`: a kernel's objects in a program, low and in the upper half of addresses; the rule for make, CMake
# and Meson; what is refused.
#
#	tests/objects/objects_test.sh BUILD
#
# Without a KVM to use, in the lab. Prints TAP.
set -u

build=$1
here=$(cd "$(dirname "$0")" && pwd)
tests=$(dirname "$here")
PKG_CONFIG_PATH=$build/meson-uninstalled:${PKG_CONFIG_PATH-}
RING0_COMMAND=$build/ring0
export PKG_CONFIG_PATH RING0_COMMAND
# What the caller's build or environment has set is not for these projects.
unset DESTDIR CFLAGS LDFLAGS LDLIBS MAKEFLAGS MAKELEVEL
folder=$(mktemp -d)
# Copies of a tree that is read-only are, too.
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
# shellcheck source=tests/tap.sh
. "$tests/tap.sh"
tap_log=$folder/log
cd "$folder" || exit 1

kernel='-g -O2 -ffreestanding -fno-pie -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fcf-protection=none
	-fno-asynchronous-unwind-tables -flive-patching=inline-clone'
# A kernel's tree: its headers, its objects, and how they were compiled, as Linux's build notes it.
mkdir -p kernel/include
cp "$here/core.h" kernel/include/
printf '#include <core.h>\n' >kernel/include/kernel.h
printf '#define KERNEL_BASE 10\n' >kernel/include/config.h
for name in core text; do
	cp "$here/$name.c" kernel/
	# shellcheck disable=SC2086 # words: flags
	gcc $kernel -I "$here" -c -o kernel/$name.o kernel/$name.c || exit 1
	{
		printf 'savedcmd_%s.o := gcc -Wp,-MMD,.%s.o.d -nostdinc -I./include -include ./include/config.h ' $name $name
		echo "$kernel" | tr '\n' ' '
		# shellcheck disable=SC2016 # make's
		printf ' -DMARKS="$(pound) $$"'
		printf " -DNAME='\"a name\"' -Werror -c -o %s.o %s.c ; ./tools/objtool --mcount %s.o\n" $name $name $name
	} >kernel/.$name.o.cmd
done

# What is run, each by a name.
programs=$folder/programs
: >"$programs"
link='-no-pie -Wl,-z,noexecstack -Wl,--section-start=r0_percpu=0x20000'

# program NAME COMPILER UPPER FLAGS [OPTION…]: of core.o and text.o.
program()
{
	name=$1 compiler=$2 upper=$3 flags=$4
	shift 4
	command -v "$compiler" >/dev/null || return
	mkdir -p "$name"
	# shellcheck disable=SC2086 # words: flags
	"$build/ring0" objects "$@" kernel/core.o kernel/text.o -o "$name/all.o" --header "$name/kernel_objects.h" \
		>log 2>&1 &&
		"$tests/with_ring0" "$compiler" -g -O1 -Wall -Wextra -Werror -fno-builtin $flags -DUPPER="$upper" \
			$link -I "$name" -I "$here" -o "$name/program" "$here/program.c" "$here/outside.c" \
			"$name/all.o" >>log 2>&1
	status=$?
	report $status "$name is built"
	[ $status -ne 0 ] || echo "$name" >>"$programs"
}

program low gcc 0 '-fpie -flive-patching=inline-clone'
program upper gcc 1 '-fpie -flive-patching=inline-clone' --upper
# As a kernel's own tests are.
program upper-model-kernel gcc 1 '-fno-pie -mcmodel=kernel -mno-red-zone -flive-patching=inline-clone' --upper
program upper-elsewhere gcc 1 '-fpie -flive-patching=inline-clone' --upper=0xffffffffa0000000
program low-clang clang 0 '-fpie -grecord-command-line'
program upper-clang clang 1 '-fpie -grecord-command-line' --upper
command -v ld.lld >/dev/null &&
	program upper-lld gcc 1 '-fpie -flive-patching=inline-clone -fuse-ld=lld' --upper

# The walls that tests/stubs/ has low, in the upper half.
mkdir walls
# shellcheck disable=SC2086 # words: flags
gcc $kernel -fstack-protector-strong -mindirect-branch=thunk-extern -mfunction-return=thunk-extern -pg -mfentry \
	-c -o walls/kernel.o "$tests/stubs/kernel.c" >log 2>&1 &&
	"$build/ring0" objects --upper walls/kernel.o -o walls/all.o --header walls/stubs.h >>log 2>&1 &&
	"$tests/with_ring0" gcc -g -fpie -Wall -Wextra -Werror -fno-builtin $link -I walls -I "$tests/stubs" \
		-o walls/program "$tests/stubs/program.c" walls/all.o >>log 2>&1
status=$?
report $status 'walls is built'
[ $status -ne 0 ] || echo walls >>"$programs"

# With the host completing what an emulator mistakes.
mkdir assisted && cp upper/program assisted/ && echo 'assisted --assist=on' >>"$programs"

# Per-CPU variables are offsets only where the program is linked as it has to be.
! "$tests/with_ring0" gcc -g -O1 -fno-builtin -no-pie -I low -I "$here" -o elsewhere "$here/program.c" "$here/outside.c" \
	low/all.o >log 2>&1 && grep -q -F 'link with -Wl,--section-start=r0_percpu=0x20000' log
report $? 'a program without --section-start is not linked'

# The same bytes from the same input.
"$build/ring0" objects --upper kernel/core.o kernel/text.o -o again.o >log 2>&1 && cmp again.o upper/all.o >log 2>&1
report $? 'the same input gives the same object'

# A project by each build system, with a test file that is compiled as the kernel is.
# project SYSTEM UPPER COMMAND…
project()
{
	system=$1 upper=$2
	shift 2
	name=$system${upper:+-upper}
	cp -R --no-preserve=mode "$here/project" "$name"
	(cd "$name" && "$@") >log 2>&1
	report $? "$name builds a project"
	found=$(find "$name" -name text_test -type f)
	[ -n "$found" ] || return
	cp "$found" "$name/program"
	nm "$name/program" >log
	if [ -n "$upper" ]; then
		grep -q '^ffffffff8100.* A kernel__snprintf$' log
	else
		grep -q '^0000000000.* T kernel__snprintf$' log
	fi
	report $? "$name: it is where it was asked for"
	echo "$name" >>"$programs"
}

project make '' make CC=gcc RING0="$build/ring0" KERNEL=../kernel text_test
project make UPPER make CC=gcc RING0="$build/ring0" KERNEL=../kernel UPPER=UPPER text_test
# Installed, as CMake and Meson find it.
DESTDIR=$folder/stage meson install -C "$build" --no-rebuild >log 2>&1
report $? 'install'
config=$(find stage -name ring0Config.cmake)
PATH=$build:$PATH
if command -v cmake >/dev/null; then
	for upper in '' UPPER; do
		project cmake "$upper" sh -c "cmake -S . -B build -D CMAKE_BUILD_TYPE=Debug -D CMAKE_C_COMPILER=gcc \
			-D ring0_DIR=$folder/${config%/*} -D KERNEL=$folder/kernel -D UPPER=$upper &&
			RING0_LAB=none cmake --build build"
	done
fi
project meson '' sh -c "CC=gcc meson setup build -Dkernel=$folder/kernel && ninja -C build"
project meson UPPER sh -c "CC=gcc meson setup build -Dkernel=$folder/kernel -Dupper=true && ninja -C build"
# A change of an object is seen.
touch -d '+2 seconds' kernel/text.o
(cd make && make -n CC=gcc RING0=ring0 KERNEL=../kernel text_test) >log 2>&1 && grep -q 'ring0 objects' log
report $? 'make: an object that changed is taken anew'

cat >all <<'END'
#!/bin/sh
folder=${0%/*}
while read -r program option; do
	echo "## $program"
	"$folder/$program/program" --format tap --check-reset --verbose $option 2>&1
	echo "## status $?"
done <"$folder/programs"
END
chmod +x all
set -- --file "$programs"
while read -r name _; do
	set -- "$@" --file "$folder/$name/program"
done <"$programs"
RING0_LAB=none low/program place.is_where_it_was_linked >log 2>&1
if [ $? -ne 77 ]; then
	RING0_LAB=none "$folder/all" >output 2>errors
elif [ "${RING0_LAB-}" = none ]; then
	skip 'the programs' 'no usable KVM'
	: >output
	: >"$programs"
else
	RING0_LAB=auto "$build/ring0" lab --arch x86_64 --memory 1024 --timeout 1700 "$@" -- "$folder/all" >output 2>errors
fi
awk -v folder="$folder" '
	/^## status / { print $3 >(file ".status"); next }
	/^## / { file = folder "/" $2; next }
	file { print >(file ".tap") }' output

while read -r name _; do
	[ -e "$name.tap" ] || cp errors "$name.tap"
	[ -e "$name.status" ] || echo 99 >"$name.status"
	source=$here/program.c
	[ "$name" != walls ] || source=$tests/stubs/program.c
	case $name in
	make* | cmake* | meson*)
		[ "$(cat "$name.status")" = 0 ] && grep -q '^ok 1 - text.digit$' "$name.tap"
		report $? "$name: its test passes" "$name.tap"
		continue
		;;
	esac
	awk -v host=lab -v status="$(cat "$name.status")" -v took=0 -v most= -f "$tests/fixtures/check_outcomes.awk" \
		"$source" "$name.tap" >outcomes
	while read -r line; do
		case $line in
		'ok '*) report 0 "$name: ${line#ok * - }" ;;
		'not ok '*) report 1 "$name: ${line#not ok * - }" "$name.tap" ;;
		esac
	done <outcomes
	[ "$name" != walls ] || continue
	# A call back from the kernel: frames of both.
	grep -A 60 'crash.in_a_call_back' "$name.tap" >frames
	grep -q '#0 .* crashes+.*program.c:' frames && grep -q '#1 .* call_back+.*core.c:' frames &&
		grep -q '#2 .*r0_test_crash_in_a_call_back' frames
	report $? "$name: a backtrace from the one to the other" frames
done <"$programs"

# refuses WHY ARGUMENT…
refuses()
{
	why=$1
	shift
	! "$build/ring0" objects -o refused.o "$@" >log 2>&1 && grep -q -e "$why" log && [ ! -e refused.o ]
	report $? "refuses: $why"
}

echo 'int a; int *place(void) { return &a; }' >a.c
refuses '0xffff888000000000 is where ring 0 has its direct map' --upper=0xffff888000000000 kernel/core.o
refuses 'is not at a page' --upper=0xffffffff81000001 kernel/core.o
refuses 'is below 0xffffffff80000000' --upper=0xffff800000000000 kernel/core.o
refuses 'the objects do not fit' --upper=0xfffffffffffff000 kernel/core.o
refuses 'no address: here' --upper=here kernel/core.o
gcc -fno-pie -O2 -c -o small.o a.c
refuses 'compile it with -mcmodel=kernel' --upper small.o
echo 'extern int b; int *place(void) { return &b; }' >b.c
gcc -fPIC -O2 -c -o pic.o b.c
refuses 'is reached by a global offset table' --upper pic.o
# shellcheck disable=SC2086 # words: flags
gcc $kernel -mred-zone -c -o red.o a.c
refuses 'kernel/core.o was compiled with -mno-red-zone, and red.o with nothing of it' kernel/core.o red.o
gcc -g -mabi=ms -c -o ms.o a.c
refuses 'ms.o was compiled with -mabi=ms' ms.o
gcc -g -m32 -mregparm=3 -c -o m32.o a.c
refuses 'm32.o: it is an object of another machine' m32.o
gcc -flto -fno-fat-lto-objects -c -o lto.o a.c
refuses 'lto.o: it was compiled with -flto' lto.o
refuses 'it is linked already' low/program
refuses 'absent.o: No such file' absent.o
cp kernel/text.o twice.o
refuses 'multiple definition of' kernel/text.o twice.o
cp kernel/text.o precious.o
! "$build/ring0" objects kernel/core.o precious.o -o "$folder/precious.o" >log 2>&1 && cmp kernel/text.o precious.o &&
	grep -q "precious.o is one of the objects, and would be overwritten" log
report $? 'refuses to write over an object'
! "$build/ring0" objects kernel/core.o precious.o -o other.o --header precious.o >log 2>&1 && cmp kernel/text.o precious.o
report $? 'also with the header'
cp kernel/text.o plain.o
refuses 'how plain.o was compiled is not known' --flags flags plain.o
printf 'cmd_code.o := gcc -c -o code.o code.S\n' >.code.o.cmd
cp kernel/text.o code.o
refuses 'code.o is of assembly' --flags flags code.o
OBJCOPY=/nowhere/objcopy
export OBJCOPY
refuses '/nowhere/objcopy: No such file' kernel/text.o
unset OBJCOPY

# Flags by the note of Linux's build: paths are from its own folder on, and what is about that file alone is left out.
"$build/ring0" objects kernel/text.o -o text.o --flags flags >log 2>&1
{
	printf '%s\n' -nostdinc "-I$folder/kernel/./include" -include "$folder/kernel/./include/config.h"
	echo "$kernel" | tr -s '[:space:]' '\n' | grep .
	printf '%s\n' '-DMARKS=#\ $' '-DNAME=\"a\ name\"'
} >expected
cmp -s flags expected
report $? 'flags by a .o.cmd file' flags expected
# Flags by compile_commands.json, in its two forms.
mkdir -p commands/out
cp kernel/text.o commands/out/text.o
cat >commands/compile_commands.json <<END
[
{ "directory": "$folder/commands", "file": "other.c", "command": "cc -DOTHER -o out/other.o -c other.c" },
{ "directory": "$folder/commands", "arguments": ["cc", "-Iinclude", "-DTEXT=\"a b\"", "-c", "text.c", "-o", "out/text.o"],
  "file": "text.c" }
]
END
"$build/ring0" objects commands/out/text.o -o text.o --flags flags >log 2>&1
printf '%s\n' "-I$folder/commands/include" '-DTEXT=\"a\ b\"' | cmp -s flags -
report $? 'flags by the arguments of compile_commands.json' log flags
cat >commands/compile_commands.json <<END
[{ "directory": "$folder/commands", "command": "cc -I include -DTEXT='\\"a b\\"' -o out/text.o -c text.c",
  "file": "text.c", "output": "out/text.o" }]
END
"$build/ring0" objects commands/out/text.o -o text.o --flags flags >log 2>&1
printf '%s\n' -I "$folder/commands/include" '-DTEXT=\"a\ b\"' | cmp -s flags -
report $? 'and by its command' log flags

# More than one image.
cat >two.c <<'END'
#include <ring0.h>
int printed(int value);
int *place(void);
R0_TEST(two, images)
{
	R0_ASSERT_EQ(*place(), 0);
	R0_ASSERT_EQ(printed(1), 50);
}
END
# shellcheck disable=SC2086 # words: flags
gcc $kernel -c -o second-in.o a.c
for pair in 'same --upper' 'apart --upper=0xffffffffa0000000'; do
	# shellcheck disable=SC2086 # words: a pair
	set -- $pair
	mkdir -p "$1"
	# shellcheck disable=SC2086 # words: flags
	"$build/ring0" objects "$2" kernel/text.o -o first.o >log 2>&1 &&
		"$build/ring0" objects --upper second-in.o -o second.o >>log 2>&1 &&
		"$tests/with_ring0" gcc -g -fpie $link -o "$1/two" two.c first.o second.o >>log 2>&1
	report $? "two images are linked, $1"
done
# Where ring 0 has its direct map, as `ring0 objects` makes none.
mkdir overlaps
cat >overlaps.S <<'END'
	.section .rodata
	.balign 4096
bytes:	.skip 4096
	.section r0_upper_half, "a"
	.balign 8
	.quad 0xffff888000001000, bytes, 4096, 4096, 4
	.section .note.GNU-stack, "", @progbits
END
printf '#include <ring0.h>\nR0_TEST(image, overlaps)\n{\n}\n' >overlaps.c
"$tests/with_ring0" gcc -g -no-pie -o overlaps/two overlaps.c overlaps.S >log 2>&1
report $? 'objects where the direct map is'
if [ -s "$programs" ]; then
	# shellcheck disable=SC2016 # for the other shell
	printf '#!/bin/sh\nfor name in same apart overlaps; do "${0%%/*}/$name/two" 2>&1; done\n' >both
	chmod +x both
	RING0_LAB=none same/two >log 2>&1
	if [ $? -ne 77 ]; then
		RING0_LAB=none "$folder/both" >log 2>&1
	else
		RING0_LAB=auto "$build/ring0" lab --arch x86_64 --memory 1024 --file "$folder/same/two" \
			--file "$folder/apart/two" --file "$folder/overlaps/two" -- "$folder/both" >log 2>&1
	fi
	grep -q 'the program has objects at 0xffffffff8100.000 twice' log
	report $? 'two at one address are told'
	grep -q '^PASSED' log
	report $? 'and two apart are there'
	grep -q 'the program has objects at 0xffff888000001000, where ring 0 has its direct map' log
	report $? 'and what overlaps the direct map'
fi

# An image has its start-up code there.
upper/program --image upper.elf >log 2>&1
grep -q 'objects in the upper half, where an image' log && [ ! -e upper.elf ]
report $? 'no image of a program with objects in the upper half'

echo "1..$number"
exit $failed
