/* SPDX-License-Identifier: MIT */
/*
 * The reset control register of Intel's chip sets, port 0xcf9 (ICH10 data sheet, 13.7.5): a write that
 * takes bit 2 from 0 to 1 resets, the whole machine if bit 1 (or 3) is set, else the CPUs alone.
 * It is ACPI's reset register, too.
 */
#ifndef DEVICES_PC_RESET_CONTROL_H
#define DEVICES_PC_RESET_CONTROL_H

#include <stdint.h>
#include "devices/bus.h"

#define RESET_CONTROL_PORT  0xcf9
#define RESET_CONTROL_RESET 0x06 /* what resets the machine, after a 0 */

struct reset_control {
	struct dev dev;
	uint8_t value;
};

void reset_control_init(struct reset_control *control);

#endif /* DEVICES_PC_RESET_CONTROL_H */
