/* SPDX-License-Identifier: MIT */
/* What CPUID says of the CPU that asks, and glibc keeps. */
#include "image/noise_own.h"
#include <cpuid.h>
#include <string.h>

/* CPUID.1:EBX, bits 31 to 24: the initial local APIC ID (SDM vol. 2A, CPUID; APM vol. 3, E.3.2). */
#define APIC_ID 0xff000000u

/*
 * A process that stays on one CPU has the same number each time, but where CPUID is executed in a VM without leaving
 * it: there it is that of whichever CPU the hypervisor has it on. glibc has the leaf's registers in their order.
 */
void noise_remove_cpu(uint8_t *bytes, size_t size)
{
	uint32_t leaf[4], found[4];
	size_t i;

	if (!__get_cpuid(1, &leaf[0], &leaf[1], &leaf[2], &leaf[3]))
		return;
	leaf[1] &= ~APIC_ID;
	for (i = 0; i + sizeof(found) <= size; i += sizeof(found[0])) {
		memcpy(found, bytes + i, sizeof(found));
		found[1] &= ~APIC_ID;
		if (memcmp(found, leaf, sizeof(found)) == 0)
			memcpy(bytes + i, found, sizeof(found));
	}
}
