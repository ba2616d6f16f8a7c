/* SPDX-License-Identifier: MIT */
/* Adding to a VM's memory until the next reset. Depends on memory.h's structure, and kvm/. */
#ifndef MIRROR_MEMORY_ADD_H
#define MIRROR_MEMORY_ADD_H

#include "mirror/memory.h"

/*
 * Add zeroed memory at guest-physical [from, to), or make room for a mocked range there, until the
 * next reset: reached through the direct map, and at the same virtual addresses where those are
 * free. Return 0; -EINVAL with a message for a range that is not whole pages (of RAM), empty, past
 * the CPU's physical address bits, or taken; -ENOSPC, -ENOMEM.
 */
int memory_add_ram(struct memory *memory, uint64_t from, uint64_t to, struct error *error);
int memory_add_window(struct memory *memory, uint64_t first, uint64_t last, struct error *error);

/* Zeroed memory of MEMORY_HEAP_SIZE for memory_map(), at memory->heap. Returns 0, -ENOMEM or as above. */
int memory_add_heap(struct memory *memory, struct error *error);

/*
 * Map whole pages of such memory where memory->heap_moved moves them to, or at an address. Return 0; -EEXIST with a
 * message if that is not a page's in the lower half, or not all of it is free; -ENOSPC.
 */
int memory_add_moved(struct memory *memory, uint64_t physical, uint64_t size, struct error *error);
int memory_add_view(struct memory *memory, uint64_t address, uint64_t physical, uint64_t size,
		    struct error *error);

/* All of that is gone. The page tables that it took are for memory_reset() to put back. */
void memory_add_undo(struct memory *memory);

#endif /* MIRROR_MEMORY_ADD_H */
