# SPDX-License-Identifier: MIT
#
# Hold what programs printed in the lab, in TAP, to the list of what is expected there, the first
# file; and with whole=1 that list to them, so that nothing outlived stays in it. Prints TAP. With
# only=crash the second file is a list of tests' names: prints those that the list has as not to be
# run. A rule with a range of versions counts if `version`, the emulator's, is in it.

# A pattern in which * alone is special, as an anchored regular expression.
function expression(glob)
{
	gsub(/[][.]/, "\\\\&", glob)
	gsub(/\*/, ".*", glob)
	return "^" glob "$"
}

# Why the list has that of this test, or "".
function reason(what, name,    i)
{
	for (i = 1; i <= rules; i++) {
		if (kind[i] == what && name ~ pattern[i]) {
			used[i] = 1
			return why[i]
		}
	}
	return ""
}

function wrong(text)
{
	print "not ok " number " - " name
	print "# " text
	bad = 1
}

FNR == 1 && NR == 1 {
	list = FILENAME
	sub(/^.*\//, "tests/lab/", list)
}

# Whether a version is in a range: "10", "10-", "-9" or "8-9".
function within(range, version,    ends)
{
	if (split(range, ends, "-") == 1)
		return version == range
	return (ends[1] == "" || version + 0 >= ends[1] + 0) && (ends[2] == "" || version + 0 <= ends[2] + 0)
}

FNR == NR && !/^#/ {
	if (NF < 3 || NF > 4 || $1 !~ /^(crash|fail|skip)$/ || (NF == 4 && $4 !~ /^([0-9]+|[0-9]*-[0-9]+|[0-9]+-)$/)) {
		print "Bail out! " FILENAME ":" FNR ": not \"what, pattern, why\", or with a range of versions"
		bad = 1
		next
	}
	if (NF == 4 && !within($4, version))
		next
	rules++
	kind[rules] = $1
	glob[rules] = $2
	pattern[rules] = expression($2)
	why[rules] = $3
	next
}

FNR == NR {
	next
}

only == "crash" {
	if (reason("crash", $0) != "")
		absent[++number] = "ok " number " - " $0 " # SKIP not run in the lab: " reason("crash", $0)
	next
}

/^(not )?ok [0-9]+ - / {
	good = /^ok/
	number = good ? $0 : substr($0, 5)
	sub(/^ok /, "", number)
	sub(/ .*/, "", number)
	name = $0
	sub(/^(not )?ok [0-9]+ - /, "", name)
	directive = name
	if (!sub(/^.* # /, "", directive))
		directive = ""
	sub(/ # .*/, "", name)
	if (directive ~ /^SKIP/) {
		text = reason("skip", name)
		if (text == "")
			wrong("is skipped, for no reason that " list " lists: " directive)
		else
			print "ok " number " - " name " # SKIP in the lab: " text
	} else if (directive == "" && (text = reason("fail", name)) != "") {
		if (good)
			wrong("passes, where " list " has: " text)
		else
			print "ok " number " - " name " # SKIP expected failure in the lab: " text
	} else {
		print
		if (!good && directive !~ /^TODO/)
			bad = 1
	}
	next
}

{
	print
}

END {
	if (only == "crash" && number) {
		print "1.." number
		for (i = 1; i <= number; i++)
			print absent[i]
	}
	for (i = 1; i <= rules && whole != ""; i++) {
		if (!used[i] && (kind[i] == "crash") == (only == "crash")) {
			print "Bail out! no test is as " list " has it: " kind[i] " " glob[i]
			bad = 1
		}
	}
	exit bad
}
