/* SPDX-License-Identifier: MIT */
/* What a run needs besides its machine, from before it starts until it is told of. */
#ifndef EXECUTION_PARTS_H
#define EXECUTION_PARTS_H

#include "run/run.h"

/*
 * Set up what the job declares and have the machine stand before its first instruction. Returns 0 or
 * -errno, with the run's complaint; parts_end() is due in either case.
 */
int parts_begin(struct run *run);
void parts_end(struct run *run);

#endif /* EXECUTION_PARTS_H */
