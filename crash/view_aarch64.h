/* SPDX-License-Identifier: MIT */
/* What a view has in its system registers on arm64. */
#ifndef CRASH_VIEW_AARCH64_H
#define CRASH_VIEW_AARCH64_H

#include "crash/crash.h"

enum crash_system {
	CRASH_SCTLR_EL1,
	CRASH_TCR_EL1,
	CRASH_TTBR0_EL1,
	CRASH_TTBR1_EL1,
	CRASH_MAIR_EL1,
	CRASH_VBAR_EL1,
	CRASH_ESR_EL1,
	CRASH_CPACR_EL1,
};

_Static_assert(CRASH_CPACR_EL1 < CRASH_SYSTEM_REGISTERS, "there is room for them");

#endif /* CRASH_VIEW_AARCH64_H */
