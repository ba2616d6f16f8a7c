/* SPDX-License-Identifier: MIT */
/* In place of move_x86_64.c, where Zydis' headers were not there to build it. */
#include "replace/move.h"

const char *move_plan(struct move *move)
{
	(void)move;
	return "ring0 was built without Zydis";
}

const char *move_write(const struct move *move, const uint8_t *shown, uint64_t there, uint8_t *to)
{
	(void)move;
	(void)shown;
	(void)there;
	(void)to;
	return "ring0 was built without Zydis";
}

uint64_t move_origin(const struct move *move, size_t offset)
{
	(void)move;
	(void)offset;
	return UINT64_MAX;
}
