/* SPDX-License-Identifier: MIT */
/* What a CPU waits for whose time is over. Depends on crash.h and on what the guest runtime notes. */
#ifndef CRASH_WAITING_H
#define CRASH_WAITING_H

#include "crash/crash.h"

/*
 * The place where CPU `number` of `cpu_count` is, "in f (a.c:3)", with what it waits for: add
 * ", waits for `lock`, taken by CPU 1 in g (a.c:7)" or the like, or say instead which fault its handler
 * does not mend. Nothing is changed if it waits for nothing that is known. Slow: for failures only.
 */
void waiting_describe(const struct crash_view *view, unsigned int number, unsigned int cpu_count,
		      char *place, size_t size);

#endif /* CRASH_WAITING_H */
