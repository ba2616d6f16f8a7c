/* SPDX-License-Identifier: MIT */
/* A triple fault's place, found by a second run. */
#ifndef EXECUTION_REPLAY_H
#define EXECUTION_REPLAY_H

#include "run/run.h"

/*
 * On AMD a triple fault resets the CPU, which forgets where it came from (APM vol. 2, 15.14.2): run
 * the test again by single steps, and keep the registers before the last one. The test began at that time
 * of clock_ns(). If they are not found, run->why says so, and what may help.
 */
void replay(struct run *run, uint64_t start);

#endif /* EXECUTION_REPLAY_H */
