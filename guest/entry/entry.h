/* SPDX-License-Identifier: MIT */
/*
 * What the entry code offers the rest of the runtime (entry_x86_64.S): the doorbell, and the ways to go on
 * somewhere else.
 */
#ifndef GUEST_ENTRY_ENTRY_H
#define GUEST_ENTRY_ENTRY_H

#include <ring0/private/abi.h>

#pragma GCC visibility push(hidden)

/* Send a message to the host and return its answer. */
uint64_t r0_ask(uint64_t message, uint64_t a, uint64_t b);

/* Continue in ring 3 with fn(arg) on a stack; it comes back through the innermost try. */
void r0_enter_user(long (*fn)(void *arg), void *arg, uint64_t stack, struct r0_cpu *cpu)
	__attribute__((noreturn));

/* Go on with fn on a stack. */
void r0_leave_to(uint64_t stack, void (*fn)(void)) __attribute__((noreturn));

/* Wait for an interrupt, from interrupts off to interrupts off, or for the outside's wake(). */
void r0_wait_halt(void);

/* The CPU that runs this, where there are several; have it wait for work, or for an interrupt. */
struct r0_cpu *r0_find_cpu(void);
void r0_cpu_rest(void);

#pragma GCC visibility pop

#endif /* GUEST_ENTRY_ENTRY_H */
