/* SPDX-License-Identifier: MIT */
/* Programs that this one starts and waits for: see start_program.h. */
#include "runner/fuzz/start_program.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "report/report.h"
#include "runner/workers/end_signals.h"

#define CANNOT_START 127

/* How often it is looked whether a signal has come for us. */
static const struct timespec look = { .tv_nsec = 20000000 };

static __attribute__((noreturn)) void become(const struct start_program *program)
{
	const char *const *setting;

	for (setting = program->settings; setting && *setting; setting++)
		putenv((char *)(uintptr_t)*setting);
	if (program->output && !freopen(program->output, "we", stdout))
		_exit(CANNOT_START);
	if (program->output)
		fcntl(STDOUT_FILENO, F_SETFD, 0);
	if (program->silent)
		dup2(STDOUT_FILENO, STDERR_FILENO);
	execvp(program->path, (char *const *)(uintptr_t)program->words);
	_exit(CANNOT_START);
}

/* What comes to our group it gets itself; what comes to us alone is passed on. */
static int wait_for(pid_t pid, unsigned int limit_s)
{
	const uint64_t end = clock_ns() + limit_s * CLOCK_NS_PER_S;
	bool told = false;
	int status;

	for (;;) {
		pid_t done = waitpid(pid, &status, WNOHANG);

		if (done < 0 && errno != EINTR)
			return -errno;
		if (done == pid)
			break;
		if (end_signals_caught() && !told) {
			kill(pid, end_signals_caught());
			told = true;
		}
		if (limit_s && clock_ns() > end)
			kill(pid, SIGKILL);
		nanosleep(&look, NULL);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_STATUS_SIGNAL + WTERMSIG(status);
}

int start_program(const struct start_program *program)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		become(program);
	return wait_for(pid, program->limit_s);
}

char *start_program_format(const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	return text;
}

char *start_program_find(const char *name)
{
	const char *path = getenv("PATH");
	char *found = NULL;

	while (path && *path && !found) {
		size_t length = strcspn(path, ":");

		if (asprintf(&found, "%.*s/%s", (int)length, path, name) < 0)
			return NULL;
		if (!length || access(found, X_OK)) {
			free(found);
			found = NULL;
		}
		path += length + (path[length] == ':');
	}
	return found;
}
