/* SPDX-License-Identifier: MIT */
/*
 * A kernel's clock tick, tested with the interrupt controllers and timers of a PC (.irqchip).
 */
#include <ring0.h>
#include <ring0/x86.h>

#define TICK_VECTOR 0x40
#define TICK_HZ	    100

/* Under test: the local APIC's timer, measured against the PIT, as a periodic tick to sleep by. */
static volatile unsigned int ticks;
static uint32_t counts_per_tick;

static void tick(void)
{
	ticks++;
	r0_apic_eoi();
}

/* How far the local APIC's timer counts while the PIT's channel 2 counts a tick: no less, as it starts first. */
static void tick_calibrate(void)
{
	r0_pit_set_gate_2(true);
	r0_apic_start_timer(R0_APIC_MASKED, R0_APIC_DIVIDE_BY_16, UINT32_MAX);
	r0_pit_start(2, R0_PIT_ON_TERMINAL_COUNT, R0_PIT_HZ / TICK_HZ);
	while (!r0_pit_output_2())
		r0_pause();
	counts_per_tick = UINT32_MAX - r0_apic_read(R0_APIC_CURRENT_COUNT);
}

static void tick_start(void)
{
	r0_apic_enable(0xff);
	r0_apic_start_timer(R0_APIC_TIMER_PERIODIC | TICK_VECTOR, R0_APIC_DIVIDE_BY_16,
			    counts_per_tick);
}

static void sleep_ticks(unsigned int count)
{
	unsigned int until = ticks + count;

	while ((int)(until - ticks) > 0)
		r0_sti_hlt();
}

/* A kernel has an entry of its own for the vector; here it is ring0's. */
static void on_tick(struct r0_frame *frame)
{
	(void)frame;
	tick();
}

static uint64_t started;

static void calibrate_and_start(void)
{
	r0_set_handler(TICK_VECTOR, on_tick);
	tick_calibrate();
	started = r0_clock();
	tick_start();
}

R0_TEST(tick, comes_again_and_again, .irqchip = true, .setup = calibrate_and_start)
{
	for (int i = 0; i < 3; i++)
		r0_wait_for_irq(TICK_VECTOR, 1000);
	R0_ASSERT_GE(ticks, 3);
}

/* By the host's clock no tick comes early. One that comes late does not delay the next. */
R0_TEST(tick, is_slept_by, .irqchip = true, .setup = calibrate_and_start)
{
	uint64_t slept;

	sleep_ticks(2);
	slept = ticks;
	R0_ASSERT_GE(slept, 2);
	R0_ASSERT_GE(r0_clock() - started, slept * 9 * 1000000);
}

/* The same in x2APIC mode, where the registers are MSRs. */
R0_TEST(tick, works_in_x2apic_mode, .irqchip = true)
{
	if (!r0_cpu_has(R0_FEATURE_X2APIC))
		R0_SKIP("this CPU has no x2APIC mode");
	r0_apic_set_mode(R0_APIC_MODE_X2APIC);
	calibrate_and_start();
	r0_wait_for_irq(TICK_VECTOR, 1000);
	R0_ASSERT_GE(ticks, 1);
}

/* An interrupt that does not come is a failure that says why, and no hang. */
R0_TEST(tick, that_is_masked_is_found_out, .irqchip = true, .setup = calibrate_and_start,
	.panic_message = "LVT timer: periodic, vector 0x40, masked")
{
	r0_apic_write(R0_APIC_LVT_TIMER, R0_APIC_TIMER_PERIODIC | R0_APIC_MASKED | TICK_VECTOR);
	r0_wait_for_irq(TICK_VECTOR, 50);
	r0_wait_for_irq(TICK_VECTOR, 50);
}
