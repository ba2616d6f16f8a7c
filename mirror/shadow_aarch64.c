/* SPDX-License-Identifier: MIT */
/* AddressSanitizer's shadow is none that the mirror knows on arm64: it comes in page by page. */
#include "mirror/shadow.h"

bool shadow_next(const struct mirror *mirror, const struct map *map, struct shadow_walk *walk,
		 struct mirror_range *range)
{
	(void)mirror;
	(void)map;
	(void)walk;
	(void)range;
	return false;
}

uint64_t shadow_memory_from(void)
{
	return 0;
}
