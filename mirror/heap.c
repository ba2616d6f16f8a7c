/* SPDX-License-Identifier: MIT */
/* Which pages of a region are in use: a sorted list of ranges. */
#include "mirror/heap.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Make room for one more range at `at`. */
static int insert(struct heap *heap, size_t at, uint64_t start, uint64_t end)
{
	struct mirror_range *used = realloc(heap->used, (heap->count + 1) * sizeof(*used));

	if (!used)
		return -ENOMEM;
	heap->used = used;
	memmove(&used[at + 1], &used[at], (heap->count - at) * sizeof(*used));
	used[at] = (struct mirror_range){ start, end };
	heap->count++;
	return 0;
}

static void drop(struct heap *heap, size_t at)
{
	heap->count--;
	memmove(&heap->used[at], &heap->used[at + 1], (heap->count - at) * sizeof(*heap->used));
}

int heap_take(struct heap *heap, uint64_t size, uint64_t *address)
{
	uint64_t at = heap->start;
	size_t i;

	if (!size || size > heap->end - heap->start)
		return -ENOMEM;
	size = page_ceiling(size);
	for (i = 0; i < heap->count && heap->used[i].start - at < size; i++)
		at = heap->used[i].end;
	if (heap->end - at < size)
		return -ENOMEM;
	*address = at;
	/* Grow the one before it, which it touches unless it is the first. */
	if (i) {
		heap->used[i - 1].end += size;
	} else if (heap->count && heap->used[0].start == at + size) {
		heap->used[0].start = at;
		return 0;
	} else {
		return insert(heap, 0, at, at + size);
	}
	if (i < heap->count && heap->used[i].start == heap->used[i - 1].end) {
		heap->used[i - 1].end = heap->used[i].end;
		drop(heap, i);
	}
	return 0;
}

int heap_give(struct heap *heap, uint64_t address, uint64_t size)
{
	uint64_t start, end;
	size_t i = 0;

	if (!size || address >= heap->end)
		return 0;
	start = page_floor(address);
	end = size > heap->end - address ? heap->end : page_ceiling(address + size);
	while (i < heap->count) {
		struct mirror_range *range = &heap->used[i];

		if (range->end <= start || range->start >= end) {
			i++;
		} else if (range->start >= start && range->end <= end) {
			drop(heap, i);
		} else if (range->start < start && range->end > end) {
			uint64_t last = range->end;
			int err = insert(heap, i + 1, end, last);

			if (err)
				return err;
			heap->used[i].end = start;
			return 0;
		} else if (range->start < start) {
			range->end = start;
			i++;
		} else {
			range->start = end;
			i++;
		}
	}
	return 0;
}

void heap_finish(struct heap *heap)
{
	free(heap->used);
	*heap = (struct heap){ 0 };
}
