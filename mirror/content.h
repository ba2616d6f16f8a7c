/* SPDX-License-Identifier: MIT */
/*
 * The content of a mirror that is being built: a part's frames, filled from the process's memory and mapped in both sets of
 * page tables. All return 0, -ENOSPC without frames, or what the copying or the mapping failed with.
 */
#ifndef MIRROR_CONTENT_H
#define MIRROR_CONTENT_H

#include <stdint.h>
#include "mirror/mirror.h"

/* What page_table_map() calls the rights of a mapping. */
unsigned int content_rights_of(const struct map *map);

/* Map whole pages for ring 0 and for ring 3. */
int content_map(struct mirror *mirror, uint64_t start, uint64_t size, uint64_t physical,
		unsigned int rights);

/* Copy process memory from an address into frames at a guest-physical one; what can't be read is left zero. */
int content_copy(struct mirror *mirror, uint64_t from, uint64_t size, uint64_t to);

/* A part of its kind: MIRROR_COPY; MIRROR_SPARSE, of which the pages with content. `pagemap` is /proc/self/pagemap. */
int content_copy_part(struct mirror *mirror, struct mirror_part *part, int pagemap);
int content_copy_sparse(struct mirror *mirror, const struct mirror_part *part, int pagemap);

/* MIRROR_DIRECT, at the guest-physical *next, which goes on behind it. Parts next to each other become one slot. */
int content_show_direct(struct mirror *mirror, struct mirror_part *part, uint64_t *next);

#endif /* MIRROR_CONTENT_H */
