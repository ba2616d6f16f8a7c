#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `ring0 stubs`, on objects that are compiled as a kernel's are:
#
#	tests/stubs/stubs_test.sh BUILD
#
# Without a KVM to use, in the lab. Prints TAP.
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
tap_log=$folder/log
cd "$folder" || exit 1

kernel='-O2 -ffreestanding -fno-pie -mcmodel=kernel -mno-red-zone -mgeneral-regs-only
	-fstack-protector-strong -mindirect-branch=thunk-extern -mfunction-return=thunk-extern -pg -mfentry
	-fcf-protection=none -fno-asynchronous-unwind-tables'
# shellcheck disable=SC2086 # words: flags
gcc -g $kernel -c -o kernel.o "$here/kernel.c" >log 2>&1 &&
	"$build/ring0" stubs kernel.o -o stubs.c 2>said && "$build/ring0" stubs --header kernel.o -o stubs.h >>log 2>&1
report $? 'objects are read'

# says FILE TEXT
says()
{
	grep -q -F -e "$2" "$1"
	report $? "$1: $2" "$1"
}

says stubs.c '/* int missing_function(int, const struct settings *) */'
says stubs.c 'FUNCTION(missing_function)'
says stubs.c 'FUNCTION(sleep)'
says stubs.c 'VARIABLE(settings, 108)'
says stubs.c 'VARIABLE(speeds, 16)'
says stubs.c '/* const int speeds[]: constant, link the object that has it */'
says stubs.c '/* const char letters[]: constant, link the object that has it */'
says stubs.c 'VARIABLE(letters, 4096) /* its size is not known */'
says stubs.c 'VARIABLE(__start_rodata, 4096) /* its size is not known */'
says stubs.c 'PER_CPU(cpu_number, 0x100)'
says stubs.c 'PER_CPU(counter, 0x140)'
says stubs.c '__thread char depth[4];'
says stubs.c 'THUNK(__x86_return_thunk, "ret")'
says stubs.c 'THUNK(__fentry__, "ret")'
says stubs.h '#define R0_STUBS_GS_SIZE 4096'
says stubs.h '/* struct settings settings */ /* 108 bytes */'
says said "5 functions, 5 variables, 2 per-CPU variables, 3 thunks"
# As the compiler orders them.
grep -q -E '2 variables are constant, and zero now: (letters, speeds|speeds, letters): link the objects that have them' said
report $? 'constants are named' said
! grep -q -E 'strlen|memcpy|__start_entries|guess' stubs.c
report $? 'nothing of what the linker and libc have' stubs.c

for compiler in gcc clang; do
	command -v $compiler >/dev/null || continue
	"$tests/with_ring0" $compiler -g -fno-pie -no-pie -Wall -Wextra -Werror -z noexecstack -I . -I "$here" -fno-builtin \
		-o program "$here/program.c" stubs.c kernel.o >log 2>&1
	report $? "$compiler links a program with them"
done
RING0_LAB=none ./program thunk.calls_and_returns >log 2>&1
if [ $? -ne 77 ]; then
	RING0_LAB=none ./program --format tap --check-reset --verbose >output 2>errors
elif [ "${RING0_LAB-}" = none ]; then
	skip 'calls and reads' 'no usable KVM'
	: >output
else
	RING0_LAB=auto "$build/ring0" lab --arch x86_64 --memory 1024 -- ./program --format tap --check-reset --verbose >output 2>errors
fi
status=$?
if [ -s output ]; then
	awk -v host=lab -v status=$status -v took=0 -v most= -f "$tests/fixtures/check_outcomes.awk" \
		"$here/program.c" output >outcomes
	while read -r line; do
		case $line in
		'ok '*) report 0 "${line#ok * - }" ;;
		'not ok '*) report 1 "${line#not ok * - }" output ;;
		esac
	done <outcomes
	# A read, once in each test where one comes first, with a backtrace.
	[ "$(grep -c 'read of settings, which nobody set' output)" = 1 ] &&
		grep -A 3 'read of settings, which nobody set' output | grep -q 'reads_mode'
	report $? 'a read of a variable that nobody set is told' output
	grep -A 3 'read of speeds, which nobody set' output | grep -q 'reads_speeds'
	report $? 'and one in ring 3' output
	grep -A 3 'read of letters, which nobody set' output | grep -q 'letter'
	report $? 'and one of an array of a length that is not known' output
	[ "$(grep -c 'the operand is at GS, whose base is 0' output)" = 1 ]
	report $? 'and code that wants .gs, where there is none' output
	grep -q 'warning at kernel/warns.c:123' output
	report $? 'and a WARN()' output
fi

# refuses WHY ARGUMENT…
refuses()
{
	why=$1
	shift
	! "$build/ring0" stubs "$@" >log 2>&1 && grep -q -F -e "$why" log
	report $? "refuses: $why"
}

cp kernel.o precious.o
refuses 'ring0 stubs: ./precious.o is one of the objects, and would be overwritten' kernel.o precious.o -o ./precious.o
cmp kernel.o precious.o
report $? 'and leaves it'
echo 'text' >text.o
refuses 'text.o: it is no ELF object' text.o
refuses 'absent.o: No such file' absent.o
head -c 300 kernel.o >cut.o
refuses 'cut.o: it has no sections, as if it were cut off' cut.o
refuses 'it is linked already' "$build/ring0"
echo 'int a;' >a.c
gcc -flto -fno-fat-lto-objects -c -o lto.o a.c
refuses 'it was compiled with -flto' lto.o
cp kernel.o other.o
# e_machine, of two bytes at 18: 183 is EM_AARCH64.
printf '\267\000' | dd of=other.o bs=1 seek=18 conv=notrunc 2>/dev/null
refuses 'it is an object of another machine than x86-64' other.o
# shellcheck disable=SC2086 # words: flags
gcc -g $kernel -mred-zone -c -o red.o a.c
refuses 'kernel.o was compiled with -mno-red-zone, and red.o with nothing of it' kernel.o red.o
gcc -g -mregparm=3 -c -o registers.o a.c 2>log
refuses 'registers.o was compiled with -mregparm=3, so that functions are called otherwise' registers.o
if command -v clang >/dev/null; then
	clang -g -grecord-command-line -c -o clang.o a.c
	refuses 'kernel.o was compiled with -mno-red-zone, and clang.o with nothing of it' kernel.o clang.o
fi
"$build/ring0" stubs >log 2>&1
[ $? = 2 ]
report $? 'no object is a wrong command line'

# Of an archive what is needed, and who comes first.
cat >user.c <<'END'
int member(void);
int user(void)
{
	return member();
}
END
cat >member.c <<'END'
int deeper(void);
int twice;
int member(void)
{
	return deeper();
}
END
cat >deeper.c <<'END'
int twice;
int missing(void);
int deeper(void)
{
	return missing();
}
END
echo 'int unneeded_missing(void); int unneeded(void) { return unneeded_missing(); }' >unneeded.c
for name in user member deeper unneeded; do
	gcc -fno-common -c -o $name.o $name.c
done
ar rc archive.a deeper.o unneeded.o member.o
"$build/ring0" stubs user.o archive.a -o archive.c 2>log && grep -q 'FUNCTION(missing)' archive.c &&
	! grep -q 'FUNCTION(unneeded_missing)' archive.c && ! grep -q 'FUNCTION(deeper)' archive.c
report $? 'an archive gives the members that are needed' archive.c
grep -q 'archive.a(.*): twice is defined by .*, too: the linker refuses that' log
report $? 'and two that define one name are told'
! gcc -shared -o linked.so user.o archive.a >log 2>&1 && grep -q 'multiple definition of .twice' log
report $? 'which the linker refuses'
# Of two that define what is needed, the first is taken.
gcc -fno-common -Dtwice=second -Ddeeper=other -c -o first.o member.c
gcc -fno-common -Dtwice=third -c -o other.o member.c
ar rc either.a first.o other.o
"$build/ring0" stubs user.o either.a -o either.c 2>log && grep -q 'FUNCTION(other)' either.c && ! grep -q deeper either.c &&
	grep -q -F 'either.a(other.o): member is defined by first.o, too: the linker takes that one' log
report $? 'of two that define what is needed the first is taken, and that is told'
"$build/ring0" stubs either.a -o either.c 2>log
says log 'either.a: no member is taken, as none defines what the objects before it need'
# Two members of one name, as files of two folders have.
mkdir -p one two
cat >one/same.c <<'END'
extern struct { char a[300]; } of_one;
int missing_of_one(void);
int one(void)
{
	return of_one.a[1] + missing_of_one();
}
END
sed 's/one/two/g; s/300/500/' one/same.c >two/same.c
echo 'int one(void); int two(void); int both(void) { return one() + two(); }' >both_members.c
for name in one/same two/same both_members; do
	gcc -g -c -o $name.o $name.c
done
rm -f same.a thin.a
ar qc same.a one/same.o two/same.o
ar qcT thin.a one/same.o two/same.o
for archive in same.a thin.a; do
	"$build/ring0" stubs both_members.o $archive -o same.c 2>log && grep -q 'VARIABLE(of_one, 300)' same.c &&
		grep -q 'VARIABLE(of_two, 500)' same.c && grep -q 'FUNCTION(missing_of_one)' same.c &&
		grep -q 'FUNCTION(missing_of_two)' same.c
	report $? "$archive: two members of one name are two" same.c
done
mkdir below
mv thin.a one two below/
# The paths in it are from its own folder on.
"$build/ring0" stubs both_members.o below/thin.a -o same.c 2>log && grep -q 'VARIABLE(of_two, 500)' same.c
report $? 'a thin archive in another folder' same.c
rm below/two/same.o
refuses 'thin.a: it is a thin archive, and a file that it names is gone' both_members.o below/thin.a
printf '!<thin>\n//                                              99999     `\n' >broken.a
refuses 'broken.a: it is no archive that can be read to its end' both_members.o broken.a
# Needed by one that does without it, and by one that does not.
echo 'int more_missing(void); int may_be(void) { return more_missing(); }' >may_be.c
gcc -c may_be.c && ar rc may_be.a may_be.o
echo '__attribute__((weak)) int may_be(void); int asks(void) { return may_be ? may_be() : 0; }' >asks.c
echo 'int may_be(void); int insists(void) { return may_be(); }' >insists.c
gcc -c asks.c && gcc -c insists.c
"$build/ring0" stubs asks.o -o weak.c 2>log && ! grep -q 'FUNCTION(may_be)' weak.c
report $? 'what is weak needs no definition' weak.c
"$build/ring0" stubs asks.o insists.o -o weak.c 2>log && grep -q 'FUNCTION(may_be)' weak.c
report $? 'but for who insists' weak.c
"$build/ring0" stubs asks.o may_be.a -o weak.c 2>log && ! grep -q 'FUNCTION(more_missing)' weak.c
report $? 'nor a member of an archive' weak.c
"$build/ring0" stubs asks.o insists.o may_be.a -o weak.c 2>log && grep -q 'FUNCTION(more_missing)' weak.c
report $? 'but for who insists, again' weak.c

# Without debugging information.
# shellcheck disable=SC2086 # words: flags
gcc -g0 $kernel -c -o plain.o "$here/kernel.c" && "$build/ring0" stubs plain.o -o plain.c 2>said
says plain.c 'FUNCTION(missing_function)'
says plain.c 'VARIABLE(__start_rodata, 4096) /* a guess: only its address is taken */'
says said 'guessed to be variables: with -g it is known'

# Static branches as gcc leaves them, and as objtool does.
cat >jump.c <<'END'
extern char key;
int branch(void)
{
	__asm__ goto("1: jmp %l[yes]\n"
		     ".pushsection __jump_table, \"aw\"\n.balign 8\n.long 1b - ., %l[yes] - .\n.quad key - .\n.popsection"
		     : : : : yes);
	return 1;
yes:
	return 2;
}
END
gcc -g -O2 -c -o jump.o jump.c && "$build/ring0" stubs jump.o -o jumps.c 2>said
says said 'jump.o: 1 static branches are jumps'
sed 's/1: jmp %l\[yes\]/1: .byte 0x66, 0x90/' jump.c >nop.c
gcc -g -O2 -c -o nop.o nop.c && "$build/ring0" stubs nop.o -o nops.c 2>said
! grep -q 'static branches' said
report $? 'no word of branches that are NOPs' said

# What a kernel patches, called by assembly.
cat >weight.c <<'END'
unsigned long weight(unsigned long a)
{
	__asm__("1: call software_weight\n2:\n"
		".pushsection .altinstructions, \"a\"\n.long 1b - ., 3f - .\n.popsection\n"
		".pushsection .altinstr_replacement, \"ax\"\n3: popcnt %%rdi, %%rax\n.popsection"
		: "=a"(a) : "D"(a));
	return a;
}
END
gcc -g -O2 -c -o weight.o weight.c && "$build/ring0" stubs weight.o -o weights.c 2>said
says said 'software_weight() is called by assembly with registers of its own'
# Of two sections of that name, the first counts as well.
{
	cat weight.c
	sed 's/weight(/second_&/; s/software/another/; s/\.altinstructions, \\"a\\"/.altinstructions,\\"a\\",@progbits,unique,1/' weight.c
} >weights.c
gcc -g -O2 -c -o weights.o weights.c && "$build/ring0" stubs weights.o -o both.c 2>said
says said 'software_weight() is called by assembly with registers of its own'
says said 'another_weight() is called by assembly with registers of its own'

echo "1..$number"
exit $failed
