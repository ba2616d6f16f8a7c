/* SPDX-License-Identifier: MIT */
/* ACPI's fixed hardware (ACPI 6.5, 4.8.3), and the ports for reset and power-off. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "devices/pc/acpi_pm.h"
#include "devices/pc/power_off.h"
#include "devices/pc/reset_control.h"

#define S 1000000000ull

#define STATUS	0xb000
#define ENABLE	0xb002
#define CONTROL 0xb004
#define TIMER	0xb008

static struct bus bus;
static struct acpi_pm pm;
static struct reset_control reset_control;
static struct power_off power_off;
static uint64_t now;
static bool level;

static uint64_t read_now(void *context)
{
	(void)context;
	return now;
}

static void set_line(void *context, unsigned int number, bool to)
{
	(void)context;
	assert_int_equal(number, 9);
	level = to;
}

static int make(void **state)
{
	const struct acpi_pm_options options = {
		.now = read_now,
		.irq = { .set = set_line, .number = ACPI_PM_IRQ },
	};

	(void)state;
	now = 77 * S;
	level = false;
	bus_init(&bus);
	acpi_pm_init(&pm, &options);
	reset_control_init(&reset_control);
	power_off_init(&power_off);
	return bus_add(&bus, BUS_PORT, ACPI_PM_PORT, ACPI_PM_PORTS, &pm.dev, NULL) ||
	       bus_add(&bus, BUS_PORT, RESET_CONTROL_PORT, 1, &reset_control.dev, NULL) ||
	       power_off_add(&power_off, &bus, NULL);
}

static enum bus_result out(uint16_t port, uint32_t value, size_t size)
{
	return bus_write(&bus, BUS_PORT, port, &value, size);
}

static uint32_t in(uint16_t port, size_t size)
{
	uint32_t value = 0;

	assert_int_equal(bus_read(&bus, BUS_PORT, port, &value, size), BUS_DONE);
	return value;
}

static void timer_counts_3579545_hertz(void **state)
{
	(void)state;
	assert_int_equal(in(TIMER, 4), 0);
	now += S;
	assert_int_equal(in(TIMER, 4), 3579545);
	now += S / 2;
	assert_int_equal(in(TIMER, 4), 5369317);
	out(TIMER, 0, 4);
	assert_int_equal(in(TIMER, 4), 5369317);
	assert_int_equal(in(TIMER + 1, 1), 5369317 >> 8 & 0xff);
	/* All 32 bits, and around. */
	now += 1199 * S;
	assert_int_equal(in(TIMER, 4), (uint32_t)(3579545ull * 2401 / 2));
}

static void timer_carries_are_events(void **state)
{
	uint64_t half;

	(void)state;
	assert_true(bus_deadline(&bus) == UINT64_MAX);
	out(ENABLE, 1, 2);
	half = bus_deadline(&bus);
	/* 2^31 ticks are a little less than 600 s. */
	assert_true(half > 77 * S + 599 * S && half < 77 * S + 600 * S);
	now = half - 1;
	bus_expire(&bus);
	assert_false(level);
	assert_int_equal(in(TIMER, 4), 0x7fffffff);
	now = half;
	bus_expire(&bus);
	assert_true(level);
	assert_int_equal(in(TIMER, 4), 0x80000000);
	assert_int_equal(in(STATUS, 2), 1);
	assert_true(bus_deadline(&bus) == UINT64_MAX);
	out(STATUS, 1, 2);
	assert_false(level);
	/* Also when the top bit goes. */
	now = bus_deadline(&bus);
	bus_expire(&bus);
	assert_true(level);
	assert_int_equal(in(TIMER, 4), 0);
}

static void alarm_is_an_event(void **state)
{
	(void)state;
	acpi_pm_alarm(&pm);
	assert_int_equal(in(STATUS, 2), 0x400);
	assert_false(level);
	assert_false(acpi_pm_wakes(&pm));
	out(ENABLE, 0x400, 2);
	assert_true(level);
	assert_true(acpi_pm_wakes(&pm));
	assert_true(acpi_pm_heeds_alarm(&pm));
	/* Only a 1 clears, and by bytes as well. */
	out(STATUS, 0x0000, 2);
	out(STATUS, 0xff, 1);
	assert_true(level);
	out(STATUS + 1, 0x04, 1);
	assert_false(level);
	assert_int_equal(in(STATUS, 4), 0x04000000);
}

static void unknown_bits_stay_0(void **state)
{
	(void)state;
	out(ENABLE, 0xffff, 2);
	assert_int_equal(in(ENABLE, 2), 0x0721);
	assert_int_equal(in(CONTROL, 2), 1);
	assert_int_equal(out(CONTROL, 0xdffe, 2), BUS_DONE);
	assert_int_equal(in(CONTROL, 2), 0x1c03);
	/* Between the control block and the timer there is nothing. */
	out(CONTROL + 2, 0xffff, 2);
	assert_int_equal(in(CONTROL + 2, 2), 0);
	/* An access may begin in one register and end in the next. */
	out(ENABLE, 0x04000100, 4);
	assert_int_equal(in(ENABLE, 4), 0x04010100);
}

static void sleep_types(void **state)
{
	uint32_t type;

	(void)state;
	for (type = 0; type < 8; type++) {
		enum bus_result result = out(CONTROL, type << 10 | 0x2000, 2);

		assert_int_equal(result, type < 2 ? BUS_SHUTDOWN : BUS_DONE);
		if (type < 2)
			assert_int_equal(bus.end, type ? BUS_END_SLEEP : BUS_END_POWER_OFF);
		assert_int_equal(in(CONTROL, 2) & 0x2000, 0);
	}
	/* By a byte. */
	out(CONTROL, 0, 2);
	assert_int_equal(out(CONTROL + 1, 0x20, 1), BUS_SHUTDOWN);
	assert_int_equal(bus.end, BUS_END_POWER_OFF);
}

static void wake(void **state)
{
	(void)state;
	out(ENABLE, 0x400, 2);
	assert_int_equal(out(CONTROL, 0x2400, 2), BUS_SHUTDOWN);
	acpi_pm_alarm(&pm);
	bus_reset(&bus);
	assert_int_equal(in(STATUS, 2), 0x8400);
	assert_int_equal(in(ENABLE, 2), 0x400);
	assert_int_equal(in(CONTROL, 2), 1);
	/* The next reset is one. */
	bus_reset(&bus);
	assert_int_equal(in(STATUS, 4), 0);
	assert_false(level);
}

static void reset_control_resets(void **state)
{
	(void)state;
	assert_int_equal(out(0xcf9, 2, 1), BUS_DONE);
	assert_int_equal(out(0xcf9, 6, 1), BUS_SHUTDOWN);
	assert_int_equal(bus.end, BUS_END_RESET);
	/* Only the rise counts. */
	assert_int_equal(out(0xcf9, 6, 1), BUS_DONE);
	assert_int_equal(in(0xcf9, 1), 6);
	assert_int_equal(out(0xcf9, 0, 1), BUS_DONE);
	assert_int_equal(out(0xcf9, 4, 1), BUS_SHUTDOWN);
	assert_int_equal(bus.end, BUS_END_INIT);
	bus_reset(&bus);
	assert_int_equal(in(0xcf9, 1), 0);
	assert_int_equal(out(0xcf9, 0x0e, 1), BUS_SHUTDOWN);
	assert_int_equal(bus.end, BUS_END_RESET);
	bus_reset(&bus);
	assert_int_equal(out(0xcf9, 0xf1, 1), BUS_DONE);
	assert_int_equal(in(0xcf9, 1), 0);
}

static void power_off_ports(void **state)
{
	static const struct {
		uint16_t port;
		uint32_t value;
		size_t size;
	} right[] = { { 0x604, 0x2000, 2 }, { 0x600, 0x34, 1 }, { 0x4004, 0x3400, 2 } };
	unsigned int i;
	uint32_t value;

	(void)state;
	for (i = 0; i < 3; i++) {
		for (value = 0; value < 0x10000; value++)
			if (value != right[i].value &&
			    (right[i].size == 2 || (value & 0xff) != right[i].value))
				assert_int_equal(out(right[i].port, value, right[i].size),
						 BUS_DONE);
		assert_int_equal(out(right[i].port, right[i].value, right[i].size), BUS_SHUTDOWN);
		assert_int_equal(bus.end, BUS_END_POWER_OFF);
		assert_int_equal(in(right[i].port, right[i].size), 0);
	}
	assert_int_equal(out(0x604, 0, 1), BUS_DONE);
	assert_int_equal(out(0x605, 0x2000, 2), BUS_DONE);
}

static enum bus_result spell(const char *text)
{
	enum bus_result result = BUS_DONE;

	for (; *text; text++)
		result = out(0x8900, (uint8_t)*text, 1);
	return result;
}

static void power_off_by_a_word(void **state)
{
	(void)state;
	assert_int_equal(spell("Shutdow"), BUS_DONE);
	assert_int_equal(spell("n"), BUS_SHUTDOWN);
	assert_int_equal(bus.end, BUS_END_POWER_OFF);
	assert_int_equal(spell("n"), BUS_DONE);
	assert_int_equal(spell("Shutdowm"), BUS_DONE);
	assert_int_equal(spell("shutdown"), BUS_DONE);
	assert_int_equal(spell("SShutdown"), BUS_SHUTDOWN);
	assert_int_equal(spell("Shut"), BUS_DONE);
	bus_reset(&bus);
	assert_int_equal(spell("down"), BUS_DONE);
}

static void snapshot(void **state)
{
	static uint8_t saved[sizeof(struct acpi_pm_registers) + 2], damaged[sizeof(saved)];

	(void)state;
	assert_int_equal(bus_state_size(&bus), sizeof(saved));
	now += 3 * S;
	out(ENABLE, 0x400, 2);
	acpi_pm_alarm(&pm);
	out(0xcf9, 2, 1);
	spell("Shut");
	bus_save(&bus, saved);
	bus_reset(&bus);
	assert_false(level);
	now += 1000 * S;
	bus_restore(&bus, saved);
	assert_true(level);
	/* The timer goes on from where it was. */
	assert_int_equal(in(TIMER, 4), 3 * 3579545);
	now += S;
	assert_int_equal(in(TIMER, 4), 4 * 3579545);
	assert_int_equal(in(STATUS, 4), 0x04000400);
	assert_int_equal(in(0xcf9, 1), 2);
	assert_int_equal(spell("down"), BUS_SHUTDOWN);
	memset(damaged, 0xff, sizeof(damaged));
	bus_restore(&bus, damaged);
	assert_int_equal(in(STATUS, 4), 0x07218731);
	assert_int_equal(spell("Shutdown"), BUS_SHUTDOWN);
	assert_true(bus_deadline(&bus) > now);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(timer_counts_3579545_hertz, make),
		cmocka_unit_test_setup(timer_carries_are_events, make),
		cmocka_unit_test_setup(alarm_is_an_event, make),
		cmocka_unit_test_setup(unknown_bits_stay_0, make),
		cmocka_unit_test_setup(sleep_types, make),
		cmocka_unit_test_setup(wake, make),
		cmocka_unit_test_setup(reset_control_resets, make),
		cmocka_unit_test_setup(power_off_ports, make),
		cmocka_unit_test_setup(power_off_by_a_word, make),
		cmocka_unit_test_setup(snapshot, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
