/* SPDX-License-Identifier: MIT */
/*
 * What the interrupt controllers hold, as text. For a wait that ends in a failure in ring 0, and for
 * the host's reports alike. Depends on include/ and guest/text/format.h alone.
 */
#ifndef GUEST_SMP_INTERRUPTS_X86_64_H
#define GUEST_SMP_INTERRUPTS_X86_64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ring0/x86/ioapic.h>

#pragma GCC visibility push(hidden)

#define APIC_REGISTERS 64

struct interrupt_registers {
	uint64_t rflags;
	uint64_t apic_base;	       /* IA32_APIC_BASE */
	uint32_t apic[APIC_REGISTERS]; /* by their offset in 16 bytes */
	bool local_apic_alone;	       /* there is no IOAPIC, and there are no PICs */
	uint64_t redirections[R0_IOAPIC_INPUTS];
	uint16_t pic_requests, pic_in_service, pic_masks;
};

/*
 * Describe them, in lines of which the last one has no newline. `vector` is the one that did not come,
 * or -1: what holds it back comes first, where that can be told. Returns the length, less than `size`.
 */
size_t describe_interrupts(const struct interrupt_registers *registers, int vector, char *text,
			   size_t size);

/* The same of the local APIC alone, after a newline: "local APIC: …". */
size_t describe_local_apic(const struct interrupt_registers *registers, char *text, size_t size);

#pragma GCC visibility pop

#endif /* GUEST_SMP_INTERRUPTS_X86_64_H */
