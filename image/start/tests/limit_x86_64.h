/* SPDX-License-Identifier: MIT */
/*
 * A test's time limit, and a look at whether it has halted for good: by NMIs of a timer, which nothing that a test
 * does to RFLAGS.IF or its handlers keeps away.
 */
#ifndef IMAGE_START_TESTS_LIMIT_X86_64_H
#define IMAGE_START_TESTS_LIMIT_X86_64_H

#include <ring0/fault.h>
#include <ring0/private/types.h>
#include "image/start/payload/words.h"

struct limit {
	bool has_timer;
	const char *source; /* what keeps the time, in words */
};

extern struct limit limit_state;

/* Choose the timer: as asked for, or the best that there is. */
void limit_init(enum words_limit wanted, uint64_t wait_halted);

/* A test begins, and is to end within so many nanoseconds; `halts`: in HLT, with interrupts off. */
void limit_begin(uint64_t nanoseconds, bool halts);
void limit_end(void);

/* Have r0_wait_halt() end in so many nanoseconds. */
void limit_wake(uint64_t nanoseconds);

/* An NMI, with the test's CR3: 1 if it was the limit's; it may leave the test, too. */
int limit_nmi(struct r0_frame *frame, uint64_t cr3);

#endif /* IMAGE_START_TESTS_LIMIT_X86_64_H */
