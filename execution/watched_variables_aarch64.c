/* SPDX-License-Identifier: MIT */
/* .watch is refused on arm64. */
#include "execution/watched_variables.h"
#include <errno.h>
#include "run/run.h"

int watched_variables_create(struct run *run)
{
	return error_set(&run->complaint, ENOTSUP,
			 "it has .watch, which ring0 doesn't have on arm64");
}

void watched_variables_destroy(struct watched_variables *watchpoints)
{
	(void)watchpoints;
}

void watched_variables_report(struct watched_variables *watchpoints, struct buffer *output)
{
	(void)watchpoints;
	(void)output;
}
