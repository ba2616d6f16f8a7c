/* SPDX-License-Identifier: MIT */
/* The interrupt controllers' registers as text. SDM vol. 3A, chapter 10; 82093AA and 8259A data sheets. */
#include "guest/smp/interrupts_x86_64.h"
#include "guest/text/format.h"

#define VECTORS 256

/* A text that grows, and is cut off where there is no more room. */
struct report {
	char *text;
	size_t size, length;
};

__attribute__((format(printf, 2, 3))) static void add(struct report *report, const char *format,
						      ...)
{
	size_t room = report->size - report->length, length;
	va_list arguments;

	va_start(arguments, format);
	length = format_text(report->text + report->length, room, format, arguments);
	va_end(arguments);
	report->length += length < room ? length : room - 1;
}

static uint32_t apic(const struct interrupt_registers *registers, uint32_t offset)
{
	return registers->apic[offset / 0x10];
}

static bool has(const struct interrupt_registers *registers, uint32_t which, int vector)
{
	return apic(registers, which + (uint32_t)vector / 32 * 0x10) >> (vector % 32) & 1;
}

static void add_vectors(struct report *report, const struct interrupt_registers *registers,
			uint32_t which, const char *name)
{
	bool any = false;
	int vector;

	add(report, "%s", name);
	for (vector = 0; vector < VECTORS; vector++) {
		if (!has(registers, which, vector))
			continue;
		add(report, " %#x", (unsigned int)vector);
		any = true;
	}
	if (!any)
		add(report, " none");
}

static const char *delivery(uint32_t mode)
{
	/* Text, not pointers: see guest/entry/vector_x86_64.c. */
	static const char names[8][16] = { "fixed", "lowest priority", "SMI",	"reserved", "NMI",
					   "INIT",  "STARTUP",	       "ExtINT" };

	return names[mode >> 8 & 7];
}

static bool uses_vector(uint32_t mode)
{
	return (mode & R0_APIC_DELIVERY_MODE) <= R0_APIC_LOWEST_PRIORITY;
}

static void add_timer(struct report *report, const struct interrupt_registers *registers)
{
	static const char modes[4][16] = { "one-shot", "periodic", "TSC-deadline", "reserved" };
	uint32_t lvt = apic(registers, R0_APIC_LVT_TIMER);

	add(report, "\n  LVT timer: %s, vector %#x, %s; initial count %u, current count %u",
	    modes[lvt >> 17 & 3], lvt & 0xff, lvt & R0_APIC_MASKED ? "masked" : "open",
	    apic(registers, R0_APIC_INITIAL_COUNT), apic(registers, R0_APIC_CURRENT_COUNT));
}

static void add_lvt(struct report *report, const struct interrupt_registers *registers,
		    uint32_t offset, const char *name)
{
	uint32_t lvt = apic(registers, offset);

	if (lvt & R0_APIC_MASKED)
		add(report, "%s masked", name);
	else if (uses_vector(lvt))
		add(report, "%s open, vector %#x", name, lvt & 0xff);
	else
		add(report, "%s open, %s", name, delivery(lvt));
}

static void add_apic(struct report *report, const struct interrupt_registers *registers)
{
	bool x2apic = registers->apic_base & R0_APIC_BASE_X2APIC;
	uint32_t svr = apic(registers, R0_APIC_SVR);

	if (!(registers->apic_base & R0_APIC_BASE_ENABLE)) {
		add(report, "\nlocal APIC: disabled by IA32_APIC_BASE");
		return;
	}
	add(report, "\nlocal APIC: %s mode, %s by SVR; TPR %#x, PPR %#x, ESR %#x",
	    x2apic ? "x2APIC" : "xAPIC", svr & R0_APIC_SVR_ENABLE ? "enabled" : "disabled",
	    apic(registers, R0_APIC_TPR), apic(registers, R0_APIC_PPR),
	    apic(registers, R0_APIC_ESR));
	add_vectors(report, registers, R0_APIC_IRR, "\n  requested (IRR):");
	add_vectors(report, registers, R0_APIC_ISR, "; in service (ISR):");
	add_vectors(report, registers, R0_APIC_TMR, "; level-triggered (TMR):");
	add_timer(report, registers);
	add_lvt(report, registers, R0_APIC_LVT_LINT0, "\n  LINT0");
	add_lvt(report, registers, R0_APIC_LVT_LINT1, "; LINT1");
	add_lvt(report, registers, R0_APIC_LVT_ERROR, "; error");
	add_lvt(report, registers, R0_APIC_LVT_PERFORMANCE, "; performance");
	add_lvt(report, registers, R0_APIC_LVT_THERMAL, "; thermal");
}

static void add_ioapic(struct report *report, const struct interrupt_registers *registers)
{
	unsigned int input, masked = 0;

	add(report, "\nIOAPIC:");
	for (input = 0; input < R0_IOAPIC_INPUTS; input++) {
		uint64_t entry = registers->redirections[input];
		uint32_t low = (uint32_t)entry;

		if (entry == R0_IOAPIC_RESET) {
			masked++;
			continue;
		}
		add(report, "\n  input %u: %s, vector %#x, %s, active %s, to %s %#x, %s", input,
		    delivery(low), low & 0xff, low & R0_IOAPIC_LEVEL ? "level" : "edge",
		    low & R0_IOAPIC_ACTIVE_LOW ? "low" : "high",
		    low & R0_IOAPIC_LOGICAL ? "logical" : "APIC", (unsigned int)(entry >> 56),
		    low & R0_IOAPIC_MASKED ? "masked" : "open");
		if (low & R0_IOAPIC_REMOTE_IRR)
			add(report, ", remote IRR");
		if (low & R0_IOAPIC_SEND_PENDING)
			add(report, ", send pending");
	}
	if (masked)
		add(report, "%s%u inputs masked, as after a reset",
		    masked < R0_IOAPIC_INPUTS ? "\n  " : " ", masked);
}

/* What can be told for sure of a vector that did not come. */
static void add_reason(struct report *report, const struct interrupt_registers *registers,
		       int vector)
{
	uint32_t ppr = apic(registers, R0_APIC_PPR);

	if (vector < 0 || !(registers->apic_base & R0_APIC_BASE_ENABLE))
		return;
	if (has(registers, R0_APIC_ISR, vector))
		add(report, "%#x is in service: it has had no EOI\n", (unsigned int)vector);
	if (has(registers, R0_APIC_IRR, vector) && (uint32_t)vector >> 4 <= ppr >> 4)
		add(report, "%#x is requested, but its class is not above that of PPR, %#x\n",
		    (unsigned int)vector, ppr);
	if (!(apic(registers, R0_APIC_SVR) & R0_APIC_SVR_ENABLE))
		add(report, "the local APIC is disabled by SVR, and accepts none\n");
}

size_t describe_interrupts(const struct interrupt_registers *registers, int vector, char *text,
			   size_t size)
{
	struct report report = { text, size, 0 };

	add_reason(&report, registers, vector);
	add(&report, "RFLAGS.IF: %u", registers->rflags & R0_RFLAGS_IF ? 1u : 0u);
	add_apic(&report, registers);
	if (registers->local_apic_alone)
		return report.length;
	add_ioapic(&report, registers);
	add(&report, "\nPICs: requested (IRR) 0x%04x, in service (ISR) 0x%04x, masked (IMR) 0x%04x",
	    registers->pic_requests, registers->pic_in_service, registers->pic_masks);
	return report.length;
}

size_t describe_local_apic(const struct interrupt_registers *registers, char *text, size_t size)
{
	struct report report = { text, size, 0 };

	add_apic(&report, registers);
	return report.length;
}
