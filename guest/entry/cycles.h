/* SPDX-License-Identifier: MIT */
/* The counter that measurements go by. Of the architecture. */
#ifndef GUEST_ENTRY_CYCLES_H
#define GUEST_ENTRY_CYCLES_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

/* When all that came before is done, and before anything that follows. */
uint64_t read_cycles(void);

/* What it counts. */
extern const char cycles_unit[];

/* a × b / c, of which the product need not fit, but the quotient does. */
uint64_t multiply_and_divide(uint64_t a, uint64_t b, uint64_t c);

#pragma GCC visibility pop

#endif /* GUEST_ENTRY_CYCLES_H */
