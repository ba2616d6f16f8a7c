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

/* Read to the end of file. Returns 0, -ETIMEDOUT, -E2BIG, or another -errno. */
static int collect(int fd, int timeout_ms, char **output)
{
	int64_t deadline = (int64_t)clock_ms() + timeout_ms;
	size_t length = 0, room = 0;
	char *text = NULL;

	for (;;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		int64_t left = deadline - (int64_t)clock_ms();
		ssize_t got;
		int polled;

		if (room - length < 4096) {
			char *larger = realloc(text, room * 2 + 16384);

			if (!larger)
				goto out_of_memory;
			text = larger;
			room = room * 2 + 16384;
		}
		*output = text;
		text[length] = '\0';
		polled = poll(&ready, 1, left > 0 ? (int)left : 0);
		if (polled < 0 && errno != EINTR)
			return -errno;
		if (polled == 0)
			return -ETIMEDOUT;
		if (polled < 0)
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

int helper_process_run(char *const argv[], int input_fd, int timeout_ms, char **output,
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
	err = collect(pipe_fds[0], timeout_ms, output);
	/* While its end of the pipe is open it has not been reaped, and the number is still its. */
	if (err)
		kill(pid, SIGKILL);
	do
		waited = waitpid(pid, &status, 0);
	while (waited < 0 && errno == EINTR);
	if (err == -ETIMEDOUT)
		error_set(error, -err, "%s did not finish within %d ms", argv[0], timeout_ms);
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
