/* SPDX-License-Identifier: MIT */
/* How an exception goes back to a try. */
#include "guest/exceptions/recovery.h"

/* Of SPSR_EL1, what the code that the exception interrupted has changed: TCO, DIT, UAO, PAN and SSBS. Arm ARM, C5.2.19. */
#define KEPT (1ul << 25 | 1ul << 24 | 1ul << 23 | 1ul << 22 | 1ul << 12)

/* From EL0 PAN is not the test's: SCTLR_EL1.SPAN. */
#define LEVEL 0xcul

#pragma GCC visibility push(hidden)
void r0_try_load_vectors(const struct r0_recovery *from);
#pragma GCC visibility pop

void recover(struct r0_cpu *cpu, struct r0_frame *frame)
{
	struct r0_try *try = cpu->try;
	const struct r0_recovery *to = &try->recovery;
	const uint64_t *registers = &to->x19;
	unsigned int i;

	for (i = 19; i <= 29; i++)
		frame->x[i] = registers[i - 19];
	frame->x[30] = frame->pc = to->pc;
	frame->pstate = (frame->pstate & LEVEL ? frame->pstate & KEPT : 0) | to->pstate;
	frame->sp = to->sp;
	if (!(to->pstate & 1))
		frame->sp_el1 = cpu->kernel_sp;
	frame->x[0] = 1;
	frame->ttbr0 = 0;
	r0_try_load_vectors(to);
	leave_try(cpu, try);
}
