/* SPDX-License-Identifier: MIT */
/* Pages with content, by what the kernel says of them. */
#include "mirror/resident.h"
#include <string.h>
#include "base/address.h"

/* In larger ones, sanitizers' shadows, even looking for the touched pages takes too long. */
#define SEARCH_LIMIT (64 * GIB)

void resident_look(struct resident *window, const struct map *map, int pagemap, uint64_t at,
		   uint64_t end)
{
	uint64_t left = (end - at) / PAGE_SIZE;
	const size_t most = sizeof(window->is);

	window->start = at;
	window->count = left < most ? left : most;
	if (!map_is_anonymous(map) || pagemap < 0 ||
	    maps_resident(pagemap, at, window->count, window->is) != 0)
		memset(window->is, true, window->count);
}

bool resident_is_searched(const struct map *map)
{
	return map_is_anonymous(map) && map->end - map->start <= SEARCH_LIMIT;
}

uint64_t resident_count(const struct map *map, uint64_t start, uint64_t end, int pagemap)
{
	uint64_t count = 0, at;
	struct resident window;
	size_t page;

	for (at = start; at < end; at += window.count * PAGE_SIZE) {
		resident_look(&window, map, pagemap, at, end);
		for (page = 0; page < window.count; page++)
			count += window.is[page];
	}
	return count;
}
