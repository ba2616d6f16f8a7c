/* SPDX-License-Identifier: MIT */
/* Images' measurement of the clock, on a machine that is made up: its CPU may be away at any reading of a counter. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdbool.h>
#include <stdint.h>
/* Of the start-up code, which no library has. */
#include "image/start/hardware/measure.c"

#define NS_PER_MS 1000000ull

/* What a reading takes, of the TSC and of a device. */
#define TSC_NS	  20
#define DEVICE_NS 1000

#define TSC_KHZ 2000000ull

static struct {
	uint64_t now;		 /* ns */
	unsigned int readings;	 /* of either counter */
	unsigned int away_at;	 /* before that reading */
	unsigned int away_count; /* and before as many more, each as far from the last */
	uint64_t away_ns;
	uint64_t stops_at;
	uint64_t hz, mask; /* of the device */
} machine;

static void read_counter(uint64_t takes)
{
	if (machine.away_count && machine.readings == machine.away_at) {
		machine.now += machine.away_ns;
		machine.away_count--;
	}
	machine.readings++;
	machine.now += takes;
}

static uint64_t read_tsc(void)
{
	read_counter(TSC_NS);
	return machine.now * TSC_KHZ / 1000000;
}

static uint64_t read_device(void)
{
	uint64_t now;

	read_counter(DEVICE_NS);
	now = machine.now < machine.stops_at ? machine.now : machine.stops_at;
	return now * machine.hz / 1000000000 & machine.mask;
}

/* One of so many bits, of which 2 ms are to be counted. */
static struct measure device(uint64_t hz, unsigned int bits)
{
	machine.now = 123456789;
	machine.readings = 0;
	machine.away_count = 0;
	machine.stops_at = UINT64_MAX;
	machine.hz = hz;
	machine.mask = (1ull << bits) - 1;
	return (struct measure){ read_device, read_tsc, machine.mask, hz * 2 / 1000 };
}

static void go_away(unsigned int at, uint64_t ns)
{
	machine.away_at = at;
	machine.away_count = 1;
	machine.away_ns = ns;
}

/* Within a thousandth of it. */
static bool is_right(struct measured measured)
{
	const uint64_t khz =
		measured.known ? measured.unknown * (machine.hz / 1000) / measured.known : 0;

	return khz > TSC_KHZ - TSC_KHZ / 1000 && khz < TSC_KHZ + TSC_KHZ / 1000;
}

static void test_is_right(void **state)
{
	/* HPET, ACPI's timer. */
	struct measure hpet = device(100000000, 32), pm_timer;

	(void)state;
	assert_true(is_right(measure_once(&hpet)));
	assert_in_range(machine.now - 123456789, 2 * NS_PER_MS, 3 * NS_PER_MS);
	pm_timer = device(3579545, 24);
	assert_true(is_right(measure_once(&pm_timer)));
}

/* At each of its readings, one after the other, for longer than it measures. */
static void test_cpu_is_away(void **state)
{
	unsigned int at, readings;

	(void)state;
	for (at = 0, readings = 1; at < readings; at++) {
		struct measure measure = device(100000000, 32);

		go_away(at, 40 * NS_PER_MS);
		if (!is_right(measure_once(&measure)))
			fail_msg("away before reading %u", at);
		readings = machine.readings;
	}
	/* Of a CPU that is away in the middle, the measurement is over soon. */
	assert_in_range(at, 3 * LOOKS, 10000);
}

/* The PIT: in 60 ms it begins anew. One measurement is wrong then, in most places, and the slowest of three right. */
static void test_counter_begins_anew(void **state)
{
	unsigned int at, readings, wrong = 0;

	(void)state;
	for (at = 0, readings = 1; at < readings; at++) {
		struct measure measure = device(1193182, 16);

		go_away(at, 60 * NS_PER_MS);
		wrong += !is_right(measure_once(&measure));
		measure = device(1193182, 16);
		go_away(at, 60 * NS_PER_MS);
		if (!is_right(measure_slowest(&measure)))
			fail_msg("away before reading %u", at);
		readings = machine.readings;
	}
	assert_in_range(wrong, 10, at);
}

static void test_none(void **state)
{
	struct measure measure = device(100000000, 32);

	(void)state;
	/* It stands still: found out soon. */
	machine.stops_at = 0;
	assert_int_equal(measure_once(&measure).known, 0);
	assert_in_range(machine.readings, FIRST_READINGS, FIRST_READINGS + 100);
	assert_int_equal(measure_slowest(&measure).known, 0);
	/* It stops before the end: found out at last. */
	measure = device(100000000, 32);
	machine.stops_at = machine.now + NS_PER_MS;
	assert_int_equal(measure_once(&measure).known, 0);
	assert_in_range(machine.readings, READINGS, READINGS + 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_right),
		cmocka_unit_test(test_cpu_is_away),
		cmocka_unit_test(test_counter_begins_anew),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
