/* SPDX-License-Identifier: MIT */
/* What guest/test/wait.c leaves to the architecture. */
#ifndef GUEST_TEST_WAIT_OWN_H
#define GUEST_TEST_WAIT_OWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Whether interrupts are on is in the CPU's flags: as they are, put back as they were, and set. */
uint64_t wait_flags(void);
void wait_restore(uint64_t flags);
bool wait_is_on(uint64_t flags);
void wait_interrupts_on(void);

/* What the interrupt controllers hold, of which `vector` did not come; the length of that text. */
size_t wait_describe(uint64_t flags, int vector, char *text, size_t size);

/* How it is told. */
extern const struct wait_own_words {
	const char *on;	    /* interrupts were off before, and on for the time of the wait */
	const char *halted; /* it waited that way … */
	const char *busily; /* … or this */
	const char *gate;   /* the vector, in this format, does not come to the runtime */
} wait_own_words;

#pragma GCC visibility pop

#endif /* GUEST_TEST_WAIT_OWN_H */
