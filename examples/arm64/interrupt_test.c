/* SPDX-License-Identifier: MIT */
/*
 * A kernel's clock tick, tested with the generic timer and a GIC (.irqchip), of either version; and a device that
 * interrupts.
 */
#include <ring0.h>
#include <ring0/arm64.h>

#define TICK_INTID  R0_INTID_VIRTUAL_TIMER
#define TICK_MICROS 10000

/* Under test: the virtual timer as a periodic tick to sleep by. */
static volatile unsigned int ticks;

/* The next one is due a period after this one was: one that comes late delays no other. */
static void tick(void)
{
	ticks++;
	r0_msr(cntv_cval_el0, r0_mrs(cntv_cval_el0) + r0_timer_counts(TICK_MICROS));
	r0_isb();
}

static void tick_start(void)
{
	r0_gic_enable_intid(TICK_INTID);
	r0_msr(cntv_cval_el0, r0_virtual_count() + r0_timer_counts(TICK_MICROS));
	r0_msr(cntv_ctl_el0, R0_TIMER_ENABLE);
	r0_isb();
}

/* An interrupt ends a WFI while it is masked, too, so that none comes between the look and the wait: D1.6. */
static void sleep_ticks(unsigned int count)
{
	unsigned int until = ticks + count;

	while ((int)(until - ticks) > 0) {
		r0_wfi();
		r0_msr_immediate(daifclr, 2);
		r0_isb();
		r0_msr_immediate(daifset, 2);
	}
}

/* A kernel has an entry of its own, and acknowledges and ends the interrupt; here the runtime does. */
static void on_tick(struct r0_frame *frame)
{
	(void)frame;
	tick();
}

static uint64_t started;

static void enable_and_start(void)
{
	r0_set_handler(R0_INTID(TICK_INTID), on_tick);
	r0_gic_enable();
	started = r0_virtual_count();
	tick_start();
}

R0_TEST(tick, comes_again_and_again, .irqchip = true, .setup = enable_and_start)
{
	for (int i = 0; i < 3; i++)
		r0_wait_for_irq(R0_INTID(TICK_INTID), 1000);
	R0_ASSERT_GE(ticks, 3);
}

R0_TEST(tick, is_slept_by, .irqchip = true, .setup = enable_and_start)
{
	uint64_t slept;

	sleep_ticks(2);
	slept = ticks;
	R0_ASSERT_GE(slept, 2);
	R0_ASSERT_GE(r0_virtual_count() - started, slept * r0_timer_counts(TICK_MICROS));
}

/* An interrupt that does not come is a failure that says why, and no hang. */
R0_TEST(tick, that_is_disabled_is_found_out, .irqchip = true, .setup = enable_and_start,
	.panic_message = "it is not enabled (ISENABLER)")
{
	r0_gic_set_bit(R0_GICD_ICENABLER, TICK_INTID);
	r0_wait_for_irq(R0_INTID(TICK_INTID), 50);
	r0_wait_for_irq(R0_INTID(TICK_INTID), 50);
}

/* A device whose line is high from a write on until it is read. */
#define DEVICE	    0x0a000000 /* guest-physical */
#define DEVICE_LINE 4

struct device {
	uint32_t value;
};

static int device_access(void *state, struct r0_access *access)
{
	struct device *device = state;

	r0_mock_set_irq(access, DEVICE_LINE, access->write);
	if (access->write)
		device->value = (uint32_t)access->value;
	else
		access->value = device->value + 1;
	return 0;
}

static const struct device device;
static volatile uint32_t answer;

static void take_answer(struct r0_frame *frame)
{
	(void)frame;
	answer = *(volatile uint32_t *)r0_at_physical(DEVICE);
}

R0_TEST(device, interrupts_with_its_answer, .irqchip = true,
	.mmio = R0_MMIO({ DEVICE, DEVICE + 3, device_access, &device, sizeof(device) }))
{
	r0_set_handler(R0_INTID(R0_GIC_SPI(DEVICE_LINE)), take_answer);
	r0_gic_enable();
	r0_gic_enable_intid(R0_GIC_SPI(DEVICE_LINE));
	*(volatile uint32_t *)r0_at_physical(DEVICE) = 41;
	R0_ASSERT_EQ(r0_wait_for_irq(R0_INTID(R0_GIC_SPI(DEVICE_LINE)), 1000), 1);
	R0_ASSERT_EQ(answer, 42);
}
