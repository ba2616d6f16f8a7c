/* SPDX-License-Identifier: MIT */
/* The HPET, by a clock that the test turns. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "devices/pc/hpet.h"

#define CONFIG	0x010
#define STATUS	0x020
#define COUNTER 0x0f0

#define TIMER(n) (0x100u + (n)*0x20u)
#define VALUE(n) (TIMER(n) + 8)

#define LEVEL	   (1u << 1)
#define ENABLE	   (1u << 2)
#define PERIODIC   (1u << 3)
#define SET_VALUE  (1u << 6)
#define MODE_32	   (1u << 8)
#define ROUTE(pin) ((pin) << 9)

static struct bus bus;
static struct hpet hpet;
static uint64_t clock_ns;
static unsigned int edges[32];
static uint32_t high;

static uint64_t read_clock(void *context)
{
	return *(uint64_t *)context;
}

static void set_line(void *context, unsigned int number, bool level)
{
	(void)context;
	assert_uint_in_range(number, 0, 31);
	assert_int_not_equal(high >> number & 1, level);
	edges[number] += level;
	high = level ? high | 1u << number : high & ~(1u << number);
}

static int make(void **state)
{
	const struct hpet_options options = {
		.now = read_clock,
		.now_context = &clock_ns,
		.irq = { .set = set_line },
		.routes = HPET_ROUTES,
	};

	(void)state;
	clock_ns = 1234567;
	high = 0;
	memset(edges, 0, sizeof(edges));
	bus_init(&bus);
	hpet_init(&hpet, &options);
	return bus_add(&bus, BUS_MEMORY, HPET_BASE, HPET_SIZE, &hpet.dev, NULL);
}

static uint64_t get(uint64_t offset)
{
	uint64_t value = 0x5555555555555555;

	assert_int_equal(bus_read(&bus, BUS_MEMORY, HPET_BASE + offset, &value, 8), BUS_DONE);
	return value;
}

static void put(uint64_t offset, uint64_t value)
{
	assert_int_equal(bus_write(&bus, BUS_MEMORY, HPET_BASE + offset, &value, 8), BUS_DONE);
}

static void put32(uint64_t offset, uint32_t value)
{
	assert_int_equal(bus_write(&bus, BUS_MEMORY, HPET_BASE + offset, &value, 4), BUS_DONE);
}

/* Let so many ticks pass, and have interrupts given only when the deadline says so. */
static void pass(uint64_t ticks)
{
	uint64_t end = clock_ns + ticks * 10, deadline;

	while ((deadline = hpet_deadline(&hpet)) <= end) {
		assert_true(deadline > clock_ns);
		clock_ns = deadline;
		hpet_expire(&hpet);
	}
	clock_ns = end;
}

static void capabilities(void **state)
{
	(void)state;
	/* 10 ns in fs; Intel; legacy routing; 64 bits; three timers; revision 1. */
	assert_true(get(0) == (10000000ull << 32 | 0x8086a201));
	for (unsigned int n = 0; n < HPET_TIMERS; n++)
		assert_true(get(TIMER(n)) == ((uint64_t)HPET_ROUTES << 32 | 0x30));
	put(0, 0);
	assert_true(get(0) == (10000000ull << 32 | 0x8086a201));
	assert_int_equal(get(TIMER(3)), 0);
	assert_int_equal(get(TIMER(0) + 0x10), 0);
}

static void counting(void **state)
{
	(void)state;
	assert_int_equal(get(COUNTER), 0);
	clock_ns += 1000;
	assert_int_equal(get(COUNTER), 0);
	put(CONFIG, 1);
	assert_int_equal(get(COUNTER), 0);
	clock_ns += 1009;
	assert_int_equal(get(COUNTER), 100);
	clock_ns += 1;
	assert_int_equal(get(COUNTER), 101);
	/* While it runs it is not to be written. */
	put(COUNTER, 7);
	assert_int_equal(get(COUNTER), 101);
	/* Turning other bits on loses no part of a tick. */
	clock_ns += 5;
	put(CONFIG, 3);
	clock_ns += 5;
	assert_int_equal(get(COUNTER), 102);
	put(CONFIG, 0);
	clock_ns += 1000;
	assert_int_equal(get(COUNTER), 102);
	put(COUNTER, 0x123456789abcdef0);
	assert_true(get(COUNTER) == 0x123456789abcdef0);
	put32(COUNTER + 4, 0);
	assert_true(get(COUNTER) == 0x9abcdef0);
	put(CONFIG, UINT64_MAX);
	assert_int_equal(get(CONFIG), 3);
	clock_ns += 100;
	assert_true(get(COUNTER) == 0x9abcdefa);
}

static void one_shot(void **state)
{
	(void)state;
	put(TIMER(0), ENABLE | ROUTE(20));
	put(VALUE(0), 100);
	assert_true(hpet_deadline(&hpet) == UINT64_MAX);
	put(CONFIG, 1);
	assert_true(hpet_deadline(&hpet) == clock_ns + 1000);
	clock_ns += 999;
	hpet_expire(&hpet);
	assert_int_equal(edges[20], 0);
	clock_ns += 1;
	hpet_expire(&hpet);
	assert_int_equal(edges[20], 1);
	assert_int_equal(high, 0);
	assert_int_equal(get(STATUS), 0);
	assert_true(hpet_deadline(&hpet) == UINT64_MAX);
	clock_ns += 1ull << 40;
	hpet_expire(&hpet);
	assert_int_equal(edges[20], 1);
	/* Set again; a look at the counter is as good as the deadline. */
	put(VALUE(0), get(COUNTER) + 50);
	clock_ns += 600;
	get(COUNTER);
	assert_int_equal(edges[20], 2);
}

static void periodic(void **state)
{
	(void)state;
	put(CONFIG, 1);
	clock_ns += 10000;
	put(TIMER(1), ENABLE | PERIODIC | SET_VALUE | ROUTE(17));
	/* As Linux does: first the comparator, then the period. */
	put(VALUE(1), get(COUNTER) + 300);
	put(VALUE(1), 200);
	assert_int_equal(get(VALUE(1)), 1300);
	assert_int_equal(get(TIMER(1)) & SET_VALUE, 0);
	pass(299);
	assert_int_equal(edges[17], 0);
	pass(1);
	assert_int_equal(edges[17], 1);
	pass(200 * 9);
	assert_int_equal(edges[17], 10);
	assert_int_equal(get(VALUE(1)), 1300 + 200 * 10);
	/* Many periods without a look give one, and the beat is kept. */
	clock_ns += 200 * 10 * 1000 + 500;
	hpet_expire(&hpet);
	assert_int_equal(edges[17], 11);
	assert_int_equal(get(VALUE(1)), 1300 + 200 * 1010);
	pass(150);
	assert_int_equal(edges[17], 12);
	/* Another period takes effect after the next match. */
	put(VALUE(1), 1000);
	pass(200);
	assert_int_equal(edges[17], 13);
	pass(999);
	assert_int_equal(edges[17], 13);
	pass(1);
	assert_int_equal(edges[17], 14);
}

/* A period of 0 and one of all ones: no division by it, no endless loop. */
static void odd_periods(void **state)
{
	(void)state;
	put(TIMER(0), ENABLE | PERIODIC | SET_VALUE | ROUTE(16));
	put(VALUE(0), 10);
	put(VALUE(0), 0);
	put(CONFIG, 1);
	clock_ns += 1ull << 50;
	hpet_expire(&hpet);
	assert_int_equal(edges[16], 1);
	assert_true(hpet_deadline(&hpet) == UINT64_MAX);
	put(TIMER(0), ENABLE | PERIODIC | SET_VALUE | ROUTE(16));
	put(VALUE(0), UINT64_MAX);
	hpet_deadline(&hpet);
	clock_ns = UINT64_MAX;
	hpet_expire(&hpet);
	put(TIMER(0), ENABLE | PERIODIC | SET_VALUE | ROUTE(16));
	put(VALUE(0), 1);
	hpet_expire(&hpet);
	hpet_deadline(&hpet);
}

static void level(void **state)
{
	(void)state;
	put(TIMER(2), ENABLE | LEVEL | ROUTE(23));
	put(VALUE(2), 10);
	put(CONFIG, 1);
	pass(10);
	assert_int_equal(high, 1u << 23);
	assert_int_equal(get(STATUS), 4);
	put(STATUS, 3);
	assert_int_equal(high, 1u << 23);
	put(STATUS, 4);
	assert_int_equal(high, 0);
	assert_int_equal(get(STATUS), 0);
	/* The status comes without interrupt, too, and turning that on raises the line. */
	put(TIMER(2), LEVEL | ROUTE(23));
	put(VALUE(2), get(COUNTER) + 10);
	clock_ns += 100;
	assert_int_equal(get(STATUS), 4);
	assert_int_equal(high, 0);
	put(TIMER(2), ENABLE | LEVEL | ROUTE(23));
	assert_int_equal(high, 1u << 23);
	/* To another route, and to an edge. */
	put(TIMER(2), ENABLE | LEVEL | ROUTE(22));
	assert_int_equal(high, 1u << 22);
	put(CONFIG, 0);
	assert_int_equal(high, 0);
	put(CONFIG, 1);
	assert_int_equal(high, 1u << 22);
	put(TIMER(2), ENABLE | ROUTE(22));
	assert_int_equal(high, 0);
	assert_int_equal(get(STATUS), 0);
}

/* Two timers on one line: it is high as long as either is. */
static void shared_line(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 3; n++) {
		put(TIMER(n), ENABLE | (n < 2 ? LEVEL : 0) | ROUTE(18));
		put(VALUE(n), 10 * (n + 1));
	}
	put(CONFIG, 1);
	pass(40);
	assert_int_equal(get(STATUS), 3);
	assert_int_equal(high, 1u << 18);
	/* An edge on a line that is high is none. */
	assert_int_equal(edges[18], 1);
	put(STATUS, 1);
	assert_int_equal(high, 1u << 18);
	put(STATUS, 2);
	assert_int_equal(high, 0);
}

static void legacy_replacement(void **state)
{
	(void)state;
	for (unsigned int n = 0; n < 3; n++) {
		put(TIMER(n), ENABLE | ROUTE(16 + n));
		put(VALUE(n), 10);
	}
	put(CONFIG, 3);
	pass(10);
	assert_int_equal(edges[0], 1);
	assert_int_equal(edges[8], 1);
	assert_int_equal(edges[18], 1);
	assert_int_equal(edges[16] + edges[17], 0);
}

static void routes(void **state)
{
	(void)state;
	for (unsigned int route = 0; route < 32; route++) {
		bool is_there = HPET_ROUTES >> route & 1;

		put(TIMER(0), ROUTE(20u));
		put(TIMER(0), ROUTE(route));
		assert_int_equal(get(TIMER(0)) >> 9 & 31, is_there ? route : 20);
	}
	/* After reset it is connected nowhere. */
	put(TIMER(1), ENABLE);
	put(VALUE(1), 10);
	put(CONFIG, 1);
	assert_true(hpet_deadline(&hpet) == UINT64_MAX);
	clock_ns += 1000;
	hpet_expire(&hpet);
	assert_int_equal(high, 0);
}

static void width_32(void **state)
{
	(void)state;
	put(COUNTER, 0xfffffff0);
	put(TIMER(0), ENABLE | MODE_32 | ROUTE(16));
	put(VALUE(0), 0xabcdef0000000010);
	assert_int_equal(get(VALUE(0)), 0x10);
	put(CONFIG, 1);
	assert_true(hpet_deadline(&hpet) == clock_ns + 0x20 * 10);
	pass(0x20);
	assert_int_equal(edges[16], 1);
	/* Once more each time round. */
	pass(0xffffffff);
	assert_int_equal(edges[16], 1);
	pass(1);
	assert_int_equal(edges[16], 2);
	put(TIMER(0), ENABLE | MODE_32 | PERIODIC | SET_VALUE | ROUTE(16));
	put(VALUE(0), 0xfffffff0);
	put(VALUE(0), 0x20);
	pass(0xffffffe0);
	assert_int_equal(edges[16], 3);
	assert_int_equal(get(VALUE(0)), 0x10);
	pass(0x20);
	assert_int_equal(edges[16], 4);
}

static void halves_and_odd_accesses(void **state)
{
	uint8_t data[16];

	(void)state;
	put32(VALUE(0), 0x11223344);
	put32(VALUE(0) + 4, 0x55667788);
	assert_true(get(VALUE(0)) == 0x5566778811223344);
	for (unsigned int size = 1; size <= sizeof(data); size++) {
		for (unsigned int offset = 0; offset < 16; offset++) {
			memset(data, 0, sizeof(data));
			if (!(size == 4 && offset % 4 == 0) && !(size == 8 && offset % 8 == 4))
				assert_int_equal(bus_write(&bus, BUS_MEMORY,
							   HPET_BASE + VALUE(0) - 4 + offset, data,
							   size),
						 BUS_DONE);
			memset(data, 0x55, sizeof(data));
			assert_int_equal(bus_read(&bus, BUS_MEMORY, HPET_BASE + VALUE(0) + offset,
						  data, size),
					 BUS_DONE);
		}
	}
	assert_true(get(VALUE(0)) == 0x5566778811223344);
	bus_read(&bus, BUS_MEMORY, HPET_BASE + VALUE(0) + 3, data, 2);
	assert_memory_equal(data, "\x11\x88", 2);
	bus_read(&bus, BUS_MEMORY, HPET_BASE + VALUE(0) + 6, data, 4);
	assert_memory_equal(data, "\x66\x55\0\0", 4);
	/* Every offset of the window. */
	for (unsigned int offset = 0; offset < HPET_SIZE; offset++)
		bus_read(&bus, BUS_MEMORY, HPET_BASE + offset, data, 8);
}

static void wakes(void **state)
{
	uint64_t count;

	(void)state;
	bus.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	get(COUNTER);
	assert_int_equal(read(bus.wake, &count, sizeof(count)), -1);
	put(VALUE(0), 10);
	assert_int_equal(read(bus.wake, &count, sizeof(count)), sizeof(count));
	close(bus.wake);
}

/* The counter goes on from where it was, whatever the clock did. */
static void snapshot(void **state)
{
	uint8_t saved[sizeof(struct hpet_registers)];

	(void)state;
	put(TIMER(0), ENABLE | PERIODIC | SET_VALUE | ROUTE(16));
	put(VALUE(0), 100);
	put(TIMER(1), ENABLE | LEVEL | ROUTE(17));
	put(VALUE(1), 10);
	put(CONFIG, 1);
	clock_ns += 505;
	assert_int_equal(high, 0);
	bus_save(&bus, saved);
	assert_int_equal(high, 1u << 17);
	pass(1000);
	put(STATUS, 2);
	put(CONFIG, 0);
	for (int i = 0; i < 2; i++) {
		clock_ns += 123456789;
		bus_restore(&bus, saved);
		assert_int_equal(high, 1u << 17);
		assert_int_equal(get(COUNTER), 50);
		/* Half a tick had passed. */
		clock_ns += 5;
		assert_int_equal(get(COUNTER), 51);
		memset(edges, 0, sizeof(edges));
		pass(48);
		assert_int_equal(edges[16], 0);
		pass(1);
		assert_int_equal(edges[16], 1);
		pass(100);
		assert_int_equal(edges[16], 2);
		put(STATUS, 2);
		assert_int_equal(high, 0);
	}
	bus_reset(&bus);
	assert_int_equal(get(COUNTER), 0);
	assert_int_equal(get(CONFIG), 0);
	/* Whatever it holds. */
	memset(saved, 0xff, sizeof(saved));
	bus_restore(&bus, saved);
	clock_ns += 1ull << 40;
	hpet_expire(&hpet);
	hpet_deadline(&hpet);
	bus_reset(&bus);
	assert_int_equal(high, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(capabilities, make),
		cmocka_unit_test_setup(counting, make),
		cmocka_unit_test_setup(one_shot, make),
		cmocka_unit_test_setup(periodic, make),
		cmocka_unit_test_setup(odd_periods, make),
		cmocka_unit_test_setup(level, make),
		cmocka_unit_test_setup(shared_line, make),
		cmocka_unit_test_setup(legacy_replacement, make),
		cmocka_unit_test_setup(routes, make),
		cmocka_unit_test_setup(width_32, make),
		cmocka_unit_test_setup(halves_and_odd_accesses, make),
		cmocka_unit_test_setup(wakes, make),
		cmocka_unit_test_setup(snapshot, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
