#!/bin/sh
# SPDX-License-Identifier: MIT
#
# A kernel that is not Linux, under test: low, and in the upper half where it belongs; and low as some kernels are
# compiled, for a large code model, and as position-independent code.
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

flags='-g -O2 -fno-pic -fno-pie -mno-red-zone -mgeneral-regs-only -fno-stack-protector -fno-builtin
	-fno-omit-frame-pointer -fcf-protection=none -ftls-model=local-exec -flive-patching=inline-clone'
# build NAME FLAG UPPER: the kernel with that code model, and its tests.
build()
{
	name=$1 model=$2 upper=$3
	mkdir -p kernel/"$model" "$name"
	for file in memory process; do
		# shellcheck disable=SC2086 # words: flags
		gcc $flags "$model" -I "$here/small" -c -o kernel/"$model"/$file.o "$here/small/$file.c" || exit 1
	done
	cat >kernel/"$model"/compile_commands.json <<-END
	[ { "directory": "$folder/kernel/$model", "file": "$here/small/memory.c", "output": "memory.o",
	    "command": "gcc $(echo "$flags" | tr '\n\t' '  ') $model -I $here/small -c -o memory.o $here/small/memory.c" } ]
	END
	# shellcheck disable=SC2086 # none, or one option
	"$build/ring0" objects $upper kernel/"$model"/memory.o kernel/"$model"/process.o -o "$name/kernel.o" \
		--header "$name/kernel_objects.h" --flags "$name/flags" >log 2>&1 &&
		gcc @"$name/flags" -I"$name" -I"$(dirname "$tests")/include" -Wall -Wextra -c "$here/small/small_test.c" \
			-o "$name/test.o" >>log 2>&1 &&
		"$tests/with_ring0" gcc -no-pie -Wl,-z,noexecstack -o "$name/program" "$name/test.o" "$name/kernel.o" \
			>>log 2>&1
	report $? "$name: the tests are built"
}

build low -mcmodel=kernel ''
build upper -mcmodel=kernel --upper
build large -mcmodel=large ''
build pic -fPIC ''
cat >all <<'END'
#!/bin/sh
for half in low upper large pic; do
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
		--file "$folder/upper/program" --file "$folder/large/program" --file "$folder/pic/program" -- "$folder/all" >output 2>&1
fi
awk '/^## status / { print $3 >(file ".status"); next } /^## / { file = $2; next } file { print >(file ".tap") }' output
for half in low upper large pic; do
	[ "$(cat $half.status 2>/dev/null)" = 0 ] && ! grep -q '^not ok' $half.tap
	report $? "$half: $(grep -c '^ok' $half.tap) tests" output
done
[ "$(grep -c '# SKIP' low.tap)" = 1 ] && ! grep -q '# SKIP' upper.tap
report $? 'physical addresses of variables are those of the upper half' output

# Thread-local variables of its own a kernel can't have there.
printf '__thread int own;\nint *place(void) { return &own; }\n' >own.c
# shellcheck disable=SC2086 # words: flags
gcc $flags -mcmodel=kernel -c own.c && ! "$build/ring0" objects --upper own.o -o refused.o >log 2>&1 && grep -q 'thread-local' log
report $? 'refuses thread-local variables of its own in the upper half'

echo "1..$number"
exit $failed
