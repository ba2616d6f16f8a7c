/* SPDX-License-Identifier: MIT */
/* A line on the results of a run that say little, since a software KVM gets wrong what they used. */
#ifndef REPORT_DOUBTS_H
#define REPORT_DOUBTS_H

#include <ring0/call.h>
#include "base/buffer.h"

struct doubts_list {
	struct buffer names; /* the first few */
	unsigned int count;
};

/* All zero at first. */
struct doubts {
	struct doubts_list passes, failures;
};

/* Take a result into account; `doubts` as in struct outcome. */
void doubts_add(struct doubts *all, const char *name, enum r0_verdict verdict, unsigned int doubts);

/* The line, for free(), or NULL if there is nothing to say. Releases what was taken. */
char *doubts_take(struct doubts *all);

#endif /* REPORT_DOUBTS_H */
