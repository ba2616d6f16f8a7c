/* SPDX-License-Identifier: MIT */
/* The real-time clock, by the MC146818A data sheet, on a clock that the tests move. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "devices/pc/rtc.h"

#define S  1000000000ull
#define MS 1000000ull

/* 2024-02-29 23:59:58 UTC, a Thursday, as `date -u -d @1709251198` says. */
#define LEAP_DAY 1709251198ll

#define A 10
#define B 11
#define C 12
#define D 13

static struct bus bus;
static struct rtc rtc;
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
	assert_int_equal(number, RTC_IRQ);
	rises += to && !level;
	level = to;
}

static int make_at(int64_t seconds)
{
	const struct rtc_options options = {
		.now = read_now,
		.epoch_ns = seconds * (int64_t)S - (int64_t)now,
		.irq = { .set = set_line, .number = RTC_IRQ },
	};

	level = false;
	rises = 0;
	bus_init(&bus);
	rtc_init(&rtc, &options);
	return bus_add(&bus, BUS_PORT, RTC_PORT, RTC_PORTS, &rtc.dev, NULL);
}

static int make(void **state)
{
	(void)state;
	now = 5000 * S;
	return make_at(LEAP_DAY);
}

static uint8_t in(uint8_t index)
{
	uint8_t value = 0x55;

	assert_int_equal(bus_write(&bus, BUS_PORT, 0x70, &index, 1), BUS_DONE);
	assert_int_equal(bus_read(&bus, BUS_PORT, 0x71, &value, 1), BUS_DONE);
	return value;
}

static void out(uint8_t index, uint8_t value)
{
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x70, &index, 1), BUS_DONE);
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x71, &value, 1), BUS_DONE);
}

static void assert_time(const char *expected)
{
	char text[64];

	snprintf(text, sizeof(text), "%02x%02x-%02x-%02x %02x:%02x:%02x, day %x", in(0x32), in(9),
		 in(8), in(7), in(4), in(2), in(0), in(6));
	assert_string_equal(text, expected);
}

static void shows_the_hosts_time_in_bcd(void **state)
{
	(void)state;
	assert_int_equal(in(B), 0x02);
	assert_int_equal(in(A), 0x26);
	assert_int_equal(in(D), 0x80);
	assert_time("2024-02-29 23:59:58, day 5");
	now += 2 * S;
	assert_time("2024-03-01 00:00:00, day 6");
	now += 366 * 86400 * S;
	assert_time("2025-03-02 00:00:00, day 1");
	make_at(4107542400ll); /* 2100 is no leap year */
	assert_time("2100-03-01 00:00:00, day 2");
	make_at(-1);
	assert_time("1969-12-31 23:59:59, day 4");
}

static void binary_and_12_hours(void **state)
{
	(void)state;
	out(B, 0x06);
	assert_time("1418-02-1d 17:3b:3a, day 5");
	out(B, 0x00);
	assert_int_equal(in(4), 0x91); /* 11 PM */
	out(B, 0x04);
	assert_int_equal(in(4), 0x8b);
	now += 2 * S;
	assert_int_equal(in(4), 12); /* midnight is 12 AM */
	now += 12 * 3600 * S;
	assert_int_equal(in(4), 0x8c); /* noon is 12 PM */
	out(B, 0x00);
	assert_int_equal(in(4), 0x92);
}

static void set_bit_holds_the_time(void **state)
{
	(void)state;
	out(B, 0x82);
	now += 100 * S;
	assert_time("2024-02-29 23:59:58, day 5");
	assert_int_equal(in(A)&0x80, 0);
	out(0x32, 0x19);
	out(9, 0x99);
	out(8, 0x12);
	out(7, 0x31);
	out(4, 0x12);
	out(2, 0x34);
	out(0, 0x56);
	now += 100 * S;
	out(B, 0x02);
	assert_time("1999-12-31 12:34:56, day 6");
	now += 12 * 3600 * S;
	assert_time("2000-01-01 00:34:56, day 7");
	/* Also without the bit. */
	out(2, 0x07);
	assert_time("2000-01-01 00:07:56, day 7");
}

static void every_format_is_taken_back(void **state)
{
	static const uint8_t formats[] = { 0x00, 0x02, 0x04, 0x06 };
	uint8_t bytes[10], century;
	unsigned int i, hour, j;

	(void)state;
	for (i = 0; i < 4; i++)
		for (hour = 0; hour < 24; hour++) {
			make_at(LEAP_DAY - 23 * 3600 + (int64_t)hour * 3600);
			out(B, formats[i]);
			out(B, 0x80 | formats[i]);
			for (j = 0; j < 10; j++)
				bytes[j] = in((uint8_t)j);
			century = in(0x32);
			now += 50 * S;
			for (j = 0; j < 10; j++)
				out((uint8_t)j, bytes[j]);
			out(0x32, century);
			out(B, formats[i]);
			out(B, 0x06);
			assert_int_equal(in(4), hour);
			assert_int_equal(in(2), 59);
			assert_int_equal(in(0), 58);
			assert_int_equal(in(7), 29);
		}
}

static void divider_holds_and_starts_half_a_second_off(void **state)
{
	(void)state;
	now += 900 * MS;
	out(A, 0x70);
	now += 10 * S;
	assert_time("2024-02-29 23:59:58, day 5");
	out(A, 0x26);
	now += 499 * MS;
	assert_int_equal(in(0), 0x58);
	assert_int_equal(in(A), 0xa6);
	now += MS;
	assert_int_equal(in(0), 0x59);
	assert_int_equal(in(A), 0x26);
}

/* Table 6: 244 us before the update and 1984 us while it lasts. */
static void update_in_progress(void **state)
{
	(void)state;
	now += S - 2228001;
	assert_int_equal(in(A), 0x26);
	now += 1;
	assert_int_equal(in(A), 0xa6);
	now += 2227999;
	assert_int_equal(in(A), 0xa6);
	assert_int_equal(in(0), 0x58);
	now += 1;
	assert_int_equal(in(A), 0x26);
	assert_int_equal(in(0), 0x59);
}

static void flags_come_without_interrupts(void **state)
{
	(void)state;
	assert_int_equal(in(C), 0);
	now += 977 * 1000; /* 1024 Hz */
	assert_int_equal(in(C), 0x40);
	assert_int_equal(in(C), 0);
	now += S;
	assert_int_equal(in(C), 0x50);
	assert_true(bus_deadline(&bus) == UINT64_MAX);
	assert_int_equal(rises, 0);
}

static void expire_at_deadline(uint64_t expected)
{
	assert_true(bus_deadline(&bus) == expected);
	now = expected - 1;
	bus_expire(&bus);
	assert_false(level);
	now = expected;
	bus_expire(&bus);
	assert_true(level);
	/* The flag is set: nothing more is due until it is read. */
	assert_true(bus_deadline(&bus) == UINT64_MAX);
}

static void update_ended_interrupt(void **state)
{
	uint64_t start = now;

	(void)state;
	out(B, 0x12);
	expire_at_deadline(start + S);
	assert_int_equal(in(C), 0xd0);
	assert_false(level);
	expire_at_deadline(start + 2 * S);
	/* Setting the time turns it off. */
	out(B, 0x92);
	assert_int_equal(in(B), 0x82);
	assert_false(level);
}

static void periodic_interrupt(void **state)
{
	/* Table 5: the two fastest rates are those of 8 and 9 at 32 kHz. */
	static const struct {
		uint8_t rate;
		uint32_t hertz;
	} rates[] = { { 1, 256 }, { 2, 128 }, { 3, 8192 }, { 6, 1024 }, { 9, 128 }, { 15, 2 } };
	unsigned int i, times;
	uint64_t start, end;

	(void)state;
	for (i = 0; i < 6; i++) {
		make(NULL);
		out(A, 0x20 | rates[i].rate);
		start = now;
		out(B, 0x42);
		for (times = 0; times < rates[i].hertz; times++) {
			end = bus_deadline(&bus);
			assert_true(end > now);
			now = end;
			bus_expire(&bus);
			assert_true(level);
			assert_int_equal(in(C)&0xc0, 0xc0);
		}
		assert_true(end == start + S);
	}
	out(A, 0x20);
	assert_true(bus_deadline(&bus) == UINT64_MAX);
}

static void alarm_interrupt(void **state)
{
	uint64_t start = now;

	(void)state;
	/* At 00:00:03 of the next day. */
	out(1, 0x03);
	out(3, 0x00);
	out(5, 0x00);
	out(B, 0x22);
	expire_at_deadline(start + 5 * S);
	assert_int_equal(in(C)&0xa0, 0xa0);
	expire_at_deadline(start + (5 + 86400) * S);
	in(C);
	/* Bytes from 0xc0 on match all. */
	out(1, 0xc0);
	out(3, 0xff);
	out(5, 0xc0);
	expire_at_deadline(start + (6 + 86400) * S);
	in(C);
	/* One that never comes. */
	out(1, 0x61);
	assert_true(bus_deadline(&bus) == UINT64_MAX);
	now += 200000 * S;
	assert_int_equal(in(C)&0x20, 0);
}

static void alarm_of_a_long_while_ago(void **state)
{
	(void)state;
	out(1, 0x30);
	out(3, 0x30);
	out(5, 0x12);
	in(C);
	now += 12 * 3600 * S;
	assert_int_equal(in(C)&0x20, 0);
	now += 24 * 3600 * S;
	assert_int_equal(in(C)&0x20, 0x20);
}

static void reset_keeps_time_and_bytes(void **state)
{
	(void)state;
	out(0x40, 0x99);
	out(2, 0x11);
	out(B, 0x7a);
	now += 2 * S;
	bus_expire(&bus);
	assert_true(level);
	bus_reset(&bus);
	assert_false(level);
	assert_int_equal(in(B), 0x02);
	assert_int_equal(in(0x40), 0x99);
	assert_time("2024-02-29 23:12:00, day 5");
	assert_int_equal(in(C), 0);
}

static void ports(void **state)
{
	uint8_t value = 0x55;
	uint16_t word = 0x9a41;

	(void)state;
	/* The index can't be read; its bit 7 is the NMI's. */
	out(0xc0, 7);
	assert_int_equal(in(0x40), 7);
	assert_int_equal(bus_read(&bus, BUS_PORT, 0x70, &value, 1), BUS_DONE);
	assert_int_equal(value, 0x55);
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x70, &word, 2), BUS_DONE);
	assert_int_equal(in(0x41), 0x9a);
	/* C and D are read only. */
	out(D, 0);
	out(C, 0xff);
	assert_int_equal(in(D), 0x80);
	assert_int_equal(in(C), 0);
	out(A, 0xa6);
	assert_int_equal(in(A), 0x26);
}

static void memory_sizes(void **state)
{
	(void)state;
	rtc_set_memory(&rtc, 0xc0000000, 5ull << 30, 2);
	assert_int_equal(in(0x15) | in(0x16) << 8, 640);
	assert_int_equal(in(0x17) | in(0x18) << 8, 0xffff);
	assert_int_equal(in(0x30) | in(0x31) << 8, 0xffff);
	assert_int_equal(in(0x34) | in(0x35) << 8, (0xc0000000 - 0x1000000) >> 16);
	assert_int_equal(in(0x5b) | in(0x5c) << 8 | in(0x5d) << 16, (5ull << 30) >> 16);
	assert_int_equal(in(0x5f), 1);
	rtc_set_memory(&rtc, 16 << 20, 0, 1);
	assert_int_equal(in(0x17) | in(0x18) << 8, 15 << 10);
	assert_int_equal(in(0x34) | in(0x35) << 8, 0);
	assert_int_equal(in(0x5f), 0);
	rtc_set_byte(&rtc, RTC_SHUTDOWN_STATUS, 0xfe);
	assert_int_equal(in(0x0f), 0xfe);
	out(0x0f, 0x0a);
	assert_int_equal(rtc_byte(&rtc, RTC_SHUTDOWN_STATUS), 0x0a);
}

static void snapshot(void **state)
{
	static struct rtc_registers saved;

	(void)state;
	assert_int_equal(bus_state_size(&bus), sizeof(saved));
	out(4, 0x05);
	out(B, 0x12);
	now += S;
	bus_expire(&bus);
	assert_true(level);
	bus_save(&bus, &saved);
	in(C);
	out(4, 0x17);
	now += 3 * S;
	bus_restore(&bus, &saved);
	assert_true(level);
	/* The difference to the host's time is what was saved: time itself went on. */
	assert_time("2024-02-29 06:00:02, day 5");
	assert_int_equal(in(C)&0x90, 0x90);
	/* What no guest could have made of it. */
	memset(&saved, 0xff, sizeof(saved));
	bus_restore(&bus, &saved);
	assert_int_equal(in(D), 0x80);
	assert_int_equal(in(0x7f), 0xff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(shows_the_hosts_time_in_bcd, make),
		cmocka_unit_test_setup(binary_and_12_hours, make),
		cmocka_unit_test_setup(set_bit_holds_the_time, make),
		cmocka_unit_test_setup(every_format_is_taken_back, make),
		cmocka_unit_test_setup(divider_holds_and_starts_half_a_second_off, make),
		cmocka_unit_test_setup(update_in_progress, make),
		cmocka_unit_test_setup(flags_come_without_interrupts, make),
		cmocka_unit_test_setup(update_ended_interrupt, make),
		cmocka_unit_test_setup(periodic_interrupt, make),
		cmocka_unit_test_setup(alarm_interrupt, make),
		cmocka_unit_test_setup(alarm_of_a_long_while_ago, make),
		cmocka_unit_test_setup(reset_keeps_time_and_bytes, make),
		cmocka_unit_test_setup(ports, make),
		cmocka_unit_test_setup(memory_sizes, make),
		cmocka_unit_test_setup(snapshot, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
