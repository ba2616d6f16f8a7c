/* SPDX-License-Identifier: MIT */
/*
 * GDT, LDT and task register: what may be loaded into each segment register in ring 0, and the
 * exception and error code that says why not. Gates are in gates.c. SDM vol. 3A, 3.4, 3.5, 5.5,
 * and vol. 2A and 2B, MOV, RET, LLDT, LTR; APM vol. 2, 4.8 to 4.11, vol. 3.
 */
#include <string.h>
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/landing.h"
#include "tests/guest/mapping.h"
#include "tests/guest/requirements.h"

/* The GDT's free entries. */
#define FREE	  0x40
#define FREE_NEXT 0x48
#define BEYOND	  R0_GDT_SIZE

/* An entry for FREE, a selector to load, and what becomes of it: -1, or a vector and error code. */
struct load {
	const char *name;
	uint64_t descriptor;
	uint16_t selector;
	int vector;
	uint64_t error_code;
};

#define DATA	     R0_SEGMENT_DATA
#define READ_ONLY    (R0_SEGMENT_DATA & ~R0_SEGMENT_RW)
#define CODE	     R0_SEGMENT_CODE64
#define EXECUTE_ONLY (R0_SEGMENT_CODE64 & ~R0_SEGMENT_RW)
#define CONFORMING   (R0_SEGMENT_CODE64 | R0_SEGMENT_EC)
#define SYSTEM(type) (R0_SEGMENT_P | R0_SEGMENT_TYPE(type))
#define ABSENT	     (~R0_SEGMENT_P)
#define DPL3	     R0_SEGMENT_DPL(3)

static void load_ds(void *arg)
{
	r0_write_ds(*(uint16_t *)arg);
}

static void load_es(void *arg)
{
	r0_write_es(*(uint16_t *)arg);
}

static void load_gs(void *arg)
{
	r0_write_gs(*(uint16_t *)arg);
}

static void load_ss(void *arg)
{
	r0_write_ss(*(uint16_t *)arg);
}

static void load_cs(void *arg)
{
	r0_write_cs(*(uint16_t *)arg);
}

static void load_ldt(void *arg)
{
	r0_lldt(*(uint16_t *)arg);
}

static void load_tr(void *arg)
{
	r0_ltr(*(uint16_t *)arg);
}

static void check_load(const struct load *wanted, void (*load)(void *), uint16_t (*read)(void))
{
	uint16_t selector = wanted->selector, before = read();
	struct r0_fault fault;

	r0_printf("%s\n", wanted->name);
	r0_gdt()[FREE >> 3] = wanted->descriptor;
	r0_gdt()[FREE_NEXT >> 3] = 0;
	fault = r0_try(load, &selector);
	R0_ASSERT_EQ(fault.vector, wanted->vector);
	R0_ASSERT_EQ(fault.error_code, wanted->error_code);
	R0_ASSERT_EQ(read(), wanted->vector < 0 ? selector : before);
}

static const struct load data_loads[] = {
	{ "writable data", DATA, FREE, -1, 0 },
	{ "read-only data", READ_ONLY, FREE, -1, 0 },
	{ "readable code", CODE, FREE, -1, 0 },
	{ "execute-only code", EXECUTE_ONLY, FREE, R0_GP, FREE },
	{ "absent data", DATA &ABSENT, FREE, R0_NP, FREE },
	{ "absent execute-only code", EXECUTE_ONLY &ABSENT, FREE, R0_GP, FREE },
	{ "DPL 0 with RPL 3", DATA, FREE | 3, R0_GP, FREE },
	{ "DPL 3 with RPL 3", DATA | DPL3, FREE | 3, -1, 0 },
	{ "DPL 3 with RPL 0", DATA | DPL3, FREE, -1, 0 },
	{ "conforming code of DPL 0 with RPL 3", CONFORMING, FREE | 3, -1, 0 },
	{ "code of DPL 0 with RPL 3", CODE, FREE | 3, R0_GP, FREE },
	{ "a TSS", SYSTEM(R0_TYPE_TSS), FREE, R0_GP, FREE },
	{ "an empty descriptor", 0, FREE, R0_GP, FREE },
	{ "beyond the limit", 0, BEYOND, R0_GP, BEYOND },
	{ "beyond the limit with RPL 3", 0, BEYOND | 3, R0_GP, BEYOND },
	{ "null", 0, 0, -1, 0 },
	{ "null with RPL 3", 0, 3, -1, 0 },
};

R0_TEST(descriptor_tables, ds_takes, .params = R0_PARAMS(data_loads))
{
	check_load(&R0_PARAM(const struct load), load_ds, r0_read_ds);
}

R0_TEST(descriptor_tables, es_takes, .params = R0_PARAMS(data_loads))
{
	check_load(&R0_PARAM(const struct load), load_es, r0_read_es);
}

R0_TEST(descriptor_tables, gs_takes, .params = R0_PARAMS(data_loads))
{
	check_load(&R0_PARAM(const struct load), load_gs, r0_read_gs);
}

static const struct load stack_loads[] = {
	{ "writable data", DATA, FREE, -1, 0 },
	{ "read-only data", READ_ONLY, FREE, R0_GP, FREE },
	{ "code", CODE, FREE, R0_GP, FREE },
	{ "absent data", DATA &ABSENT, FREE, R0_SS, FREE },
	{ "DPL 3", DATA | DPL3, FREE, R0_GP, FREE },
	{ "RPL 3", DATA, FREE | 3, R0_GP, FREE },
	{ "DPL 3 with RPL 3", DATA | DPL3, FREE | 3, R0_GP, FREE },
	{ "an LDT", SYSTEM(R0_TYPE_LDT), FREE, R0_GP, FREE },
	{ "beyond the limit", 0, BEYOND, R0_GP, BEYOND },
	{ "null", 0, 0, -1, 0 },
};

R0_TEST(descriptor_tables, ss_takes, .params = R0_PARAMS(stack_loads))
{
	check_load(&R0_PARAM(const struct load), load_ss, r0_read_ss);
}

/* In 64-bit mode a null SS must have the CPL in it: SDM vol. 2B, MOV, 64-bit mode exceptions. */
R0_TEST(descriptor_tables, ss_refuses_null_with_another_rpl, .when = cpu_is_intel)
{
	static const struct load null = { "null with RPL 3", 0, 3, R0_GP, 0 };

	check_load(&null, load_ss, r0_read_ss);
}

/* By a far return. */
static const struct load code_loads[] = {
	{ "64-bit code", CODE, FREE, -1, 0 },
	{ "execute-only code", EXECUTE_ONLY, FREE, -1, 0 },
	{ "conforming code", CONFORMING, FREE, -1, 0 },
	{ "data", DATA, FREE, R0_GP, FREE },
	{ "absent code", CODE &ABSENT, FREE, R0_NP, FREE },
	{ "DPL 3", CODE | DPL3, FREE, R0_GP, FREE },
	{ "conforming code of DPL 3", CONFORMING | DPL3, FREE, R0_GP, FREE },
	{ "both L and D", CODE | R0_SEGMENT_DB, FREE, R0_GP, FREE },
	{ "a TSS", SYSTEM(R0_TYPE_TSS), FREE, R0_GP, FREE },
	{ "beyond the limit", 0, BEYOND, R0_GP, BEYOND },
	{ "null", 0, 0, R0_GP, 0 },
};

R0_TEST(descriptor_tables, cs_takes, .params = R0_PARAMS(code_loads))
{
	check_load(&R0_PARAM(const struct load), load_cs, r0_read_cs);
}

R0_TEST(descriptor_tables, cs_refuses_code_of_ring_0_for_ring_3, .when = executes_far_transfers)
{
	static const struct load other_ring = { "RPL 3", CODE, FREE | 3, R0_GP, FREE };

	check_load(&other_ring, load_cs, r0_read_cs);
}

/* By a far jump; what succeeds is tested with 32-bit code, in segments.c. */
static const struct load jumps[] = {
	{ "data", DATA, FREE, R0_GP, FREE },
	{ "absent code", CODE &ABSENT, FREE, R0_NP, FREE },
	{ "DPL 3", CODE | DPL3, FREE, R0_GP, FREE },
	{ "both L and D", CODE | R0_SEGMENT_DB, FREE, R0_GP, FREE },
	{ "beyond the limit", 0, BEYOND, R0_GP, BEYOND },
	{ "null", 0, 0, R0_GP, 0 },
};

static void check_jump(const struct load *wanted)
{
	struct far_pointer pointer = { 0x1000, wanted->selector };
	struct r0_fault fault;

	r0_printf("%s\n", wanted->name);
	r0_gdt()[FREE >> 3] = wanted->descriptor;
	fault = r0_try(far_jump_to, &pointer);
	ASSERT_FAULT_AT(fault, wanted->vector, wanted->error_code, far_jump_to_ljmp);
}

R0_TEST(descriptor_tables, far_jump_refuses, .params = R0_PARAMS(jumps))
{
	check_jump(&R0_PARAM(const struct load));
}

/* Long mode has no task switches: SDM vol. 3A, 7.7. */
static const struct load system_jumps[] = {
	{ "an available TSS", SYSTEM(R0_TYPE_TSS), FREE, R0_GP, FREE },
	{ "an LDT", SYSTEM(R0_TYPE_LDT), FREE, R0_GP, FREE },
};

R0_TEST(descriptor_tables, far_jump_refuses_system_segments, .params = R0_PARAMS(system_jumps),
	.when = executes_far_transfers)
{
	check_jump(&R0_PARAM(const struct load));
}

static const struct load ldt_loads[] = {
	{ "an LDT", SYSTEM(R0_TYPE_LDT) | 0xff, FREE, -1, 0 },
	{ "an absent LDT", R0_SEGMENT_TYPE(R0_TYPE_LDT), FREE, R0_NP, FREE },
	{ "a TSS", SYSTEM(R0_TYPE_TSS), FREE, R0_GP, FREE },
	{ "data", DATA, FREE, R0_GP, FREE },
	{ "a selector into the LDT", 0, FREE | R0_SELECTOR_TI, R0_GP, FREE | R0_SELECTOR_TI },
	{ "beyond the limit", 0, BEYOND, R0_GP, BEYOND },
	{ "null", 0, 0, -1, 0 },
};

R0_TEST(descriptor_tables, ldtr_takes, .params = R0_PARAMS(ldt_loads))
{
	check_load(&R0_PARAM(const struct load), load_ldt, r0_sldt);
}

static const struct load tr_loads[] = {
	{ "an available TSS", SYSTEM(R0_TYPE_TSS) | 0x67, FREE, -1, 0 },
	{ "a busy TSS", SYSTEM(R0_TYPE_TSS_BUSY) | 0x67, FREE, R0_GP, FREE },
	{ "an absent TSS", R0_SEGMENT_TYPE(R0_TYPE_TSS) | 0x67, FREE, R0_NP, FREE },
	{ "an LDT", SYSTEM(R0_TYPE_LDT), FREE, R0_GP, FREE },
	{ "data", DATA, FREE, R0_GP, FREE },
	{ "beyond the limit", 0, BEYOND, R0_GP, BEYOND },
	{ "null", 0, 0, R0_GP, 0 },
};

/* A TSS at address 0 is never read before it is replaced: nothing faults that should not. */
static void check_load_tr(const struct load *wanted)
{
	uint64_t present = r0_system_segment_base(r0_gdt() + (R0_TSS >> 3));
	struct load here = *wanted;

	/* The descriptor's base is that of the TSS in use: exceptions find their stacks there. */
	if (here.descriptor)
		here.descriptor |= r0_make_segment((uint32_t)present, 0, 0);
	r0_printf("%s\n", here.name);
	r0_gdt()[FREE >> 3] = here.descriptor;
	r0_gdt()[FREE_NEXT >> 3] = here.descriptor ? present >> 32 : 0;

	uint16_t selector = here.selector;
	struct r0_fault fault = r0_try(load_tr, &selector);

	R0_ASSERT_EQ(fault.vector, here.vector);
	R0_ASSERT_EQ(fault.error_code, here.error_code);
	R0_ASSERT_EQ(r0_str(), here.vector < 0 ? selector : R0_TSS);
	if (here.vector < 0)
		R0_ASSERT_EQ(r0_gdt()[FREE >> 3],
			     here.descriptor | R0_SEGMENT_TYPE(R0_TYPE_TSS_BUSY));
}

R0_TEST(descriptor_tables, tr_takes, .params = R0_PARAMS(tr_loads))
{
	check_load_tr(&R0_PARAM(const struct load));
}

R0_TEST(descriptor_tables, tr_refuses_the_ldt, .when = gives_the_cpus_error_codes)
{
	static const struct load local = { "a selector into the LDT", 0, FREE | R0_SELECTOR_TI,
					   R0_GP, FREE | R0_SELECTOR_TI };

	check_load_tr(&local);
}

R0_TEST(descriptor_tables, tr_at_entry)
{
	R0_ASSERT_EQ(r0_str(), R0_TSS);
	R0_ASSERT_EQ(r0_gdt()[R0_TSS >> 3] & R0_SEGMENT_TYPE(0x1f),
		     R0_SEGMENT_TYPE(R0_TYPE_TSS_BUSY));
}

R0_TEST(descriptor_tables, selectors_at_entry)
{
	R0_ASSERT_EQ(r0_read_cs(), R0_KERNEL_CS);
	R0_ASSERT_EQ(r0_read_ss(), R0_KERNEL_DS);
	R0_ASSERT_EQ(r0_read_ds(), R0_KERNEL_DS);
	R0_ASSERT_EQ(r0_read_es(), R0_KERNEL_DS);
}

/* SDM vol. 3A, 3.4.5.1: loading a segment sets its accessed bit. */
R0_TEST(descriptor_tables, loading_marks_accessed)
{
	r0_gdt()[FREE >> 3] = DATA & ~R0_SEGMENT_A;
	r0_write_es(FREE);
	R0_ASSERT_EQ(((volatile uint64_t *)r0_gdt())[FREE >> 3], DATA);
	r0_gdt()[FREE >> 3] = CODE & ~R0_SEGMENT_A;
	r0_write_cs(FREE);
	R0_ASSERT_EQ(((volatile uint64_t *)r0_gdt())[FREE >> 3], CODE);
	r0_write_cs(R0_KERNEL_CS);
}

/* The hidden part stays as loaded when the table changes: SDM vol. 3A, 3.4.3. */
R0_TEST(descriptor_tables, loaded_segments_outlive_their_descriptors)
{
	r0_gdt()[FREE >> 3] = r0_make_segment(0x11223344, 0xfffff, DATA | R0_SEGMENT_G);
	r0_write_gs(FREE);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_GS_BASE), 0x11223344);
	r0_gdt()[FREE >> 3] = 0;
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_GS_BASE), 0x11223344);
	R0_ASSERT_EQ(r0_read_gs(), FREE);
}

static uint64_t ldt[4] __attribute__((aligned(16)));

static void use_ldt(uint32_t limit)
{
	r0_make_system_segment(r0_gdt() + (FREE >> 3), (uint64_t)ldt, limit, R0_TYPE_LDT);
	r0_lldt(FREE);
	R0_ASSERT_EQ(r0_sldt(), FREE);
}

/* Entry 1 of the LDT. */
#define LOCAL (0x08 | R0_SELECTOR_TI)

R0_TEST(descriptor_tables, ldt_descriptors_are_loaded)
{
	ldt[1] = r0_make_segment(0x1000, 0xfffff, DATA | R0_SEGMENT_G);
	use_ldt(sizeof(ldt) - 1);
	r0_write_gs(LOCAL);
	R0_ASSERT_EQ(r0_read_gs(), LOCAL);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_GS_BASE), 0x1000);
}

R0_TEST(descriptor_tables, ldt_faults_have_ti_in_the_error_code)
{
	uint16_t selector = LOCAL | 3;
	struct r0_fault fault;

	ldt[1] = (DATA & ABSENT) | DPL3;
	use_ldt(sizeof(ldt) - 1);
	fault = r0_try(load_ds, &selector);
	R0_ASSERT_EQ(fault.vector, R0_NP);
	R0_ASSERT_EQ(fault.error_code, LOCAL);
	use_ldt(7);
	fault = r0_try(load_ds, &selector);
	R0_ASSERT_EQ(fault.vector, R0_GP);
	R0_ASSERT_EQ(fault.error_code, LOCAL);
	r0_lldt(0);
	fault = r0_try(load_ds, &selector);
	R0_ASSERT_EQ(fault.vector, R0_GP);
	R0_ASSERT_EQ(fault.error_code, LOCAL);
}

R0_TEST(descriptor_tables, sldt_is_0_at_entry)
{
	R0_ASSERT_EQ(r0_sldt(), 0);
}

static uint64_t gdt[32] __attribute__((aligned(16)));

R0_TEST(descriptor_tables, lgdt_switches_tables)
{
	struct r0_table_register gdtr = { sizeof(gdt) - 1, (uint64_t)gdt };

	memcpy(gdt, r0_gdt(), R0_GDT_SIZE);
	gdt[R0_GDT_SIZE >> 3] = DATA;
	r0_lgdt(gdtr);
	R0_ASSERT_EQ(r0_sgdt().base, (uint64_t)gdt);
	R0_ASSERT_EQ(r0_sgdt().limit, sizeof(gdt) - 1);
	r0_write_es(R0_GDT_SIZE);
	R0_ASSERT_EQ(r0_read_es(), R0_GDT_SIZE);
}

static void load_gdt(void *arg)
{
	r0_lgdt(*(struct r0_table_register *)arg);
}

static void load_idt(void *arg)
{
	r0_lidt(*(struct r0_table_register *)arg);
}

/*
 * A base has to be canonical, by the width that the CPU has: SDM vol. 2A, LGDT and LIDT, and vol. 3A,
 * 4.5.2; APM vol. 3, LGDT and LIDT.
 */
R0_TEST(descriptor_tables, table_bases_must_be_canonical)
{
	struct r0_table_register far_off = { 0xff, 1ul << (r0_linear_address_bits() - 1) };
	struct r0_fault fault = r0_try(load_gdt, &far_off);

	R0_ASSERT_EQ(fault.vector, R0_GP);
	R0_ASSERT_EQ(fault.error_code, 0);
	fault = r0_try(load_idt, &far_off);
	R0_ASSERT_EQ(fault.vector, R0_GP);
	R0_ASSERT_EQ(fault.error_code, 0);
}
