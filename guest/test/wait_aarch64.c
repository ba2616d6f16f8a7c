/* SPDX-License-Identifier: MIT */
/* PSTATE.DAIF, and what the GIC holds. */
#include <ring0.h>
#include <ring0/arm64.h>
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

size_t wait_describe(uint64_t flags, int vector, char *text, size_t size)
{
	const struct interrupt_registers registers = {
		.distributor = r0_gicd_read(R0_GICD_CTLR),
		.priority_mask = (uint32_t)r0_icc_read(PMR),
		.group = (uint32_t)r0_icc_read(IGRPEN1),
		.running = (uint32_t)r0_icc_read(RPR),
		.has_interface = true,
		.groups = { r0_gicr_read(R0_GICR_SGI + R0_GICD_IGROUPR),
			    r0_gicd_read(R0_GICD_IGROUPR + 4) },
		.enabled = { r0_gicr_read(R0_GICR_SGI + R0_GICD_ISENABLER),
			     r0_gicd_read(R0_GICD_ISENABLER + 4) },
		.pending = { r0_gicr_read(R0_GICR_SGI + R0_GICD_ISPENDR),
			     r0_gicd_read(R0_GICD_ISPENDR + 4) },
		.active = { r0_gicr_read(R0_GICR_SGI + R0_GICD_ISACTIVER),
			    r0_gicd_read(R0_GICD_ISACTIVER + 4) },
	};

	(void)flags;
	return describe_interrupts(&registers, vector, text, size);
}
