/* SPDX-License-Identifier: MIT */
/*
 * Runs a program to its end and takes in what it prints. The process that it runs in is someone
 * else's: it may have many threads, handle SIGCHLD, or have closed its standard files. Depends on
 * libc and base/error.h alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/helper_process.h"

#define OUTPUT_LIMIT (4u << 20)

extern char **environ;

/* Not to be handed on: one makes libdw ask servers for files, the other is meant for the tests. */
static bool is_unwanted(const char *variable)
{
	return !strncmp(variable, "DEBUGINFOD_URLS=", 16) || !strncmp(variable, "LD_PRELOAD=", 11);
}

static char **make_environment(void)
{
	size_t count = 0, kept = 0;
	char **copy;

	while (environ && environ[count])
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++)
		if (!is_unwanted(environ[i]))
			copy[kept++] = environ[i];
	return copy;
}

/* Move fd out of the way of the numbers that it and others are to get in the child. */
static int raise_fd(int fd)
{
	int raised = fcntl(fd, F_DUPFD_CLOEXEC, HELPER_PROCESS_FD + 1);

	return raised < 0 ? -errno : raised;
}

static int spawn(char *const argv[], int input_fd, int output_fd, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, defaults;
	char **environment = make_environment();
	int err;

	if (!environment)
		return -ENOMEM;
	err = posix_spawn_file_actions_init(&actions);
	if (err)
		goto out_environment;
	err = posix_spawnattr_init(&attributes);
	if (err)
		goto out_actions;
	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	sigaddset(&defaults, SIGCHLD);
	sigaddset(&defaults, SIGALRM);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

	err = posix_spawn_file_actions_adddup2(&actions, output_fd, STDOUT_FILENO);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&actions, input_fd, HELPER_PROCESS_FD);
	if (!err)
		err = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
						       O_RDONLY, 0);
	if (!err)
		err = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null",
						       O_WRONLY, 0);
	if (!err)
		err = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
out_actions:
	posix_spawn_file_actions_destroy(&actions);
out_environment:
	free(environment);
	return -err;
}

/* The CPU time that a process has used so far; 0 when it has ended. */
static uint64_t cpu_time_ms(pid_t pid)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &used))
		return 0;
	return (uint64_t)used.tv_sec * 1000 + (uint64_t)used.tv_nsec / CLOCK_NS_PER_MS;
}

/*
 * Where the limit stands. Real time would not do: on a loaded machine a program gets little done in it by
 * no fault of its own. One that waits, for a file system that does not answer, say, gets nothing done.
 */
struct watch {
	pid_t pid;
	uint64_t limit_ms;
	uint64_t used_ms;  /* CPU time when it last moved */
	uint64_t moved_ms; /* when that was, by the clock */
};

/* How long to wait before the next look, 0 if that is enough. */
static int time_left(struct watch *watch, bool printed)
{
	uint64_t now = clock_ms(), used = cpu_time_ms(watch->pid), idle, left;

	if (printed || used != watch->used_ms) {
		watch->used_ms = used;
		watch->moved_ms = now;
	}
	idle = now - watch->moved_ms;
	left = watch->limit_ms - (idle < watch->limit_ms ? idle : watch->limit_ms);
	if (used >= watch->limit_ms)
		return 0;
	return left > watch->limit_ms - used ? (int)(watch->limit_ms - used) : (int)left;
}

/* Read to the end of file. Returns 0, -ETIMEDOUT, -E2BIG, or another -errno. */
static int collect(int fd, pid_t pid, int limit_ms, char **output)
{
	struct watch watch = { .pid = pid, .limit_ms = (uint64_t)limit_ms, .moved_ms = clock_ms() };
	size_t length = 0, room = 0;
	bool printed = false;
	char *text = NULL;

	for (;;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		int left = time_left(&watch, printed), polled;
		ssize_t got;

		if (room - length < 4096) {
			char *larger = realloc(text, room * 2 + 16384);

			if (!larger)
				goto out_of_memory;
			text = larger;
			room = room * 2 + 16384;
		}
		*output = text;
		text[length] = '\0';
		polled = poll(&ready, 1, left);
		if (polled < 0 && errno != EINTR)
			return -errno;
		if (polled == 0 && !left)
			return -ETIMEDOUT;
		printed = polled > 0;
		if (!printed)
			continue;
		got = read(fd, text + length, room - length - 1);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == 0)
			return 0;
		if (got > 0)
			length += (size_t)got;
		if (length > OUTPUT_LIMIT)
			return -E2BIG;
	}
out_of_memory:
	*output = text;
	return -ENOMEM;
}

int helper_process_run(char *const argv[], int input_fd, int limit_ms, char **output,
		       struct error *error)
{
	int pipe_fds[2], input = -1, writer = -1, status = 0, err;
	pid_t pid = -1, waited;

	*output = NULL;
	if (pipe2(pipe_fds, O_CLOEXEC))
		return error_set(error, errno, "running %s: pipe2: %s", argv[0], strerror(errno));
	input = raise_fd(input_fd);
	writer = raise_fd(pipe_fds[1]);
	close(pipe_fds[1]);
	err = input < 0 ? input : writer < 0 ? writer : spawn(argv, input, writer, &pid);
	if (input >= 0)
		close(input);
	if (writer >= 0)
		close(writer);
	if (err) {
		error_set(error, -err, "running %s: %s", argv[0], strerror(-err));
		goto out;
	}
	err = collect(pipe_fds[0], pid, limit_ms, output);
	/* While its end of the pipe is open it has not been reaped, and the number is still its. */
	if (err)
		kill(pid, SIGKILL);
	do
		waited = waitpid(pid, &status, 0);
	while (waited < 0 && errno == EINTR);
	if (err == -ETIMEDOUT)
		error_set(error, -err, "%s did not finish within %d ms", argv[0], limit_ms);
	else if (err)
		error_set(error, -err, "reading from %s: %s", argv[0], strerror(-err));
	else if (waited == pid && WIFSIGNALED(status))
		err = error_set(error, ECHILD, "%s was killed by signal %d", argv[0],
				WTERMSIG(status));
	else if (waited == pid && WEXITSTATUS(status))
		err = error_set(error, ECHILD, "%s failed with exit status %d", argv[0],
				WEXITSTATUS(status));
out:
	close(pipe_fds[0]);
	return err;
}
