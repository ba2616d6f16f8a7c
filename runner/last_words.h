/* SPDX-License-Identifier: MIT */
/*
 * A run whose program dies meanwhile, by a signal or an exit() in some thread of its own: that thread
 * waits until the reports are at their end. One of the process. Depends on mock/guard.h, which hears of it.
 */
#ifndef RUNNER_LAST_WORDS_H
#define RUNNER_LAST_WORDS_H

#include "base/error.h"

/* From here on, until last_words_end(), which does not return if the program is dying. Returns 0 or -errno. */
int last_words_begin(struct error *error);
void last_words_end(void);

/* Why the program is dying, or NULL. */
const char *last_words(void);

#endif /* RUNNER_LAST_WORDS_H */
