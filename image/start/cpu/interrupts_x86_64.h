/* SPDX-License-Identifier: MIT */
/*
 * The interrupt controllers and timers of a PC, as far as there are any: quiet, and as tests with .irqchip are to
 * find them. What a test has left pending is taken before the next one.
 */
#ifndef IMAGE_START_CPU_INTERRUPTS_X86_64_H
#define IMAGE_START_CPU_INTERRUPTS_X86_64_H

#include <ring0/private/types.h>

/* What there is. */
struct interrupts {
	bool apic, ioapic, pic, pit, hpet;
};

extern struct interrupts interrupts;

void interrupts_look(void);

/* Put them to how a test starts. On the start-up code's page tables and IDT. */
void interrupts_reset(void);

/* After a test: whether the local APIC is on, if need be again; some CPUs' can't be, once it was turned off. */
bool interrupts_recover(void);

/* What of .irqchip is missing here, in words, or NULL. */
const char *interrupts_lack(void);

#endif /* IMAGE_START_CPU_INTERRUPTS_X86_64_H */
