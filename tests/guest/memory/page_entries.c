/* SPDX-License-Identifier: MIT */
/*
 * Paging: accessed and dirty bits, reserved bits, sizes of pages, and the invalidation of translations. Rights are in
 * page_tables.c. SDM vol. 3A, 4.5 to 4.10; APM vol. 2, chapter 5.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "page_tables.h"
#include "tests/guest/landing.h"
#include "tests/guest/mapping.h"
#include "tests/guest/requirements.h"

/* Like page, with other bytes. */
static uint8_t other[4096] __attribute__((aligned(4096))) = { 0xc3, 8, 9, 10, 11, 12, 13, 14 };

#define OTHER_CONTENT 0x0e0d0c0b0a0908c3ul

ROUTINE(load, "", "movq (%rdi), %rax", "");
ROUTINE(store, "movl $42, %eax", "movq %rax, (%rdi)", "");
ROUTINE(call_there, "", "call *%rdi", "");

/* Accessed and dirty: SDM vol. 3A, 4.8; APM vol. 2, 5.4.2. */
R0_TEST(page_tables, read_sets_accessed_alone)
{
	uint64_t *entry = map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);

	R0_ASSERT_EQ(r0_try(load, (void *)MAPPING_TEST).vector, -1);
	R0_ASSERT_EQ(*(volatile uint64_t *)entry, r0_physical(page) | RIGHTS | R0_PAGE_A);
}

R0_TEST(page_tables, fetch_sets_accessed_alone)
{
	uint64_t *entry = map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);

	R0_ASSERT_EQ(r0_try(call_there, (void *)MAPPING_TEST).vector, -1);
	R0_ASSERT_EQ(*(volatile uint64_t *)entry, r0_physical(page) | RIGHTS | R0_PAGE_A);
}

R0_TEST(page_tables, write_sets_accessed_and_dirty)
{
	uint64_t *entry = map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);

	R0_ASSERT_EQ(r0_try(store, (void *)MAPPING_TEST).vector, -1);
	R0_ASSERT_EQ(*(volatile uint64_t *)entry,
		     r0_physical(page) | RIGHTS | R0_PAGE_A | R0_PAGE_D);
}

R0_TEST(page_tables, write_after_read_sets_dirty)
{
	uint64_t *entry = map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);

	R0_ASSERT_EQ(r0_try(load, (void *)MAPPING_TEST).vector, -1);
	R0_ASSERT_EQ(r0_try(store, (void *)MAPPING_TEST).vector, -1);
	R0_ASSERT_EQ(*(volatile uint64_t *)entry,
		     r0_physical(page) | RIGHTS | R0_PAGE_A | R0_PAGE_D);
}

R0_TEST(page_tables, refused_write_leaves_dirty_clear)
{
	uint64_t *entry = map(MAPPING_TEST, 1, r0_physical(page) | R0_PAGE_P);

	R0_ASSERT_EQ(r0_try(store, (void *)MAPPING_TEST).vector, R0_PF);
	R0_ASSERT_EQ(*(volatile uint64_t *)entry & R0_PAGE_D, 0);
}

R0_TEST(page_tables, tables_are_marked_accessed_never_dirty)
{
	map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);
	for (int level = 2; level <= 4; level++)
		*r0_page_entry(MAPPING_TEST, level) &= ~R0_PAGE_A;
	r0_invlpg((void *)MAPPING_TEST);
	R0_ASSERT_EQ(r0_try(store, (void *)MAPPING_TEST).vector, -1);
	for (int level = 2; level <= 4; level++)
		R0_ASSERT_EQ(*r0_page_entry(MAPPING_TEST, level) & (R0_PAGE_A | R0_PAGE_D),
			     R0_PAGE_A);
}

/* Reserved bits: SDM vol. 3A, 4.7, and tables 4-15 to 4-20; APM vol. 2, 5.3. */
R0_TEST(page_tables, address_beyond_maxphyaddr_is_reserved, .when = cpu_has_spare_physical_bits)
{
	uint64_t reserved = 1ul << 51;

	for (int level = 1; level <= 4; level++) {
		struct r0_fault fault;
		uint64_t *entry;

		map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);
		entry = r0_page_entry(MAPPING_TEST, level);
		*entry |= reserved;
		r0_invlpg((void *)MAPPING_TEST);
		fault = r0_try(load, (void *)MAPPING_TEST);
		ASSERT_PAGE_FAULT(fault, R0_PF_P | R0_PF_RSVD, MAPPING_TEST);
		fault = r0_try(store, (void *)MAPPING_TEST);
		ASSERT_PAGE_FAULT(fault, R0_PF_P | R0_PF_RSVD | R0_PF_WR, MAPPING_TEST);
		*entry &= ~reserved;
		r0_invlpg((void *)MAPPING_TEST);
	}
}

/* "PS" in a PML4E is reserved: SDM vol. 3A, table 4-15; APM vol. 2, 5.3.3. */
R0_TEST(page_tables, pml4e_has_no_page_size)
{
	struct r0_fault fault;

	map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);
	*r0_page_entry(MAPPING_TEST, 4) |= R0_PAGE_PS;
	r0_invlpg((void *)MAPPING_TEST);
	fault = r0_try(load, (void *)MAPPING_TEST);
	ASSERT_PAGE_FAULT(fault, R0_PF_P | R0_PF_RSVD, MAPPING_TEST);
}

/* A large page must be aligned: bits 20 to 13 of a PDE with PS. */
R0_TEST(page_tables, large_page_address_bits_are_reserved)
{
	struct r0_fault fault;

	map(MAPPING_LARGE, 2, 1ul << 13 | RIGHTS | R0_PAGE_PS);
	fault = r0_try(load, (void *)MAPPING_LARGE);
	ASSERT_PAGE_FAULT(fault, R0_PF_P | R0_PF_RSVD, MAPPING_LARGE);
}

/* Pages of 2 MiB and 1 GiB, around where `page` is in physical memory. */
static void use_large_page(int level)
{
	uint64_t size = R0_PAGE_SIZE(level);
	uint64_t physical = r0_physical(page);
	uint64_t address = MAPPING_LARGE + (physical & (size - 1));
	uint64_t *entry = map(MAPPING_LARGE, level, (physical & ~(size - 1)) | RIGHTS | R0_PAGE_PS);
	uint64_t before = *entry;

	R0_ASSERT_EQ(r0_try(load, (void *)address).vector, -1);
	R0_ASSERT_EQ(*(volatile uint64_t *)entry, before | R0_PAGE_A);
	R0_ASSERT_EQ(*at(address), PAGE_CONTENT);
	*at(address) = 6;
	R0_ASSERT_EQ(*(volatile uint64_t *)page, 6);
	R0_ASSERT_EQ(*(volatile uint64_t *)entry, before | R0_PAGE_A | R0_PAGE_D);
}

R0_TEST(page_tables, pages_of_2_mib)
{
	use_large_page(2);
}

R0_TEST(page_tables, pages_of_1_gib, .when = cpu_has_1gb_pages)
{
	use_large_page(3);
}

R0_TEST(page_tables, large_page_can_be_read_only)
{
	uint64_t size = R0_PAGE_SIZE(2);
	uint64_t physical = r0_physical(page);
	uint64_t address = MAPPING_LARGE + (physical & (size - 1));
	struct r0_fault fault;

	map(MAPPING_LARGE, 2, (physical & ~(size - 1)) | R0_PAGE_P | R0_PAGE_PS | R0_PAGE_NX);
	R0_ASSERT_EQ(*at(address), PAGE_CONTENT);
	fault = r0_try(store, (void *)address);
	ASSERT_PAGE_FAULT(fault, R0_PF_P | R0_PF_WR, address);
	fault = r0_try(call_there, (void *)address);
	ASSERT_PAGE_FAULT(fault, R0_PF_P | R0_PF_ID, address);
}

/* Invalidation: SDM vol. 3A, 4.10.4; APM vol. 2, 5.5.3. */
R0_TEST(page_tables, invlpg_forgets_a_translation)
{
	uint64_t *entry = map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);

	R0_ASSERT_EQ(*at(MAPPING_TEST), PAGE_CONTENT);
	*entry = r0_physical(other) | RIGHTS;
	r0_invlpg((void *)(MAPPING_TEST + 0xabc));
	R0_ASSERT_EQ(*at(MAPPING_TEST), OTHER_CONTENT);
	*entry = 0;
	r0_invlpg((void *)MAPPING_TEST);
	R0_ASSERT_EQ(r0_try(load, (void *)MAPPING_TEST).vector, R0_PF);
}

R0_TEST(page_tables, invlpg_forgets_a_global_translation)
{
	uint64_t *entry = map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS | R0_PAGE_G);

	R0_ASSERT_EQ(*at(MAPPING_TEST), PAGE_CONTENT);
	*entry = r0_physical(other) | RIGHTS | R0_PAGE_G;
	r0_invlpg((void *)MAPPING_TEST);
	R0_ASSERT_EQ(*at(MAPPING_TEST), OTHER_CONTENT);
}

/* INVLPG of a non-canonical address does nothing: SDM vol. 2A, INVLPG. */
R0_TEST(page_tables, invlpg_takes_any_address)
{
	r0_invlpg((void *)0x0000800000000000);
	r0_invlpg((void *)0xdead000000000000);
	r0_invlpg(NULL);
}

R0_TEST(page_tables, writing_cr3_forgets_translations)
{
	uint64_t *entry = map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);

	R0_ASSERT_EQ(*at(MAPPING_TEST), PAGE_CONTENT);
	*entry = r0_physical(other) | RIGHTS;
	r0_write_cr3(r0_read_cr3());
	R0_ASSERT_EQ(*at(MAPPING_TEST), OTHER_CONTENT);
}

R0_TEST(page_tables, toggling_pge_forgets_global_translations)
{
	uint64_t *entry = map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS | R0_PAGE_G);
	uint64_t cr4 = r0_read_cr4();

	R0_ASSERT_EQ(*at(MAPPING_TEST), PAGE_CONTENT);
	*entry = r0_physical(other) | RIGHTS | R0_PAGE_G;
	r0_write_cr4(cr4 & ~R0_CR4_PGE);
	r0_write_cr4(cr4);
	R0_ASSERT_EQ(*at(MAPPING_TEST), OTHER_CONTENT);
}

static const uint64_t invpcid_types[] = { R0_INVPCID_ADDRESS, R0_INVPCID_CONTEXT,
					  R0_INVPCID_ALL_AND_GLOBAL, R0_INVPCID_ALL_BUT_GLOBAL };

R0_TEST(page_tables, invpcid_forgets_a_translation, .params = R0_PARAMS(invpcid_types),
	.when = executes_invpcid)
{
	uint64_t *entry = map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);

	R0_ASSERT_EQ(*at(MAPPING_TEST), PAGE_CONTENT);
	*entry = r0_physical(other) | RIGHTS;
	r0_invpcid(R0_PARAM(const uint64_t), 0, MAPPING_TEST);
	R0_ASSERT_EQ(*at(MAPPING_TEST), OTHER_CONTENT);
}

static void invpcid_type_4(void *arg)
{
	(void)arg;
	r0_invpcid(4, 0, 0);
}

static void invpcid_reserved_pcid(void *arg)
{
	(void)arg;
	r0_invpcid(R0_INVPCID_CONTEXT, 0x1000, 0);
}

static void invpcid_non_canonical(void *arg)
{
	(void)arg;
	r0_invpcid(R0_INVPCID_ADDRESS, 0, 0x0000800000000000);
}

/* SDM vol. 2A, INVPCID: an unknown type, reserved bits, a non-canonical address. */
R0_TEST(page_tables, invpcid_checks_its_operands, .when = executes_invpcid)
{
	R0_ASSERT_EQ(r0_try(invpcid_type_4, NULL).vector, R0_GP);
	R0_ASSERT_EQ(r0_try(invpcid_reserved_pcid, NULL).vector, R0_GP);
	R0_ASSERT_EQ(r0_try(invpcid_non_canonical, NULL).vector, R0_GP);
}

/* Page tables of the test's own: a copy of the highest level, with one more entry. */
R0_TEST(page_tables, cr3_points_to_any_page)
{
	static uint64_t pml4[512] __attribute__((aligned(4096)));
	uint64_t *present = r0_direct(r0_read_cr3() & R0_CR3_ADDRESS);
	/* 0, but for AddressSanitizer, whose heap is behind the same entry. */
	uint64_t before = present[MAPPING_TEST >> 39 & 0x1ff];

	for (int i = 0; i < 512; i++)
		pml4[i] = present[i];
	R0_ASSERT_EQ(r0_write_cr3_safe(r0_physical(pml4)), -1);
	R0_ASSERT_EQ(r0_read_cr3(), r0_physical(pml4));
	map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);
	R0_ASSERT_EQ(*at(MAPPING_TEST), PAGE_CONTENT);
	R0_ASSERT_NE(pml4[MAPPING_TEST >> 39 & 0x1ff], 0);
	R0_ASSERT_EQ(present[MAPPING_TEST >> 39 & 0x1ff], before);
}

/* Two addresses of one page show the same bytes. */
R0_TEST(page_tables, two_mappings_share_a_page)
{
	map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);
	map(MAPPING_TEST + 0x5000, 1, r0_physical(page) | RIGHTS);
	*at(MAPPING_TEST + 0x10) = 0x1234567812345678;
	R0_ASSERT_EQ(*at(MAPPING_TEST + 0x5010), 0x1234567812345678);
}
