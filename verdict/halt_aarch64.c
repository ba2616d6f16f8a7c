/* SPDX-License-Identifier: MIT */
/* WFI. */
#include "verdict/halt.h"

const char verdict_halted[] = "it executed WFI with interrupts off";
const char verdict_halted_for_ever[] =
	"it executed WFI with interrupts on, and waits for an interrupt for ever";
