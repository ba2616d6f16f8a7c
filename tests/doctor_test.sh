#!/bin/sh
# SPDX-License-Identifier: MIT
#
# `ring0 doctor` on this host's KVM, without one, with one that it may not open, and with ones that are
# not what they should be. Prints TAP.
#
#	doctor_test.sh COMMAND OLD_KVM_LIBRARY
set -u

command=$1
library=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# shellcheck source=tests/tap.sh
. "$(dirname "$0")/tap.sh"

# result NAME: of the command before; its output goes along if it failed.
result()
{
	report $? "$1" "$scratch/out" "$scratch/err"
}

# expect STATUS COMMAND…: run it, and see that this is its exit status.
expect()
{
	wanted=$1
	shift
	"$@" >"$scratch/out" 2>"$scratch/err"
	got=$?
	[ $got -eq "$wanted" ] && return
	echo "# exit status $got, not $wanted"
	return 1
}

# expect_fake STATUS VARIABLE=VALUE: on a KVM that the library makes, as tests/fixtures/old_kvm.c has it.
expect_fake()
{
	wanted=$1
	shift
	# To LD_PRELOAD a space ends a name.
	expect "$wanted" env "$1" LD_LIBRARY_PATH="$(dirname "$library")" \
		LD_PRELOAD="$(basename "$library")" "$command" doctor
}

says()
{
	grep -q -e "$1" "$scratch/out"
}

echo 'TAP version 14'
echo '1..16'

kvm='there is no usable /dev/kvm'
if [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
	if grep -q -w -E 'vmx|svm' /proc/cpuinfo; then
		kind=hardware title='Hardware KVM (\(VMX\|SVM\))' expected=0
	else
		kind=software title='Software KVM' expected=1
	fi
	kvm=
fi

if [ "$kvm" ]; then
	for name in 'tells what kind of KVM this is' 'finds that integer code works' \
		'tells whether a missing flush shows' \
		'tries each thing' 'does not take long' 'prints JSON' 'an old KVM' \
		'another API version' 'a KVM_RUN that does not come back' \
		'an exit of no known reason'; do
		skip "$name" "$kvm"
	done
else
	before=$(date +%s)
	expect "$expected" "$command" doctor && says "^$title: "
	result 'tells what kind of KVM this is'
	says '^integer .* works'
	result 'finds that integer code works'
	says '^INVLPG .* works: ' && says '^TLB shootdown .* works: ' && says 'a missing one'
	result 'tells whether a missing flush shows'
	[ "$(sed -n '/^integer /,/^$/p' "$scratch/out" | grep -c .)" -ge 20 ] &&
		! says 'could not be tried'
	result 'tries each thing'
	[ $(($(date +%s) - before)) -le 10 ]
	result 'does not take long'
	expect "$expected" "$command" doctor --json && says "\"kind\": \"$kind\"" &&
		says '"name": "timer interrupt", "result": "' &&
		{ ! command -v python3 >/dev/null || python3 -m json.tool "$scratch/out" >/dev/null; }
	result 'prints JSON'
	expect_fake 2 OLD_KVM_LACKS=189 && says 'too old: it lacks KVM_CAP_X86_MSR_FILTER' &&
		says '^no *KVM_CAP_X86_MSR_FILTER' && ! says '^integer'
	result 'an old KVM'
	expect_fake 2 OLD_KVM_VERSION=11 && says 'API version 11, ring0 needs 12'
	result 'another API version'
	before=$(date +%s)
	expect_fake 3 OLD_KVM_RUN=stuck && says '^integer .* does not come back' &&
		[ $(($(date +%s) - before)) -le 20 ]
	result 'a KVM_RUN that does not come back'
	expect_fake 3 OLD_KVM_RUN=silent && says 'KVM left the VM for a reason that ring0 does not know'
	result 'an exit of no known reason'
fi

# Another /dev needs a mount namespace, and a device node root.
hidden='mount -t tmpfs none /dev'
if unshare -m sh -c "$hidden" 2>/dev/null; then
	# shellcheck disable=SC2016 # for the inner shell
	expect 2 unshare -m sh -c "$hidden"' && exec "$0" doctor' "$command" &&
		says 'no /dev/kvm here' && says 'ring0 lab'
	result 'no /dev/kvm'
else
	skip 'no /dev/kvm' 'it takes root to hide /dev/kvm'
fi
forbidden="$hidden && mknod -m 600 /dev/kvm c 10 232"
if unshare -m sh -c "$forbidden" 2>/dev/null && command -v setpriv >/dev/null; then
	chmod 755 "$scratch"
	cp "$command" "$scratch/ring0"
	# shellcheck disable=SC2016 # for the inner shell
	expect 2 unshare -m sh -c "$forbidden"' && exec setpriv --reuid=65534 --regid=65534 \
		--clear-groups "$0" doctor' "$scratch/ring0" &&
		says 'no permission to open /dev/kvm' && says 'group'
	result 'no permission'
else
	skip 'no permission' 'it takes root to make /dev/kvm inaccessible'
fi

expect 3 "$command" doctor --nonsense && expect 3 "$command" doctor nonsense
result 'wrong usage'
expect 0 "$command" doctor --help && says 'Exit status: 0 hardware KVM'
result 'tells what its exit statuses mean'
# shellcheck disable=SC2016 # for the inner shell
expect 3 sh -c 'exec "$0" doctor >/dev/full' "$command" &&
	grep -q 'writing the report failed' "$scratch/err"
result 'a report that cannot be written'

# QEMU's own emulation does all of it right, and Linux's KVM on top.
if [ "${RING0_LAB-}" = none ]; then
	skip 'everything works in the lab' RING0_LAB=none
else
	expect 0 env RING0_LAB=auto "$command" lab "$command" doctor &&
		says '^Hardware KVM (SVM): ring 0 runs natively\.' && says '^AVX .* works' &&
		says '^data watchpoint .* works' && says '^timer interrupt .* works' &&
		says '^INVLPG .* works: a missing one shows' && says '^TLB shootdown .* works: '
	result 'everything works in the lab'
fi

exit $failed
