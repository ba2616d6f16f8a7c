/* SPDX-License-Identifier: MIT */
/*
 * r0_call() in a test of Check's, to be included after <check.h>: the test fails where the function does, and is
 * over, as passed, where there is no KVM, for which Check has no word. Check's own assertions don't work in ring 0,
 * where its state is not: what runs there has R0_ASSERT() and its like.
 */
#ifndef RING0_CHECK_H
#define RING0_CHECK_H

#include <stdio.h>
#include <ring0/call.h>

/* Run fn(arg), with attributes as in R0_TEST(): R0_CHECK_CALL(read_registers, &registers, .irqchip = true). */
#define R0_CHECK_CALL(fn, arg, ...)                                                                \
	do {                                                                                       \
		const struct r0_options r0_options_ = { __VA_ARGS__ };                             \
		struct r0_result r0_result_ = r0_call((fn), (arg), &r0_options_);                  \
		const enum r0_verdict r0_verdict_ = r0_result_.verdict;                            \
		char r0_text_[4096];                                                               \
		snprintf(r0_text_, sizeof(r0_text_), "%s: %s\n%s%s", r0_verdict_name(r0_verdict_), \
			 r0_result_.message, r0_result_.output, r0_result_.report);                \
		r0_result_finish(&r0_result_);                                                     \
		if (r0_verdict_ == R0_VERDICT_SKIP) {                                              \
			fprintf(stderr, "%s\n", r0_text_);                                         \
			return;                                                                    \
		}                                                                                  \
		if (r0_verdict_ != R0_VERDICT_PASS && r0_verdict_ != R0_VERDICT_XFAIL)             \
			ck_abort_msg("%s", r0_text_);                                              \
	} while (0)

#endif /* RING0_CHECK_H */
