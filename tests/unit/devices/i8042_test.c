/* SPDX-License-Identifier: MIT */
/* The keyboard controller: reset and A20, by each of the ways there are. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "devices/pc/i8042.h"

static struct bus bus;
static struct i8042 i8042;

static int make(void **state)
{
	(void)state;
	bus_init(&bus);
	i8042_init(&i8042);
	return i8042_add(&i8042, &bus, NULL);
}

static enum bus_result out(uint16_t port, uint8_t value)
{
	return bus_write(&bus, BUS_PORT, port, &value, 1);
}

static uint8_t in(uint16_t port)
{
	uint8_t value = 0x55;

	assert_int_equal(bus_read(&bus, BUS_PORT, port, &value, 1), BUS_DONE);
	return value;
}

static void reset_is_shutdown(void **state)
{
	(void)state;
	for (unsigned int command = 0; command < 256; command++) {
		enum bus_result result = out(0x64, (uint8_t)command);

		/* 0xf0 to 0xff pulse the output port's bits that are 0; bit 0 is the reset. */
		assert_int_equal(result,
				 command >= 0xf0 && !(command & 1) ? BUS_SHUTDOWN : BUS_DONE);
	}
	assert_int_equal(bus.end, BUS_END_INIT);
	assert_non_null(bus.shutdown);
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x64, "\xfe\0", 2), BUS_SHUTDOWN);
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x64, "\0\xfe", 2), BUS_DONE);
}

static void reset_by_the_output_port(void **state)
{
	(void)state;
	assert_int_equal(out(0x60, 0xfe), BUS_DONE);
	assert_int_equal(out(0x64, 0xd1), BUS_DONE);
	assert_int_equal(out(0x60, 0xfe), BUS_SHUTDOWN);
	assert_int_equal(out(0x60, 0xfe), BUS_DONE);
	/* It was a pulse. */
	out(0x64, 0xd0);
	assert_int_equal(in(0x60), 0xff);
	/* Another command in between takes the byte's place. */
	out(0x64, 0xd1);
	out(0x64, 0x20);
	assert_int_equal(out(0x60, 0xfe), BUS_DONE);
}

static void reset_by_port_92(void **state)
{
	(void)state;
	assert_int_equal(out(0x92, 2), BUS_DONE);
	assert_int_equal(out(0x92, 3), BUS_SHUTDOWN);
	/* The bit stays, and only its rise counts: so software tells this from a reset of the machine. */
	assert_int_equal(in(0x92), 3);
	assert_int_equal(out(0x92, 3), BUS_DONE);
	assert_int_equal(out(0x92, 2), BUS_DONE);
	assert_int_equal(out(0x92, 3), BUS_SHUTDOWN);
	bus_reset(&bus);
	assert_int_equal(in(0x92), 2);
}

static void reads_give_0_in_the_first_byte(void **state)
{
	uint32_t value;

	(void)state;
	for (uint16_t port = 0x60; port <= 0x64; port += 4) {
		value = 0xffffffff;
		assert_int_equal(bus_read(&bus, BUS_PORT, port, &value, 4), BUS_DONE);
		assert_int_equal(value, 0xffffff00);
	}
	/* Between them there is nothing of ours. */
	value = 0xffffffff;
	assert_int_equal(bus_read(&bus, BUS_PORT, 0x61, &value, 1), BUS_UNMAPPED);
	assert_int_equal(value, 0xffffffff);
}

static void a20(void **state)
{
	(void)state;
	assert_int_equal(in(0x92), 2);
	out(0x64, 0xd1);
	out(0x60, 0xdd);
	assert_int_equal(in(0x92), 0);
	out(0x64, 0xdf);
	assert_int_equal(in(0x92), 2);
	out(0x64, 0xdd);
	assert_int_equal(in(0x92), 0);
	out(0x92, 0x42);
	assert_int_equal(in(0x92), 0x42);
	out(0x92, 0);
	assert_int_equal(in(0x92), 0);
}

static void output_port_is_read(void **state)
{
	(void)state;
	out(0x64, 0xd0);
	assert_int_equal(in(0x64), 1);
	assert_int_equal(in(0x60), 3);
	assert_int_equal(in(0x64), 0);
	assert_int_equal(in(0x60), 0);
	out(0x92, 0);
	out(0x64, 0xd0);
	assert_int_equal(in(0x60), 1);
}

static void snapshot(void **state)
{
	uint8_t saved[sizeof(struct i8042_registers)];

	(void)state;
	assert_int_equal(bus_state_size(&bus), sizeof(saved));
	out(0x92, 0);
	out(0x64, 0xd0);
	out(0x64, 0xd1);
	bus_save(&bus, saved);
	bus_reset(&bus);
	assert_int_equal(in(0x64), 0);
	assert_int_equal(in(0x92), 2);
	for (int i = 0; i < 2; i++) {
		bus_restore(&bus, saved);
		assert_int_equal(in(0x92), 0);
		assert_int_equal(in(0x60), 1);
		assert_int_equal(out(0x60, 0xfe), BUS_SHUTDOWN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(reset_is_shutdown, make),
		cmocka_unit_test_setup(reset_by_the_output_port, make),
		cmocka_unit_test_setup(reset_by_port_92, make),
		cmocka_unit_test_setup(reads_give_0_in_the_first_byte, make),
		cmocka_unit_test_setup(a20, make),
		cmocka_unit_test_setup(output_port_is_read, make),
		cmocka_unit_test_setup(snapshot, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
