/* SPDX-License-Identifier: MIT */
/* Where an architecture has its serial lines: at ports on x86, in memory on arm64. */
#ifndef DEVICES_SERIAL_ADD_H
#define DEVICES_SERIAL_ADD_H

#include "devices/serial.h"

#define SERIAL_LINES 2

/* Where each line is unless one wants it elsewhere. Lines count from 0; others are as the last. */
uint64_t serial_base(unsigned int line);

/* Put a line on the bus, at a base of the architecture's space. Returns 0 or what bus_add() says. */
int serial_add(struct serial *serial, struct bus *bus, uint64_t base, struct error *error);

#endif /* DEVICES_SERIAL_ADD_H */
