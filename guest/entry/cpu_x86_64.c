/* SPDX-License-Identifier: MIT */
/* CS, RSP, RFLAGS.IF and PAUSE. */
#include <ring0/x86.h>
#include "guest/entry/cpu.h"

bool in_ring3(void)
{
	uint64_t cs;

	/* Not r0_read_cs(), as below. */
	__asm__("mov %%cs, %0" : "=r"(cs));
	return cs & 3;
}

uint64_t stack_pointer(void)
{
	uint64_t rsp;

	__asm__("mov %%rsp, %0" : "=r"(rsp));
	return rsp;
}

void interrupts_off(void)
{
	r0_cli();
}

/* SDM vol. 2B, PAUSE. Not r0_pause(): a report takes that for the caller's. */
void cpu_pause(void)
{
	__asm__ volatile("pause");
}
