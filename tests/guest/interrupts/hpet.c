/* SPDX-License-Identifier: MIT */
/* The HPET, and level-triggered interrupts by way of it. IA-PC HPET Specification 1.0a. */
#include <ring0.h>
#include <ring0/x86.h>
#include "counted.h"
#include "tests/guest/requirements.h"

#define VECTOR 0x90
#define INPUT  20

static void enable(uint64_t trigger)
{
	r0_apic_enable(0xff);
	r0_set_handler(VECTOR, count_interrupt);
	r0_ioapic_set_redirection(INPUT, trigger | VECTOR);
}

static void start(uint64_t config)
{
	r0_hpet_write(R0_HPET_CONFIGURATION, R0_HPET_ENABLE | config);
}

/* While the counter stands: have a timer's comparator match after that time. */
static void arm(unsigned int timer, uint64_t config, uint64_t nanoseconds)
{
	r0_hpet_write(R0_HPET_TIMER(timer),
		      R0_HPET_TIMER_ROUTE(INPUT) | R0_HPET_TIMER_INTERRUPT | config);
	r0_hpet_write(R0_HPET_COMPARATOR(timer),
		      r0_hpet_read(R0_HPET_COUNTER) + r0_hpet_ticks(nanoseconds));
}

R0_TEST(hpet, after_a_reset, .irqchip = true)
{
	uint64_t capabilities = r0_hpet_read(R0_HPET_CAPABILITIES);

	/* 2.3.4: a period of 100 ns at most, and three timers at least. */
	R0_EXPECT_GT(R0_HPET_PERIOD(capabilities), 0);
	R0_EXPECT_LE(R0_HPET_PERIOD(capabilities), 100000000);
	R0_EXPECT_GE(R0_HPET_TIMERS(capabilities), 3);
	R0_EXPECT_NE(capabilities & R0_HPET_LEGACY, 0);
	R0_EXPECT_EQ(r0_hpet_read(R0_HPET_CONFIGURATION), 0);
	R0_EXPECT_EQ(r0_hpet_read(R0_HPET_STATUS), 0);
	R0_EXPECT_EQ(r0_hpet_read(R0_HPET_COUNTER), 0);
	R0_EXPECT_NE(R0_HPET_TIMER_ROUTES(r0_hpet_read(R0_HPET_TIMER(0))) & 1u << INPUT, 0);
}

R0_TEST(hpet, counts_while_enabled, .irqchip = true)
{
	uint64_t first, second, begin, end;

	let_pass(MS);
	R0_ASSERT_EQ(r0_hpet_read(R0_HPET_COUNTER), 0);
	begin = r0_clock();
	start(0);
	let_pass(2 * MS);
	first = r0_hpet_read(R0_HPET_COUNTER);
	R0_ASSERT_GE(first, r0_hpet_ticks(2 * MS) - 1);
	second = r0_hpet_read(R0_HPET_COUNTER);
	end = r0_clock();
	R0_ASSERT_GT(second, first);
	R0_ASSERT_LE(second, r0_hpet_ticks(end - begin));
	r0_hpet_write(R0_HPET_CONFIGURATION, 0);
	first = r0_hpet_read(R0_HPET_COUNTER);
	let_pass(MS);
	R0_ASSERT_EQ(r0_hpet_read(R0_HPET_COUNTER), first);
}

/* 2.3.7: it can be written while it stands. */
R0_TEST(hpet, counter_is_set, .irqchip = true)
{
	r0_hpet_write(R0_HPET_COUNTER, 0x123456789a);
	R0_ASSERT_EQ(r0_hpet_read(R0_HPET_COUNTER), 0x123456789a);
	start(0);
	R0_ASSERT_GE(r0_hpet_read(R0_HPET_COUNTER), 0x123456789a);
}

R0_TEST(hpet, one_shot, .irqchip = true)
{
	uint64_t begin;

	enable(0);
	arm(0, 0, 3 * MS);
	begin = r0_clock();
	start(0);
	R0_ASSERT_EQ(r0_wait_for_irq(VECTOR, 1000), 1);
	R0_ASSERT_GE(r0_clock() - begin, 3 * MS);
	let_pass(8 * MS);
	R0_ASSERT_EQ(counted, 1);
	R0_ASSERT_EQ(r0_hpet_read(R0_HPET_STATUS), 0);
}

/* 2.3.9.2.2: the period, after the first comparator by TIMER_SET_VALUE. */
R0_TEST(hpet, periodic, .irqchip = true)
{
	uint64_t begin;
	unsigned int i;

	enable(0);
	arm(0, R0_HPET_TIMER_PERIODIC | R0_HPET_TIMER_SET_VALUE, MS);
	r0_hpet_write(R0_HPET_COMPARATOR(0), r0_hpet_ticks(MS));
	begin = r0_clock();
	start(0);
	for (i = 0; i < 10; i++)
		r0_wait_for_irq(VECTOR, 1000);
	R0_ASSERT_GE(counted, 10);
	R0_ASSERT_LE(counted * MS, r0_clock() - begin);
}

R0_TEST(hpet, without_interrupt, .irqchip = true)
{
	enable(0);
	arm(0, 0, MS);
	r0_hpet_write(R0_HPET_TIMER(0), R0_HPET_TIMER_ROUTE(INPUT));
	start(0);
	let_pass(5 * MS);
	R0_ASSERT_EQ(counted, 0);
}

R0_TEST(hpet, ends_hlt, .irqchip = true)
{
	enable(0);
	arm(1, 0, 5 * MS);
	start(0);
	while (!counted)
		r0_sti_hlt();
	R0_ASSERT_EQ(counted, 1);
}

/*
 * The line stays up until its status bit is cleared: the interrupt comes again after each EOI, which
 * the IOAPIC is told of (SDM vol. 3A, 10.8.5; 82093AA data sheet, 3.2.4).
 */
static unsigned int clear_at;
static uint64_t redirection, status;
static bool level;

static void clear_late(struct r0_frame *frame)
{
	(void)frame;
	if (++counted == clear_at) {
		redirection = r0_ioapic_redirection(INPUT);
		level = r0_apic_has(R0_APIC_TMR, VECTOR);
		status = r0_hpet_read(R0_HPET_STATUS);
		r0_hpet_write(R0_HPET_STATUS, status);
	}
	r0_apic_eoi();
}

R0_TEST(hpet, level_triggered, .irqchip = true, .when = keeps_interrupts_in_service)
{
	enable(R0_IOAPIC_LEVEL);
	r0_set_handler(VECTOR, clear_late);
	clear_at = 3;
	arm(2, R0_HPET_TIMER_LEVEL, MS);
	start(0);
	while (counted < 3)
		r0_wait_for_irq(VECTOR, 1000);
	let_pass(3 * MS);
	R0_ASSERT_EQ(counted, 3);
	R0_ASSERT_EQ(redirection & R0_IOAPIC_REMOTE_IRR, R0_IOAPIC_REMOTE_IRR);
	R0_ASSERT(level);
	R0_ASSERT_EQ(status, 1u << 2);
	R0_ASSERT_EQ(r0_hpet_read(R0_HPET_STATUS), 0);
	R0_ASSERT_EQ(r0_ioapic_redirection(INPUT) & R0_IOAPIC_REMOTE_IRR, 0);
}

/* A level at a masked input is kept: it comes once the mask is taken away. */
R0_TEST(hpet, masked_level_is_kept, .irqchip = true)
{
	enable(R0_IOAPIC_LEVEL | R0_IOAPIC_MASKED);
	r0_set_handler(VECTOR, clear_late);
	clear_at = 1;
	arm(2, R0_HPET_TIMER_LEVEL, MS);
	start(0);
	let_pass(4 * MS);
	R0_ASSERT_EQ(counted, 0);
	R0_ASSERT_EQ(r0_hpet_read(R0_HPET_STATUS), 1u << 2);
	r0_ioapic_set_redirection(INPUT, R0_IOAPIC_LEVEL | VECTOR);
	R0_ASSERT_EQ(r0_wait_for_irq(VECTOR, 1000), 1);
}

/* 2.4.1: timer 0 takes the PIT's place, at the IOAPIC and at the PIC. */
R0_TEST(hpet, legacy_replacement, .irqchip = true)
{
	r0_apic_enable(0xff);
	r0_set_handler(VECTOR, count_interrupt);
	r0_ioapic_set_redirection(R0_IOAPIC_INPUT_PIT, VECTOR);
	/* Slow enough for a handler in an emulated machine on a loaded host, which else does nothing else. */
	r0_pit_start(0, R0_PIT_RATE_GENERATOR, R0_PIT_HZ / 200);
	r0_wait_for_irq(VECTOR, 1000);
	start(R0_HPET_ENABLE_LEGACY);
	R0_ASSERT(falls_silent());
	r0_hpet_write(R0_HPET_CONFIGURATION, R0_HPET_ENABLE_LEGACY);
	arm(0, 0, MS);
	start(R0_HPET_ENABLE_LEGACY);
	/* The first wait may be for what came before. */
	while (!counted)
		r0_wait_for_irq(VECTOR, 1000);
	R0_ASSERT_EQ(counted, 1);
	start(0);
	r0_wait_for_irq(VECTOR, 1000);
}

/* Timer 1 is the real-time clock's IRQ 8, which is the second PIC's first. */
R0_TEST(hpet, legacy_irq_8, .irqchip = true)
{
	r0_apic_enable(0xff);
	r0_apic_pass_pic();
	r0_pic_init(0x30, 0x38);
	r0_pic_set_masks((uint16_t) ~(1u << 8 | 1u << R0_PIC_CASCADE));
	r0_set_handler(0x38, r0_pic_acknowledge);
	arm(1, 0, MS);
	start(R0_HPET_ENABLE_LEGACY);
	R0_ASSERT_EQ(r0_wait_for_irq(0x38, 1000), 1);
	R0_ASSERT_EQ(r0_pic_in_service(), 0);
	r0_hpet_write(R0_HPET_CONFIGURATION, R0_HPET_ENABLE_LEGACY);
	arm(1, 0, MS);
	start(R0_HPET_ENABLE_LEGACY);
	R0_ASSERT_EQ(r0_wait_for_irq(0x38, 1000), 1);
}

/* 2.3.8: a timer of 32 bits matches the counter's low half. */
R0_TEST(hpet, timer_of_32_bits, .irqchip = true)
{
	enable(0);
	r0_hpet_write(R0_HPET_COUNTER, 0x7fffff000);
	r0_hpet_write(R0_HPET_TIMER(0),
		      R0_HPET_TIMER_ROUTE(INPUT) | R0_HPET_TIMER_INTERRUPT | R0_HPET_TIMER_32_MODE);
	r0_hpet_write(R0_HPET_COMPARATOR(0), (uint32_t)(0xfffff000 + r0_hpet_ticks(MS)));
	start(0);
	R0_ASSERT_EQ(r0_wait_for_irq(VECTOR, 1000), 1);
}
