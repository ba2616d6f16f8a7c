/* SPDX-License-Identifier: MIT */
/* R0_ORIGINAL() can't be had on arm64: nothing reads the instruction that is overwritten, to move it. */
#include "replace/move.h"

static const char why[] = "ring0 can't move code of arm64's";

const char *move_plan(struct move *move)
{
	(void)move;
	return why;
}

const char *move_write(const struct move *move, const uint8_t *shown, uint64_t there, uint8_t *to)
{
	(void)move;
	(void)shown;
	(void)there;
	(void)to;
	return why;
}

uint64_t move_origin(const struct move *move, size_t offset)
{
	(void)move;
	(void)offset;
	return UINT64_MAX;
}
