/* SPDX-License-Identifier: MIT */
/* There is no triple fault on arm64 whose place would have to be found: leftovers_hide_place(). */
#include "execution/replay.h"

void replay(struct run *run, uint64_t start)
{
	(void)run;
	(void)start;
}
