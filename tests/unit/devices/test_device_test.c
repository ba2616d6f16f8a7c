/* SPDX-License-Identifier: MIT */
/* The test device of kvm-unit-tests. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "devices/pc/test_device.h"

static struct bus bus;
static struct test_device device;
static uint32_t lines;
static uint64_t flushed;
static unsigned int flushes;

static void set_line(void *context, unsigned int number, bool level)
{
	(void)context;
	assert_true((lines >> number & 1) != level);
	lines ^= 1u << number;
}

static void flush(void *context, uint64_t address)
{
	assert_ptr_equal(context, &device);
	flushed = address;
	flushes++;
}

static int make(void **state)
{
	const struct test_device_options options = {
		.irq = { .set = set_line },
		.flush = flush,
		.flush_context = &device,
	};

	(void)state;
	lines = flushes = 0;
	bus_init(&bus);
	test_device_init(&device, &options);
	return test_device_add(&device, &bus, NULL);
}

static void out(uint16_t port, uint32_t value, size_t size)
{
	assert_int_equal(bus_write(&bus, BUS_PORT, port, &value, size), BUS_DONE);
}

static uint32_t in(uint16_t port, size_t size)
{
	uint32_t value = UINT32_MAX;

	assert_int_equal(bus_read(&bus, BUS_PORT, port, &value, size), BUS_DONE);
	return value;
}

static void ports_are_memory(void **state)
{
	(void)state;
	out(0xe0, 0x12345678, 4);
	assert_int_equal(in(0xe0, 4), 0x12345678);
	assert_int_equal(in(0xe1, 1), 0xffffff56);
	out(0xe2, 0xbeef, 2);
	out(0xe1, 0x99, 1);
	assert_int_equal(in(0xe0, 4), 0xbeef9978);
	/* The same, elsewhere. */
	assert_int_equal(in(0xe8, 1), 0xffffff78);
	out(0xe8, 0x11, 1);
	assert_int_equal(in(0xe0, 4), 0xbeef9911);
	/* An access that ends beyond. */
	out(0xe3, 0xffff, 2);
	assert_int_equal(in(0xe3, 2), 0xffffffff);
	assert_int_equal(in(0xe0, 1), 0xffffff11);
}

static void page_is_flushed(void **state)
{
	(void)state;
	out(0xe4, 0x00403123, 4);
	assert_int_equal(flushes, 1);
	assert_int_equal(flushed, 0x00403123);
	assert_int_equal(in(0xe4, 4), 0);
	assert_int_equal(flushes, 1);
}

static void lines_are_what_is_written(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < TEST_DEVICE_LINES; i++) {
		out((uint16_t)(0x2000 + i), 1, 4);
		out((uint16_t)(0x2000 + i), 1, 1);
		assert_int_equal(lines, 1u << i);
		assert_int_equal(in((uint16_t)(0x2000 + i), 1), 0xffffff01);
		out((uint16_t)(0x2000 + i), 0, 4);
		assert_int_equal(lines, 0);
	}
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x2018, "", 1), BUS_UNMAPPED);
	out(0x200b, 1, 4);
	bus_reset(&bus);
	assert_int_equal(lines, 0);
}

static void memory(void **state)
{
	uint64_t value = 0x1122334455667788;

	(void)state;
	assert_int_equal(bus_write(&bus, BUS_MEMORY, 0xff00fff8, &value, 8), BUS_DONE);
	value = 0;
	assert_int_equal(bus_read(&bus, BUS_MEMORY, 0xff00fffc, &value, 4), BUS_DONE);
	assert_int_equal(value, 0x11223344);
	value = 0;
	assert_int_equal(bus_read(&bus, BUS_MEMORY, 0xff00fffe, &value, 4), BUS_DONE);
	assert_int_equal(value, 0xffff1122);
	assert_int_equal(bus_read(&bus, BUS_MEMORY, 0xff010000, &value, 4), BUS_UNMAPPED);
	bus_reset(&bus);
	assert_int_equal(bus_read(&bus, BUS_MEMORY, 0xff00fff8, &value, 8), BUS_DONE);
	assert_true(value == 0);
}

static void snapshot(void **state)
{
	static uint8_t saved[sizeof(struct test_device_registers)];

	(void)state;
	assert_int_equal(bus_state_size(&bus), sizeof(saved));
	out(0xe0, 0x12345678, 4);
	out(0x2003, 1, 1);
	bus_save(&bus, saved);
	out(0x2003, 0, 1);
	out(0x2004, 1, 1);
	out(0xe0, 0, 4);
	bus_restore(&bus, saved);
	assert_int_equal(lines, 1u << 3);
	assert_int_equal(in(0xe0, 4), 0x12345678);
	memset(saved, 0xff, sizeof(saved));
	bus_restore(&bus, saved);
	assert_int_equal(lines, 0xffffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ports_are_memory, make),
		cmocka_unit_test_setup(page_is_flushed, make),
		cmocka_unit_test_setup(lines_are_what_is_written, make),
		cmocka_unit_test_setup(memory, make),
		cmocka_unit_test_setup(snapshot, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
