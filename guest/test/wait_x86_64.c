/* SPDX-License-Identifier: MIT */
/* RFLAGS.IF, and what a PC's interrupt controllers hold. */
#include <ring0.h>
#include <ring0/x86.h>
#include "guest/entry/state.h"
#include "guest/smp/interrupts_x86_64.h"
#include "guest/test/wait_own.h"
#include "guest/text/bytes.h"

/* Registers that are there in every mode of the local APIC and can be read. */
static const uint16_t readable[] = {
	R0_APIC_TPR,
	R0_APIC_PPR,
	R0_APIC_SVR,
	R0_APIC_ESR,
	R0_APIC_LVT_TIMER,
	R0_APIC_LVT_THERMAL,
	R0_APIC_LVT_PERFORMANCE,
	R0_APIC_LVT_LINT0,
	R0_APIC_LVT_LINT1,
	R0_APIC_LVT_ERROR,
	R0_APIC_INITIAL_COUNT,
	R0_APIC_CURRENT_COUNT,
};

static void read_apic(struct interrupt_registers *registers)
{
	uint32_t offset;
	size_t i;

	if (!(registers->apic_base & R0_APIC_BASE_ENABLE))
		return;
	for (i = 0; i < sizeof(readable) / sizeof(readable[0]); i++)
		registers->apic[readable[i] / 0x10] = r0_apic_read(readable[i]);
	for (offset = R0_APIC_ISR; offset < R0_APIC_ESR; offset += 0x10)
		registers->apic[offset / 0x10] = r0_apic_read(offset);
}

static void read_registers(struct interrupt_registers *registers, uint64_t rflags)
{
	unsigned int input;

	fill_bytes(registers, 0, sizeof(*registers));
	registers->rflags = rflags;
	registers->apic_base = r0_rdmsr(R0_MSR_APIC_BASE);
	read_apic(registers);
	registers->local_apic_alone = r0_guest.local_apics_alone;
	if (registers->local_apic_alone)
		return;
	for (input = 0; input < R0_IOAPIC_INPUTS; input++)
		registers->redirections[input] = r0_ioapic_redirection(input);
	registers->pic_requests = r0_pic_requests();
	registers->pic_in_service = r0_pic_in_service();
	registers->pic_masks = r0_pic_masks();
}

const struct wait_own_words wait_own_words = {
	.on = ", with RFLAGS.IF set for the time of it",
	.halted = "by HLT",
	.busily = "with PAUSE",
	.gate = "r0_wait_for_irq() counts what the runtime handles, and the test has loaded an "
		"IDT whose gate for interrupt %#x is its own",
};

uint64_t wait_flags(void)
{
	return r0_read_rflags();
}

void wait_restore(uint64_t flags)
{
	r0_write_rflags(flags);
}

bool wait_is_on(uint64_t flags)
{
	return flags & R0_RFLAGS_IF;
}

void wait_interrupts_on(void)
{
	r0_sti();
}

size_t wait_describe(uint64_t flags, int vector, char *text, size_t size)
{
	struct interrupt_registers registers;

	read_registers(&registers, flags | R0_RFLAGS_IF);
	return describe_interrupts(&registers, vector, text, size);
}

void r0_apic_acknowledge(struct r0_frame *frame)
{
	(void)frame;
	r0_apic_eoi();
}

void r0_pic_acknowledge(struct r0_frame *frame)
{
	uint16_t in_service = r0_pic_in_service();
	uint8_t highest = (uint8_t)(in_service & -in_service);

	(void)frame;
	/* What was delivered is in service with the highest priority: at the slave, or before it. */
	if (highest == 1 << R0_PIC_CASCADE)
		r0_out8(R0_PIC_SLAVE, R0_PIC_OCW2_EOI);
	r0_out8(R0_PIC_MASTER, R0_PIC_OCW2_EOI);
}
