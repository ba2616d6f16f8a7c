/* SPDX-License-Identifier: MIT */
/*
 * The walk of long mode's page tables (SDM vol. 3A, 4.5; APM vol. 2, 5.3), of which the mirror, the
 * crash reports and the completed instructions each make their own: what is mapped, why not, and which
 * fault that is. Here, so that each has the reading of an entry inlined.
 */
#ifndef BASE_PAGE_WALK_X86_64_H
#define BASE_PAGE_WALK_X86_64_H

#include <stdbool.h>
#include <stdint.h>
#include <ring0/x86/paging.h>

/* Levels of tables without and with CR4.LA57. */
#define PAGE_WALK_LEVELS      4
#define PAGE_WALK_LEVELS_LA57 5

struct page_walk_entry {
	uint64_t address;   /* guest-physical, of the entry */
	uint64_t value;	    /* 0 unless readable */
	unsigned int level; /* 0 is the lowest */
	bool readable;	    /* the table is in memory */
	bool leaf;	    /* maps a page: no further level */
};

/* The entries that were read, from the highest level down to where it ended. */
struct page_walk {
	bool mapped;
	uint64_t physical; /* if mapped */
	unsigned int count;
	struct page_walk_entry entries[PAGE_WALK_LEVELS_LA57];
};

/* An entry maps 1 << shift bytes. */
static inline unsigned int page_walk_shift(unsigned int level)
{
	return 12 + 9 * level;
}

static inline bool page_walk_is_canonical(uint64_t address, unsigned int levels)
{
	unsigned int unused = 64 - page_walk_shift(levels);

	return (uint64_t)((int64_t)(address << unused) >> unused) == address;
}

/* Walk from the table at `root`, whatever the entries' rights. read() says whether there is memory. */
static inline void page_walk(struct page_walk *walk, uint64_t root, unsigned int levels,
			     uint64_t address,
			     bool (*read)(void *context, uint64_t at, uint64_t *entry),
			     void *context)
{
	uint64_t table = root & R0_PAGE_ADDRESS;
	unsigned int level;

	walk->mapped = false;
	walk->count = 0;
	for (level = levels; level-- > 0;) {
		struct page_walk_entry *entry = &walk->entries[walk->count++];
		uint64_t within = (1ull << page_walk_shift(level)) - 1;

		*entry = (struct page_walk_entry){ .level = level };
		entry->address = table + (address >> page_walk_shift(level) & 511) * 8;
		entry->readable = read(context, entry->address, &entry->value);
		if (!entry->readable || !(entry->value & R0_PAGE_P))
			return;
		table = entry->value & R0_PAGE_ADDRESS;
		entry->leaf = !level || (level <= 2 && entry->value & R0_PAGE_PS);
		if (!entry->leaf)
			continue;
		walk->mapped = true;
		walk->physical = (table & ~within) | (address & within);
		return;
	}
}

#endif /* BASE_PAGE_WALK_X86_64_H */
