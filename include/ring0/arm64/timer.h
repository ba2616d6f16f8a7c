/* SPDX-License-Identifier: MIT */
/* The generic timer: Arm ARM, D12 and D19.12. Depends on the registers alone. */
#ifndef RING0_ARM64_TIMER_H
#define RING0_ARM64_TIMER_H

#include <ring0/private/types.h>
#include <ring0/arm64/registers.h>

/* CNTV_CTL_EL0 and CNTP_CTL_EL0: D19.12.26. */
#define R0_TIMER_ENABLE	 (1ul << 0)
#define R0_TIMER_IMASK	 (1ul << 1) /* no interrupt */
#define R0_TIMER_ISTATUS (1ul << 2) /* its time has come */

/* The virtual count, not read ahead of what comes before: D12.2.2. */
static inline uint64_t r0_virtual_count(void)
{
	__asm__ volatile("isb" : : : "memory");
	return r0_mrs(cntvct_el0);
}

/* How many of its counts are that many microseconds. */
static inline uint64_t r0_timer_counts(uint64_t microseconds)
{
	return r0_mrs(cntfrq_el0) * microseconds / 1000000;
}

#endif /* RING0_ARM64_TIMER_H */
