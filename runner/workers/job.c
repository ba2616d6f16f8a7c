/* SPDX-License-Identifier: MIT */
/* Time limits and memory ranges of jobs. */
#include "runner/workers/job.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mock/mock_call.h"
#include "runner/cli/timeout_factor.h"
#include "verdict/verdict.h"

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

/* A mock is told by its name, and where it is; the report has the rest. */
static void describe_mock(struct outcome *outcome, const struct mock_call *call, char *message,
			  size_t size)
{
	struct r0_result *result = &outcome->result;
	char file[512];
	size_t length;
	FILE *out = open_memstream(&result->report, &length);

	if (!out)
		return;
	mock_call_describe(call, message, size, file, &result->line, out);
	fclose(out);
	if (file[0])
		result->file = strdup(file);
}

void job_abandoned(struct outcome *outcome, const struct job *job, const struct mock_call *call)
{
	bool overdue = !call || call->guard.end < GUARD_CRASHED;
	char happened[1024] =
		"it can't be interrupted, and was abandoned with its VM: KVM does not "
		"come back";
	struct ending ending = { .how = overdue ? END_TIMEOUT : END_REFUSED, .message = happened };
	struct r0_result *result = &outcome->result;
	char message[1200];

	*outcome = (struct outcome){ .duration_ns = job->limit_ns };
	if (call)
		describe_mock(outcome, call, happened, sizeof(happened));
	result->verdict = verdict_of(job->options, &ending, message, sizeof(message));
	result->message = strdup(message);
}
