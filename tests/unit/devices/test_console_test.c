/* SPDX-License-Identifier: MIT */
/* What kvm-unit-tests' images for arm64 end by, as they drive it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "devices/virtio/test_console.h"
#include "tests/unit/devices/virtio_driver.h"

#define QUEUE	 GUEST_BASE
#define SIZE	 2
#define TRANSMIT 1

static struct test_console console;

/* VIRTIO 1.2, 2.7: where the older form has them, with an alignment of 4096. */
static struct vring_avail *ring;
static struct vring_used *used_ring;

static int make(void **state)
{
	(void)state;
	guest_init();
	ring = at(QUEUE + SIZE * sizeof(struct vring_desc));
	used_ring = at(QUEUE + 4096);
	test_console_init(&console, &ram);
	return bus_add(&bus, BUS_MEMORY, WINDOW, TEST_CONSOLE_SIZE, &console.dev, NULL);
}

static enum bus_result set(uint64_t offset, uint32_t value)
{
	return bus_write(&bus, BUS_MEMORY, WINDOW + offset, &value, sizeof(value));
}

static uint32_t take(uint64_t offset)
{
	uint32_t value = 0;

	assert_int_equal(bus_read(&bus, BUS_MEMORY, WINDOW + offset, &value, sizeof(value)),
			 BUS_DONE);
	return value;
}

static void start_queue(uint32_t queue)
{
	set(VIRTIO_MMIO_GUEST_PAGE_SIZE, 4096);
	set(VIRTIO_MMIO_QUEUE_SEL, queue);
	assert_int_equal(take(VIRTIO_MMIO_QUEUE_PFN), 0);
	set(VIRTIO_MMIO_QUEUE_NUM, SIZE);
	set(VIRTIO_MMIO_QUEUE_ALIGN, 4096);
	set(VIRTIO_MMIO_QUEUE_PFN, QUEUE >> 12);
	assert_int_equal(take(VIRTIO_MMIO_QUEUE_PFN), QUEUE >> 12);
}

static enum bus_result say(const char *text)
{
	struct vring_desc *first = at(QUEUE);

	strcpy(at(DATA_AT), text);
	*first = (struct vring_desc){ .addr = DATA_AT, .len = (uint32_t)strlen(text) };
	ring->idx++;
	return set(VIRTIO_MMIO_QUEUE_NOTIFY, TRANSMIT);
}

static void is_a_console_of_the_older_form(void **state)
{
	(void)state;
	assert_int_equal(take(VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
	assert_int_equal(take(VIRTIO_MMIO_VERSION), 1);
	assert_int_equal(take(VIRTIO_MMIO_DEVICE_ID), 3);
	assert_true(take(VIRTIO_MMIO_QUEUE_NUM_MAX) >= SIZE);
	set(VIRTIO_MMIO_QUEUE_SEL, TEST_CONSOLE_QUEUES);
	assert_int_equal(take(VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
}

static void a_number_and_a_q_end_the_machine(void **state)
{
	(void)state;
	start_queue(0);
	start_queue(TRANSMIT);
	assert_int_equal(say("38q"), BUS_SHUTDOWN);
	assert_int_equal(bus.end, BUS_END_STATUS);
	assert_int_equal(bus.status, 77);
	assert_int_equal(used_ring->idx, 1);
	guest_check();
}

/* A text may come in pieces, and what is no number starts anew. */
static void what_is_before_it_does_not_count(void **state)
{
	(void)state;
	start_queue(TRANSMIT);
	assert_int_equal(say("7x"), BUS_DONE);
	assert_int_equal(say("1"), BUS_DONE);
	assert_int_equal(used_ring->idx, 2);
	assert_int_equal(say("2q"), BUS_SHUTDOWN);
	assert_int_equal(bus.status, 25);
}

static void nothing_comes_of_queues_that_are_not_there(void **state)
{
	(void)state;
	assert_int_equal(say("0q"), BUS_DONE);
	start_queue(TRANSMIT);
	set(VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(say("0q"), BUS_DONE);
	/* Outside of memory; of a size that can't be. */
	set(VIRTIO_MMIO_GUEST_PAGE_SIZE, UINT32_MAX);
	set(VIRTIO_MMIO_QUEUE_SEL, TRANSMIT);
	set(VIRTIO_MMIO_QUEUE_NUM, SIZE);
	set(VIRTIO_MMIO_QUEUE_PFN, UINT32_MAX);
	assert_int_equal(say("0q"), BUS_DONE);
	start_queue(0);
	set(VIRTIO_MMIO_QUEUE_SEL, TRANSMIT);
	set(VIRTIO_MMIO_QUEUE_PFN, QUEUE >> 12);
	set(VIRTIO_MMIO_QUEUE_NUM, 3);
	assert_int_equal(say("0q"), BUS_DONE);
	set(VIRTIO_MMIO_QUEUE_SEL, UINT32_MAX);
	set(VIRTIO_MMIO_QUEUE_PFN, 1);
	set(VIRTIO_MMIO_QUEUE_NOTIFY, UINT32_MAX);
	guest_check();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(is_a_console_of_the_older_form, make),
		cmocka_unit_test_setup(a_number_and_a_q_end_the_machine, make),
		cmocka_unit_test_setup(what_is_before_it_does_not_count, make),
		cmocka_unit_test_setup(nothing_comes_of_queues_that_are_not_there, make),
	};

	return cmocka_run_group_tests_name("devices/test_console", tests, NULL, NULL);
}
