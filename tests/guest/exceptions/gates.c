/* SPDX-License-Identifier: MIT */
/*
 * Gates: the IDT's, what each must hold, a call gate, and the far return to an outer ring. SDM vol. 3A, 5.8.3, 6.12 and
 * 6.14, and vol. 2B, RET; APM vol. 2, 4.8.4, 8.7 and 8.9.
 */
#include <string.h>
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/landing.h"
#include "tests/guest/mapping.h"
#include "tests/guest/requirements.h"

/* The GDT's free entry, and the first beyond it. */
#define FREE   0x40
#define BEYOND R0_GDT_SIZE

#define DATA   R0_SEGMENT_DATA
#define CODE   R0_SEGMENT_CODE64
#define ABSENT (~R0_SEGMENT_P)
#define DPL3   R0_SEGMENT_DPL(3)

ROUTINE(undefined, "", "ud2", "");

static struct r0_gate idt[256] __attribute__((aligned(16)));

R0_TEST(descriptor_tables, lidt_switches_tables)
{
	struct r0_table_register idtr = { sizeof(idt) - 1, (uint64_t)idt };

	memcpy(idt, r0_idt(), sizeof(idt));
	/* #UD now goes where #BP went. */
	idt[R0_UD] = idt[R0_BP];
	r0_lidt(idtr);
	R0_ASSERT_EQ(r0_sidt().base, (uint64_t)idt);
	R0_ASSERT_EQ(r0_sidt().limit, sizeof(idt) - 1);
	R0_ASSERT_EQ(r0_try(undefined, NULL).vector, R0_BP);
}

/* What a gate may hold: SDM vol. 3A, 6.12.1 and 6.14, and vol. 2A, INT n; APM vol. 2, 8.7, 8.9. */
struct bad_gate {
	const char *name;
	uint8_t type_dpl_p;
	uint16_t selector;
	uint64_t descriptor; /* for FREE */
	int vector;
	uint64_t error_code;
};

#define GATE   (R0_TYPE_INTERRUPT_GATE | R0_GATE_P)
#define OF_IDT (R0_ERROR_VECTOR(R0_UD) | R0_ERROR_EXT)

static const struct bad_gate bad_gates[] = {
	{ "absent", R0_TYPE_INTERRUPT_GATE, R0_KERNEL_CS, 0, R0_NP, OF_IDT },
	{ "a call gate", R0_TYPE_CALL_GATE | R0_GATE_P, R0_KERNEL_CS, 0, R0_GP, OF_IDT },
	{ "a task gate", 5 | R0_GATE_P, R0_KERNEL_CS, 0, R0_GP, OF_IDT },
	{ "empty", 0, 0, 0, R0_GP, OF_IDT },
	{ "null CS", GATE, 0, 0, R0_GP, R0_ERROR_EXT },
	{ "CS beyond the limit", GATE, BEYOND, 0, R0_GP, BEYOND | R0_ERROR_EXT },
	{ "data", GATE, FREE, DATA, R0_GP, FREE | R0_ERROR_EXT },
	{ "absent code", GATE, FREE, CODE &ABSENT, R0_NP, FREE | R0_ERROR_EXT },
	{ "code of DPL 3", GATE, FREE, CODE | DPL3, R0_GP, FREE | R0_ERROR_EXT },
	{ "32-bit code", GATE, FREE, R0_SEGMENT_CODE32, R0_GP, FREE | R0_ERROR_EXT },
};

R0_TEST(descriptor_tables, gate_is_refused, .params = R0_PARAMS(bad_gates), .when = checks_gates)
{
	const struct bad_gate *bad = &R0_PARAM(const struct bad_gate);
	struct r0_gate *gate = r0_idt() + R0_UD;
	struct r0_fault fault;

	r0_printf("%s\n", bad->name);
	r0_gdt()[FREE >> 3] = bad->descriptor;
	gate->type_dpl_p = bad->type_dpl_p;
	gate->selector = bad->selector;
	fault = r0_try(undefined, NULL);
	ASSERT_FAULT_AT(fault, bad->vector, bad->error_code, undefined_at);
}

/* DPL is for INT n, INT3 and INTO alone: SDM vol. 3A, 6.12.1.2. */
R0_TEST(descriptor_tables, gate_dpl_is_ignored_for_exceptions_of_ring_3)
{
	struct r0_gate *gate = r0_idt() + R0_UD;

	R0_ASSERT_EQ(gate->type_dpl_p, GATE);
	R0_ASSERT_EQ(r0_user_call((long (*)(void *))(uintptr_t)undefined, NULL).vector, R0_UD);
}

/* A call gate to the same ring: SDM vol. 3A, 5.8.3; APM vol. 2, 4.8.4. */
ROUTINE(call_gate, "", "lcall *(%rdi)", "");
ROUTINE(called_by_gate, "movl $0x1234, %eax; movq %rax, called_by_gate_result(%rip)", "lretq", "");
extern volatile uint64_t called_by_gate_result;
volatile uint64_t called_by_gate_result;

R0_TEST(descriptor_tables, call_gate_calls, .when = executes_far_transfers)
{
	struct r0_gate gate = r0_make_gate((void *)(uintptr_t)called_by_gate, R0_KERNEL_CS,
					   R0_TYPE_CALL_GATE, 0, 0);
	struct far_pointer pointer = { 0xdead, FREE };

	memcpy(r0_gdt() + (FREE >> 3), &gate, sizeof(gate));
	R0_ASSERT_EQ(r0_try(call_gate, &pointer).vector, -1);
	R0_ASSERT_EQ(called_by_gate_result, 0x1234);
}

R0_TEST(descriptor_tables, call_gate_is_refused, .when = executes_far_transfers)
{
	struct r0_gate gate = r0_make_gate((void *)(uintptr_t)called_by_gate, R0_KERNEL_CS,
					   R0_TYPE_CALL_GATE, 0, 0);
	struct far_pointer pointer = { 0xdead, FREE };
	struct r0_fault fault;

	gate.type_dpl_p &= ~R0_GATE_P;
	memcpy(r0_gdt() + (FREE >> 3), &gate, sizeof(gate));
	fault = r0_try(call_gate, &pointer);
	ASSERT_FAULT_AT(fault, R0_NP, FREE, call_gate_at);
	gate.type_dpl_p |= R0_GATE_P;
	gate.selector = 0;
	memcpy(r0_gdt() + (FREE >> 3), &gate, sizeof(gate));
	fault = r0_try(call_gate, &pointer);
	ASSERT_FAULT_AT(fault, R0_GP, 0, call_gate_at);
}

/* From a struct iret_image. */
ROUTINE(far_return, "pushq 32(%rdi); pushq 24(%rdi); pushq 8(%rdi); pushq 0(%rdi)", "lretq", "");

/* A far return to an outer ring pops the stack, too: SDM vol. 2B, RET; APM vol. 3, RET (far). */
R0_TEST(descriptor_tables, far_return_goes_to_ring_3, .when = executes_far_transfers)
{
	static uint8_t code[4096] __attribute__((aligned(4096))) = { 0x0f, 0x0b /* ud2 */ };
	struct iret_image image = {
		.rip = MAPPING_CODE,
		.cs = R0_USER_CS | 3,
		.rsp = 0x123456789ab0,
		.ss = R0_USER_DS | 3,
	};
	const struct landing *landing;

	map(MAPPING_CODE, 1, r0_physical(code) | R0_PAGE_P | R0_PAGE_US);
	landing = land(far_return, &image);
	R0_ASSERT_EQ(landing->frame.vector, R0_UD);
	R0_ASSERT_EQ(landing->frame.rip, MAPPING_CODE);
	R0_ASSERT_EQ(landing->frame.cs, R0_USER_CS | 3);
	R0_ASSERT_EQ(landing->frame.rsp, image.rsp);
	R0_ASSERT_EQ(landing->frame.ss, R0_USER_DS | 3);
}

/* The stack segment has to be that ring's own. */
R0_TEST(descriptor_tables, far_return_checks_the_stack_segment, .when = executes_far_transfers)
{
	static const uint64_t bad[] = { 0, 3, R0_USER_DS, R0_KERNEL_DS | 3, R0_USER_CS | 3 };
	struct iret_image image = {
		.rip = MAPPING_CODE,
		.cs = R0_USER_CS | 3,
		.rsp = 0x123456789ab0,
	};
	struct r0_fault fault;

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		image.ss = bad[i];
		fault = r0_try(far_return, &image);
		ASSERT_FAULT_AT(fault, R0_GP, bad[i] & ~3ul, far_return_at);
	}
}
