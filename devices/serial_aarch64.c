/* SPDX-License-Identifier: MIT */
/*
 * Two windows in memory, one page each. The first is where QEMU's "virt" machine has its serial
 * line, too; what the guest believes is in the device tree.
 */
#include "base/address.h"
#include "devices/serial_add.h"

#define FIRST_BASE 0x09000000

uint64_t serial_base(unsigned int line)
{
	return line == 0 ? FIRST_BASE : FIRST_BASE + PAGE_SIZE;
}

int serial_add(struct serial *serial, struct bus *bus, uint64_t base, struct error *error)
{
	return bus_add(bus, BUS_MEMORY, base, PAGE_SIZE, &serial->dev, error);
}
