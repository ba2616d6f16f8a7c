/* SPDX-License-Identifier: MIT */
/*
 * Paging: what each bit of an entry allows, the error code that says what was not, accessed and
 * dirty bits, reserved bits, sizes of pages, and the invalidation of translations. SDM vol. 3A,
 * 4.5 to 4.10; APM vol. 2, chapter 5 and 8.4.2.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "landing.h"
#include "mapping.h"
#include "requirements.h"

/* Physical memory for the mappings, with RET to run, at a place that no test maps twice. */
static uint8_t page[4096] __attribute__((aligned(4096))) = { 0xc3, 1, 2, 3, 4, 5, 6, 7 };
static uint8_t other[4096] __attribute__((aligned(4096))) = { 0xc3, 8, 9, 10, 11, 12, 13, 14 };

#define PAGE_CONTENT  0x07060504030201c3ul
#define OTHER_CONTENT 0x0e0d0c0b0a0908c3ul

#define RIGHTS (R0_PAGE_P | R0_PAGE_RW)

ROUTINE(load, "", "movq (%rdi), %rax", "");
ROUTINE(store, "movl $42, %eax", "movq %rax, (%rdi)", "");
ROUTINE(call_there, "", "call *%rdi", "");
ROUTINE(push_there, "movq %rsp, %rdx; movq %rdi, %rsp", "pushq %rax", "movq %rdx, %rsp");

SNIPPET(ring3_load, "movq (%rdi), %rax; ud2");
SNIPPET(ring3_store, "movq %rsi, (%rdi); ud2");
SNIPPET(ring3_jump, "jmp *%rdi");

static volatile uint64_t *at(uint64_t address)
{
	return (volatile uint64_t *)address;
}

/* A #PF with that error code and address, and nothing else, became of it. */
#define ASSERT_PAGE_FAULT(fault, error_code_, address)         \
	do {                                                   \
		const struct r0_fault *fault_ = &(fault);      \
		R0_ASSERT_EQ(fault_->vector, R0_PF);           \
		R0_ASSERT_EQ(fault_->error_code, error_code_); \
		R0_ASSERT_EQ(fault_->cr2, address);            \
	} while (0)

#define ASSERT_RING3_PAGE_FAULT(landing, error_code_, address)         \
	do {                                                           \
		const struct landing *landing_ = (landing);            \
		R0_ASSERT_EQ(landing_->frame.vector, R0_PF);           \
		R0_ASSERT_EQ(landing_->frame.error_code, error_code_); \
		R0_ASSERT_EQ(landing_->frame.cs, R0_USER_CS | 3);      \
		R0_ASSERT_EQ(landing_->cr2, address);                  \
	} while (0)

/* Ring 3 came to the UD2 at the end of the snippet. */
#define ASSERT_RING3_DONE(landing, name)                                        \
	do {                                                                    \
		const struct landing *landing_ = (landing);                     \
		R0_ASSERT_EQ(landing_->frame.vector, R0_UD);                    \
		R0_ASSERT_EQ(landing_->frame.rip,                               \
			     MAPPING_CODE + (uint64_t)(name##_end - name) - 2); \
		R0_ASSERT_EQ(landing_->frame.cs, R0_USER_CS | 3);               \
	} while (0)

R0_TEST(page_tables, present_page_is_read_and_written)
{
	map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);
	R0_ASSERT_EQ(*at(MAPPING_TEST), PAGE_CONTENT);
	*at(MAPPING_TEST) = 5;
	R0_ASSERT_EQ(*(volatile uint64_t *)page, 5);
}

R0_TEST(page_tables, absent_page_faults_on_read)
{
	struct r0_fault fault;

	map(MAPPING_TEST, 1, r0_physical(page) | R0_PAGE_RW);
	fault = r0_try(load, (void *)(MAPPING_TEST + 0x123));
	ASSERT_PAGE_FAULT(fault, 0, MAPPING_TEST + 0x123);
	R0_ASSERT_EQ(fault.rip, (uint64_t)load_at);
}

R0_TEST(page_tables, absent_page_faults_on_write)
{
	struct r0_fault fault;

	map(MAPPING_TEST, 1, 0);
	fault = r0_try(store, (void *)(MAPPING_TEST + 0xff8));
	ASSERT_PAGE_FAULT(fault, R0_PF_WR, MAPPING_TEST + 0xff8);
	R0_ASSERT_EQ(fault.rip, (uint64_t)store_at);
}

/* SDM vol. 3A, 4.7: the I/D flag is set for a fetch if NX is enabled, present page or not. */
R0_TEST(page_tables, absent_page_faults_on_fetch)
{
	struct r0_fault fault;

	map(MAPPING_TEST, 1, 0);
	fault = r0_try(call_there, (void *)MAPPING_TEST);
	ASSERT_PAGE_FAULT(fault, R0_PF_ID, MAPPING_TEST);
	R0_ASSERT_EQ(fault.rip, MAPPING_TEST);
}

R0_TEST(page_tables, absent_stack_page_faults_on_push)
{
	struct r0_fault fault;

	map(MAPPING_TEST, 1, 0);
	fault = r0_try(push_there, (void *)(MAPPING_TEST + 0x100));
	ASSERT_PAGE_FAULT(fault, R0_PF_WR, MAPPING_TEST + 0xf8);
}

R0_TEST(page_tables, absent_higher_levels_fault_alike)
{
	map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);
	for (int level = 2; level <= 4; level++) {
		uint64_t *entry = r0_page_entry(MAPPING_TEST, level);
		struct r0_fault fault;

		*entry &= ~R0_PAGE_P;
		r0_invlpg((void *)MAPPING_TEST);
		fault = r0_try(load, (void *)MAPPING_TEST);
		ASSERT_PAGE_FAULT(fault, 0, MAPPING_TEST);
		*entry |= R0_PAGE_P;
		r0_invlpg((void *)MAPPING_TEST);
		R0_ASSERT_EQ(*at(MAPPING_TEST), PAGE_CONTENT);
	}
}

/* An access over the end of a page reports the first byte that is not there. */
R0_TEST(page_tables, cr2_is_in_the_page_that_lacks)
{
	struct r0_fault fault;

	map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);
	map(MAPPING_TEST + 0x1000, 1, 0);
	fault = r0_try(load, (void *)(MAPPING_TEST + 0xffc));
	ASSERT_PAGE_FAULT(fault, 0, MAPPING_TEST + 0x1000);
	fault = r0_try(store, (void *)(MAPPING_TEST + 0xffc));
	ASSERT_PAGE_FAULT(fault, R0_PF_WR, MAPPING_TEST + 0x1000);
}

R0_TEST(page_tables, read_only_page_faults_on_write)
{
	struct r0_fault fault;

	map(MAPPING_TEST, 1, r0_physical(page) | R0_PAGE_P);
	R0_ASSERT_EQ(*at(MAPPING_TEST), PAGE_CONTENT);
	fault = r0_try(store, (void *)MAPPING_TEST);
	ASSERT_PAGE_FAULT(fault, R0_PF_P | R0_PF_WR, MAPPING_TEST);
	R0_ASSERT_EQ(*at(MAPPING_TEST), PAGE_CONTENT);
}

/* CR0.WP: SDM vol. 3A, 4.6.1; APM vol. 2, 5.6.4. */
R0_TEST(page_tables, read_only_page_is_written_without_wp)
{
	uint64_t *entry = map(MAPPING_TEST, 1, r0_physical(page) | R0_PAGE_P);

	r0_write_cr0(r0_read_cr0() & ~R0_CR0_WP);
	R0_ASSERT_EQ(r0_try(store, (void *)MAPPING_TEST).vector, -1);
	R0_ASSERT_EQ(*(volatile uint64_t *)page, 42);
	R0_ASSERT_EQ(*entry & R0_PAGE_D, R0_PAGE_D);
}

R0_TEST(page_tables, wp_counts_as_soon_as_it_is_set)
{
	struct r0_fault fault;

	map(MAPPING_TEST, 1, r0_physical(page) | R0_PAGE_P);
	r0_write_cr0(r0_read_cr0() & ~R0_CR0_WP);
	R0_ASSERT_EQ(r0_try(store, (void *)MAPPING_TEST).vector, -1);
	r0_write_cr0(r0_read_cr0() | R0_CR0_WP);
	fault = r0_try(store, (void *)MAPPING_TEST);
	ASSERT_PAGE_FAULT(fault, R0_PF_P | R0_PF_WR, MAPPING_TEST);
}

/* A right is there if every level grants it: SDM vol. 3A, 4.6; APM vol. 2, 5.6.3. */
R0_TEST(page_tables, every_level_must_grant_writing)
{
	map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);
	for (int level = 1; level <= 4; level++) {
		uint64_t *entry = r0_page_entry(MAPPING_TEST, level);
		struct r0_fault fault;

		*entry &= ~R0_PAGE_RW;
		r0_invlpg((void *)MAPPING_TEST);
		fault = r0_try(store, (void *)MAPPING_TEST);
		ASSERT_PAGE_FAULT(fault, R0_PF_P | R0_PF_WR, MAPPING_TEST);
		*entry |= R0_PAGE_RW;
		r0_invlpg((void *)MAPPING_TEST);
		R0_ASSERT_EQ(r0_try(store, (void *)MAPPING_TEST).vector, -1);
	}
}

R0_TEST(page_tables, nx_page_faults_on_fetch)
{
	struct r0_fault fault;

	map(MAPPING_TEST, 1, r0_physical(page) | R0_PAGE_P);
	R0_ASSERT_EQ(r0_try(call_there, (void *)MAPPING_TEST).vector, -1);
	map(MAPPING_TEST, 1, r0_physical(page) | R0_PAGE_P | R0_PAGE_NX);
	fault = r0_try(call_there, (void *)MAPPING_TEST);
	ASSERT_PAGE_FAULT(fault, R0_PF_P | R0_PF_ID, MAPPING_TEST);
	R0_ASSERT_EQ(fault.rip, MAPPING_TEST);
	R0_ASSERT_EQ(*at(MAPPING_TEST), PAGE_CONTENT);
}

R0_TEST(page_tables, nx_at_any_level_denies_fetching)
{
	map(MAPPING_TEST, 1, r0_physical(page) | R0_PAGE_P);
	for (int level = 2; level <= 4; level++) {
		uint64_t *entry = r0_page_entry(MAPPING_TEST, level);
		struct r0_fault fault;

		*entry |= R0_PAGE_NX;
		r0_invlpg((void *)MAPPING_TEST);
		fault = r0_try(call_there, (void *)MAPPING_TEST);
		ASSERT_PAGE_FAULT(fault, R0_PF_P | R0_PF_ID, MAPPING_TEST);
		*entry &= ~R0_PAGE_NX;
		r0_invlpg((void *)MAPPING_TEST);
		R0_ASSERT_EQ(r0_try(call_there, (void *)MAPPING_TEST).vector, -1);
	}
}

R0_TEST(page_tables, ring_3_uses_a_user_page)
{
	const struct landing *landing;

	map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS | R0_PAGE_US);
	landing = run_in_ring3(ring3_load, ring3_load_end, MAPPING_TEST, 0);
	ASSERT_RING3_DONE(landing, ring3_load);
	R0_ASSERT_EQ(landing->frame.rax, PAGE_CONTENT);
	landing = run_in_ring3(ring3_store, ring3_store_end, MAPPING_TEST, 43);
	ASSERT_RING3_DONE(landing, ring3_store);
	R0_ASSERT_EQ(*(volatile uint64_t *)page, 43);
}

R0_TEST(page_tables, ring_3_faults_on_a_supervisor_page)
{
	const struct landing *landing;

	map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS);
	landing = run_in_ring3(ring3_load, ring3_load_end, MAPPING_TEST, 0);
	ASSERT_RING3_PAGE_FAULT(landing, R0_PF_P | R0_PF_US, MAPPING_TEST);
	landing = run_in_ring3(ring3_store, ring3_store_end, MAPPING_TEST, 0);
	ASSERT_RING3_PAGE_FAULT(landing, R0_PF_P | R0_PF_US | R0_PF_WR, MAPPING_TEST);
	landing = run_in_ring3(ring3_jump, ring3_jump_end, MAPPING_TEST, 0);
	ASSERT_RING3_PAGE_FAULT(landing, R0_PF_P | R0_PF_US | R0_PF_ID, MAPPING_TEST);
	R0_ASSERT_EQ(landing->frame.rip, MAPPING_TEST);
}

R0_TEST(page_tables, ring_3_faults_on_an_absent_page)
{
	const struct landing *landing;

	map(MAPPING_TEST, 1, 0);
	landing = run_in_ring3(ring3_load, ring3_load_end, MAPPING_TEST, 0);
	ASSERT_RING3_PAGE_FAULT(landing, R0_PF_US, MAPPING_TEST);
	landing = run_in_ring3(ring3_store, ring3_store_end, MAPPING_TEST, 0);
	ASSERT_RING3_PAGE_FAULT(landing, R0_PF_US | R0_PF_WR, MAPPING_TEST);
	landing = run_in_ring3(ring3_jump, ring3_jump_end, MAPPING_TEST, 0);
	ASSERT_RING3_PAGE_FAULT(landing, R0_PF_US | R0_PF_ID, MAPPING_TEST);
}

/* WP is for ring 0 alone. */
R0_TEST(page_tables, ring_3_never_writes_a_read_only_page)
{
	const struct landing *landing;

	map(MAPPING_TEST, 1, r0_physical(page) | R0_PAGE_P | R0_PAGE_US);
	r0_write_cr0(r0_read_cr0() & ~R0_CR0_WP);
	landing = run_in_ring3(ring3_store, ring3_store_end, MAPPING_TEST, 0);
	ASSERT_RING3_PAGE_FAULT(landing, R0_PF_P | R0_PF_US | R0_PF_WR, MAPPING_TEST);
}

R0_TEST(page_tables, ring_3_faults_on_an_nx_page)
{
	const struct landing *landing;

	map(MAPPING_TEST, 1, r0_physical(page) | R0_PAGE_P | R0_PAGE_US | R0_PAGE_NX);
	landing = run_in_ring3(ring3_jump, ring3_jump_end, MAPPING_TEST, 0);
	ASSERT_RING3_PAGE_FAULT(landing, R0_PF_P | R0_PF_US | R0_PF_ID, MAPPING_TEST);
}

R0_TEST(page_tables, every_level_must_grant_ring_3)
{
	/* Level 4 would take ring 3's code and stack away as well. */
	map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS | R0_PAGE_US);
	for (int level = 1; level <= 2; level++) {
		uint64_t *entry = r0_page_entry(MAPPING_TEST, level);
		const struct landing *landing;

		*entry &= ~R0_PAGE_US;
		r0_invlpg((void *)MAPPING_TEST);
		landing = run_in_ring3(ring3_load, ring3_load_end, MAPPING_TEST, 0);
		ASSERT_RING3_PAGE_FAULT(landing, R0_PF_P | R0_PF_US, MAPPING_TEST);
		*entry |= R0_PAGE_US;
		r0_invlpg((void *)MAPPING_TEST);
		landing = run_in_ring3(ring3_load, ring3_load_end, MAPPING_TEST, 0);
		ASSERT_RING3_DONE(landing, ring3_load);
	}
}

/* CR4.SMEP: SDM vol. 3A, 4.6.1; APM vol. 2, 5.6.5. */
R0_TEST(page_tables, smep_keeps_ring_0_off_user_code, .when = enters_with_smep)
{
	struct r0_fault fault;

	map(MAPPING_TEST, 1, r0_physical(page) | R0_PAGE_P | R0_PAGE_US);
	fault = r0_try(call_there, (void *)MAPPING_TEST);
	ASSERT_PAGE_FAULT(fault, R0_PF_P | R0_PF_ID, MAPPING_TEST);
	R0_ASSERT_EQ(*at(MAPPING_TEST), PAGE_CONTENT);
	r0_write_cr4(r0_read_cr4() & ~R0_CR4_SMEP);
	R0_ASSERT_EQ(r0_try(call_there, (void *)MAPPING_TEST).vector, -1);
}

/* CR4.SMAP: SDM vol. 3A, 4.6.1; APM vol. 2, 5.6.6. */
R0_TEST(page_tables, smap_keeps_ring_0_off_user_data, .when = cpu_has_smap)
{
	struct r0_fault fault;

	map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS | R0_PAGE_US);
	R0_ASSERT_EQ(r0_try(load, (void *)MAPPING_TEST).vector, -1);
	r0_write_cr4(r0_read_cr4() | R0_CR4_SMAP);
	fault = r0_try(load, (void *)MAPPING_TEST);
	ASSERT_PAGE_FAULT(fault, R0_PF_P, MAPPING_TEST);
	fault = r0_try(store, (void *)MAPPING_TEST);
	ASSERT_PAGE_FAULT(fault, R0_PF_P | R0_PF_WR, MAPPING_TEST);
}

R0_TEST(page_tables, smap_gives_way_to_rflags_ac, .when = cpu_has_smap)
{
	map(MAPPING_TEST, 1, r0_physical(page) | RIGHTS | R0_PAGE_US);
	r0_write_cr4(r0_read_cr4() | R0_CR4_SMAP);
	r0_write_rflags(r0_read_rflags() | R0_RFLAGS_AC);
	R0_ASSERT_EQ(r0_try(load, (void *)MAPPING_TEST).vector, -1);
	R0_ASSERT_EQ(r0_try(store, (void *)MAPPING_TEST).vector, -1);
	r0_write_rflags(r0_read_rflags() & ~R0_RFLAGS_AC);
	R0_ASSERT_EQ(r0_try(load, (void *)MAPPING_TEST).vector, R0_PF);
}

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
