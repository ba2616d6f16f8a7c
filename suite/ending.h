/* SPDX-License-Identifier: MIT */
/*
 * What the end of an image means, by what it has said until then: whether it is a result of its own, and which.
 * Nothing is a pass that did not come to its end. Pure.
 */
#ifndef SUITE_ENDING_H
#define SUITE_ENDING_H

#include "suite/results.h"

enum suite_ending_how {
	SUITE_ENDING_STATUS, /* by the debug exit: status */
	SUITE_ENDING_POWER_OFF,
	SUITE_ENDING_SHUT_DOWN, /* a triple fault */
	SUITE_ENDING_GAVE_UP,	/* KVM or the CPU */
	SUITE_ENDING_TIME_LIMIT,
	SUITE_ENDING_RESETS,   /* too many */
	SUITE_ENDING_HALTED,   /* every CPU, for good */
	SUITE_ENDING_NOT_HERE, /* what it asks for is not here: message */
	SUITE_ENDING_ERROR,    /* of the host's, or the image can't be had: message */
};

struct suite_ending {
	enum suite_ending_how how;
	uint32_t status;
	const char *message;  /* what is known of it, or NULL */
	bool is_to_shut_down; /* the image has to crash: kvm-unit-tests' group panic */
};

/* kvm-unit-tests' statuses: its lib/report.c and lib/abort.c. */
#define SUITE_STATUS_SKIPPED 38
#define SUITE_STATUS_ABORTED 63

/*
 * Returns whether the end is a result, and then its verdict and one line on why, which is empty for a pass.
 * It is one if there is no other, or if they don't say what it says.
 */
bool suite_ending_judge(const struct suite_ending *ending, const struct suite_results *results,
			enum r0_verdict *verdict, char *message, size_t size);

#endif /* SUITE_ENDING_H */
