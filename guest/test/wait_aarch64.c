/* SPDX-License-Identifier: MIT */
/* PSTATE.DAIF, and what the GIC holds. */
#include <ring0.h>
#include <ring0/arm64.h>
#include "guest/entry/gic_aarch64.h"
#include "guest/smp/interrupts_aarch64.h"
#include "guest/test/wait_own.h"

const struct wait_own_words wait_own_words = {
	.on = ", with PSTATE.I clear for the time of it",
	.halted = "by WFI",
	.busily = "with YIELD",
	.gate = "r0_wait_for_irq() counts what the runtime handles, and the test has vectors of its own "
		"(VBAR_EL1), so that %#x does not come to it",
};

uint64_t wait_flags(void)
{
	return r0_mrs(daif);
}

void wait_restore(uint64_t flags)
{
	r0_msr(daif, flags);
}

bool wait_is_on(uint64_t flags)
{
	return !(flags & R0_PSTATE_I);
}

void wait_interrupts_on(void)
{
	r0_msr_immediate(daifclr, 2);
}

/* Of this CPU's SGIs and PPIs, and of SPIs. */
static void read_bits(uint32_t registers, uint32_t *bits)
{
	bits[0] = *(const volatile uint32_t *)(r0_gic_base(0) + registers);
	bits[1] = r0_gicd_read(registers + 4);
}

size_t wait_describe(uint64_t flags, int vector, char *text, size_t size)
{
	struct interrupt_registers registers = {
		.version = gic_version(),
		.distributor = r0_gicd_read(R0_GICD_CTLR),
		.has_interface = true,
	};

	(void)flags;
	if (registers.version == 3) {
		registers.priority_mask = (uint32_t)r0_icc_read(PMR);
		registers.group = (uint32_t)r0_icc_read(IGRPEN1);
		registers.running = (uint32_t)r0_icc_read(RPR);
	} else {
		registers.priority_mask = r0_gicc_read(R0_GICC_PMR);
		registers.group = r0_gicc_read(R0_GICC_CTLR);
		registers.running = r0_gicc_read(R0_GICC_RPR);
	}
	read_bits(R0_GICD_IGROUPR, registers.groups);
	read_bits(R0_GICD_ISENABLER, registers.enabled);
	read_bits(R0_GICD_ISPENDR, registers.pending);
	read_bits(R0_GICD_ISACTIVER, registers.active);
	return describe_interrupts(&registers, vector, text, size);
}
