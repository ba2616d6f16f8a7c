# SPDX-License-Identifier: MIT
#
# Where programs for arm64 are built and run: on an arm64 host by its compiler, on its own KVM or, where there is none to
# use, in the aarch64 lab; elsewhere by a cross compiler, in the lab. For who sources it, with $here, this folder, $build
# and $ring0, the command.
# shellcheck shell=sh disable=SC2034,SC2154 # its variables are for who sources it, or set there

build=$(cd "$build" && pwd) # some programs run elsewhere
tools=aarch64-linux-gnu-
library=$build/aarch64 # the build folder of arm64's
on_kvm=                # of this host
reason=
if [ "$(uname -m)" = aarch64 ]; then
	tools=
	library=$build
	reason=$(RING0_LAB='' "$here/../../scripts/no-kvm" "$build/examples/demo" serial.refuses_impossible_rates) || on_kvm=yes
fi
lab=${RING0_LAB-}
nowhere= # why they can't be run
[ -n "$on_kvm" ] || [ "$lab" != none ] || nowhere="RING0_LAB=none${reason:+, and $reason}"
[ "$lab" = none ] || export RING0_LAB=auto

PKG_CONFIG_PATH=$library/meson-uninstalled
export PKG_CONFIG_PATH

# on_machine SECONDS PROGRAM [ARG…]: the time is the lab's; its output goes to $folder/tap and $folder/log, its exit status
# to $status.
on_machine()
{
	seconds=$1
	shift
	if [ -n "$on_kvm" ]; then
		"$@"
	else
		"$ring0" lab --arch aarch64 --timeout "$seconds" "$@"
	fi >"$folder/tap" 2>"$folder/log"
	status=$?
}

# outcomes SECONDS PROGRAM SOURCE… [-- OPTION…]: whether a program's tests end as its sources say, with the same outputs.
outcomes()
{
	LAB="$ring0 lab --arch aarch64 --timeout $1"
	[ -z "$on_kvm" ] || LAB=
	export LAB
	shift
	"$here/../fixtures/check_outcomes" "$@" >"$folder/tap" 2>"$folder/log"
}
