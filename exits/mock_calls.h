/* SPDX-License-Identifier: MIT */
/*
 * A run's calls of its mocks, whatever becomes of them, and what mocks may ask for meanwhile: see
 * <ring0/mock.h>. Depends on mock/ for the guarded call.
 */
#ifndef EXITS_MOCK_CALLS_H
#define EXITS_MOCK_CALLS_H

#include "mock/mock_call.h"

struct run;

/* For struct mocks: `context` is the run. -EPERM also ends in run->broken, if it did not return. */
int mock_calls_handle(void *context, struct mock *mock, struct r0_access *access,
		      struct error *error);

/* The test has ended as it should: call all that its mocks have for that. */
void mock_calls_at_end(struct run *run);

/* What mocks of a process need; where there is none, nothing. Returns 0 or -errno. */
int mock_calls_init(struct error *error);
void mock_calls_finish(void);

#endif /* EXITS_MOCK_CALLS_H */
