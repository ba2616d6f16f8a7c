/* SPDX-License-Identifier: MIT */
/* The I/O APIC, with the PIT at its input 2. Intel 82093AA data sheet, 3.0 to 3.2. */
#include <ring0.h>
#include <ring0/x86.h>
#include "counted.h"
#include "tests/guest/requirements.h"

#define VECTOR 0x50
#define INPUT  R0_IOAPIC_INPUT_PIT

static void enable(void)
{
	r0_apic_enable(0xff);
	r0_set_handler(VECTOR, r0_apic_acknowledge);
}

/* A pulse a millisecond. */
static void start_pit(void)
{
	r0_pit_start(0, R0_PIT_RATE_GENERATOR, R0_PIT_HZ / 1000);
}

R0_TEST(ioapic, after_a_reset, .irqchip = true)
{
	unsigned int input;

	R0_EXPECT_EQ(r0_ioapic_read(R0_IOAPIC_ID), 0);
	R0_EXPECT_EQ(r0_ioapic_read(R0_IOAPIC_VERSION) >> 16 & 0xff, R0_IOAPIC_INPUTS - 1);
	for (input = 0; input < R0_IOAPIC_INPUTS; input++)
		R0_EXPECT_EQ(r0_ioapic_redirection(input), R0_IOAPIC_RESET);
}

R0_TEST(ioapic, registers_are_selected, .irqchip = true)
{
	r0_ioapic_write(R0_IOAPIC_ID, 5u << 24);
	R0_ASSERT_EQ(r0_ioapic_read(R0_IOAPIC_ID), 5u << 24);
	R0_ASSERT_EQ(r0_mmio_read32(R0_IOAPIC_ADDRESS + R0_IOAPIC_IOREGSEL), R0_IOAPIC_ID);
	r0_ioapic_read(R0_IOAPIC_VERSION);
	R0_ASSERT_EQ(r0_mmio_read32(R0_IOAPIC_ADDRESS + R0_IOAPIC_IOREGSEL), R0_IOAPIC_VERSION);
}

/* Delivery status and remote IRR are read-only: 3.2.4. */
R0_TEST(ioapic, redirection_keeps_what_it_is_given, .irqchip = true)
{
	const uint64_t entry = R0_IOAPIC_DESTINATION(3) | R0_IOAPIC_MASKED | R0_IOAPIC_LEVEL |
			       R0_IOAPIC_ACTIVE_LOW | R0_IOAPIC_LOGICAL |
			       R0_IOAPIC_LOWEST_PRIORITY | 0x71;

	r0_ioapic_set_redirection(7, entry);
	R0_ASSERT_EQ(r0_ioapic_redirection(7), entry);
	r0_ioapic_set_redirection(7, entry | R0_IOAPIC_REMOTE_IRR | R0_IOAPIC_SEND_PENDING);
	R0_ASSERT_EQ(r0_ioapic_redirection(7), entry);
	R0_ASSERT_EQ(r0_ioapic_redirection(6), R0_IOAPIC_RESET);
	R0_ASSERT_EQ(r0_ioapic_redirection(8), R0_IOAPIC_RESET);
}

R0_TEST(ioapic, edge_is_delivered, .irqchip = true)
{
	enable();
	r0_ioapic_set_redirection(INPUT, R0_IOAPIC_DESTINATION(r0_apic_id()) | VECTOR);
	start_pit();
	R0_ASSERT_GE(r0_wait_for_irq(VECTOR, 1000), 1);
	R0_ASSERT_GE(r0_wait_for_irq(VECTOR, 1000), 1);
	R0_ASSERT(!r0_apic_has(R0_APIC_TMR, VECTOR));
}

R0_TEST(ioapic, lowest_priority_and_logical, .irqchip = true)
{
	enable();
	r0_apic_write(R0_APIC_LDR, 4u << 24);
	r0_ioapic_set_redirection(INPUT, R0_IOAPIC_DESTINATION(0xff) | R0_IOAPIC_LOGICAL |
						 R0_IOAPIC_LOWEST_PRIORITY | VECTOR);
	start_pit();
	R0_ASSERT_GE(r0_wait_for_irq(VECTOR, 1000), 1);
}

R0_TEST(ioapic, other_destination, .irqchip = true)
{
	r0_apic_enable(0xff);
	r0_set_handler(VECTOR, count_interrupt);
	r0_ioapic_set_redirection(INPUT, R0_IOAPIC_DESTINATION(9) | VECTOR);
	start_pit();
	let_pass(5 * MS);
	R0_ASSERT_EQ(counted, 0);
}

/* An edge at a masked input is lost: 3.2.4, bit 16. */
R0_TEST(ioapic, masked_edge_is_lost, .irqchip = true)
{
	r0_apic_enable(0xff);
	r0_set_handler(VECTOR, count_interrupt);
	r0_ioapic_set_redirection(INPUT, R0_IOAPIC_MASKED | VECTOR);
	start_pit();
	let_pass(5 * MS);
	R0_ASSERT_EQ(counted, 0);
	r0_pit_stop(0);
	r0_ioapic_set_redirection(INPUT, VECTOR);
	let_pass(5 * MS);
	R0_ASSERT_EQ(counted, 0);
}

R0_TEST(ioapic, nmi, .irqchip = true)
{
	r0_apic_enable(0xff);
	r0_set_handler(R0_NMI, count_interrupt);
	r0_ioapic_set_redirection(INPUT, R0_IOAPIC_NMI);
	start_pit();
	R0_ASSERT_GE(r0_wait_for_irq_busy(R0_NMI, 1000), 1);
}

/* It ends a HLT with interrupts off, which so is not the test's end. */
R0_TEST(ioapic, nmi_ends_hlt, .irqchip = true)
{
	r0_apic_enable(0xff);
	r0_set_handler(R0_NMI, count_interrupt);
	r0_ioapic_set_redirection(INPUT, R0_IOAPIC_NMI);
	r0_pit_start(0, R0_PIT_ON_TERMINAL_COUNT, R0_PIT_HZ / 50);
	r0_hlt();
	R0_ASSERT_GE(counted, 1);
}
