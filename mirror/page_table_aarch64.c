/* SPDX-License-Identifier: MIT */
/*
 * Building and walking the translation tables of EL1 and EL0: 4 KiB granule, 48 bits, four levels. Arm ARM, D8.2 and
 * D8.3. There is a root for each half of the addresses (TTBR0_EL1, TTBR1_EL1): two frames, one behind the other.
 */
#include "mirror/page_table.h"
#include <errno.h>
#include <stddef.h>
#include "base/page_walk_aarch64.h"

#define BLOCK_SIZE (1ul << 21)
#define HUGE_SIZE  (1ul << 30)

/* Index 0 and 1 of MAIR_EL1: machine/entry_aarch64.c. */
#define NORMAL 0u
#define DEVICE 1u

uint64_t page_table_make(struct frames *frames)
{
	return frames_take(frames, 2);
}

/* 48 bits in each half; the top byte of the lower is free for a tag, which is none of what is mapped. */
bool page_table_has(uint64_t start, uint64_t last)
{
	return start <= last && (last < 1ull << 48 || start >= -(1ull << 48));
}

static uint64_t root_of(uint64_t root, uint64_t address)
{
	return address >> 55 & 1 ? root + PAGE_SIZE : root;
}

static uint64_t *entry_at(const struct frames *frames, uint64_t table, uint64_t address,
			  unsigned int level)
{
	uint64_t *entries = frames_at(frames, table);

	return entries ? &entries[page_walk_index(address, level)] : NULL;
}

/* The table below an entry; made if absent. The upper levels allow all, the lowest decides. */
static int descend(struct frames *frames, uint64_t *entry, uint64_t in, uint64_t *below)
{
	if (!(*entry & DESCRIPTOR_VALID)) {
		uint64_t table = frames_take(frames, 1);

		if (!table)
			return -ENOSPC;
		frames_touch(frames, table, PAGE_SIZE);
		frames_touch(frames, in, PAGE_SIZE);
		*entry = table | DESCRIPTOR_VALID | DESCRIPTOR_TABLE;
	} else if (!(*entry & DESCRIPTOR_TABLE)) {
		return -EEXIST;
	}
	*below = *entry & DESCRIPTOR_ADDRESS;
	return 0;
}

static int map_one(struct frames *frames, uint64_t root, uint64_t address, uint64_t value,
		   unsigned int lowest)
{
	uint64_t table = root_of(root, address);
	uint64_t *entry;
	unsigned int level;
	int err;

	for (level = 0; level < lowest; level++) {
		entry = entry_at(frames, table, address, level);
		if (!entry)
			return -EFAULT;
		err = descend(frames, entry, table, &table);
		if (err)
			return err;
	}
	entry = entry_at(frames, table, address, lowest);
	if (!entry)
		return -EFAULT;
	if (lowest < PAGE_WALK_LAST && *entry & DESCRIPTOR_VALID && *entry & DESCRIPTOR_TABLE)
		return -EEXIST;
	*entry = value;
	frames_touch(frames, table, PAGE_SIZE);
	return 0;
}

/* A table outside the frames is none. */
static bool read_entry(void *context, uint64_t at, uint64_t *entry)
{
	const uint64_t *entries = frames_at(context, at);

	if (entries)
		*entry = entries[(at & (PAGE_SIZE - 1)) / sizeof(*entry)];
	return entries;
}

/* The descriptor's attributes: without its address, and without what tells a page from a block. */
static bool look_up(const struct frames *frames, uint64_t root, uint64_t address,
		    uint64_t *physical, uint64_t *bits)
{
	struct page_walk walk;

	if (!page_table_has(address, address))
		return false;
	page_walk(&walk, root_of(root, address), address, read_entry, (void *)frames);
	if (!walk.mapped)
		return false;
	*physical = walk.physical;
	*bits = walk.entries[walk.count - 1].value & ~(DESCRIPTOR_ADDRESS | DESCRIPTOR_TABLE);
	return true;
}

/* Whether a block in the way maps the address as a page of those attributes would. */
static bool is_mapped_so(const struct frames *frames, uint64_t root, uint64_t address,
			 uint64_t physical, uint64_t wanted)
{
	uint64_t bits, found;

	return look_up(frames, root, address, &found, &bits) && found == physical && bits == wanted;
}

/*
 * With the access flag set, so that the CPU has no reason to fault or to write. All is non-global: EL1's and EL0's
 * tables have an ASID each. EL1 never executes what EL0 may, for EL0's tables are not EL1's to run on.
 */
static uint64_t bits_of(unsigned int rights)
{
	const bool user = rights & PAGE_USER, executable = rights & PAGE_EXECUTE;
	uint64_t bits = DESCRIPTOR_VALID | DESCRIPTOR_AF | DESCRIPTOR_NG |
			DESCRIPTOR_INNER_SHAREABLE |
			DESCRIPTOR_ATTRIBUTES(rights & PAGE_DEVICE ? DEVICE : NORMAL);

	if (!(rights & PAGE_WRITE))
		bits |= DESCRIPTOR_READ_ONLY;
	if (user)
		bits |= DESCRIPTOR_USER;
	if (user || !executable)
		bits |= DESCRIPTOR_PXN;
	if (!user || !executable)
		bits |= DESCRIPTOR_UXN;
	return bits;
}

static unsigned int rights_of(uint64_t bits)
{
	const bool user = bits & DESCRIPTOR_USER;
	const uint64_t never = user ? DESCRIPTOR_UXN : DESCRIPTOR_PXN;

	return (bits & DESCRIPTOR_READ_ONLY ? 0 : PAGE_WRITE) | (user ? PAGE_USER : 0) |
	       (bits & never ? 0 : PAGE_EXECUTE) |
	       (DESCRIPTOR_ATTRIBUTES_OF(bits) == DEVICE ? PAGE_DEVICE : 0);
}

int page_table_map(struct frames *frames, uint64_t root, r0_gva gva, r0_gpa gpa, uint64_t size,
		   unsigned int rights, bool large)
{
	const uint64_t bits = bits_of(rights);
	uint64_t address = gva.value, physical = gpa.value, left = size;

	while (left) {
		bool block = large && !((address | physical) & (BLOCK_SIZE - 1)) &&
			     left >= BLOCK_SIZE;
		uint64_t step = block ? BLOCK_SIZE : PAGE_SIZE;
		int err = block ? map_one(frames, root, address, physical | bits,
					  PAGE_WALK_LAST - 1) :
				  -EEXIST;

		if (err == -EEXIST) {
			/* Pages, also where some are already. */
			step = PAGE_SIZE;
			err = map_one(frames, root, address, physical | bits | DESCRIPTOR_TABLE,
				      PAGE_WALK_LAST);
		}
		if (err == -EEXIST && is_mapped_so(frames, root, address, physical, bits))
			err = 0;
		if (err)
			return err;
		address += step;
		physical += step;
		left -= step;
	}
	return 0;
}

bool page_table_walk(const struct frames *frames, uint64_t root, r0_gva gva, r0_gpa *gpa,
		     unsigned int *rights)
{
	uint64_t bits;

	if (!look_up(frames, root, gva.value, &gpa->value, &bits))
		return false;
	if (rights)
		*rights = rights_of(bits);
	return true;
}

int64_t page_table_map_gigabytes(struct frames *frames, uint64_t root, r0_gva gva, uint64_t size)
{
	const uint64_t bits = bits_of(PAGE_WRITE);
	uint64_t most = 512 * HUGE_SIZE, table = frames_take(frames, 1), at;
	uint64_t *entries = frames_at(frames, root_of(root, gva.value));

	if (!table)
		return -ENOSPC;
	entries[page_walk_index(gva.value, 0)] = table | DESCRIPTOR_VALID | DESCRIPTOR_TABLE;
	entries = frames_at(frames, table);
	size = size < most ? size : most;
	for (at = 0; at < size; at += HUGE_SIZE)
		entries[at / HUGE_SIZE] = at | bits;
	return (int64_t)size;
}

uint64_t page_table_cost(uint64_t start, uint64_t end)
{
	uint64_t cost = 0;
	unsigned int level;

	for (level = 0; level < PAGE_WALK_LAST; level++)
		cost += ((end - 1) >> page_walk_shift(level)) - (start >> page_walk_shift(level)) +
			1;
	return cost;
}
