/* SPDX-License-Identifier: MIT */
/* The registers that functions keep: System V ABI, AMD64, figure 3.4. */
#include "mock/guard_own.h"

enum { RBP, RBX, R12, R13, R14, R15, RFLAGS };

void guard_own_registers(const ucontext_t *context, struct guard_place *place)
{
	const greg_t *regs = context->uc_mcontext.gregs;

	place->pc = (uint64_t)regs[REG_RIP];
	place->sp = (uint64_t)regs[REG_RSP];
	place->kept[RBP] = (uint64_t)regs[REG_RBP];
	place->kept[RBX] = (uint64_t)regs[REG_RBX];
	place->kept[R12] = (uint64_t)regs[REG_R12];
	place->kept[R13] = (uint64_t)regs[REG_R13];
	place->kept[R14] = (uint64_t)regs[REG_R14];
	place->kept[R15] = (uint64_t)regs[REG_R15];
	place->kept[RFLAGS] = (uint64_t)regs[REG_EFL];
}

void guard_own_view(const struct guard_place *place, struct kvm_regs *regs)
{
	*regs = (struct kvm_regs){
		.rip = place->pc,
		.rsp = place->sp,
		.rbp = place->kept[RBP],
		.rbx = place->kept[RBX],
		.r12 = place->kept[R12],
		.r13 = place->kept[R13],
		.r14 = place->kept[R14],
		.r15 = place->kept[R15],
		.rflags = place->kept[RFLAGS],
	};
}
