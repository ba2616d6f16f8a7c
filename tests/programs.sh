# SPDX-License-Identifier: MIT
#
# Test programs that a shell test builds and that run together, on one KVM. For who sources it, after tap.sh, with $build and
# $folder set, and $tests, this folder.
# shellcheck shell=sh disable=SC2154 # its variables are set by who sources it

mkdir "$folder/programs"
programs=0 # so many are built

# add_program STATUS NAME: $folder/program was built, if the status is 0; else that is the case.
add_program()
{
	if [ "$1" -ne 0 ]; then
		report "$1" "$2"
		return
	fi
	programs=$((programs + 1))
	mv "$folder/program" "$folder/programs/$programs"
	printf '%s\n' "$2" >"$folder/programs/$programs.name"
}

# run_programs: each of them is a case.
run_programs()
{
	set --
	program=0
	while [ $program -lt $programs ]; do
		program=$((program + 1))
		set -- "$@" "$folder/programs/$program"
	done
	"$tests/lab/each_on_kvm" "$build/ring0" "$folder/statuses" "$@" >"$folder/programs.log" 2>&1
	for program; do
		status=$(awk -F '\t' -v program="$program" '$2 == program { print $1 }' "$folder/statuses")
		# What it printed, or the end of all where the machine did not come to that.
		awk -v end="ring0 lab: $program: exit status " '{ text = text $0 "\n" }
			index($0, end) == 1 { exit }
			/^ring0 lab: .*: exit status / { text = "" }
			END { printf "%s", text }' "$folder/programs.log" >"$folder/log"
		report_program "${status:-99}" "$(cat "$program.name")"
	done
}
