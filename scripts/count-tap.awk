# SPDX-License-Identifier: MIT
#
# Count the test cases in the TAP output of a program that ended with `status`: prints "passed
# failed skipped", and why something that is no test case counts as a failure on standard error.
# Knows several plans in a row, as cmocka prints for several groups, and no nested tests.

# What is wrong with the program as a whole is one failure, however it shows.
function problem(text)
{
	print "count-tap: " text > "/dev/stderr"
	problems++
}

function end_of_plan()
{
	if (planned >= 0 && planned != seen)
		problem("the plan has " planned " tests, the output " seen)
}

BEGIN {
	planned = -1
}

/^1\.\.[0-9]+/ {
	# A plan may also come last, after its tests.
	if (planned >= 0 || !seen) {
		end_of_plan()
		seen = 0
	}
	planned = substr($1, 4) + 0
	if (planned == 0)
		skipped++
	next
}

/^Bail out!/ {
	problem($0)
	next
}

/^(not )?ok($| )/ {
	seen++
	# Not by toupper(), which in Turkish makes another letter of "i".
	if (/# *[Ss][Kk][Ii][Pp]/) {
		skipped++
	} else if (/# *[Tt][Oo][Dd][Oo]/) {
		# Failing as expected is a pass, passing unexpectedly a failure.
		if (/^not/)
			passed++
		else
			failed++
	} else if (/^not/) {
		failed++
	} else {
		passed++
	}
}

END {
	end_of_plan()
	if (planned < 0)
		problem("no plan: the program printed no TAP")
	if (status == "killed")
		problem("killed, as by the time limit")
	else if (status == 77 && (passed || failed))
		problem("exit status 77, but not everything was skipped")
	else if (status > 128)
		problem("killed by signal " (status - 128))
	else if (status != 0 && status != 77 && !failed && !problems)
		problem("exit status " status " without a failed test")
	print passed + 0, failed + (problems ? 1 : 0), skipped + 0
}
