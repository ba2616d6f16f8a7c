/* SPDX-License-Identifier: MIT */
/* The 8254 timer, its counts and its interrupt. Intel 8254 data sheet. */
#include <ring0.h>
#include <ring0/x86.h>
#include "counted.h"
#include "tests/guest/requirements.h"

#define VECTOR 0x60

static void enable(void)
{
	r0_apic_enable(0xff);
	r0_set_handler(VECTOR, count_interrupt);
	r0_ioapic_set_redirection(R0_IOAPIC_INPUT_PIT, VECTOR);
}

/* It counts with 1.193182 MHz: by a clock, none of ten periods comes early. */
R0_TEST(pit, rate_generator, .irqchip = true)
{
	uint64_t start;
	unsigned int i;

	enable();
	start = r0_clock();
	r0_pit_start(0, R0_PIT_RATE_GENERATOR, R0_PIT_HZ / 500);
	for (i = 0; i < 10; i++)
		r0_wait_for_irq(VECTOR, 1000);
	R0_ASSERT_GE(counted, 10);
	R0_ASSERT_GE((r0_clock() - start) / (19 * MS / 10), counted - 1);
}

R0_TEST(pit, square_wave, .irqchip = true)
{
	enable();
	r0_pit_start(0, R0_PIT_SQUARE_WAVE, R0_PIT_HZ / 1000);
	r0_wait_for_irq(VECTOR, 1000);
	r0_wait_for_irq(VECTOR, 1000);
}

R0_TEST(pit, terminal_count_fires_once, .irqchip = true)
{
	uint64_t start;

	enable();
	start = r0_clock();
	r0_pit_start(0, R0_PIT_ON_TERMINAL_COUNT, R0_PIT_HZ / 500);
	R0_ASSERT_EQ(r0_wait_for_irq(VECTOR, 1000), 1);
	R0_ASSERT_GE(r0_clock() - start, 19 * MS / 10);
	let_pass(6 * MS);
	R0_ASSERT_EQ(counted, 1);
}

/* In mode 5 the count waits for an edge at the gate: "Mode 5". */
R0_TEST(pit, stops, .irqchip = true)
{
	enable();
	r0_pit_start(0, R0_PIT_RATE_GENERATOR, R0_PIT_HZ / 1000);
	r0_wait_for_irq(VECTOR, 1000);
	r0_pit_stop(0);
	R0_ASSERT(falls_silent());
}

R0_TEST(pit, counts_down, .irqchip = true)
{
	uint16_t first, second;
	uint64_t start;

	/* Again, should the host have been away until the count was over. */
	do {
		start = r0_clock();
		r0_pit_start(0, R0_PIT_ON_TERMINAL_COUNT, 0xffff);
		first = r0_pit_count(0);
		let_pass(5 * MS);
		second = r0_pit_count(0);
	} while (r0_clock() - start > 50 * MS);
	R0_ASSERT_LT(second, first);
	R0_ASSERT_GE(first - second, R0_PIT_HZ / 250);
}

/* A latched count stays until it is read: "Counter Latch Command". */
R0_TEST(pit, latch_holds_the_count, .irqchip = true)
{
	uint16_t latched, later;
	uint64_t start;
	uint8_t low;

	/* Again, should the host have been away until the count was over. */
	do {
		start = r0_clock();
		r0_pit_start(0, R0_PIT_ON_TERMINAL_COUNT, 0xffff);
		r0_out8(R0_PIT_CONTROL, R0_PIT_SELECT(0) | R0_PIT_LATCH);
		let_pass(2 * MS);
		r0_out8(R0_PIT_CONTROL, R0_PIT_SELECT(0) | R0_PIT_LATCH);
		low = r0_in8(R0_PIT_CHANNEL(0));
		latched = (uint16_t)(low | r0_in8(R0_PIT_CHANNEL(0)) << 8);
		later = r0_pit_count(0);
	} while (r0_clock() - start > 50 * MS);
	R0_ASSERT_GE(latched - later, R0_PIT_HZ / 600);
}

R0_TEST(pit, status_tells_the_mode, .irqchip = true)
{
	r0_pit_start(0, R0_PIT_RATE_GENERATOR, 1000);
	R0_ASSERT_EQ(r0_pit_status(0) & 0x3f,
		     R0_PIT_LOW_THEN_HIGH | R0_PIT_MODE(R0_PIT_RATE_GENERATOR));
	r0_pit_start(1, R0_PIT_SQUARE_WAVE, 1000);
	R0_ASSERT_EQ(r0_pit_status(1) & 0x3f,
		     R0_PIT_LOW_THEN_HIGH | R0_PIT_MODE(R0_PIT_SQUARE_WAVE));
}

/* Output low until the count is over, then high: mode 0. */
R0_TEST(pit, channel_2_output, .irqchip = true)
{
	bool output;
	uint8_t status;
	uint64_t start;

	r0_pit_set_gate_2(true);
	do {
		start = r0_clock();
		r0_pit_start(2, R0_PIT_ON_TERMINAL_COUNT, R0_PIT_HZ / 100);
		output = r0_pit_output_2();
		status = r0_pit_status(2);
	} while (r0_clock() - start > 9 * MS);
	R0_ASSERT(!output);
	R0_ASSERT_EQ(status & R0_PIT_STATUS_OUTPUT, 0);
	let_pass(12 * MS);
	R0_ASSERT(r0_pit_output_2());
	R0_ASSERT_EQ(r0_pit_status(2) & R0_PIT_STATUS_OUTPUT, R0_PIT_STATUS_OUTPUT);
}

R0_TEST(pit, gate_2_reads_back, .irqchip = true)
{
	R0_ASSERT_EQ(r0_in8(R0_PIT_PORT_B) & R0_PIT_PORT_B_GATE_2, 0);
	r0_pit_set_gate_2(true);
	R0_ASSERT_EQ(r0_in8(R0_PIT_PORT_B) & R0_PIT_PORT_B_GATE_2, R0_PIT_PORT_B_GATE_2);
	r0_pit_set_gate_2(false);
	R0_ASSERT_EQ(r0_in8(R0_PIT_PORT_B) & R0_PIT_PORT_B_GATE_2, 0);
}

static volatile unsigned int nmis;

static void count_nmi(struct r0_frame *frame)
{
	(void)frame;
	nmis++;
}

/* Through the PIC, by LINT0 as an NMI, IF or not: SDM vol. 3A, 10.5.1. */
R0_TEST(pit, nmi_by_lint0, .irqchip = true, .when = takes_interrupts_at_once)
{
	uint64_t end;

	r0_apic_enable(0xff);
	r0_set_handler(R0_NMI, count_nmi);
	r0_pic_init(0x30, 0x38);
	r0_pic_set_masks(0xfffe);
	r0_apic_write(R0_APIC_LVT_LINT0, R0_APIC_NMI);
	r0_pit_start(0, R0_PIT_RATE_GENERATOR, R0_PIT_HZ / 1000);
	end = r0_clock() + 1000 * MS;
	while (!nmis && r0_clock() < end)
		r0_pause();
	r0_apic_write(R0_APIC_LVT_LINT0, R0_APIC_LVT_RESET);
	R0_ASSERT_GE(nmis, 1);
}
