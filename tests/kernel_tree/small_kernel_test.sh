#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A kernel that is not Linux, under test: low, and in the upper half where it belongs.
#
#	tests/kernel_tree/small_kernel_test.sh BUILD
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

flags='-g -O2 -fno-pic -fno-pie -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-stack-protector -fno-builtin
	-fno-omit-frame-pointer -fcf-protection=none -ftls-model=local-exec -flive-patching=inline-clone'
mkdir kernel
for name in memory process; do
	# shellcheck disable=SC2086 # words: flags
	gcc $flags -I "$here/small" -c -o kernel/$name.o "$here/small/$name.c" || exit 1
done
cat >kernel/compile_commands.json <<END
[ { "directory": "$folder/kernel", "file": "$here/small/memory.c", "output": "memory.o",
    "command": "gcc $(echo "$flags" | tr '\n\t' '  ') -I $here/small -c -o memory.o $here/small/memory.c" } ]
END

for half in low upper; do
	upper=
	[ $half = low ] || upper=--upper
	mkdir $half
	"$build/ring0" objects $upper kernel/memory.o kernel/process.o -o $half/kernel.o --header $half/kernel_objects.h \
		--flags $half/flags >log 2>&1 &&
		gcc @$half/flags -I$half -I"$(dirname "$tests")/include" -Wall -Wextra -c "$here/small/small_test.c" \
			-o $half/test.o >>log 2>&1 &&
		"$tests/with_ring0" gcc -no-pie -Wl,-z,noexecstack -o $half/program $half/test.o $half/kernel.o >>log 2>&1
	report $? "$half: the tests are built"
done
cat >all <<'END'
#!/bin/sh
for half in low upper; do
	echo "## $half"
	"${0%/*}/$half/program" --format tap --check-reset 2>&1
	echo "## status $?"
done
END
chmod +x all
RING0_LAB=none low/program process.waits_for_its_child >log 2>&1
if [ $? -ne 77 ]; then
	RING0_LAB=none "$folder/all" >output 2>&1
elif [ "${RING0_LAB-}" = none ]; then
	skip 'the tests' 'no usable KVM'
	echo "1..$number"
	exit $failed
else
	RING0_LAB=auto "$build/ring0" lab --arch x86_64 --memory 1024 --file "$folder/low/program" \
		--file "$folder/upper/program" -- "$folder/all" >output 2>&1
fi
awk '/^## status / { print $3 >(file ".status"); next } /^## / { file = $2; next } file { print >(file ".tap") }' output
for half in low upper; do
	[ "$(cat $half.status 2>/dev/null)" = 0 ] && ! grep -q '^not ok' $half.tap
	report $? "$half: $(grep -c '^ok' $half.tap) tests" output
done
[ "$(grep -c '# SKIP' low.tap)" = 1 ] && ! grep -q '# SKIP' upper.tap
report $? 'physical addresses of variables are those of the upper half' output

# Thread-local variables of its own a kernel can't have there.
printf '__thread int own;\nint *place(void) { return &own; }\n' >own.c
# shellcheck disable=SC2086 # words: flags
gcc $flags -c own.c && ! "$build/ring0" objects --upper own.o -o refused.o >log 2>&1 && grep -q 'thread-local' log
report $? 'refuses thread-local variables of its own in the upper half'

echo "1..$number"
exit $failed
