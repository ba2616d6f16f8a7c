/* SPDX-License-Identifier: MIT */
/* Time limits and memory ranges of jobs. */
#include "runner/job.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "execution/verdict.h"
#include "runner/timeout_factor.h"

#define DEFAULT_TIMEOUT_MS 10000

int job_time_limit(struct job *job, unsigned int timeout_ms, double factor, struct error *error)
{
	unsigned int own = job->options->timeout_ms ? job->options->timeout_ms : DEFAULT_TIMEOUT_MS;
	double limit;
	int err = 0;

	if (factor <= 0)
		err = timeout_factor_read(getenv("R0_TIMEOUT_FACTOR"), &factor, error);
	limit = (timeout_ms ? timeout_ms : own) * factor * 1e6;
	/* For ever, within what can be added to the clock. */
	job->limit_ns = limit < 1e18 ? (uint64_t)limit : 1000000000000000000;
	return err;
}

int job_reserved_ranges(const struct r0_options *options, struct mirror_range **ranges,
			size_t *count)
{
	size_t more = options->ram.count + options->mmio.count, i;
	struct mirror_range *list;

	if (!more)
		return 0;
	list = realloc(*ranges, (*count + more) * sizeof(*list));
	if (!list)
		return -ENOMEM;
	*ranges = list;
	for (i = 0; i < options->ram.count; i++)
		if (options->ram.entries[i].from < options->ram.entries[i].to)
			list[(*count)++] = (struct mirror_range){
				.start = options->ram.entries[i].from,
				.end = options->ram.entries[i].to,
			};
	for (i = 0; i < options->mmio.count; i++)
		if (options->mmio.entries[i].first <= options->mmio.entries[i].last &&
		    options->mmio.entries[i].last < UINT64_MAX - PAGE_SIZE)
			list[(*count)++] = (struct mirror_range){
				.start = page_floor(options->mmio.entries[i].first),
				.end = page_ceiling(options->mmio.entries[i].last + 1),
			};
	return 0;
}

void job_abandoned(struct outcome *outcome, const struct job *job)
{
	const struct ending ending = {
		.how = END_TIMEOUT,
		.message = "it can't be interrupted, and was abandoned with its VM: KVM, or a "
			   "mock's handler, does not come back",
	};
	char message[512];
	enum r0_verdict verdict = verdict_of(job->options, &ending, message, sizeof(message));

	outcome_of(outcome, verdict, message);
	outcome->duration_ns = job->limit_ns;
}
