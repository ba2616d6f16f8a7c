/* SPDX-License-Identifier: MIT */
/* The runtime's state as its files look at it, in ring 0 (struct r0_guest of abi.h). */
#ifndef GUEST_ENTRY_STATE_H
#define GUEST_ENTRY_STATE_H

#include "guest/entry/entry.h"

#pragma GCC visibility push(hidden)

/* How many CPUs there are, 0 and 1 for one. In ring 0: volatile, not to be read ahead in ring 3. */
static inline uint64_t cpu_count(void)
{
	return *(const volatile uint64_t *)&r0_guest.cpu_count;
}

/* The state of the CPU that runs this, in ring 0. */
static inline struct r0_cpu *this_cpu(void)
{
	return __builtin_expect(cpu_count() <= 1, 1) ? &r0_guest.first : r0_find_cpu();
}

/* How many interrupts of that vector the CPU has handled since the last wait for it. */
static inline uint32_t *handled_interrupts(const struct r0_cpu *cpu, uint64_t vector)
{
	return (uint32_t *)(cpu->area + R0_AREA_INTERRUPTS) + vector;
}

/* For reports: the test uses something. A store dirties a page, and CPUs may note at a time. */
static inline void note_use(enum r0_used use)
{
	if (!(r0_guest.used & use))
		__atomic_fetch_or(&r0_guest.used, use, __ATOMIC_RELAXED);
}

#pragma GCC visibility pop

#endif /* GUEST_ENTRY_STATE_H */
