/* SPDX-License-Identifier: MIT */
/* KVM on arm64 emulates nothing of EL1: there are no doubts about a run. */
#include "execution/doubts.h"

unsigned int doubts_of(const struct run *run, bool failed)
{
	(void)run;
	(void)failed;
	return 0;
}

/* Nothing in place of a function takes a handler there. */
bool doubts_own_handlers(const struct run *run)
{
	(void)run;
	return false;
}
