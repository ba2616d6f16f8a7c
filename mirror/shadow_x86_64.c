/* SPDX-License-Identifier: MIT */
/* Where AddressSanitizer has its shadow on x86-64 Linux: compiler-rt's asan_mapping.h. */
#include "mirror/shadow.h"
#include "mirror/resident.h"

#define OFFSET 0x7fff8000ull

/* In every program with AddressSanitizer. */
extern void asan_init(void) __asm__("__asan_init") __attribute__((weak));

static bool is_copied(const struct mirror_part *part)
{
	return part->map.write && (part->kind == MIRROR_COPY || (part->kind == MIRROR_SPARSE &&
								 resident_is_searched(&part->map)));
}

bool shadow_next(const struct mirror *mirror, const struct map *map, struct shadow_walk *walk,
		 struct mirror_range *range)
{
	if (!asan_init)
		return false;
	while (walk->part < mirror->part_count) {
		const struct mirror_part *part = &mirror->parts[walk->part++];
		uint64_t start = page_floor((part->map.start >> 3) + OFFSET);
		uint64_t end = page_ceiling((part->map.end >> 3) + OFFSET);

		start = start < map->start ? map->start : start;
		start = start < walk->done ? walk->done : start;
		end = end > map->end ? map->end : end;
		/* The upper half has none. */
		if (start >= end || part->from || !is_copied(part))
			continue;
		walk->done = end;
		*range = (struct mirror_range){ .start = start, .end = end };
		return true;
	}
	return false;
}

/* Above the shadow, and below where its own malloc() has memory, at 6 << 44. */
uint64_t shadow_memory_from(void)
{
	return asan_init ? 4ull << 44 : 0;
}
