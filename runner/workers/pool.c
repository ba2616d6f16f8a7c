/* SPDX-License-Identifier: MIT */
/*
 * The pool: workers take cases in order and leave their outcomes; the calling thread hands them
 * on, in order, and holds the workers to their deadlines. A worker wakes the caller only when it
 * ends, so that a short test does not pay for a wake-up.
 */
#include "runner/workers/pool.h"
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/clock.h"
#include "base/tsan.h"
#include "exits/mock_calls.h"
#include "mock/guard.h"
#include "runner/workers/by_test.h"
#include "runner/workers/fresh.h"
#include "runner/workers/job.h"
#include "runner/workers/worker.h"
#include "verdict/verdict.h"

/* How long an outcome may lie before the caller looks, at most. */
#define LOOK_NS 10000000ull

/* From when on a case is shown as running, and how often. */
#define LONG_NS	   1000000000ull
#define REFRESH_NS 250000000ull

struct slot {
	struct outcome outcome;
	atomic_bool done;
};

struct pool {
	const struct plan *plan;
	const struct pool_options *options;
	struct template *template;
	struct by_test by_test;
	struct error by_test_error; /* of the worker's thread */
	bool mocks;		    /* some job has mocks */
	struct job *jobs;	    /* one a case */
	struct slot *slots;	    /* one a case */
	_Atomic(size_t) next;
	atomic_bool stop;
	struct worker **workers; /* one a thread; NULL for one that is no more */
	size_t worker_count;
	_Atomic(size_t) gone; /* workers that have ended by themselves */
	pthread_mutex_t lock;
	pthread_cond_t wake;
};

static bool next_job(void *context, struct job *job, size_t *number)
{
	struct pool *pool = context;

	if (atomic_load(&pool->stop))
		return false;
	do {
		*number = atomic_fetch_add(&pool->next, 1);
		if (*number >= pool->plan->count)
			return false;
	} while (atomic_load(&pool->slots[*number].done));
	*job = pool->jobs[*number];
	if (pool->options->coverage_by_test)
		by_test_begin(&pool->by_test);
	return true;
}

static void wake_caller(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pthread_cond_signal(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
}

static void leave_outcome(struct pool *pool, size_t number, const struct outcome *outcome)
{
	enum r0_verdict verdict = outcome->result.verdict;

	if (pool->options->fail_fast &&
	    (verdict_is_failure(verdict) || verdict == R0_VERDICT_ERROR))
		atomic_store(&pool->stop, true);
	pool->slots[number].outcome = *outcome;
	fresh_keep(number, &pool->slots[number].outcome);
	tsan_release(&pool->slots[number]);
	atomic_store(&pool->slots[number].done, true);
}

static void job_done(void *context, size_t number, struct outcome *outcome)
{
	struct pool *pool = context;

	if (pool->options->coverage_by_test &&
	    by_test_end(&pool->by_test, pool->plan->cases[number].name, &pool->by_test_error))
		atomic_store(&pool->stop, true);
	leave_outcome(pool, number, outcome);
	fresh_settled();
}

static void job_ran(void *context)
{
	(void)context;
	fresh_settle();
}

static void worker_gone(void *context)
{
	struct pool *pool = context;

	atomic_fetch_add(&pool->gone, 1);
	wake_caller(pool);
}

static int start_worker(struct pool *pool, struct worker **worker, struct error *error)
{
	const struct worker_options options = {
		.fresh_vm = pool->options->fresh_vm,
		.check_reset = pool->options->check_reset,
	};
	const struct worker_jobs jobs = {
		.context = pool,
		.next = next_job,
		.ran = job_ran,
		.done = job_done,
		.gone = worker_gone,
	};

	return worker_create(worker, pool->template, &options, &jobs, error);
}

static int prepare_jobs(struct pool *pool, struct error *error)
{
	const struct plan *plan = pool->plan;
	const struct r0_options **options = calloc(plan->count + 1, sizeof(struct r0_options *));
	struct mirror_range *reserved = NULL;
	struct template_needs needs = { .options = options, .count = plan->count, .cpus = 1 };
	size_t i;
	int err = 0;

	pool->jobs = calloc(plan->count + 1, sizeof(*pool->jobs));
	pool->slots = calloc(plan->count + 1, sizeof(*pool->slots));
	if (!pool->jobs || !pool->slots || !options)
		err = error_set(error, ENOMEM, "no memory for %zu cases", plan->count);
	for (i = 0; i < plan->count && !err; i++) {
		const struct r0_test *test = plan->cases[i].test;
		const struct r0_params *params = &test->options.params;
		struct job *job = &pool->jobs[i];

		*job = (struct job){
			/* A test takes no argument; the entry code passes one that it ignores. */
			.fn = (void (*)(void *))(uintptr_t)test->fn,
			.options = &test->options,
			.attributes = test->attributes,
			.file = test->file,
			.line = test->line,
			.debugger = pool->options->debugger,
		};
		if (test->fuzz) {
			job->input =
				(const struct job_input *)params->elements + plan->cases[i].param;
			job->param = job->input->room;
		}
		pool->mocks |= mocks_declared(&test->options) > 0;
		options[i] = &test->options;
		needs.cpus = test->options.cpus > needs.cpus ? test->options.cpus : needs.cpus;
		if (params->count && !test->fuzz)
			job->param = (void *)((uintptr_t)params->elements +
					      plan->cases[i].param * params->size);
		err = job_time_limit(job, pool->options->timeout_ms, pool->options->timeout_factor,
				     error);
		if (!err && (i == 0 || plan->cases[i - 1].test != test))
			err = job_reserved_ranges(&test->options, &reserved, &needs.reserved_count);
	}
	needs.reserved = reserved;
	if (!err)
		err = template_create(&pool->template, &needs, error);
	free(reserved);
	free(options);
	return err;
}

/* What an earlier process left is done. */
static void take_known(struct pool *pool, struct fresh *fresh)
{
	struct outcome crashed;
	size_t i;

	for (i = 0; i < fresh->count; i++) {
		if (fresh->numbers[i] >= pool->plan->count)
			continue;
		leave_outcome(pool, fresh->numbers[i], &fresh->outcomes[i]);
		fresh->outcomes[i] = (struct outcome){ 0 };
	}
	if (fresh->crashed >= pool->plan->count)
		return;
	fresh_crash(fresh, pool->plan, &crashed);
	leave_outcome(pool, fresh->crashed, &crashed);
}

static int begin_by_test(struct pool *pool, const struct fresh *fresh, struct error *error)
{
	const bool anew = !fresh || !fresh->left;
	const struct plan *plan = pool->plan;
	int err = by_test_init(&pool->by_test, &pool->template->counters,
			       pool->options->coverage_by_test, plan, anew, error);

	/* The case whose mock crashed has counted, too. */
	if (err || anew || fresh->crashed >= plan->count)
		return err;
	return by_test_end(&pool->by_test, plan->cases[fresh->crashed].name, error);
}

/* Hand on what is done, in order, from *reported on. Returns non-zero to stop. */
static int report_done(struct pool *pool, const struct pool_events *events, size_t *reported)
{
	while (*reported < pool->plan->count && atomic_load(&pool->slots[*reported].done)) {
		struct outcome *outcome = &pool->slots[*reported].outcome;
		struct r0_result *result = &outcome->result;
		int stop;

		tsan_acquire(&pool->slots[*reported]);
		if (!result->message)
			result->message = strdup("");
		if (!result->report)
			result->report = strdup("");
		if (!result->output)
			result->output = strdup("");
		if (!result->file)
			result->file = strdup("");
		stop = events->result(events->context, (*reported)++, outcome);
		if (stop)
			return stop;
	}
	return 0;
}

/* The CPUs that the process may use. */
static size_t usable_cpus(void)
{
	cpu_set_t set;
	int count = 0;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		count = CPU_COUNT(&set);
	return count > 0 ? (size_t)count : 1;
}

static void wait_a_while(struct pool *pool, size_t live)
{
	uint64_t until = clock_ns() + LOOK_NS;
	struct timespec at = { .tv_sec = (time_t)(until / 1000000000),
			       .tv_nsec = (long)(until % 1000000000) };

	pthread_mutex_lock(&pool->lock);
	if (atomic_load(&pool->gone) < live)
		pthread_cond_timedwait(&pool->wake, &pool->lock, &at);
	pthread_mutex_unlock(&pool->lock);
}

/* The case that has been running for longest, of those that are seen to run. */
struct oldest {
	size_t number; /* SIZE_MAX for none */
	uint64_t since;
};

/*
 * Look after one worker. One that was abandoned has its case's outcome given, and is replaced
 * unless the run stops. Returns 0 or -errno.
 */
static int look_after(struct pool *pool, struct worker **worker, struct oldest *oldest, bool *lost,
		      struct error *error)
{
	struct outcome outcome;
	uint64_t since;
	size_t number;

	if (worker_supervise(*worker, clock_ns(), &number, &since) != WORKER_ABANDONED) {
		if (number != SIZE_MAX && (oldest->number == SIZE_MAX || since < oldest->since))
			*oldest = (struct oldest){ .number = number, .since = since };
		return 0;
	}
	since = clock_ns() - since;
	job_abandoned(&outcome, &pool->jobs[number], worker_mock(*worker));
	outcome.duration_ns = since;
	*worker = NULL;
	*lost = true;
	leave_outcome(pool, number, &outcome);
	return atomic_load(&pool->stop) ? 0 : start_worker(pool, worker, error);
}

static size_t count_workers(const struct pool *pool)
{
	size_t live = 0, i;

	for (i = 0; i < pool->worker_count; i++)
		live += pool->workers[i] != NULL;
	return live;
}

static void stop_all(struct pool *pool)
{
	size_t i;

	atomic_store(&pool->stop, true);
	for (i = 0; i < pool->worker_count; i++)
		if (pool->workers[i])
			worker_interrupt(pool->workers[i]);
}

/*
 * See the run through to the end of its last worker, handing on outcomes as they come. Returns 0
 * or -errno; *lost if a worker was abandoned, which keeps the pool.
 */
static int watch(struct pool *pool, const struct pool_events *events, bool *lost,
		 struct error *error)
{
	uint64_t shown = 0, now;
	size_t reported = 0, live = pool->worker_count, i;
	bool stopped = false, ended = false;
	int err = 0, failed;

	while (live) {
		struct oldest oldest = { .number = SIZE_MAX };
		/* Before the outcomes: after the last worker went, none comes. */
		bool all_gone = atomic_load(&pool->gone) >= live;

		guard_pulse();
		if (!stopped && report_done(pool, events, &reported))
			stopped = true;
		/* Also where the results can't be reported any more: what runs may have a long limit, or none. */
		if (!ended && events->stopped && events->stopped(events->context)) {
			stopped = ended = true;
			stop_all(pool);
		}
		if (stopped)
			atomic_store(&pool->stop, true);
		if (all_gone)
			break;
		for (i = 0; i < pool->worker_count; i++) {
			if (!pool->workers[i])
				continue;
			failed = look_after(pool, &pool->workers[i], &oldest, lost, error);
			if (!failed || err)
				continue;
			/* The others are held to their deadlines until they have stopped. */
			err = failed;
			stop_all(pool);
		}
		live = count_workers(pool);
		now = clock_ns();
		if (!stopped && oldest.number != SIZE_MAX && now - oldest.since > LONG_NS &&
		    now - shown > REFRESH_NS) {
			events->running(events->context, oldest.number, now - oldest.since);
			shown = now;
		}
		wait_a_while(pool, live);
	}
	/* What the last worker was abandoned with. */
	if (!stopped)
		report_done(pool, events, &reported);
	for (i = 0; i < pool->worker_count; i++)
		if (pool->workers[i])
			worker_destroy(pool->workers[i]);
	return err;
}

static int run(struct pool *pool, const struct pool_events *events, bool *lost, struct error *error)
{
	size_t wanted = pool->options->workers ? pool->options->workers : usable_cpus(), i;
	int err = 0;

	if (pool->options->coverage_by_test || pool->options->debugger)
		wanted = 1;
	wanted = wanted < pool->plan->count ? wanted : pool->plan->count;
	pool->workers = calloc(wanted + 1, sizeof(struct worker *));
	if (!pool->workers)
		return error_set(error, ENOMEM, "no memory");
	for (i = 0; i < wanted && !err; i++) {
		err = start_worker(pool, &pool->workers[i], error);
		pool->worker_count += !err;
	}
	/* With fewer threads than asked for the run is slower, no more. */
	if (!pool->worker_count)
		return err;
	error->text[0] = '\0';
	return watch(pool, events, lost, error);
}

static struct pool *pool_create(const struct plan *plan, const struct pool_options *options)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	pthread_condattr_t attributes;

	if (!pool)
		return NULL;
	pool->plan = plan;
	pool->options = options;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	return pool;
}

/* What was not handed on, after a stop, is released here. */
static void pool_destroy(struct pool *pool)
{
	size_t i;

	for (i = 0; pool->slots && i < pool->plan->count; i++)
		if (atomic_load(&pool->slots[i].done))
			outcome_finish(&pool->slots[i].outcome);
	by_test_finish(&pool->by_test);
	template_destroy(pool->template);
	free(pool->workers);
	free(pool->slots);
	free(pool->jobs);
	pthread_cond_destroy(&pool->wake);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

int pool_run(const struct plan *plan, const struct pool_options *options,
	     const struct pool_events *events, struct error *error)
{
	struct pool *pool = pool_create(plan, options);
	bool lost = false;
	int err;

	if (!pool)
		return error_set(error, ENOMEM, "no memory");
	err = prepare_jobs(pool, error);
	if (!err && options->coverage_by_test)
		err = begin_by_test(pool, options->fresh, error);
	if (!err && options->fresh)
		take_known(pool, options->fresh);
	/* After the program was mirrored, in whose copy standard output is as it was. */
	if (!err && pool->mocks)
		err = mock_calls_init(error);
	if (!err) {
		err = run(pool, events, &lost, error);
		if (pool->mocks)
			mock_calls_finish();
	}
	if (!err && pool->by_test_error.text[0])
		err = error_set(error, EIO, "%s", pool->by_test_error.text);
	/* An abandoned worker may still come back and look at the pool: it is kept for it. */
	if (!lost)
		pool_destroy(pool);
	return err;
}
