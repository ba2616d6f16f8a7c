/* SPDX-License-Identifier: MIT */
/*
 * The walk of stage 1 translation tables with 4 KiB granule and 48 bits of address (Arm ARM, D8.2 and D8.3), of which
 * the mirror and the crash reports each make their own: what is mapped, and why not.
 */
#ifndef BASE_PAGE_WALK_AARCH64_H
#define BASE_PAGE_WALK_AARCH64_H

#include <stdbool.h>
#include <stdint.h>

/* Descriptors: Arm ARM, D8.3. */
#define DESCRIPTOR_VALID	     (1ull << 0)
#define DESCRIPTOR_TABLE	     (1ull << 1) /* and, at the last level, a page; else a block */
#define DESCRIPTOR_ATTRIBUTES(index) ((uint64_t)(index) << 2) /* of MAIR_EL1 */
#define DESCRIPTOR_ATTRIBUTES_OF(d)  ((unsigned int)((d) >> 2 & 7))
#define DESCRIPTOR_USER		     (1ull << 6) /* AP[1]: EL0 may, too */
#define DESCRIPTOR_READ_ONLY	     (1ull << 7) /* AP[2] */
#define DESCRIPTOR_INNER_SHAREABLE   (3ull << 8)
#define DESCRIPTOR_AF		     (1ull << 10)
#define DESCRIPTOR_NG		     (1ull << 11)
#define DESCRIPTOR_ADDRESS	     0x0000fffffffff000ull
#define DESCRIPTOR_PXN		     (1ull << 53)
#define DESCRIPTOR_UXN		     (1ull << 54)

#define PAGE_WALK_LAST 3u /* levels are numbered from 0 on, downwards */

struct page_walk_entry {
	uint64_t address; /* guest-physical, of the descriptor */
	uint64_t value;	  /* 0 unless readable */
	unsigned int level;
	bool readable; /* the table is in memory */
	bool leaf;     /* maps a page or a block: no further level */
};

/* The descriptors that were read, from level 0 down to where it ended. */
struct page_walk {
	bool mapped;
	uint64_t physical; /* if mapped */
	unsigned int count;
	struct page_walk_entry entries[PAGE_WALK_LAST + 1];
};

/* A descriptor of that level maps 1 << shift bytes. */
static inline unsigned int page_walk_shift(unsigned int level)
{
	return 12 + 9 * (PAGE_WALK_LAST - level);
}

static inline unsigned int page_walk_index(uint64_t address, unsigned int level)
{
	return address >> page_walk_shift(level) & 511;
}

/* Walk from the table at `root`, whatever the descriptors' rights. read() says whether there is memory. */
static inline void page_walk(struct page_walk *walk, uint64_t root, uint64_t address,
			     bool (*read)(void *context, uint64_t at, uint64_t *entry),
			     void *context)
{
	uint64_t table = root & DESCRIPTOR_ADDRESS;
	unsigned int level;

	walk->mapped = false;
	walk->count = 0;
	for (level = 0; level <= PAGE_WALK_LAST; level++) {
		struct page_walk_entry *entry = &walk->entries[walk->count++];
		uint64_t within = (1ull << page_walk_shift(level)) - 1;
		bool is_table;

		*entry = (struct page_walk_entry){ .level = level };
		entry->address = table + page_walk_index(address, level) * 8;
		entry->readable = read(context, entry->address, &entry->value);
		if (!entry->readable || !(entry->value & DESCRIPTOR_VALID))
			return;
		is_table = entry->value & DESCRIPTOR_TABLE;
		/* No blocks at level 0, and none but pages at the last. */
		if (!is_table && (level == 0 || level == PAGE_WALK_LAST))
			return;
		table = entry->value & DESCRIPTOR_ADDRESS;
		entry->leaf = level == PAGE_WALK_LAST || !is_table;
		if (!entry->leaf)
			continue;
		walk->mapped = true;
		walk->physical = (table & ~within) | (address & within);
		return;
	}
}

#endif /* BASE_PAGE_WALK_AARCH64_H */
