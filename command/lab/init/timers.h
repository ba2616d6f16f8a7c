/* SPDX-License-Identifier: MIT */
/* The timers of a machine restored from a saved state. */
#ifndef COMMAND_LAB_INIT_TIMERS_H
#define COMMAND_LAB_INIT_TIMERS_H

#include <stdbool.h>

/*
 * Have the kernel program the timer of each CPU anew, and see that it comes. Returns false if it does not, on
 * any CPU: the machine is of no use.
 */
bool timers_revive(void);

#endif /* COMMAND_LAB_INIT_TIMERS_H */
