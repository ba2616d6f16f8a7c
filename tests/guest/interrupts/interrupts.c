/* SPDX-License-Identifier: MIT */
/*
 * The interrupt flag, INT n and the gates it goes through. SDM vol. 3A, 6.8, 6.12 and 6.14, and
 * vol. 2A, INT n; APM vol. 2, 8.7 to 8.9.
 */
#include <string.h>
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/landing.h"
#include "tests/guest/requirements.h"

static struct r0_frame seen;
static uint64_t seen_rflags;
static unsigned int calls;

static void note(struct r0_frame *frame)
{
	memcpy(&seen, frame, sizeof(seen));
	seen_rflags = r0_read_rflags();
	calls++;
}

R0_TEST(interrupts, sti_and_cli_change_if)
{
	R0_ASSERT_EQ(r0_read_rflags() & R0_RFLAGS_IF, 0);
	r0_sti();
	R0_ASSERT_EQ(r0_read_rflags() & R0_RFLAGS_IF, R0_RFLAGS_IF);
	r0_cli();
	R0_ASSERT_EQ(r0_read_rflags() & R0_RFLAGS_IF, 0);
}

ROUTINE(int_0x80, "", "int $0x80", "");
ROUTINE(int_0xff, "", "int $0xff", "");
ROUTINE(int_0x20, "", "int $0x20", "");

R0_TEST(interrupts, int_n_calls_its_handler, .when = executes_int_n)
{
	r0_set_handler(0x80, note);
	int_0x80(NULL);
	R0_ASSERT_EQ(calls, 1);
	R0_ASSERT_EQ(seen.vector, 0x80);
	R0_ASSERT_EQ(seen.error_code, 0);
	R0_ASSERT_EQ(seen.rip, (uint64_t)int_0x80_next);
	R0_ASSERT_EQ(seen.cs, R0_KERNEL_CS);
	R0_ASSERT_EQ(seen.ss, R0_KERNEL_DS);
}

R0_TEST(interrupts, int_n_reaches_every_vector, .when = executes_int_n)
{
	r0_set_handler(0xff, note);
	r0_set_handler(0x20, note);
	int_0xff(NULL);
	R0_ASSERT_EQ(seen.vector, 0xff);
	int_0x20(NULL);
	R0_ASSERT_EQ(seen.vector, 0x20);
	R0_ASSERT_EQ(calls, 2);
}

/* INT n works with interrupts off, and a gate decides on IF in the handler. */
R0_TEST(interrupts, int_n_through_a_trap_gate_keeps_if, .when = executes_int_n)
{
	r0_set_handler(0x80, note);
	r0_sti();
	int_0x80(NULL);
	R0_ASSERT_EQ(seen_rflags & R0_RFLAGS_IF, 0);
	R0_ASSERT_EQ(r0_read_rflags() & R0_RFLAGS_IF, R0_RFLAGS_IF);
	r0_idt()[0x80].type_dpl_p = R0_TYPE_TRAP_GATE | R0_GATE_P;
	int_0x80(NULL);
	R0_ASSERT_EQ(seen_rflags & R0_RFLAGS_IF, R0_RFLAGS_IF);
	r0_cli();
	R0_ASSERT_EQ(calls, 2);
}

/* The same with exceptions: SDM vol. 3A, 6.12.1.3. */
ROUTINE(undefined_with_if, "sti", "ud2", "");

R0_TEST(interrupts, interrupt_gate_clears_if)
{
	const struct landing *landing = land(undefined_with_if, NULL);

	R0_ASSERT_EQ(landing->frame.vector, R0_UD);
	R0_ASSERT_EQ(landing->frame.rflags & R0_RFLAGS_IF, R0_RFLAGS_IF);
	R0_ASSERT_EQ(landing->rflags & R0_RFLAGS_IF, 0);
}

R0_TEST(interrupts, trap_gate_keeps_if)
{
	const struct landing *landing;

	r0_idt()[R0_UD].type_dpl_p = R0_TYPE_TRAP_GATE | R0_GATE_P;
	landing = land(undefined_with_if, NULL);
	R0_ASSERT_EQ(landing->frame.vector, R0_UD);
	R0_ASSERT_EQ(landing->frame.rflags & R0_RFLAGS_IF, R0_RFLAGS_IF);
	R0_ASSERT_EQ(landing->rflags & R0_RFLAGS_IF, R0_RFLAGS_IF);
}

ROUTINE(undefined_with_nt_and_ac, "pushq $2; orl $0x44000, (%rsp); popfq", "ud2", "");

/* NT is cleared as well, AC is not: SDM vol. 3A, 6.14, and vol. 2A, INT n. */
R0_TEST(interrupts, delivery_clears_nt)
{
	const struct landing *landing = land(undefined_with_nt_and_ac, NULL);

	R0_ASSERT_EQ(landing->frame.vector, R0_UD);
	R0_ASSERT_EQ(landing->frame.rflags & R0_RFLAGS_NT, R0_RFLAGS_NT);
	R0_ASSERT_EQ(landing->rflags & R0_RFLAGS_NT, 0);
}

R0_TEST(interrupts, delivery_keeps_ac, .when = delivery_keeps_flags)
{
	const struct landing *landing = land(undefined_with_nt_and_ac, NULL);

	R0_ASSERT_EQ(landing->frame.vector, R0_UD);
	R0_ASSERT_EQ(landing->frame.rflags & R0_RFLAGS_AC, R0_RFLAGS_AC);
	R0_ASSERT_EQ(landing->rflags & R0_RFLAGS_AC, R0_RFLAGS_AC);
}

R0_TEST(interrupts, int_n_through_an_absent_gate, .when = executes_int_n)
{
	struct r0_fault fault;

	r0_idt()[0x80].type_dpl_p &= ~R0_GATE_P;
	fault = r0_try(int_0x80, NULL);
	ASSERT_FAULT_AT(fault, R0_NP, R0_ERROR_VECTOR(0x80), int_0x80_at);
}

R0_TEST(interrupts, int_n_beyond_the_limit, .when = executes_int_n)
{
	struct r0_table_register idtr = r0_sidt();
	struct r0_fault fault;

	idtr.limit = 0x80 * sizeof(struct r0_gate) - 1;
	r0_lidt(idtr);
	fault = r0_try(int_0x80, NULL);
	ASSERT_FAULT_AT(fault, R0_GP, R0_ERROR_VECTOR(0x80), int_0x80_at);
}

R0_TEST(interrupts, int_n_with_a_null_selector, .when = executes_int_n)
{
	struct r0_fault fault;

	r0_idt()[0x80].selector = 0;
	fault = r0_try(int_0x80, NULL);
	ASSERT_FAULT_AT(fault, R0_GP, 0, int_0x80_at);
}

RING3_ROUTINE(ring3_int_0x80, "", "int $0x80", "xorl %eax, %eax");
RING3_ROUTINE(ring3_int_13, "", "int $13", "xorl %eax, %eax");
RING3_ROUTINE(ring3_int3, "", "int3", "xorl %eax, %eax");

/* INT n needs a gate of DPL 3 in ring 3: SDM vol. 3A, 6.12.1.2. */
R0_TEST(interrupts, ring_3_needs_the_gates_dpl)
{
	struct r0_fault fault = r0_user_call(ring3_int_0x80, NULL);

	ASSERT_FAULT_AT(fault, R0_GP, R0_ERROR_VECTOR(0x80), ring3_int_0x80_at);
	r0_idt()[0x80].type_dpl_p |= R0_GATE_DPL(3);
	r0_set_handler(0x80, note);
	fault = r0_user_call(ring3_int_0x80, NULL);
	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(calls, 1);
	R0_ASSERT_EQ(seen.rip, (uint64_t)ring3_int_0x80_next);
	R0_ASSERT_EQ(seen.cs, R0_USER_CS | 3);
	R0_ASSERT_EQ(seen.ss, R0_USER_DS | 3);
}

R0_TEST(interrupts, ring_3_cannot_raise_exceptions_by_int_n)
{
	struct r0_fault fault = r0_user_call(ring3_int_13, NULL);

	ASSERT_FAULT_AT(fault, R0_GP, R0_ERROR_VECTOR(R0_GP), ring3_int_13_at);
}

R0_TEST(interrupts, int3_obeys_the_gates_dpl, .when = checks_gates)
{
	struct r0_fault fault;

	r0_idt()[R0_BP].type_dpl_p &= ~R0_GATE_DPL(3);
	fault = r0_user_call(ring3_int3, NULL);
	ASSERT_FAULT_AT(fault, R0_GP, R0_ERROR_VECTOR(R0_BP), ring3_int3_at);
}

/* An exception in a handler: each is delivered on a stack of its own. */
static void fail_in_handler(struct r0_frame *frame)
{
	struct r0_fault fault = r0_try(int_0x80, NULL);

	note(frame);
	R0_ASSERT_EQ(fault.vector, R0_NP);
}

R0_TEST(interrupts, handler_may_fault, .when = executes_int_n)
{
	r0_idt()[0x80].type_dpl_p &= ~R0_GATE_P;
	r0_set_handler(0x20, fail_in_handler);
	int_0x20(NULL);
	R0_ASSERT_EQ(calls, 1);
	R0_ASSERT_EQ(seen.rip, (uint64_t)int_0x20_next);
}

ROUTINE(undefined, "", "ud2", "");
ROUTINE(load, "", "movq (%rdi), %rax", "");

static void skip_after_fault(struct r0_frame *frame)
{
	struct r0_fault fault = r0_try(load, (void *)8);

	note(frame);
	R0_ASSERT_EQ(fault.vector, R0_PF);
	R0_ASSERT_EQ(fault.cr2, 8);
	frame->rip += 2;
}

R0_TEST(interrupts, exception_handler_may_fault)
{
	r0_set_handler(R0_UD, skip_after_fault);
	undefined(NULL);
	undefined(NULL);
	R0_ASSERT_EQ(calls, 2);
	R0_ASSERT_EQ(seen.rip, (uint64_t)undefined_at);
}
