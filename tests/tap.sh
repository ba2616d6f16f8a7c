# SPDX-License-Identifier: MIT
#
# TAP of the tests that are shell scripts. They source it, print their plan and end with `exit $failed`.
# shellcheck shell=sh disable=SC2034 # its variables are for who sources it

number=0 # of the last case
failed=0 # 1 when one has
tap_log= # the file that goes along with a case that failed

# report STATUS NAME [FILE…]: a case, good if the status is 0. The files instead of $tap_log.
report()
{
	number=$((number + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $number - $2"
		return
	fi
	failed=1
	echo "not ok $number - $2"
	shift 2
	[ $# -gt 0 ] || set -- ${tap_log:+"$tap_log"}
	[ $# -eq 0 ] || sed 's/^/# /' "$@"
}

# report_program STATUS NAME: the same for a test program, whose status for "all of it was skipped" is 77.
report_program()
{
	if [ "$1" -eq 77 ]; then
		skip "$2" 'no usable KVM'
	else
		report "$1" "$2"
	fi
}

# skip NAME WHY
skip()
{
	number=$((number + 1))
	echo "ok $number - $1 # SKIP $2"
}
