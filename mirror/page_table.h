/* SPDX-License-Identifier: MIT */
/*
 * The guest's page tables, built and walked by the host in memory that stands for guest-physical frames.
 * Of the architecture. Pure: knows neither KVM nor the process's mappings.
 */
#ifndef MIRROR_PAGE_TABLE_H
#define MIRROR_PAGE_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/address.h"
#include "mirror/frames.h"

/* What code may do with a page, besides reading it in ring 0 (at EL1). */
enum page_rights {
	PAGE_WRITE = 1 << 0,
	PAGE_EXECUTE = 1 << 1,
	PAGE_USER = 1 << 2,   /* all of that in ring 3, too */
	PAGE_DEVICE = 1 << 3, /* it is a device's registers: not cached */
};

/* Take frames for page tables that map nothing. Returns their root, or 0 if there are too few left. */
uint64_t page_table_make(struct frames *frames);

/* Whether the CPU has the addresses from start to last, `last` included. */
bool page_table_has(uint64_t start, uint64_t last);

/*
 * Map [gva, gva + size) to [gpa, gpa + size) with those rights below the
 * table at `root`, in pages of 2 MiB where `large` allows and alignment permits. What was mapped
 * there is replaced. Accessed and dirty bits are set, so that the CPU has no reason to write to
 * the tables. Returns 0, -ENOSPC if the frames run out, -EEXIST where a large page is in the way
 * that does not map the address in the same way.
 */
int page_table_map(struct frames *frames, uint64_t root, r0_gva gva, r0_gpa gpa, uint64_t size,
		   unsigned int rights, bool large);

/*
 * Look up what an address is mapped to. Tables outside the frames count as absent. Returns true
 * and the guest-physical address, and the page's rights if asked for.
 */
bool page_table_walk(const struct frames *frames, uint64_t root, r0_gva gva, r0_gpa *gpa,
		     unsigned int *rights);

/*
 * Map guest-physical memory from 0 on, `size` bytes or as many as one table holds, at an address that is a
 * multiple of what that covers, in pages of 1 GiB. Returns how many bytes, or -ENOSPC.
 */
int64_t page_table_map_gigabytes(struct frames *frames, uint64_t root, r0_gva gva, uint64_t size);

/* An upper bound of the tables that mapping [start, end) in pages of 4 KiB takes. */
uint64_t page_table_cost(uint64_t start, uint64_t end);

#endif /* MIRROR_PAGE_TABLE_H */
