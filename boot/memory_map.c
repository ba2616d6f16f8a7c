/* SPDX-License-Identifier: MIT */
/* The map of a PC's memory. */
#include "boot/memory_map.h"
#include "base/address.h"

static void add(struct memory_map *map, uint64_t address, uint64_t end, enum memory_map_type type)
{
	if (end > address)
		map->ranges[map->count++] =
			(struct memory_map_range){ address, end - address, type };
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void memory_map_make(struct memory_map *map, uint64_t size, uint64_t low_end, uint64_t high)
{
	map->count = 0;
	add(map, 0, least(size, MEMORY_MAP_BASE_END), MEMORY_MAP_USABLE);
	/* The extended BIOS data area, video memory, ROMs: the firmware's, whatever is there. */
	add(map, MEMORY_MAP_BASE_END, MEMORY_MAP_EXTENDED, MEMORY_MAP_RESERVED);
	add(map, MEMORY_MAP_EXTENDED, least(size, low_end), MEMORY_MAP_USABLE);
	if (size > low_end)
		add(map, high, high + (size - low_end), MEMORY_MAP_USABLE);
}

bool memory_map_is_usable(const struct memory_map *map, uint64_t address, uint64_t size)
{
	size_t i;

	for (i = 0; i < map->count; i++)
		if (map->ranges[i].type == MEMORY_MAP_USABLE &&
		    range_holds(map->ranges[i].address, map->ranges[i].size, address, size))
			return true;
	return false;
}
