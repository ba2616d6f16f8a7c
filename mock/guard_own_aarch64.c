/* SPDX-License-Identifier: MIT */
/* The registers that functions keep, with the frame and the link register: AAPCS64, 6.1.1. */
#include "mock/guard_own.h"

enum { FIRST = 19, COUNT = 12, PSTATE = 12 };

_Static_assert(PSTATE < GUARD_KEPT, "there is room for them");

void guard_own_registers(const ucontext_t *context, struct guard_place *place)
{
	const mcontext_t *machine = &context->uc_mcontext;
	unsigned int i;

	place->pc = machine->pc;
	place->sp = machine->sp;
	for (i = 0; i < COUNT; i++)
		place->kept[i] = machine->regs[FIRST + i];
	place->kept[PSTATE] = machine->pstate;
}

void guard_own_view(const struct guard_place *place, struct kvm_regs *regs)
{
	unsigned int i;

	*regs = (struct kvm_regs){
		.regs = { .pc = place->pc, .sp = place->sp, .pstate = place->kept[PSTATE] },
	};
	for (i = 0; i < COUNT; i++)
		regs->regs.regs[FIRST + i] = place->kept[i];
}
