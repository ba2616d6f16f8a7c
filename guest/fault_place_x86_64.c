/* SPDX-License-Identifier: MIT */
/* CR2 and RIP of a fault. */
#include "guest/fault_place.h"

uint64_t fault_address(const struct r0_fault *fault)
{
	return fault->cr2;
}

uint64_t fault_pc(const struct r0_fault *fault)
{
	return fault->rip;
}
