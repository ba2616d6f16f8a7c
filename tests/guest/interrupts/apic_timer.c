/* SPDX-License-Identifier: MIT */
/* The local APIC's timer in its three modes. SDM vol. 3A, 10.5.4; APM vol. 2, 16.4.1. */
#include <ring0.h>
#include <ring0/x86.h>
#include "counted.h"
#include "tests/guest/requirements.h"

#define VECTOR 0x40

static void enable(void)
{
	r0_apic_enable(0xff);
	r0_set_handler(VECTOR, r0_apic_acknowledge);
}

/* How many counts the timer makes in a millisecond, not divided; at most a little too many. */
static uint32_t counts_per_ms(void)
{
	uint64_t start, end;
	uint32_t count;

	r0_apic_start_timer(R0_APIC_MASKED, R0_APIC_DIVIDE_BY_1, UINT32_MAX);
	start = r0_clock();
	do
		end = r0_clock();
	while (end - start < MS);
	count = UINT32_MAX - r0_apic_read(R0_APIC_CURRENT_COUNT);
	r0_apic_write(R0_APIC_INITIAL_COUNT, 0);
	return (uint32_t)(count * MS / (end - start));
}

R0_TEST(apic_timer, one_shot_fires_once, .irqchip = true)
{
	uint32_t per_ms = counts_per_ms();
	uint64_t start;

	r0_apic_enable(0xff);
	r0_set_handler(VECTOR, count_interrupt);
	start = r0_clock();
	r0_apic_start_timer(R0_APIC_TIMER_ONE_SHOT | VECTOR, R0_APIC_DIVIDE_BY_1, 4 * per_ms);
	R0_ASSERT_EQ(r0_wait_for_irq(VECTOR, 2000), 1);
	/* What is taken for a millisecond may be some percent off. */
	R0_ASSERT_GE(r0_clock() - start, 3 * MS);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_CURRENT_COUNT), 0);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_INITIAL_COUNT), 4 * per_ms);
	let_pass(10 * MS);
	R0_ASSERT_EQ(counted, 1);
}

R0_TEST(apic_timer, periodic_fires_again, .irqchip = true)
{
	uint32_t per_ms = counts_per_ms();
	uint64_t start;
	unsigned int i;

	r0_apic_enable(0xff);
	r0_set_handler(VECTOR, count_interrupt);
	start = r0_clock();
	r0_apic_start_timer(R0_APIC_TIMER_PERIODIC | VECTOR, R0_APIC_DIVIDE_BY_1, per_ms);
	for (i = 0; i < 10; i++)
		r0_wait_for_irq(VECTOR, 2000);
	R0_ASSERT_GE(counted, 10);
	/* Periods are counted from the start: none comes early. */
	R0_ASSERT_LE(counted * MS * 3 / 4, r0_clock() - start);
	/* It counts on, from the initial count again. */
	R0_ASSERT_LE(r0_apic_read(R0_APIC_CURRENT_COUNT), per_ms);
	r0_apic_write(R0_APIC_INITIAL_COUNT, 0);
	let_pass(0);
	counted = 0;
	let_pass(5 * MS);
	R0_ASSERT_EQ(counted, 0);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_CURRENT_COUNT), 0);
}

R0_TEST(apic_timer, counts_down, .irqchip = true)
{
	uint32_t first, second;

	r0_apic_start_timer(R0_APIC_MASKED, R0_APIC_DIVIDE_BY_128, UINT32_MAX);
	first = r0_apic_read(R0_APIC_CURRENT_COUNT);
	let_pass(2 * MS);
	second = r0_apic_read(R0_APIC_CURRENT_COUNT);
	R0_ASSERT_LT(second, first);
}

/* How many counts there are in a second, between what they may have been at the least and the most. */
struct rate {
	uint64_t least, most;
};

static struct rate measure(uint32_t divide)
{
	uint64_t before, begun, ending, after, count;

	before = r0_clock();
	r0_apic_start_timer(R0_APIC_MASKED, divide, UINT32_MAX);
	begun = r0_clock();
	do
		ending = r0_clock();
	while (ending - begun < 5 * MS);
	count = UINT32_MAX - r0_apic_read(R0_APIC_CURRENT_COUNT);
	after = r0_clock();
	return (struct rate){ count * 1000000000 / (after - before),
			      count * 1000000000 / (ending - begun) };
}

R0_TEST(apic_timer, is_divided, .irqchip = true)
{
	struct rate one = measure(R0_APIC_DIVIDE_BY_1), eight = measure(R0_APIC_DIVIDE_BY_8);

	R0_ASSERT_LE(8 * eight.least, one.most + one.most / 50);
	R0_ASSERT_GE(8 * eight.most, one.least - one.least / 50);
}

R0_TEST(apic_timer, masked_does_not_fire, .irqchip = true)
{
	uint32_t per_ms = counts_per_ms();
	uint64_t end;

	r0_apic_enable(0xff);
	r0_set_handler(VECTOR, count_interrupt);
	r0_apic_start_timer(R0_APIC_MASKED | VECTOR, R0_APIC_DIVIDE_BY_1, per_ms);
	/* A host that was away while it was measured makes the millisecond longer. */
	end = r0_clock() + 1000 * MS;
	while (r0_apic_read(R0_APIC_CURRENT_COUNT) && r0_clock() < end)
		let_pass(MS);
	let_pass(5 * MS);
	R0_ASSERT_EQ(counted, 0);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_CURRENT_COUNT), 0);
}

/* Not before its time; then the MSR reads 0: 10.5.4.1. */
R0_TEST(apic_timer, tsc_deadline, .irqchip = true, .when = cpu_has_tsc_deadline)
{
	uint64_t deadline, armed;

	enable();
	deadline = r0_rdtsc() + 20000000;
	r0_apic_set_tsc_deadline(deadline, VECTOR);
	armed = r0_rdmsr(R0_MSR_TSC_DEADLINE);
	/* Unless the host was away for so long that the deadline came. */
	if (r0_rdtsc() < deadline)
		R0_ASSERT_EQ(armed, deadline);
	R0_ASSERT_EQ(r0_wait_for_irq(VECTOR, 2000), 1);
	R0_ASSERT_GE(r0_rdtsc(), deadline);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_TSC_DEADLINE), 0);
}

R0_TEST(apic_timer, tsc_deadline_in_the_past, .irqchip = true, .when = cpu_has_tsc_deadline)
{
	enable();
	r0_apic_set_tsc_deadline(1, VECTOR);
	R0_ASSERT_EQ(r0_wait_for_irq(VECTOR, 2000), 1);
}

R0_TEST(apic_timer, tsc_deadline_is_disarmed, .irqchip = true, .when = cpu_has_tsc_deadline)
{
	uint64_t start;

	r0_apic_enable(0xff);
	r0_set_handler(VECTOR, count_interrupt);
	/* Again, should the host have been away for so long that the deadline came. */
	do {
		let_pass(0);
		counted = 0;
		start = r0_clock();
		r0_apic_set_tsc_deadline(r0_rdtsc() + 40000000, VECTOR);
		r0_wrmsr(R0_MSR_TSC_DEADLINE, 0);
	} while (r0_clock() - start > 5 * MS);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_TSC_DEADLINE), 0);
	let_pass(60 * MS);
	R0_ASSERT_EQ(counted, 0);
}

/* Each mode has its own way to be armed, and another mode disarms it. */
R0_TEST(apic_timer, modes_are_apart, .irqchip = true, .when = cpu_has_tsc_deadline)
{
	uint64_t start;

	r0_apic_enable(0xff);
	r0_set_handler(VECTOR, count_interrupt);
	/* In the other modes the MSR is not heard, and reads 0. */
	r0_apic_write(R0_APIC_LVT_TIMER, R0_APIC_TIMER_ONE_SHOT | VECTOR);
	r0_wrmsr(R0_MSR_TSC_DEADLINE, 1);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_TSC_DEADLINE), 0);
	let_pass(2 * MS);
	R0_ASSERT_EQ(counted, 0);
	/* In TSC-deadline mode the initial count isn't, and the current one reads 0. */
	r0_apic_write(R0_APIC_LVT_TIMER, R0_APIC_TIMER_TSC_DEADLINE | VECTOR);
	r0_apic_write(R0_APIC_INITIAL_COUNT, 1000);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_CURRENT_COUNT), 0);
	let_pass(2 * MS);
	R0_ASSERT_EQ(counted, 0);
	/* The way from one to the other disarms; again, should the deadline have come meanwhile. */
	do {
		let_pass(0);
		counted = 0;
		start = r0_clock();
		r0_apic_set_tsc_deadline(r0_rdtsc() + 40000000, VECTOR);
		r0_apic_write(R0_APIC_LVT_TIMER, R0_APIC_TIMER_ONE_SHOT | VECTOR);
		r0_apic_write(R0_APIC_LVT_TIMER, R0_APIC_TIMER_TSC_DEADLINE | VECTOR);
	} while (r0_clock() - start > 5 * MS);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_TSC_DEADLINE), 0);
	let_pass(60 * MS);
	R0_ASSERT_EQ(counted, 0);
}

/* From one mode to another while it counts: the count goes on, and its end is the new mode's. */
R0_TEST(apic_timer, one_shot_becomes_periodic, .irqchip = true)
{
	uint32_t per_ms = counts_per_ms();

	r0_apic_enable(0xff);
	r0_set_handler(VECTOR, count_interrupt);
	r0_apic_start_timer(R0_APIC_TIMER_ONE_SHOT | VECTOR, R0_APIC_DIVIDE_BY_1, 2 * per_ms);
	r0_apic_write(R0_APIC_LVT_TIMER, R0_APIC_TIMER_PERIODIC | VECTOR);
	for (unsigned int i = 0; i < 3; i++)
		r0_wait_for_irq(VECTOR, 2000);
	R0_ASSERT_GE(counted, 3);
	r0_apic_write(R0_APIC_INITIAL_COUNT, 0);
}

R0_TEST(apic_timer, periodic_does_not_start_it_again, .irqchip = true)
{
	uint32_t per_ms = counts_per_ms();

	r0_apic_enable(0xff);
	r0_set_handler(VECTOR, count_interrupt);
	r0_apic_start_timer(R0_APIC_TIMER_ONE_SHOT | VECTOR, R0_APIC_DIVIDE_BY_1, per_ms);
	R0_ASSERT_EQ(r0_wait_for_irq(VECTOR, 2000), 1);
	r0_apic_write(R0_APIC_LVT_TIMER, R0_APIC_TIMER_PERIODIC | VECTOR);
	let_pass(10 * MS);
	R0_ASSERT_EQ(counted, 1);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_CURRENT_COUNT), 0);
}

R0_TEST(apic_timer, periodic_becomes_one_shot, .irqchip = true)
{
	uint32_t per_ms = counts_per_ms();

	r0_apic_enable(0xff);
	r0_set_handler(VECTOR, count_interrupt);
	r0_apic_start_timer(R0_APIC_TIMER_PERIODIC | VECTOR, R0_APIC_DIVIDE_BY_1, per_ms);
	R0_ASSERT_GE(r0_wait_for_irq(VECTOR, 2000), 1);
	r0_apic_write(R0_APIC_LVT_TIMER, R0_APIC_TIMER_ONE_SHOT | VECTOR);
	R0_ASSERT(falls_silent());
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_CURRENT_COUNT), 0);
}

/* 10.5.4.1: this way it is disarmed. */
R0_TEST(apic_timer, periodic_ends_by_tsc_deadline_mode, .irqchip = true,
	.when = cpu_has_tsc_deadline)
{
	uint32_t per_ms = counts_per_ms();

	r0_apic_enable(0xff);
	r0_set_handler(VECTOR, count_interrupt);
	r0_apic_start_timer(R0_APIC_TIMER_PERIODIC | VECTOR, R0_APIC_DIVIDE_BY_1, per_ms);
	R0_ASSERT_GE(r0_wait_for_irq(VECTOR, 2000), 1);
	r0_apic_write(R0_APIC_LVT_TIMER, R0_APIC_TIMER_TSC_DEADLINE | VECTOR);
	let_pass(0);
	counted = 0;
	let_pass(10 * MS);
	R0_ASSERT_EQ(counted, 0);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_TSC_DEADLINE), 0);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_CURRENT_COUNT), 0);
}
