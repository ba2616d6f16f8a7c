/* SPDX-License-Identifier: MIT */
/* What a run needs besides its machine, from before it starts until it is told of. */
#ifndef EXECUTION_BEGIN_H
#define EXECUTION_BEGIN_H

#include "run/run.h"

/*
 * Set up what the job declares and have the machine stand before its first instruction. Returns 0 or
 * -errno, with the run's complaint; execution_finish() is due in either case.
 */
int execution_begin(struct execution *run);
void execution_finish(struct execution *run);

#endif /* EXECUTION_BEGIN_H */
