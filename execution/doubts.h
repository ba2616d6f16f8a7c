/* SPDX-License-Identifier: MIT */
/* Which doubts there are about a run: see verdict/doubt.h. Of the architecture. */
#ifndef EXECUTION_DOUBTS_H
#define EXECUTION_DOUBTS_H

#include "run/run.h"
#include "verdict/doubt.h"

/*
 * The doubts about a run that is over: with `failed` all, at the cost of a few ioctls; if not, those
 * of passes. DOUBT_FLUSHES may come with the reset.
 */
unsigned int doubts_of(const struct run *run, bool failed);

/* Whether what is in place of functions may have led elsewhere than to the runtime's handler. */
bool doubts_own_handlers(const struct run *run);

#endif /* EXECUTION_DOUBTS_H */
