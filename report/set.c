/* SPDX-License-Identifier: MIT */
/* The reports of one run. Depends on report.h only. */
#include "report/set.h"
#include <errno.h>
#include <stdio.h>

int report_set_add(struct report_set *set, const struct report *report, const char *file)
{
	struct report_output *output = &set->outputs[set->count++];

	*output = (struct report_output){
		.report = *report,
		.name = file ? file : "standard output",
		.own_stream = file,
	};
	output->report.plan = set->plan;
	output->report.whole = file;
	output->report.out = file ? fopen(file, "we") : stdout;
	if (!output->report.out)
		output->error = errno;
	return -output->error;
}

static bool begin(struct report_output *output)
{
	if (!output->error && !output->begun) {
		output->error = -output->report.ops->begin(&output->report);
		output->begun = !output->error;
	}
	return output->begun;
}

/* Hand what is written to the system now: results are worth seeing when they come. */
static void flush(struct report_output *output)
{
	if (output->error || !output->report.out)
		return;
	errno = 0;
	if (fflush(output->report.out) || ferror(output->report.out))
		output->error = errno ? errno : EIO;
}

/* 0 while a report is left that can be written. */
static int state_of(const struct report_set *set)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		if (!set->outputs[i].error)
			return 0;
	return set->count ? -set->outputs[0].error : 0;
}

int report_set_waiting(struct report_set *set, const struct plan_case *waits_for,
		       uint64_t elapsed_ns, const struct tally *so_far)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		struct report_output *output = &set->outputs[i];

		if (output->error || !output->report.ops->running || !begin(output))
			continue;
		output->report.ops->running(&output->report, waits_for, elapsed_ns, so_far);
		flush(output);
	}
	return state_of(set);
}

int report_set_running(struct report_set *set, size_t index, uint64_t elapsed_ns,
		       const struct tally *so_far)
{
	return report_set_waiting(set, &set->plan->cases[index], elapsed_ns, so_far);
}

/* A report that began and then failed still gets its end(), which releases its state. */
static void put_not_run(struct report_set *set, struct report_output *output, size_t end,
			const char *why, bool broken)
{
	size_t i;

	for (i = set->next; i < end && output->report.ops->not_run && !output->error; i++)
		output->report.ops->not_run(&output->report, &set->plan->cases[i], why, broken);
}

int report_set_result(struct report_set *set, size_t index, const struct outcome *outcome,
		      const char *why, bool broken)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		struct report_output *output = &set->outputs[i];

		if (output->error || !begin(output))
			continue;
		put_not_run(set, output, index, why, broken);
		output->report.ops->result(&output->report, &set->plan->cases[index], outcome);
		flush(output);
	}
	set->next = index + 1;
	return state_of(set);
}

void report_set_end(struct report_set *set, const struct tally *tally, const char *why,
		    const char *broken)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		struct report_output *output = &set->outputs[i];

		if (!begin(output))
			continue;
		put_not_run(set, output, set->plan->count, why, broken);
		output->report.ops->end(&output->report, tally, broken);
		flush(output);
	}
	set->next = set->plan->count;
}

void report_set_skipped(struct report_set *set, const char *reason)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		if (set->outputs[i].error)
			continue;
		/* Nothing ran: there is no KVM to speak of. */
		set->outputs[i].report.host = NULL;
		set->outputs[i].report.ops->skipped(&set->outputs[i].report, reason);
		flush(&set->outputs[i]);
	}
}

bool report_set_has_begun(const struct report_set *set)
{
	size_t i;

	for (i = 0; i < set->count; i++)
		if (set->outputs[i].begun)
			return true;
	return false;
}

void report_set_close(struct report_set *set)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		struct report_output *output = &set->outputs[i];

		flush(output);
		if (output->own_stream && output->report.out && fclose(output->report.out) &&
		    !output->error)
			output->error = errno;
		output->report.out = NULL;
	}
}

void report_set_mute(struct report_set *set, bool mute)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		struct report_output *output = &set->outputs[i];

		if (output->own_stream || mute == (output->muted != NULL))
			continue;
		if (mute) {
			FILE *nowhere = fopen("/dev/null", "we");

			if (!nowhere)
				continue;
			output->muted = output->report.out;
			output->report.out = nowhere;
		} else {
			fclose(output->report.out);
			output->report.out = output->muted;
			output->muted = NULL;
		}
	}
}
