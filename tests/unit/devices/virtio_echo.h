/* SPDX-License-Identifier: MIT */
/* A virtio device for the tests of virtio by memory: queue 0 is filled by it, queue 1 served. */
#ifndef TESTS_UNIT_DEVICES_VIRTIO_ECHO_H
#define TESTS_UNIT_DEVICES_VIRTIO_ECHO_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/unit/devices/virtio_driver.h"

#define F_OWN 1ull

#define ALL_FEATURES (F_OWN | VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX)

/* Queue 0 is filled by the device, queue 1 served. */
static struct echo {
	struct virtio virtio;
	struct {
		struct virtio_registers common;
		uint8_t config[11];
	} registers;
	unsigned int served, refilled, resets, config_writes;
	unsigned int adds; /* chains that come while one is served, as from another CPU */
	int64_t answer;
} echo;

static inline void echo_reset(struct virtio *virtio)
{
	((struct echo *)virtio)->resets++;
}

static inline int64_t echo_serve(struct virtio *virtio, unsigned int queue,
				 const struct virtqueue_chain *chain)
{
	struct echo *device = (struct echo *)virtio;

	assert_int_equal(queue, 1);
	assert_int_equal(chain->head, 0);
	device->served++;
	if (device->adds) {
		device->adds--;
		offer(1, 0);
	}
	return device->answer;
}

static inline void echo_refilled(struct virtio *virtio, unsigned int queue)
{
	assert_int_equal(queue, 0);
	((struct echo *)virtio)->refilled++;
}

static inline void echo_config_written(struct virtio *virtio, uint64_t offset, const void *data,
				       size_t size)
{
	struct echo *device = (struct echo *)virtio;

	(void)data;
	device->config_writes++;
	device->registers.config[0] = (uint8_t)(offset + size);
}

static const struct virtio_ops echo_virtio_ops = {
	.name = "echo",
	.device_id = 42,
	.queues = 2,
	.filled = 1,
	.reset = echo_reset,
	.serve = echo_serve,
	.refilled = echo_refilled,
	.config_written = echo_config_written,
};

static const struct dev_ops echo_ops = {
	.name = "echo",
	.reset = virtio_mmio_reset,
	.read = virtio_mmio_read,
	.write = virtio_mmio_write,
	.restored = virtio_mmio_restored,
};

static inline int make(void **state)
{
	const struct virtio_options options = virtio_test_options();

	(void)state;
	guest_init();
	echo = (struct echo){ .virtio = { .dev.ops = &echo_ops,
					  .config = echo.registers.config,
					  .config_size = sizeof(echo.registers.config) } };
	for (uint8_t i = 0; i < sizeof(echo.registers.config); i++)
		echo.registers.config[i] = (uint8_t)(0x10 + i);
	virtio_init(&echo.virtio, &echo_virtio_ops, &options, &echo.registers,
		    sizeof(echo.registers), F_OWN);
	virtio_reset(&echo.virtio);
	return bus_add(&bus, BUS_MEMORY, WINDOW, VIRTIO_MMIO_SIZE, &echo.virtio.dev, NULL);
}

static inline int check(void **state)
{
	(void)state;
	guest_check();
	return 0;
}

#endif /* TESTS_UNIT_DEVICES_VIRTIO_ECHO_H */
