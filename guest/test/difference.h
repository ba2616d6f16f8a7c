/* SPDX-License-Identifier: MIT */
/* Where two strings or two pieces of memory differ, as far as they can be read. */
#ifndef GUEST_TEST_DIFFERENCE_H
#define GUEST_TEST_DIFFERENCE_H

#include <ring0.h>
#include "guest/text/message.h"

#pragma GCC visibility push(hidden)

/* Around where they differ, or that they are the same where they shall not be. NULL is a string of its own. */
void difference_add_texts(struct message *message, const struct r0_site *site, const char *a,
			  const char *b);

/* How much differs, and the first rows that do. */
void difference_add_memory(struct message *message, const char *a, const char *b, size_t size);

#pragma GCC visibility pop

#endif /* GUEST_TEST_DIFFERENCE_H */
