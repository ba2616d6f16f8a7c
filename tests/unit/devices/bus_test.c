/* SPDX-License-Identifier: MIT */
/* The bus: who answers an access, and what happens when nobody does. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "devices/bus.h"

/* A device that notes what it is asked and drives the first byte alone. */
struct probe {
	struct dev dev;
	struct {
		uint8_t value;
	} registers;
	uint64_t offset;
	size_t size;
	unsigned int reads, writes, resets, saves, restores;
	enum bus_result answer;
};

static void probe_reset(struct dev *dev)
{
	struct probe *probe = (struct probe *)dev;

	probe->registers.value = 0;
	probe->resets++;
}

static enum bus_result probe_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	struct probe *probe = (struct probe *)dev;

	probe->offset = offset;
	probe->size = size;
	probe->reads++;
	if (probe->answer == BUS_DONE)
		*(uint8_t *)data = probe->registers.value;
	return probe->answer;
}

static enum bus_result probe_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	struct probe *probe = (struct probe *)dev;

	probe->offset = offset;
	probe->size = size;
	probe->writes++;
	if (probe->answer == BUS_SHUTDOWN)
		return dev_shutdown(dev, BUS_END_STATUS, 42);
	if (probe->answer == BUS_DONE)
		probe->registers.value = *(const uint8_t *)data;
	return probe->answer;
}

static void probe_save(struct dev *dev)
{
	((struct probe *)dev)->saves++;
}

static void probe_restored(struct dev *dev)
{
	((struct probe *)dev)->restores++;
}

static const struct dev_ops probe_ops = {
	.name = "probe",
	.reset = probe_reset,
	.read = probe_read,
	.write = probe_write,
	.save = probe_save,
	.restored = probe_restored,
};

static struct bus bus;
static struct probe a, b;

/* `a` at ports 0x100 to 0x107 and memory 0xc0000000, `b` in the next page. */
static int make_bus(void **state)
{
	(void)state;
	a = b = (struct probe){ 0 };
	a.dev = (struct dev){ &probe_ops, &a.registers, sizeof(a.registers), NULL };
	b.dev = (struct dev){ &probe_ops, &b.registers, sizeof(b.registers), NULL };
	bus_init(&bus);
	assert_int_equal(bus_add(&bus, BUS_PORT, 0x100, 8, &a.dev, NULL), 0);
	assert_int_equal(bus_add(&bus, BUS_MEMORY, 0xc0000000, 0x1000, &a.dev, NULL), 0);
	assert_int_equal(bus_add(&bus, BUS_MEMORY, 0xc0001000, 0x1000, &b.dev, NULL), 0);
	return 0;
}

static void who_answers(void **state)
{
	uint32_t value = 0x12345678;

	(void)state;
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x103, &value, 1), BUS_DONE);
	assert_int_equal(a.offset, 3);
	assert_int_equal(a.size, 1);
	assert_int_equal(bus_write(&bus, BUS_MEMORY, 0xc0000ffc, &value, 4), BUS_DONE);
	assert_int_equal(a.offset, 0xffc);
	assert_int_equal(a.size, 4);
	assert_int_equal(b.writes, 0);
	assert_int_equal(bus_read(&bus, BUS_MEMORY, 0xc0001000, &value, 4), BUS_DONE);
	assert_int_equal(b.offset, 0);
	assert_int_equal(b.reads, 1);
	assert_int_equal(bus.unhandled_count, 0);
}

/* An access belongs to the device at its first byte, wherever it ends. */
static void across_devices(void **state)
{
	uint64_t value = 0;

	(void)state;
	assert_int_equal(bus_write(&bus, BUS_MEMORY, 0xc0000fff, &value, 8), BUS_DONE);
	assert_int_equal(a.size, 8);
	assert_int_equal(b.writes, 0);
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x107, &value, 4), BUS_DONE);
	assert_int_equal(a.offset, 7);
	assert_int_equal(bus_write(&bus, BUS_PORT, 0xff, &value, 4), BUS_UNMAPPED);
	assert_int_equal(a.writes, 2);
}

static void undriven_bytes(void **state)
{
	uint8_t data[8];

	(void)state;
	memset(data, 0x55, sizeof(data));
	assert_int_equal(bus_read(&bus, BUS_PORT, 0x100, data, 4), BUS_DONE);
	assert_memory_equal(data, "\0\x55\x55\x55\x55", 5);
	memset(data, 0x55, sizeof(data));
	assert_int_equal(bus_read(&bus, BUS_MEMORY, 0xc0000000, data, 4), BUS_DONE);
	assert_memory_equal(data, "\0\xff\xff\xff\x55", 5);
}

static void unmapped(void **state)
{
	uint8_t data[16];
	char text[80];

	(void)state;
	memset(data, 0x55, sizeof(data));
	assert_int_equal(bus_read(&bus, BUS_PORT, 0x80, data, 4), BUS_UNMAPPED);
	assert_memory_equal(data, "\x55\x55\x55\x55", 4);
	assert_int_equal(bus_read(&bus, BUS_MEMORY, 0xd0000000, data, 8), BUS_UNMAPPED);
	assert_memory_equal(data, "\xff\xff\xff\xff\xff\xff\xff\xff\x55", 9);
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x80, "\x34\x12", 2), BUS_UNMAPPED);
	assert_int_equal(bus_write(&bus, BUS_MEMORY, UINT64_MAX, data, 1), BUS_UNMAPPED);
	assert_int_equal(bus.unhandled_count, 4);
	assert_int_equal(bus.unhandled[0].value, 0x55555555);
	assert_int_equal(bus.unhandled[1].value, UINT64_MAX);
	bus_access_text(&bus.unhandled[1], text, sizeof(text));
	assert_string_equal(text, "read of 8 bytes from guest-physical 0xd0000000");
	bus_access_text(&bus.unhandled[2], text, sizeof(text));
	assert_string_equal(text, "write of 0x1234 (2 bytes) to port 0x80");
	bus_access_text(&bus.unhandled[3], text, sizeof(text));
	assert_string_equal(text, "write of 0xff (1 byte) to guest-physical 0xffffffffffffffff");
}

static void device_says_unmapped(void **state)
{
	uint8_t data[4];

	(void)state;
	a.answer = BUS_UNMAPPED;
	memset(data, 0x55, sizeof(data));
	assert_int_equal(bus_read(&bus, BUS_MEMORY, 0xc0000004, data, 4), BUS_UNMAPPED);
	assert_memory_equal(data, "\xff\xff\xff\xff", 4);
	assert_int_equal(bus_write(&bus, BUS_MEMORY, 0xc0000004, data, 4), BUS_UNMAPPED);
	assert_int_equal(bus.unhandled_count, 2);
}

/* However many come, the last ones are there. */
static void many_unhandled(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 1000; i++)
		bus_write(&bus, BUS_PORT, 0x80, &i, 4);
	assert_int_equal(bus.unhandled_count, 1000);
	for (uint64_t i = 1000 - BUS_UNHANDLED_KEPT; i < 1000; i++)
		assert_int_equal(bus.unhandled[i % BUS_UNHANDLED_KEPT].value, i);
}

static void sizes(void **state)
{
	uint8_t data[300] = { 0 };

	(void)state;
	assert_int_equal(bus_read(&bus, BUS_PORT, 0x80, NULL, 0), BUS_DONE);
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x100, NULL, 0), BUS_DONE);
	assert_int_equal(a.writes, 0);
	assert_int_equal(bus.unhandled_count, 0);
	assert_int_equal(bus_read(&bus, BUS_MEMORY, 0, data, sizeof(data)), BUS_UNMAPPED);
	assert_int_equal(data[299], 0xff);
	assert_int_equal(bus.unhandled[0].size, 255);
	assert_true(dev_load("\1\2\3\4\5\6\7\x88\x99", 9) == 0x8807060504030201);
	dev_store(data, 10, 0x8807060504030201);
	assert_memory_equal(data, "\1\2\3\4\5\6\7\x88\0\0\xff", 11);
}

static void shutdown_is_told(void **state)
{
	(void)state;
	assert_null(bus.shutdown);
	b.answer = BUS_SHUTDOWN;
	assert_int_equal(bus_write(&bus, BUS_MEMORY, 0xc0001000, "", 1), BUS_SHUTDOWN);
	assert_ptr_equal(bus.shutdown, &b.dev);
	assert_int_equal(bus.status, 42);
	bus_reset(&bus);
	assert_null(bus.shutdown);
}

static void what_cannot_be_added(void **state)
{
	struct error error = { 0 };

	(void)state;
	assert_int_equal(bus_add(&bus, BUS_PORT, 0x107, 1, &b.dev, &error), -EEXIST);
	assert_string_equal(error.text,
			    "probe at port 0x107, size 0x1, overlaps probe at 0x100, size "
			    "0x8");
	assert_int_equal(bus_add(&bus, BUS_MEMORY, 0xbffff000, 0x1001, &b.dev, NULL), -EEXIST);
	assert_int_equal(bus_add(&bus, BUS_MEMORY, 0, UINT64_MAX, &b.dev, NULL), -EEXIST);
	assert_int_equal(bus_add(&bus, BUS_PORT, 0x200, 0, &b.dev, NULL), -EINVAL);
	assert_int_equal(bus_add(&bus, BUS_PORT, 0xffff, 2, &b.dev, NULL), -EINVAL);
	assert_int_equal(bus_add(&bus, BUS_PORT, 0x10000, 1, &b.dev, NULL), -EINVAL);
	assert_int_equal(bus_add(&bus, BUS_MEMORY, UINT64_MAX, 2, &b.dev, NULL), -EINVAL);
	/* The spaces are two, and each has its last address. */
	assert_int_equal(bus_add(&bus, BUS_MEMORY, 0x100, 8, &b.dev, NULL), 0);
	assert_int_equal(bus_add(&bus, BUS_PORT, 0xffff, 1, &b.dev, NULL), 0);
	assert_int_equal(bus_add(&bus, BUS_MEMORY, UINT64_MAX, 1, &b.dev, NULL), 0);
	assert_int_equal(bus_write(&bus, BUS_MEMORY, UINT64_MAX, "", 1), BUS_DONE);
	assert_int_equal(b.offset, 0);
	while (bus.range_count < BUS_RANGES_MAX)
		assert_int_equal(bus_add(&bus, BUS_PORT, 0x1000 + bus.range_count, 1, &b.dev, NULL),
				 0);
	assert_int_equal(bus_add(&bus, BUS_PORT, 0x2000, 1, &b.dev, NULL), -ENOSPC);
}

/* A device at two ranges is one device. */
static void state_of_all(void **state)
{
	uint8_t saved[2];

	(void)state;
	a.registers.value = 1;
	b.registers.value = 2;
	assert_int_equal(bus_state_size(&bus), sizeof(saved));
	bus_save(&bus, saved);
	assert_memory_equal(saved, "\1\2", 2);
	bus_reset(&bus);
	assert_int_equal(a.resets, 1);
	assert_int_equal(b.resets, 1);
	assert_int_equal(a.registers.value, 0);
	bus_restore(&bus, saved);
	assert_int_equal(a.registers.value, 1);
	assert_int_equal(b.registers.value, 2);
	assert_int_equal(a.saves, 1);
	assert_int_equal(a.restores, 1);
	assert_int_equal(b.restores, 1);
}

/* Where no range is, somebody may be asked all the same, with the address; ranges go first. */
static void somebody_elsewhere(void **state)
{
	uint32_t value = 0x12345678;

	(void)state;
	bus.elsewhere[BUS_PORT] = &b.dev;
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x1234, &value, 4), BUS_DONE);
	assert_int_equal(b.offset, 0x1234);
	assert_int_equal(b.size, 4);
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x100, &value, 1), BUS_DONE);
	assert_int_equal(a.writes, 1);
	assert_int_equal(bus_read(&bus, BUS_MEMORY, 0x1234, &value, 4), BUS_UNMAPPED);
	bus_reset(&bus);
	assert_int_equal(b.resets, 1);
	b.answer = BUS_UNMAPPED;
	assert_int_equal(bus_read(&bus, BUS_PORT, 0x1234, &value, 4), BUS_UNMAPPED);
	assert_int_equal(bus.unhandled_count, 1);
	assert_int_equal(b.reads, 1);
}

/* On a strict bus what nobody handles is refused, and kept; what a device refuses is not kept. */
static void strict(void **state)
{
	uint8_t data[4] = { 0 };

	(void)state;
	bus.strict = true;
	assert_int_equal(bus_read(&bus, BUS_PORT, 0x80, data, 4), BUS_REFUSED);
	assert_int_equal(bus_write(&bus, BUS_MEMORY, 0xd0000000, data, 4), BUS_REFUSED);
	a.answer = BUS_UNMAPPED;
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x100, data, 1), BUS_REFUSED);
	assert_int_equal(bus.unhandled_count, 3);
	a.answer = BUS_REFUSED;
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x100, data, 1), BUS_REFUSED);
	assert_int_equal(bus_write(&bus, BUS_MEMORY, 0xc0001000, data, 1), BUS_DONE);
	assert_int_equal(bus.unhandled_count, 3);
}

static void wake(void **state)
{
	uint64_t count = 0;

	(void)state;
	assert_false(bus.changed);
	dev_wake(&a.dev);
	assert_true(bus.changed);
	bus.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_true(bus.wake >= 0);
	dev_wake(&a.dev);
	assert_int_equal(read(bus.wake, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 1);
	close(bus.wake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(who_answers, make_bus),
		cmocka_unit_test_setup(across_devices, make_bus),
		cmocka_unit_test_setup(undriven_bytes, make_bus),
		cmocka_unit_test_setup(unmapped, make_bus),
		cmocka_unit_test_setup(device_says_unmapped, make_bus),
		cmocka_unit_test_setup(many_unhandled, make_bus),
		cmocka_unit_test_setup(sizes, make_bus),
		cmocka_unit_test_setup(shutdown_is_told, make_bus),
		cmocka_unit_test_setup(what_cannot_be_added, make_bus),
		cmocka_unit_test_setup(state_of_all, make_bus),
		cmocka_unit_test_setup(somebody_elsewhere, make_bus),
		cmocka_unit_test_setup(strict, make_bus),
		cmocka_unit_test_setup(wake, make_bus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
