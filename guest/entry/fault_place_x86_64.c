/* SPDX-License-Identifier: MIT */
/* CR2, error code and RIP of a fault. */
#include "guest/entry/fault_place.h"

uint64_t fault_address(const struct r0_fault *fault)
{
	return fault->cr2;
}

uint64_t fault_pc(const struct r0_fault *fault)
{
	return fault->rip;
}

bool fault_has_address(const struct r0_fault *fault)
{
	return fault->vector == R0_PF;
}

const char fault_syndrome_name[] = "error code";

uint64_t fault_syndrome(const struct r0_fault *fault)
{
	return fault->error_code;
}
