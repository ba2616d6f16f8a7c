/* SPDX-License-Identifier: MIT */
/*
 * Which interrupt comes when: the task and the processor priority, and NMIs and a PIC's interrupts among the local
 * APIC's. SDM vol. 3A, 10.8.3, 10.5.1 and 6.7.1; APM vol. 2, 16.6.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "counted.h"
#include "tests/guest/requirements.h"

#define SPURIOUS 0xff
#define PIC_BASE 0x30 /* IRQ 0, the PIT's */

static unsigned int order[8];
static volatile unsigned int calls;
static unsigned int depth, deepest;

static void enable(void)
{
	r0_apic_enable(SPURIOUS);
}

static void note_as(unsigned int vector)
{
	if (calls < sizeof(order) / sizeof(order[0]))
		order[calls] = vector;
	calls++;
}

static void note(struct r0_frame *frame)
{
	note_as((unsigned int)frame->vector);
	r0_apic_eoi();
}

static void note_nmi(struct r0_frame *frame)
{
	(void)frame;
	note_as(R0_NMI);
}

/* By exits, as in apic.c: as many as interrupts are noted, each of which may need one of its own. */
static void let_in(void)
{
	unsigned int i;

	r0_sti();
	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		r0_clock();
	r0_cli();
}

static void send_nmi(void)
{
	r0_apic_send_ipi(r0_apic_id(), R0_APIC_NMI | R0_APIC_ASSERT);
}

/*
 * 10.8.3.1, table 10-1: the higher class. The lower half is the TPR's if that is higher, 0 if it is lower, and either
 * where both have one class. KVM by SVM goes by CR8 (V_TPR), so that its TPR's lower half is 0 after any exit.
 */
static void look_at_ppr(struct r0_frame *frame)
{
	const uint32_t in_service = (uint32_t)frame->vector & 0xf0;
	uint32_t tpr, ppr;

	for (tpr = 0; tpr < 0x100; tpr += 3) {
		r0_apic_write(R0_APIC_TPR, tpr);
		ppr = r0_apic_read(R0_APIC_PPR);
		R0_ASSERT_EQ(ppr & 0xf0, (tpr & 0xf0) > in_service ? tpr & 0xf0 : in_service);
		if ((tpr & 0xf0) < in_service || ppr != tpr)
			R0_ASSERT_EQ(ppr & 0xf, 0);
	}
	r0_apic_write(R0_APIC_TPR, 0);
	note(frame);
}

static const int vectors[] = { 0x21, 0x45, 0x7f, 0xa0, 0xfe };

R0_TEST(apic_priority, ppr_is_the_higher_of_tpr_and_isr, .irqchip = true,
	.when = keeps_interrupts_in_service, .params = R0_PARAMS(vectors))
{
	enable();
	r0_set_handler(R0_PARAM(int), look_at_ppr);
	r0_apic_send_self_ipi((uint8_t)R0_PARAM(int));
	let_in();
	R0_ASSERT_EQ(calls, 1);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_PPR), 0);
}

/* Class 15 holds back every one: 10.8.3.1. */
static void send_all(void)
{
	for (unsigned int i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		r0_set_handler(vectors[i], note);
		r0_apic_send_self_ipi((uint8_t)vectors[i]);
	}
	let_in();
	R0_ASSERT_EQ(calls, 0);
}

R0_TEST(apic_priority, tpr_of_class_15_holds_back_all, .irqchip = true)
{
	enable();
	r0_apic_write(R0_APIC_TPR, 0xf0);
	send_all();
	r0_apic_write(R0_APIC_TPR, 0);
	let_in();
	R0_ASSERT_EQ(calls, 5);
	R0_ASSERT_EQ(order[0], 0xfe);
	R0_ASSERT_EQ(order[4], 0x21);
}

R0_TEST(apic_priority, cr8_of_15_holds_back_all, .irqchip = true)
{
	enable();
	r0_write_cr8(15);
	send_all();
	r0_write_cr8(0);
	let_in();
	R0_ASSERT_EQ(calls, 5);
}

/* In a handler, too, the TPR holds back what its interrupt does not. */
static void raise_and_lower(struct r0_frame *frame)
{
	note_as((unsigned int)frame->vector);
	r0_apic_write(R0_APIC_TPR, 0x60);
	r0_apic_send_self_ipi(0x55);
	let_in();
	R0_ASSERT_EQ(calls, 1);
	r0_apic_write(R0_APIC_TPR, 0);
	let_in();
	R0_ASSERT_EQ(calls, 2);
	r0_apic_eoi();
}

R0_TEST(apic_priority, tpr_holds_in_a_handler, .irqchip = true, .when = keeps_interrupts_in_service)
{
	enable();
	r0_set_handler(0x41, raise_and_lower);
	r0_set_handler(0x55, note);
	r0_apic_send_self_ipi(0x41);
	let_in();
	R0_ASSERT_EQ(calls, 2);
	R0_ASSERT_EQ(order[1], 0x55);
}

/* Neither the interrupt in service nor IF keeps an NMI away: 6.7. */
static void take_nmi(struct r0_frame *frame)
{
	note_as((unsigned int)frame->vector);
	send_nmi();
	R0_ASSERT_EQ(r0_wait_for_irq_busy(R0_NMI, 1000), 1);
	r0_apic_eoi();
}

R0_TEST(apic_priority, nmi_interrupts_a_handler, .irqchip = true, .when = takes_interrupts_at_once)
{
	enable();
	r0_set_handler(0xf8, take_nmi);
	r0_set_handler(R0_NMI, note_nmi);
	r0_apic_send_self_ipi(0xf8);
	let_in();
	R0_ASSERT_EQ(calls, 2);
	R0_ASSERT_EQ(order[0], 0xf8);
	R0_ASSERT_EQ(order[1], R0_NMI);
}

/* Another NMI waits for the handler's IRET: 6.7.1. */
static void send_another(struct r0_frame *frame)
{
	if (++depth > deepest)
		deepest = depth;
	note_nmi(frame);
	if (calls < 3)
		send_nmi();
	for (unsigned int i = 0; i < 4; i++)
		r0_clock();
	depth--;
}

R0_TEST(apic_priority, nmis_do_not_nest, .irqchip = true, .when = takes_interrupts_at_once)
{
	uint64_t end = r0_clock() + 1000 * MS;

	enable();
	r0_set_handler(R0_NMI, send_another);
	send_nmi();
	while (calls < 3 && r0_clock() < end)
		r0_pause();
	R0_ASSERT_EQ(calls, 3);
	R0_ASSERT_EQ(deepest, 1);
}

R0_TEST(apic_priority, nmi_and_interrupt_both_come, .irqchip = true,
	.when = takes_interrupts_at_once)
{
	enable();
	r0_set_handler(0xf8, note);
	r0_set_handler(R0_NMI, note_nmi);
	r0_apic_send_self_ipi(0xf8);
	send_nmi();
	R0_ASSERT_EQ(r0_wait_for_irq_busy(R0_NMI, 1000), 1);
	let_in();
	R0_ASSERT_EQ(calls, 2);
	R0_ASSERT_EQ(order[0], R0_NMI);
	R0_ASSERT_EQ(order[1], 0xf8);
}

/* The PIC's interrupts have no part in the local APIC's priorities: 10.5.1. */
static void start_pic(void)
{
	enable();
	r0_apic_pass_pic();
	r0_pic_init(PIC_BASE, PIC_BASE + 8);
	r0_pic_set_masks(0xfffe);
}

static void pulse_pit(void)
{
	r0_pit_start(0, R0_PIT_ON_TERMINAL_COUNT, 100);
}

static void note_pic(struct r0_frame *frame)
{
	note_as((unsigned int)frame->vector);
	r0_pic_acknowledge(frame);
}

static void wait_for_calls(unsigned int wanted)
{
	uint64_t end = r0_clock() + 1000 * MS;

	while (calls < wanted && r0_clock() < end)
		let_pass(MS);
	R0_ASSERT_EQ(calls, wanted);
}

static void take_pic(struct r0_frame *frame)
{
	note_as((unsigned int)frame->vector);
	/* Not earlier: QEMU's PIT makes a pulse 55 ms after it was stopped, in mode 5 without a trigger. */
	start_pic();
	pulse_pit();
	wait_for_calls(2);
	r0_apic_eoi();
}

R0_TEST(apic_priority, extint_interrupts_a_handler, .irqchip = true,
	.when = keeps_interrupts_in_service)
{
	enable();
	r0_set_handler(0xf8, take_pic);
	r0_set_handler(PIC_BASE, note_pic);
	r0_apic_send_self_ipi(0xf8);
	let_in();
	R0_ASSERT_EQ(calls, 2);
	R0_ASSERT_EQ(order[1], PIC_BASE);
}

static void take_apic(struct r0_frame *frame)
{
	note_as((unsigned int)frame->vector);
	r0_apic_send_self_ipi(0x21);
	wait_for_calls(2);
	r0_pic_acknowledge(frame);
}

R0_TEST(apic_priority, interrupt_comes_in_an_extint_handler, .irqchip = true,
	.when = keeps_interrupts_in_service)
{
	start_pic();
	r0_set_handler(PIC_BASE, take_apic);
	r0_set_handler(0x21, note);
	pulse_pit();
	wait_for_calls(2);
	R0_ASSERT_EQ(order[0], PIC_BASE);
	R0_ASSERT_EQ(order[1], 0x21);
}

R0_TEST(apic_priority, extint_and_interrupt_both_come, .irqchip = true)
{
	uint64_t end = r0_clock() + 1000 * MS;

	start_pic();
	r0_set_handler(PIC_BASE, note_pic);
	r0_set_handler(0x45, note);
	r0_apic_send_self_ipi(0x45);
	pulse_pit();
	while (!(r0_pic_requests() & 1) && r0_clock() < end)
		r0_pause();
	wait_for_calls(2);
	R0_ASSERT_EQ(order[0] + order[1], PIC_BASE + 0x45);
}

/* From the write to the ICR to the handler, and back. */
R0_BENCHMARK(apic_priority, self_ipi, .irqchip = true)
{
	enable();
	r0_set_handler(0x45, count_interrupt);
	r0_sti();
	R0_MEASURE
	{
		const unsigned int before = counted;

		r0_apic_send_self_ipi(0x45);
		while (counted == before)
			r0_pause();
	}
	r0_cli();
}
