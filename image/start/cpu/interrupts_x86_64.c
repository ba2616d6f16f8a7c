/* SPDX-License-Identifier: MIT */
/* Local APIC (SDM vol. 3A, chapter 10), I/O APIC (82093AA), 8259A, 8254, HPET 1.0a. */
#include "image/start/cpu/interrupts_x86_64.h"
#include <ring0/x86.h>
#include "image/start/cpu/exceptions_x86_64.h"
#include "image/start/hardware/acpi_x86_64.h"

/* What a PIC that was reset has, and that the tests' machines have. */
#define MASKED 0xff

/* More interrupts than there are vectors can't be pending at once. */
#define PENDING_LIMIT 600

struct interrupts interrupts;

void interrupts_look(void)
{
	interrupts.apic = r0_cpu_has(R0_FEATURE_APIC);
	interrupts.ioapic = acpi.ioapic == R0_IOAPIC_ADDRESS;
	interrupts.hpet = acpi.hpet == R0_HPET_ADDRESS;
	/* Its mask can be written and read; an absent one reads as ones. */
	r0_out8(R0_PIC_MASTER_IMR, 0x5a);
	interrupts.pic = r0_in8(R0_PIC_MASTER_IMR) == 0x5a;
	r0_out8(R0_PIC_MASTER_IMR, MASKED);
	r0_out8(R0_PIC_SLAVE_IMR, MASKED);
	r0_pit_start(0, R0_PIT_HARDWARE_STROBE, 0);
	interrupts.pit = (r0_pit_status(0) & ~(R0_PIT_STATUS_OUTPUT | R0_PIT_STATUS_NULL)) ==
			 (R0_PIT_LOW_THEN_HIGH | R0_PIT_MODE(R0_PIT_HARDWARE_STROBE));
}

const char *interrupts_lack(void)
{
	return !interrupts.apic	  ? "local APIC" :
	       !interrupts.ioapic ? "I/O APIC" :
	       !interrupts.pic	  ? "PIC" :
	       !interrupts.pit	  ? "PIT" :
				    NULL;
}

bool interrupts_recover(void)
{
	if (!interrupts.apic)
		return true;
	r0_apic_set_mode(R0_APIC_MODE_XAPIC);
	return r0_apic_mode() != R0_APIC_MODE_DISABLED;
}

static bool any(uint32_t registers)
{
	uint32_t all = 0, offset;

	for (offset = 0; offset < 0x80; offset += 0x10)
		all |= r0_apic_read(registers + offset);
	return all;
}

static void reset_timers(void)
{
	unsigned int n, count;

	if (interrupts.hpet) {
		count = (unsigned int)R0_HPET_TIMERS(r0_hpet_read(R0_HPET_CAPABILITIES));
		r0_hpet_write(R0_HPET_CONFIGURATION, 0);
		for (n = 0; n < count; n++) {
			r0_hpet_write(R0_HPET_TIMER(n), 0);
			r0_hpet_write(R0_HPET_COMPARATOR(n), ~0ull);
		}
		r0_hpet_write(R0_HPET_STATUS, ~0ull);
		r0_hpet_write(R0_HPET_COUNTER, 0);
	}
	if (interrupts.pit) {
		for (n = 0; n < 3; n++)
			r0_pit_start(n, R0_PIT_HARDWARE_STROBE, 0);
		r0_out8(R0_PIT_PORT_B, 0);
	}
}

static void reset_controllers(void)
{
	unsigned int input, inputs;

	if (interrupts.ioapic) {
		inputs = (r0_ioapic_read(R0_IOAPIC_VERSION) >> 16 & 0xff) + 1;
		for (input = 0; input < inputs; input++) {
			r0_ioapic_set_redirection(input, R0_IOAPIC_MASKED);
		}
	}
	if (interrupts.pic) {
		/* Vectors as a BIOS leaves them; ICW1 clears what was requested and in service. */
		r0_pic_init(0x08, 0x70);
		r0_pic_set_masks(0xffff);
	}
}

/*
 * A local APIC's requests can't be cleared, only served: acknowledge what is in service, and let the others come, at
 * vectors that do no more.
 */
static void drain(void)
{
	unsigned int i;

	for (i = 0; i < PENDING_LIMIT && any(R0_APIC_ISR); i++)
		r0_apic_eoi();
	exceptions_drain = true;
	for (i = 0; i < PENDING_LIMIT && any(R0_APIC_IRR); i++)
		__asm__ volatile("sti; nop; pause; cli" : : : "memory");
	exceptions_drain = false;
}

static void reset_apic(void)
{
	static const uint16_t entries[] = {
		R0_APIC_LVT_TIMER, R0_APIC_LVT_THERMAL, R0_APIC_LVT_PERFORMANCE,
		R0_APIC_LVT_LINT0, R0_APIC_LVT_LINT1,	R0_APIC_LVT_ERROR,
	};
	uint32_t last;
	unsigned int i;

	r0_apic_set_mode(R0_APIC_MODE_XAPIC);
	last = R0_APIC_VERSION_MAX_LVT(r0_apic_read(R0_APIC_VERSION));
	/* Enabled, so that it serves what is left; disabled, all of the LVT is masked (10.4.7.2). */
	r0_apic_enable(0xff);
	r0_apic_write(R0_APIC_TPR, 0);
	r0_apic_write(R0_APIC_INITIAL_COUNT, 0);
	for (i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
		if (i < 4 || i - 1 <= last)
			r0_apic_write(entries[i], R0_APIC_MASKED);
	drain();
	r0_apic_write(R0_APIC_DIVIDE, 0);
	r0_apic_write(R0_APIC_DFR, R0_APIC_DFR_FLAT);
	r0_apic_write(R0_APIC_LDR, 0);
	r0_apic_errors();
	r0_apic_write(R0_APIC_SVR, R0_APIC_SVR_RESET);
}

void interrupts_reset(void)
{
	reset_timers();
	reset_controllers();
	if (interrupts.apic)
		reset_apic();
}
