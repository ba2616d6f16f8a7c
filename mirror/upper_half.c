/* SPDX-License-Identifier: MIT */
/* The section of `ring0 objects --upper` in the program. */
#include "mirror/upper_half.h"
#include <elf.h>
#include <errno.h>

/* Weak, as most programs have none; hidden, so that they are this program's own. */
extern const struct r0_upper_half __start_r0_upper_half[]
	__attribute__((weak, visibility("hidden")));
extern const struct r0_upper_half __stop_r0_upper_half[]
	__attribute__((weak, visibility("hidden")));

size_t upper_half_list(const struct r0_upper_half **segments)
{
	*segments = __start_r0_upper_half;
	/* As numbers: the compiler takes two arrays for distinct objects. */
	return ((uintptr_t)__stop_r0_upper_half - (uintptr_t)__start_r0_upper_half) /
	       sizeof(**segments);
}

static uint64_t end_of(const struct r0_upper_half *segment)
{
	return page_ceiling(segment->address + segment->memory_size);
}

const struct r0_upper_half *upper_half_find(uint64_t address)
{
	const struct r0_upper_half *segments;
	size_t count = upper_half_list(&segments), i;

	for (i = 0; i < count; i++)
		if (range_holds(segments[i].address, segments[i].memory_size, address, 1))
			return &segments[i];
	return NULL;
}

uint64_t upper_half_source(uint64_t address)
{
	const struct r0_upper_half *segment = upper_half_find(address);

	return segment ? (uint64_t)segment->bytes + (address - segment->address) : address;
}

/* The file and the place in it are those of the data, for who reads code from files. */
static void add(struct mirror *mirror, const struct r0_upper_half *segment)
{
	size_t at = mirror->part_count++;
	const uint64_t from = (uint64_t)segment->bytes;
	struct map map = {
		.start = segment->address,
		.end = end_of(segment),
		.path = "",
		.read = true,
		.write = segment->flags & PF_W,
		.execute = segment->flags & PF_X,
	};
	size_t i;

	for (i = 0; i < mirror->maps.count; i++) {
		const struct map *data = &mirror->maps.entries[i];

		if (from < data->start || from >= data->end)
			continue;
		map.path = data->path;
		map.offset = data->offset + (from - data->start);
	}
	/* Parts are by address. */
	for (; at && mirror->parts[at - 1].map.start > map.start; at--)
		mirror->parts[at] = mirror->parts[at - 1];
	mirror->parts[at] = (struct mirror_part){
		.map = map,
		.kind = MIRROR_COPY,
		.from = from,
		.from_size = segment->size,
	};
}

void upper_half_add(struct mirror *mirror)
{
	const struct r0_upper_half *segments;
	size_t count = upper_half_list(&segments), i;

	for (i = 0; i < count; i++)
		add(mirror, &segments[i]);
}

/* What .ram may have of it: see mirror/memory_add.c. */
#define DIRECT_MOST (1ull << 46)

static int check_segment(const struct r0_upper_half *segment, uint64_t direct_map,
			 struct error *error)
{
	const uint64_t address = segment->address, size = segment->memory_size;

	/* Not to the very end, so that its end is an address, too. */
	if (!(address >> 63) || address % PAGE_SIZE || !size || size > -address - PAGE_SIZE ||
	    segment->size > size || !page_table_has(address, end_of(segment) - 1))
		return error_set(
			error, EINVAL,
			"the program has objects at %#llx, of %#llx bytes, which is not in the "
			"upper half of addresses",
			(unsigned long long)address, (unsigned long long)size);
	if (ranges_overlap(address, end_of(segment) - address, direct_map, DIRECT_MOST))
		return error_set(
			error, EINVAL,
			"the program has objects at %#llx, where ring 0 has its direct map, from "
			"%#llx to %#llx: link them elsewhere (ring0 objects --upper=ADDRESS)",
			(unsigned long long)address, (unsigned long long)direct_map,
			(unsigned long long)(direct_map + DIRECT_MOST));
	return 0;
}

int upper_half_check(uint64_t direct_map, struct error *error)
{
	const struct r0_upper_half *segments;
	size_t count = upper_half_list(&segments), i, j;
	int err = 0;

	for (i = 0; i < count && !err; i++) {
		err = check_segment(&segments[i], direct_map, error);
		for (j = 0; j < i && !err; j++)
			if (ranges_overlap(segments[i].address,
					   end_of(&segments[i]) - segments[i].address,
					   segments[j].address,
					   end_of(&segments[j]) - segments[j].address))
				err = error_set(
					error, EINVAL,
					"the program has objects at %#llx twice: give all objects to "
					"one `ring0 objects --upper`, or one of them another address",
					(unsigned long long)segments[i].address);
	}
	return err;
}
