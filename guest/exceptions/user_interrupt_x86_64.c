/* SPDX-License-Identifier: MIT */
/*
 * INT n in ring 3 on a KVM that emulates ring 0: it is #UD there, which it is on no CPU. By the time
 * that comes here, it is made what it should have been. SDM vol. 3A, 6.12.1.2.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "guest/exceptions/own_tables.h"
#include "guest/exceptions/user_interrupt_x86_64.h"

#define INT_N	     0xcd
#define INT_N_LENGTH 2

static void make_exception(struct r0_frame *frame, uint64_t vector, uint64_t error_code)
{
	frame->vector = vector;
	frame->error_code = error_code;
}

void correct_user_interrupt(struct r0_frame *frame)
{
	const uint8_t *code = (const uint8_t *)frame->rip;
	struct r0_table_register idt;
	const struct r0_gate *gate;

	if (frame->vector != R0_UD || !(frame->cs & 3) || code[0] != INT_N)
		return;
	idt = r0_sidt();
	gate = (const struct r0_gate *)idt.base + code[1];
	if ((code[1] + 1) * sizeof(*gate) > idt.limit + 1u ||
	    (gate->type_dpl_p & R0_GATE_DPL(3)) != R0_GATE_DPL(3)) {
		if (is_runtime_gate(&idt, R0_GP))
			make_exception(frame, R0_GP, R0_ERROR_VECTOR(code[1]));
	} else if (!(gate->type_dpl_p & R0_GATE_P)) {
		if (is_runtime_gate(&idt, R0_NP))
			make_exception(frame, R0_NP, R0_ERROR_VECTOR(code[1]));
	} else if (is_runtime_gate(&idt, code[1])) {
		frame->rip += INT_N_LENGTH;
		/* An interrupt's image of RFLAGS has RF clear: SDM vol. 3A, 6.8.3. */
		frame->rflags &= ~(uint64_t)R0_RFLAGS_RF;
		make_exception(frame, code[1], 0);
	}
}
