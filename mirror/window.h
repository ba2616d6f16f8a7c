/* SPDX-License-Identifier: MIT */
/* Guest-physical memory at virtual addresses that a test's code assumes. */
#ifndef MIRROR_WINDOW_H
#define MIRROR_WINDOW_H

#include "mirror/memory.h"

/*
 * Map guest-physical [physical, physical + size) at a virtual address, for ring 0 to read and write, until the
 * next reset. Returns 0; -EINVAL with a message for a range that is not whole pages, empty, past what there
 * can be, or where something is mapped; -ENOSPC.
 */
int window_open(struct memory *memory, uint64_t virtual_address, uint64_t physical, uint64_t size,
		struct error *error);

#endif /* MIRROR_WINDOW_H */
