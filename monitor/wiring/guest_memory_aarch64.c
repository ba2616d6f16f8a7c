/* SPDX-License-Identifier: MIT */
/* Stage 2 is the CPU's own: KVM never walks a guest's tables. */
#include "monitor/wiring/guest_memory.h"

bool guest_memory_cpu_walks(void)
{
	return true;
}

/* A write to TTBR0_EL1 leaves the TLBs as they are: Arm ARM (DDI 0487), D8.13. */
bool guest_memory_root_flushes(void)
{
	return false;
}
