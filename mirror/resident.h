/* SPDX-License-Identifier: MIT */
/* Which pages of a mapping have content. */
#ifndef MIRROR_RESIDENT_H
#define MIRROR_RESIDENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "mirror/maps.h"

#define GIB (1ull << 30)

/*
 * A mapping's pages with content, a window at a time: nothing is allocated while the process is
 * copied, since that would change what is copied.
 */
struct resident {
	uint64_t start;
	size_t count;
	bool is[512];
};

/* The window from `at` on, before `end`, by /proc/self/pagemap; every page of it is resident where that can't be told. */
void resident_look(struct resident *window, const struct map *map, int pagemap, uint64_t at,
		   uint64_t end);

/* Whether looking for its resident pages is worth the time. */
bool resident_is_searched(const struct map *map);

/* How many there are of [start, end). */
uint64_t resident_count(const struct map *map, uint64_t start, uint64_t end, int pagemap);

#endif /* MIRROR_RESIDENT_H */
