/* SPDX-License-Identifier: MIT */
/* HLT. */
#include "verdict/halt.h"

const char verdict_halted[] = "it executed HLT with interrupts off";
const char verdict_halted_for_ever[] =
	"it executed HLT with interrupts on, and waits for an interrupt for ever";
