/* SPDX-License-Identifier: MIT */
/* The TSC. */
#include "guest/entry/cycles.h"

const char cycles_unit[] = "cycles";

/*
 * Fenced as SDM vol. 2B has it at RDTSC: after MFENCE and LFENCE all that came before is done, and the LFENCE behind it
 * keeps back what follows.
 */
uint64_t read_cycles(void)
{
	uint32_t low, high;

	__asm__ volatile("mfence\n\tlfence\n\trdtsc\n\tlfence"
			 : "=a"(low), "=d"(high)
			 :
			 : "memory");
	return (uint64_t)high << 32 | low;
}

uint64_t multiply_and_divide(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t quotient, remainder;

	__asm__("mulq %3\n\tdivq %4"
		: "=&a"(quotient), "=&d"(remainder)
		: "0"(a), "r"(b), "r"(c)
		: "cc");
	return quotient;
}
