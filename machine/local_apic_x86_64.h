/* SPDX-License-Identifier: MIT */
/* A local APIC as KVM gives it. */
#ifndef MACHINE_LOCAL_APIC_X86_64_H
#define MACHINE_LOCAL_APIC_X86_64_H

#include <string.h>
#include "machine/machine.h"

static inline uint32_t local_apic_register(const struct kvm_lapic_state *lapic, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, lapic->regs + offset, sizeof(value));
	return value;
}

#endif /* MACHINE_LOCAL_APIC_X86_64_H */
