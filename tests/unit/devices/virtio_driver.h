/* SPDX-License-Identifier: MIT */
/*
 * A small guest for the tests of virtio: memory with canaries around it, queues laid out there, and
 * what a driver does to start a device and to talk to it by its registers.
 */
#ifndef TESTS_UNIT_DEVICES_VIRTIO_DRIVER_H
#define TESTS_UNIT_DEVICES_VIRTIO_DRIVER_H

#include <linux/virtio_mmio.h>
#include <linux/virtio_ring.h>
#include <string.h>

#include "devices/bus.h"
#include "devices/virtio/virtio.h"
#include "devices/virtio/virtio_mmio.h"

#define GUEST_BASE  0x100000ull
#define GUEST_SIZE  0x80000u
#define CANARY_SIZE PAGE_SIZE
#define CANARY	    0xc5

/* Where things are in guest memory: each queue has 0x8000, data start after two queues. */
#define QUEUE_AT(q)    (GUEST_BASE + (q)*0x8000ull)
#define TABLE_AT(q)    QUEUE_AT(q)
#define DRIVER_AT(q)   (QUEUE_AT(q) + 0x2000)
#define DEVICE_AT(q)   (QUEUE_AT(q) + 0x4000)
#define INDIRECT_AT(q) (QUEUE_AT(q) + 0x6000)
#define DATA_AT	       (GUEST_BASE + 0x10000)

#define WINDOW 0xc0000000ull

static _Alignas(PAGE_SIZE) struct {
	uint8_t before[CANARY_SIZE], memory[GUEST_SIZE], after[CANARY_SIZE];
} guest;
static struct ram ram;
static struct bus bus;
static uint16_t queue_size;

static inline void guest_init(void)
{
	struct ram_region region = { .address = gpa(GUEST_BASE),
				     .size = GUEST_SIZE,
				     .host = guest.memory };

	memset(&guest, CANARY, sizeof(guest));
	memset(guest.memory, 0, sizeof(guest.memory));
	memset(&ram, 0, sizeof(ram));
	assert_int_equal(ram_add(&ram, &region, NULL), 0);
	bus_init(&bus);
	queue_size = 8;
}

static inline void guest_check(void)
{
	for (size_t i = 0; i < CANARY_SIZE; i++) {
		assert_int_equal(guest.before[i], CANARY);
		assert_int_equal(guest.after[i], CANARY);
	}
}

static inline void *at(uint64_t address)
{
	return guest.memory + (address - GUEST_BASE);
}

static inline struct vring_desc *descriptor(unsigned int q, unsigned int i)
{
	return (struct vring_desc *)at(TABLE_AT(q)) + i;
}

static inline struct vring_avail *available(unsigned int q)
{
	return at(DRIVER_AT(q));
}

static inline struct vring_used *used(unsigned int q)
{
	return at(DEVICE_AT(q));
}

static inline uint16_t *used_event(unsigned int q)
{
	return &available(q)->ring[queue_size];
}

static inline uint16_t *available_event(unsigned int q)
{
	return (uint16_t *)&used(q)->ring[queue_size];
}

static inline void describe(unsigned int q, unsigned int i, uint64_t address, uint32_t length,
			    unsigned int flags, unsigned int next)
{
	*descriptor(q, i) = (struct vring_desc){ address, length, (uint16_t)flags, (uint16_t)next };
}

/* An entry of the queue's indirect table. */
static inline void describe_indirect(unsigned int q, unsigned int i, uint64_t address,
				     uint32_t length, unsigned int flags, unsigned int next)
{
	((struct vring_desc *)at(INDIRECT_AT(q)))[i] =
		(struct vring_desc){ address, length, (uint16_t)flags, (uint16_t)next };
}

static inline void offer(unsigned int q, unsigned int head)
{
	struct vring_avail *ring = available(q);

	ring->ring[ring->idx % queue_size] = (uint16_t)head;
	ring->idx++;
}

/* The window's registers, at WINDOW. */
static inline uint32_t get(uint64_t offset)
{
	uint32_t value = 0x55555555;

	assert_int_equal(bus_read(&bus, BUS_MEMORY, WINDOW + offset, &value, 4), BUS_DONE);
	return value;
}

static inline void put(uint64_t offset, uint32_t value)
{
	assert_int_equal(bus_write(&bus, BUS_MEMORY, WINDOW + offset, &value, 4), BUS_DONE);
}

static inline void put_address(uint64_t low_offset, uint64_t address)
{
	put(low_offset, (uint32_t)address);
	put(low_offset + 4, (uint32_t)(address >> 32));
}

static inline void driver_set_queue(unsigned int q)
{
	put(VIRTIO_MMIO_QUEUE_SEL, q);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 0);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_NUM_MAX), VIRTQUEUE_SIZE_MAX);
	put(VIRTIO_MMIO_QUEUE_NUM, queue_size);
	put_address(VIRTIO_MMIO_QUEUE_DESC_LOW, TABLE_AT(q));
	put_address(VIRTIO_MMIO_QUEUE_AVAIL_LOW, DRIVER_AT(q));
	put_address(VIRTIO_MMIO_QUEUE_USED_LOW, DEVICE_AT(q));
	put(VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 1);
}

static inline void driver_accept(uint64_t features)
{
	put(VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	put(VIRTIO_MMIO_STATUS, VIRTIO_ACKNOWLEDGE);
	put(VIRTIO_MMIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	for (uint32_t half = 0; half < 2; half++) {
		put(VIRTIO_MMIO_DRIVER_FEATURES_SEL, half);
		put(VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32 * half));
	}
	put(VIRTIO_MMIO_STATUS, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK);
}

/* As 3.1.1 has it: reset, features, `queues` queues, DRIVER_OK. VERSION_1 is added. */
static inline void driver_start(uint64_t features, unsigned int queues)
{
	memset(at(GUEST_BASE), 0, DATA_AT - GUEST_BASE);
	driver_accept(features | VIRTIO_F_VERSION_1);
	assert_true(get(VIRTIO_MMIO_STATUS) & VIRTIO_FEATURES_OK);
	for (unsigned int q = 0; q < queues; q++)
		driver_set_queue(q);
	put(VIRTIO_MMIO_STATUS, 0x0f);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x0f);
}

static inline void notify(unsigned int q)
{
	put(VIRTIO_MMIO_QUEUE_NOTIFY, q);
}

/* The interrupt line, and how often it rose. */
static struct {
	bool level;
	unsigned int edges;
} line;

static inline void set_line(void *context, unsigned int number, bool level)
{
	(void)context;
	(void)number;
	line.edges += level && !line.level;
	line.level = level;
}

static inline struct virtio_options virtio_test_options(void)
{
	line.level = false;
	line.edges = 0;
	return (struct virtio_options){ .ram = &ram, .irq = { .set = set_line } };
}

/* Acknowledge whatever there is. Returns what it was. */
static inline uint32_t acknowledge(void)
{
	uint32_t status = get(VIRTIO_MMIO_INTERRUPT_STATUS);

	assert_int_equal(line.level, status != 0);
	put(VIRTIO_MMIO_INTERRUPT_ACK, status);
	assert_false(line.level);
	return status;
}

#endif /* TESTS_UNIT_DEVICES_VIRTIO_DRIVER_H */
