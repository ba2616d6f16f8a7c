/* SPDX-License-Identifier: MIT */
/* Page-table entries of a test's own. Runs in ring 0. SDM vol. 3A, 4.5; APM vol. 2, 5.3. */
#include <ring0.h>
#include "mapping.h"

#define TABLES 12

/* Zero again at the start of each test, like all of the program's memory. */
static uint64_t tables[TABLES][512] __attribute__((aligned(4096)));
static unsigned int used;

uint64_t *map(uint64_t address, int level, uint64_t entry)
{
	const uint64_t rights = R0_PAGE_P | R0_PAGE_RW | R0_PAGE_US;
	uint64_t *at;

	for (int above = 4; above > level; above--) {
		at = r0_page_entry(address, above);
		if (!at)
			R0_FAIL("a large page is in the way of 0x%lx", address);
		if (*at & R0_PAGE_P) {
			*at = (*at | rights) & ~R0_PAGE_NX;
			continue;
		}
		if (used == TABLES)
			R0_FAIL("more than %d page tables are needed", TABLES);
		*at = r0_physical(tables[used++]) | rights;
	}
	at = r0_page_entry(address, level);
	if (!at)
		R0_FAIL("a large page is in the way of 0x%lx", address);
	*at = entry;
	r0_invlpg((const void *)address);
	return at;
}
