/* SPDX-License-Identifier: MIT */
/* r0_wait_for_irq() and its like, where the interrupt comes. tests/fixtures/waits.c has the others. */
#include <ring0.h>
#include <ring0/x86.h>
#include "counted.h"
#include "tests/guest/requirements.h"

#define VECTOR 0x70

static void enable(void)
{
	r0_apic_enable(0xff);
	r0_set_handler(VECTOR, count_interrupt);
}

static void in_a_while(void)
{
	r0_apic_start_timer(R0_APIC_TIMER_ONE_SHOT | VECTOR, R0_APIC_DIVIDE_BY_1, 3000000);
}

R0_TEST(wait_for_irq, by_hlt, .irqchip = true)
{
	enable();
	in_a_while();
	R0_ASSERT_EQ(r0_wait_for_irq(VECTOR, 2000), 1);
	R0_ASSERT_EQ(counted, 1);
	R0_ASSERT_EQ(r0_read_rflags() & R0_RFLAGS_IF, 0);
}

R0_TEST(wait_for_irq, busily, .irqchip = true)
{
	enable();
	in_a_while();
	R0_ASSERT_EQ(r0_wait_for_irq_busy(VECTOR, 2000), 1);
	R0_ASSERT_EQ(counted, 1);
	R0_ASSERT_EQ(r0_read_rflags() & R0_RFLAGS_IF, 0);
}

R0_TEST(wait_for_irq, keeps_if_set, .irqchip = true)
{
	enable();
	r0_sti();
	in_a_while();
	r0_wait_for_irq(VECTOR, 2000);
	R0_ASSERT_EQ(r0_read_rflags() & R0_RFLAGS_IF, R0_RFLAGS_IF);
	in_a_while();
	r0_wait_for_irq_busy(VECTOR, 2000);
	R0_ASSERT_EQ(r0_read_rflags() & R0_RFLAGS_IF, R0_RFLAGS_IF);
	r0_cli();
}

/* What came before the wait counts, once. */
R0_TEST(wait_for_irq, counts_what_came_before, .irqchip = true)
{
	unsigned int i;

	enable();
	for (i = 0; i < 3; i++) {
		r0_apic_send_self_ipi(VECTOR);
		r0_sti();
		r0_clock();
		r0_cli();
	}
	R0_ASSERT_EQ(counted, 3);
	R0_ASSERT_EQ(r0_wait_for_irq(VECTOR, 2000), 3);
	in_a_while();
	R0_ASSERT_EQ(r0_wait_for_irq(VECTOR, 2000), 1);
}

/* Other interrupts do not end it, nor does time that is not over. */
R0_TEST(wait_for_irq, waits_for_that_vector, .irqchip = true)
{
	enable();
	r0_set_handler(0x71, r0_apic_acknowledge);
	r0_apic_send_self_ipi(0x71);
	in_a_while();
	R0_ASSERT_EQ(r0_wait_for_irq(VECTOR, 2000), 1);
	R0_ASSERT_EQ(r0_wait_for_irq(0x71, 2000), 1);
	r0_apic_send_self_ipi(0x71);
	in_a_while();
	R0_ASSERT_EQ(r0_wait_for_irq_busy(VECTOR, 2000), 1);
}

/* What is pending comes without any time, too. */
R0_TEST(wait_for_irq, without_time, .irqchip = true)
{
	enable();
	r0_apic_send_self_ipi(VECTOR);
	R0_ASSERT_EQ(r0_wait_for_irq(VECTOR, 0), 1);
}

/* A HLT after a wait that has ended before its time is no wait of its own. */
R0_TEST(wait_for_irq, leaves_no_alarm_behind, .irqchip = true)
{
	uint64_t start;

	enable();
	r0_apic_send_self_ipi(VECTOR);
	r0_wait_for_irq(VECTOR, 2);
	start = r0_clock();
	r0_apic_start_timer(R0_APIC_TIMER_ONE_SHOT | VECTOR, R0_APIC_DIVIDE_BY_128, 500000);
	r0_sti_hlt();
	r0_cli();
	R0_ASSERT_EQ(counted, 2);
	R0_ASSERT_GT(r0_clock() - start, 10000000);
}

static void wait_inside(struct r0_frame *frame)
{
	count_interrupt(frame);
	r0_apic_send_self_ipi(0x81);
	R0_ASSERT_EQ(r0_wait_for_irq(0x81, 2000), 1);
}

R0_TEST(wait_for_irq, in_a_handler, .irqchip = true)
{
	enable();
	r0_set_handler(VECTOR, wait_inside);
	r0_set_handler(0x81, r0_apic_acknowledge);
	r0_apic_send_self_ipi(VECTOR);
	R0_ASSERT_EQ(r0_wait_for_irq(VECTOR, 2000), 1);
}

/* Far apart enough for the look at a HLT with interrupts off to have come by some times. */
R0_TEST(wait_for_irq, for_long, .irqchip = true)
{
	enable();
	r0_apic_start_timer(R0_APIC_TIMER_ONE_SHOT | VECTOR, R0_APIC_DIVIDE_BY_128, 1000000);
	R0_ASSERT_EQ(r0_wait_for_irq(VECTOR, 5000), 1);
}

/* Works on a machine of its own, too. */
R0_TEST(wait_for_irq, with_cpuid, .irqchip = true, .cpuid = R0_CPUID({ 0x40000000, 0, 1, 2, 3, 4 }))
{
	enable();
	in_a_while();
	R0_ASSERT_EQ(r0_wait_for_irq(VECTOR, 2000), 1);
}
