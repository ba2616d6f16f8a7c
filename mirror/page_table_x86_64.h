/* SPDX-License-Identifier: MIT */
/*
 * The guest's 4-level page tables (SDM vol. 3A, 4.5), built and walked by the host in memory that
 * stands for guest-physical frames. Pure: knows neither KVM nor the process's mappings.
 */
#ifndef MIRROR_PAGE_TABLE_X86_64_H
#define MIRROR_PAGE_TABLE_X86_64_H

#include <stdbool.h>
#include <stdint.h>
#include <ring0/x86/paging.h>
#include "base/address.h"

/*
 * Frames of guest-physical memory from `base` on. The first `used` are taken; more are handed out
 * in order, and are zero. A change of a frame sets its bit in `changed`, if there is one;
 * in a mirror, those are its page tables.
 */
struct frames {
	uint8_t *bytes;
	uint64_t base;
	uint64_t count;
	uint64_t used;
	uint64_t *changed;
};

/* Take `number` adjacent frames. Returns the address of the first, or 0 if there are too few left. */
uint64_t frames_take(struct frames *frames, uint64_t number);

/* The frame at a guest-physical address, or NULL if it is none of these. */
void *frames_at(const struct frames *frames, uint64_t address);

/*
 * Map [gva, gva + size) to [gpa, gpa + size) with those bits (R0_PAGE_RW, _USER, _NX) below the
 * table at `root`, in pages of 2 MiB where `large` allows and alignment permits. What was mapped
 * there is replaced. Accessed and dirty bits are set, so that the CPU has no reason to write to
 * the tables. Returns 0, -ENOSPC if the frames run out, -EEXIST where a large page is in the way
 * that does not map the address in the same way.
 */
int page_table_map(struct frames *frames, uint64_t root, r0_gva gva, r0_gpa gpa, uint64_t size,
		   uint64_t bits, bool large);

/*
 * Look up what an address is mapped to. Tables outside the frames count as absent. Returns true
 * and the guest-physical address, and the entry's bits if asked for.
 */
bool page_table_walk(const struct frames *frames, uint64_t root, r0_gva gva, r0_gpa *gpa,
		     uint64_t *bits);

/* An upper bound of the tables that mapping [start, end) in pages of 4 KiB takes. */
uint64_t page_table_cost(uint64_t start, uint64_t end);

#endif /* MIRROR_PAGE_TABLE_X86_64_H */
