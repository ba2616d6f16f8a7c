/* SPDX-License-Identifier: MIT */
/* Interrupts counted while time passes. */
#include "counted.h"
#include <ring0/x86.h>

volatile unsigned int counted;

void count_interrupt(struct r0_frame *frame)
{
	(void)frame;
	counted++;
	r0_apic_eoi();
}

void let_pass(uint64_t nanoseconds)
{
	uint64_t end = r0_clock() + nanoseconds;

	r0_sti();
	while (r0_clock() < end)
		r0_pause();
	r0_cli();
}

bool falls_silent(void)
{
	unsigned int tries = 100;

	do {
		counted = 0;
		let_pass(10 * MS);
	} while (counted && --tries);
	return tries;
}
