/* SPDX-License-Identifier: MIT */
/* What the CPU itself knows or does: where it runs, its stack, its interrupts, a busy wait. Of the architecture. */
#ifndef GUEST_ENTRY_CPU_H
#define GUEST_ENTRY_CPU_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

/* Whether this runs in ring 3. */
bool in_ring3(void);

/* The stack pointer, or as good as that. */
uint64_t stack_pointer(void);

/* Let no interrupt in. */
void interrupts_off(void);

/* Between two looks of a busy wait: let the CPU's other thread go first. */
void cpu_pause(void);

#pragma GCC visibility pop

#endif /* GUEST_ENTRY_CPU_H */
