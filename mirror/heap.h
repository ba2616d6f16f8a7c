/* SPDX-License-Identifier: MIT */
/*
 * Which pages of a region a test's anonymous mmap() was given: first fit, each range once. Pure: it
 * touches none of them.
 */
#ifndef MIRROR_HEAP_H
#define MIRROR_HEAP_H

#include "mirror/mirror.h"

/* A region [start, end) of whole pages; all of it is free while `used` is NULL. */
struct heap {
	uint64_t start, end;
	struct mirror_range *used; /* by address, none touching the next */
	size_t count;
};

/*
 * Take a range of `size` bytes, rounded up to whole pages. Returns 0; -ENOMEM if no hole is that large,
 * or there is no memory for the list.
 */
int heap_take(struct heap *heap, uint64_t size, uint64_t *address);

/*
 * Give back what is used of the pages that `size` bytes at `address` are in; the rest stays as it is,
 * as with munmap(). Returns 0; -ENOMEM if there is no memory for the list.
 */
int heap_give(struct heap *heap, uint64_t address, uint64_t size);

void heap_finish(struct heap *heap);

#endif /* MIRROR_HEAP_H */
