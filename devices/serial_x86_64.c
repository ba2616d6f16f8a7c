/* SPDX-License-Identifier: MIT */
/* COM1 and COM2, where a PC has them. */
#include "devices/serial_add.h"

uint64_t serial_base(unsigned int line)
{
	return line == 0 ? SERIAL_COM1 : SERIAL_COM2;
}

int serial_add(struct serial *serial, struct bus *bus, uint64_t base, struct error *error)
{
	return bus_add(bus, BUS_PORT, base, SERIAL_PORTS, &serial->dev, error);
}
