/* SPDX-License-Identifier: MIT */
/* r0_call(): one function in ring 0, its outcome handed back. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "exits/mock_calls.h"
#include "mock/guard.h"
#include "runner/workers/job.h"
#include "runner/workers/worker.h"

/* One call, between the caller and the worker. */
struct call {
	struct template *template;
	struct job job;
	bool taken, gone, complete;
	struct outcome outcome;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

static bool next(void *context, struct job *job, size_t *number)
{
	struct call *call = context;

	if (call->taken)
		return false;
	call->taken = true;
	*job = call->job;
	*number = 0;
	return true;
}

static void done(void *context, size_t number, struct outcome *outcome)
{
	struct call *call = context;

	(void)number;
	pthread_mutex_lock(&call->lock);
	call->outcome = *outcome;
	call->complete = true;
	pthread_cond_signal(&call->changed);
	pthread_mutex_unlock(&call->lock);
}

static void gone(void *context)
{
	(void)context;
}

static struct timespec after(uint64_t now_ns, uint64_t delay_ns)
{
	uint64_t at = now_ns + delay_ns;

	return (struct timespec){ .tv_sec = (time_t)(at / 1000000000),
				  .tv_nsec = (long)(at % 1000000000) };
}

/* Wait for the outcome, and see to it that there is one. Returns whether the worker is lost. */
static bool wait_for(struct call *call, struct worker *worker)
{
	uint64_t period = 20000000, since;
	bool lost = false;
	size_t number;

	pthread_mutex_lock(&call->lock);
	while (!call->complete && !lost) {
		uint64_t now = clock_ns();
		struct timespec until = after(now, period);

		pthread_cond_timedwait(&call->changed, &call->lock, &until);
		if (call->complete)
			break;
		/* The worker takes the lock to give its outcome. */
		pthread_mutex_unlock(&call->lock);
		guard_pulse();
		lost = worker_supervise(worker, clock_ns(), &number, &since) == WORKER_ABANDONED;
		pthread_mutex_lock(&call->lock);
	}
	pthread_mutex_unlock(&call->lock);
	return lost;
}

static void call_destroy(struct call *call)
{
	template_destroy(call->template);
	pthread_cond_destroy(&call->changed);
	pthread_mutex_destroy(&call->lock);
	free(call);
}

static struct call *call_create(void)
{
	struct call *call = calloc(1, sizeof(*call));
	pthread_condattr_t attributes;

	if (!call)
		return NULL;
	pthread_mutex_init(&call->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&call->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return call;
}

/* Have a worker run the call. Returns whether it is lost. */
static bool run(struct call *call, struct error *error)
{
	const struct worker_jobs jobs = {
		.context = call, .next = next, .done = done, .gone = gone
	};
	struct worker *worker;

	if (worker_create(&worker, call->template, &(struct worker_options){ 0 }, &jobs, error)) {
		outcome_of(&call->outcome, R0_VERDICT_ERROR, error->text);
		return false;
	}
	if (wait_for(call, worker)) {
		job_abandoned(&call->outcome, &call->job, worker_mock(worker));
		return true;
	}
	worker_destroy(worker);
	return false;
}

/* Fill in call->outcome. Returns whether the call may be released. */
static bool perform(struct call *call, struct error *error)
{
	struct template_needs needs = {
		.options = &call->job.options,
		.count = 1,
		.cpus = call->job.options->cpus ? call->job.options->cpus : 1,
	};
	const bool mocks = mocks_declared(call->job.options) > 0;
	struct mirror_range *reserved = NULL;
	bool lost;
	int err;

	err = job_reserved_ranges(call->job.options, &reserved, &needs.reserved_count);
	needs.reserved = reserved;
	if (!err)
		err = template_create(&call->template, &needs, error);
	free(reserved);
	if (err) {
		outcome_of(&call->outcome,
			   template_error_is_no_kvm(err) ? R0_VERDICT_SKIP : R0_VERDICT_ERROR,
			   error->text);
		return true;
	}
	err = mocks ? mock_calls_init(error) : 0;
	if (err) {
		outcome_of(&call->outcome, R0_VERDICT_ERROR, error->text);
		return true;
	}
	lost = run(call, error);
	if (mocks)
		mock_calls_finish();
	return !lost;
}

/* Who calls sees no more than the result: where an assertion failed has to be in its report. */
static void add_place(struct r0_result *result)
{
	char *report;
	int length;

	if (!result->file || !result->file[0] || !result->message ||
	    (result->report && strstr(result->report, result->file)))
		return;
	length = asprintf(&report, "%s:%d: %s\n%s", result->file, result->line, result->message,
			  result->report ? result->report : "");
	if (length < 0)
		return;
	free(result->report);
	result->report = report;
}

static char *text_or_empty(char *text)
{
	return text ? text : strdup("");
}

struct r0_result r0_call(void (*fn)(void *arg), void *arg, const struct r0_options *options)
{
	static const struct r0_options none;
	struct error error = { 0 };
	struct r0_result result = { .verdict = R0_VERDICT_ERROR };
	struct call *call = call_create();

	if (!call) {
		result.message = strdup("no memory");
	} else {
		call->job = (struct job){ .fn = fn, .arg = arg };
		call->job.options = options ? options : &none;
		if (call->job.options->params.count)
			outcome_of(
				&call->outcome, R0_VERDICT_ERROR,
				"r0_call() runs a function once and takes no .params: hand it the "
				"element as its argument");
		else if (job_time_limit(&call->job, 0, 0, &error) != 0)
			outcome_of(&call->outcome, R0_VERDICT_ERROR, error.text);
		else if (!perform(call, &error)) {
			result = call->outcome.result;
			goto out; /* the lost worker keeps the call */
		}
		result = call->outcome.result;
		call_destroy(call);
	}
out:
	add_place(&result);
	result.message = text_or_empty(result.message);
	result.report = text_or_empty(result.report);
	result.output = text_or_empty(result.output);
	result.file = text_or_empty(result.file);
	return result;
}

void r0_result_finish(struct r0_result *result)
{
	free(result->message);
	free(result->report);
	free(result->output);
	free(result->file);
	outcome_finish_values(result);
	*result = (struct r0_result){ 0 };
}
