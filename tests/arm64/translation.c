/* SPDX-License-Identifier: MIT */
/* Translation tables as the CPU walks them: descriptors, levels, tags, ASIDs. Arm ARM, D8. */
#include <string.h>
#include "routine.h"

ROUTINE(load_word, "", "ldr w0, [x0]", "");
ROUTINE(store_word, "mov w1, #1", "str w1, [x0]", "");
ROUTINE(branch, "mov x2, x30", "blr x0", "mov x30, x2");

/*
 * A page of data, and two of code, each alone there: QEMU remembers of code that it has translated whether its page was
 * guarded, whatever becomes of that.
 */
static uint8_t page[4096] __attribute__((aligned(4096)));
__asm__(".pushsection .text\n.balign 4096\n.globl code_page, guarded_page, landing_pad\ncode_page:\nret\n"
	".balign 4096\nguarded_page:\nret\n"
	"landing_pad:\nhint #34\nret\n" /* BTI c */
	".balign 4096\n.popsection");
extern const char code_page[], guarded_page[], landing_pad[];

static struct r0_fault load_at(const void *address)
{
	return r0_try(load_word, (void *)(uintptr_t)address);
}

static struct r0_fault store_at(const void *address)
{
	return r0_try(store_word, (void *)(uintptr_t)address);
}

static struct r0_fault call_at(const void *address)
{
	return r0_try(branch, (void *)(uintptr_t)address);
}

static void set_descriptor(const void *address, uint64_t set, uint64_t clear)
{
	uint64_t *descriptor = r0_find_descriptor(address, NULL);

	*descriptor = (*descriptor & ~clear) | set;
	r0_flush_translations();
}

R0_TEST(translation, data_is_writable_and_not_executable)
{
	unsigned int level;
	uint64_t descriptor = *r0_find_descriptor(page, &level);

	R0_ASSERT_EQ(level, 3);
	R0_ASSERT_EQ(descriptor & (R0_DESCRIPTOR_PXN | R0_DESCRIPTOR_UXN),
		     R0_DESCRIPTOR_PXN | R0_DESCRIPTOR_UXN);
	R0_ASSERT_EQ(descriptor & (R0_DESCRIPTOR_AP_READ_ONLY | R0_DESCRIPTOR_AP_EL0), 0);
	R0_ASSERT(descriptor & R0_DESCRIPTOR_AF);
	R0_ASSERT(descriptor & R0_DESCRIPTOR_NG);
}

R0_TEST(translation, code_is_executable_and_not_writable)
{
	uint64_t descriptor = *r0_find_descriptor(code_page, NULL);

	R0_ASSERT_EQ(descriptor & R0_DESCRIPTOR_PXN, 0);
	R0_ASSERT(descriptor & R0_DESCRIPTOR_UXN);
	R0_ASSERT(descriptor & R0_DESCRIPTOR_AP_READ_ONLY);
	R0_ASSERT_EQ(call_at(code_page).vector, -1);
}

R0_TEST(translation, direct_map_is_in_blocks_of_level_1)
{
	unsigned int level;

	r0_find_descriptor(r0_at_physical(0x1000), &level);
	R0_ASSERT_EQ(level, 1);
}

R0_TEST(translation, direct_map_shows_the_same_memory)
{
	volatile uint8_t *alias = r0_at_physical(r0_physical(page));

	page[5] = 0x77;
	R0_ASSERT_EQ(alias[5], 0x77);
	alias[6] = 0x78;
	R0_ASSERT_EQ(((volatile uint8_t *)page)[6], 0x78);
}

R0_TEST(translation, invalid)
{
	struct r0_fault fault;

	set_descriptor(page, 0, R0_DESCRIPTOR_VALID);
	fault = load_at(page);
	R0_ASSERT_EQ(fault.vector, R0_DATA_ABORT);
	R0_ASSERT_EQ(R0_ESR_STATUS(fault.esr), R0_STATUS_TRANSLATION(3));
	R0_ASSERT_EQ(fault.far, (uint64_t)page);
}

R0_TEST(translation, block_bit_at_the_last_level_is_invalid)
{
	set_descriptor(page, 0, R0_DESCRIPTOR_TABLE);
	R0_ASSERT_EQ(R0_ESR_STATUS(load_at(page).esr), R0_STATUS_TRANSLATION(3));
}

R0_TEST(translation, read_only)
{
	struct r0_fault fault;

	set_descriptor(page, R0_DESCRIPTOR_AP_READ_ONLY, 0);
	R0_ASSERT_EQ(load_at(page).vector, -1);
	fault = store_at(page);
	R0_ASSERT_EQ(fault.vector, R0_DATA_ABORT);
	R0_ASSERT_EQ(R0_ESR_STATUS(fault.esr), R0_STATUS_PERMISSION(3));
}

R0_TEST(translation, access_flag)
{
	struct r0_fault fault;

	set_descriptor(page, 0, R0_DESCRIPTOR_AF);
	fault = load_at(page);
	R0_ASSERT_EQ(fault.vector, R0_DATA_ABORT);
	R0_ASSERT_EQ(R0_ESR_STATUS(fault.esr), R0_STATUS_ACCESS_FLAG(3));
}

/* FEAT_HAFDBS: the CPU sets the flag by itself. D8.4.5. */
R0_TEST(translation, access_flag_by_hardware)
{
	uint64_t *descriptor = r0_find_descriptor(page, NULL);

	if (!R0_ID_FIELD(r0_mrs(id_aa64mmfr1_el1), R0_ID_MMFR1_HAFDBS))
		R0_SKIP("this CPU sets no access flags");
	r0_msr(tcr_el1, r0_mrs(tcr_el1) | R0_TCR_HA);
	r0_isb();
	set_descriptor(page, 0, R0_DESCRIPTOR_AF);
	R0_ASSERT_EQ(load_at(page).vector, -1);
	r0_dsb(ish);
	R0_ASSERT(*(volatile uint64_t *)descriptor & R0_DESCRIPTOR_AF);
}

R0_TEST(translation, dirty_state_by_hardware)
{
	uint64_t *descriptor = r0_find_descriptor(page, NULL);

	if (R0_ID_FIELD(r0_mrs(id_aa64mmfr1_el1), R0_ID_MMFR1_HAFDBS) < 2)
		R0_SKIP("this CPU keeps no dirty state");
	r0_msr(tcr_el1, r0_mrs(tcr_el1) | R0_TCR_HA | R0_TCR_HD);
	r0_isb();
	set_descriptor(page, R0_DESCRIPTOR_AP_READ_ONLY | R0_DESCRIPTOR_DBM, 0);
	R0_ASSERT_EQ(store_at(page).vector, -1);
	r0_dsb(ish);
	R0_ASSERT_EQ(*(volatile uint64_t *)descriptor & R0_DESCRIPTOR_AP_READ_ONLY, 0);
}

R0_TEST(translation, execute_never)
{
	struct r0_fault fault;

	set_descriptor(code_page, R0_DESCRIPTOR_PXN, 0);
	fault = call_at(code_page);
	R0_ASSERT_EQ(fault.vector, R0_INSTRUCTION_ABORT);
	R0_ASSERT_EQ(R0_ESR_STATUS(fault.esr), R0_STATUS_PERMISSION(3));
	R0_ASSERT_EQ(fault.far, (uint64_t)code_page);
}

R0_TEST(translation, unprivileged_execute_never_is_not_el1s)
{
	set_descriptor(code_page, R0_DESCRIPTOR_UXN, 0);
	R0_ASSERT_EQ(call_at(code_page).vector, -1);
}

/* What EL0 may write, EL1 does not execute: D8.4.1. */
R0_TEST(translation, what_el0_may_write_el1_does_not_execute)
{
	static const uint32_t ret = 0xd65f03c0;

	memcpy(page, &ret, sizeof(ret));
	__builtin___clear_cache((char *)page, (char *)page + sizeof(ret));
	set_descriptor(page, 0, R0_DESCRIPTOR_PXN);
	R0_ASSERT_EQ(call_at(page).vector, -1);
	set_descriptor(page, R0_DESCRIPTOR_AP_EL0, 0);
	R0_ASSERT_EQ(call_at(page).vector, R0_INSTRUCTION_ABORT);
}

R0_TEST(translation, writable_is_execute_never_with_wxn)
{
	static const uint32_t ret = 0xd65f03c0;

	memcpy(page, &ret, sizeof(ret));
	__builtin___clear_cache((char *)page, (char *)page + sizeof(ret));
	set_descriptor(page, 0, R0_DESCRIPTOR_PXN);
	r0_msr(sctlr_el1, r0_mrs(sctlr_el1) | R0_SCTLR_WXN);
	r0_flush_translations();
	R0_ASSERT_EQ(call_at(page).vector, R0_INSTRUCTION_ABORT);
	R0_ASSERT_EQ(call_at(code_page).vector, -1);
}

static void set_pan(uint64_t on)
{
	/* MSR PAN, #imm */
	if (on)
		__asm__ volatile(".inst 0xd500419f | 1 << 8" : : : "memory");
	else
		__asm__ volatile(".inst 0xd500419f & ~(15 << 8)" : : : "memory");
}

R0_TEST(translation, privileged_access_never)
{
	struct r0_fault fault;

	if (!R0_ID_FIELD(r0_mrs(id_aa64mmfr1_el1), R0_ID_MMFR1_PAN))
		R0_SKIP("this CPU has no PAN");
	set_descriptor(page, R0_DESCRIPTOR_AP_EL0, 0);
	R0_ASSERT_EQ(load_at(page).vector, -1);
	set_pan(1);
	fault = load_at(page);
	set_pan(0);
	R0_ASSERT_EQ(fault.vector, R0_DATA_ABORT);
	R0_ASSERT_EQ(R0_ESR_STATUS(fault.esr), R0_STATUS_PERMISSION(3));
	R0_ASSERT_EQ(load_at(page).vector, -1);
}

R0_TEST(translation, privileged_access_never_leaves_the_rest_alone)
{
	if (!R0_ID_FIELD(r0_mrs(id_aa64mmfr1_el1), R0_ID_MMFR1_PAN))
		R0_SKIP("this CPU has no PAN");
	set_pan(1);
	R0_ASSERT_EQ(store_at(page).vector, -1);
	set_pan(0);
}

static void load_unprivileged(void *arg)
{
	__asm__ volatile("ldtr w0, [%0]" : : "r"(arg) : "x0", "memory");
}

R0_TEST(translation, unprivileged_load)
{
	R0_ASSERT_EQ(r0_try(load_unprivileged, page).vector, R0_DATA_ABORT);
	set_descriptor(page, R0_DESCRIPTOR_AP_EL0, 0);
	R0_ASSERT_EQ(r0_try(load_unprivileged, page).vector, -1);
}

/* FEAT_BTI: of a guarded page, an indirect call lands on a pad. D8.4.4. */
R0_TEST(translation, branch_targets)
{
	struct r0_fault fault;

	if (!R0_ID_FIELD(r0_mrs(id_aa64pfr1_el1), R0_ID_PFR1_BT))
		R0_SKIP("this CPU has no branch target identification");
	set_descriptor(guarded_page, R0_DESCRIPTOR_GP, 0);
	R0_ASSERT_EQ(call_at(landing_pad).vector, -1);
	fault = call_at(guarded_page);
	R0_ASSERT_EQ(fault.vector, R0_BRANCH_TARGET);
	R0_ASSERT_EQ(fault.elr, (uint64_t)guarded_page);
	R0_ASSERT_EQ(R0_ESR_ISS(fault.esr), 2);
}

R0_TEST(translation, tag_in_the_top_byte)
{
	volatile uint8_t *tagged = (uint8_t *)((uintptr_t)page | 0xabul << 56);

	page[9] = 0x31;
	R0_ASSERT_EQ(tagged[9], 0x31);
}

R0_TEST(translation, no_tags_without_tbi)
{
	r0_msr(tcr_el1, r0_mrs(tcr_el1) & ~R0_TCR_TBI0);
	r0_flush_translations();
	R0_ASSERT_EQ(load_at((void *)((uintptr_t)page | 0xabul << 56)).vector, R0_DATA_ABORT);
	R0_ASSERT_EQ(load_at(page).vector, -1);
}

R0_TEST(translation, address_translation_instruction)
{
	uint64_t par = r0_at(s1e1r, page);

	R0_ASSERT_EQ(par & R0_PAR_F, 0);
	R0_ASSERT_EQ(par & R0_PAR_ADDRESS, r0_physical(page));
}

R0_TEST(translation, address_translation_of_nothing)
{
	uint64_t par = r0_at(s1e1r, (void *)0x10);

	R0_ASSERT(par & R0_PAR_F);
	R0_ASSERT_EQ(R0_PAR_FST(par) & ~3u, R0_STATUS_TRANSLATION(0));
}

R0_TEST(translation, address_translation_of_a_write)
{
	uint64_t par;

	set_descriptor(page, R0_DESCRIPTOR_AP_READ_ONLY, 0);
	par = r0_at(s1e1w, page);
	R0_ASSERT(par & R0_PAR_F);
	R0_ASSERT_EQ(R0_PAR_FST(par), R0_STATUS_PERMISSION(3));
	R0_ASSERT_EQ(r0_at(s1e1r, page) & R0_PAR_F, 0);
}

R0_TEST(translation, address_translation_for_el0)
{
	R0_ASSERT(r0_at(s1e0r, page) & R0_PAR_F);
	set_descriptor(page, R0_DESCRIPTOR_AP_EL0, 0);
	R0_ASSERT_EQ(r0_at(s1e0r, page) & R0_PAR_F, 0);
}

/* Level 0 of the upper half, where nothing is. */
R0_TEST(translation, upper_half_where_nothing_is)
{
	struct r0_fault fault = load_at((void *)0xffff900000000000);

	R0_ASSERT_EQ(fault.vector, R0_DATA_ABORT);
	R0_ASSERT_EQ(R0_ESR_STATUS(fault.esr), R0_STATUS_TRANSLATION(0));
}

R0_TEST(translation, between_the_halves)
{
	struct r0_fault fault = load_at((void *)0x0010000000000000);

	R0_ASSERT_EQ(fault.vector, R0_DATA_ABORT);
	R0_ASSERT_EQ(R0_ESR_STATUS(fault.esr), R0_STATUS_TRANSLATION(0));
}

R0_TEST(translation, walks_of_the_upper_half_may_be_off)
{
	struct r0_fault fault;

	r0_msr(tcr_el1, r0_mrs(tcr_el1) | R0_TCR_EPD1);
	r0_flush_translations();
	fault = load_at(r0_at_physical(r0_mrs(ttbr0_el1) & R0_DESCRIPTOR_ADDRESS));
	r0_msr(tcr_el1, r0_mrs(tcr_el1) & ~R0_TCR_EPD1);
	r0_flush_translations();
	R0_ASSERT_EQ(fault.vector, R0_DATA_ABORT);
	R0_ASSERT_EQ(R0_ESR_STATUS(fault.esr), R0_STATUS_TRANSLATION(0));
}

/* A table of the test's own, below the last level's: another page at the same address. */
static uint64_t own_table[512] __attribute__((aligned(4096)));
static uint8_t other_page[4096] __attribute__((aligned(4096)));

R0_TEST(translation, own_root)
{
	const uint64_t root = r0_mrs(ttbr0_el1);

	memcpy(own_table, r0_at_physical(root & R0_DESCRIPTOR_ADDRESS), sizeof(own_table));
	r0_dsb(ishst);
	r0_msr(ttbr0_el1, r0_physical(own_table) | R0_TTBR_ASID(7));
	r0_isb();
	page[1] = 5;
	R0_ASSERT_EQ(((volatile uint8_t *)page)[1], 5);
	R0_ASSERT_FAULT(R0_BRK, r0_brk(0));
}

R0_TEST(translation, own_page)
{
	uint64_t *descriptor = r0_find_descriptor(page, NULL);

	page[0] = 1;
	other_page[0] = 2;
	*descriptor = (*descriptor & ~R0_DESCRIPTOR_ADDRESS) | r0_physical(other_page);
	r0_flush_translations();
	R0_ASSERT_EQ(((volatile uint8_t *)page)[0], 2);
}

R0_TEST(translation, own_page_is_gone)
{
	page[0] = 1;
	other_page[0] = 2;
	R0_ASSERT_EQ(((volatile uint8_t *)page)[0], 1);
}

/* A translation that is remembered, of an address that is mapped otherwise meanwhile, is dropped by TLBI. */
R0_TEST(translation, tlbi_by_address)
{
	uint64_t *descriptor = r0_find_descriptor(page, NULL);
	const uint64_t asid = r0_mrs(ttbr0_el1) >> 48;

	page[0] = 1;
	other_page[0] = 2;
	R0_ASSERT_EQ(((volatile uint8_t *)page)[0], 1);
	*descriptor &= ~R0_DESCRIPTOR_VALID;
	r0_dsb(ishst);
	r0_tlbi_of(vae1, R0_TLBI_PAGE(page, asid));
	r0_dsb(nsh);
	r0_isb();
	R0_ASSERT_EQ(load_at(page).vector, R0_DATA_ABORT);
}

R0_TEST(translation, new_code_is_executed)
{
	static const uint32_t first[] = { 0xd2800020, 0xd65f03c0 };  /* MOV X0, #1; RET */
	static const uint32_t second[] = { 0xd2800040, 0xd65f03c0 }; /* MOV X0, #2; RET */
	uint64_t (*fn)(void) = (uint64_t(*)(void))(uintptr_t)page;

	set_descriptor(page, 0, R0_DESCRIPTOR_PXN);
	memcpy(page, first, sizeof(first));
	__builtin___clear_cache((char *)page, (char *)page + sizeof(first));
	R0_ASSERT_EQ(fn(), 1);
	memcpy(page, second, sizeof(second));
	__builtin___clear_cache((char *)page, (char *)page + sizeof(second));
	R0_ASSERT_EQ(fn(), 2);
}

R0_TEST(translation, code_of_the_test_before_is_gone)
{
	static const uint32_t third[] = { 0xd2800060, 0xd65f03c0 }; /* MOV X0, #3; RET */
	uint64_t (*fn)(void) = (uint64_t(*)(void))(uintptr_t)page;

	set_descriptor(page, 0, R0_DESCRIPTOR_PXN);
	memcpy(page, third, sizeof(third));
	__builtin___clear_cache((char *)page, (char *)page + sizeof(third));
	R0_ASSERT_EQ(fn(), 3);
}
