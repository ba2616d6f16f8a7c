/* SPDX-License-Identifier: MIT */
/*
 * Paging: what each bit of an entry allows, and the error code that says what was not. The entries' other bits, sizes of
 * pages and the invalidation of translations are in page_entries.c. SDM vol. 3A, 4.5 to 4.7; APM vol. 2, chapter 5 and 8.4.2.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "page_tables.h"
#include "tests/guest/landing.h"
#include "tests/guest/mapping.h"
#include "tests/guest/requirements.h"

ROUTINE(load, "", "movq (%rdi), %rax", "");
ROUTINE(store, "movl $42, %eax", "movq %rax, (%rdi)", "");
ROUTINE(call_there, "", "call *%rdi", "");
ROUTINE(push_there, "movq %rsp, %rdx; movq %rdi, %rsp", "pushq %rax", "movq %rdx, %rsp");

SNIPPET(ring3_load, "movq (%rdi), %rax; ud2");
SNIPPET(ring3_store, "movq %rsi, (%rdi); ud2");
SNIPPET(ring3_jump, "jmp *%rdi");

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
