/* SPDX-License-Identifier: MIT */
/* Exceptions and interrupts: what the entry code calls. */
#include <ring0.h>
#include "guest/entry/entry.h"
#include "guest/entry/exception_stack.h"
#include "guest/entry/gic_aarch64.h"
#include "guest/entry/state.h"
#include "guest/exceptions/fault.h"
#include "guest/exceptions/recovery.h"
#include "guest/exceptions/syscall.h"

/* Of SPSR_EL1: M[3:2] is the exception level. Arm ARM, C5.2.19. */
#define LEVEL 0xcul

/* Of ESR_EL1, for aborts: a translation fault at any level. Arm ARM, D19.2.37, DFSC. */
#define STATUS		  0x3cul
#define TRANSLATION_FAULT 0x04ul

#define SVC_IMMEDIATE 0xfffful

/* Of ICC_IAR1_EL1, and of GICC_IAR, which has an SGI's sender above it. */
#define INTID_3 0xffffffu
#define INTID_2 0x3ffu

#define INSTRUCTION_LENGTH 4

static bool is_from_user(const struct r0_frame *frame)
{
	return !(frame->pstate & LEVEL);
}

static bool is_abort(uint64_t vector)
{
	return vector == R0_DATA_ABORT || vector == R0_DATA_ABORT_EL0 ||
	       vector == R0_INSTRUCTION_ABORT || vector == R0_INSTRUCTION_ABORT_EL0;
}

/* The tag in the top byte, which FAR_EL1 keeps, is none of the address: TCR_EL1.TBI0. */
static uint64_t untagged(uint64_t address)
{
	return (uint64_t)((int64_t)(address << 8) >> 8);
}

/* The two ways in which our own code at EL0 calls on EL1; the first, if TPIDRRO_EL0 was changed, from there, too. */
static bool serve_user(struct r0_cpu *cpu, struct r0_frame *frame)
{
	if (frame->pc == (uint64_t)r0_user_ask) {
		frame->x[0] = serve_user_message(cpu, frame->x[0], frame->x[1], frame->x[2]);
		frame->pc += INSTRUCTION_LENGTH;
		return true;
	}
	if (frame->pc == (uint64_t)r0_user_return && cpu->try) {
		cpu->try->fault = (struct r0_fault){ .vector = -1, .value = (long)frame->x[0] };
		recover(cpu, frame);
		return true;
	}
	return false;
}

/* Those whose handlers go on with the instruction that raised them: Arm ARM, D1.3.1, preferred return address. */
static bool is_fault(uint64_t vector)
{
	return vector < R0_IRQ && vector != R0_SVC && vector != R0_HVC && vector != R0_SERROR &&
	       vector != R0_STEP && vector != R0_STEP_EL0;
}

/* A handler may fault, or run functions at EL0: neither must overwrite what it interrupted. */
static void handle(struct r0_cpu *cpu, struct r0_frame *frame,
		   void (*handler)(struct r0_frame *frame))
{
	uint64_t top = exception_stack(cpu), user_stack = cpu->user_stack;

	set_exception_stack(cpu, top - R0_EXCEPTION_STACK_SHIFT);
	if (is_from_user(frame))
		cpu->user_stack = frame->sp & ~15ull;
	handler(frame);
	cpu->user_stack = user_stack;
	set_exception_stack(cpu, top);
}

/* By its INTID: acknowledged, handled and ended. One that is gone meanwhile is none. */
static void serve_interrupt(struct r0_cpu *cpu, struct r0_frame *frame)
{
	const bool is_3 = gic_version() == 3;
	const uint32_t acknowledged = is_3 ? (uint32_t)r0_icc_read(IAR1) :
					     r0_gicc_read(R0_GICC_IAR);
	const uint32_t intid = acknowledged & (is_3 ? INTID_3 : INTID_2);
	const uint64_t vector = R0_INTID(intid);

	if (intid >= R0_GIC_SPURIOUS - 3)
		return;
	frame->vector = vector;
	if (intid > R0_INTID_LIMIT || !r0_guest.handlers[vector]) {
		r0_ask(R0_MESSAGE_EXCEPTION, (uint64_t)frame, 0);
		return;
	}
	++*handled_interrupts(cpu, vector);
	handle(cpu, frame, r0_guest.handlers[vector]);
	if (is_3)
		r0_icc_write(EOIR1, acknowledged);
	else
		r0_gicc_write(R0_GICC_EOIR, acknowledged);
	r0_isb();
}

void r0_exception(struct r0_frame *frame)
{
	struct r0_cpu *cpu = this_cpu();
	uint64_t vector = frame->vector & 0xff, pc;

	if (is_abort(vector) && (frame->esr & STATUS) == TRANSLATION_FAULT &&
	    is_sparse(untagged(frame->far)) &&
	    r0_ask(R0_MESSAGE_POPULATE, untagged(frame->far), (uint64_t)frame))
		return;
	if (vector == R0_UNDEFINED && serve_user(cpu, frame))
		return;
	if (vector == R0_IRQ && !r0_guest.handlers[vector]) {
		serve_interrupt(cpu, frame);
		return;
	}
	if (r0_guest.handlers[vector]) {
		++*handled_interrupts(cpu, vector);
		pc = frame->pc;
		handle(cpu, frame, r0_guest.handlers[vector]);
		if (is_fault(vector) && frame->pc == pc)
			note_resumption(cpu, vector, pc, frame->far);
		return;
	}
	/* Linux's system calls are SVC #0. */
	if (vector == R0_SVC && !(frame->esr & SVC_IMMEDIATE)) {
		frame->x[0] = r0_syscall(frame->x[8], frame->x[0], frame->x[1], frame->x[2],
					 frame->x[3], frame->pc);
		return;
	}
	if (vector < R0_IRQ && cpu->try) {
		cpu->try->fault = (struct r0_fault){
			.vector = (int)vector,
			.esr = frame->esr,
			.far = frame->far,
			.elr = frame->pc,
		};
		recover(cpu, frame);
		return;
	}
	r0_ask(R0_MESSAGE_EXCEPTION, (uint64_t)frame, frame->far);
}
