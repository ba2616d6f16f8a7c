/* SPDX-License-Identifier: MIT */
/* Far CALL, JMP and RET in protected mode's code of 16 and 32 bits, by their bytes, in a memory of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "assist/x86_64/decoder.h"
#include "assist/x86_64/instruction_form.h"
#include "assist/x86_64/legacy_far.h"
#include "assist_fixture.h"

/* Where the pointer in memory is, and the GDT's entries for gates. */
#define POINTER 0x4000u
#define GATE	0x30
#define OTHER	0x38
#define TOP	(STACK - 0x100)

static int set_up_gates(void **state)
{
	int err = set_up(state);

	sregs.gdt.limit = 0x3f;
	put(POINTER, 4, 0x7654);
	put(POINTER + 4, 2, GATE);
	return err;
}

static void set_call_gate(uint16_t entry, uint16_t selector, uint32_t offset, uint8_t attributes,
			  unsigned int parameters)
{
	put(GDT + (entry & ~7u), 8,
	    (offset & 0xffff) | (uint64_t)selector << 16 | (uint64_t)parameters << 32 |
		    (uint64_t)attributes << 40 | (uint64_t)(offset & 0xffff0000) << 32);
}

static enum done execute(const char *bytes, size_t size)
{
	struct decoded decoded;
	struct form form;

	assert_int_equal(decoder_decode(cpu.bits, (const uint8_t *)bytes, size, &decoded),
			 DECODER_INSTRUCTION);
	assert_int_equal(decoded.instruction.length, size);
	instruction_form_find(&form, cpu.bits, &decoded, (const uint8_t *)bytes);
	assert_int_equal(form.kind, FORM_SYSTEM);
	return legacy_far_execute(&cpu, &form, &decoded);
}

#define EXECUTE(bytes) execute(bytes, sizeof(bytes) - 1)

#define CALL_BY_MEMORY	  "\xff\x1d\x00\x40\x00\x00"	 /* lcall *POINTER */
#define CALL_BY_MEMORY_16 "\x66\xff\x1d\x00\x40\x00\x00" /* of 16 bits */
#define JUMP_BY_MEMORY	  "\xff\x2d\x00\x40\x00\x00"
#define CALL_GATE	  "\x9a\x00\x00\x00\x00\x30\x00" /* lcall $GATE, $0 */
#define JUMP_GATE	  "\xea\x00\x00\x00\x00\x30\x00"
#define RETURN		  "\xcb"
#define RETURN_8	  "\xca\x08\x00"

static void refuses(const char *bytes, size_t size, uint8_t vector, uint32_t code)
{
	const struct kvm_sregs before = sregs;

	assert_int_equal(execute(bytes, size), DONE_FAULT);
	assert_int_equal(cpu.fault.vector, vector);
	assert_int_equal(cpu.fault.code, code);
	/* Nothing has changed. */
	assert_int_equal(cpu.rip, 0x1234);
	assert_int_equal(cpu.gpr[CPU_RSP], TOP);
	assert_memory_equal(&before, &sregs, sizeof(sregs));
}

#define REFUSES(bytes, vector, code) refuses(bytes, sizeof(bytes) - 1, vector, code)

static void to_code(void **state)
{
	(void)state;
	put(POINTER + 4, 2, KERNEL_CODE);
	assert_int_equal(EXECUTE(CALL_BY_MEMORY), DONE);
	assert_int_equal(cpu.rip, 0x7654);
	check_frame(TOP - 8, 4, (uint32_t[]){ 0x123a, KERNEL_CODE }, 2);
	cpu.rip = 0x1234;
	put(POINTER + 2, 2, CODE16);
	assert_int_equal(EXECUTE(CALL_BY_MEMORY_16), DONE);
	check_frame(TOP - 12, 2, (uint32_t[]){ 0x123b, KERNEL_CODE }, 2);
	assert_int_equal(sregs.cs.selector, CODE16);
	/* And back. */
	cpu.bits = 16;
	assert_int_equal(EXECUTE(RETURN), DONE);
	assert_int_equal(cpu.rip, 0x123b);
	assert_int_equal(sregs.cs.selector, KERNEL_CODE);
	cpu.bits = 32;
	put(TOP - 8 + 8, 4, 0x99);
	assert_int_equal(EXECUTE(RETURN_8), DONE);
	assert_int_equal(cpu.rip, 0x123a);
	assert_int_equal(cpu.gpr[CPU_RSP], TOP + 8);
}

static void through_gates_of_the_same_ring(void **state)
{
	(void)state;
	set_call_gate(GATE, KERNEL_CODE, 0x123456, 0x8c, 3);
	/* Where the instruction's own offset points to does not matter; nothing is copied. */
	assert_int_equal(EXECUTE(CALL_GATE), DONE);
	assert_int_equal(cpu.rip, 0x123456);
	check_frame(TOP - 8, 4, (uint32_t[]){ 0x123b, KERNEL_CODE }, 2);
	cpu.rip = 0x1234;
	assert_int_equal(EXECUTE(JUMP_GATE), DONE);
	assert_int_equal(cpu.rip, 0x123456);
	assert_int_equal(cpu.gpr[CPU_RSP], TOP - 8);
	/* A gate of 16 bits has half as wide words, whatever the operand's size is. */
	set_call_gate(GATE, CODE16, 0x123456, 0x84, 0);
	cpu.rip = 0x1234;
	cpu.gpr[CPU_RSP] = TOP;
	assert_int_equal(EXECUTE(CALL_BY_MEMORY), DONE);
	assert_int_equal(cpu.rip, 0x3456);
	check_frame(TOP - 4, 2, (uint32_t[]){ 0x123a, KERNEL_CODE }, 2);
}

static void to_an_inner_ring_and_back(void **state)
{
	(void)state;
	be_user();
	set_call_gate(GATE, KERNEL_CODE, 0x2345, 0xec, 2);
	put(TOP, 4, 0x11);
	put(TOP + 4, 4, 0x22);
	assert_int_equal(EXECUTE(CALL_GATE), DONE);
	check_frame(STACK - 24, 4, (uint32_t[]){ 0x123b, USER_CODE, 0x11, 0x22, TOP, USER_DATA },
		    6);
	assert_int_equal(cpu.rip, 0x2345);
	assert_int_equal(sregs.cs.selector, KERNEL_CODE);
	assert_int_equal(sregs.ss.selector, KERNEL_DATA);
	assert_int_equal(sregs.ss.dpl, 0);
	/* Both stacks let go of the parameters. */
	assert_int_equal(EXECUTE(RETURN_8), DONE);
	assert_int_equal(cpu.rip, 0x123b);
	assert_int_equal(sregs.cs.selector, USER_CODE);
	assert_int_equal(sregs.ss.selector, USER_DATA);
	assert_int_equal(sregs.ss.dpl, 3);
	assert_int_equal(cpu.gpr[CPU_RSP], TOP + 8);
	assert_true(sregs.ds.unusable);
	/* Conforming code is called in the caller's ring, on its stack. */
	put(GDT + KERNEL_CODE, 8, 0x00cf9f000000ffff);
	assert_int_equal(EXECUTE(CALL_GATE), DONE);
	assert_int_equal(sregs.cs.selector, KERNEL_CODE | 3);
	assert_int_equal(cpu.gpr[CPU_RSP], TOP);
}

static void a_jump_does_not_change_the_ring(void **state)
{
	(void)state;
	be_user();
	set_call_gate(GATE, KERNEL_CODE, 0x2345, 0xec, 0);
	REFUSES(JUMP_GATE, R0_GP, KERNEL_CODE);
	REFUSES(JUMP_BY_MEMORY, R0_GP, KERNEL_CODE);
	put(POINTER + 4, 2, KERNEL_CODE);
	REFUSES(JUMP_BY_MEMORY, R0_GP, KERNEL_CODE);
}

static void bad_gates(void **state)
{
	(void)state;
	set_call_gate(GATE, KERNEL_CODE, 0x2345, 0x0c, 0);
	REFUSES(CALL_GATE, R0_NP, GATE);
	set_call_gate(GATE, KERNEL_DATA, 0x2345, 0x8c, 0);
	REFUSES(CALL_GATE, R0_GP, KERNEL_DATA);
	set_call_gate(GATE, USER_CODE, 0x2345, 0x8c, 0);
	REFUSES(CALL_GATE, R0_GP, USER_CODE & ~3u);
	set_call_gate(GATE, 3, 0x2345, 0x8c, 0);
	REFUSES(CALL_GATE, R0_GP, 0);
	set_call_gate(GATE, 0x40, 0x2345, 0x8c, 0);
	REFUSES(CALL_GATE, R0_GP, 0x40);
	set_call_gate(GATE, OTHER, 0x2345, 0x8c, 0);
	put(GDT + OTHER, 8, 0x00cf1b000000ffff);
	REFUSES(CALL_GATE, R0_NP, OTHER);
	set_call_gate(GATE, CODE16, 0x12345, 0x8c, 0);
	REFUSES(CALL_GATE, R0_GP, 0);
	/* An interrupt gate is none. */
	set_call_gate(GATE, KERNEL_CODE, 0x2345, 0x8e, 0);
	REFUSES(CALL_GATE, R0_GP, GATE);
	/* Nor may ring 3 use ring 0's. */
	set_call_gate(GATE, KERNEL_CODE, 0x2345, 0x8c, 0);
	be_user();
	REFUSES(CALL_GATE, R0_GP, GATE);
	/* RPL counts, too. */
	set_up_gates(NULL);
	set_call_gate(GATE, KERNEL_CODE, 0x2345, 0x8c, 0);
	put(POINTER + 4, 2, GATE | 1);
	REFUSES(CALL_BY_MEMORY, R0_GP, GATE);
	put(POINTER + 4, 2, 0);
	REFUSES(CALL_BY_MEMORY, R0_GP, 0);
	/* No room on the stack. */
	put(POINTER + 4, 2, KERNEL_CODE);
	sregs.ss.limit = TOP - 5;
	REFUSES(CALL_BY_MEMORY, R0_SS, 0);
}

static void bad_stacks_of_the_inner_ring(void **state)
{
	(void)state;
	be_user();
	set_call_gate(GATE, KERNEL_CODE, 0x2345, 0xec, 1);
	sregs.ss.limit = TOP + 2;
	REFUSES(CALL_GATE, R0_SS, 0);
	sregs.ss.limit = 0xffffffff;
	put(TSS + 8, 2, USER_DATA);
	REFUSES(CALL_GATE, R0_TS, USER_DATA & ~3u);
	put(TSS + 8, 2, KERNEL_DATA);
	put(GDT + KERNEL_DATA, 8, 0x00cf13000000ffff);
	REFUSES(CALL_GATE, R0_SS, KERNEL_DATA);
	put(GDT + KERNEL_DATA, 8, 0x0040930000000fff);
	REFUSES(CALL_GATE, R0_SS, KERNEL_DATA);
}

static void bad_returns(void **state)
{
	(void)state;
	put(TOP, 4, 0x2345);
	put(TOP + 4, 4, USER_CODE);
	put(TOP + 8, 4, 0x3000);
	put(TOP + 12, 4, KERNEL_DATA);
	REFUSES(RETURN, R0_GP, KERNEL_DATA);
	put(TOP + 12, 4, 0);
	REFUSES(RETURN, R0_GP, 0);
	put(TOP + 4, 4, USER_CODE & ~3u);
	REFUSES(RETURN, R0_GP, USER_CODE & ~3u);
	put(TOP + 4, 4, CODE16);
	put(TOP, 4, 0x12345);
	REFUSES(RETURN, R0_GP, 0);
	be_user();
	put(TOP + 4, 4, KERNEL_CODE);
	REFUSES(RETURN, R0_GP, KERNEL_CODE);
}

static void what_is_not_known_is_named(void **state)
{
	(void)state;
	sregs.cr0 = 0;
	assert_int_equal(EXECUTE(CALL_GATE), DONE_CANNOT);
	assert_non_null(strstr(cpu.why, "real mode"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(to_code, set_up_gates),
		cmocka_unit_test_setup(through_gates_of_the_same_ring, set_up_gates),
		cmocka_unit_test_setup(to_an_inner_ring_and_back, set_up_gates),
		cmocka_unit_test_setup(a_jump_does_not_change_the_ring, set_up_gates),
		cmocka_unit_test_setup(bad_gates, set_up_gates),
		cmocka_unit_test_setup(bad_stacks_of_the_inner_ring, set_up_gates),
		cmocka_unit_test_setup(bad_returns, set_up_gates),
		cmocka_unit_test_setup(what_is_not_known_is_named, set_up_gates),
	};
	struct error error = { "" };

	if (!decoder_load(&error)) {
		print_message("1..0 # SKIP %s\n", error.text);
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
