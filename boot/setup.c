/* SPDX-License-Identifier: MIT */
/* Room for what a kernel starts with. */
#include "boot/setup.h"
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FOUR_GIB (1ull << 32)

const struct boot_room boot_room_small = { BOOT_ROOM_FROM, FOUR_GIB, 16 };

void boot_setup_init(struct boot_setup *setup, const struct memory_map *map)
{
	*setup = (struct boot_setup){ .map = map };
}

void boot_setup_finish(struct boot_setup *setup)
{
	size_t i;

	for (i = 0; i < setup->segment_count; i++)
		free(setup->segments[i].owned);
	setup->segment_count = 0;
}

/* The first segment that shares an address with [address, address + size), or NULL. */
static const struct boot_segment *overlapped(const struct boot_setup *setup, uint64_t address,
					     uint64_t size)
{
	size_t i;

	for (i = 0; i < setup->segment_count; i++)
		if (ranges_overlap(setup->segments[i].address, setup->segments[i].size, address,
				   size))
			return &setup->segments[i];
	return NULL;
}

bool boot_setup_has(const struct boot_setup *setup, uint64_t address)
{
	return overlapped(setup, address, 1);
}

int boot_setup_add(struct boot_setup *setup, const char *what, uint64_t address,
		   const uint8_t *data, uint64_t data_size, uint64_t size, struct error *error)
{
	const struct boot_segment *other = overlapped(setup, address, size);

	if (!size)
		return 0;
	if (data_size > size)
		return error_set(error, EINVAL,
				 "%s has more data (%#llx bytes) than memory (%#llx)", what,
				 (unsigned long long)data_size, (unsigned long long)size);
	if (!memory_map_is_usable(setup->map, address, size))
		return error_set(
			error, EFAULT,
			"%s belongs at %#llx, %#llx bytes: not all of that is memory that a "
			"kernel may have; more --memory may help",
			what, (unsigned long long)address, (unsigned long long)size);
	if (other)
		return error_set(error, EINVAL,
				 "%s at %#llx, %#llx bytes, overlaps what is at %#llx, %#llx bytes",
				 what, (unsigned long long)address, (unsigned long long)size,
				 (unsigned long long)other->address,
				 (unsigned long long)other->size);
	if (setup->segment_count == BOOT_SETUP_SEGMENTS_MAX)
		return error_set(error, ENOSPC, "%s is one more than the %d parts that can be",
				 what, BOOT_SETUP_SEGMENTS_MAX);
	setup->segments[setup->segment_count++] = (struct boot_segment){
		.address = address,
		.data = data,
		.data_size = data_size,
		.size = size,
	};
	return 0;
}

static uint64_t greatest(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* In one range of memory: move on behind what is in the way. All below 2^63: nothing wraps around. */
static bool find_in(const struct boot_setup *setup, const struct memory_map_range *range,
		    uint64_t size, const struct boot_room *room, uint64_t *address)
{
	uint64_t at = greatest(range->address, room->from);
	const struct boot_segment *other;

	if (range->type != MEMORY_MAP_USABLE)
		return false;
	for (;;) {
		at = (at + room->alignment - 1) & ~(room->alignment - 1);
		if (!range_holds(range->address, range->size, at, size) ||
		    !range_holds(0, room->end, at, size))
			return false;
		other = overlapped(setup, at, size);
		if (!other)
			break;
		at = other->address + other->size;
	}
	*address = at;
	return true;
}

static int find(const struct boot_setup *setup, const char *what, uint64_t size,
		const struct boot_room *room, uint64_t *address, struct error *error)
{
	const struct boot_room anywhere = { PAGE_SIZE, room->end, room->alignment };
	size_t i;

	for (i = 0; i < setup->map->count; i++)
		if (find_in(setup, &setup->map->ranges[i], size, room, address))
			return 0;
	for (i = 0; i < setup->map->count; i++)
		if (find_in(setup, &setup->map->ranges[i], size, &anywhere, address))
			return 0;
	return error_set(error, EFAULT,
			 "there is no room in memory for %s of %#llx bytes; more --memory may help",
			 what, (unsigned long long)size);
}

int boot_setup_place(struct boot_setup *setup, const char *what, const void *data, uint64_t size,
		     const struct boot_room *room, uint64_t *address, struct error *error)
{
	int err = find(setup, what, size, room, address, error);

	if (err)
		return err;
	return boot_setup_add(setup, what, *address, data, data ? size : 0, size, error);
}

int boot_setup_make_room(struct boot_setup *setup, const char *what, uint64_t size,
			 const struct boot_room *room, uint8_t **made, uint64_t *address,
			 struct error *error)
{
	uint8_t *bytes = calloc(1, size);
	int err;

	if (!bytes) {
		error_set(error, ENOMEM, "no memory for %s of %llu bytes", what,
			  (unsigned long long)size);
		return -ENOMEM;
	}
	err = boot_setup_place(setup, what, bytes, size, room, address, error);
	if (err) {
		free(bytes);
		return err;
	}
	setup->segments[setup->segment_count - 1].owned = bytes;
	*made = bytes;
	return 0;
}

int boot_setup_place_text(struct boot_setup *setup, const char *what, const char *text,
			  uint64_t *address, struct error *error)
{
	size_t size = strlen(text) + 1;
	uint8_t *made = NULL;
	int err = boot_setup_make_room(setup, what, size, &boot_room_small, &made, address, error);

	if (!err)
		memcpy(made, text, size);
	return err;
}

int boot_setup_add_elf(struct boot_setup *setup, const struct elf_file *file, struct error *error)
{
	struct elf_segment segment;
	bool has_any = false;
	unsigned int i;
	int err;

	for (i = 0; i < file->segment_count; i++) {
		err = elf_file_segment(file, i, &segment, error);
		if (err)
			return err;
		if (segment.type != PT_LOAD || !segment.memory_size)
			continue;
		err = boot_setup_add(setup, "a segment of it", segment.physical_address,
				     file->image.data + segment.offset, segment.file_size,
				     segment.memory_size, error);
		if (err)
			return err;
		has_any = true;
	}
	if (!has_any)
		return error_set(error, ENOEXEC, "it has nothing to load: no segment of type LOAD");
	return 0;
}

uint64_t boot_setup_end(const struct boot_setup *setup)
{
	uint64_t end = 0;
	size_t i;

	for (i = 0; i < setup->segment_count; i++)
		end = greatest(end, setup->segments[i].address + setup->segments[i].size);
	return end;
}
