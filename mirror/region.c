/* SPDX-License-Identifier: MIT */
/* A mapping as a crash report's region. */
#include "mirror/region.h"
#include <sys/mman.h>

struct crash_region region_of(const struct map *map, bool own)
{
	return (struct crash_region){
		.start = map->start,
		.end = map->end,
		.file_offset = map->offset,
		.path = map->path[0] == '/' ? map->path : NULL,
		.prot = (map->read ? PROT_READ : 0) | (map->write ? PROT_WRITE : 0) |
			(map->execute ? PROT_EXEC : 0),
		.own = own,
	};
}
