/* SPDX-License-Identifier: MIT */
/* Virtio by memory: what a device does with its queues, how much at a time, and when it interrupts. */
#include "tests/unit/devices/virtio_echo.h"

static void filling(void **state)
{
	struct virtqueue_chain chain;

	(void)state;
	assert_false(virtio_take(&echo.virtio, 0, &chain));
	driver_start(VIRTIO_F_EVENT_IDX, 2);
	assert_false(virtio_take(&echo.virtio, 0, &chain));
	describe(0, 1, DATA_AT, 10, VRING_DESC_F_WRITE, 0);
	offer(0, 1);
	assert_true(virtio_take(&echo.virtio, 0, &chain));
	virtio_leave(&echo.virtio, 0);
	virtio_filled(&echo.virtio, 0);
	assert_int_equal(acknowledge(), 0);
	assert_true(virtio_take(&echo.virtio, 0, &chain));
	assert_int_equal(chain.writable_size, 10);
	virtio_give(&echo.virtio, 0, &chain, 7);
	assert_int_equal(acknowledge(), 0);
	virtio_filled(&echo.virtio, 0);
	assert_int_equal(acknowledge(), VIRTIO_INTERRUPT_USED);
	assert_int_equal(used(0)->ring[0].len, 7);
	assert_false(virtio_take(&echo.virtio, 0, &chain));
	assert_int_equal(*available_event(0), 1);
	/* Nothing to write to. */
	describe(0, 1, DATA_AT, 10, 0, 0);
	offer(0, 1);
	assert_false(virtio_take(&echo.virtio, 0, &chain));
	assert_int_equal(echo.registers.common.fault, VIRTQUEUE_BAD_REQUEST);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x4f);
}

/* Another CPU may add chains as fast as they are served: that has an end, and none is lost. */
static void endless_chains(void **state)
{
	uint64_t features[] = { 0, VIRTIO_F_EVENT_IDX };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		driver_start(features[i], 2);
		echo.served = 0;
		echo.adds = 5000;
		offer(1, 0);
		notify(1);
		assert_uint_in_range(echo.served, 256, 4999);
		assert_true(line.level);
		if (i == 1)
			assert_int_equal(*available_event(1), available(1)->idx);
		/* Any access goes on with it. */
		for (unsigned int j = 0; j < 30; j++)
			get(VIRTIO_MMIO_INTERRUPT_STATUS);
		assert_int_equal(echo.served, 5001);
		assert_int_equal(used(1)->idx, 5001);
		acknowledge();
		/* A reset in the middle forgets the rest. */
		echo.served = 0;
		echo.adds = 5000;
		offer(1, 0);
		notify(1);
		put(VIRTIO_MMIO_STATUS, 0);
		echo.served = 0;
		for (unsigned int j = 0; j < 30; j++)
			get(VIRTIO_MMIO_INTERRUPT_STATUS);
		assert_int_equal(echo.served, 0);
	}
}

/* The same memory again and again is much work, too: it is done in parts, and `wake` tells of the rest. */
static void much_work(void **state)
{
	unsigned int parts = 1;
	uint64_t count;

	(void)state;
	bus.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	queue_size = 256;
	driver_start(0, 2);
	assert_int_equal(read(bus.wake, &count, sizeof(count)), -1);
	describe(1, 0, GUEST_BASE, GUEST_SIZE, 0, 0);
	for (unsigned int i = 0; i < queue_size; i++)
		offer(1, 0);
	notify(1);
	assert_int_equal(echo.served, (64 << 20) / GUEST_SIZE);
	while (read(bus.wake, &count, sizeof(count)) == sizeof(count)) {
		virtio_continue(&echo.virtio);
		parts++;
	}
	/* The second part ends with the last chain, after which there is nothing to tell of. */
	assert_int_equal(parts, 2);
	assert_int_equal(echo.served, queue_size);
	assert_int_equal(used(1)->idx, queue_size);
	close(bus.wake);
}

/* What was left for later is forgotten when the queue is no longer the device's, however it came. */
static void left_chains_of_dead_queues(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < 4; kind++) {
		driver_start(0, 2);
		echo.adds = 5000;
		offer(1, 0);
		notify(1);
		assert_int_equal(echo.registers.common.pending, 2);
		if (kind == 0) {
			echo.registers.common.status |= VIRTIO_NEEDS_RESET;
		} else if (kind == 1) {
			echo.registers.common.status |= VIRTIO_FAILED;
		} else if (kind == 2) {
			echo.registers.common.queues[1].ready = 0;
		} else {
			echo.adds = 0;
			echo.registers.common.pending = UINT32_MAX;
		}
		virtio_continue(&echo.virtio);
		assert_int_equal(echo.registers.common.pending, 0);
	}
}

static void suppressed_interrupts(void **state)
{
	(void)state;
	driver_start(0, 2);
	available(1)->flags = VRING_AVAIL_F_NO_INTERRUPT;
	offer(1, 0);
	notify(1);
	assert_int_equal(used(1)->idx, 1);
	assert_int_equal(acknowledge(), 0);
	driver_start(VIRTIO_F_EVENT_IDX, 2);
	*used_event(1) = 2;
	for (unsigned int i = 0; i < 5; i++) {
		offer(1, 0);
		notify(1);
		assert_int_equal(acknowledge(), i == 2 ? VIRTIO_INTERRUPT_USED : 0);
		assert_int_equal(*available_event(1), i + 1);
	}
}

static void interrupt_acknowledge(void **state)
{
	(void)state;
	driver_start(0, 2);
	offer(1, 0);
	notify(1);
	virtio_config_changed(&echo.virtio);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 3);
	put(VIRTIO_MMIO_INTERRUPT_ACK, 1);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 2);
	assert_true(line.level);
	put(VIRTIO_MMIO_INTERRUPT_ACK, 0xfffffffc);
	assert_true(line.level);
	put(VIRTIO_MMIO_INTERRUPT_ACK, 2);
	assert_false(line.level);
	assert_int_equal(line.edges, 1);
	/* A reset takes it away, too. */
	offer(1, 0);
	notify(1);
	assert_true(line.level);
	put(VIRTIO_MMIO_STATUS, 0);
	assert_false(line.level);
	assert_int_equal(get(VIRTIO_MMIO_INTERRUPT_STATUS), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(filling, make, check),
		cmocka_unit_test_setup_teardown(endless_chains, make, check),
		cmocka_unit_test_setup_teardown(much_work, make, check),
		cmocka_unit_test_setup_teardown(left_chains_of_dead_queues, make, check),
		cmocka_unit_test_setup_teardown(suppressed_interrupts, make, check),
		cmocka_unit_test_setup_teardown(interrupt_acknowledge, make, check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
