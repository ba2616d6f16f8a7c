/* SPDX-License-Identifier: MIT */
/*
 * From how a test ended, and how it was to end, to its verdict. Pure: depends on the public
 * headers only.
 */
#ifndef VERDICT_VERDICT_H
#define VERDICT_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <ring0/call.h>

enum ending_how {
	END_RETURNED,
	END_SKIPPED,   /* message: why */
	END_FAILED,    /* a panic: failed assertion, r0_panic(), undeclared or wrong access */
	END_REFUSED,   /* something else that a test may not do, such as a system call */
	END_EXCEPTION, /* vector, unhandled */
	/* … or KVM gave up on an exception that it could not deliver. */
	END_TRIPLE_FAULT,
	END_HALT,	  /* HLT with interrupts off */
	END_HALT_FOREVER, /* HLT with interrupts on, and none that could come */
	END_TIMEOUT,
	END_HOST_ERROR,
	END_EXIT, /* exit_group(status) */
};

/* How a test ended. */
struct ending {
	enum ending_how how;
	const char *message; /* what is known of that, or NULL */
	int vector;
	int status;
	bool failed_expectation; /* an R0_EXPECT_… failed before that */
	const char *expectation; /* what the first of them said, or NULL */
};

/*
 * The verdict, and one line on why (empty for a pass; a failed assertion's own text may have
 * more lines) into message. `options` may be NULL.
 *
 * A test passes if it ends as .should_halt, .should_panic or .expect_exception demands, or else
 * returns, and no expectation failed. What says least about the tested thing comes first: a host
 * error is an error, and a skip a skip, whatever was expected of the test, but for a skip after
 * an expectation failed. A triple fault, an unhandled exception, a hang or a host error never is
 * the panic. .panic_message alone demands a panic as well. exit(0) counts as returning, any other
 * status is a failure. With .xfail a failure, crash or timeout is the expected one, and a pass
 * unexpected.
 */
enum r0_verdict verdict_of(const struct r0_options *options, const struct ending *ending,
			   char *message, size_t size);

/* Whether a test with this verdict makes the run fail: fail, crash, timeout, xpass. */
bool verdict_is_failure(enum r0_verdict verdict);

#endif /* VERDICT_VERDICT_H */
