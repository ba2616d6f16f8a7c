/* SPDX-License-Identifier: MIT */
/*
 * The two 8259A, with the PIT at IRQ 0, and the way to the CPU by LINT0. Intel 8259A data sheet; SDM
 * vol. 3A, 10.5.1 and 6.8.1.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "counted.h"
#include "tests/guest/requirements.h"

#define MASTER 0x30
#define SLAVE  0x38

static volatile unsigned int calls;
static uint16_t in_service;

static void note(struct r0_frame *frame)
{
	(void)frame;
	calls++;
	in_service = r0_pic_in_service();
}

static void note_and_eoi(struct r0_frame *frame)
{
	note(frame);
	r0_pic_acknowledge(frame);
}

/* The PICs, all of them masked, and their output at the CPU. */
static void connect(void)
{
	r0_apic_enable(0xff);
	r0_apic_pass_pic();
	r0_pic_init(MASTER, SLAVE);
}

/* The same with IRQ 0 open; a pulse a millisecond. */
static void enable(void)
{
	connect();
	r0_pic_set_masks(0xfffe);
	r0_pit_start(0, R0_PIT_RATE_GENERATOR, R0_PIT_HZ / 1000);
}

/*
 * KVM's PIT raises its line from a thread of the host's, for which a busy host may take longer than the
 * count. Interrupts are on meanwhile, as far as they come.
 */
static void wait_for_request(void)
{
	uint64_t end = r0_clock() + 1000 * MS;

	while (!(r0_pic_requests() & 1) && r0_clock() < end)
		let_pass(MS);
}

R0_TEST(pic, masks_read_back, .irqchip = true)
{
	r0_pic_init(MASTER, SLAVE);
	R0_ASSERT_EQ(r0_pic_masks(), 0xffff);
	r0_pic_set_masks(0x1234);
	R0_ASSERT_EQ(r0_pic_masks(), 0x1234);
	R0_ASSERT_EQ(r0_pic_requests(), 0);
	R0_ASSERT_EQ(r0_pic_in_service(), 0);
}

/* The initialization clears the mask: "ICW1". */
R0_TEST(pic, initialization_clears_masks, .irqchip = true)
{
	r0_pic_init(MASTER, SLAVE);
	r0_out8(R0_PIC_MASTER, R0_PIC_ICW1 | R0_PIC_ICW1_IC4);
	r0_out8(R0_PIC_MASTER_IMR, MASTER);
	r0_out8(R0_PIC_MASTER_IMR, 1 << R0_PIC_CASCADE);
	r0_out8(R0_PIC_MASTER_IMR, R0_PIC_ICW4_8086);
	R0_ASSERT_EQ(r0_in8(R0_PIC_MASTER_IMR), 0);
	R0_ASSERT_EQ(r0_in8(R0_PIC_SLAVE_IMR), 0xff);
}

R0_TEST(pic, irq_is_delivered, .irqchip = true)
{
	r0_set_handler(MASTER, note_and_eoi);
	enable();
	R0_ASSERT_GE(r0_wait_for_irq(MASTER, 1000), 1);
	R0_ASSERT_EQ(in_service, 1);
	R0_ASSERT_GE(r0_wait_for_irq(MASTER, 1000), 1);
	/* The local APIC has no part in it: SDM vol. 3A, 10.5.1. */
	R0_ASSERT(!r0_apic_has(R0_APIC_ISR, MASTER));
}

/* After a reset LINT0 is masked: nothing comes, though it is requested. */
R0_TEST(pic, lint0_is_masked_after_a_reset, .irqchip = true)
{
	r0_set_handler(MASTER, note_and_eoi);
	enable();
	r0_apic_write(R0_APIC_LVT_LINT0, R0_APIC_LVT_RESET);
	wait_for_request();
	let_pass(5 * MS);
	R0_ASSERT_EQ(calls, 0);
	R0_ASSERT_EQ(r0_pic_requests() & 1, 1);
}

/*
 * It is requested all the same, and comes when the mask is taken away. There is one pulse and no more:
 * of a PIT that runs before, KVM would make up for the pulses that were not acknowledged.
 */
R0_TEST(pic, masked_is_kept, .irqchip = true)
{
	r0_set_handler(MASTER, note_and_eoi);
	connect();
	r0_pit_start(0, R0_PIT_ON_TERMINAL_COUNT, 100);
	wait_for_request();
	let_pass(5 * MS);
	R0_ASSERT_EQ(calls, 0);
	R0_ASSERT_EQ(r0_pic_requests() & 1, 1);
	r0_pic_set_masks(0xfffe);
	R0_ASSERT_EQ(r0_wait_for_irq(MASTER, 1000), 1);
	R0_ASSERT_EQ(r0_pic_requests() & 1, 0);
}

R0_TEST(pic, without_eoi_none_follows, .irqchip = true)
{
	r0_set_handler(MASTER, note);
	enable();
	r0_wait_for_irq(MASTER, 1000);
	let_pass(5 * MS);
	R0_ASSERT_EQ(calls, 1);
	R0_ASSERT_EQ(r0_pic_in_service(), 1);
	r0_pic_eoi(0);
	R0_ASSERT_EQ(r0_pic_in_service(), 0);
	R0_ASSERT_EQ(r0_wait_for_irq(MASTER, 1000), 1);
}

R0_TEST(pic, automatic_eoi, .irqchip = true)
{
	r0_set_handler(MASTER, note);
	enable();
	r0_out8(R0_PIC_MASTER, R0_PIC_ICW1 | R0_PIC_ICW1_IC4);
	r0_out8(R0_PIC_MASTER_IMR, MASTER);
	r0_out8(R0_PIC_MASTER_IMR, 1 << R0_PIC_CASCADE);
	r0_out8(R0_PIC_MASTER_IMR, R0_PIC_ICW4_8086 | R0_PIC_ICW4_AUTO_EOI);
	r0_out8(R0_PIC_MASTER_IMR, 0xfe);
	r0_wait_for_irq(MASTER, 1000);
	R0_ASSERT_EQ(in_service, 0);
	r0_wait_for_irq(MASTER, 1000);
}

/* Which IRQs can be level-triggered: not those of the PC's own devices. */
R0_TEST(pic, elcr, .irqchip = true)
{
	r0_out8(R0_PIC_MASTER_ELCR, 0xff);
	r0_out8(R0_PIC_SLAVE_ELCR, 0xff);
	R0_ASSERT_EQ(r0_in8(R0_PIC_MASTER_ELCR), 0xf8);
	R0_ASSERT_EQ(r0_in8(R0_PIC_SLAVE_ELCR), 0xde);
}
