/* SPDX-License-Identifier: MIT */
/* Tests of the timer's driver against a mock of the timer. */
#include <ring0.h>
#include <ring0/x86.h>
#include "timer.h"

/* A counter that goes on with each access unless it is latched. */
struct timer {
	uint16_t count;
	uint16_t latched;
	bool is_latched;
	bool second_byte; /* of the next access to the counter */
};

static int timer_access(void *state, struct r0_access *access)
{
	struct timer *timer = state;
	unsigned int shift = timer->second_byte ? 8 : 0;

	timer->count--;
	if (access->width != 1)
		return -1;
	if (access->address == TIMER_CONTROL) {
		if (!access->write || (access->value != 0x00 && access->value != 0x34))
			return -1;
		timer->is_latched = access->value == 0x00;
		timer->latched = timer->count;
		timer->second_byte = false;
		return 0;
	}
	if (access->write)
		timer->count =
			(uint16_t)((timer->count & ~(0xff << shift)) | access->value << shift);
	else
		access->value = (timer->is_latched ? timer->latched : timer->count) >> shift & 0xff;
	timer->second_byte = !timer->second_byte;
	return 0;
}

static const struct timer timer = { .count = 0x1001 };

#define TIMER R0_IO({ TIMER_COUNTER, TIMER_CONTROL, timer_access, &timer, sizeof(timer) })

R0_TEST(timer, both_halves_are_of_one_moment, .io = TIMER)
{
	R0_ASSERT_EQ(timer_read(), 0x1000);
}

R0_TEST(timer, starts, .io = TIMER)
{
	R0_ASSERT(timer_start(100));
}

R0_TEST(timer, writes_nothing_for_a_rate_that_it_can_not_have)
{
	R0_ASSERT(!timer_start(18));
	R0_ASSERT(!timer_start(1000000));
}

static const struct rate {
	unsigned int hertz;
	uint16_t divisor;
} rates[] = { { 100, 11931 }, { 1000, 1193 }, { 19, 62799 } };

R0_TEST(timer, divisor, .params = R0_PARAMS(rates), .groups = "arithmetic")
{
	const struct rate *rate = &R0_PARAM(const struct rate);
	uint16_t divisor;

	R0_ASSERT(timer_divisor(rate->hertz, &divisor));
	R0_ASSERT_EQ(divisor, rate->divisor);
}

static bool runs_on_hyper_v(void)
{
	return r0_cpuid(0x40000000, 0).ebx == 0x7263694d; /* "Micr" of "Microsoft Hv" */
}

R0_TEST(timer, of_hyper_v_counts, .when = runs_on_hyper_v)
{
	R0_ASSERT_NE(r0_rdmsr(0x40000020), 0); /* HV_X64_MSR_TIME_REF_COUNT */
}

R0_TEST(timer, every_rate, .groups = "nodefault,slow")
{
	unsigned int hertz;
	uint16_t divisor;

	for (hertz = 19; hertz < 2000; hertz++)
		R0_ASSERT(timer_divisor(hertz, &divisor));
}
