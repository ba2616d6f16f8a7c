# SPDX-License-Identifier: MIT
#
# What an environment is known to get wrong of the tests of the CPU, beside what it got wrong now: for the tests that
# source it after tests/tap.sh. Results are those of `ring0 image run --results results`.
# shellcheck shell=sh disable=SC2154 # $program is the caller's

# ok NAME COMMAND…: that it succeeds. Else what it prints is shown.
ok()
{
	name=$1
	shift
	"$@" >differs 2>&1
	report $? "$name"
}

# all_reported: every case has a verdict, and one alone.
all_reported()
{
	sed -n 's/^{"case":"\([^"]*\)".*/\1/p' results | sort >reported
	"$program" --list | sort | diff - reported >missing
	ok 'every case has a verdict' cat missing
	ok 'and one alone' [ ! -s missing ]
}

# few_boots ERRORS: of all of it, by what `ring0 image run` says of more than one.
few_boots()
{
	boots=$(sed -n 's/.*the machine was started \([0-9]*\) times.*/\1/p' "$1")
	cat "$1" >differs
	[ "${boots:-1}" -le 12 ]
}

# What is on a list with a reason in front, without it.
names()
{
	sed -n "s/^$1	//p" "$2" | LC_ALL=C sort
}

# as_known LIST WHO: what is wrong is what the list has. What an image changes by itself, and what may be early or late
# in a machine that is not alone, count neither way.
as_known()
{
	names image "$1" >own
	sed -n 's/^{"case":"\([^"]*\)","verdict":"lost".*/\1/p' results | LC_ALL=C sort | LC_ALL=C comm -23 - own >lost
	names lost "$1" >wanted
	ok "$2: the machine is lost in those that are known" diff wanted lost
	sed -n 's/^{"case":"\([^"]*\)","verdict":"\(fail\|crash\|timeout\)".*/\1/p' results | LC_ALL=C sort |
		LC_ALL=C comm -23 - own >wrong
	names cpu "$1" >wanted
	ok "$2 gets wrong what is known" diff wanted wrong
}
