/* SPDX-License-Identifier: MIT */
/*
 * Paging structures of long mode: the bits of their entries, of page-fault error codes, and ways
 * for a test to find the entries that translate an address. Needs the registers, and ring0's
 * direct map of guest-physical memory. SDM vol. 3A, chapter 4; APM vol. 2, chapter 5.
 */
#ifndef RING0_X86_PAGING_H
#define RING0_X86_PAGING_H

#include <ring0/private/types.h>
#include <ring0/private/abi.h>
#include <ring0/x86/registers.h>

/* Entries of any level: SDM vol. 3A, 4.5.4; APM vol. 2, 5.4.1. */
#define R0_PAGE_P	(1ul << 0) /* present */
#define R0_PAGE_RW	(1ul << 1) /* writable */
#define R0_PAGE_US	(1ul << 2) /* for ring 3 */
#define R0_PAGE_PWT	(1ul << 3)
#define R0_PAGE_PCD	(1ul << 4)
#define R0_PAGE_A	(1ul << 5)  /* accessed */
#define R0_PAGE_D	(1ul << 6)  /* dirty */
#define R0_PAGE_PS	(1ul << 7)  /* a page, in level 2 or 3 */
#define R0_PAGE_PAT	(1ul << 7)  /* in level 1 */
#define R0_PAGE_G	(1ul << 8)  /* global */
#define R0_PAGE_PAT_PS	(1ul << 12) /* in level 2 or 3, with PS */
#define R0_PAGE_NX	(1ul << 63) /* no execution; "XD" in SDM */
#define R0_PAGE_ADDRESS 0x000ffffffffff000ul

#define R0_PAGE_SIZE(level) (1ul << (12 + 9 * ((level)-1)))

/* Page-fault error codes: SDM vol. 3A, 4.7; APM vol. 2, 8.4.2. */
#define R0_PF_P	   (1ul << 0) /* present: a matter of rights */
#define R0_PF_WR   (1ul << 1) /* a write */
#define R0_PF_US   (1ul << 2) /* in ring 3 */
#define R0_PF_RSVD (1ul << 3) /* a reserved bit was set */
#define R0_PF_ID   (1ul << 4) /* an instruction fetch */
#define R0_PF_PK   (1ul << 5) /* a protection key */
#define R0_PF_SS   (1ul << 6) /* shadow stack */

/* Where guest-physical memory is for the test to read and write. */
static inline void *r0_direct(uint64_t physical)
{
	return (void *)(uintptr_t)(R0_DIRECT_MAP + physical);
}

/*
 * The entry of a level (1: PTE, 2: PDE, 3: PDPTE, 4: PML4E) that the tables at `cr3` have for an
 * address; NULL if a higher level is absent, or a large page ends the walk before. For 4-level
 * paging. The entry is in the direct map: whoever changes it also invalidates translations.
 */
static inline uint64_t *r0_page_entry_of(uint64_t cr3, uint64_t address, int level)
{
	uint64_t table = cr3 & R0_CR3_ADDRESS;
	uint64_t *entry;

	for (int at = 4;; at--) {
		entry = (uint64_t *)r0_direct(table) + (address >> (12 + 9 * (at - 1)) & 0x1ff);
		if (at == level)
			return entry;
		if (at == 1 || !(*entry & R0_PAGE_P) || (at < 4 && (*entry & R0_PAGE_PS)))
			return NULL;
		table = *entry & R0_PAGE_ADDRESS;
	}
}

/* The same in the tables now in use. */
static inline uint64_t *r0_page_entry(uint64_t address, int level)
{
	return r0_page_entry_of(r0_read_cr3(), address, level);
}

/* The guest-physical address behind a mapped address; UINT64_MAX if nothing is mapped there. */
static inline uint64_t r0_physical(const void *address)
{
	uint64_t virtual_address = (uint64_t)(uintptr_t)address;

	for (int level = 1; level <= 3; level++) {
		uint64_t *entry = r0_page_entry(virtual_address, level);
		uint64_t offset = R0_PAGE_SIZE(level) - 1;

		if (!entry)
			continue;
		if (!(*entry & R0_PAGE_P))
			break;
		return (*entry & R0_PAGE_ADDRESS & ~offset) | (virtual_address & offset);
	}
	return ~(uint64_t)0;
}

#endif /* RING0_X86_PAGING_H */
