/* SPDX-License-Identifier: MIT */
/*
 * Ports at which a guest that reads no ACPI tables powers a virtual machine off, as other monitors
 * have them: QEMU's PM1 control (the word 0x2000 to 0x604), Cloud Hypervisor's sleep control (the byte
 * 0x34 to 0x600), VirtualBox's PM1 control (the word 0x3400 to 0x4004), and Bochs's (the letters
 * "Shutdown" to 0x8900, one after another). Bochs's other one, 0xb004, is the PM1 control of
 * devices/acpi_pm.h. Anything else written there is dropped, and reads give 0.
 */
#ifndef DEVICES_PC_POWER_OFF_H
#define DEVICES_PC_POWER_OFF_H

#include <stdint.h>
#include "devices/bus.h"

struct power_off {
	struct dev qemu, cloud_hypervisor, virtualbox, bochs;
	uint8_t letters; /* that came of "Shutdown" */
};

void power_off_init(struct power_off *power_off);

/* Put them on the bus, at their ports. Returns 0 or what bus_add() says. */
int power_off_add(struct power_off *power_off, struct bus *bus, struct error *error);

#endif /* DEVICES_PC_POWER_OFF_H */
