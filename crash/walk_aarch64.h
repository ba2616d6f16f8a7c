/* SPDX-License-Identifier: MIT */
/* The walk of stage 1 translation tables to an address, in words. Depends on crash.h's view alone. */
#ifndef CRASH_WALK_AARCH64_H
#define CRASH_WALK_AARCH64_H

#include "crash/crash.h"

/* The lines of a report: the registers that say where the tables are, and each descriptor. */
void crash_walk_print(const struct crash_view *view, uint64_t address, FILE *out);

#endif /* CRASH_WALK_AARCH64_H */
