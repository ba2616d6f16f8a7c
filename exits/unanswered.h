/* SPDX-License-Identifier: MIT */
/* An access of the test's that nothing answers, in words. */
#ifndef EXITS_UNANSWERED_H
#define EXITS_UNANSWERED_H

#include "run/run.h"

/* Have the run's complaint say what the last access was that its machine's bus left unhandled, with a hint if there is one. */
void unanswered_describe(struct run *run);

#endif /* EXITS_UNANSWERED_H */
