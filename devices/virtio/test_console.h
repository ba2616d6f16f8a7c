/* SPDX-License-Identifier: MIT */
/*
 * What kvm-unit-tests' images for arm64 end by: QEMU's chr-testdev (backends chardev/testdev.c) behind a virtio console, in
 * the older form of virtio by memory (VIRTIO 1.2, 4.2.4), which is all that they drive. They set no status, and look for
 * what they get back without interrupts: there are none. A number in digits and a q, on the second queue, end the machine
 * with that status, as the debug exit does. Registers that are not needed for that read 0, and writes to them are dropped.
 */
#ifndef DEVICES_VIRTIO_TEST_CONSOLE_H
#define DEVICES_VIRTIO_TEST_CONSOLE_H

#include "devices/bus.h"
#include "devices/virtio/virtqueue.h"

#define TEST_CONSOLE_SIZE   0x1000
#define TEST_CONSOLE_QUEUES 2

struct test_console_registers {
	uint32_t page_size, queue_select, status;
	uint32_t alignment[TEST_CONSOLE_QUEUES], page[TEST_CONSOLE_QUEUES];
	uint32_t number; /* of the digits until now */
	struct virtqueue queues[TEST_CONSOLE_QUEUES];
};

struct test_console {
	struct dev dev;
	const struct ram *ram; /* not owned */
	struct test_console_registers registers;
};

void test_console_init(struct test_console *console, const struct ram *ram);

#endif /* DEVICES_VIRTIO_TEST_CONSOLE_H */
