/* SPDX-License-Identifier: MIT */
/* MSRs are x86's. */
#include <errno.h>
#include "execution/declared_msrs.h"

int declared_msrs_begin(struct run *run)
{
	const struct r0_options *options = run->job->options;

	if (!options->msrs.count && !options->strict_msrs)
		return 0;
	return error_set(&run->complaint, EINVAL, "it declares MSRs, which arm64 doesn't have");
}

void declared_msrs_end(struct run *run)
{
	(void)run;
}
