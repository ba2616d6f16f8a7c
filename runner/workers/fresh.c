/* SPDX-License-Identifier: MIT */
/* From one process to the next: what the thread of a crashed mock writes, and what is read from that. */
#include "runner/workers/fresh.h"
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "mirror/counters.h"
#include "run/run.h"
#include "runner/workers/job.h"

#define VARIABLE "RING0_FRESH"
#define MAGIC	 0x30676e6972327266ull

/* For so long at most the thread waits for a report to be at its end: the lock may be needed for that. */
#define PATIENCE_NS 2000000000ull
#define LOOK_NS	    2000000

/* runner/main.c's, where that is linked. */
extern const char r0_main_is_ours __attribute__((weak));

extern char **environ;

/* What is written: this, a struct result with its texts for each case, the counters, /proc/self/maps. */
struct head {
	uint64_t magic;
	uint64_t counted; /* bytes of counters */
	uint64_t elapsed_ns;
	uint64_t reported, known, crashed;
	uint64_t mock; /* of the case's .io and .mmio, one after another */
	uint64_t accesses;
	struct r0_access last[MOCK_REMEMBERED];
	uint32_t seed;
	uint32_t at_end;
	struct guard_place place;
};

enum { MESSAGE, REPORT, OUTPUT, FILE_NAME, TEXTS };

struct result {
	uint64_t number;
	uint64_t duration_ns;
	uint64_t size[TEXTS];
	uint64_t values; /* so many follow the texts, each with its own */
	uint32_t verdict, doubts;
	int32_t line;
};

/* The run that may be taken over. */
static struct {
	const struct plan *plan;
	char **argv;
	char **environment; /* with room for the variable, which is its first */
	char variable[32];
	uint64_t start_ns;
	struct outcome *outcomes;		/* one a case, of those that are reported */
	_Atomic(const struct outcome *) *known; /* one a case; NULL if it is not over */
	_Atomic(size_t) reported;
	atomic_uint settling; /* cases whose counters are given, and which are not known yet */
	atomic_bool held, taken;
	sigset_t mask;
	struct counters counters; /* with what has run so far */
} offer;

static bool write_all(int fd, const void *bytes, size_t size)
{
	return write(fd, bytes, size) == (ssize_t)size;
}

static bool write_text(int fd, const char *text, size_t size)
{
	return !size || write_all(fd, text, size);
}

/* A text that nobody needed is not there. */
static size_t size_of(const char *text)
{
	return text ? strlen(text) : 0;
}

static bool write_values(int fd, const struct r0_result *result)
{
	size_t i;

	for (i = 0; i < result->value_count; i++) {
		const struct r0_value *value = &result->values[i];
		const uint64_t size[] = { strlen(value->name), strlen(value->unit) };

		if (!write_all(fd, value, sizeof(*value)) || !write_all(fd, size, sizeof(size)) ||
		    !write_text(fd, value->name, size[0]) || !write_text(fd, value->unit, size[1]))
			return false;
	}
	return true;
}

static bool write_outcome(int fd, size_t number, const struct outcome *outcome)
{
	const struct r0_result *result = &outcome->result;
	const struct result head = {
		.number = number,
		.duration_ns = outcome->duration_ns,
		.size = { size_of(result->message), size_of(result->report), result->output_size,
			  size_of(result->file) },
		.values = result->value_count,
		.verdict = (uint32_t)result->verdict,
		.doubts = outcome->doubts,
		.line = result->line,
	};

	return write_all(fd, &head, sizeof(head)) &&
	       write_text(fd, result->message, head.size[MESSAGE]) &&
	       write_text(fd, result->report, head.size[REPORT]) &&
	       write_text(fd, result->output, head.size[OUTPUT]) &&
	       write_text(fd, result->file, head.size[FILE_NAME]) && write_values(fd, result);
}

static bool write_counters(int fd)
{
	size_t i;

	for (i = 0; i < offer.counters.count; i++) {
		const struct counter_range *range = &offer.counters.ranges[i];

		if (!write_all(fd, (const void *)(uintptr_t)range->start,
			       range->end - range->start))
			return false;
	}
	return true;
}

static bool copy_maps(int fd)
{
	int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	char chunk[4096];
	ssize_t got;

	while (maps >= 0 && (got = read(maps, chunk, sizeof(chunk))) > 0)
		if (!write_all(fd, chunk, (size_t)got))
			return false;
	return maps >= 0;
}

/* Static: the thread's other stack is small. */
static struct head head;

static bool write_left(int fd, const struct mock_call *call, size_t reported)
{
	const struct run *run = call->guard.context;
	size_t known = 0, i;

	for (i = 0; i < offer.plan->count; i++)
		known += atomic_load(&offer.known[i]) != NULL;
	head = (struct head){
		.magic = MAGIC,
		.counted = counters_size(&offer.counters),
		.elapsed_ns = clock_ns() - offer.start_ns,
		.reported = reported,
		.known = known,
		.crashed = run->deadline->number,
		.mock = (uint64_t)(call->mock - run->mocks.entries),
		.accesses = call->mock->accesses,
		.seed = offer.plan->seed,
		.at_end = !call->access,
		.place = *call->guard.place,
	};
	memcpy(head.last, call->mock->last, sizeof(head.last));
	if (!write_all(fd, &head, sizeof(head)))
		return false;
	for (i = 0; i < offer.plan->count && known; i++) {
		const struct outcome *outcome = atomic_load(&offer.known[i]);

		if (!outcome)
			continue;
		known--;
		if (!write_outcome(fd, i, outcome))
			return false;
	}
	return write_counters(fd) && copy_maps(fd);
}

/* In the thread of the mock, in the handler of its signal. Returns if it can't be done. */
static void start_anew(const struct guard *guard)
{
	const struct timespec look = { .tv_nsec = LOOK_NS };
	uint64_t waited;
	int fd;

	/* The first one does it; others sleep. */
	if (atomic_exchange(&offer.taken, true))
		return;
	for (waited = 0;
	     waited < PATIENCE_NS && (atomic_load(&offer.held) || atomic_load(&offer.settling));
	     waited += LOOK_NS)
		nanosleep(&look, NULL);
	fd = memfd_create("ring0 run", 0);
	if (fd < 0 ||
	    !write_left(fd, (const struct mock_call *)guard, atomic_load(&offer.reported)))
		return;
	snprintf(offer.variable, sizeof(offer.variable), VARIABLE "=%d", fd);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigprocmask(SIG_SETMASK, &offer.mask, NULL);
	execve("/proc/self/exe", offer.argv, offer.environment);
}

void fresh_offer(const struct plan *plan, char **argv, uint64_t start_ns)
{
	size_t count = 0, i;
	bool mocks = false;

	for (i = 0; i < plan->count; i++)
		mocks |= mocks_declared(&plan->cases[i].test->options) > 0;
	if (!&r0_main_is_ours || !mocks)
		return;
	while (environ[count])
		count++;
	offer.environment = calloc(count + 2, sizeof(char *));
	offer.outcomes = calloc(plan->count, sizeof(*offer.outcomes));
	offer.known = calloc(plan->count, sizeof(*offer.known));
	if (!offer.environment || !offer.outcomes || !offer.known)
		return;
	/* Those that can't be had are told of when the machines are made. */
	counters_find(&offer.counters, NULL);
	offer.environment[0] = offer.variable;
	memcpy(offer.environment + 1, environ, count * sizeof(char *));
	offer.plan = plan;
	offer.argv = argv;
	offer.start_ns = start_ns;
	atomic_store(&offer.reported, 0);
	pthread_sigmask(SIG_SETMASK, NULL, &offer.mask);
	guard_set_fresh(start_anew);
}

void fresh_withdraw(void)
{
	size_t i;

	guard_set_fresh(NULL);
	for (i = 0; offer.outcomes && i < offer.plan->count; i++)
		outcome_finish(&offer.outcomes[i]);
	free(offer.outcomes);
	free(offer.known);
	free(offer.environment);
	counters_finish(&offer.counters);
	offer.outcomes = NULL;
	offer.known = NULL;
	offer.environment = NULL;
}

void fresh_keep(size_t number, const struct outcome *outcome)
{
	if (offer.known)
		atomic_store(&offer.known[number], outcome);
}

void fresh_settle(void)
{
	atomic_fetch_add(&offer.settling, 1);
	/* The process is about to be another, in which this case runs again. */
	while (atomic_load(&offer.taken)) {
		atomic_fetch_sub(&offer.settling, 1);
		for (;;)
			pause();
	}
}

void fresh_settled(void)
{
	atomic_fetch_sub(&offer.settling, 1);
}

void fresh_hold(void)
{
	atomic_store(&offer.held, true);
	/* The process is about to be another. */
	while (atomic_load(&offer.taken)) {
		atomic_store(&offer.held, false);
		pause();
	}
}

void fresh_release(size_t number, struct outcome *outcome)
{
	if (offer.known) {
		offer.outcomes[number] = *outcome;
		fresh_keep(number, &offer.outcomes[number]);
		atomic_store(&offer.reported, number + 1);
		*outcome = (struct outcome){ 0 };
	} else {
		outcome_finish(outcome);
	}
	atomic_store(&offer.held, false);
}

/* The next bytes of what was left, or NULL. */
static const void *take(const char **at, size_t *size, size_t wanted)
{
	const void *taken = *at;

	if (wanted > *size)
		return NULL;
	*at += wanted;
	*size -= wanted;
	return taken;
}

static char *take_text(const char **at, size_t *size, uint64_t length)
{
	const char *bytes = take(at, size, length);
	char *text = bytes ? malloc(length + 1) : NULL;

	if (!text)
		return NULL;
	memcpy(text, bytes, length);
	text[length] = '\0';
	return text;
}

static bool take_value(const char **at, size_t *size, struct r0_result *result)
{
	const void *bytes = take(at, size, sizeof(struct r0_value)), *lengths;
	struct r0_value value;
	uint64_t length[2];
	bool taken;

	lengths = bytes ? take(at, size, sizeof(length)) : NULL;
	if (!lengths)
		return false;
	memcpy(&value, bytes, sizeof(value));
	memcpy(length, lengths, sizeof(length));
	value.name = take_text(at, size, length[0]);
	value.unit = take_text(at, size, length[1]);
	taken = value.name && value.unit && !outcome_add_value(result, &value);
	free(value.name);
	free(value.unit);
	return taken;
}

static bool take_outcome(const char **at, size_t *size, size_t *number, struct outcome *outcome)
{
	const void *bytes = take(at, size, sizeof(struct result));
	struct r0_result *to = &outcome->result;
	struct result from;

	if (!bytes)
		return false;
	memcpy(&from, bytes, sizeof(from));
	*number = from.number;
	outcome->duration_ns = from.duration_ns;
	outcome->doubts = from.doubts;
	to->verdict = (enum r0_verdict)from.verdict;
	to->line = from.line;
	to->message = take_text(at, size, from.size[MESSAGE]);
	to->report = take_text(at, size, from.size[REPORT]);
	to->output = take_text(at, size, from.size[OUTPUT]);
	to->output_size = from.size[OUTPUT];
	to->file = take_text(at, size, from.size[FILE_NAME]);
	if (!to->message || !to->report || !to->output || !to->file)
		return false;
	while (from.values--)
		if (!take_value(at, size, to))
			return false;
	return true;
}

/* The same program has the same counters, at addresses of its own. */
static bool take_counters(const char **at, size_t *size, uint64_t counted)
{
	const void *bytes = take(at, size, counted);
	struct counters counters;

	if (!bytes || counters_find(&counters, NULL) != 0)
		return false;
	if (counters_size(&counters) == counted)
		counters_add(&counters, bytes);
	counters_finish(&counters);
	return true;
}

/* All of a file, with a NUL behind it, or NULL. */
static char *read_file(int fd, size_t *size)
{
	struct stat status;
	char *bytes;

	if (fstat(fd, &status) || status.st_size < (off_t)sizeof(struct head))
		return NULL;
	*size = (size_t)status.st_size;
	bytes = malloc(*size + 1);
	if (!bytes || pread(fd, bytes, *size, 0) != status.st_size) {
		free(bytes);
		return NULL;
	}
	bytes[*size] = '\0';
	return bytes;
}

void fresh_init(struct fresh *fresh)
{
	const char *variable = getenv(VARIABLE);
	struct head *left;
	const char *at;
	size_t size = 0, i;
	int fd;

	*fresh = (struct fresh){ .crashed = SIZE_MAX };
	if (!variable)
		return;
	fd = atoi(variable);
	unsetenv(VARIABLE);
	fresh->left = read_file(fd, &size);
	close(fd);
	left = fresh->left;
	if (!left || left->magic != MAGIC)
		return;
	at = (const char *)(left + 1);
	size -= sizeof(*left);
	fresh->outcomes = calloc(left->known + 1, sizeof(*fresh->outcomes));
	fresh->numbers = calloc(left->known + 1, sizeof(*fresh->numbers));
	if (!fresh->outcomes || !fresh->numbers)
		return;
	for (i = 0; i < left->known; i++, fresh->count++)
		if (!take_outcome(&at, &size, &fresh->numbers[i], &fresh->outcomes[i]))
			return;
	if (left->counted && !take_counters(&at, &size, left->counted))
		return;
	left->place.maps = at;
	fresh->seed = left->seed;
	fresh->elapsed_ns = left->elapsed_ns;
	fresh->reported = left->reported;
	fresh->crashed = left->crashed;
}

void fresh_finish(struct fresh *fresh)
{
	size_t i;

	for (i = 0; i < fresh->count; i++)
		outcome_finish(&fresh->outcomes[i]);
	free(fresh->outcomes);
	free(fresh->numbers);
	free(fresh->left);
	*fresh = (struct fresh){ .crashed = SIZE_MAX };
}

void fresh_crash(const struct fresh *fresh, const struct plan *plan, struct outcome *outcome)
{
	const struct head *left = fresh->left;
	const struct r0_options *options = &plan->cases[fresh->crashed].test->options;
	const struct job job = { .options = options };
	struct mock_call call = { .guard.end = GUARD_CRASHED, .guard.place = &left->place };
	struct mock mock;

	mock_of(&mock, options, left->mock);
	mock.accesses = left->accesses;
	memcpy(mock.last, left->last, sizeof(mock.last));
	call.mock = &mock;
	call.access = left->at_end ? NULL : &mock.last[0];
	job_abandoned(outcome, &job, &call);
}
