/* SPDX-License-Identifier: MIT */
/* Where the next exception's stack starts: in the TSS. */
#include "guest/entry/exception_stack.h"

#define TSS_IST(n) (0x24 + 8 * ((n)-1)) /* SDM vol. 3A, 8.7, figure 8-11 */

/* Not aligned to 8: the TSS is a packed structure. */
typedef uint64_t unaligned __attribute__((aligned(4), may_alias));

static unaligned *stack_of(const struct r0_cpu *cpu)
{
	return (unaligned *)(cpu->area + R0_AREA_TSS + TSS_IST(R0_IST_EXCEPTION));
}

uint64_t exception_stack(const struct r0_cpu *cpu)
{
	return *stack_of(cpu);
}

void set_exception_stack(const struct r0_cpu *cpu, uint64_t top)
{
	*stack_of(cpu) = top;
}
