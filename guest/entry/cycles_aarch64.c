/* SPDX-License-Identifier: MIT */
/* The virtual count of the generic timer, which is no count of cycles: the PMU's may not be there. */
#include "guest/entry/cycles.h"

const char cycles_unit[] = "counts";

/* The barriers of Arm ARM, D12.2.2: what came before is done, and what follows waits for the reading. */
uint64_t read_cycles(void)
{
	uint64_t count;

	__asm__ volatile("dsb sy\n\tisb\n\tmrs %0, cntvct_el0\n\tisb" : "=r"(count) : : "memory");
	return count;
}

/* There is no division of 128 bits: bit by bit, of a remainder that is less than c. */
uint64_t multiply_and_divide(uint64_t a, uint64_t b, uint64_t c)
{
	uint64_t low = a * b, high, quotient = 0;
	unsigned int i;

	__asm__("umulh %0, %1, %2" : "=r"(high) : "r"(a), "r"(b));
	for (i = 0; i < 64; i++) {
		uint64_t carry = high >> 63;

		high = high << 1 | low >> 63;
		low <<= 1;
		quotient <<= 1;
		if (carry || high >= c) {
			high -= c;
			quotient |= 1;
		}
	}
	return quotient;
}
