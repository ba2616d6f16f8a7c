/* SPDX-License-Identifier: MIT */
/*
 * What ends the machine, as QEMU's isa-debug-exit, at a port or in memory: a write of `value`, of one to four bytes,
 * shuts down with status (value << 1) | 1, so that a guest can't end as if nothing had happened (0).
 * Reads give 0.
 */
#ifndef DEVICES_DEBUG_EXIT_H
#define DEVICES_DEBUG_EXIT_H

#include "devices/bus.h"

#define DEBUG_EXIT_PORT 0xf4
#define DEBUG_EXIT_SIZE 4

struct debug_exit {
	struct dev dev; /* has no registers */
};

void debug_exit_init(struct debug_exit *debug_exit);

#endif /* DEVICES_DEBUG_EXIT_H */
