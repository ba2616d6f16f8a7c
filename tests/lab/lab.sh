# SPDX-License-Identifier: MIT
#
# For tests of `ring0 lab`, which include it: run it, and look at what came of it, in TAP. They set $ring0,
# the command, $here, this folder, $work, a directory, and $cache, the lab's.
# shellcheck shell=sh disable=SC2154
# shellcheck source=tests/tap.sh
. "$here/../tap.sh"
timeout=$(command -v timeout)

result() { # good, name, detail
	printf '%s\n' "$3" >"$work/detail"
	report "$((1 - $1))" "$2" "$work/detail"
}

# Runs the lab, with its streams in $work/out and $work/err and its status in $status.
lab() {
	"$timeout" 900 "$ring0" lab "$@" </dev/null >"$work/out" 2>"$work/err"
	status=$?
}

is_status() { # wanted, name
	good=0
	[ "$status" = "$1" ] && good=1
	result "$good" "$2" "status $status, not $1: $(tail -n 3 "$work/err")"
}

is_output() { # wanted, name
	good=0
	[ "$status" = 0 ] && [ "$(cat "$work/out")" = "$1" ] && good=1
	result "$good" "$2" "status $status, output '$(head -c 300 "$work/out")', not '$1': $(tail -n 3 "$work/err")"
}

# A status of the lab's own, with one line that has that text.
is_refused() { # wanted, text, name
	good=0
	line=$(grep -c '^ring0 lab: ' "$work/err")
	[ "$status" = "$1" ] && [ "$line" = 1 ] && grep -q -- "$2" "$work/err" && good=1
	result "$good" "$3" "status $status, not $1, or not one line with '$2': $(cat "$work/err")"
}

# Of what was started with the mark in its environment, nothing may run; no half-made state may lie
# in the cache.
nothing_left() { # processes, name
	left=$(find "$cache" -maxdepth 1 \( -name 'saving-*' -o -name 'fetch-*' \) 2>/dev/null)
	running=$(marked)
	good=0
	[ -z "$left" ] && [ "$running" = "$1" ] && good=1
	result "$good" "$2" "left: $left; $running processes"
}

# How many processes have the mark: those that look are not counted.
marked() {
	(unset LAB_TEST_MARK; cat /proc/[0-9]*/environ 2>/dev/null | tr '\0' '\n' | grep -c "^LAB_TEST_MARK=$work\$")
}
