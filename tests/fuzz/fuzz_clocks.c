/* SPDX-License-Identifier: MIT */
/*
 * The real-time clock and ACPI's timer, by a clock that jumps. No line changes before the deadline, one
 * does at it, a line is what the registers say, and the time that is read is what the clock says.
 */
#include "devices/pc/acpi_pm.h"
#include "devices/pc/rtc.h"
#include "tests/fuzz/device_fuzz.h"

#define DAY_NS 86400000000000ull

static struct rtc rtc;
static struct acpi_pm pm;
static uint64_t now_ns, saved_ns, changes;
static bool levels[16];

static uint64_t read_clock(void *context)
{
	(void)context;
	return now_ns;
}

static void set_line(void *context, unsigned int number, bool level)
{
	(void)context;
	changes += levels[number] != level;
	levels[number] = level;
	fuzz_note(number << 1 | level);
	if (number == RTC_IRQ && level)
		acpi_pm_alarm(&pm);
}

static void clocks_start(void)
{
	const struct rtc_options rtc_options = {
		.now = read_clock,
		.epoch_ns = (int64_t)fuzz_below(1ull << 61),
		.irq = { .set = set_line, .number = RTC_IRQ },
	};
	const struct acpi_pm_options pm_options = {
		.now = read_clock,
		.irq = { .set = set_line, .number = ACPI_PM_IRQ },
	};

	now_ns = fuzz_below(1ull << 60);
	levels[RTC_IRQ] = levels[ACPI_PM_IRQ] = false;
	acpi_pm_init(&pm, &pm_options);
	rtc_init(&rtc, &rtc_options);
	fuzz_equal((uint64_t)bus_add(&fuzz_bus, BUS_PORT, RTC_PORT, RTC_PORTS, &rtc.dev, NULL), 0,
		   "bus_add()");
	fuzz_equal((uint64_t)bus_add(&fuzz_bus, BUS_PORT, ACPI_PM_PORT, ACPI_PM_PORTS, &pm.dev,
				     NULL),
		   0, "bus_add()");
}

static void out(uint8_t index, uint8_t value)
{
	fuzz_access(BUS_PORT, RTC_PORT, 1, true, index);
	fuzz_access(BUS_PORT, RTC_PORT + 1, 1, true, value);
}

static uint8_t in(uint8_t index)
{
	fuzz_access(BUS_PORT, RTC_PORT, 1, true, index);
	return (uint8_t)fuzz_access(BUS_PORT, RTC_PORT + 1, 1, false, 0);
}

/* A driver that sets an alarm and interrupts, in a format of the time. */
static void set_alarm(void)
{
	out(11, (uint8_t)(fuzz_below(8) << 4 | fuzz_below(4) << 1));
	out(10, 0x20 | (uint8_t)fuzz_below(16));
	out(1, fuzz_one_in(3) ? 0xc0 : (uint8_t)fuzz_below(0x60));
	out(3, fuzz_one_in(3) ? 0xc0 : (uint8_t)fuzz_below(0x60));
	out(5, fuzz_one_in(3) ? 0xff : (uint8_t)fuzz_below(0x24));
	fuzz_access(BUS_PORT, ACPI_PM_PORT + 2, 2, true, fuzz_value());
}

static void wait_for_deadline(void)
{
	uint64_t deadline, before;

	bus_expire(&fuzz_bus);
	deadline = bus_deadline(&fuzz_bus);
	if (deadline == UINT64_MAX) {
		fuzz_note(1);
		return;
	}
	fuzz_expect(deadline > now_ns, "a deadline that is over");
	fuzz_note(deadline - now_ns);
	/* Time ends in the year 2262. */
	if (deadline - now_ns > DAY_NS)
		return;
	before = changes;
	now_ns = deadline - 1;
	bus_expire(&fuzz_bus);
	fuzz_equal(changes, before, "an interrupt before the deadline");
	now_ns = deadline;
	bus_expire(&fuzz_bus);
	fuzz_expect(changes != before, "no interrupt at the deadline");
}

/* Seconds since midnight, of a clock in binary with 24 hours. */
static uint64_t second_of_day(void)
{
	return in(4) * 3600ull + in(2) * 60ull + in(0);
}

static void watch_time(void)
{
	uint64_t before, jump = fuzz_below(DAY_NS);

	/* As Linux sets it up, running. */
	out(10, 0x26);
	out(11, 0x06);
	in(12);
	now_ns += 500000000;
	before = second_of_day();
	now_ns += jump / 1000000000 * 1000000000;
	fuzz_equal(second_of_day(), (before + jump / 1000000000) % 86400, "the time of day");
}

static void check(void)
{
	const struct rtc_registers *r = &rtc.registers;

	fuzz_equal(levels[RTC_IRQ], (r->bytes[12] & r->bytes[11] & 0x70) != 0, "the RTC's line");
	fuzz_equal(levels[ACPI_PM_IRQ], (pm.registers.status & pm.registers.enable) != 0,
		   "the SCI");
}

static void clocks_step(void)
{
	switch (fuzz_below(6)) {
	case 0:
		set_alarm();
		break;
	case 1:
		wait_for_deadline();
		break;
	case 2:
		now_ns += fuzz_below(fuzz_one_in(20) ? DAY_NS * 3 : 2000000000);
		bus_expire(&fuzz_bus);
		break;
	case 3:
		if (fuzz_one_in(4))
			watch_time();
		else if (fuzz_one_in(20))
			bus_reset(&fuzz_bus);
		break;
	default:
		fuzz_random_access();
		break;
	}
	check();
}

/* Time goes on for these: the copy is of the same moment, or the outcome is another one. */
static void clocks_save(void)
{
	saved_ns = now_ns;
}

static void clocks_restore(void)
{
	check();
}

static void before_restore(void)
{
	now_ns = saved_ns;
}

const struct fuzz_target fuzz_clocks = {
	.name = "clocks",
	.start = clocks_start,
	.step = clocks_step,
	.save = clocks_save,
	.before_restore = before_restore,
	.restore = clocks_restore,
};
