/* SPDX-License-Identifier: MIT */
/* SDM vol. 2, each instruction's "Operation", for operands and a stack of 64 bits. */
#include "assist/x86_64/near.h"
#include <ring0/x86/registers.h>
#include "assist/x86_64/paging.h"
#include "assist/x86_64/run_natively.h"
#include "assist/x86_64/segment.h"

static enum done pop(struct cpu *cpu, uint64_t rsp, uint64_t *value)
{
	uint64_t address;
	enum done done = segment_address(cpu, SEGMENT_SS, rsp, 8, false, &address);

	return done == DONE ? cpu_read(cpu, address, value, 8, cpu_access(cpu, false)) : done;
}

static enum done push(struct cpu *cpu, uint64_t value)
{
	const uint64_t rsp = cpu->gpr[CPU_RSP] - 8;
	uint64_t address;
	enum done done = segment_address(cpu, SEGMENT_SS, rsp, 8, true, &address);

	if (done == DONE)
		done = cpu_write(cpu, address, &value, 8, cpu_access(cpu, true));
	if (done == DONE)
		cpu->gpr[CPU_RSP] = rsp;
	return done;
}

/* SDM vol. 1, appendix B: a pair of opcodes for each condition, of which the odd one is its opposite. */
static bool holds(uint8_t condition, uint64_t flags)
{
	const bool less = !(flags & R0_RFLAGS_SF) != !(flags & R0_RFLAGS_OF);
	const bool is[] = {
		flags & R0_RFLAGS_OF,
		flags & R0_RFLAGS_CF,
		flags & R0_RFLAGS_ZF,
		flags & (R0_RFLAGS_CF | R0_RFLAGS_ZF),
		flags & R0_RFLAGS_SF,
		flags & R0_RFLAGS_PF,
		less,
		less || flags & R0_RFLAGS_ZF,
	};

	return is[condition >> 1] != (condition & 1);
}

/* A register, memory, or the immediate. */
static enum done operand(struct cpu *cpu, const struct form *form, uint64_t *value)
{
	uint64_t address;
	enum done done;

	if (form->memory.present) {
		done = run_natively_address(cpu, form, &address);
		return done == DONE ? cpu_read(cpu, address, value, 8, cpu_access(cpu, false)) :
				      done;
	}
	*value = form->destination >= 0 ? cpu->gpr[form->destination] : (uint64_t)form->immediate;
	return DONE;
}

static enum done go(struct cpu *cpu, uint64_t target)
{
	if (!cpu_is_canonical(cpu, target))
		return DONE_CANNOT;
	cpu->rip = target;
	return DONE;
}

static enum done jump(struct cpu *cpu, const struct form *form, uint64_t next)
{
	uint64_t target;
	enum done done = operand(cpu, form, &target);

	if (done != DONE)
		return done;
	if (!form->memory.present && form->destination < 0)
		target += next;
	if (form->near == NEAR_CALL) {
		if (!cpu_is_canonical(cpu, target))
			return DONE_CANNOT;
		done = push(cpu, next);
	}
	return done == DONE ? go(cpu, target) : done;
}

static enum done leave_function(struct cpu *cpu, const struct form *form)
{
	uint64_t target;
	enum done done = pop(cpu, cpu->gpr[CPU_RSP], &target);

	if (done == DONE)
		done = go(cpu, target);
	if (done == DONE)
		cpu->gpr[CPU_RSP] += 8 + (uint64_t)form->immediate;
	return done;
}

static enum done move_stack(struct cpu *cpu, const struct form *form, uint64_t next)
{
	const uint64_t from = cpu->gpr[form->near == NEAR_LEAVE ? CPU_RBP : CPU_RSP];
	uint64_t value;
	enum done done;

	if (form->near == NEAR_PUSH) {
		done = operand(cpu, form, &value);
		if (done == DONE)
			done = push(cpu, value);
	} else {
		done = pop(cpu, from, &value);
		if (done == DONE) {
			cpu->gpr[CPU_RSP] = from + 8;
			/* After that: POP RSP has what was popped. */
			cpu->gpr[form->near == NEAR_LEAVE ? CPU_RBP : form->destination] = value;
		}
	}
	return done == DONE ? go(cpu, next) : done;
}

enum done near_execute(struct cpu *cpu, const struct form *form)
{
	const uint64_t next = cpu->rip + form->length;

	switch (form->near) {
	case NEAR_JUMP_IF:
		return go(cpu, holds(form->condition, cpu->flags) ?
				       next + (uint64_t)form->immediate :
				       next);
	case NEAR_JUMP:
	case NEAR_CALL:
		return jump(cpu, form, next);
	case NEAR_RETURN:
		return leave_function(cpu, form);
	case NEAR_PUSH:
	case NEAR_POP:
	case NEAR_LEAVE:
		break;
	}
	return move_stack(cpu, form, next);
}
