/* SPDX-License-Identifier: MIT */
/* RFLAGS.IF. */
#include <ring0/x86.h>
#include "runtime.h"

void interrupts_off(void)
{
	r0_cli();
}
