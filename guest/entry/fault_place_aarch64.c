/* SPDX-License-Identifier: MIT */
/* FAR_EL1, ESR_EL1 and ELR_EL1 of a fault. */
#include "guest/entry/fault_place.h"

uint64_t fault_address(const struct r0_fault *fault)
{
	return fault->far;
}

/* Arm ARM, D19.2.42, FAR_EL1. */
bool fault_has_address(const struct r0_fault *fault)
{
	switch (fault->vector) {
	case R0_INSTRUCTION_ABORT_EL0:
	case R0_INSTRUCTION_ABORT:
	case R0_PC_ALIGNMENT:
	case R0_DATA_ABORT_EL0:
	case R0_DATA_ABORT:
	case R0_WATCHPOINT_EL0:
	case R0_WATCHPOINT:
		return true;
	}
	return false;
}

const char fault_syndrome_name[] = "ESR";

uint64_t fault_syndrome(const struct r0_fault *fault)
{
	return fault->esr;
}

uint64_t fault_pc(const struct r0_fault *fault)
{
	return fault->elr;
}
