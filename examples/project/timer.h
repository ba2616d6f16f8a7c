/* SPDX-License-Identifier: MIT */
/* The PC's interval timer (Intel 8254): the code under test. Depends on nothing. */
#ifndef TIMER_H
#define TIMER_H

#include <stdbool.h>
#include <stdint.h>

#define TIMER_COUNTER 0x40 /* port of counter 0 */
#define TIMER_CONTROL 0x43

/* The counts that last one period at `hertz`; false if the counter is too narrow or too slow. */
bool timer_divisor(unsigned int hertz, uint16_t *divisor);

/* Have counter 0 interrupt that often, in mode 2 (8254 data sheet, "Mode Definitions"). */
bool timer_start(unsigned int hertz);

/* The present count, latched first so that its halves belong together. */
uint16_t timer_read(void);

#endif /* TIMER_H */
