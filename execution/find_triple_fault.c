/* SPDX-License-Identifier: MIT */
/* Single steps up to a time. */
#include "base/clock.h"
#include "execution/find_triple_fault.h"
#include "run/run.h"

static enum step start(void *context, struct run *run)
{
	(void)context;
	return stepping_begin(run) == 0 ? STEP_ON : STEP_END;
}

static enum step go_on(void *context, struct run *run)
{
	struct search *search = context;

	search->steps++;
	return clock_ns() < search->until && stepping_next(run) == 0 ? STEP_ON : STEP_END;
}

static void finish(void *context, struct run *run)
{
	(void)context;
	stepping_end(run);
}

const struct debugger_ops find_triple_fault_ops = {
	.start = start,
	.stopped = go_on,
	.served = go_on,
	.finish = finish,
};
