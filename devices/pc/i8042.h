/* SPDX-License-Identifier: MIT */
/*
 * What a PC without keyboard still has of its keyboard controller: the CPU's reset and the A20 gate,
 * by commands to port 0x64 (Intel 8042; IBM PS/2 Hardware Interface Technical Reference, "Keyboard
 * and Auxiliary Device Controller"), and by system control port A, 0x92. Reads of 0x60 and 0x64 give 0
 * in the first byte, but for the answer to the command that reads the output port.
 *
 * Each reset is one of the CPU alone, as by its INIT# pin: devices and memory stay as they are. That of
 * 0x92 comes when bit 0 goes from 0 to 1, where it stays until it is cleared or the machine is reset.
 *
 * The A20 gate is a bit that can be read back. It masks no addresses: KVM has no such thing.
 */
#ifndef DEVICES_PC_I8042_H
#define DEVICES_PC_I8042_H

#include <stdbool.h>
#include <stdint.h>
#include "devices/bus.h"

struct i8042_registers {
	uint8_t output_port;  /* bit 0: not reset; bit 1: A20 */
	uint8_t expects_port; /* the next byte to 0x60 is for the output port */
	uint8_t answer;	      /* to be read from 0x60 */
	uint8_t answer_waits; /* as status bit 0 says */
	uint8_t control_port; /* 0x92's bits but A20 */
};

struct i8042 {
	struct dev data, command, control; /* ports 0x60, 0x64 and 0x92 */
	struct i8042_registers registers;
};

/* A controller after reset: A20 is on, as everywhere today. */
void i8042_init(struct i8042 *i8042);

/* Put it on the bus, at its ports. Returns 0 or what bus_add() says. */
int i8042_add(struct i8042 *i8042, struct bus *bus, struct error *error);

#endif /* DEVICES_PC_I8042_H */
