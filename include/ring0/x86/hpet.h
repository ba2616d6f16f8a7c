/* SPDX-License-Identifier: MIT */
/*
 * The high precision event timer: its registers and their bits. A test has one if it says .irqchip.
 * Needs ring0's direct map of guest-physical memory. IA-PC HPET Specification 1.0a, 2.3.
 */
#ifndef RING0_X86_HPET_H
#define RING0_X86_HPET_H

#include <ring0/private/types.h>
#include <ring0/x86/paging.h>

#define R0_HPET_ADDRESS 0xfed00000ul

/* Registers: 2.3.2. */
#define R0_HPET_CAPABILITIES  0x000
#define R0_HPET_CONFIGURATION 0x010
#define R0_HPET_STATUS	      0x020 /* level-triggered interrupts, one bit each; write 1 to clear */
#define R0_HPET_COUNTER	      0x0f0
#define R0_HPET_TIMER(n)      (0x100u + 0x20u * (n)) /* configuration and capabilities */
#define R0_HPET_COMPARATOR(n) (0x108u + 0x20u * (n))
#define R0_HPET_FSB_ROUTE(n)  (0x110u + 0x20u * (n))

/* Capabilities: 2.3.4. The period of the counter is in femtoseconds. */
#define R0_HPET_TIMERS(capabilities) (((capabilities) >> 8 & 0x1f) + 1)
#define R0_HPET_COUNTER_64	     (1ul << 13)
#define R0_HPET_LEGACY		     (1ul << 15)
#define R0_HPET_PERIOD(capabilities) ((capabilities) >> 32)

/* Configuration: 2.3.5. */
#define R0_HPET_ENABLE	      (1ul << 0)
#define R0_HPET_ENABLE_LEGACY (1ul << 1) /* timer 0 is the PIT's interrupt, timer 1 the RTC's */

/* Timers: 2.3.8. */
#define R0_HPET_TIMER_LEVEL	      (1ul << 1)
#define R0_HPET_TIMER_INTERRUPT	      (1ul << 2) /* enabled */
#define R0_HPET_TIMER_PERIODIC	      (1ul << 3)
#define R0_HPET_TIMER_CAN_BE_PERIODIC (1ul << 4)
#define R0_HPET_TIMER_64	      (1ul << 5) /* has 64 bits */
#define R0_HPET_TIMER_SET_VALUE	      (1ul << 6) /* the next write sets the accumulator */
#define R0_HPET_TIMER_32_MODE	      (1ul << 8)
#define R0_HPET_TIMER_ROUTE(input)    ((uint64_t)(input) << 9) /* to an input of the IOAPIC */
#define R0_HPET_TIMER_ROUTE_MASK      (0x1ful << 9)
#define R0_HPET_TIMER_ROUTES(timer)   ((timer) >> 32) /* inputs that it can be routed to */

static inline uint64_t r0_hpet_read(uint32_t offset)
{
	const volatile uint64_t *at =
		(const volatile uint64_t *)r0_direct(R0_HPET_ADDRESS + offset);
	uint64_t value;

	__asm__ volatile("movq %1, %0" : "=r"(value) : "m"(*at) : "memory");
	return value;
}

static inline void r0_hpet_write(uint32_t offset, uint64_t value)
{
	volatile uint64_t *at = (volatile uint64_t *)r0_direct(R0_HPET_ADDRESS + offset);

	__asm__ volatile("movq %1, %0" : "=m"(*at) : "r"(value) : "memory");
}

/* How many of the counter's ticks that takes, at least. */
static inline uint64_t r0_hpet_ticks(uint64_t nanoseconds)
{
	uint64_t period = R0_HPET_PERIOD(r0_hpet_read(R0_HPET_CAPABILITIES));

	return (nanoseconds * 1000000 + period - 1) / period;
}

#endif /* RING0_X86_HPET_H */
