/* SPDX-License-Identifier: MIT */
/* The exception level, SP, PSTATE.DAIF and YIELD. */
#include "guest/entry/cpu.h"

/* EL0 can't read CurrentEL (Arm ARM, C5.2.2): the entry code has TPIDRRO_EL0 tell, which it can. */
bool in_ring3(void)
{
	uint64_t mark;

	__asm__("mrs %0, tpidrro_el0" : "=r"(mark));
	return mark;
}

uint64_t stack_pointer(void)
{
	uint64_t sp;

	__asm__("mov %0, sp" : "=r"(sp));
	return sp;
}

void interrupts_off(void)
{
	__asm__ volatile("msr daifset, #3" : : : "memory");
}

void cpu_pause(void)
{
	__asm__ volatile("yield");
}
