/* SPDX-License-Identifier: MIT */
/* libFuzzer (LLVM's documentation, "libFuzzer", "Using libFuzzer as a library") or AFL++, and one test in ring 0. */
#include "runner/fuzz/engine.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <ring0/fuzz.h>
#include <ring0/private/fuzz.h>
#include "base/clock.h"
#include "exits/mock_calls.h"
#include "mock/guard.h"
#include "report/report.h"
#include "runner/fuzz/afl_commands.h"
#include "runner/fuzz/corpus.h"
#include "runner/fuzz/engine_afl.h"
#include "runner/workers/job.h"
#include "runner/workers/worker.h"

/* How often the job is looked after: it may be overdue. */
#define LOOK_NS 20000000ull

/* Between two resets of all of a machine so many leave registers that hardly any input changes. */
#define LIGHT_RESETS 63

/* A switch with more cases is of no use to the engine. */
#define MOST_CASES 256

/* A test's time limit where it has none of its own: inputs are many. */
#define LIMIT_MS 1000

/* Of the engine, where the program is linked with it. */
extern int LLVMFuzzerRunDriver(int *argc, char ***argv,
			       int (*callback)(const uint8_t *data, size_t size))
	__attribute__((weak));
/* Its callbacks for comparisons. */
extern void __sanitizer_cov_trace_cmp1(uint8_t a, uint8_t b) __attribute__((weak));
extern void __sanitizer_cov_trace_cmp2(uint16_t a, uint16_t b) __attribute__((weak));
extern void __sanitizer_cov_trace_cmp4(uint32_t a, uint32_t b) __attribute__((weak));
extern void __sanitizer_cov_trace_cmp8(uint64_t a, uint64_t b) __attribute__((weak));
extern void __sanitizer_cov_trace_const_cmp1(uint8_t a, uint8_t b) __attribute__((weak));
extern void __sanitizer_cov_trace_const_cmp2(uint16_t a, uint16_t b) __attribute__((weak));
extern void __sanitizer_cov_trace_const_cmp4(uint32_t a, uint32_t b) __attribute__((weak));
extern void __sanitizer_cov_trace_const_cmp8(uint64_t a, uint64_t b) __attribute__((weak));

/* One input at a time, from the engine's thread to the worker's and back. The engine's callback has no argument for it. */
static struct session {
	const struct r0_test *test;
	struct template *template;
	struct worker *worker;
	struct job job;
	struct job_input input;
	struct outcome outcome;
	bool is_given, is_done;
	bool by_afl;
	pthread_mutex_t lock;
	pthread_cond_t given, done;
} session = { .lock = PTHREAD_MUTEX_INITIALIZER, .given = PTHREAD_COND_INITIALIZER };

const char *engine_wanted(void)
{
	const char *name = getenv(ENGINE_VARIABLE);

	return name && name[0] ? name : NULL;
}

bool engine_is_there(struct error *error)
{
	if (LLVMFuzzerRunDriver)
		return true;
	if (engine_afl_is_there())
		return afl_commands_find(error) == 0;
	error_set(error, ENOSYS,
		  "--fuzz: the program is linked with no engine: build it by clang with "
		  "-fsanitize=fuzzer-no-link -Wl,-u,LLVMFuzzerRunDriver and `clang "
		  "-print-file-name=libclang_rt.fuzzer_no_main-x86_64.a` -lstdc++ (Debian: package "
		  "libclang-rt-dev), or by afl-clang-fast (Debian: package afl++)");
	return false;
}

bool engine_is_afl(void)
{
	return !LLVMFuzzerRunDriver && engine_afl_is_there();
}

static bool next(void *context, struct job *job, size_t *number)
{
	(void)context;
	pthread_mutex_lock(&session.lock);
	while (!session.is_given)
		pthread_cond_wait(&session.given, &session.lock);
	session.is_given = false;
	*job = session.job;
	pthread_mutex_unlock(&session.lock);
	*number = 0;
	return true;
}

static void done(void *context, size_t number, struct outcome *outcome)
{
	(void)context;
	(void)number;
	pthread_mutex_lock(&session.lock);
	session.outcome = *outcome;
	session.is_done = true;
	pthread_cond_signal(&session.done);
	pthread_mutex_unlock(&session.lock);
}

static void gone(void *context)
{
	(void)context;
}

static __attribute__((noreturn)) void give_up(const struct error *error, enum exit_status status)
{
	fprintf(stderr, "ring0: %s\n", error->text);
	fflush(stderr);
	/* afl-fuzz takes a status for a pass, and shows nothing of this: what it takes for a finding is run, and shown. */
	if (session.by_afl && status == EXIT_STATUS_ERROR && session.template)
		abort();
	_Exit(status);
}

/* When the engine is ready, so that the machine has a copy of all that it has. */
static void start(void)
{
	const struct r0_options *options = &session.test->options;
	struct template_needs needs = {
		.options = &session.job.options,
		.count = 1,
		.cpus = options->cpus ? options->cpus : 1,
	};
	const struct worker_jobs jobs = { .next = next, .done = done, .gone = gone };
	struct mirror_range *reserved = NULL;
	struct error error = { "" };
	struct mirror_range counted[ENGINE_AFL_RANGES];
	pthread_condattr_t attributes;
	int err = 0, found;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&session.done, &attributes);
	session.input.room = corpus_room();
	session.job = (struct job){
		.fn = (void (*)(void *))(uintptr_t)session.test->fn,
		.options = options,
		.attributes = session.test->attributes,
		.file = session.test->file,
		.line = session.test->line,
		.input = &session.input,
		.param = session.input.room,
	};
	if (session.by_afl) {
		found = engine_afl_counters(counted, &error);
		needs.counted = counted;
		needs.counted_count = found > 0 ? (size_t)found : 0;
		err = found < 0 ? found : 0;
	} else {
		r0_compares_wanted = true;
	}
	if (!err && !session.input.room)
		err = error_set(&error, ENOMEM, "no memory for inputs");
	if (!err)
		err = job_time_limit(&session.job, options->timeout_ms ? 0 : LIMIT_MS, 0, &error);
	if (!err)
		err = job_reserved_ranges(options, &reserved, &needs.reserved_count);
	needs.reserved = reserved;
	if (!err)
		err = template_create(&session.template, &needs, &error);
	free(reserved);
	if (!err)
		err = mock_calls_init(&error);
	if (!err)
		err = worker_create(&session.worker, session.template,
				    &(struct worker_options){ .light_resets = LIGHT_RESETS }, &jobs,
				    &error);
	if (!err)
		return;
	error_set(&error, ENOMEM, "the test can't be fuzzed: no memory");
	give_up(&error, template_error_is_no_kvm(err) ? EXIT_STATUS_SKIPPED : EXIT_STATUS_ERROR);
}

/* As if there were a comparison with each: the engine's own callback for a switch learns how far one of them is, not what it is. */
static void hand_over_cases(uint64_t value, uint64_t bits, const uint64_t *cases, uint64_t count)
{
	uint64_t i;

	for (i = 0; i < count; i++) {
		if (bits == 16)
			__sanitizer_cov_trace_const_cmp2((uint16_t)cases[i], (uint16_t)value);
		if (bits == 32)
			__sanitizer_cov_trace_const_cmp4((uint32_t)cases[i], (uint32_t)value);
		if (bits == 64)
			__sanitizer_cov_trace_const_cmp8(cases[i], value);
	}
}

/*
 * A value, and where the list of its cases is: how many there are, of how many bits, and they. The address comes from ring 0, which may
 * have destroyed it.
 */
static void hand_over_switch(uint64_t value, uint64_t address)
{
	uint64_t cases[2 + MOST_CASES];
	struct iovec local = { .iov_base = cases, .iov_len = 2 * sizeof(cases[0]) };
	struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = local.iov_len };

	if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != (ssize_t)local.iov_len ||
	    !cases[0] || cases[0] > MOST_CASES)
		return;
	local.iov_len = remote.iov_len = (2 + cases[0]) * sizeof(cases[0]);
	if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)local.iov_len &&
	    cases[0] <= MOST_CASES)
		hand_over_cases(value, cases[1], cases + 2, cases[0]);
}

/* The engine's own callbacks, with what ring 0 has compared. */
static void hand_over(const struct r0_compare *compare)
{
	switch ((enum r0_compare_kind)compare->kind) {
	case R0_COMPARE_1:
		__sanitizer_cov_trace_cmp1((uint8_t)compare->a, (uint8_t)compare->b);
		break;
	case R0_COMPARE_2:
		__sanitizer_cov_trace_cmp2((uint16_t)compare->a, (uint16_t)compare->b);
		break;
	case R0_COMPARE_4:
		__sanitizer_cov_trace_cmp4((uint32_t)compare->a, (uint32_t)compare->b);
		break;
	case R0_COMPARE_8:
		__sanitizer_cov_trace_cmp8(compare->a, compare->b);
		break;
	case R0_COMPARE_CONST_1:
		__sanitizer_cov_trace_const_cmp1((uint8_t)compare->a, (uint8_t)compare->b);
		break;
	case R0_COMPARE_CONST_2:
		__sanitizer_cov_trace_const_cmp2((uint16_t)compare->a, (uint16_t)compare->b);
		break;
	case R0_COMPARE_CONST_4:
		__sanitizer_cov_trace_const_cmp4((uint32_t)compare->a, (uint32_t)compare->b);
		break;
	case R0_COMPARE_CONST_8:
		__sanitizer_cov_trace_const_cmp8(compare->a, compare->b);
		break;
	case R0_COMPARE_SWITCH:
		hand_over_switch(compare->a, compare->b);
		break;
	case R0_COMPARE_KINDS:
		break;
	}
}

static void hand_over_all(void)
{
	uint64_t count = r0_compares.count < R0_COMPARES ? r0_compares.count : R0_COMPARES, i;

	if (!__sanitizer_cov_trace_cmp4 || !__sanitizer_cov_trace_const_cmp4)
		return;
	for (i = 0; i < count; i++)
		hand_over(&r0_compares.entries[i]);
}

/* Returns whether the outcome is the test's. */
static bool run(void)
{
	bool is_done;

	pthread_mutex_lock(&session.lock);
	session.is_done = false;
	session.is_given = true;
	pthread_cond_signal(&session.given);
	while (!session.is_done) {
		uint64_t until = clock_ns() + LOOK_NS, since;
		struct timespec at = { .tv_sec = (time_t)(until / 1000000000),
				       .tv_nsec = (long)(until % 1000000000) };
		size_t number;

		pthread_cond_timedwait(&session.done, &session.lock, &at);
		if (session.is_done)
			break;
		pthread_mutex_unlock(&session.lock);
		guard_pulse();
		is_done = worker_supervise(session.worker, clock_ns(), &number, &since) ==
			  WORKER_ABANDONED;
		pthread_mutex_lock(&session.lock);
		if (is_done) {
			job_abandoned(&session.outcome, &session.job, worker_mock(session.worker));
			break;
		}
	}
	pthread_mutex_unlock(&session.lock);
	return true;
}

/* The engine takes abort() for a crash: it writes the input down, and ends. */
static __attribute__((noreturn)) void tell_finding(const struct r0_result *result)
{
	fprintf(stderr, "ring0: %s: %s\n", r0_verdict_name(result->verdict),
		result->message ? result->message : "");
	fflush(stderr);
	abort();
}

static int take_input(const uint8_t *data, size_t size)
{
	static const uint8_t nothing;
	const struct r0_result *result = &session.outcome.result;
	struct error error = { "" };

	if (size > R0_FUZZ_MOST)
		return -1;
	if (!session.worker)
		start();
	session.input.input =
		(struct r0_fuzz_input){ .data = data ? data : &nothing, .size = size };
	r0_compares.count = 0;
	run();
	if (result->verdict == R0_VERDICT_ERROR) {
		error_set(&error, EIO, "%s", result->message);
		give_up(&error, EXIT_STATUS_ERROR);
	}
	if (result->verdict != R0_VERDICT_PASS && result->verdict != R0_VERDICT_SKIP &&
	    result->verdict != R0_VERDICT_XFAIL)
		tell_finding(result);
	hand_over_all();
	outcome_finish(&session.outcome);
	return 0;
}

static int run_by_afl(struct error *error)
{
	session.by_afl = true;
	if (!engine_afl_run(take_input))
		return EXIT_STATUS_PASSED;
	error_set(error, ENOTCONN,
		  "this program is for AFL++: start it by `" ENGINE_VARIABLE
		  "=%.100s.%.100s afl-fuzz "
		  "-i INPUTS -o FOUND -- %.100s`",
		  session.test->suite, session.test->name, program_invocation_name);
	give_up(error, EXIT_STATUS_ERROR);
}

int engine_run(const struct r0_test *test, int argc, char **argv)
{
	struct error error = { "" };

	session.test = test;
	if (engine_is_afl())
		return run_by_afl(&error);
	if (!engine_is_there(&error) || !LLVMFuzzerRunDriver)
		give_up(&error, EXIT_STATUS_ERROR);
	return LLVMFuzzerRunDriver(&argc, &argv, take_input);
}
