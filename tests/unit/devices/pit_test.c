/* SPDX-License-Identifier: MIT */
/* The interval timer 8254, by its data sheet, on a clock that the tests move. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "devices/pc/pit.h"

#define S 1000000000ull

static struct bus bus;
static struct pit pit;
static uint64_t now;
static bool level;
static unsigned int rises;

static uint64_t read_now(void *context)
{
	(void)context;
	return now;
}

static void set_line(void *context, unsigned int number, bool to)
{
	(void)context;
	assert_int_equal(number, 0);
	assert_int_not_equal(level, to);
	level = to;
	rises += to;
}

static int make(void **state)
{
	const struct pit_options options = { .now = read_now, .irq = { .set = set_line } };

	(void)state;
	now = 12345;
	level = false;
	rises = 0;
	bus_init(&bus);
	pit_init(&pit, &options);
	return pit_add(&pit, &bus, NULL);
}

static void out(uint16_t port, uint8_t value)
{
	assert_int_equal(bus_write(&bus, BUS_PORT, port, &value, 1), BUS_DONE);
}

static uint8_t in(uint16_t port)
{
	uint8_t value = 0x55;

	assert_int_equal(bus_read(&bus, BUS_PORT, port, &value, 1), BUS_DONE);
	return value;
}

static void set(unsigned int channel, unsigned int mode, uint16_t count)
{
	out(0x43, (uint8_t)(channel << 6 | 0x30 | mode << 1));
	out((uint16_t)(0x40 + channel), (uint8_t)count);
	out((uint16_t)(0x40 + channel), (uint8_t)(count >> 8));
}

/* Up to the moment in which that many ticks are over. */
static void wait_ticks(uint64_t ticks)
{
	now += (ticks * S + PIT_HZ - 1) / PIT_HZ;
	bus_expire(&bus);
}

static uint16_t count_of(unsigned int channel)
{
	uint8_t low;

	out(0x43, (uint8_t)(channel << 6));
	low = in((uint16_t)(0x40 + channel));
	return (uint16_t)(low | in((uint16_t)(0x40 + channel)) << 8);
}

static uint8_t status_of(unsigned int channel)
{
	out(0x43, (uint8_t)(0xe0 | 2u << channel));
	return in((uint16_t)(0x40 + channel));
}

static void nothing_counts_after_a_reset(void **state)
{
	(void)state;
	now += 100 * S;
	assert_int_equal(bus_deadline(&bus), UINT64_MAX);
	assert_int_equal(in(0x40), 0);
	assert_int_equal(in(0x43), 0);
	assert_int_equal(in(0x61) & 0x2f, 0);
	assert_int_equal(rises, 0);
}

static void terminal_count_interrupts_once(void **state)
{
	(void)state;
	set(0, 0, 1000);
	assert_int_equal(status_of(0), 0x30);
	assert_int_equal(count_of(0), 1000);
	assert_int_equal(bus_deadline(&bus), now + (1000 * S + PIT_HZ - 1) / PIT_HZ);
	wait_ticks(999);
	assert_int_equal(count_of(0), 1);
	assert_int_equal(rises, 0);
	wait_ticks(1);
	assert_int_equal(rises, 1);
	assert_int_equal(status_of(0), 0xb0);
	assert_int_equal(bus_deadline(&bus), UINT64_MAX);
	/* It counts on, through 0. */
	wait_ticks(2);
	assert_int_equal(count_of(0), 0xfffe);
	assert_int_equal(rises, 1);
	/* Another count, and it does so again. */
	out(0x40, 10);
	out(0x40, 0);
	assert_false(level);
	wait_ticks(11);
	assert_int_equal(rises, 2);
}

static void rate_interrupts_at_each_period(void **state)
{
	unsigned int i;

	(void)state;
	set(0, 2, 1193);
	for (i = 1; i <= 5; i++) {
		now = bus_deadline(&bus) - 1;
		bus_expire(&bus);
		assert_int_equal(rises, i - 1);
		now++;
		bus_expire(&bus);
		assert_int_equal(rises, i);
	}
	/* Periods that have passed together are one. */
	wait_ticks(1193 * 10);
	assert_int_equal(rises, 6);
	/* All ones and a zero are 65536. */
	set(0, 2, 0);
	assert_int_equal(count_of(0), 0);
	wait_ticks(65535);
	assert_int_equal(rises, 6);
	wait_ticks(2);
	assert_int_equal(rises, 7);
}

static void a_fast_rate_is_looked_at_now_and_then(void **state)
{
	(void)state;
	set(0, 2, 2);
	bus_expire(&bus);
	assert_int_equal(bus_deadline(&bus), now + 100000);
	now = bus_deadline(&bus);
	bus_expire(&bus);
	assert_int_equal(rises, 1);
}

static void a_square_wave_counts_by_two(void **state)
{
	(void)state;
	set(2, 3, 1000);
	out(0x61, 1);
	assert_int_equal(in(0x61) & 0x21, 0x21);
	wait_ticks(100);
	assert_int_equal(count_of(2), 800);
	wait_ticks(399);
	assert_int_equal(in(0x61) & 0x20, 0x20);
	wait_ticks(2);
	assert_int_equal(in(0x61) & 0x20, 0);
	wait_ticks(499);
	assert_int_equal(in(0x61) & 0x20, 0x20);
	assert_int_equal(rises, 0);
}

static void the_gate_holds_channel_2(void **state)
{
	(void)state;
	set(2, 0, 1000);
	wait_ticks(5000);
	assert_int_equal(count_of(2), 1000);
	assert_int_equal(in(0x61) & 0x20, 0);
	out(0x61, 3);
	assert_int_equal(in(0x61) & 0x23, 3);
	wait_ticks(400);
	assert_int_equal(count_of(2), 600);
	out(0x61, 2);
	wait_ticks(5000);
	assert_int_equal(count_of(2), 600);
	out(0x61, 1);
	wait_ticks(601);
	assert_int_equal(in(0x61) & 0x20, 0x20);
}

static void the_gate_starts_a_one_shot(void **state)
{
	(void)state;
	set(2, 1, 100);
	assert_int_equal(in(0x61) & 0x20, 0x20);
	out(0x61, 1);
	assert_int_equal(in(0x61) & 0x20, 0);
	out(0x61, 0);
	wait_ticks(99);
	assert_int_equal(in(0x61) & 0x20, 0);
	wait_ticks(2);
	assert_int_equal(in(0x61) & 0x20, 0x20);
	/* Channel 0's gate never rises. */
	set(0, 1, 100);
	wait_ticks(1000);
	assert_int_equal(rises, 0);
}

static void strobes_are_one_tick_long(void **state)
{
	(void)state;
	set(2, 4, 100);
	out(0x61, 1);
	wait_ticks(99);
	assert_int_equal(in(0x61) & 0x20, 0x20);
	wait_ticks(1);
	assert_int_equal(in(0x61) & 0x20, 0);
	wait_ticks(1);
	assert_int_equal(in(0x61) & 0x20, 0x20);
	set(0, 4, 100);
	wait_ticks(100);
	assert_int_equal(rises, 0);
	wait_ticks(1);
	assert_int_equal(rises, 1);
	assert_int_equal(bus_deadline(&bus), UINT64_MAX);
}

static void counts_in_bcd(void **state)
{
	(void)state;
	out(0x43, 0x31);
	out(0x40, 0x34);
	out(0x40, 0x12);
	wait_ticks(34);
	assert_int_equal(count_of(0), 0x1200);
	wait_ticks(1200);
	assert_int_equal(rises, 1);
	wait_ticks(1);
	assert_int_equal(count_of(0), 0x9999);
}

static void single_bytes(void **state)
{
	(void)state;
	out(0x43, 0x14);
	out(0x40, 200);
	wait_ticks(100);
	assert_int_equal(in(0x40), 100);
	assert_int_equal(in(0x40), 100);
	out(0x43, 0x24);
	out(0x40, 2);
	wait_ticks(1);
	assert_int_equal(in(0x40), 1);
	/* Two bytes in turn. */
	set(0, 2, 0x1234);
	assert_int_equal(in(0x40), 0x34);
	assert_int_equal(in(0x40), 0x12);
	assert_int_equal(in(0x40), 0x34);
}

static void latches_wait_to_be_read(void **state)
{
	(void)state;
	set(0, 2, 0x1234);
	out(0x43, 0x00);
	wait_ticks(0x100);
	out(0x43, 0x00);
	assert_int_equal(in(0x40), 0x34);
	assert_int_equal(in(0x40), 0x12);
	/* Status first, then the count, of both channels at once. */
	out(0x43, 0xc6);
	assert_int_equal(in(0x40), 0xb4);
	assert_int_equal(in(0x40), 0x34);
	assert_int_equal(in(0x40), 0x11);
	assert_int_equal(in(0x41), 0x70);
	/* A new control word drops them. */
	out(0x43, 0x00);
	set(0, 2, 0x4000);
	wait_ticks(0x1000);
	assert_int_equal(in(0x40), 0x00);
	assert_int_equal(in(0x40), 0x30);
}

static void a_new_count_does_not_break_the_period(void **state)
{
	(void)state;
	set(0, 2, 1000);
	wait_ticks(1500);
	assert_int_equal(rises, 1);
	out(0x40, 0x20);
	out(0x40, 0x03);
	wait_ticks(301);
	assert_int_equal(rises, 2);
}

static void the_hpet_takes_its_line(void **state)
{
	(void)state;
	set(0, 2, 1000);
	wait_ticks(1000);
	assert_true(level);
	pit_replace(&pit, true);
	assert_false(level);
	assert_int_equal(bus_deadline(&bus), UINT64_MAX);
	wait_ticks(5000);
	assert_int_equal(rises, 1);
	pit_replace(&pit, false);
	wait_ticks(1000);
	assert_int_equal(rises, 2);
}

static void the_refresh_toggles(void **state)
{
	uint8_t before = in(0x61) & 0x10;

	(void)state;
	now += 15085;
	assert_int_not_equal(in(0x61) & 0x10, before);
}

static void goes_on_from_a_copy(void **state)
{
	struct pit_registers copy;

	(void)state;
	set(0, 2, 1000);
	set(2, 0, 2000);
	out(0x61, 1);
	wait_ticks(1300);
	assert_int_equal(rises, 1);
	assert_int_equal(bus_state_size(&bus), sizeof(copy));
	bus_save(&bus, &copy);
	bus_reset(&bus);
	assert_false(level);
	wait_ticks(77777);
	bus_restore(&bus, &copy);
	assert_true(level);
	assert_int_equal(count_of(0), 700);
	assert_int_equal(count_of(2), 700);
	wait_ticks(701);
	assert_int_equal(rises, 3);
	assert_int_equal(in(0x61) & 0x20, 0x20);
}

static void makes_any_registers_sound(void **state)
{
	struct pit_registers any;
	uint64_t deadline;

	(void)state;
	memset(&any, 0xff, sizeof(any));
	bus_restore(&bus, &any);
	bus_expire(&bus);
	deadline = bus_deadline(&bus);
	assert_true(deadline > now);
	in(0x40);
	in(0x41);
	in(0x42);
	assert_int_equal(in(0x61) & 0xc, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_counts_after_a_reset, make),
		cmocka_unit_test_setup(terminal_count_interrupts_once, make),
		cmocka_unit_test_setup(rate_interrupts_at_each_period, make),
		cmocka_unit_test_setup(a_fast_rate_is_looked_at_now_and_then, make),
		cmocka_unit_test_setup(a_square_wave_counts_by_two, make),
		cmocka_unit_test_setup(the_gate_holds_channel_2, make),
		cmocka_unit_test_setup(the_gate_starts_a_one_shot, make),
		cmocka_unit_test_setup(strobes_are_one_tick_long, make),
		cmocka_unit_test_setup(counts_in_bcd, make),
		cmocka_unit_test_setup(single_bytes, make),
		cmocka_unit_test_setup(latches_wait_to_be_read, make),
		cmocka_unit_test_setup(a_new_count_does_not_break_the_period, make),
		cmocka_unit_test_setup(the_hpet_takes_its_line, make),
		cmocka_unit_test_setup(the_refresh_toggles, make),
		cmocka_unit_test_setup(goes_on_from_a_copy, make),
		cmocka_unit_test_setup(makes_any_registers_sound, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
