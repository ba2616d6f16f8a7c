/* SPDX-License-Identifier: MIT */
/*
 * r0_main() with a pool that plays outcomes from a script, in a child, for its descriptors and its exit status.
 */
#ifndef TESTS_UNIT_RUNNER_RUN_FIXTURE_H
#define TESTS_UNIT_RUNNER_RUN_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <ring0/call.h>
#include "runner/workers/pool.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* What the pool is to do. */
static struct script {
	const char *verdicts; /* of the cases, as p f s e c; the last one goes on */
	int err;	      /* after them */
	const char *message;
	size_t results; /* how many outcomes come before err; 0 with an err: none */
	int signal;	/* comes after `results` of them, or 0 */
	bool twice;	/* at once */
	bool repeated;	/* after more than a second */
	size_t gap;	/* this case has no result; 0 for none */
} script;

static enum r0_verdict verdict_by(char letter)
{
	switch (letter) {
	case 'f':
		return R0_VERDICT_FAIL;
	case 's':
		return R0_VERDICT_SKIP;
	case 'e':
		return R0_VERDICT_ERROR;
	case 'c':
		return R0_VERDICT_CRASH;
	default:
		return R0_VERDICT_PASS;
	}
}

/* What the pool was told; in the child. */
static unsigned int last_workers;

static void raise_signals(void)
{
	static const struct timespec while_ = { .tv_sec = 1, .tv_nsec = 100000000 };

	raise(script.signal);
	if (script.twice)
		raise(script.signal);
	if (!script.repeated)
		return;
	nanosleep(&while_, NULL);
	raise(script.signal);
}

/* In place of runner/workers/pool.c. */
int pool_run(const struct plan *plan, const struct pool_options *options,
	     const struct pool_events *events, struct error *error)
{
	size_t i, count = script.err ? script.results : plan->count;
	const char *letter = script.verdicts ? script.verdicts : "p";

	last_workers = options->workers;
	for (i = 0; i < count; i++) {
		if (script.signal && i == script.results)
			raise_signals();
		if (events->stopped(events->context))
			return 0;
		if (script.gap && i == script.gap)
			continue;
		struct outcome outcome = {
			.result = { .verdict = verdict_by(*letter),
				    .message = strdup("why"),
				    .report = strdup(""),
				    .output = strdup("") },
			.duration_ns = options->timeout_ms * 1000000ull,
		};

		if (letter[1])
			letter++;
		events->running(events->context, i, 1500000000);
		if (events->result(events->context, i, &outcome))
			return 0;
	}
	if (options->fail_fast || options->check_reset)
		fprintf(stderr, "fail_fast %d check_reset %d workers %u\n", options->fail_fast,
			options->check_reset, last_workers);
	return script.err ? error_set(error, -script.err, "%s", script.message) : 0;
}

/* What came of a run. */
static struct {
	int status;
	char out[8192], err[4096];
} ran;

/* Where the run's standard output goes. */
enum target { TO_FILE, TO_PIPE, TO_CLOSED_PIPE, TO_FULL, TO_NOWHERE };

/* The size of files in a child, or NULL for any. */
static const struct rlimit *limit_in_child;

static void read_back(FILE *file, char *text, size_t size)
{
	rewind(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	fclose(file);
}

/* Take out TAP's line on this host, which is another everywhere. */
static void drop_host(char *text)
{
	char *line = strstr(text, "\n# on "), *end = line ? strchr(line + 1, '\n') : NULL;

	if (end)
		memmove(line, end, strlen(end) + 1);
}

static void redirect_output(enum target target, FILE *out)
{
	int ends[2];

	switch (target) {
	case TO_FILE:
		dup2(fileno(out), STDOUT_FILENO);
		break;
	case TO_PIPE:
		/* Small enough for the pipe's buffer; nobody looks at it. */
		if (pipe(ends))
			_exit(3);
		dup2(ends[1], STDOUT_FILENO);
		break;
	case TO_CLOSED_PIPE:
		if (pipe(ends))
			_exit(3);
		close(ends[0]);
		dup2(ends[1], STDOUT_FILENO);
		break;
	case TO_FULL:
		dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
		break;
	case TO_NOWHERE:
		close(STDOUT_FILENO);
		break;
	}
}

static void run(enum target target, const char *const *words)
{
	FILE *out = tmpfile(), *err = tmpfile();
	char *argv[12] = { (char *)"program" };
	int argc = 1, status;
	pid_t child;

	assert_non_null(out);
	assert_non_null(err);
	for (; words[argc - 1]; argc++)
		argv[argc] = (char *)words[argc - 1];
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		dup2(fileno(err), STDERR_FILENO);
		redirect_output(target, out);
		if (limit_in_child)
			setrlimit(RLIMIT_FSIZE, limit_in_child);
		exit(r0_main(argc, argv));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
	read_back(out, ran.out, sizeof(ran.out));
	drop_host(ran.out);
	read_back(err, ran.err, sizeof(ran.err));
}

#define RUN(...)       run(TO_FILE, (const char *const[]){ __VA_ARGS__, NULL })
#define RUN_TO(t, ...) run(t, (const char *const[]){ __VA_ARGS__, NULL })

static void assert_one_line(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

static void assert_begins(const char *text, const char *beginning)
{
	if (strncmp(text, beginning, strlen(beginning)) != 0)
		fail_msg("\"%s\" does not begin with \"%s\"", text, beginning);
}

static int reset(void **state)
{
	static const char *const names[] = {
		"GITHUB_ACTIONS",   "GITHUB_WORKSPACE",	      "TEST_TOTAL_SHARDS",
		"TEST_SHARD_INDEX", "TEST_SHARD_STATUS_FILE", "TESTBRIDGE_TEST_ONLY",
		"XML_OUTPUT_FILE",
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(names); i++)
		unsetenv(names[i]);
	script = (struct script){ .verdicts = "p" };
	unsetenv("R0_TIMEOUT_FACTOR");
	return 0;
}

#endif /* TESTS_UNIT_RUNNER_RUN_FIXTURE_H */
