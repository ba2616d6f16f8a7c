/* SPDX-License-Identifier: MIT */
/* Exceptions and interrupts: what the entry code calls. */
#include <ring0/private/traps.h>
#include <ring0/x86/registers.h>
#include <ring0.h>
#include "guest/entry/entry.h"
#include "guest/entry/exception_stack.h"
#include "guest/entry/state.h"
#include "guest/exceptions/fault.h"
#include "guest/exceptions/recovery.h"
#include "guest/exceptions/user_interrupt_x86_64.h"

#define PF_PRESENT 1ull
#define UD2_LENGTH 2
#define RED_ZONE   128

static uint64_t read_cr2(void)
{
	uint64_t value;

	__asm__ volatile("mov %%cr2, %0" : "=r"(value));
	return value;
}

/* The two ways in which our own code in ring 3 calls on ring 0. */
static bool serve_user(struct r0_cpu *cpu, struct r0_frame *frame)
{
	if (frame->rip == (uint64_t)r0_user_ask) {
		frame->rax = serve_user_message(cpu, frame->rdi, frame->rsi, frame->rdx);
		frame->rip += UD2_LENGTH;
		return true;
	}
	if (frame->rip == (uint64_t)r0_user_return && cpu->try) {
		cpu->try->fault = (struct r0_fault){ .vector = -1, .value = (long)frame->rax };
		recover(cpu, frame);
		return true;
	}
	return false;
}

/* Faults, whose handlers go on with the instruction that raised them: SDM vol. 3A, 6.5 and table 6-1. */
static bool is_fault(uint64_t vector)
{
	const uint32_t faults = 1u << R0_DE | 1u << R0_BR | 1u << R0_UD | 1u << R0_NM |
				1u << R0_TS | 1u << R0_NP | 1u << R0_SS | 1u << R0_GP |
				1u << R0_PF | 1u << R0_MF | 1u << R0_AC | 1u << R0_XM | 1u << R0_CP;

	return vector < 32 && faults >> vector & 1;
}

/* A handler may fault, or run functions in ring 3: neither must overwrite what it interrupted. */
static void handle(struct r0_cpu *cpu, struct r0_frame *frame,
		   void (*handler)(struct r0_frame *frame))
{
	uint64_t top = exception_stack(cpu), user_stack = cpu->user_stack;

	set_exception_stack(cpu, top - R0_IST_SHIFT);
	if (frame->cs & 3)
		cpu->user_stack = (frame->rsp - RED_ZONE) & ~15ull;
	handler(frame);
	cpu->user_stack = user_stack;
	set_exception_stack(cpu, top);
}

/* What is in place of a function that has no room for a jump: RIP is behind an INT3, and at an OUT in ring 3. */
static bool follow_trap(struct r0_frame *frame, uint64_t at)
{
	unsigned int i;

	for (i = 0; i < R0_REPLACED_LIMIT && r0_replaced[i].function; i++)
		if (r0_replaced[i].trap && r0_replaced[i].trap == at) {
			frame->rip = r0_replaced[i].by;
			return true;
		}
	return false;
}

void r0_trap_probe(void *arg)
{
	(void)arg;
	__asm__ volatile("int3");
}

static bool is_syscall_entry(uint64_t rip)
{
	return rip - (uint64_t)r0_syscall_entry <
	       (uint64_t)R0_SYSCALL_ENTRIES * R0_SYSCALL_ENTRY_SIZE;
}

void r0_exception(struct r0_frame *frame)
{
	struct r0_cpu *cpu = this_cpu();
	uint64_t vector, rip, cr2 = 0;
	bool followed = false;

	correct_user_interrupt(frame);
	vector = frame->vector & 0xff;
	if (vector == R0_BP || vector == R0_GP)
		followed = follow_trap(frame, vector == R0_BP ? frame->rip - 1 : frame->rip);
	/* The CPU cleared TF on its way here: SDM vol. 3A, 6.12.1.3. */
	if (r0_guest.stepped && (vector == R0_DB || frame->rflags & R0_RFLAGS_TF) &&
	    r0_ask(R0_MESSAGE_STEPPED, (uint64_t)frame, 0))
		return;
	if (followed)
		return;
	if (vector == R0_PF) {
		cr2 = read_cr2();
		if (!(frame->error_code & PF_PRESENT) && is_sparse(cr2) &&
		    r0_ask(R0_MESSAGE_POPULATE, cr2, (uint64_t)frame))
			return;
	}
	if (vector == R0_UD && (frame->cs & 3) && serve_user(cpu, frame))
		return;
	if ((frame->cs & 3) && is_syscall_entry(frame->rip))
		note_use(R0_USED_SYSCALL_IN_RING_3);
	if (r0_guest.handlers[vector]) {
		++*handled_interrupts(cpu, vector);
		if (vector >= 32)
			note_use(R0_USED_INTERRUPT);
		rip = frame->rip;
		handle(cpu, frame, r0_guest.handlers[vector]);
		if (is_fault(vector) && frame->rip == rip)
			note_resumption(cpu, vector, rip, cr2);
		return;
	}
	if (vector < 32 && cpu->try) {
		cpu->try->fault = (struct r0_fault){
			.vector = (int)vector,
			.error_code = frame->error_code,
			.rip = frame->rip,
			.cr2 = cr2,
		};
		recover(cpu, frame);
		return;
	}
	r0_ask(R0_MESSAGE_EXCEPTION, (uint64_t)frame, cr2);
}
