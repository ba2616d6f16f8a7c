/* SPDX-License-Identifier: MIT */
/* Virtio by memory: registers, status, features and queues, by a device for the test. What it does with them: virtio_work_test.c. */
#include "tests/unit/devices/virtio_echo.h"

static void identity(void **state)
{
	(void)state;
	assert_int_equal(get(VIRTIO_MMIO_MAGIC_VALUE), 0x74726976);
	assert_int_equal(get(VIRTIO_MMIO_VERSION), 2);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_ID), 42);
	assert_int_not_equal(get(VIRTIO_MMIO_VENDOR_ID), 0);
	assert_int_equal(get(VIRTIO_MMIO_SHM_LEN_LOW), UINT32_MAX);
	assert_int_equal(get(VIRTIO_MMIO_SHM_LEN_HIGH), UINT32_MAX);
}

static void offered_features(void **state)
{
	uint64_t features = 0;

	(void)state;
	for (uint32_t half = 0; half < 2; half++) {
		put(VIRTIO_MMIO_DEVICE_FEATURES_SEL, half);
		features |= (uint64_t)get(VIRTIO_MMIO_DEVICE_FEATURES) << 32 * half;
	}
	assert_true(features == ALL_FEATURES);
	put(VIRTIO_MMIO_DEVICE_FEATURES_SEL, 2);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES), 0);
	put(VIRTIO_MMIO_DEVICE_FEATURES_SEL, UINT32_MAX);
	assert_int_equal(get(VIRTIO_MMIO_DEVICE_FEATURES), 0);
}

/* FEATURES_OK stays clear for what is not offered, and without VERSION_1. */
static void accepted_features(void **state)
{
	(void)state;
	driver_accept(ALL_FEATURES);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x0b);
	driver_accept(VIRTIO_F_VERSION_1);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x0b);
	driver_accept(0);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x03);
	driver_accept(ALL_FEATURES & ~VIRTIO_F_VERSION_1);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x03);
	for (unsigned int bit = 0; bit < 64; bit++) {
		bool is_offered = ALL_FEATURES >> bit & 1;

		driver_accept(VIRTIO_F_VERSION_1 | 1ull << bit);
		assert_int_equal(get(VIRTIO_MMIO_STATUS), is_offered ? 0x0b : 0x03);
	}
	/* Beyond the 64 that there are. */
	put(VIRTIO_MMIO_STATUS, 0);
	put(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	put(VIRTIO_MMIO_DRIVER_FEATURES, 1);
	put(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 2);
	put(VIRTIO_MMIO_DRIVER_FEATURES, 0);
	put(VIRTIO_MMIO_STATUS, 0x0b);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x0b);
	put(VIRTIO_MMIO_STATUS, 0);
	put(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
	put(VIRTIO_MMIO_DRIVER_FEATURES, 1);
	put(VIRTIO_MMIO_DRIVER_FEATURES_SEL, UINT32_MAX);
	put(VIRTIO_MMIO_DRIVER_FEATURES, 1);
	put(VIRTIO_MMIO_STATUS, 0x0b);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x03);
}

static void features_stand_after_features_ok(void **state)
{
	(void)state;
	driver_accept(VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX);
	assert_int_equal(echo.registers.common.queues[1].event_index, 1);
	assert_int_equal(echo.registers.common.queues[1].indirect, 0);
	put(VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
	put(VIRTIO_MMIO_DRIVER_FEATURES, UINT32_MAX);
	put(VIRTIO_MMIO_STATUS, 0x0b);
	assert_true(echo.registers.common.driver_features ==
		    (VIRTIO_F_VERSION_1 | VIRTIO_F_EVENT_IDX));
}

static void status(void **state)
{
	(void)state;
	/* Neither DRIVER_OK without FEATURES_OK, nor the device's own bit, nor what is none. */
	put(VIRTIO_MMIO_STATUS, 0x04);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	put(VIRTIO_MMIO_STATUS, 0xffffff74);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	driver_start(0, 2);
	/* The driver can't take bits back but by a reset. */
	put(VIRTIO_MMIO_STATUS, 0x01);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x0f);
	put(VIRTIO_MMIO_STATUS, 0x80);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x8f);
	offer(1, 0);
	notify(1);
	assert_int_equal(echo.served, 0);
	put(VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 0);
	driver_start(0, 2);
	offer(1, 0);
	notify(1);
	assert_int_equal(echo.served, 1);
}

/* No queue is touched before DRIVER_OK; what waits there is then looked at. */
static void nothing_before_driver_ok(void **state)
{
	(void)state;
	driver_accept(VIRTIO_F_VERSION_1);
	notify(1);
	driver_set_queue(1);
	describe(1, 0, DATA_AT, 4, VRING_DESC_F_WRITE, 0);
	offer(1, 0);
	notify(1);
	notify(0);
	assert_int_equal(echo.served, 0);
	assert_int_equal(echo.refilled, 0);
	assert_int_equal(used(1)->idx, 0);
	put(VIRTIO_MMIO_STATUS, 0x0f);
	assert_int_equal(echo.served, 1);
	assert_int_equal(used(1)->idx, 1);
}

static void queues(void **state)
{
	(void)state;
	driver_start(0, 2);
	describe(1, 0, DATA_AT, 4, VRING_DESC_F_WRITE, 0);
	echo.answer = 3;
	for (unsigned int i = 1; i <= 100; i++) {
		offer(1, 0);
		notify(1);
		assert_int_equal(echo.served, i);
		assert_int_equal(used(1)->idx, i);
		assert_int_equal(used(1)->ring[(i - 1) % queue_size].len, 3);
		assert_int_equal(acknowledge(), VIRTIO_INTERRUPT_USED);
		assert_int_equal(line.edges, i);
	}
	notify(0);
	assert_int_equal(echo.refilled, 2); /* and at DRIVER_OK */
	/* Queues that there are none of. */
	notify(2);
	notify(UINT32_MAX);
	put(VIRTIO_MMIO_QUEUE_SEL, 2);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 0);
	put(VIRTIO_MMIO_QUEUE_NUM, 8);
	put(VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 0);
	put(VIRTIO_MMIO_QUEUE_SEL, UINT32_MAX);
	put(VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_NUM_MAX), 0);
}

/* While a queue is ready its registers stand; a size that can't be never gets ready. */
static void queue_registers(void **state)
{
	static const uint32_t bad[] = { 0, 3, 512, 0x10008, UINT32_MAX };
	struct virtqueue before;

	(void)state;
	driver_accept(VIRTIO_F_VERSION_1);
	put(VIRTIO_MMIO_QUEUE_SEL, 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		put(VIRTIO_MMIO_QUEUE_NUM, bad[i]);
		put(VIRTIO_MMIO_QUEUE_READY, 1);
		assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 0);
	}
	driver_set_queue(1);
	before = echo.registers.common.queues[1];
	assert_true(before.descriptors == TABLE_AT(1));
	assert_true(before.driver == DRIVER_AT(1));
	assert_true(before.device == DEVICE_AT(1));
	for (uint64_t offset = VIRTIO_MMIO_QUEUE_DESC_LOW; offset < 0xa8; offset += 4)
		put(offset, 0xabcdef00);
	put(VIRTIO_MMIO_QUEUE_NUM, 4);
	put(VIRTIO_MMIO_QUEUE_READY, 2);
	assert_memory_equal(&before, &echo.registers.common.queues[1], sizeof(before));
	put(VIRTIO_MMIO_QUEUE_READY, 0);
	put_address(VIRTIO_MMIO_QUEUE_DESC_LOW, 0x1122334455667788);
	assert_true(echo.registers.common.queues[1].descriptors == 0x1122334455667788);
}

static void queue_taken_back(void **state)
{
	(void)state;
	driver_start(0, 2);
	describe(1, 0, DATA_AT, 4, VRING_DESC_F_WRITE, 0);
	offer(1, 0);
	notify(1);
	assert_int_equal(echo.served, 1);
	put(VIRTIO_MMIO_QUEUE_SEL, 1);
	put(VIRTIO_MMIO_QUEUE_READY, 0);
	offer(1, 0);
	notify(1);
	assert_int_equal(echo.served, 1);
	/* Ready again, it starts from its beginning. */
	available(1)->idx = 0;
	used(1)->idx = 0;
	put(VIRTIO_MMIO_QUEUE_READY, 1);
	offer(1, 0);
	notify(1);
	assert_int_equal(echo.served, 2);
	assert_int_equal(used(1)->idx, 1);
}

static void assert_broken(enum virtqueue_fault fault)
{
	unsigned int served = echo.served;

	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x4f);
	assert_int_equal(echo.registers.common.fault, fault);
	assert_true(acknowledge() & VIRTIO_INTERRUPT_CONFIG);
	/* It stays so, whatever the driver does, until it is reset. */
	memset(at(TABLE_AT(1)), 0, 256);
	available(1)->idx = 0;
	offer(1, 0);
	notify(1);
	put(VIRTIO_MMIO_STATUS, 0x0f);
	notify(1);
	assert_int_equal(echo.served, served);
	assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x4f);
	echo.answer = 0;
	driver_start(0, 2);
	offer(1, 0);
	notify(1);
	assert_int_equal(echo.served, served + 1);
	assert_int_equal(echo.registers.common.fault, VIRTQUEUE_SOUND);
	acknowledge();
}

static void broken_drivers(void **state)
{
	(void)state;
	driver_start(0, 2);
	offer(1, queue_size);
	notify(1);
	assert_broken(VIRTQUEUE_BAD_HEAD);

	available(1)->idx = 1000;
	notify(1);
	assert_broken(VIRTQUEUE_BAD_INDEX);

	describe(1, 0, 0, 8, 0, 0);
	offer(1, 0);
	notify(1);
	assert_broken(VIRTQUEUE_BAD_BUFFER);

	/* What the device itself says of a request. */
	echo.answer = -VIRTQUEUE_BAD_REQUEST;
	offer(1, 0);
	notify(1);
	assert_int_equal(used(1)->idx, 1);
	assert_broken(VIRTQUEUE_BAD_REQUEST);

	/* A queue that lies nowhere: seen when it is used. */
	driver_accept(VIRTIO_F_VERSION_1);
	driver_set_queue(1);
	put(VIRTIO_MMIO_QUEUE_READY, 0);
	put_address(VIRTIO_MMIO_QUEUE_USED_LOW, 0xfffffffffffffff0);
	put(VIRTIO_MMIO_QUEUE_READY, 1);
	assert_int_equal(get(VIRTIO_MMIO_QUEUE_READY), 1);
	put(VIRTIO_MMIO_STATUS, 0x0f);
	assert_broken(VIRTQUEUE_BAD_RINGS);
}

static void config(void **state)
{
	uint8_t data[8];

	(void)state;
	for (unsigned int size = 1; size <= 8; size++) {
		for (unsigned int offset = 0; offset < 20; offset++) {
			assert_int_equal(bus_read(&bus, BUS_MEMORY, WINDOW + 0x100 + offset, data,
						  size),
					 BUS_DONE);
			for (unsigned int i = 0; i < size; i++)
				assert_int_equal(data[i], offset + i < 11 ? 0x10 + offset + i : 0);
		}
	}
	assert_int_equal(bus_read(&bus, BUS_MEMORY, WINDOW + 0xfff, data, 8), BUS_DONE);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG_GENERATION), 0);
	virtio_config_changed(&echo.virtio);
	/* Before DRIVER_OK nobody is told. */
	assert_false(line.level);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG_GENERATION), 1);
	put(VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(get(VIRTIO_MMIO_CONFIG_GENERATION), 1);
	put(VIRTIO_MMIO_CONFIG + 4, 0);
	assert_int_equal(echo.config_writes, 1);
	assert_int_equal(echo.registers.config[0], 8);
}

/* Every offset by every size, aligned or not: answered, and without effect where it is not theirs. */
static void odd_accesses(void **state)
{
	uint8_t data[16], before[sizeof(echo.registers)];

	(void)state;
	driver_start(0, 2);
	memcpy(before, &echo.registers, sizeof(before));
	for (unsigned int size = 1; size <= sizeof(data); size++) {
		for (unsigned int offset = 0; offset < 0x100; offset++) {
			memset(data, 0x55, sizeof(data));
			assert_int_equal(bus_read(&bus, BUS_MEMORY, WINDOW + offset, data, size),
					 BUS_DONE);
			if (size == 4 && offset % 4 == 0)
				continue;
			for (unsigned int i = 0; i < size; i++)
				assert_int_equal(data[i], 0);
			memset(data, 0, sizeof(data));
			assert_int_equal(bus_write(&bus, BUS_MEMORY, WINDOW + offset, data, size),
					 BUS_DONE);
		}
	}
	assert_memory_equal(before, &echo.registers, sizeof(before));
}

/* Registers that are only read or only written, and those that there are none of. */
static void read_only_and_write_only(void **state)
{
	static const uint16_t written[] = { 0x014, 0x020, 0x024, 0x030, 0x038, 0x044, 0x050, 0x064,
					    0x070, 0x080, 0x084, 0x090, 0x094, 0x0a0, 0x0a4 };
	uint8_t before[sizeof(echo.registers)];

	(void)state;
	driver_start(0, 2);
	memcpy(before, &echo.registers, sizeof(before));
	for (unsigned int offset = 0; offset < 0x100; offset += 4) {
		bool is_written = false;

		for (size_t i = 0; i < sizeof(written) / sizeof(*written); i++)
			is_written |= written[i] == offset;
		if (is_written) {
			if (offset != VIRTIO_MMIO_QUEUE_READY && offset != VIRTIO_MMIO_STATUS)
				assert_int_equal(get(offset), 0);
			continue;
		}
		put(offset, 0);
		put(offset, UINT32_MAX);
	}
	assert_memory_equal(before, &echo.registers, sizeof(before));
}

static void snapshot(void **state)
{
	uint8_t saved[sizeof(echo.registers)];
	static uint8_t memory[GUEST_SIZE];

	(void)state;
	assert_int_equal(bus_state_size(&bus), sizeof(saved));
	driver_start(VIRTIO_F_EVENT_IDX, 2);
	for (unsigned int i = 0; i < 3; i++) {
		offer(1, 0);
		*used_event(1) = (uint16_t)i;
		notify(1);
	}
	assert_true(line.level);
	bus_save(&bus, saved);
	memcpy(memory, guest.memory, sizeof(memory));
	acknowledge();
	put(VIRTIO_MMIO_STATUS, 0);
	bus_reset(&bus);
	for (int i = 0; i < 2; i++) {
		bus_restore(&bus, saved);
		memcpy(guest.memory, memory, sizeof(memory));
		assert_true(line.level);
		assert_int_equal(acknowledge(), VIRTIO_INTERRUPT_USED);
		assert_int_equal(get(VIRTIO_MMIO_STATUS), 0x0f);
		echo.served = 0;
		offer(1, 0);
		*used_event(1) = 3;
		notify(1);
		assert_int_equal(echo.served, 1);
		assert_int_equal(used(1)->idx, 4);
		assert_int_equal(acknowledge(), VIRTIO_INTERRUPT_USED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(identity, make, check),
		cmocka_unit_test_setup_teardown(offered_features, make, check),
		cmocka_unit_test_setup_teardown(accepted_features, make, check),
		cmocka_unit_test_setup_teardown(features_stand_after_features_ok, make, check),
		cmocka_unit_test_setup_teardown(status, make, check),
		cmocka_unit_test_setup_teardown(nothing_before_driver_ok, make, check),
		cmocka_unit_test_setup_teardown(queues, make, check),
		cmocka_unit_test_setup_teardown(queue_registers, make, check),
		cmocka_unit_test_setup_teardown(queue_taken_back, make, check),
		cmocka_unit_test_setup_teardown(broken_drivers, make, check),
		cmocka_unit_test_setup_teardown(config, make, check),
		cmocka_unit_test_setup_teardown(odd_accesses, make, check),
		cmocka_unit_test_setup_teardown(read_only_and_write_only, make, check),
		cmocka_unit_test_setup_teardown(snapshot, make, check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
