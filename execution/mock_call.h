/* SPDX-License-Identifier: MIT */
/*
 * A run's calls of its mocks, whatever becomes of them, and what mocks may ask for meanwhile: see
 * <ring0/mock.h>. Depends on mock/ for the guarded call.
 */
#ifndef EXECUTION_MOCK_CALL_H
#define EXECUTION_MOCK_CALL_H

#include <stdbool.h>
#include <stdio.h>
#include "execution/mock.h"
#include "mock/guard.h"

struct execution;

/* One call. */
struct mock_call {
	struct guard guard; /* first: guard_current() is this */
	struct mock *mock;
	struct r0_access *access; /* NULL at the end of the test */
	bool failed;		  /* the mock has said so */
};

/* For struct mocks: `context` is the run. -EPERM also ends in run->broken, if it did not return. */
int mock_call(void *context, struct mock *mock, struct r0_access *access, struct error *error);

/* The test has ended as it should: call all that its mocks have for that. */
void mock_call_at_end(struct execution *run);

/* What mocks of a process need; where there is none, nothing. Returns 0 or -errno. */
int mock_calls_init(struct error *error);
void mock_calls_finish(void);

/*
 * In words, what became of a call that did not return: "its mock of ports 0x100 to 0x107 crashed:
 * SIGSEGV at m.c:3". The place is in `file`, of a size of 512, and `line`: empty if it is not known. The call
 * chain and the last accesses go to out. Slow.
 */
void mock_call_describe(const struct mock_call *call, char *message, size_t size, char *file,
			int *line, FILE *out);

#endif /* EXECUTION_MOCK_CALL_H */
