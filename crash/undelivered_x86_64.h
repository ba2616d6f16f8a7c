/* SPDX-License-Identifier: MIT */
/*
 * After a triple fault: which exception it was that could not be delivered, and why. Depends on
 * crash_walk.h, crash_exception.h and crash_child.h.
 */
#ifndef CRASH_UNDELIVERED_X86_64_H
#define CRASH_UNDELIVERED_X86_64_H

#include "crash/child.h"

struct crash_undelivered {
	int vector;	  /* -1 if it is not known */
	uint64_t address; /* of the access that raised it, if cause is about one */
	char cause[512];  /* why the instruction raised it; may be empty */
	char reason[512]; /* why it was not delivered; may be empty */
	/* Why #DF was not delivered either; may be empty. */
	char double_fault[512];
};

void crash_undelivered_find(const struct crash_view *view, const struct crash_child *child,
			    struct crash_undelivered *found);

/*
 * Put why the CPU could not deliver that vector into reason: "" if nothing forbids it. True if
 * something does. `software` is for INT n, whose gate's DPL counts.
 */
bool crash_undelivered_reason(const struct crash_view *view, int vector, bool software,
			      char *reason, size_t size);

#endif /* CRASH_UNDELIVERED_X86_64_H */
