/* SPDX-License-Identifier: MIT */
/* Which exception a triple fault began with, and why it went undelivered. Needs no KVM. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "crash/undelivered_x86_64.h"
#include "crash_tables.h"

#define CODE	0x400000ull
#define HANDLER 0x401000ull
#define STACK	0x500000ull /* the page below it is mapped */
#define IST1	0x600000ull
#define IDT	0x700000ull
#define GDT	0x710000ull
#define TSS	0x720000ull

static struct crash_view view;
static struct crash_child child;
static struct crash_undelivered found;
static char reason[512];

static uint64_t *map(uint64_t address, uint64_t flags)
{
	uint64_t page = tables_next++;

	*tables_entry(address, 0) = page << 12 | flags | P;
	return tables_memory[page];
}

static uint64_t *idt, *gdt;

static void set_gate(int vector, uint64_t handler, unsigned int ist)
{
	idt[2 * vector] = (handler & 0xffff) | R0_KERNEL_CS << 16 | (uint64_t)ist << 32 |
			  0x8eull << 40 | (handler >> 16 & 0xffff) << 48;
	idt[2 * vector + 1] = handler >> 32;
}

/* A CPU that could deliver anything: handlers of every exception, on IST1. */
static int setup(void **state)
{
	uint64_t *tss;

	(void)state;
	tables_init(&view);
	map(CODE, 0);
	map(HANDLER, 0);
	map(STACK - 4096, W | NX);
	map(IST1 - 4096, W | NX);
	idt = map(IDT, W | NX);
	gdt = map(GDT, W | NX);
	tss = map(TSS, W | NX);
	gdt[1] = 0x00209b0000000000;
	gdt[2] = 0x0000930000000000;
	gdt[5] = 0x0020fb0000000000;
	((uint32_t *)tss)[9] = IST1 & 0xffffffff;
	for (int vector = 0; vector < 32; vector++)
		set_gate(vector, HANDLER, R0_IST_EXCEPTION);
	view.regs.rip = CODE;
	view.regs.rsp = STACK;
	view.sregs.idt = (struct kvm_dtable){ .base = IDT, .limit = 0xfff };
	view.sregs.gdt = (struct kvm_dtable){ .base = GDT, .limit = 0x7f };
	view.sregs.tr = (struct kvm_segment){ .base = TSS, .limit = 0x67 };
	memset(&child, 0, sizeof(child));
	child.raises = -1;
	child.interrupt = -1;
	return 0;
}

static void expect_reason(int vector, const char *expected)
{
	assert_int_equal(crash_undelivered_reason(&view, vector, false, reason, sizeof(reason)),
			 expected[0] != '\0');
	assert_string_equal(reason, expected);
}

static void expect_found(int vector, const char *cause)
{
	crash_undelivered_find(&view, &child, &found);
	assert_int_equal(found.vector, vector);
	assert_string_equal(found.cause, cause);
}

static void nothing_wrong_is_told_so(void **state)
{
	(void)state;
	expect_reason(R0_UD, "");
	expect_reason(R0_PF, "");
	expect_found(-1, "");
	assert_string_equal(found.double_fault, "");
}

static void idt_is_looked_at(void **state)
{
	(void)state;
	idt[2 * R0_UD] &= ~(1ull << 47);
	expect_reason(R0_UD, "its gate in the IDT is not present");
	idt[2 * R0_UD] = 0;
	expect_reason(R0_UD,
		      "its gate in the IDT is of type 0, neither an interrupt nor a trap gate");
	view.sregs.idt.limit = 16 * R0_UD + 14;
	expect_reason(R0_UD, "the IDT's limit is 0x6e");
	expect_reason(R0_BP, "");
	view.sregs.idt.limit = 0;
	expect_reason(R0_DE, "the IDT's limit is 0");
	view.sregs.idt.limit = 0xfff;
	view.sregs.idt.base = 0x900000;
	expect_reason(R0_DE, "its gate in the IDT at 0x900000 can't be read: the PDE has P clear");
}

static void handler_segment_is_looked_at(void **state)
{
	(void)state;
	gdt[1] = 0x0000930000000000;
	expect_reason(R0_UD, "its gate's selector 0x8 is not of a code segment");
	gdt[1] = 0x00201b0000000000;
	expect_reason(R0_UD, "its gate's code segment 0x8 is not present");
	gdt[1] = 0x00409b0000000000;
	expect_reason(R0_UD, "its gate's code segment 0x8 is not a 64-bit one");
	gdt[1] = 0x0020fb0000000000;
	expect_reason(R0_UD, "its gate's code segment 0x8 has DPL 3, above CPL 0");
	view.sregs.gdt.limit = 7;
	expect_reason(R0_UD, "its gate's selector 0x8 is beyond the GDT's limit, 0x7");
	view.sregs.gdt = (struct kvm_dtable){ .base = 0x900000, .limit = 0x7f };
	expect_reason(R0_UD, "the GDT at 0x900008 is not mapped");
	idt[2 * R0_UD] &= ~0xffff0000ull;
	expect_reason(R0_UD, "its gate's selector is null");
}

static void handler_stack_is_looked_at(void **state)
{
	(void)state;
	*tables_entry(IST1 - 4096, 0) &= ~P;
	expect_reason(R0_UD, "its frame can't be pushed at the TSS's IST1, 0x600000: the PTE has P "
			     "clear");
	set_gate(R0_UD, HANDLER, 0);
	expect_reason(R0_UD, "");
	view.regs.rsp = STACK - 4096 + 40;
	/* Pushes begin at a multiple of 16 (SDM vol. 3A, 6.14.2). */
	expect_reason(R0_UD, "its frame can't be pushed at RSP, 0x4ff020: the PTE has P clear");
	view.regs.rsp = STACK - 4096 + 48;
	expect_reason(R0_UD, "");
	set_gate(R0_UD, HANDLER, 7);
	view.sregs.tr.limit = 0x50;
	expect_reason(R0_UD, "the TSS's IST7 is beyond the TSS's limit, 0x50");
	view.sregs.tr.base = 0x900000;
	set_gate(R0_UD, HANDLER, 1);
	expect_reason(R0_UD, "the TSS at 0x900000 is not mapped");
}

static void stack_of_ring_3_is_the_one_of_the_tss(void **state)
{
	(void)state;
	set_gate(R0_UD, HANDLER, 0);
	view.sregs.cs.selector = R0_USER_CS | 3;
	expect_reason(R0_UD,
		      "its frame can't be pushed at the TSS's RSP0, 0: the PML4E has P clear, "
		      "with CR3 0x1000");
}

static void handler_code_is_looked_at(void **state)
{
	(void)state;
	*tables_entry(HANDLER, 0) |= NX;
	expect_reason(R0_UD,
		      "its handler at 0x401000 can't be fetched: the PTE has NX set: the page "
		      "is not executable");
}

static void dpl_counts_for_software_interrupts(void **state)
{
	(void)state;
	view.sregs.cs.selector = R0_USER_CS | 3;
	assert_true(crash_undelivered_reason(&view, R0_BP, true, reason, sizeof(reason)));
	assert_string_equal(reason, "its gate's DPL is 0, below CPL 3");
	assert_false(crash_undelivered_reason(&view, R0_BP, false, reason, sizeof(reason)));
}

static void fetch_comes_first(void **state)
{
	(void)state;
	child.raises = R0_UD;
	view.regs.rip = 0;
	expect_found(R0_PF, "fetch from 0: the PDE has P clear");
	view.regs.rip = STACK - 16;
	expect_found(R0_PF, "fetch from 0x4ffff0: the PTE has NX set: the page is not executable");
	view.regs.rip = 0x1234567812345678;
	expect_found(R0_GP, "fetch from 0x1234567812345678: the address is not canonical");
	view.regs.rip = CODE;
	expect_found(R0_UD, "");
}

static void access_is_checked(void **state)
{
	(void)state;
	child.access_count = 1;
	child.accesses[0] = (struct crash_child_access){ .address = CODE, .size = 8 };
	expect_found(-1, "");
	child.accesses[0].write = true;
	expect_found(R0_PF, "write to 0x400000: the PTE has W clear: the page is read-only");
	assert_int_equal(found.address, CODE);
	/* The second page of it counts, too. */
	child.accesses[0] = (struct crash_child_access){ .address = STACK - 4, .size = 8 };
	expect_found(R0_PF, "read from 0x4ffffc: the PTE has P clear");
	child.accesses[0] = (struct crash_child_access){ .address = 1ull << 63, .size = 8 };
	expect_found(R0_GP, "read from 0x8000000000000000: the address is not canonical");
	child.accesses[0].segment = 's';
	expect_found(R0_SS, "read from 0x8000000000000000: the address is not canonical");
	child.accesses[0] = (struct crash_child_access){
		.address = STACK - 24, .size = 16, .alignment = 16, .write = true
	};
	expect_found(R0_GP, "write to 0x4fffe8: it is not aligned to 16 bytes");
}

static void instruction_is_checked(void **state)
{
	(void)state;
	child.raises = R0_DE;
	expect_found(R0_DE, "");
	child.raises = -1;
	child.interrupt = 0x80;
	expect_found(0x80, "");
	child.interrupt = -1;
	child.privileged = true;
	expect_found(-1, "");
	view.sregs.cs.selector = R0_USER_CS | 3;
	for (unsigned int level = 0; level < 4; level++)
		*tables_entry(CODE, level) |= U;
	expect_found(R0_GP, "only ring 0 may execute it");
}

static void extensions_that_are_off_are_told(void **state)
{
	(void)state;
	strcpy(child.extension, "SSE2");
	expect_found(-1, "");
	view.sregs.cr4 &= ~(1ull << 9);
	expect_found(R0_UD, "an instruction of SSE2 while CR4.OSFXSR is clear");
	strcpy(child.extension, "AVX2");
	expect_found(R0_UD, "an instruction of AVX2 while CR4.OSXSAVE is clear");
	strcpy(child.extension, "X87");
	expect_found(-1, "");
	view.sregs.cr0 |= 1 << 3;
	expect_found(R0_NM, "an instruction of X87 while CR0.TS is set");
	strcpy(child.extension, "BASE");
	expect_found(-1, "");
}

static void double_fault_is_looked_at_in_any_case(void **state)
{
	(void)state;
	idt[2 * R0_UD] = 0;
	idt[2 * R0_DF] &= ~(1ull << 47);
	child.raises = R0_UD;
	expect_found(R0_UD, "");
	assert_string_equal(found.reason,
			    "its gate in the IDT is of type 0, neither an interrupt nor "
			    "a trap gate");
	assert_string_equal(found.double_fault, "its gate in the IDT is not present");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, setup)
		TEST(nothing_wrong_is_told_so),
		TEST(idt_is_looked_at),
		TEST(handler_segment_is_looked_at),
		TEST(handler_stack_is_looked_at),
		TEST(stack_of_ring_3_is_the_one_of_the_tss),
		TEST(handler_code_is_looked_at),
		TEST(dpl_counts_for_software_interrupts),
		TEST(fetch_comes_first),
		TEST(access_is_checked),
		TEST(instruction_is_checked),
		TEST(extensions_that_are_off_are_told),
		TEST(double_fault_is_looked_at_in_any_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
