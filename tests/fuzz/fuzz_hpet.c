/* SPDX-License-Identifier: MIT */
/*
 * The HPET, by a clock that jumps. No line changes before the deadline, a deadline lies ahead, lines
 * change only when they do, and none is high that no timer's status explains.
 */
#include "devices/pc/hpet.h"
#include "tests/fuzz/device_fuzz.h"

static struct hpet hpet;
static uint64_t clock_ns, changes;
static uint32_t high;

static uint64_t read_clock(void *context)
{
	return *(uint64_t *)context;
}

static void set_line(void *context, unsigned int number, bool level)
{
	(void)context;
	fuzz_expect(number < 32, "a line that there is none of");
	fuzz_expect((high >> number & 1) != level, "a line set to what it is");
	high = level ? high | 1u << number : high & ~(1u << number);
	changes++;
	fuzz_note(number << 1 | level);
}

static void hpet_start(void)
{
	const struct hpet_options options = {
		.now = read_clock,
		.now_context = &clock_ns,
		.irq = { .set = set_line },
		.routes = HPET_ROUTES | (uint32_t)fuzz_random(),
	};

	clock_ns = fuzz_one_in(4) ? fuzz_below(100) : fuzz_below(1ull << 62);
	high = 0;
	hpet_init(&hpet, &options);
	fuzz_equal((uint64_t)bus_add(&fuzz_bus, BUS_MEMORY, HPET_BASE, HPET_SIZE, &hpet.dev, NULL),
		   0, "bus_add()");
}

static void put(uint64_t offset, uint64_t value)
{
	fuzz_access(BUS_MEMORY, HPET_BASE + offset, 8, true, value);
}

/* A timer as drivers set it: soon, and with a period that is not too short. */
static void set_timer(void)
{
	uint64_t timer = 0x100 + fuzz_below(HPET_TIMERS) * 0x20;

	put(timer, fuzz_random() & 0x3f4e);
	put(timer + 8, hpet.registers.seen + fuzz_below(1000));
	if (fuzz_below(2))
		put(timer + 8, fuzz_below(1000));
	put(0x10, fuzz_one_in(8) ? fuzz_below(4) : 1 | fuzz_below(4));
}

static void wait_for_deadline(void)
{
	uint64_t deadline = hpet_deadline(&hpet), before;

	if (deadline == UINT64_MAX) {
		fuzz_note(1);
		return;
	}
	fuzz_note(deadline - clock_ns);
	fuzz_expect(deadline > clock_ns, "a deadline that is over");
	fuzz_equal(hpet_deadline(&hpet), deadline, "asked again, another deadline");
	if (deadline - clock_ns > 1ull << 60)
		return;
	before = changes;
	clock_ns = deadline - 1;
	hpet_expire(&hpet);
	fuzz_equal(changes, before, "an interrupt before the deadline");
	clock_ns = deadline;
	hpet_expire(&hpet);
	fuzz_expect(changes != before || high, "no interrupt at the deadline");
}

static void check(void)
{
	const struct hpet_registers *r = &hpet.registers;

	fuzz_equal(hpet.high, high, "lines are not what it believes");
	fuzz_expect(!high || (r->status && r->config & 1), "a line is high for no reason");
	fuzz_expect(!(r->status >> HPET_TIMERS), "status of timers that there are none of");
}

static void hpet_step(void)
{
	switch (fuzz_below(5)) {
	case 0:
		set_timer();
		break;
	case 1:
		wait_for_deadline();
		break;
	case 2:
		clock_ns += fuzz_below(fuzz_one_in(30) ? 1ull << 45 : 20000);
		hpet_expire(&hpet);
		break;
	default:
		fuzz_random_access();
		break;
	}
	check();
}

/* The clock has gone on meanwhile, as clocks do: the copy is of some time ago. */
const struct fuzz_target fuzz_hpet = {
	.name = "hpet",
	.start = hpet_start,
	.step = hpet_step,
	.restore = check,
};
