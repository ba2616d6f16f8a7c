/* SPDX-License-Identifier: MIT */
/* A walker of page tables: arch/x86/mm/pat/set_memory.c on the tables that the test's CPU has. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <asm/pgtable.h>
#include <asm/set_memory.h>
#include "gs.h"

/* Linux finds tables through its direct map, where ring0 has its own. */
static void in_direct_map(void)
{
	page_offset_base = 0xffff888000000000;
	pgdir_shift = 39;
	ptrs_per_p4d = 1;
}

static pgd_t *entry_of(unsigned long address)
{
	return (pgd_t *)__va(__native_read_cr3() & PAGE_MASK) + pgd_index(address);
}

R0_TEST(walker, finds_a_page, GS, .setup = in_direct_map)
{
	static int here = 1;
	unsigned long address = (unsigned long)&here;
	unsigned int level;
	pte_t *entry = lookup_address_in_pgd(entry_of(address), address, &level);

	R0_ASSERT_NE(entry, NULL);
	R0_ASSERT_EQ(level, PG_LEVEL_4K);
	R0_ASSERT(pte_write(*entry));
	R0_ASSERT_EQ(*(int *)__va((pte_val(*entry) & PTE_PFN_MASK) + (address & ~PAGE_MASK)), 1);
}

R0_TEST(walker, code_is_not_writable, GS, .setup = in_direct_map)
{
	unsigned long address = (unsigned long)entry_of;
	unsigned int level;
	pte_t *entry = lookup_address_in_pgd(entry_of(address), address, &level);

	R0_ASSERT_NE(entry, NULL);
	R0_ASSERT(!pte_write(*entry));
	R0_ASSERT(pte_exec(*entry));
}

R0_TEST(walker, finds_nothing, GS, .setup = in_direct_map)
{
	unsigned int level;

	R0_ASSERT_EQ(lookup_address_in_pgd(entry_of(0x1000), 0x1000, &level) &&
			     pte_present(*lookup_address_in_pgd(entry_of(0x1000), 0x1000, &level)),
		     0);
}

R0_TEST(pgtable, sets_access_flags, GS)
{
	pte_t entry = __pte(0x1000 | _PAGE_PRESENT), wanted = pte_mkyoung(pte_mkdirty(entry));
	struct vm_area_struct area = {};

	R0_ASSERT_EQ(ptep_set_access_flags(&area, 0, &entry, wanted, 1), 1);
	R0_ASSERT_EQ(pte_val(entry), pte_val(wanted));
}

/* A symbol of the kernel's is at its address less the start of the kernel's own window: only in the upper half. */
static bool is_in_the_upper_half(void)
{
	return (unsigned long)&phys_base >= __START_KERNEL_map ||
	       (unsigned long)lookup_address_in_pgd >= __START_KERNEL_map;
}

R0_TEST(walker, physical_address_of_a_symbol, GS, .when = is_in_the_upper_half)
{
	phys_base = 0x1000000;
	R0_ASSERT_EQ(__pa(lookup_address_in_pgd),
		     (unsigned long)lookup_address_in_pgd - __START_KERNEL_map + 0x1000000);
}
