/* SPDX-License-Identifier: MIT */
/*
 * Which guest-physical addresses are memory that a kernel may use, as every protocol tells it: the map
 * of a PC's firmware (ACPI 6.5, 15). Pure.
 */
#ifndef BOOT_MEMORY_MAP_H
#define BOOT_MEMORY_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Types of addresses: ACPI 6.5, table 15.6. Multiboot and PVH have the same numbers. */
enum memory_map_type {
	MEMORY_MAP_USABLE = 1,
	MEMORY_MAP_RESERVED = 2,
};

struct memory_map_range {
	uint64_t address, size;
	enum memory_map_type type;
};

struct memory_map {
	struct memory_map_range ranges[8]; /* by address; none overlaps another */
	size_t count;
};

/* Where the firmware's own begins, below 640 KiB, and where it ends. */
#define MEMORY_MAP_BASE_END 0x9fc00ul
#define MEMORY_MAP_EXTENDED 0x100000ul

/* The map of a machine with `size` bytes of memory, the part beyond `low_end` of which is at `high`. */
void memory_map_make(struct memory_map *map, uint64_t size, uint64_t low_end, uint64_t high);

/* Whether [address, address + size) is usable, all of it in one range. */
bool memory_map_is_usable(const struct memory_map *map, uint64_t address, uint64_t size);

#endif /* BOOT_MEMORY_MAP_H */
