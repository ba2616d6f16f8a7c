/* SPDX-License-Identifier: MIT */
/* What the assembly that `ring0 objects --upper` writes and the library agree on: command/objects/upper_x86_64.c. */
#ifndef RING0_PRIVATE_UPPER_HALF_H
#define RING0_PRIVATE_UPPER_HALF_H

#include <ring0/private/types.h>

/*
 * A segment of a kernel's objects that are linked in the upper half: section r0_upper_half of the program has
 * all of them, one behind the other.
 */
struct r0_upper_half {
	uint64_t address;     /* where it was linked: whole pages from there on */
	const uint8_t *bytes; /* its content, at a page's start, in the program's read-only data */
	uint64_t size;	      /* of that, in bytes */
	uint64_t memory_size; /* with what is zero behind it */
	uint64_t flags;	      /* PF_R, PF_W, PF_X */
};

#endif /* RING0_PRIVATE_UPPER_HALF_H */
