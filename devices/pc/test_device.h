/* SPDX-License-Identifier: MIT */
/*
 * The test device of kvm-unit-tests, as QEMU has it (-device pc-testdev):
 *
 *	ports 0xe0 to 0xe3	four bytes of memory, in any width
 *	port 0xe4		4 bytes: the translation of the page at that guest-physical address is made anew
 *	port 0xe8		the first of these bytes once more
 *	port 0x2000 + n		the interrupt line (GSI) n is what is written, for n up to 23
 *	memory 0xff000000	64 KiB of memory of which each access leaves the VM
 */
#ifndef DEVICES_PC_TEST_DEVICE_H
#define DEVICES_PC_TEST_DEVICE_H

#include <stdint.h>
#include "devices/bus.h"

#define TEST_DEVICE_MEMORY_AT	0xff000000u
#define TEST_DEVICE_MEMORY_SIZE 0x10000u
#define TEST_DEVICE_LINES	24

struct test_device_registers {
	uint32_t lines; /* levels, a bit each */
	uint8_t ports[4];
	uint8_t memory[TEST_DEVICE_MEMORY_SIZE];
};

struct test_device_options {
	struct irq_line irq;				/* its number is not used */
	void (*flush)(void *context, uint64_t address); /* of that guest-physical page */
	void *flush_context;
};

struct test_device {
	struct dev ports, page, lines, memory; /* the registers are the first one's */
	struct test_device_options options;
	struct test_device_registers registers;
	uint32_t high; /* lines that are, a bit each: what others do with them is theirs */
};

void test_device_init(struct test_device *device, const struct test_device_options *options);

/* Put it on the bus. Returns 0 or what bus_add() says. */
int test_device_add(struct test_device *device, struct bus *bus, struct error *error);

#endif /* DEVICES_PC_TEST_DEVICE_H */
