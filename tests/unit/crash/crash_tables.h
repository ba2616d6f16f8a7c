/* SPDX-License-Identifier: MIT */
/*
 * For tests: a guest of 64 pages of physical memory, with page tables in them. Included by one
 * source file of a test program.
 */
#ifndef TESTS_UNIT_CRASH_CRASH_TABLES_H
#define TESTS_UNIT_CRASH_CRASH_TABLES_H

#include <string.h>
#include "crash/crash.h"

#define TABLES_PAGES 64

#define P  (1ull << 0)
#define W  (1ull << 1)
#define U  (1ull << 2)
#define A  (1ull << 5)
#define D  (1ull << 6)
#define PS (1ull << 7)
#define NX (1ull << 63)

static uint64_t tables_memory[TABLES_PAGES][512];
static uint64_t tables_next; /* page to be used for the next table */

static size_t tables_read_physical(void *context, uint64_t gpa, void *to, size_t size)
{
	(void)context;
	if (gpa >= sizeof(tables_memory))
		return 0;
	if (size > sizeof(tables_memory) - gpa)
		size = sizeof(tables_memory) - gpa;
	memcpy(to, (const char *)tables_memory + gpa, size);
	return size;
}

static size_t tables_read_nothing(void *context, uint64_t gva, void *to, size_t size)
{
	(void)context, (void)gva, (void)to, (void)size;
	return 0;
}

/* An empty address space: its PML4 is page 1. Tables are taken from page 2 on. */
static void tables_init(struct crash_view *view)
{
	memset(tables_memory, 0, sizeof(tables_memory));
	memset(view, 0, sizeof(*view));
	tables_next = 2;
	view->sregs.cr0 = 0x80010033;
	view->sregs.cr4 = 0x6b0;
	view->sregs.efer = 0xd00;
	view->sregs.cr3 = 0x1000;
	view->sregs.cs.selector = R0_KERNEL_CS;
	view->read = tables_read_nothing;
	view->read_physical = tables_read_physical;
}

/* The entry of that level (0 is PTE) for an address, with tables above it that allow all. */
__attribute__((unused)) static uint64_t *tables_entry(uint64_t address, unsigned int level)
{
	uint64_t *table = tables_memory[1];

	for (unsigned int at = 3;; at--) {
		uint64_t *entry = &table[address >> (12 + 9 * at) & 511];

		if (at == level)
			return entry;
		if (!*entry)
			*entry = tables_next++ << 12 | P | W | U | A;
		table = tables_memory[*entry >> 12 & (TABLES_PAGES - 1)];
	}
}

#endif /* TESTS_UNIT_CRASH_CRASH_TABLES_H */
