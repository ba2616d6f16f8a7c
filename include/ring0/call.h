/* SPDX-License-Identifier: MIT */
/*
 * The host's side of the API: run a test program's tests, or one function, in ring 0. These are
 * called by ordinary code of the program, never inside a test.
 */
#ifndef RING0_CALL_H
#define RING0_CALL_H

#include <ring0/test.h>

enum r0_verdict {
	R0_VERDICT_PASS,
	R0_VERDICT_FAIL,    /* an assertion, r0_panic(), or an access that nothing declares */
	R0_VERDICT_SKIP,    /* the test said so, its condition did, or there is no KVM to use */
	R0_VERDICT_XFAIL,   /* failed, as expected */
	R0_VERDICT_XPASS,   /* passed, where a failure was expected */
	R0_VERDICT_TIMEOUT, /* ran for longer than its time limit */
	R0_VERDICT_CRASH,   /* an exception that nothing handled, or a triple fault */
	R0_VERDICT_ERROR,   /* the host or ring0 itself could not do its job */
};

/* What a test gave by r0_value() or measured: numbers are of 1 / 10^decimals of the unit. */
struct r0_value {
	char *name, *unit;
	int64_t number;	  /* of a measurement the median */
	int64_t minimum;  /* of a measurement, … */
	int64_t spread;	  /* … half of whose samples are no further apart than this */
	uint32_t samples; /* 0 if it is no measurement */
	uint32_t decimals;
};

struct r0_result {
	enum r0_verdict verdict;
	char *message; /* one line on why; empty for a pass */
	char *report;  /* what is known of a crash, timeout or failure: several lines, or empty */
	char *output;  /* what the function printed; may hold NUL bytes, and ends in one more */
	size_t output_size; /* without that last one */
	char *file;	    /* where it failed: the first failed assertion; empty if not known */
	int line;
	struct r0_value *values; /* in the order in which they came; NULL if there are none */
	size_t value_count;
};

/*
 * Run fn(arg) in ring 0 of a VM that mirrors the calling program as it is now, with FS at the
 * calling thread's TLS, and wait for its end. `options` may be NULL. What fn wrote to memory
 * stays in the VM, but for what it hands to r0_publish(). Several threads may call at once.
 * Never fails: where the VM cannot be had, the verdict says so (R0_VERDICT_SKIP if the host has
 * no usable KVM, R0_VERDICT_ERROR otherwise). The texts are never NULL; release them with
 * r0_result_finish().
 */
struct r0_result r0_call(void (*fn)(void *arg), void *arg, const struct r0_options *options);

/* Release what a result owns. */
void r0_result_finish(struct r0_result *result);

/* The verdict's name: "pass", "fail", … */
const char *r0_verdict_name(enum r0_verdict verdict);

/*
 * Run the program's tests as its command line says, and report. Returns the exit status: 0 all
 * passed, 1 a test failed, 77 everything was skipped, 99 the harness or the host could not do
 * its job, or nothing was selected. A program without a main() of its own gets one that calls
 * this. It does not return where a mock has called exit(): the program then exits, with that status.
 */
int r0_main(int argc, char **argv);

#endif /* RING0_CALL_H */
