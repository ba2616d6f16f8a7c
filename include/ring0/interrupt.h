/* SPDX-License-Identifier: MIT */
/*
 * Waiting for an interrupt, in a test that has interrupt controllers (.irqchip). Everything here is
 * called in ring 0, inside a test. The controllers' registers are in <ring0/x86.h>.
 */
#ifndef RING0_INTERRUPT_H
#define RING0_INTERRUPT_H

#include <ring0/private/types.h>
#include <ring0/fault.h>

/*
 * Wait with interrupts on until a handler set by r0_set_handler() for that vector has been called:
 * once in all since the test began, or since the last wait for it returned. Returns how often. RFLAGS.IF
 * is then as it was before. Where that takes longer than the timeout, the test fails, and says what
 * was pending, masked or in service where. The vector is 0 to 255: NMIs can be waited for, too.
 *
 * r0_wait_for_irq() halts the CPU meanwhile; r0_wait_for_irq_busy() does not, and so gives what
 * it costs to leave HLT no part in the time. With an IDT of its own, a test has to wait by itself.
 */
#define r0_wait_for_irq(vector, timeout_ms) \
	r0_wait_for_irq_at(__FILE__, __LINE__, (vector), (timeout_ms))
#define r0_wait_for_irq_busy(vector, timeout_ms) \
	r0_wait_for_irq_busy_at(__FILE__, __LINE__, (vector), (timeout_ms))
unsigned int r0_wait_for_irq_at(const char *file, int line, int vector, unsigned int timeout_ms);
unsigned int r0_wait_for_irq_busy_at(const char *file, int line, int vector,
				     unsigned int timeout_ms);

/*
 * Handlers that do nothing but send the EOI, to the local APIC or to the PICs, for
 * r0_set_handler().
 */
void r0_apic_acknowledge(struct r0_frame *frame);
void r0_pic_acknowledge(struct r0_frame *frame);

/* Nanoseconds of a clock that goes on evenly, of the host's: an exit from the VM each time. */
uint64_t r0_clock(void);

#endif /* RING0_INTERRUPT_H */
