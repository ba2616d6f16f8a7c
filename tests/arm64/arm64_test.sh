#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The library for arm64, built as a user builds it, and programs with it on a KVM, the host's or the lab's: the demo, the
# CPU by its manual, each verdict, several CPUs, and what no test should do. Prints TAP.
#
#	tests/arm64/arm64_test.sh BUILD RING0
set -u

build=$1 ring0=$2
here=$(dirname "$0")
# shellcheck source=tests/arm64/host.sh
. "$here/host.sh"
if [ -n "$nowhere" ]; then
	echo "1..0 # SKIP $nowhere"
	exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

number=0 failed=0

# A line of TAP: a name, and whether the command before it was well.
tell()
{
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		failed=1
		echo "not ok $number - $2"
		[ ! -s "$folder/log" ] || sed 's/^/# /' "$folder/log"
	fi
}

# The test cases of another TAP, after a word.
take()
{
	awk -v number="$number" -v word="$1" '
		/^(not )?ok / {
			sub(/ok [0-9]+ - /, "ok " ++number " - " word)
			failed = failed || (/^not/ && !/# TODO/)
		}
		!/^1\.\.|^TAP version/
		END { exit failed }' "$2" >"$folder/taken" || failed=1
	cat "$folder/taken"
	number=$((number + $(grep -c -E '^(not )?ok ' "$folder/taken")))
}

if [ "$library" != "$build" ]; then
	"$here/../../scripts/build-aarch64" "$build" >"$folder/log" 2>&1
	tell $? 'the library for arm64 is built'
fi

# compile PROGRAM OPTION|SOURCE…
compile()
{
	program=$1
	shift
	"$here/../with_ring0" "${tools}gcc" -O1 -g -Wall -Wextra -Werror -o "$folder/$program" "$@" -lm \
		>"$folder/log" 2>&1
	tell $? "$program is built"
}

compile cpu -static "$here/exceptions.c" "$here/interrupts.c" "$here/measure.c" "$here/registers.c" "$here/state.c" "$here/translation.c" \
	"$here/user.c"
compile gic -static "$here/gicv2.c" "$here/interrupts.c"
compile debug -static "$here/debug.c" "$here/state.c"
compile dynamic -mbranch-protection=standard "$here/state.c" "$here/user.c"
compile pie -static-pie -mno-outline-atomics "$here/state.c"
compile random -static "$here/random.c"
compile random_other -static -DOTHER_REGISTERS "$here/random.c"
compile cost -static "$here/cost.c"
# What is replaced, as compilers make it, linked into a program with its calls.
replace()
{
	program=$1 flags=$2
	shift 2
	# shellcheck disable=SC2086 # words: flags
	"${tools}gcc" -g -fno-builtin $flags -c -o "$folder/$program-code.o" "$here/../replace/code.c" &&
		"${tools}gcc" -g -O1 -fPIC -c -o "$folder/$program-library.o" "$here/../replace/library.c" &&
		compile "$program" -fno-builtin "$@" "$here/replace.c" "$here/replace_first.S" "$folder/$program-code.o" "$folder/$program-library.o"
}
replace replace '-O2 -flive-patching=inline-clone' -static
replace replace_O0 '-O0 -mbranch-protection=standard'
compile smp -static "$here/smp.c" "$here/smp_interrupts.c" "$here/../guest/smp/smp.c"
compile smp_dynamic "$here/smp.c" "$here/../guest/smp/smp.c"
compile smp_failures -static "$here/smp_failures.c"
compile smp_common_failures -static "$here/../fixtures/smp_common_failures.c"
compile watch -static "$here/watch.c" "$here/../guest/runtime/watch_report.c"
compile hypercalls -static "$here/hypercalls.c"
compile report -static -mbranch-protection=standard "$here/report.c"
compile traces -static "$here/traces.c"
compile traces_dynamic -mbranch-protection=standard "$here/traces.c"
compile traces_omit -static-pie -mbranch-protection=standard -fomit-frame-pointer "$here/traces.c"
compile traces_stripped -static -s -fomit-frame-pointer "$here/traces.c"
compile verdicts -static "$here/verdicts.c"
compile wild -static "$here/wild.c"
# Of the monitor. They are programs of cmocka's, as those for x86.
for program in access machine freeze snapshot watch boot; do
	compile "vm_$program" -static -I "$here/../unit/aarch64" -I "$here/vm" -I "$here/../.." \
		"$here/vm/$program.c" "$here/../vm/vm_fixture.c"
done

# Of the command, which is built with the library: a program that runs it, and a kernel for it.
compile command -static -I "$here/../unit/aarch64" "$here/command/command.c"
{
	"${tools}gcc" -O1 -Wall -Wextra -Werror -ffreestanding -fpie -fno-stack-protector -mgeneral-regs-only \
		-mstrict-align -mbranch-protection=none -fno-asynchronous-unwind-tables -nostdlib -static \
		-Wl,--build-id=none,--no-warn-rwx-segments,-T,"$here/command/kernel.lds" -o "$folder/kernel.elf" "$here/command/kernel.c" &&
		"${tools}objcopy" -O binary "$folder/kernel.elf" "$folder/kernel.flat"
} >"$folder/log" 2>&1
tell $? 'a kernel without a header is built'

# What `make demo` shows on an arm64 host.
on_machine 240 "$library/examples/demo" --format tap --check-reset
take 'demo: ' "$folder/tap"
tell "$status" 'demo: exit status'

# A machine with a GICv2 has eight CPUs at most.
of_more_cpus='-smp_interrupts.in_another_cluster -smp.exceptions_come_back_to_each_of_20 -smp.as_many_as_there_can_be'
left_out=
if [ -n "$on_kvm" ] && "$ring0" doctor | grep -q '^no .* GICv3 '; then left_out=$of_more_cpus; fi

# A program of which all pass, or are skipped.
for program in cpu debug dynamic pie replace replace_O0 smp smp_dynamic; do
	# shellcheck disable=SC2086 # words: names
	on_machine 240 "$folder/$program" --format tap --check-reset $left_out
	take "$program: " "$folder/tap"
	tell "$status" "$program: exit status"
	case $program in
	replace*)
		grep -q 'stop() does not return, but the function in its place did, in calls_stop (' "$folder/tap"
		tell $? "$program: the message of what may not return"
		;;
	esac
done

# Such a machine, of which KVM makes no GICv3: the lab's. Its state is not kept.
gicv2()
{
	mkdir "$folder/older"
	cat >"$folder/older/qemu-system-aarch64" <<END
#!/bin/sh
for argument; do
	shift
	case \$argument in
	*,gic-version=3*) argument=\${argument%%,gic-version=3*},gic-version=2\${argument#*,gic-version=3} ;;
	esac
	set -- "\$@" "\$argument"
done
exec '$(command -v qemu-system-aarch64)' "\$@"
END
	chmod +x "$folder/older/qemu-system-aarch64"
	# shellcheck disable=SC2086 # words: names
	PATH=$folder/older:$PATH "$ring0" lab --arch aarch64 --cold --timeout 240 \
		--each "$library/examples/demo" "$folder/gic" "$folder/smp" "$folder/vm_machine" "$folder/vm_snapshot" -- \
		--format tap --check-reset $of_more_cpus >"$folder/tap" 2>"$folder/log"
	status=$?
	take 'GICv2: ' "$folder/tap"
	[ "$status" = 0 ] && grep -q '^ok .* gicv2.sgis_have_senders$' "$folder/tap"
	tell $? 'GICv2: exit status, and what it alone has was not skipped'
}
[ "$lab" = none ] || gicv2

# Programs that print TAP by themselves: of r0_call(), and of <ring0/vm.h>.
for program in cost watch traces traces_dynamic traces_omit traces_stripped vm_access vm_machine vm_freeze vm_snapshot vm_watch; do
	on_machine 120 "$folder/$program"
	take "$program: " "$folder/tap"
	tell "$status" "$program: exit status"
done

# Without the command, call chains are by frame records.
if [ -n "$on_kvm" ]; then
	RING0_COMMAND=/nowhere "$folder/report" >"$folder/tap" 2>"$folder/log"
else
	"$ring0" lab --arch aarch64 --timeout 120 --env RING0_COMMAND=/nowhere "$folder/report" >"$folder/tap" 2>"$folder/log"
fi
status=$?
take '' "$folder/tap"
tell "$status" 'report: exit status'

# A kernel on the monitor: the lab's own.
kernel=${RING0_LAB_KERNEL-}
[ -n "$kernel" ] || for file in "${XDG_CACHE_HOME:-$HOME/.cache}"/ring0/lab/kernel-aarch64/boot/vmlinuz*; do
	kernel=$file
done
command=$library/ring0
kernel_test()
{
	gzip -1 -c "$kernel" >"$folder/kernel.gz"
	if [ -n "$on_kvm" ]; then
		"$folder/vm_boot" "$kernel" "$folder/kernel.gz" "$command"
	else
		"$ring0" lab --arch aarch64 --memory 1024 --timeout 1300 --file "$kernel:/tmp/kernel" \
			--file "$folder/kernel.gz:/tmp/kernel.gz" --file "$command:/tmp/ring0" "$folder/vm_boot" \
			/tmp/kernel /tmp/kernel.gz /tmp/ring0
	fi >"$folder/tap" 2>"$folder/log"
	status=$?
	take '' "$folder/tap"
	tell "$status" "vm_boot: exit status"
}
if [ -r "$kernel" ] || [ "$lab" != none ]; then
	kernel_test
else
	tell 0 'vm_boot # SKIP RING0_LAB=none, and no kernel of the lab is here'
fi

# The command by itself, with a kernel of the tests' own.
if [ -n "$on_kvm" ]; then
	"$folder/command" "$command" "$folder/kernel.flat" "$folder"
else
	"$ring0" lab --arch aarch64 --timeout 240 --file "$command:/tmp/ring0" --file "$folder/kernel.flat:/tmp/kernel.flat" \
		"$folder/command" /tmp/ring0 /tmp/kernel.flat /tmp
fi >"$folder/tap" 2>"$folder/log"
status=$?
take 'command: ' "$folder/tap"
tell "$status" "command: exit status"

# Programs whose tests end as their comments say.
for source in arm64/verdicts arm64/wild arm64/smp_failures fixtures/smp_common_failures \
	arm64/random arm64/random_other; do
	program=${source#*/}
	outcomes 240 "$folder/$program" "$here/../${source%_other}.c" -- --check-reset
	take "$program: " "$folder/tap"
done

# Where the kernel is too old, all of these are skipped, and say so.
on_machine 120 "$folder/hypercalls" 'hypercalls.*' --format tap
grep -q "^ok 1 .* # SKIP this kernel's KVM keeps hypercalls to itself" "$folder/tap" ||
	outcomes 240 "$folder/hypercalls" "$here/hypercalls.c"
take 'hypercalls: ' "$folder/tap"
echo "1..$number"
exit "$failed"
