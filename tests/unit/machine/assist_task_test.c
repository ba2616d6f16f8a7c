/* SPDX-License-Identifier: MIT */
/* Task switches in protected mode, by each way that leads to one, in a memory of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <ring0/x86/msr.h>
#include "assist/x86_64/decoder.h"
#include "assist/x86_64/deliver.h"
#include "assist/x86_64/instruction_form.h"
#include "assist/x86_64/legacy.h"
#include "assist/x86_64/legacy_far.h"
#include "assist/x86_64/task.h"
#include "assist_fixture.h"

/* The present task's TSS is at TSS; the other one's, and its stack. */
#define OTHER_TSS   0x6000u
#define OTHER_STACK 0x8000u
#define OTHER_LDT   0x9000u

#define MAIN  0x30
#define OTHER 0x38
#define GATE  0x40
#define LDT   0x48
#define SPARE 0x50

#define AVAILABLE 0x0000890060000067u /* OTHER_TSS, of 32 bits */

#define TOP (STACK - 0x100)

/* In a TSS of 32 bits: SDM vol. 3A, figure 7-2. */
#define CR3	     28
#define EIP	     32
#define EFLAGS	     36
#define EAX	     40
#define ESP	     56
#define EDI	     68
#define ES	     72
#define CS	     76
#define SS	     80
#define DS	     84
#define FS	     88
#define GS	     92
#define LDT_SELECTOR 96
#define TRAP	     100

static int set_up_tasks(void **state)
{
	int err = set_up(state);

	sregs.gdt.limit = 0x57;
	put(GDT + MAIN, 8, 0x00008b0030000067);
	put(GDT + OTHER, 8, AVAILABLE);
	put(GDT + GATE, 8, 0x0000850000000000 | OTHER << 16);
	put(OTHER_TSS + EIP, 4, 0x2345);
	put(OTHER_TSS + EFLAGS, 4, 0xfc000000u | R0_RFLAGS_DF);
	put(OTHER_TSS + EAX, 4, 0xa0a0a0a0);
	put(OTHER_TSS + ESP, 4, OTHER_STACK);
	put(OTHER_TSS + EDI, 4, 0xd1d1d1d1);
	put(OTHER_TSS + ES, 2, KERNEL_DATA);
	put(OTHER_TSS + CS, 2, KERNEL_CODE);
	put(OTHER_TSS + SS, 2, KERNEL_DATA);
	put(OTHER_TSS + DS, 2, KERNEL_DATA);
	put(OTHER_TSS + GS, 2, KERNEL_CODE);
	cpu.gpr[CPU_RAX] = 0x11111111;
	cpu.gpr[CPU_RDI] = 0x77777777;
	return err;
}

static enum done execute(const char *bytes, size_t size)
{
	struct decoded decoded;
	struct form form;

	assert_int_equal(decoder_decode(cpu.bits, (const uint8_t *)bytes, size, &decoded),
			 DECODER_INSTRUCTION);
	instruction_form_find(&form, cpu.bits, &decoded, (const uint8_t *)bytes);
	return legacy_far_execute(&cpu, &form, &decoded);
}

#define CALL_TASK execute("\x9a\x00\x00\x00\x00\x38\x00", 7)
#define JUMP_TASK execute("\xea\x00\x00\x00\x00\x38\x00", 7)
#define CALL_GATE execute("\x9a\x00\x00\x00\x00\x40\x00", 7)
#define JUMP_GATE execute("\xea\x00\x00\x00\x00\x40\x00", 7)

static unsigned int type_of(uint16_t selector)
{
	return (unsigned int)get(GDT + (selector & ~7u) + 5, 1);
}

static void check_other(void)
{
	assert_int_equal(sregs.tr.selector, OTHER);
	assert_int_equal(sregs.tr.base, OTHER_TSS);
	assert_int_equal(sregs.tr.limit, 0x67);
	assert_int_equal(sregs.tr.type, 0xb);
	assert_int_equal(sregs.tr.s, 0);
	assert_int_equal(type_of(OTHER), 0x8b);
	assert_true(sregs.cr0 & R0_CR0_TS);
	assert_true(cpu.sregs_changed);
	assert_int_equal(cpu.rip, 0x2345);
	assert_int_equal(cpu.gpr[CPU_RAX], 0xa0a0a0a0);
	assert_int_equal(cpu.gpr[CPU_RDI], 0xd1d1d1d1);
	assert_int_equal(sregs.es.selector, KERNEL_DATA);
	assert_true(sregs.fs.unusable);
	assert_int_equal(sregs.gs.selector, KERNEL_CODE);
	assert_true(sregs.ldt.unusable);
}

static void check_saved(uint32_t next, uint64_t flags)
{
	assert_int_equal(get(TSS + EIP, 4), next);
	assert_int_equal(get(TSS + EFLAGS, 4), flags);
	assert_int_equal(get(TSS + EAX, 4), 0x11111111);
	assert_int_equal(get(TSS + ESP, 4), TOP);
	assert_int_equal(get(TSS + EDI, 4), 0x77777777);
	assert_int_equal(get(TSS + CS, 2), KERNEL_CODE);
	assert_int_equal(get(TSS + FS, 2), KERNEL_DATA);
}

static void a_call_and_the_way_back(void **state)
{
	const uint64_t flags = cpu.flags;

	(void)state;
	assert_int_equal(CALL_TASK, DONE);
	check_other();
	check_saved(0x123b, flags);
	assert_int_equal(get(OTHER_TSS, 2), MAIN);
	assert_int_equal(type_of(MAIN), 0x8b);
	/* What is reserved of its flags is not loaded. */
	assert_int_equal(cpu.flags, R0_RFLAGS_FIXED | R0_RFLAGS_DF | R0_RFLAGS_NT);
	assert_int_equal(cpu.gpr[CPU_RSP], OTHER_STACK);
	cpu.gpr[CPU_RAX] = 0xb0b0b0b0;
	assert_int_equal(legacy_return(&cpu, 4, 0x2346), DONE);
	assert_int_equal(sregs.tr.selector, MAIN);
	assert_int_equal(sregs.tr.base, TSS);
	assert_int_equal(cpu.rip, 0x123b);
	assert_int_equal(cpu.flags, flags);
	assert_int_equal(cpu.gpr[CPU_RAX], 0x11111111);
	assert_int_equal(cpu.gpr[CPU_RSP], TOP);
	assert_int_equal(type_of(OTHER), 0x89);
	assert_int_equal(type_of(MAIN), 0x8b);
	/* It goes on behind its IRET, without NT. */
	assert_int_equal(get(OTHER_TSS + EIP, 4), 0x2346);
	assert_int_equal(get(OTHER_TSS + EFLAGS, 4), R0_RFLAGS_FIXED | R0_RFLAGS_DF);
	assert_int_equal(get(OTHER_TSS + EAX, 4), 0xb0b0b0b0);
}

static void a_jump_has_no_way_back(void **state)
{
	const uint64_t flags = cpu.flags;

	(void)state;
	assert_int_equal(JUMP_TASK, DONE);
	check_other();
	check_saved(0x123b, flags);
	assert_int_equal(get(OTHER_TSS, 2), 0);
	assert_int_equal(type_of(MAIN), 0x89);
	assert_int_equal(cpu.flags, R0_RFLAGS_FIXED | R0_RFLAGS_DF);
}

static void through_task_gates(void **state)
{
	const struct fault software = { .vector = 0x20, .trap = true };
	const struct fault fault = { .vector = R0_PF, .has_code = true, .code = 5 };
	const uint64_t flags = cpu.flags;

	assert_int_equal(CALL_GATE, DONE);
	check_other();
	assert_int_equal(get(OTHER_TSS, 2), MAIN);
	set_up_tasks(state);
	assert_int_equal(JUMP_GATE, DONE);
	check_other();
	assert_int_equal(type_of(MAIN), 0x89);
	/* The IDT's: what a software interrupt leaves is behind it already. */
	set_up_tasks(state);
	put(IDT + 8 * 0x20, 8, get(GDT + GATE, 8));
	assert_int_equal(legacy_deliver(&cpu, &software, DELIVER_SOFTWARE), DONE);
	check_other();
	check_saved(0x1234, flags);
	assert_true(cpu.flags & R0_RFLAGS_NT);
	assert_int_equal(cpu.gpr[CPU_RSP], OTHER_STACK);
	/* An error code is on the other stack; the fault restarts past a breakpoint. */
	set_up_tasks(state);
	put(IDT + 8 * R0_PF, 8, get(GDT + GATE, 8));
	assert_int_equal(legacy_deliver(&cpu, &fault, DELIVER_EXCEPTION), DONE);
	check_other();
	check_saved(0x1234, flags | R0_RFLAGS_RF);
	check_frame(OTHER_STACK - 4, 4, (uint32_t[]){ 5 }, 1);
}

static void tss_of_16_bits(void **state)
{
	(void)state;
	put(GDT + OTHER, 8, 0x000081006000002b);
	put(OTHER_TSS + 14, 2, 0x2345);
	put(OTHER_TSS + 16, 2, R0_RFLAGS_CF);
	put(OTHER_TSS + 18, 2, 0xa0a0);
	put(OTHER_TSS + 26, 2, OTHER_STACK);
	put(OTHER_TSS + 34, 2, KERNEL_DATA);
	put(OTHER_TSS + 36, 2, CODE16);
	put(OTHER_TSS + 38, 2, KERNEL_DATA);
	put(OTHER_TSS + 40, 2, 0);
	put(OTHER_TSS + 42, 2, 0);
	assert_int_equal(CALL_TASK, DONE);
	assert_int_equal(sregs.tr.type, 3);
	assert_int_equal(type_of(OTHER), 0x83);
	assert_int_equal(cpu.rip, 0x2345);
	assert_int_equal(cpu.flags, R0_RFLAGS_FIXED | R0_RFLAGS_CF | R0_RFLAGS_NT);
	assert_int_equal(cpu.gpr[CPU_RAX], 0xa0a0);
	assert_int_equal(cpu.gpr[CPU_RSP], OTHER_STACK);
	assert_int_equal(sregs.cs.selector, CODE16);
	assert_true(sregs.ds.unusable);
	assert_true(sregs.fs.unusable);
	assert_true(sregs.gs.unusable);
	/* And back, of which 16 bits each are kept. */
	cpu.bits = 16;
	cpu.gpr[CPU_RAX] = 0x12345678;
	put(OTHER_TSS + 44, 4, 0x55555555);
	assert_int_equal(legacy_return(&cpu, 2, 0x2346), DONE);
	assert_int_equal(get(OTHER_TSS + 14, 2), 0x2346);
	assert_int_equal(get(OTHER_TSS + 18, 4), 0x00005678);
	assert_int_equal(get(OTHER_TSS + 44, 4), 0x55555555);
	assert_int_equal(sregs.tr.selector, MAIN);
	assert_int_equal(cpu.gpr[CPU_RAX], 0x11111111);
}

static void the_ldt_and_ring_3(void **state)
{
	(void)state;
	put(GDT + LDT, 8, 0x000082009000000f);
	put(OTHER_LDT, 8, 0x00cffa000000ffff);
	put(OTHER_LDT + 8, 8, 0x00cff2000000ffff);
	put(OTHER_TSS + LDT_SELECTOR, 2, LDT);
	put(OTHER_TSS + CS, 2, 7);
	put(OTHER_TSS + SS, 2, 0xf);
	put(OTHER_TSS + DS, 2, 0xf);
	put(OTHER_TSS + ES, 2, USER_DATA);
	put(OTHER_TSS + GS, 2, 0);
	assert_int_equal(CALL_TASK, DONE);
	assert_int_equal(sregs.ldt.selector, LDT);
	assert_int_equal(sregs.ldt.base, OTHER_LDT);
	assert_int_equal(sregs.ldt.type, 2);
	assert_int_equal(get(GDT + LDT, 8), 0x000082009000000f);
	assert_int_equal(sregs.cs.selector, 7);
	assert_int_equal(cpu_cpl(&cpu), 3);
	/* They have been accessed. */
	assert_int_equal(get(OTHER_LDT + 5, 1), 0xfb);
	assert_int_equal(get(OTHER_LDT + 13, 1), 0xf3);
}

static void paging(void **state)
{
	unsigned int i;

	(void)state;
	sregs.cr0 |= R0_CR0_PG;
	sregs.cr3 = TABLE;
	put(TABLE, 4, (TABLE + 0x1000) | 3);
	put(TABLE + 0x2000, 4, (TABLE + 0x1000) | 3);
	for (i = 0; i < SIZE >> 12; i++)
		put(TABLE + 0x1000 + 4 * i, 4, i << 12 | 3);
	put(OTHER_TSS + CR3, 4, TABLE + 0x2000);
	put(TABLE + 0x1000 + 4 * (OTHER_TSS >> 12), 4, OTHER_TSS);
	assert_int_equal(CALL_TASK, DONE_FAULT);
	assert_int_equal(cpu.fault.vector, R0_PF);
	assert_int_equal(cpu.fault.cr2, OTHER_TSS);
	/* Nothing has happened yet. */
	assert_int_equal(cpu.rip, 0x1234);
	assert_int_equal(get(TSS + EIP, 4), 0);
	assert_int_equal(sregs.tr.base, TSS);
	assert_int_equal(type_of(OTHER), 0x89);
	put(TABLE + 0x1000 + 4 * (OTHER_TSS >> 12), 4, OTHER_TSS | 3);
	assert_int_equal(CALL_TASK, DONE);
	assert_int_equal(sregs.cr3, TABLE + 0x2000);
}

static void refuses(enum done done, uint8_t vector, uint32_t code)
{
	assert_int_equal(done, DONE_FAULT);
	assert_int_equal(cpu.fault.vector, vector);
	assert_true(cpu.fault.has_code);
	assert_int_equal(cpu.fault.code, code);
	/* Nothing has changed. */
	assert_int_equal(cpu.rip, 0x1234);
	assert_int_equal(cpu.gpr[CPU_RSP], TOP);
	assert_int_equal(sregs.tr.selector, MAIN);
	assert_int_equal(type_of(MAIN), 0x8b);
	assert_false(sregs.cr0 & R0_CR0_TS);
}

static void bad_tasks(void **state)
{
	const struct fault fault = { .vector = R0_DE };

	put(GDT + OTHER, 8, AVAILABLE | 2ull << 40);
	refuses(CALL_TASK, R0_GP, OTHER);
	refuses(JUMP_GATE, R0_GP, OTHER);
	put(GDT + OTHER, 8, AVAILABLE & ~(1ull << 47));
	refuses(CALL_TASK, R0_NP, OTHER);
	put(GDT + OTHER, 8, AVAILABLE - 1);
	refuses(CALL_TASK, R0_TS, OTHER);
	put(GDT + OTHER, 8, 0x000081006000002a);
	refuses(CALL_TASK, R0_TS, OTHER);
	put(GDT + OTHER, 8, AVAILABLE);
	sregs.tr.limit = 0x66;
	refuses(CALL_TASK, R0_TS, MAIN);
	sregs.tr.limit = 0x67;
	put(GDT + GATE, 8, 0x0000850000000000 | (OTHER | 4) << 16);
	refuses(CALL_GATE, R0_GP, OTHER | 4);
	put(GDT + GATE, 8, 0x0000850000000000 | KERNEL_DATA << 16);
	refuses(CALL_GATE, R0_GP, KERNEL_DATA);
	put(GDT + GATE, 8, 0x0000850000000000);
	refuses(CALL_GATE, R0_GP, 0);
	put(GDT + GATE, 8, 0x0000050000000000 | OTHER << 16);
	refuses(CALL_GATE, R0_NP, GATE);
	/* EXT, where it is not the program's doing. */
	put(IDT, 8, 0x0000850000000000 | 0x60 << 16);
	refuses(legacy_deliver(&cpu, &fault, DELIVER_EXCEPTION), R0_GP, 0x61);
	/* Where NT leads to no busy task. */
	cpu.flags |= R0_RFLAGS_NT;
	put(TSS, 2, OTHER);
	refuses(legacy_return(&cpu, 4, 0x1235), R0_TS, OTHER);
	put(TSS, 2, 0);
	refuses(legacy_return(&cpu, 4, 0x1235), R0_TS, 0);
	/* Ring 3 may use those of its own. */
	set_up_tasks(state);
	be_user();
	refuses(CALL_TASK, R0_GP, OTHER);
	refuses(CALL_GATE, R0_GP, GATE);
	put(GDT + GATE, 8, 0x0000e50000000000 | OTHER << 16);
	assert_int_equal(CALL_GATE, DONE);
}

/* What the other task finds before its first instruction. */
static void finds(void **state, uint32_t at, uint16_t selector, uint8_t vector, uint32_t code)
{
	set_up_tasks(state);
	put(GDT + SPARE, 8, 0x00cf1b000000ffff);
	put(OTHER_TSS + at, 2, selector);
	assert_int_equal(CALL_TASK, DONE_FAULT);
	assert_int_equal(cpu.fault.vector, vector);
	assert_int_equal(cpu.fault.code, code);
	assert_int_equal(sregs.tr.selector, OTHER);
	assert_int_equal(sregs.cs.selector, at == CS ? selector : KERNEL_CODE);
	assert_int_equal(cpu.rip, at == EIP ? selector : 0x2345);
	assert_int_equal(cpu.gpr[CPU_RSP], OTHER_STACK);
}

static void bad_segments(void **state)
{
	finds(state, CS, 0, R0_TS, 0);
	finds(state, CS, KERNEL_DATA, R0_TS, KERNEL_DATA);
	finds(state, CS, USER_CODE & ~3u, R0_TS, USER_CODE & ~3u);
	finds(state, CS, SPARE, R0_NP, SPARE);
	finds(state, CS, 0x58, R0_TS, 0x58);
	finds(state, SS, 0, R0_TS, 0);
	finds(state, SS, KERNEL_CODE, R0_TS, KERNEL_CODE);
	finds(state, SS, USER_DATA, R0_TS, USER_DATA & ~3u);
	finds(state, DS, MAIN, R0_TS, MAIN);
	finds(state, ES, SPARE, R0_NP, SPARE);
	finds(state, LDT_SELECTOR, KERNEL_DATA, R0_TS, KERNEL_DATA);
	finds(state, LDT_SELECTOR, 4, R0_TS, 4);
	/* A stack that is not present, code to be executed only, and what is not ring 3's. */
	set_up_tasks(state);
	put(GDT + KERNEL_DATA, 8, 0x00cf13000000ffff);
	assert_int_equal(CALL_TASK, DONE_FAULT);
	assert_int_equal(cpu.fault.vector, R0_SS);
	assert_int_equal(cpu.fault.code, KERNEL_DATA);
	set_up_tasks(state);
	put(GDT + SPARE, 8, 0x00cf99000000ffff);
	put(OTHER_TSS + FS, 2, SPARE);
	assert_int_equal(CALL_TASK, DONE_FAULT);
	assert_int_equal(cpu.fault.code, SPARE);
	set_up_tasks(state);
	put(OTHER_TSS + CS, 2, USER_CODE);
	put(OTHER_TSS + SS, 2, USER_DATA);
	assert_int_equal(CALL_TASK, DONE_FAULT);
	assert_int_equal(cpu.fault.vector, R0_TS);
	assert_int_equal(cpu.fault.code, KERNEL_DATA);
	/* EIP beyond its segment. */
	set_up_tasks(state);
	put(OTHER_TSS + CS, 2, CODE16);
	put(OTHER_TSS + EIP, 4, 0x12345);
	assert_int_equal(CALL_TASK, DONE_FAULT);
	assert_int_equal(cpu.fault.vector, R0_GP);
	assert_int_equal(cpu.fault.code, 0);
}

/* A fault of the other task's is delivered to it, with where it begins. */
static void a_fault_is_the_other_tasks(void **state)
{
	const struct fault fault = { .vector = R0_UD };

	(void)state;
	put(IDT + 8 * R0_UD, 8, get(GDT + GATE, 8));
	put(IDT + 8 * R0_TS, 8, 0x00008e0000003456 | KERNEL_CODE << 16);
	put(OTHER_TSS + DS, 2, MAIN);
	assert_int_equal(deliver(&cpu, &fault, DELIVER_EXCEPTION, cpu.rip), DONE);
	assert_int_equal(sregs.tr.selector, OTHER);
	assert_int_equal(cpu.rip, 0x3456);
	check_frame(OTHER_STACK - 16, 4, (uint32_t[]){ MAIN | 1, 0x2345, KERNEL_CODE }, 3);
	check_saved(0x1234, R0_RFLAGS_FIXED | R0_RFLAGS_IF | R0_RFLAGS_TF | R0_RFLAGS_RF);
}

static void check_8086(const struct kvm_segment *segment, uint16_t selector)
{
	assert_int_equal(segment->selector, selector);
	assert_int_equal(segment->base, selector << 4);
	assert_int_equal(segment->limit, 0xffff);
	assert_int_equal(segment->type, 3);
	assert_int_equal(segment->dpl, 3);
	assert_int_equal(segment->db, 0);
	assert_int_equal(segment->unusable, 0);
}

static void virtual_8086_mode(void **state)
{
	static const uint32_t frame[] = { 0x100,  0x700, R0_RFLAGS_VM | R0_RFLAGS_IOPL(3),
					  0x2000, 0x710, 0x720,
					  0x730,  0x740, 0x12340750 };
	unsigned int i;

	put(OTHER_TSS + EFLAGS, 4, R0_RFLAGS_VM | R0_RFLAGS_IF);
	put(OTHER_TSS + CS, 2, 0x1234);
	put(OTHER_TSS + GS, 2, 0);
	assert_int_equal(CALL_TASK, DONE);
	check_8086(&sregs.cs, 0x1234);
	check_8086(&sregs.gs, 0);
	assert_int_equal(cpu_cpl(&cpu), 3);
	/* Nothing is read of the GDT for them. */
	assert_int_equal(get(OTHER_TSS, 2), MAIN);
	/* By IRET. */
	set_up_tasks(state);
	for (i = 0; i < 9; i++)
		put(TOP + 4 * i, 4, frame[i]);
	assert_int_equal(legacy_return(&cpu, 4, 0), DONE);
	assert_int_equal(cpu.rip, 0x100);
	assert_int_equal(cpu.flags, R0_RFLAGS_FIXED | R0_RFLAGS_VM | R0_RFLAGS_IOPL(3));
	assert_int_equal(cpu.gpr[CPU_RSP], 0x2000);
	check_8086(&sregs.cs, 0x700);
	check_8086(&sregs.ss, 0x710);
	check_8086(&sregs.es, 0x720);
	check_8086(&sregs.ds, 0x730);
	check_8086(&sregs.fs, 0x740);
	check_8086(&sregs.gs, 0x750);
	/* IP has 16 bits; and ring 3 has no such way. */
	set_up_tasks(state);
	for (i = 0; i < 9; i++)
		put(TOP + 4 * i, 4, frame[i]);
	put(TOP, 4, 0x10000);
	refuses(legacy_return(&cpu, 4, 0), R0_GP, 0);
	put(TOP, 4, 0x100);
	put(TOP + 4, 4, USER_CODE);
	be_user();
	assert_int_equal(legacy_return(&cpu, 4, 0), DONE);
	assert_int_equal(sregs.cs.selector, USER_CODE);
	assert_false(cpu.flags & R0_RFLAGS_VM);
}

static void long_mode_has_no_tasks(void **state)
{
	(void)state;
	sregs.efer = R0_EFER_LMA | R0_EFER_LME;
	cpu.flags |= R0_RFLAGS_NT;
	refuses(legacy_return(&cpu, 4, 0), R0_GP, 0);
}

static void a_task_may_ask_for_a_trap(void **state)
{
	bool traps;

	(void)state;
	assert_int_equal(task_traps(&cpu, &traps), DONE);
	assert_false(traps);
	put(TSS + TRAP, 2, 1);
	assert_int_equal(task_traps(&cpu, &traps), DONE);
	assert_true(traps);
	/* One of 16 bits has no such flag. */
	sregs.tr.type = 3;
	assert_int_equal(task_traps(&cpu, &traps), DONE);
	assert_false(traps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_call_and_the_way_back, set_up_tasks),
		cmocka_unit_test_setup(a_jump_has_no_way_back, set_up_tasks),
		cmocka_unit_test_setup(through_task_gates, set_up_tasks),
		cmocka_unit_test_setup(tss_of_16_bits, set_up_tasks),
		cmocka_unit_test_setup(the_ldt_and_ring_3, set_up_tasks),
		cmocka_unit_test_setup(paging, set_up_tasks),
		cmocka_unit_test_setup(bad_tasks, set_up_tasks),
		cmocka_unit_test_setup(bad_segments, set_up_tasks),
		cmocka_unit_test_setup(a_fault_is_the_other_tasks, set_up_tasks),
		cmocka_unit_test_setup(virtual_8086_mode, set_up_tasks),
		cmocka_unit_test_setup(long_mode_has_no_tasks, set_up_tasks),
		cmocka_unit_test_setup(a_task_may_ask_for_a_trap, set_up_tasks),
	};
	struct error error = { "" };

	if (!decoder_load(&error)) {
		print_message("1..0 # SKIP %s\n", error.text);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
