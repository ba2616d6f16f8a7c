/* SPDX-License-Identifier: MIT */
/* `ring0 stubs`, which has variables that nobody defined, is for x86's objects: there are none. */
#include "exits/unset_read.h"

void unset_read_tell(struct run *run, uint64_t address, uint64_t frame)
{
	(void)run;
	(void)address;
	(void)frame;
}
