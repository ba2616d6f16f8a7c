/* SPDX-License-Identifier: MIT */
/* Interrupts counted while time passes, for the tests of interrupt controllers and timers. */
#ifndef TESTS_GUEST_COUNTED_H
#define TESTS_GUEST_COUNTED_H

#include <stdbool.h>
#include <stdint.h>
#include <ring0.h>

#define MS 1000000ul /* in nanoseconds */

/* How often count_interrupt() was called, a handler that sends the local APIC's EOI. */
extern volatile unsigned int counted;
void count_interrupt(struct r0_frame *frame);

/* Let time pass with interrupts on, by the host's clock. */
void let_pass(uint64_t nanoseconds);

/* Whether there comes a time without interrupts: KVM makes up for those that a busy host held up. */
bool falls_silent(void);

#endif /* TESTS_GUEST_COUNTED_H */
