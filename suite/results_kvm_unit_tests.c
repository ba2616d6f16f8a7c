/* SPDX-License-Identifier: MIT */
/* kvm-unit-tests' lines: its lib/report.c. Depends on results_own.h. */
#include "suite/results_own.h"

static const struct {
	const char *begin;
	enum r0_verdict verdict;
	const char *message;
} lines[] = {
	{ "PASS: ", R0_VERDICT_PASS, NULL },
	{ "FAIL: ", R0_VERDICT_FAIL, "the guest says FAIL" },
	{ "SKIP: ", R0_VERDICT_SKIP, "the guest says SKIP" },
	{ "XFAIL: ", R0_VERDICT_XFAIL, "the guest expects it to fail" },
	/* It may fail or not: where it passes, the guest says PASS. */
	{ "KFAIL: ", R0_VERDICT_XFAIL, "the guest knows that it may fail" },
	{ "XPASS: ", R0_VERDICT_XPASS, "the guest expects it to fail" },
};

bool results_kvm_unit_tests_line(struct suite_results *results, const char *line, uint64_t now_ns)
{
	const char *text = suite_results_after(line, "SUMMARY: ");
	size_t i;

	if (text) {
		results->has_ended = true;
		return true;
	}
	text = suite_results_after(line, "ABORT: ");
	if (text) {
		results->has_aborted = true;
		suite_results_set_reason(results, text);
		return true;
	}
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		text = suite_results_after(line, lines[i].begin);
		if (!text)
			continue;
		suite_results_put(results, lines[i].verdict, *text ? text : "(without a name)",
				  lines[i].message, now_ns);
		return true;
	}
	return false;
}
