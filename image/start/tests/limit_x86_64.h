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
	const char *source;	 /* what keeps the time, in words */
	const char *why_no_init; /* why limits can't be by INIT, or NULL */
};

extern struct limit limit_state;

/*
 * Choose the timer: as asked for, or the best that there is. `by_init`: some limits are to be by INIT.
 */
void limit_init(enum words_limit wanted, bool by_init, uint64_t wait_halted);

/*
 * A test begins, and is to end within so many nanoseconds; `halts`: in HLT, with interrupts off. `by_init`: by INIT, which
 * needs no gate of the test's, and does not tell where it was, if that can be; then nothing looks for HLT.
 */
void limit_begin(uint64_t nanoseconds, bool halts, bool by_init);
void limit_end(void);

/* Have r0_wait_halt() end in so many nanoseconds. */
void limit_wake(uint64_t nanoseconds);

/*
 * Between tests: have INIT come, which puts the local APIC back to what it was after a reset, on most CPUs even one that was
 * turned off. False if it doesn't come.
 */
bool limit_revive(void);

/* An NMI, with the test's CR3: 1 if it was the limit's; it may leave the test, too. */
int limit_nmi(struct r0_frame *frame, uint64_t cr3);

#endif /* IMAGE_START_TESTS_LIMIT_X86_64_H */
