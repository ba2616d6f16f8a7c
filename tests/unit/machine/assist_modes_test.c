/* SPDX-License-Identifier: MIT */
/*
 * What assist/ makes of each mode: paging of every kind with its rights and faults, segments, and interrupts and
 * IRET where there is no long mode, in a memory of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <ring0/x86/msr.h>
#include <ring0/x86/paging.h>
#include <ring0/x86/registers.h>
#include "assist/x86_64/decoder.h"
#include "assist/x86_64/forms.h"
#include "assist/x86_64/legacy.h"
#include "assist/x86_64/paging.h"
#include "assist/x86_64/segment.h"
#include "assist_fixture.h"

static void maps(uint64_t address, struct access access, uint64_t physical)
{
	r0_gpa at = { 0 };

	assert_int_equal(cpu_translate(&cpu, address, access, &at), DONE);
	assert_int_equal(at.value, physical);
}

static void faults(uint64_t address, struct access access, uint32_t code)
{
	r0_gpa at;

	assert_int_equal(cpu_translate(&cpu, address, access, &at), DONE_FAULT);
	assert_int_equal(cpu.fault.vector, R0_PF);
	assert_int_equal(cpu.fault.code, code);
	assert_int_equal(cpu.fault.cr2, address);
}

static const struct access reading, writing = { .write = true }, from_user = { .user = true },
				    user_writing = { .write = true, .user = true };

static void no_paging(void **state)
{
	(void)state;
	maps(0xfedcba98, writing, 0xfedcba98);
}

static void paging_of_32_bits(void **state)
{
	(void)state;
	sregs.cr0 |= R0_CR0_PG | R0_CR0_WP;
	sregs.cr3 = TABLE;
	put(TABLE + 4 * 1, 4, (TABLE + 0x1000) | 7);
	put(TABLE + 0x1000 + 4 * 3, 4, 0x12345000 | 5);
	put(TABLE + 4 * 2, 4, 0x00c02087); /* 4 MiB at 1 << 32 | 0xc00000, without PSE a table */
	maps(0x403abc, reading, 0x12345abc);
	assert_int_equal(get(TABLE + 4, 4) & 0x60, 0x20);
	assert_int_equal(get(TABLE + 0x1000 + 12, 4) & 0x60, 0x20);
	faults(0x403abc, writing, R0_PF_P | R0_PF_WR);
	sregs.cr0 &= ~(uint64_t)R0_CR0_WP;
	maps(0x403abc, writing, 0x12345abc);
	assert_int_equal(get(TABLE + 0x1000 + 12, 4) & 0x60, 0x60);
	faults(0x403abc, user_writing, R0_PF_P | R0_PF_WR | R0_PF_US);
	faults(0x404000, reading, 0);
	faults(0xc00000, from_user, R0_PF_US);
	/* What the entry leads to as a table is beyond the memory. */
	faults(0x876543, reading, R0_PF_P | R0_PF_RSVD);
	sregs.cr4 |= R0_CR4_PSE;
	maps(0x876543, user_writing, 0x100c76543);
	assert_int_equal(get(TABLE + 8, 4) & 0x60, 0x60);
	put(TABLE + 4 * 2, 4, 0x00e02087); /* bit 21 */
	faults(0x876543, reading, R0_PF_P | R0_PF_RSVD);
}

static void pae(void **state)
{
	(void)state;
	sregs.cr0 |= R0_CR0_PG;
	sregs.cr4 |= R0_CR4_PAE;
	sregs.cr3 = TABLE + 0x20;
	put(TABLE + 0x20 + 8 * 1, 8, (TABLE + 0x1000) | 1);
	put(TABLE + 0x1000 + 8 * 2, 8, (TABLE + 0x2000) | 7);
	put(TABLE + 0x1000 + 8 * 3, 8, 0x3000000087);
	put(TABLE + 0x2000 + 8 * 5, 8, 0x1200000003);
	maps(0x40405678, writing, 0x1200000678);
	faults(0x40405678, from_user, R0_PF_P | R0_PF_US);
	maps(0x40712345, user_writing, 0x3000112345);
	faults(0x12345, reading, 0);
	faults(0x40000000, writing, R0_PF_WR);
	put(TABLE + 0x2000 + 8 * 5, 8, 0x8000001200000003);
	faults(0x40405678, reading, R0_PF_P | R0_PF_RSVD);
	sregs.efer = R0_EFER_NXE;
	maps(0x40405678, reading, 0x1200000678);
	faults(0x40405678, (struct access){ .fetch = true }, R0_PF_P | R0_PF_ID);
	put(TABLE + 0x2000 + 8 * 5, 8, 1ull << 52 | 0x1200000003);
	faults(0x40405678, reading, R0_PF_P | R0_PF_RSVD);
}

static void long_mode(void **state)
{
	const uint64_t five = 0x00fe000000000000;

	(void)state;
	sregs.cr0 |= R0_CR0_PG;
	sregs.cr4 |= R0_CR4_PAE;
	sregs.efer = R0_EFER_LMA | R0_EFER_LME;
	cpu.bits = 64;
	sregs.cr3 = TABLE;
	put(TABLE + 8 * 127, 8, (TABLE + 0x1000) | 7);
	put(TABLE + 0x1000, 8, (TABLE + 0x2000) | 7);
	put(TABLE + 0x2000, 8, (TABLE + 0x3000) | 7);
	put(TABLE + 0x3000 + 8 * 7, 8, 0xabc00087);
	put(TABLE + 0x1000 + 8 * 127, 8, 0);
	assert_false(cpu_is_canonical(&cpu, five));
	/* With a fifth level the first table is that level's. */
	sregs.cr4 |= R0_CR4_LA57;
	assert_true(cpu_is_canonical(&cpu, five));
	assert_false(cpu_is_canonical(&cpu, 1ull << 56));
	maps(127ull << 48 | 7ull << 21 | 0x12345, user_writing, 0xabc12345);
	faults(1ull << 48, reading, 0);
	put(TABLE, 8, (TABLE + 0x1000) | 0x87);
	faults(7ull << 21, reading, R0_PF_P | R0_PF_RSVD);
}

static void protection_keys(void **state)
{
	const uint64_t address = 7ull << 21;

	long_mode(state);
	sregs.cr4 &= ~(uint64_t)R0_CR4_LA57;
	put(TABLE, 8, (TABLE + 0x1000) | 7);
	put(TABLE + 0x2000 + 8 * 7, 8, 3ull << 59 | 0xabc00087);
	cpu.pkru = 1u << 6; /* key 3: no access */
	maps(address, reading, 0xabc00000);
	sregs.cr4 |= R0_CR4_PKE;
	faults(address, reading, R0_PF_P | R0_PF_PK);
	maps(address, (struct access){ .fetch = true, .user = true }, 0xabc00000);
	cpu.pkru = 2u << 6; /* no writing */
	maps(address, from_user, 0xabc00000);
	faults(address, user_writing, R0_PF_P | R0_PF_WR | R0_PF_US | R0_PF_PK);
	maps(address, writing, 0xabc00000);
	sregs.cr0 |= R0_CR0_WP;
	faults(address, writing, R0_PF_P | R0_PF_WR | R0_PF_PK);
	/* Supervisor pages have no key. */
	put(TABLE + 0x2000 + 8 * 7, 8, 3ull << 59 | 0xabc00083);
	maps(address, writing, 0xabc00000);
}

static void in_segment(unsigned int number, uint64_t offset, size_t size, bool write,
		       uint64_t expected)
{
	uint64_t address = 0;

	assert_int_equal(segment_address(&cpu, number, offset, size, write, &address), DONE);
	assert_int_equal(address, expected);
}

static void not_in_segment(unsigned int number, uint64_t offset, size_t size, bool write,
			   uint8_t vector)
{
	uint64_t address;

	assert_int_equal(segment_address(&cpu, number, offset, size, write, &address), DONE_FAULT);
	assert_int_equal(cpu.fault.vector, vector);
	assert_int_equal(cpu.fault.code, 0);
}

static void segments(void **state)
{
	uint64_t address;

	(void)state;
	sregs.ds.base = 0xfffff000;
	in_segment(SEGMENT_DS, 0x2000, 4, true, 0x1000);
	not_in_segment(SEGMENT_GS, 0, 1, false, R0_GP);
	sregs.es.limit = 0xfff;
	in_segment(SEGMENT_ES, 0xffc, 4, true, 0xffc);
	not_in_segment(SEGMENT_ES, 0xffd, 4, false, R0_GP);
	sregs.es.type = 7; /* expand-down */
	in_segment(SEGMENT_ES, 0x1000, 4, true, 0x1000);
	not_in_segment(SEGMENT_ES, 0xfff, 4, true, R0_GP);
	not_in_segment(SEGMENT_ES, 0xfffffffd, 4, true, R0_GP);
	sregs.es.db = 0;
	not_in_segment(SEGMENT_ES, 0xfffd, 4, true, R0_GP);
	sregs.fs.type = 1; /* to be read only */
	in_segment(SEGMENT_FS, 0, 4, false, 0);
	not_in_segment(SEGMENT_FS, 0, 4, true, R0_GP);
	not_in_segment(SEGMENT_CS, 0, 4, true, R0_GP);
	sregs.cs.type = 9; /* to be executed only */
	not_in_segment(SEGMENT_CS, 0, 4, false, R0_GP);
	sregs.ss.limit = 0xff;
	not_in_segment(SEGMENT_SS, 0x100, 1, false, R0_SS);
	sregs.cs.limit = 0xff;
	assert_int_equal(segment_code_address(&cpu, 0xff, &address), DONE);
	assert_int_equal(segment_code_address(&cpu, 0x100, &address), DONE_FAULT);
	/* In real mode the type does not matter, but the limit does. */
	sregs.cr0 = 0;
	in_segment(SEGMENT_CS, 0, 4, true, 0);
	not_in_segment(SEGMENT_CS, 0xfd, 4, true, R0_GP);
}

static void set_gate(uint8_t vector, uint16_t selector, uint32_t offset, uint8_t attributes)
{
	put(IDT + vector * 8u, 8,
	    (offset & 0xffff) | (uint64_t)selector << 16 | (uint64_t)attributes << 40 |
		    (uint64_t)(offset & 0xffff0000) << 32);
}

static void interrupts(void **state)
{
	const struct fault fault = { .vector = R0_PF, .has_code = true, .code = 7 };
	const struct fault software = { .vector = 0x30, .trap = true };
	const uint32_t before = (uint32_t)cpu.flags;

	(void)state;
	set_gate(R0_PF, KERNEL_CODE, 0x123456, 0x8e);
	set_gate(0x30, KERNEL_CODE, 0x2345, 0x8f);
	assert_int_equal(legacy_deliver(&cpu, &fault, DELIVER_EXCEPTION), DONE);
	check_frame(STACK - 0x110, 4, (uint32_t[]){ 7, 0x1234, KERNEL_CODE, before | R0_RFLAGS_RF },
		    4);
	assert_int_equal(cpu.rip, 0x123456);
	assert_int_equal(cpu.flags, R0_RFLAGS_FIXED);
	/* And back, once the code is taken off. */
	cpu.gpr[CPU_RSP] += 4;
	run.s.regs.events.nmi.masked = 1;
	assert_int_equal(legacy_return(&cpu, 4, 0), DONE);
	assert_int_equal(cpu.rip, 0x1234);
	assert_int_equal(cpu.flags, before | R0_RFLAGS_RF);
	assert_int_equal(cpu.gpr[CPU_RSP], STACK - 0x100);
	assert_int_equal(run.s.regs.events.nmi.masked, 0);
	/* A trap gate leaves interrupts on. */
	assert_int_equal(legacy_deliver(&cpu, &software, DELIVER_SOFTWARE), DONE);
	assert_int_equal(cpu.flags, R0_RFLAGS_FIXED | R0_RFLAGS_IF);
}

static void interrupts_of_ring_3(void **state)
{
	const struct fault software = { .vector = 0x30, .trap = true };

	(void)state;
	be_user();
	sregs.ds.dpl = 3;
	set_gate(0x30, KERNEL_CODE, 0x2345, 0x8e);
	assert_int_equal(legacy_deliver(&cpu, &software, DELIVER_SOFTWARE), DONE_FAULT);
	assert_int_equal(cpu.fault.vector, R0_GP);
	assert_int_equal(cpu.fault.code, 0x30 * 8 + 2);
	set_gate(0x30, KERNEL_CODE, 0x2345, 0xee);
	assert_int_equal(legacy_deliver(&cpu, &software, DELIVER_SOFTWARE), DONE);
	check_frame(STACK - 20, 4,
		    (uint32_t[]){ 0x1234, USER_CODE, R0_RFLAGS_FIXED | R0_RFLAGS_IF | R0_RFLAGS_TF,
				  STACK - 0x100, USER_DATA },
		    5);
	assert_int_equal(sregs.ss.selector, KERNEL_DATA);
	assert_int_equal(sregs.ss.dpl, 0);
	assert_int_equal(sregs.cs.selector, KERNEL_CODE);
	sregs.ds.dpl = 0;
	assert_int_equal(legacy_return(&cpu, 4, 0), DONE);
	assert_int_equal(sregs.ss.selector, USER_DATA);
	assert_int_equal(sregs.cs.selector, USER_CODE);
	assert_int_equal(cpu.gpr[CPU_RSP], STACK - 0x100);
	assert_true(sregs.ds.unusable);
	/* A stack that there is not. */
	put(TSS + 8, 2, 0x38);
	assert_int_equal(legacy_deliver(&cpu, &software, DELIVER_SOFTWARE), DONE_FAULT);
	assert_int_equal(cpu.fault.vector, R0_TS);
	assert_int_equal(cpu.fault.code, 0x38);
}

static void bad_gates(void **state)
{
	const struct fault fault = { .vector = R0_DE };

	(void)state;
	set_gate(R0_DE, KERNEL_CODE, 0x2345, 0x0e);
	assert_int_equal(legacy_deliver(&cpu, &fault, DELIVER_EXCEPTION), DONE_FAULT);
	assert_int_equal(cpu.fault.vector, R0_NP);
	assert_int_equal(cpu.fault.code, 3);
	set_gate(R0_DE, KERNEL_DATA, 0x2345, 0x8e);
	assert_int_equal(legacy_deliver(&cpu, &fault, DELIVER_EXCEPTION), DONE_FAULT);
	assert_int_equal(cpu.fault.vector, R0_GP);
	assert_int_equal(cpu.fault.code, KERNEL_DATA + 1);
	set_gate(R0_DE, KERNEL_CODE, 0x2345, 0x8c);
	assert_int_equal(legacy_deliver(&cpu, &fault, DELIVER_EXCEPTION), DONE_FAULT);
	assert_int_equal(cpu.fault.vector, R0_GP);
	assert_int_equal(cpu.fault.code, 3);
	sregs.ss.limit = 0x100;
	set_gate(R0_DE, KERNEL_CODE, 0x2345, 0x8e);
	assert_int_equal(legacy_deliver(&cpu, &fault, DELIVER_EXCEPTION), DONE_FAULT);
	assert_int_equal(cpu.fault.vector, R0_SS);
	sregs.idt.limit = 6;
	assert_int_equal(legacy_deliver(&cpu, &fault, DELIVER_EXCEPTION), DONE_FAULT);
	assert_int_equal(cpu.fault.vector, R0_GP);
	/* No register has changed. */
	assert_int_equal(cpu.rip, 0x1234);
	assert_int_equal(cpu.gpr[CPU_RSP], STACK - 0x100);
}

static void gates_of_16_bits(void **state)
{
	const struct fault fault = { .vector = R0_DE };

	(void)state;
	sregs.ss.db = 0;
	cpu.gpr[CPU_RSP] = 0xabcd0000 | (STACK - 0x100);
	set_gate(R0_DE, CODE16, 0x772345, 0x86);
	assert_int_equal(legacy_deliver(&cpu, &fault, DELIVER_EXCEPTION), DONE);
	assert_int_equal(cpu.rip, 0x2345);
	assert_int_equal(sregs.cs.selector, CODE16);
	assert_int_equal(cpu.gpr[CPU_RSP], 0xabcd0000 | (STACK - 0x106));
	assert_int_equal(get(STACK - 0x106, 2), 0x1234);
	assert_int_equal(get(STACK - 0x104, 2), KERNEL_CODE);
	cpu.bits = 16;
	assert_int_equal(legacy_return(&cpu, 2, 0), DONE);
	assert_int_equal(cpu.rip, 0x1234);
	assert_int_equal(sregs.cs.selector, KERNEL_CODE);
	assert_int_equal(cpu.gpr[CPU_RSP], 0xabcd0000 | (STACK - 0x100));
}

static void real_mode(void **state)
{
	const struct fault software = { .vector = 0x21, .trap = true };
	const uint64_t before = cpu.flags;

	(void)state;
	sregs.cr0 = 0;
	sregs.idt = (struct kvm_dtable){ .base = 0, .limit = 0x3ff };
	sregs.cs = (struct kvm_segment){ .base = 0x120, .selector = 0x12, .limit = 0xffff };
	sregs.ss = (struct kvm_segment){ .base = 0x4000, .selector = 0x400, .limit = 0xffff };
	cpu.bits = 16;
	cpu.gpr[CPU_RSP] = 0x100;
	put(0x21 * 4, 4, 0x05670089);
	assert_int_equal(legacy_deliver(&cpu, &software, DELIVER_SOFTWARE), DONE);
	assert_int_equal(cpu.rip, 0x89);
	assert_int_equal(sregs.cs.selector, 0x567);
	assert_int_equal(sregs.cs.base, 0x5670);
	assert_int_equal(cpu.flags, R0_RFLAGS_FIXED);
	assert_int_equal(cpu.gpr[CPU_RSP], 0xfa);
	assert_int_equal(get(0x40fa, 2), 0x1234);
	assert_int_equal(get(0x40fc, 2), 0x12);
	assert_int_equal(get(0x40fe, 2), before);
	assert_int_equal(legacy_return(&cpu, 2, 0), DONE);
	assert_int_equal(cpu.rip, 0x1234);
	assert_int_equal(sregs.cs.base, 0x120);
	assert_int_equal(cpu.flags, before);
	assert_int_equal(cpu.gpr[CPU_RSP], 0x100);
	/* The stack wraps around, or would be beyond its segment. */
	cpu.gpr[CPU_RSP] = 4;
	assert_int_equal(legacy_deliver(&cpu, &software, DELIVER_SOFTWARE), DONE_FAULT);
	assert_int_equal(cpu.fault.vector, R0_SS);
}

/* VADDPS XMM0, XMM0, XMM0: #UD there each time, and known to 16-bit code of protected mode. */
static void real_mode_has_no_vex(void **state)
{
	static struct cpu_text text;
	static struct forms forms;
	struct form *form;
	int round;

	(void)state;
	if (!decoder_load(NULL))
		skip();
	sregs.cs = (struct kvm_segment){ .limit = 0xffff, .type = 0xb, .present = 1, .s = 1 };
	text.page = UINT64_MAX;
	cpu.text = &text;
	cpu.bits = 16;
	put(0x1234, 4, 0xc058f8c5);
	for (round = 0; round < 2; round++) {
		sregs.cr0 = 0;
		assert_int_equal(forms_find(&forms, &cpu, &form), DONE_FAULT);
		assert_int_equal(cpu.fault.vector, R0_UD);
		assert_int_equal(forms_find(&forms, &cpu, &form), DONE_FAULT);
		sregs.cr0 = R0_CR0_PE;
		assert_int_equal(forms_find(&forms, &cpu, &form), DONE);
		assert_int_equal(form->length, 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(no_paging, set_up),
		cmocka_unit_test_setup(paging_of_32_bits, set_up),
		cmocka_unit_test_setup(pae, set_up),
		cmocka_unit_test_setup(long_mode, set_up),
		cmocka_unit_test_setup(protection_keys, set_up),
		cmocka_unit_test_setup(segments, set_up),
		cmocka_unit_test_setup(interrupts, set_up),
		cmocka_unit_test_setup(interrupts_of_ring_3, set_up),
		cmocka_unit_test_setup(bad_gates, set_up),
		cmocka_unit_test_setup(gates_of_16_bits, set_up),
		cmocka_unit_test_setup(real_mode, set_up),
		cmocka_unit_test_setup(real_mode_has_no_vex, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
