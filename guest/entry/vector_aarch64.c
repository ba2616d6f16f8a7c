/* SPDX-License-Identifier: MIT */
/* The names of exceptions. At EL1 and by the host's reports alike. Arm ARM, D19.2.37, ESR_EL1.EC. */
#include <ring0/fault.h>
#include <stddef.h>

const char *r0_vector_name(int vector)
{
	switch (vector) {
	case R0_UNDEFINED:
		return "undefined instruction";
	case R0_WF_TRAPPED:
		return "trapped WFI or WFE";
	case R0_FP_ACCESS:
		return "SIMD or floating point access";
	case R0_POINTER_AUTHENTICATION:
		return "pointer authentication instruction";
	case R0_BRANCH_TARGET:
		return "branch target exception";
	case R0_ILLEGAL_STATE:
		return "illegal execution state";
	case R0_SVC:
		return "SVC";
	case R0_HVC:
		return "HVC";
	case R0_SMC:
		return "SMC";
	case R0_SYSTEM_REGISTER:
		return "system register access";
	case R0_SVE_ACCESS:
		return "SVE access";
	case R0_AUTHENTICATION_FAILED:
		return "pointer authentication failure";
	case R0_INSTRUCTION_ABORT_EL0:
		return "instruction abort at EL0";
	case R0_INSTRUCTION_ABORT:
		return "instruction abort";
	case R0_PC_ALIGNMENT:
		return "PC alignment fault";
	case R0_DATA_ABORT_EL0:
		return "data abort at EL0";
	case R0_DATA_ABORT:
		return "data abort";
	case R0_SP_ALIGNMENT:
		return "SP alignment fault";
	case R0_FP_EXCEPTION:
		return "floating point exception";
	case R0_SERROR:
		return "SError";
	case R0_BREAKPOINT_EL0:
		return "breakpoint at EL0";
	case R0_BREAKPOINT:
		return "breakpoint";
	case R0_STEP_EL0:
		return "software step at EL0";
	case R0_STEP:
		return "software step";
	case R0_WATCHPOINT_EL0:
		return "watchpoint at EL0";
	case R0_WATCHPOINT:
		return "watchpoint";
	case R0_BRK:
		return "BRK";
	case R0_IRQ:
		return "IRQ";
	case R0_FIQ:
		return "FIQ";
	}
	return "interrupt";
}
