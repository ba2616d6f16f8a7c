/* SPDX-License-Identifier: MIT */
#include "image/start/hardware/hypervisor_x86_64.h"
#include <ring0/x86.h>
#include "guest/text/bytes.h"

#define FIRST_LEAF 0x40000000u
#define DEBUG_PORT 0xe9

struct hypervisor hypervisor;

void hypervisor_look(void)
{
	struct r0_cpuid_result leaf = r0_cpuid(1, 0);

	/* ECX bit 31. Bochs, which has none of the leaves, has its port. */
	hypervisor.is_there = leaf.ecx >> 31;
	if (!hypervisor.is_there) {
		hypervisor.is_there = r0_in8(DEBUG_PORT) == DEBUG_PORT;
		return;
	}
	leaf = r0_cpuid(FIRST_LEAF, 0);
	hypervisor.last_leaf = leaf.eax;
	copy_bytes(hypervisor.name, &leaf.ebx, 4);
	copy_bytes(hypervisor.name + 4, &leaf.ecx, 4);
	copy_bytes(hypervisor.name + 8, &leaf.edx, 4);
}

bool hypervisor_is_xen(void)
{
	static const char xen[] = "XenVMMXenVMM";

	return common_length(hypervisor.name, xen, sizeof(xen)) == sizeof(xen);
}

bool hypervisor_has_debug_port(void)
{
	if (!hypervisor.is_there)
		return false;
	return r0_in8(DEBUG_PORT) == DEBUG_PORT || hypervisor_is_xen();
}
