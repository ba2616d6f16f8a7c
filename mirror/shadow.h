/* SPDX-License-Identifier: MIT */
/*
 * AddressSanitizer's shadow is too large to be searched for pages with content, and must not come in page by page when a
 * test touches it: by then the process has allocated and freed other memory than the mirror knows. So what
 * shadows the mirrored mappings is copied with them. Of the architecture.
 */
#ifndef MIRROR_SHADOW_H
#define MIRROR_SHADOW_H

#include "mirror/mirror.h"

/* Between two ranges of a shadow; all zero at first. */
struct shadow_walk {
	size_t part;
	uint64_t done;
};

/*
 * The next range of whole pages in this mapping that shadows memory which the mirror copies. False when there is none
 * left, or the program has no AddressSanitizer. The ranges come by address, no page twice.
 */
bool shadow_next(const struct mirror *mirror, const struct map *map, struct shadow_walk *walk,
		 struct mirror_range *range);

/*
 * From which address on memory that a test maps may be, so that it has a shadow, and nothing else is likely to be
 * there. 0 if any will do, as the program has no AddressSanitizer.
 */
uint64_t shadow_memory_from(void);

#endif /* MIRROR_SHADOW_H */
