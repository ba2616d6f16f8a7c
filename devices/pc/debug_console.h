/* SPDX-License-Identifier: MIT */
/*
 * A port that prints, as that of Bochs: the first byte of a write is sent, and reads give 0xe9 in the
 * first byte, by which guests know that it is there.
 */
#ifndef DEVICES_PC_DEBUG_CONSOLE_H
#define DEVICES_PC_DEBUG_CONSOLE_H

#include "devices/bus.h"
#include "devices/output.h"

#define DEBUG_CONSOLE_PORT 0xe9

/* Where SeaBIOS and EDK II print, who look for the same answer there. */
#define DEBUG_CONSOLE_FIRMWARE_PORT 0x402

struct debug_console {
	struct dev dev; /* has no registers */
	struct output output;
};

void debug_console_init(struct debug_console *console, const struct output *output);

#endif /* DEVICES_PC_DEBUG_CONSOLE_H */
