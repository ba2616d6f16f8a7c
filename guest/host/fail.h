/* SPDX-License-Identifier: MIT */
/* How a test fails in ring 0, and ends early. */
#ifndef GUEST_HOST_FAIL_H
#define GUEST_HOST_FAIL_H

#include <ring0/private/abi.h>

#pragma GCC visibility push(hidden)

/* Report a failure; for R0_FAILURE_ASSERT and _PANIC, then end the test by way of its teardown. */
void fail(enum r0_failure_kind kind, const char *file, int line, const char *text, size_t length);

/* End the test now: run its teardown, if that is not what failed, and tell the outside. */
void stop(void) __attribute__((noreturn));

#pragma GCC visibility pop

#endif /* GUEST_HOST_FAIL_H */
