#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Whether the public headers, each by itself, and all of their macros as documented give compilers nothing
# to warn of, whatever the standard and however strict:
#
#	tests/headers_test.sh INCLUDE ALL_MACROS.c
#
# And whether what is wrong in a macro's arguments is still told. Prints TAP.
set -u

include=$1
macros=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"
tap_log=$folder/log

# compile COMPILER OPTION… FILE
compile()
{
	"$@" -fsyntax-only -I"$include" -Wall -Wextra -Wpedantic -Wconversion -Wundef -Wcast-qual -Werror \
		>"$folder/log" 2>&1
}

# A file for each header, since compilers treat one that is compiled itself in ways of their own.
mkdir "$folder/headers"
mkdir "$folder/arm64"
(cd "$include" && find ring0.h ring0 -name '*.h' ! -path '*/private/*') | while read -r header; do
	name=$(echo "$header" | tr / _).c
	case $header in
	ring0/arm64*) echo "#include <$header>" >"$folder/arm64/$name" ;;
	ring0/x86*) echo "#include <$header>" >"$folder/headers/$name" ;;
	*) echo "#include <$header>" | tee "$folder/headers/$name" >"$folder/arm64/$name" ;;
	esac
done
echo 'int main(void) { return 0; }' >"$folder/empty.c"

cat >"$folder/kernel.c" <<'END'
#include <ring0.h>
#include <ring0/x86.h>

R0_TEST(kernel, types, .ioports = R0_IOPORTS({ 1, 2 }), .gs = R0_GS((void *)4096, 16))
{
	uint64_t value = r0_rdmsr(R0_MSR_GS_BASE);
	bool equal = value == 4096;

	R0_ASSERT_EQ(value, 4096u, "%s", equal ? "equal" : "not");
	R0_ASSERT(equal);
}
END
# Linux's uint64_t is another type than the compiler's.
mkdir -p "$folder/linux/linux"
cat >"$folder/linux/linux/types.h" <<'END'
typedef _Bool bool;
enum { false, true };
typedef unsigned long size_t;
typedef unsigned long uintptr_t;
typedef long intptr_t;
typedef signed char int8_t;
typedef short int16_t;
typedef int int32_t;
typedef long long int64_t;
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
END
cat >"$folder/linux/linux/stddef.h" <<'END'
#define NULL ((void *)0)
#define offsetof(type, member) __builtin_offsetof(type, member)
END

for compiler in gcc clang; do
	if ! command -v $compiler >/dev/null; then
		skip "$compiler" "it is not installed"
		continue
	fi
	for standard in c11 gnu11 c17 gnu17 c2x gnu2x c23 gnu23; do
		# What the compiler does not know by that name.
		compile $compiler -std=$standard "$folder/empty.c" || continue
		status=0
		for file in "$folder"/headers/*.c; do
			compile $compiler -std=$standard "$file" || { status=1 && break; }
		done
		report $status "$compiler, $standard: each header"
		compile $compiler -std=$standard "$macros"
		report $? "$compiler, $standard: each macro"
	done
	# As kernels are compiled: with types of their own, or none but the compiler's.
	compile $compiler -std=gnu11 -nostdinc "$folder/kernel.c"
	report $? "$compiler, -nostdinc"
	compile $compiler -std=gnu11 -nostdinc -I"$folder/linux" "$folder/kernel.c"
	report $? "$compiler, -nostdinc, with Linux's types"
	for statement in 'R0_ASSERT_EQ(1, 1, "%d", "text")' 'R0_FAIL("%d", "text")' \
		'R0_SKIP("%s")' 'R0_ASSERT_EQ(number + unknown, 1)'; do
		printf '#include <ring0.h>\nint number;\nR0_TEST(a, b)\n{\n\t%s;\n}\n' "$statement" \
			>"$folder/wrong.c"
		! compile $compiler -std=gnu11 "$folder/wrong.c"
		report $? "$compiler: something is said of $statement"
	done
done
# What x86 has not.
for list in '.hypercalls = R0_HYPERCALLS({ 1, 2 })' '.id_registers = R0_ID_REGISTERS({ 1, 2, 3 })'; do
	printf '#include <ring0.h>\nR0_TEST(a, b, %s)\n{\n}\n' "$list" >"$folder/wrong.c"
	! compile gcc -std=gnu11 "$folder/wrong.c" && grep -q 'x86 has no' "$folder/log"
	report $? "$list is an error in words"
done
# Those of arm64, and what it has not.
if command -v aarch64-linux-gnu-gcc >/dev/null; then
	status=0
	for file in "$folder"/arm64/*.c; do
		compile aarch64-linux-gnu-gcc -std=gnu11 "$file" || { status=1 && break; }
	done
	report $status "aarch64-linux-gnu-gcc: each header"
	for list in '.ioports = R0_IOPORTS({ 1, 2 })' '.msrs = R0_MSRS({ 1, 2 })' '.cpuid = R0_CPUID({ 1 })'; do
		printf '#include <ring0.h>\nR0_TEST(a, b, %s)\n{\n}\n' "$list" >"$folder/wrong.c"
		! compile aarch64-linux-gnu-gcc -std=gnu11 "$folder/wrong.c" && grep -q 'arm64 has no' "$folder/log"
		report $? "aarch64-linux-gnu-gcc: $list is an error in words"
	done
else
	skip 'the headers of arm64' 'no aarch64-linux-gnu-gcc'
fi
echo "1..$number"
exit $failed
