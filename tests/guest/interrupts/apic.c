/* SPDX-License-Identifier: MIT */
/*
 * The local APIC: its registers after a reset, acceptance and priority of interrupts, IPIs to itself.
 * SDM vol. 3A, chapter 10; APM vol. 2, chapter 16.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/requirements.h"

#define SPURIOUS 0xff

/* What the handler of each vector saw. */
static unsigned int order[16], calls;
static bool in_service, requested;
static uint32_t ppr;

static void note(struct r0_frame *frame)
{
	int vector = (int)frame->vector;

	if (calls < sizeof(order) / sizeof(order[0]))
		order[calls] = (unsigned int)vector;
	calls++;
	in_service = r0_apic_has(R0_APIC_ISR, vector);
	requested = r0_apic_has(R0_APIC_IRR, vector);
	ppr = r0_apic_read(R0_APIC_PPR);
	r0_apic_eoi();
}

static void note_without_eoi(struct r0_frame *frame)
{
	order[calls++] = (unsigned int)frame->vector;
}

static void enable(void)
{
	r0_apic_enable(SPURIOUS);
}

/* By exits: a KVM that emulates ring 0 looks for interrupts when it enters the VM, one at a time. */
static void let_in(void)
{
	unsigned int i;

	r0_sti();
	for (i = 0; i < 4; i++)
		r0_clock();
	r0_cli();
}

/* 10.4.7.1. */
R0_TEST(apic, after_a_reset, .irqchip = true)
{
	uint32_t offset;

	R0_EXPECT_EQ(r0_rdmsr(R0_MSR_APIC_BASE),
		     R0_APIC_ADDRESS | R0_APIC_BASE_BSP | R0_APIC_BASE_ENABLE);
	R0_EXPECT_EQ(r0_apic_id(), 0);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_VERSION) & 0xf0, 0x10);
	R0_EXPECT_GE(R0_APIC_VERSION_MAX_LVT(r0_apic_read(R0_APIC_VERSION)), 3);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_SVR), R0_APIC_SVR_RESET);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_TPR), 0);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_PPR), 0);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_LDR), 0);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_DFR), R0_APIC_DFR_FLAT);
	R0_EXPECT_EQ(r0_apic_errors(), 0);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_ICR), 0);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_LVT_TIMER), R0_APIC_LVT_RESET);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_LVT_LINT0), R0_APIC_LVT_RESET);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_LVT_LINT1), R0_APIC_LVT_RESET);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_LVT_ERROR), R0_APIC_LVT_RESET);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_INITIAL_COUNT), 0);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_CURRENT_COUNT), 0);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_DIVIDE), 0);
	for (offset = R0_APIC_ISR; offset < R0_APIC_ESR; offset += 0x10)
		R0_EXPECT_EQ(r0_apic_read(offset), 0);
}

R0_TEST(apic, cpuid_has_it, .irqchip = true)
{
	R0_ASSERT(r0_cpu_has(R0_FEATURE_APIC));
	/* SDM vol. 2A, CPUID, leaf 1: the initial APIC ID. */
	R0_ASSERT_EQ(r0_cpuid(1, 0).ebx >> 24, r0_apic_id());
}

R0_TEST(apic, self_ipi_is_delivered, .irqchip = true)
{
	enable();
	r0_set_handler(0x41, note);
	r0_apic_send_self_ipi(0x41);
	R0_ASSERT(r0_apic_has(R0_APIC_IRR, 0x41));
	R0_ASSERT(!r0_apic_has(R0_APIC_ISR, 0x41));
	let_in();
	R0_ASSERT_EQ(calls, 1);
	R0_ASSERT(!requested);
	R0_ASSERT(!r0_apic_has(R0_APIC_IRR, 0x41));
	R0_ASSERT(!r0_apic_has(R0_APIC_ISR, 0x41));
}

/* While the handler runs, and its class is the processor's priority: 10.8.3.1, 10.8.4. */
R0_TEST(apic, is_in_service_until_the_eoi, .irqchip = true, .when = keeps_interrupts_in_service)
{
	enable();
	r0_set_handler(0x41, note);
	r0_apic_send_self_ipi(0x41);
	let_in();
	R0_ASSERT_EQ(calls, 1);
	R0_ASSERT(in_service);
	R0_ASSERT_EQ(ppr & 0xf0, 0x40);
	R0_ASSERT(!r0_apic_has(R0_APIC_ISR, 0x41));
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_PPR), 0);
}

/* By its ID and by logical destinations, flat and by cluster: 10.6.2. */
R0_TEST(apic, ipi_by_destination, .irqchip = true)
{
	enable();
	r0_set_handler(0x42, note);
	r0_apic_send_ipi(r0_apic_id(), R0_APIC_ASSERT | 0x42);
	let_in();
	R0_ASSERT_EQ(calls, 1);
	r0_apic_write(R0_APIC_LDR, 0x80u << 24);
	r0_apic_send_ipi(0xc0, R0_APIC_DESTINATION_LOGICAL | R0_APIC_ASSERT | 0x42);
	let_in();
	R0_ASSERT_EQ(calls, 2);
	r0_apic_send_ipi(0x41, R0_APIC_DESTINATION_LOGICAL | R0_APIC_ASSERT | 0x42);
	let_in();
	R0_ASSERT_EQ(calls, 2);
	r0_apic_write(R0_APIC_DFR, R0_APIC_DFR_CLUSTER);
	r0_apic_write(R0_APIC_LDR, 0x21u << 24);
	r0_apic_send_ipi(0x23, R0_APIC_DESTINATION_LOGICAL | R0_APIC_ASSERT | 0x42);
	let_in();
	R0_ASSERT_EQ(calls, 3);
	r0_apic_send_ipi(0x33, R0_APIC_DESTINATION_LOGICAL | R0_APIC_ASSERT | 0x42);
	let_in();
	R0_ASSERT_EQ(calls, 3);
	r0_apic_send_ipi(r0_apic_id() + 1, R0_APIC_ASSERT | 0x42);
	r0_apic_send_ipi(0, R0_APIC_TO_OTHERS | R0_APIC_ASSERT | 0x42);
	let_in();
	R0_ASSERT_EQ(calls, 3);
	r0_apic_send_ipi(0, R0_APIC_TO_ALL | R0_APIC_ASSERT | 0x42);
	let_in();
	R0_ASSERT_EQ(calls, 4);
}

/* An NMI asks neither IF nor the priority: 10.5.1, 10.8.1. */
R0_TEST(apic, nmi_ipi, .irqchip = true)
{
	enable();
	r0_set_handler(R0_NMI, note_without_eoi);
	r0_apic_write(R0_APIC_TPR, 0xff);
	r0_apic_send_ipi(r0_apic_id(), R0_APIC_NMI | R0_APIC_ASSERT);
	R0_ASSERT_EQ(r0_wait_for_irq_busy(R0_NMI, 1000), 1);
	R0_ASSERT_EQ(order[0], R0_NMI);
}

/* Disabled by software, it takes no IPI and masks its local vectors: 10.4.7.2. */
R0_TEST(apic, software_disable, .irqchip = true)
{
	r0_set_handler(0x43, note);
	r0_apic_send_self_ipi(0x43);
	R0_ASSERT(!r0_apic_has(R0_APIC_IRR, 0x43));
	r0_apic_write(R0_APIC_LVT_TIMER, 0x43);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_LVT_TIMER), R0_APIC_MASKED | 0x43);
	enable();
	r0_apic_write(R0_APIC_LVT_TIMER, 0x43);
	r0_apic_write(R0_APIC_LVT_LINT1, R0_APIC_NMI);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_LVT_TIMER), 0x43);
	r0_apic_write(R0_APIC_SVR, SPURIOUS);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_LVT_TIMER), R0_APIC_MASKED | 0x43);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_LVT_LINT1), R0_APIC_MASKED | R0_APIC_NMI);
	let_in();
	R0_ASSERT_EQ(calls, 0);
}

/* What was requested before it is disabled stays so: 10.4.7.2. */
R0_TEST(apic, software_disable_keeps_requests, .irqchip = true)
{
	enable();
	r0_set_handler(0x43, note);
	r0_apic_send_self_ipi(0x43);
	r0_apic_write(R0_APIC_SVR, SPURIOUS);
	R0_ASSERT(r0_apic_has(R0_APIC_IRR, 0x43));
	enable();
	let_in();
	R0_ASSERT_EQ(calls, 1);
}

/* 10.8.3.1: the class of the TPR and those below it are held back. */
R0_TEST(apic, tpr_holds_back, .irqchip = true)
{
	enable();
	r0_set_handler(0x4f, note);
	r0_set_handler(0x50, note);
	r0_apic_write(R0_APIC_TPR, 0x40);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_PPR), 0x40);
	r0_apic_send_self_ipi(0x4f);
	let_in();
	R0_ASSERT_EQ(calls, 0);
	r0_apic_send_self_ipi(0x50);
	let_in();
	R0_ASSERT_EQ(calls, 1);
	R0_ASSERT_EQ(order[0], 0x50);
	r0_apic_write(R0_APIC_TPR, 0x3f);
	let_in();
	R0_ASSERT_EQ(calls, 2);
	R0_ASSERT_EQ(order[1], 0x4f);
}

/* CR8 is the TPR's class: 10.8.6. */
R0_TEST(apic, cr8_is_the_tpr, .irqchip = true)
{
	enable();
	r0_set_handler(0x45, note);
	r0_write_cr8(4);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_TPR), 0x40);
	r0_apic_send_self_ipi(0x45);
	let_in();
	R0_ASSERT_EQ(calls, 0);
	r0_apic_write(R0_APIC_TPR, 0x35);
	R0_ASSERT_EQ(r0_read_cr8(), 3);
	let_in();
	R0_ASSERT_EQ(calls, 1);
	r0_write_cr8(2);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_TPR), 0x20);
}

/* The highest vector first: 10.8.3. */
R0_TEST(apic, highest_priority_first, .irqchip = true)
{
	enable();
	r0_set_handler(0x31, note);
	r0_set_handler(0x62, note);
	r0_set_handler(0x63, note);
	r0_apic_send_self_ipi(0x62);
	r0_apic_send_self_ipi(0x31);
	r0_apic_send_self_ipi(0x63);
	let_in();
	R0_ASSERT_EQ(calls, 3);
	R0_ASSERT_EQ(order[0], 0x63);
	R0_ASSERT_EQ(order[1], 0x62);
	R0_ASSERT_EQ(order[2], 0x31);
}

/* A higher class interrupts a handler that lets it, the same one and lower ones wait for the EOI. */
static void nest(struct r0_frame *frame)
{
	order[calls++] = (unsigned int)frame->vector;
	r0_apic_send_self_ipi(0x5f);
	r0_apic_send_self_ipi(0x49);
	r0_apic_send_self_ipi(0x61);
	let_in();
	order[calls++] = (unsigned int)frame->vector;
	r0_apic_eoi();
}

R0_TEST(apic, handlers_nest_by_class, .irqchip = true, .when = keeps_interrupts_in_service)
{
	enable();
	r0_set_handler(0x51, nest);
	r0_set_handler(0x49, note);
	r0_set_handler(0x5f, note);
	r0_set_handler(0x61, note);
	r0_apic_send_self_ipi(0x51);
	let_in();
	R0_ASSERT_EQ(calls, 5);
	R0_ASSERT_EQ(order[0], 0x51);
	R0_ASSERT_EQ(order[1], 0x61);
	R0_ASSERT_EQ(order[2], 0x51);
	R0_ASSERT_EQ(order[3], 0x5f);
	R0_ASSERT_EQ(order[4], 0x49);
}

/* One is in service and one is requested; further ones are lost: 10.8.4. */
R0_TEST(apic, one_more_is_kept, .irqchip = true, .when = keeps_interrupts_in_service)
{
	enable();
	r0_set_handler(0x44, note_without_eoi);
	r0_apic_send_self_ipi(0x44);
	let_in();
	R0_ASSERT_EQ(calls, 1);
	r0_apic_send_self_ipi(0x44);
	r0_apic_send_self_ipi(0x44);
	R0_ASSERT(r0_apic_has(R0_APIC_ISR, 0x44));
	R0_ASSERT(r0_apic_has(R0_APIC_IRR, 0x44));
	let_in();
	R0_ASSERT_EQ(calls, 1);
	r0_apic_eoi();
	let_in();
	R0_ASSERT_EQ(calls, 2);
	r0_apic_eoi();
	let_in();
	R0_ASSERT_EQ(calls, 2);
}

/* An EOI without anything in service does nothing: 10.8.5. */
R0_TEST(apic, eoi_for_nothing, .irqchip = true)
{
	enable();
	r0_set_handler(0x46, note);
	r0_apic_send_self_ipi(0x46);
	r0_apic_eoi();
	R0_ASSERT(r0_apic_has(R0_APIC_IRR, 0x46));
	let_in();
	R0_ASSERT_EQ(calls, 1);
}

/* An interrupt waits for the instruction after STI: SDM vol. 2B, STI. */
R0_TEST(apic, sti_delays_by_an_instruction, .irqchip = true)
{
	enable();
	r0_set_handler(0x47, note);
	r0_apic_send_self_ipi(0x47);
	__asm__ volatile("sti; cli" : : : "memory");
	R0_ASSERT_EQ(calls, 0);
	R0_ASSERT(r0_apic_has(R0_APIC_IRR, 0x47));
}

R0_TEST(apic, comes_after_the_instruction_behind_sti, .irqchip = true,
	.when = takes_interrupts_at_once)
{
	enable();
	r0_set_handler(0x47, note);
	r0_apic_send_self_ipi(0x47);
	__asm__ volatile("sti; nop; cli" : : : "memory");
	R0_ASSERT_EQ(calls, 1);
}

/* Read-only registers keep their values: 10.4.1. */
R0_TEST(apic, read_only_registers, .irqchip = true)
{
	static const uint32_t offsets[] = { R0_APIC_VERSION, R0_APIC_PPR, R0_APIC_ISR,
					    R0_APIC_TMR,     R0_APIC_IRR, R0_APIC_CURRENT_COUNT };
	uint32_t before;
	size_t i;

	enable();
	for (i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		before = r0_apic_read(offsets[i]);
		r0_apic_write(offsets[i], ~before);
		R0_EXPECT_EQ(r0_apic_read(offsets[i]), before);
	}
}

/* The reserved bits of local vectors read as 0: 10.5.1. */
R0_TEST(apic, local_vectors_keep_what_they_have, .irqchip = true)
{
	enable();
	r0_apic_write(R0_APIC_LVT_ERROR, ~0u);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_LVT_ERROR) & ~R0_APIC_SEND_PENDING,
		     R0_APIC_MASKED | 0xff);
	r0_apic_write(R0_APIC_LVT_TIMER, R0_APIC_MASKED | R0_APIC_TIMER_PERIODIC | 0x48);
	R0_EXPECT_EQ(r0_apic_read(R0_APIC_LVT_TIMER),
		     R0_APIC_MASKED | R0_APIC_TIMER_PERIODIC | 0x48);
}

/* HLT ends with an interrupt, whose handler returns behind it: SDM vol. 2A, HLT. */
R0_TEST(apic, interrupt_ends_hlt, .irqchip = true)
{
	enable();
	r0_set_handler(0x48, note);
	r0_apic_send_self_ipi(0x48);
	r0_sti_hlt();
	R0_ASSERT_EQ(calls, 1);
}

/* With interrupts off, only what passes IF does. */
R0_TEST(apic, masked_interrupt_does_not_end_hlt, .irqchip = true, .should_halt = true)
{
	enable();
	r0_set_handler(0x48, note);
	r0_apic_send_self_ipi(0x48);
	r0_hlt();
}
