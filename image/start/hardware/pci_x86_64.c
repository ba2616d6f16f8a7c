/* SPDX-License-Identifier: MIT */
/* By configuration mechanism #1: 3.2.2.3.2. */
#include "image/start/hardware/pci_x86_64.h"
#include <ring0/x86.h>

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  (1u << 31)

#define BUSES	  256u
#define DEVICES	  32u
#define FUNCTIONS 8u

/* 6.1, the registers that are looked at, by multiples of 4. */
#define REGISTER_IDS	 0x00
#define REGISTER_COMMAND 0x04
#define REGISTER_CLASS	 0x08
#define REGISTER_HEADER	 0x0c
#define REGISTER_BASE	 0x10

#define NO_DEVICE      0xffffu /* a vendor's number */
#define COMMAND_PORTS  1u
#define COMMAND_MEMORY 2u
#define HEADER_MANY    (1u << 23) /* the device has several functions */

/* Appendix D: a simple communication controller, serial, and which of them are 16550s or more. */
#define CLASS_SERIAL	0x0700u
#define INTERFACE_16550 0x02u
#define INTERFACE_16950 0x06u

/* 6.2.5.1 */
#define BASE_IS_PORT	1u
#define BASE_IS_64_BITS (2u << 1)
#define BASE_KIND	(3u << 1)

static uint32_t function_at(unsigned int bus, unsigned int device, unsigned int function)
{
	return CONFIG_ENABLE | bus << 16 | device << 11 | function << 8;
}

static uint32_t read(uint32_t function, unsigned int offset)
{
	r0_out32(CONFIG_ADDRESS, function | offset);
	return r0_in32(CONFIG_DATA);
}

static void write(uint32_t function, unsigned int offset, uint32_t value)
{
	r0_out32(CONFIG_ADDRESS, function | offset);
	r0_out32(CONFIG_DATA, value);
}

static bool is_serial(uint32_t function)
{
	const uint32_t class = read(function, REGISTER_CLASS);
	const uint32_t interface = class >> 8 & 0xff;

	return class >> 16 == CLASS_SERIAL && interface >= INTERFACE_16550 &&
	       interface <= INTERFACE_16950;
}

/* Its first base address, if that was given one and is below 4 GiB. */
static bool take(uint32_t function, struct serial_port *port)
{
	const uint32_t base = read(function, REGISTER_BASE);
	/* The status, in the upper half, is cleared by ones. */
	const uint32_t command = read(function, REGISTER_COMMAND) & 0xffff;

	*port = (struct serial_port){ .is_memory = !(base & BASE_IS_PORT) };
	port->base = port->is_memory ? base & ~0xfu : base & ~3u;
	if (!port->base)
		return false;
	if (port->is_memory && (base & BASE_KIND) == BASE_IS_64_BITS &&
	    read(function, REGISTER_BASE + 4))
		return false;
	write(function, REGISTER_COMMAND,
	      command | (port->is_memory ? COMMAND_MEMORY : COMMAND_PORTS));
	return console_is_serial(port);
}

/* A device's functions, of which the first is there if any is. */
static bool look(unsigned int bus, unsigned int device, struct serial_port *port)
{
	unsigned int count = 1, i;

	for (i = 0; i < count; i++) {
		const uint32_t function = function_at(bus, device, i);

		if ((read(function, REGISTER_IDS) & 0xffff) == NO_DEVICE)
			continue;
		if (!i && read(function, REGISTER_HEADER) & HEADER_MANY)
			count = FUNCTIONS;
		if (is_serial(function) && take(function, port))
			return true;
	}
	return false;
}

bool pci_find_serial(struct serial_port *port)
{
	unsigned int bus, device;

	/* Where there is no PCI, nothing keeps that. */
	r0_out32(CONFIG_ADDRESS, CONFIG_ENABLE);
	if (r0_in32(CONFIG_ADDRESS) != CONFIG_ENABLE)
		return false;
	for (bus = 0; bus < BUSES; bus++)
		for (device = 0; device < DEVICES; device++)
			if (look(bus, device, port))
				return true;
	return false;
}
