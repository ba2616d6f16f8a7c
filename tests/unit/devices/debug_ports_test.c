/* SPDX-License-Identifier: MIT */
/* The port that ends the machine and the port that prints. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "devices/pc/debug_console.h"
#include "devices/debug_exit.h"

static struct bus bus;
static struct debug_exit debug_exit;
static struct debug_console console;
static struct capture capture;
static uint8_t kept[16];

static int make(void **state)
{
	struct output output;

	(void)state;
	capture_init(&capture, kept, sizeof(kept));
	output = capture_output(&capture);
	bus_init(&bus);
	debug_exit_init(&debug_exit);
	debug_console_init(&console, &output);
	assert_int_equal(bus_add(&bus, BUS_PORT, DEBUG_EXIT_PORT, DEBUG_EXIT_SIZE, &debug_exit.dev,
				 NULL),
			 0);
	return bus_add(&bus, BUS_PORT, DEBUG_CONSOLE_PORT, 1, &console.dev, NULL);
}

static void ends(void **state)
{
	static const struct {
		uint16_t port;
		size_t size;
		uint64_t status;
	} writes[] = {
		{ 0xf4, 1, 0x10f }, { 0xf4, 2, 0x1050f },	 { 0xf4, 4, 0x12143050full },
		{ 0xf7, 1, 0x10f }, { 0xf4, 8, 0x12143050full },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(writes) / sizeof(*writes); i++) {
		bus_reset(&bus);
		assert_int_equal(bus_write(&bus, BUS_PORT, writes[i].port,
					   "\x87\x82\xa1\x90\xff\xff\xff\xff", writes[i].size),
				 BUS_SHUTDOWN);
		assert_true(bus.status == writes[i].status);
		assert_int_equal(bus.end, BUS_END_STATUS);
		assert_ptr_equal(bus.shutdown, &debug_exit.dev);
	}
	assert_int_equal(bus_write(&bus, BUS_PORT, 0xf4, "", 1), BUS_SHUTDOWN);
	assert_int_equal(bus.status, 1);
	assert_int_equal(bus_write(&bus, BUS_PORT, 0xf8, "", 1), BUS_UNMAPPED);
}

static void reads(void **state)
{
	uint8_t data[4];

	(void)state;
	memset(data, 0x55, sizeof(data));
	assert_int_equal(bus_read(&bus, BUS_PORT, 0xf4, data, 4), BUS_DONE);
	assert_memory_equal(data, "\0\0\0\0", 4);
	memset(data, 0x55, sizeof(data));
	assert_int_equal(bus_read(&bus, BUS_PORT, 0xe9, data, 2), BUS_DONE);
	assert_memory_equal(data, "\xe9\x55", 2);
}

static void prints(void **state)
{
	char text[16];

	(void)state;
	for (const char *c = "hello"; *c; c++)
		assert_int_equal(bus_write(&bus, BUS_PORT, 0xe9, c, 1), BUS_DONE);
	assert_int_equal(bus_write(&bus, BUS_PORT, 0xe9, "!?", 2), BUS_DONE);
	assert_int_equal(capture_read(&capture, 0, text, sizeof(text)), 6);
	assert_memory_equal(text, "hello!", 6);
}

/* They have no state: nothing is in a snapshot. */
static void snapshot(void **state)
{
	(void)state;
	assert_int_equal(bus_state_size(&bus), 0);
	bus_save(&bus, NULL);
	bus_restore(&bus, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ends, make),
		cmocka_unit_test_setup(reads, make),
		cmocka_unit_test_setup(prints, make),
		cmocka_unit_test_setup(snapshot, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
