/* SPDX-License-Identifier: MIT */
/* Code of 16 and 32 bits without long mode: its page tables, and why its exceptions went undelivered. Needs no KVM. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "crash/gate_x86_64.h"
#include "crash/undelivered_x86_64.h"
#include "crash/walk_x86_64.h"
#include "crash_tables.h"

/* Physical addresses, which without paging are all that there are. */
#define CODE	  0x10000u
#define HANDLER	  0x11000u
#define STACK	  0x13000u
#define RING_0	  0x14000u /* a stack */
#define IDT	  0x15000u
#define GDT	  0x16000u
#define TSS	  0x17000u
#define DIRECTORY 0x20000u
#define TABLE	  0x21000u

#define CODE_0	0x08
#define DATA_0	0x10
#define CODE_3	0x1b
#define DATA_3	0x23
#define CODE_16 0x28

#define ADDRESS 0x00c03abcu /* PDE 3, PTE 3 */

static struct crash_view view;
static struct crash_child child;
static struct crash_undelivered found;
static struct crash_walk walk;
static char reason[512];

static const struct crash_access reads, writes = { .write = true }, fetches = { .fetch = true },
					user_reads = { .user = true };

static void *memory(uint32_t address)
{
	return (char *)tables_memory + address;
}

static struct kvm_segment segment(uint16_t selector, uint32_t base, uint32_t limit, uint8_t type)
{
	return (struct kvm_segment){
		.selector = selector, .base = base, .limit = limit, .type = type, .db = 1
	};
}

static void set_gate(int vector, uint32_t handler, uint16_t selector, unsigned int type,
		     unsigned int dpl)
{
	((uint64_t *)memory(IDT))[vector] = (handler & 0xffff) | (uint64_t)selector << 16 |
					    (uint64_t)(0x80 | dpl << 5 | type) << 40 |
					    (uint64_t)(handler >> 16) << 48;
}

/* Ring 0 in protected mode without paging: flat segments, and handlers of every exception. */
static int setup(void **state)
{
	uint64_t *gdt = memory(GDT);
	uint32_t *tss = memory(TSS);
	int vector;

	(void)state;
	tables_init(&view);
	view.sregs.cr0 = 0x11;
	view.sregs.cr4 = 0;
	view.sregs.efer = 0;
	view.sregs.cr3 = DIRECTORY;
	gdt[1] = 0x00cf9b000000ffff;
	gdt[2] = 0x00cf93000000ffff;
	gdt[3] = 0x00cffb000000ffff;
	gdt[4] = 0x00cff3000000ffff;
	gdt[5] = 0x000f9b000000ffff;
	tss[1] = RING_0;
	tss[2] = DATA_0;
	for (vector = 0; vector < 32; vector++)
		set_gate(vector, HANDLER, CODE_0, 0xe, 0);
	view.code_bits = 32;
	view.regs.rip = CODE;
	view.regs.rsp = STACK;
	view.regs.rflags = 2;
	view.sregs.cs = segment(CODE_0, 0, UINT32_MAX, 0xb);
	view.sregs.ss = view.sregs.ds = segment(DATA_0, 0, UINT32_MAX, 3);
	view.sregs.es = view.sregs.fs = view.sregs.gs = view.sregs.ds;
	view.sregs.tr = segment(0x30, TSS, 0x67, 0xb);
	view.sregs.idt = (struct kvm_dtable){ .base = IDT, .limit = 0xff };
	view.sregs.gdt = (struct kvm_dtable){ .base = GDT, .limit = 0x37 };
	memset(&child, 0, sizeof(child));
	child.raises = -1;
	child.interrupt = -1;
	return 0;
}

static void enter_ring_3(void)
{
	view.sregs.cs = segment(CODE_3, 0, UINT32_MAX, 0xb);
	view.sregs.ss = view.sregs.ds = segment(DATA_3, 0, UINT32_MAX, 3);
}

static bool refuses(uint32_t address, struct crash_access access)
{
	crash_walk(&view, address, &walk);
	return crash_walk_refuses(&view, &walk, access, reason, sizeof(reason));
}

static void expect_reason(int vector, const char *expected)
{
	bool refused = crash_undelivered_reason(&view, vector, false, reason, sizeof(reason));

	assert_string_equal(reason, expected);
	assert_int_equal(refused, expected[0] != '\0');
}

static void expect_found(int vector, const char *cause)
{
	crash_undelivered_find(&view, &child, &found);
	assert_string_equal(found.cause, cause);
	assert_int_equal(found.vector, vector);
}

/* ---- page tables ---- */

static void turn_paging_on(uint64_t cr4)
{
	view.sregs.cr0 |= 0x80010000;
	view.sregs.cr4 = cr4;
}

static void entries_of_4_bytes(void **state)
{
	uint32_t *directory = memory(DIRECTORY), *table = memory(TABLE);

	(void)state;
	turn_paging_on(1 << 4);
	assert_true(refuses(ADDRESS, reads));
	assert_string_equal(reason, "the PDE has P clear, with CR3 0x20000");
	/* The halves of an entry of 8 bytes are two entries. */
	directory[2] = 0x99999000 | P;
	directory[3] = TABLE | P | W | U;
	table[2] = table[4] = 0x88888000 | P | W;
	table[3] = 0xfedcb000 | P | W;
	assert_false(refuses(ADDRESS, writes));
	assert_true(walk.mapped);
	assert_int_equal(walk.count, 2);
	assert_int_equal(walk.gpa, 0xfedcbabc);
	assert_int_equal(walk.entries[0].address, DIRECTORY + 12);
	assert_int_equal(walk.entries[1].address, TABLE + 12);
	assert_string_equal(walk.entries[1].name, "PTE");
	/* Linear addresses have 32 bits. */
	crash_walk(&view, 1ull << 32 | ADDRESS, &walk);
	assert_int_equal(walk.gpa, 0xfedcbabc);
	assert_true(refuses(ADDRESS, user_reads));
	assert_string_equal(reason, "the PTE has U clear: the page is the supervisor's");
	table[3] &= ~(uint32_t)W;
	assert_true(refuses(ADDRESS, writes));
	assert_string_equal(reason, "the PTE has W clear: the page is read-only");
	table[3] = 0;
	assert_true(refuses(ADDRESS, reads));
	assert_string_equal(reason, "the PTE has P clear");
}

static void pages_of_4_mib(void **state)
{
	uint32_t *directory = memory(DIRECTORY);

	(void)state;
	turn_paging_on(1 << 4);
	/* Bits 13 and 20 are bits 32 and 39 of the address. */
	directory[3] = 0x12400000 | 1u << 13 | 1u << 20 | P | W | PS;
	assert_false(refuses(ADDRESS, writes));
	assert_int_equal(walk.count, 1);
	assert_int_equal(walk.gpa, 0x8112403abc);
	/* Without CR4.PSE it is the address of a table. */
	turn_paging_on(0);
	assert_true(refuses(ADDRESS, reads));
	assert_int_equal(walk.count, 2);
	assert_string_equal(reason, "the PTE at 0x1250200c is outside guest memory");
}

static void pae_has_three_levels(void **state)
{
	/* The four are anywhere on a multiple of 32. */
	uint64_t *pointers = memory(DIRECTORY + 0x60), *directory = memory(0x22000),
		 *table = memory(TABLE);
	const uint32_t address = 0xc0000000 | ADDRESS; /* PDPTE 3, PDE 6, PTE 3 */
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	turn_paging_on(1 << 5);
	view.sregs.efer = 1 << 11;
	view.sregs.cr3 = DIRECTORY + 0x60;
	pointers[3] = 0x22000 | P;
	directory[6] = TABLE | P | W | U;
	table[3] = 0x123456000 | P | W | U | NX;
	/* A pointer has no W, U and NX, and forbids nothing. */
	assert_false(refuses(address, writes));
	assert_int_equal(walk.gpa, 0x123456abc);
	assert_string_equal(walk.entries[0].name, "PDPTE");
	assert_false(refuses(address, user_reads));
	assert_true(refuses(address, fetches));
	assert_string_equal(reason, "the PTE has NX set: the page is not executable");
	crash_walk(&view, address, &walk);
	crash_walk_print(&view, &walk, out);
	fclose(out);
	assert_string_equal(
		text,
		"page walk of 0x00000000c0c03abc, CR3 0x20060:\n"
		"  PDPTE at 0x000000020078: 0x0000000000022001  P\n"
		"  PDE   at 0x000000022030: 0x0000000000021007  P W U - - -- --\n"
		"  PTE   at 0x000000021018: 0x8000000123456007  P W U - - -- NX  page at 0x123456000\n"
		"  physical address 0x123456abc\n");
	free(text);
	directory[6] = 0x40000000 | P | W | PS;
	assert_false(refuses(address, writes));
	assert_int_equal(walk.gpa, 0x40003abc);
	view.sregs.cr4 |= 1 << 20;
	view.sregs.cr4 |= 1 << 21;
	directory[6] |= U;
	assert_true(refuses(address, reads));
	assert_string_equal(reason, "the page is the user's, CR4.SMAP is set and RFLAGS.AC clear");
}

/* ---- gates of 8 bytes ---- */

static void nothing_wrong_is_told_so(void **state)
{
	(void)state;
	expect_reason(R0_UD, "");
	expect_reason(R0_PF, "");
	enter_ring_3();
	expect_reason(R0_PF, "");
	expect_found(-1, "");
	assert_string_equal(found.double_fault, "");
	assert_int_equal(crash_gate_address(&view, R0_UD), IDT + 8 * R0_UD);
}

static void the_idt_is_looked_at(void **state)
{
	(void)state;
	set_gate(R0_UD, HANDLER, CODE_0, 0xc, 0);
	expect_reason(R0_UD,
		      "its gate in the IDT is of type 0xc, neither an interrupt nor a trap gate");
	set_gate(R0_UD, HANDLER, CODE_0, 5, 0);
	expect_reason(R0_UD, "its gate leads to a task, which is not looked at here");
	set_gate(R0_UD, HANDLER, CODE_0, 0x7, 0);
	expect_reason(R0_UD, "");
	((uint64_t *)memory(IDT))[R0_UD] &= ~(1ull << 47);
	expect_reason(R0_UD, "its gate in the IDT is not present");
	view.sregs.idt.limit = 8 * R0_UD + 6;
	expect_reason(R0_UD, "the IDT's limit is 0x36");
	expect_reason(R0_OF, "");
	turn_paging_on(0);
	expect_reason(R0_OF, "its gate in the IDT at 0x15020 can't be read: the PDE has P clear, "
			     "with CR3 0x20000");
}

static void the_handler_is_looked_at(void **state)
{
	uint64_t *gdt = memory(GDT);

	(void)state;
	set_gate(R0_UD, HANDLER, DATA_0, 0xe, 0);
	expect_reason(R0_UD, "its gate's selector 0x10 is not of a code segment");
	set_gate(R0_UD, HANDLER, CODE_3, 0xe, 0);
	expect_reason(R0_UD, "its gate's code segment 0x1b has DPL 3, above CPL 0");
	/* 64-bit code is none here, and L means nothing. */
	gdt[1] |= 1ull << 53;
	expect_reason(R0_OF, "");
	set_gate(R0_UD, 0x110000, CODE_16, 0xe, 0);
	gdt[5] = 0x00009b000000ffff;
	expect_reason(R0_UD,
		      "its handler at 0x110000 can't be fetched: beyond its segment's limit, "
		      "0xffff");
	/* Of a gate of 16 bits the upper half counts for nothing. */
	set_gate(R0_UD, 0x110000, CODE_16, 6, 0);
	expect_reason(R0_UD, "");
}

static void the_stack_is_looked_at(void **state)
{
	uint32_t *tss = memory(TSS);

	(void)state;
	/* Three words; four with an error code; half of that by a gate of 16 bits. */
	view.sregs.ss.type = 7; /* expands down */
	view.sregs.ss.limit = STACK - 13;
	expect_reason(R0_UD, "");
	expect_reason(R0_GP,
		      "its frame can't be pushed at ESP, 0x13000: beyond its segment's limit, "
		      "0x12ff3");
	view.sregs.ss.limit = STACK - 12;
	expect_reason(R0_UD,
		      "its frame can't be pushed at ESP, 0x13000: beyond its segment's limit, "
		      "0x12ff4");
	set_gate(R0_UD, HANDLER, CODE_0, 6, 0);
	expect_reason(R0_UD, "");
	/* The inner ring's takes two words more. */
	enter_ring_3();
	tss[1] = 18;
	expect_reason(R0_OF, "its frame can't be pushed at the TSS's ESP0, 0x12: beyond its "
			     "segment's limit, 0xffffffff");
	tss[1] = 20;
	expect_reason(R0_OF, "");
	tss[2] = DATA_3;
	expect_reason(R0_OF,
		      "its stack's selector 0x23 is not of a writable data segment of ring 0 "
		      "that is present");
	tss[2] = 0;
	expect_reason(R0_OF, "its stack's selector is null");
	view.sregs.tr.limit = 8;
	expect_reason(R0_OF, "the TSS's ESP0 is beyond the TSS's limit, 0x8");
	/* Conforming code stays in its ring, and on its stack. */
	((uint64_t *)memory(GDT))[1] |= 4ull << 40;
	expect_reason(R0_OF, "");
}

static void the_stack_may_have_16_bits(void **state)
{
	(void)state;
	view.sregs.ss = segment(DATA_0, 0x10000, 0xffff, 3);
	view.sregs.ss.db = 0;
	view.regs.rsp = 0x10004;
	expect_reason(R0_UD, "");
	view.sregs.ss.limit = 0xfff0;
	expect_reason(R0_UD, "its frame can't be pushed at SP, 0x4: beyond its segment's limit, "
			     "0xfff0");
}

static void dpl_counts_for_software_interrupts(void **state)
{
	(void)state;
	enter_ring_3();
	child.interrupt = R0_OF;
	crash_undelivered_find(&view, &child, &found);
	assert_string_equal(found.reason, "its gate's DPL is 0, below CPL 3");
	set_gate(R0_OF, HANDLER, CODE_0, 0xe, 3);
	crash_undelivered_find(&view, &child, &found);
	assert_string_equal(found.reason, "");
}

/* Which an exception of the same vector has: four words, where there is room for three. */
static void software_interrupts_push_no_error_code(void **state)
{
	(void)state;
	view.sregs.ss.type = 7; /* expands down */
	view.sregs.ss.limit = STACK - 13;
	child.interrupt = R0_GP;
	crash_undelivered_find(&view, &child, &found);
	assert_string_equal(found.reason, "");
}

/* ---- real and virtual-8086 mode ---- */

static void real_mode_has_vectors(void **state)
{
	(void)state;
	view.sregs.cr0 = 0x10;
	view.code_bits = 16;
	view.sregs.cs = segment(CODE_3, 0x1000, 0xffff, 0xb);
	view.sregs.cs.db = 0;
	view.sregs.ss = segment(0x1234, 0x12340, 0xffff, 3);
	view.sregs.ss.db = 0;
	view.regs.rsp = 0x12340 + 0x100;
	view.sregs.idt = (struct kvm_dtable){ .limit = 0x3ff };
	assert_int_equal(crash_gate_address(&view, R0_UD), 4 * R0_UD);
	expect_reason(R0_UD, "");
	/* A word that would wrap; between two of them SP may. */
	view.regs.rsp = 0x12340 + 4;
	expect_reason(R0_UD, "");
	view.regs.rsp = 0x12340 + 3;
	expect_reason(R0_UD, "its frame can't be pushed at SP, 0x3: beyond its segment's limit, "
			     "0xffff");
	view.sregs.idt.limit = 4 * R0_UD + 2;
	expect_reason(R0_UD, "the IDT's limit is 0x1a");
	/* What looks like ring 3 is ring 0. */
	child.privileged = true;
	expect_found(-1, "");
}

static void virtual_8086_mode_is_ring_3(void **state)
{
	uint32_t *tss = memory(TSS);

	(void)state;
	view.regs.rflags |= 1 << 17;
	view.sregs.cs = segment(0x1000, 0x10000, 0xffff, 0xb);
	view.code_bits = 16;
	child.privileged = true;
	expect_found(R0_GP, "only ring 0 may execute it");
	/* ES, DS, FS and GS are on the stack, too: nine words. */
	tss[1] = 36;
	expect_reason(R0_UD, "");
	tss[1] = 35;
	expect_reason(R0_UD, "its frame can't be pushed at the TSS's ESP0, 0x23: beyond its "
			     "segment's limit, 0xffffffff");
	/* Nothing but ring 0 is left for: neither by ring 3's code nor by conforming code. */
	tss[1] = RING_0;
	set_gate(R0_UD, HANDLER, CODE_3, 0xe, 0);
	expect_reason(R0_UD, "its gate's code segment 0x1b does not lead to ring 0, as it must "
			     "from virtual-8086 mode");
	set_gate(R0_UD, HANDLER, CODE_0, 0xe, 0);
	((uint64_t *)memory(GDT))[1] |= 4ull << 40;
	expect_reason(R0_UD, "its gate's code segment 0x8 does not lead to ring 0, as it must "
			     "from virtual-8086 mode");
}

/* ---- what raises it ---- */

static void segments_have_limits(void **state)
{
	(void)state;
	child.access_count = 1;
	child.accesses[0] =
		(struct crash_child_access){ .address = 0x12ffd, .size = 4, .segment = 'd' };
	expect_found(-1, "");
	view.sregs.ds = segment(DATA_0, 0x12000, 0xfff, 3);
	expect_found(R0_GP, "read from 0x12ffd: beyond the limit of its segment, 0xfff");
	child.accesses[0].address--;
	expect_found(-1, "");
	view.sregs.ss.limit = 0xffff;
	child.accesses[0].segment = 's';
	expect_found(R0_SS, "read from 0x12ffc: beyond the limit of SS, 0xffff");
	view.sregs.es.unusable = 1;
	child.accesses[0].segment = 'e';
	expect_found(R0_GP, "read from 0x12ffc: its segment is null");
	child.accesses[0].segment = 'g';
	expect_found(-1, "");
	view.sregs.cs.limit = CODE - 1;
	expect_found(R0_GP, "fetch from 0x10000: beyond CS's limit, 0xffff");
}

static void page_faults_are_found(void **state)
{
	uint32_t *directory = memory(DIRECTORY);

	(void)state;
	turn_paging_on(1 << 4);
	directory[0] = P | W | PS;
	child.access_count = 1;
	child.accesses[0] = (struct crash_child_access){
		.address = ADDRESS, .size = 4, .segment = 'd', .write = true
	};
	expect_found(R0_PF, "write to 0xc03abc: the PDE has P clear, with CR3 0x20000");
	assert_string_equal(found.reason, "");
	assert_int_equal(found.address, ADDRESS);
	enter_ring_3();
	expect_found(R0_PF,
		     "fetch from 0x10000: the PDE has U clear: the page is the supervisor's");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(entries_of_4_bytes, setup),
		cmocka_unit_test_setup(pages_of_4_mib, setup),
		cmocka_unit_test_setup(pae_has_three_levels, setup),
		cmocka_unit_test_setup(nothing_wrong_is_told_so, setup),
		cmocka_unit_test_setup(the_idt_is_looked_at, setup),
		cmocka_unit_test_setup(the_handler_is_looked_at, setup),
		cmocka_unit_test_setup(the_stack_is_looked_at, setup),
		cmocka_unit_test_setup(the_stack_may_have_16_bits, setup),
		cmocka_unit_test_setup(dpl_counts_for_software_interrupts, setup),
		cmocka_unit_test_setup(software_interrupts_push_no_error_code, setup),
		cmocka_unit_test_setup(real_mode_has_vectors, setup),
		cmocka_unit_test_setup(virtual_8086_mode_is_ring_3, setup),
		cmocka_unit_test_setup(segments_have_limits, setup),
		cmocka_unit_test_setup(page_faults_are_found, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
