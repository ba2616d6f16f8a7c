/* SPDX-License-Identifier: MIT */
/* The GIC of either version: SGIs, the timers' PPIs, SPIs that a mock raises; priorities, masks and what is put back. */
#include "gic_state.h"
#include "routine.h"

static unsigned int count;

static void note(struct r0_frame *frame)
{
	(void)frame;
	count++;
}

R0_TEST(gic, is_the_version_that_it_says, .irqchip = true)
{
	if (r0_gic_version() == 3)
		R0_ASSERT_EQ(r0_gicd_read(R0_GICD_PIDR2) >> 4 & 15, 3);
	else
		R0_ASSERT_EQ(r0_gicc_read(R0_GICC_IIDR) >> 16 & 15, 2);
	R0_ASSERT_EQ((r0_gicd_read(R0_GICD_TYPER) & 31) + 1, R0_GIC_INTIDS / 32);
}

R0_TEST(gic, is_off_at_first, .irqchip = true)
{
	R0_ASSERT(!distributor_is_on());
	R0_ASSERT_EQ(r0_gicd_read(R0_GICD_ISENABLER + 4), 0);
	R0_ASSERT(!interface_is_on());
	R0_ASSERT_EQ(priority_mask(), 0);
}

R0_TEST(gic, sgi_to_itself, .irqchip = true)
{
	r0_gic_enable();
	r0_gic_enable_intid(R0_GIC_SGI(5));
	r0_set_handler(R0_INTID(5), note);
	r0_gic_send_sgi(5, 1);
	R0_ASSERT_EQ(count, 0);
	R0_ASSERT_EQ(r0_wait_for_irq(R0_INTID(5), 1000), 1);
	R0_ASSERT_EQ(count, 1);
	R0_ASSERT_EQ(r0_mrs(daif), R0_PSTATE_DAIF);
}

R0_TEST(gic, all_is_put_back, .irqchip = true)
{
	R0_ASSERT(!distributor_is_on());
	R0_ASSERT_EQ(*(volatile uint32_t *)(r0_gic_base(4) + R0_GICD_IPRIORITYR + 4), 0);
	R0_ASSERT(!interface_is_on());
	R0_ASSERT_EQ(priority_mask(), 0);
}

R0_TEST(gic, sgi_that_is_not_taken, .irqchip = true)
{
	r0_gic_enable();
	r0_gic_enable_intid(R0_GIC_SGI(2));
	r0_gic_send_sgi(2, 1);
	R0_ASSERT(r0_gic_bit(R0_GICD_ISPENDR, 2));
}

R0_TEST(gic, nothing_is_pending, .irqchip = true)
{
	R0_ASSERT(!r0_gic_bit(R0_GICD_ISPENDR, 2));
}

R0_TEST(gic, sgi_left_active, .irqchip = true)
{
	r0_gic_enable();
	r0_gic_enable_intid(R0_GIC_SGI(4));
	r0_gic_send_sgi(4, 1);
	R0_ASSERT_EQ(R0_GIC_INTID(r0_gic_acknowledge()), 4);
	R0_ASSERT(r0_gic_bit(R0_GICD_ISACTIVER, 4));
	R0_ASSERT_EQ(r0_gic_running_priority(), 0x80);
}

R0_TEST(gic, nothing_is_active, .irqchip = true)
{
	R0_ASSERT(!r0_gic_bit(R0_GICD_ISACTIVER, 4));
	R0_ASSERT_EQ(r0_gic_running_priority(), 0xff);
}

R0_TEST(gic, spurious, .irqchip = true)
{
	r0_gic_enable();
	R0_ASSERT_EQ(r0_gic_acknowledge(), R0_GIC_SPURIOUS);
}

R0_TEST(gic, higher_priority_first, .irqchip = true)
{
	r0_gic_enable();
	r0_gic_enable_intid(1);
	r0_gic_enable_intid(2);
	r0_gic_set_priority(2, 0x40);
	r0_gic_send_sgi(1, 1);
	r0_gic_send_sgi(2, 1);
	R0_ASSERT_EQ(highest_pending(), 2);
	R0_ASSERT_EQ(R0_GIC_INTID(r0_gic_acknowledge()), 2);
	r0_gic_end(2);
	R0_ASSERT_EQ(R0_GIC_INTID(r0_gic_acknowledge()), 1);
	r0_gic_end(1);
}

R0_TEST(gic, priority_mask, .irqchip = true)
{
	r0_gic_enable();
	r0_gic_enable_intid(1);
	r0_gic_set_priority_mask(0x80);
	r0_gic_send_sgi(1, 1);
	R0_ASSERT_EQ(r0_gic_acknowledge(), R0_GIC_SPURIOUS);
	r0_gic_set_priority_mask(0x90);
	R0_ASSERT_EQ(R0_GIC_INTID(r0_gic_acknowledge()), 1);
	r0_gic_end(1);
}

static uint64_t state;
static uint32_t acknowledged;

static void handle_irq(struct r0_frame *frame)
{
	state = frame->pstate;
	acknowledged = r0_gic_acknowledge();
	r0_gic_end(acknowledged);
}

/* A handler of IRQs as such acknowledges by itself. */
R0_TEST(gic, own_handler_of_irqs, .irqchip = true)
{
	r0_set_handler(R0_IRQ, handle_irq);
	r0_gic_enable();
	r0_gic_enable_intid(7);
	r0_gic_send_sgi(7, 1);
	r0_msr_immediate(daifclr, 2);
	r0_isb();
	r0_msr_immediate(daifset, 2);
	R0_ASSERT_EQ(R0_GIC_INTID(acknowledged), 7);
	R0_ASSERT(!(state & R0_PSTATE_I));
}

/* The timer's interrupt is there as long as its condition is: D12.2.4. */
static void stop_timer(struct r0_frame *frame)
{
	(void)frame;
	r0_msr(cntv_ctl_el0, 0);
	r0_isb();
	count++;
}

R0_TEST(gic, virtual_timer, .irqchip = true)
{
	r0_set_handler(R0_INTID(R0_INTID_VIRTUAL_TIMER), stop_timer);
	r0_gic_enable();
	r0_gic_enable_intid(R0_INTID_VIRTUAL_TIMER);
	r0_msr(cntv_cval_el0, r0_virtual_count() + r0_timer_counts(3000));
	r0_msr(cntv_ctl_el0, R0_TIMER_ENABLE);
	r0_isb();
	R0_ASSERT_EQ(r0_wait_for_irq(R0_INTID(R0_INTID_VIRTUAL_TIMER), 5000), 1);
	R0_ASSERT_EQ(count, 1);
}

R0_TEST(gic, virtual_timer_is_off_again, .irqchip = true)
{
	R0_ASSERT_EQ(r0_mrs(cntv_ctl_el0) & R0_TIMER_ENABLE, 0);
	R0_ASSERT(!r0_gic_bit(R0_GICD_ISENABLER, R0_INTID_VIRTUAL_TIMER));
}

R0_TEST(gic, virtual_timer_busily, .irqchip = true)
{
	r0_set_handler(R0_INTID(R0_INTID_VIRTUAL_TIMER), stop_timer);
	r0_gic_enable();
	r0_gic_enable_intid(R0_INTID_VIRTUAL_TIMER);
	r0_msr(cntv_cval_el0, r0_virtual_count() + r0_timer_counts(2000));
	r0_msr(cntv_ctl_el0, R0_TIMER_ENABLE);
	r0_isb();
	R0_ASSERT_EQ(r0_wait_for_irq_busy(R0_INTID(R0_INTID_VIRTUAL_TIMER), 5000), 1);
	R0_ASSERT_EQ(count, 1);
}

R0_TEST(gic, wait_ends_by_a_masked_interrupt, .irqchip = true)
{
	r0_gic_enable();
	r0_gic_enable_intid(R0_INTID_VIRTUAL_TIMER);
	r0_msr(cntv_cval_el0, r0_virtual_count() + r0_timer_counts(2000));
	r0_msr(cntv_ctl_el0, R0_TIMER_ENABLE);
	r0_isb();
	while (!(r0_mrs(cntv_ctl_el0) & R0_TIMER_ISTATUS))
		r0_wfi();
	R0_ASSERT_EQ(count, 0);
}

/* A device whose write raises its line, and whose read lowers it. */
static int serve(void *unused, struct r0_access *access)
{
	(void)unused;
	r0_mock_set_irq(access, 4, access->write);
	access->value = 0;
	return 0;
}

#define DEVICE 0x0a000000ul

static void lower_line(struct r0_frame *frame)
{
	(void)frame;
	(void)*(volatile uint32_t *)r0_at_physical(DEVICE);
	count++;
}

R0_TEST(gic, shared_interrupt_of_a_mock, .irqchip = true,
	.mmio = R0_MMIO({ DEVICE, DEVICE + 0xfff, serve }))
{
	r0_set_handler(R0_INTID(R0_GIC_SPI(4)), lower_line);
	r0_gic_enable();
	r0_gic_enable_intid(R0_GIC_SPI(4));
	*(volatile uint32_t *)r0_at_physical(DEVICE) = 1;
	R0_ASSERT_EQ(r0_wait_for_irq(R0_INTID(R0_GIC_SPI(4)), 2000), 1);
	R0_ASSERT_EQ(count, 1);
	R0_ASSERT(!r0_gic_bit(R0_GICD_ISPENDR, R0_GIC_SPI(4)));
}

R0_TEST(gic, line_is_left_raised, .irqchip = true,
	.mmio = R0_MMIO({ DEVICE, DEVICE + 0xfff, serve }))
{
	r0_gic_enable();
	r0_gic_enable_intid(R0_GIC_SPI(4));
	*(volatile uint32_t *)r0_at_physical(DEVICE) = 1;
	R0_ASSERT(r0_gic_bit(R0_GICD_ISPENDR, R0_GIC_SPI(4)));
}

R0_TEST(gic, line_is_low_again, .irqchip = true)
{
	R0_ASSERT(!r0_gic_bit(R0_GICD_ISPENDR, R0_GIC_SPI(4)));
}

R0_TEST(gic, halts_for_good, .irqchip = true, .should_halt = true)
{
	r0_gic_enable();
	r0_wfi();
}

R0_TEST(gic, handlers_nest, .irqchip = true)
{
	r0_set_handler(R0_INTID(1), note);
	r0_set_handler(R0_BRK, NULL);
	r0_gic_enable();
	r0_gic_enable_intid(1);
	r0_gic_send_sgi(1, 1);
	R0_ASSERT_FAULT(R0_BRK, r0_brk(1));
	R0_ASSERT_EQ(r0_wait_for_irq(R0_INTID(1), 1000), 1);
}
