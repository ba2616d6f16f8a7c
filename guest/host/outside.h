/* SPDX-License-Identifier: MIT */
/* How the runtime reaches the outside of the VM, and a mock the program that it runs in. */
#ifndef GUEST_HOST_OUTSIDE_H
#define GUEST_HOST_OUTSIDE_H

#include <ring0/private/abi.h>

#pragma GCC visibility push(hidden)

/*
 * The outside world. Under the host's runner it is the doorbell; a program booted as an image
 * has another table.
 */
struct outside {
	void (*console)(const char *text, size_t length);
	void (*failure)(const struct r0_failure *failure);
	__attribute__((noreturn)) void (*finish)(
		unsigned int message); /* R0_MESSAGE_PASS or _STOP */
	uint64_t (*clock)(void);       /* nanoseconds */
	/* Have r0_wait_halt() end in so many nanoseconds, if nothing else ends it; the clock. */
	uint64_t (*wake)(uint64_t after);
};

extern const struct outside *outside;
extern const struct outside outside_host; /* over the doorbell */

/*
 * The program's side: mocks, which run there, may assert and print, too. NULL until the runner sets it.
 * failure() comes back after an expectation alone.
 */
struct program {
	bool (*in_mock)(void);
	void (*console)(const char *text, size_t length);
	void (*failure)(const struct r0_failure *failure);
};

extern const struct program *program;

#pragma GCC visibility pop

#endif /* GUEST_HOST_OUTSIDE_H */
