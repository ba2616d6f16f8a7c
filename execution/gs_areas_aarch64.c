/* SPDX-License-Identifier: MIT */
/* GS is x86's. */
#include <errno.h>
#include "execution/gs_areas.h"

int gs_areas_begin(struct run *run)
{
	if (!run->job->options->gs.area)
		return 0;
	return error_set(&run->complaint, EINVAL, "it has .gs, and arm64 has no GS");
}
