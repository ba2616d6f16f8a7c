/* SPDX-License-Identifier: MIT */
/*
 * The device that kvm-unit-tests has Hyper-V's synthetic interrupt controller tested with, as QEMU has it (-device
 * hyperv-testdev), and the two hypercalls that come to it. A double word to port 0x3000 is, from the lowest byte on, a
 * source of interrupts (0 to 15), a CPU, a command, and the number of a connection:
 *
 *	1, 2	make and forget a route to that source of that CPU
 *	3	interrupt by it
 *	4, 5	make and forget a connection of that number, of messages to that source of that CPU
 *	6, 7	likewise, of events, whose flag is the connection's number
 *
 * A message to a slot in which there is one is kept, one for each connection, until the guest has taken that.
 */
#ifndef DEVICES_PC_HYPERV_TESTDEV_H
#define DEVICES_PC_HYPERV_TESTDEV_H

#include "devices/bus.h"
#include "devices/pc/synic.h"

#define HYPERV_TESTDEV_PORT 0x3000
#define HYPERV_TESTDEV_CPUS 64
#define HYPERV_CONNECTIONS  256

/* What a hypercall leads to (Hypervisor Top-Level Functional Specification 6.0b, appendix B). */
enum hyperv_status {
	HYPERV_SUCCESS = 0,
	HYPERV_INVALID_CODE = 2,
	HYPERV_INVALID_INPUT = 3,
	HYPERV_INVALID_ALIGNMENT = 4,
	HYPERV_INVALID_PORT = 17,
	HYPERV_INVALID_CONNECTION = 18,
	HYPERV_NO_BUFFERS = 19,
};

struct hyperv_connection {
	uint8_t kind, cpu, source, waits; /* `waits`: the message is yet to be put into its slot */
	struct synic_message message;
};

struct hyperv_testdev_registers {
	struct synic_cpu cpus[HYPERV_TESTDEV_CPUS];
	uint16_t routes[HYPERV_TESTDEV_CPUS]; /* a bit for each source */
	struct hyperv_connection connections[HYPERV_CONNECTIONS];
};

struct hyperv_testdev_options {
	const struct ram *ram;
	unsigned int cpus; /* HYPERV_TESTDEV_CPUS at most */
	/* Interrupt a CPU by one of its sources. */
	void (*interrupt)(void *context, unsigned int cpu, unsigned int source);
	/*
	 * From now on, call hyperv_testdev_taken() when the guest has taken a message of that source, or ended
	 * its interrupt. Whether that can be done: else there is no waiting.
	 */
	bool (*listen)(void *context, unsigned int cpu, unsigned int source);
	void *context;
};

struct hyperv_testdev {
	struct dev dev;
	struct hyperv_testdev_options options;
	struct hyperv_testdev_registers registers;
};

void hyperv_testdev_init(struct hyperv_testdev *testdev,
			 const struct hyperv_testdev_options *options);

/* A CPU has written its registers: as they are now. */
void hyperv_testdev_set_cpu(struct hyperv_testdev *testdev, unsigned int cpu,
			    const struct synic_cpu *registers);

/* A hypercall: its code, with bit 16 for "fast", and its parameter or the address of it. */
enum hyperv_status hyperv_testdev_call(struct hyperv_testdev *testdev, uint64_t input,
				       uint64_t parameter);

/* Messages were taken, or the device woke its owner: put what waits into the slots. */
void hyperv_testdev_taken(struct hyperv_testdev *testdev);

#endif /* DEVICES_PC_HYPERV_TESTDEV_H */
