/* SPDX-License-Identifier: MIT */
/* A program in the lab's machine, from fork() to its status: see program.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command/lab/init/command.h"
#include "command/lab/init/files.h"
#include "command/lab/init/port.h"
#include "command/lab/init/program.h"

static int children = -1; /* a signalfd for SIGCHLD */
static int commands = -1; /* where command_ask() connects */

/* Whether the kernel's log, from where `log` stands on, tells of a process killed for memory. */
static bool killed_for_memory(int log)
{
	char record[8192];
	bool found = false;
	ssize_t n;

	while (log >= 0 && ((n = read(log, record, sizeof(record) - 1)) > 0 || errno == EPIPE)) {
		if (n <= 0)
			continue;
		record[n] = '\0';
		if (strstr(record, "Out of memory: Killed") || strstr(record, "oom-kill:"))
			found = true;
	}
	return found;
}

static int open_log(void)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (log >= 0)
		lseek(log, 0, SEEK_END);
	return log;
}

/* Pass on what is in a pipe. False at its end. */
static bool pass_on(int fd, uint32_t type)
{
	char data[PORT_CHUNK];
	ssize_t n = read(fd, data, sizeof(data));

	if (n > 0)
		port_send(type, data, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Collect the dead. True, with its status, if `wanted` is among them. */
static bool reap(pid_t wanted, int *status)
{
	struct signalfd_siginfo info;
	bool found = false;
	int one;
	pid_t pid;

	while (read(children, &info, sizeof(info)) == sizeof(info))
		;
	while ((pid = waitpid(-1, &one, WNOHANG)) > 0) {
		if (pid != wanted)
			continue;
		found = true;
		*status = WIFEXITED(one) ? WEXITSTATUS(one) : 128 + WTERMSIG(one);
	}
	return found;
}

/* A file that comes while a program runs: command.h. */
static void take_file(size_t length)
{
	static char message[sizeof(struct lab_file) + PATH_MAX + 1];

	if (length >= sizeof(message))
		port_give_up("a file's path of %zu bytes", length);
	port_read(message, length);
	message[length] = '\0';
	files_take(message, length);
}

/* Serve the program that runs: its output, the lab's wish to end it, and its end. */
static void attend(pid_t pid, int port, int output, int error, int log)
{
	struct lab_exit end = { 0, 0 };
	struct pollfd fds[] = {
		{ .fd = children, .events = POLLIN }, { .fd = port, .events = POLLIN },
		{ .fd = output, .events = POLLIN },   { .fd = error, .events = POLLIN },
		{ .fd = commands, .events = POLLIN },
	};
	bool ended = false;

	while (!ended) {
		if (poll(fds, 5, -1) < 0 && errno != EINTR)
			port_give_up("poll: %s", strerror(errno));
		if (fds[1].revents & POLLIN) {
			struct lab_message message;
			uint32_t number;

			port_read(&message, sizeof(message));
			if (message.type == LAB_KILL)
				kill(-1, SIGKILL);
			if (message.type == LAB_SIGNAL) {
				port_read(&number, sizeof(number));
				kill(pid, (int)number);
			}
			if (message.type == LAB_ANSWER)
				command_answer(message.length);
			if (message.type == LAB_FILE)
				take_file(message.length);
			/* Any other is LAB_INTERRUPT. */
		}
		if (fds[2].revents && !pass_on(output, LAB_OUTPUT))
			fds[2].fd = -1;
		if (fds[3].revents && !pass_on(error, LAB_ERROR))
			fds[3].fd = -1;
		if (fds[4].revents & POLLIN)
			command_take(commands);
		if (fds[0].revents & POLLIN)
			ended = reap(pid, &end.status);
		if (fds[1].revents & (POLLHUP | POLLERR))
			port_give_up("the lab went away");
	}
	/* What the program started and left behind ends with it, so that the pipes have an end. */
	kill(-1, SIGKILL);
	for (int i = 2; i < 4; i++) {
		if (fds[i].fd < 0)
			continue;
		fcntl(fds[i].fd, F_SETFL, 0);
		while (pass_on(fds[i].fd, i == 2 ? LAB_OUTPUT : LAB_ERROR))
			;
	}
	while (waitpid(-1, NULL, 0) > 0)
		;
	end.out_of_memory = killed_for_memory(log);
	port_send(LAB_EXIT, &end, sizeof(end));
}

/* In the child. Sends the errno down `report` if it comes back. */
static void __attribute__((noreturn))
execute(char **strings, const struct lab_run *run, const int *output, const int *error, int report)
{
	char **argv = calloc(run->argument_count + 1, sizeof(char *));
	char **variables = calloc(run->variable_count + 1, sizeof(char *));
	int null = open("/dev/null", O_RDWR);
	sigset_t none;
	int failure;

	if (!argv || !variables)
		_exit(127);
	memcpy(argv, strings + 2, run->argument_count * sizeof(char *));
	memcpy(variables, strings + 2 + run->argument_count, run->variable_count * sizeof(char *));
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	dup2(null, 0);
	dup2(output[1], 1);
	dup2(run->merged ? output[1] : error[1], 2);
	if (null > 2)
		close(null);
	if (chdir(strings[0]) == 0)
		execve(strings[1], argv, variables);
	failure = errno;
	if (write(report, &failure, sizeof(failure)) < 0)
		_exit(126);
	_exit(127);
}

void program_prepare(void)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	commands = command_listen();
}

void program_run(char *strings_text, size_t size, const struct lab_run *run, int port)
{
	size_t count = 2 + (size_t)run->argument_count + run->variable_count;
	char **strings = calloc(count, sizeof(char *));
	int output[2], error[2], report[2], failure = 0;
	char *text = strings_text, *end = strings_text + size;
	char *directory;
	pid_t pid;
	int log;

	/* The sum is less where it wraps. */
	if (!strings || count < 2)
		port_give_up("no memory for a program's arguments");
	for (size_t i = 0; i < count; i++) {
		char *next = memchr(text, '\0', (size_t)(end - text));

		if (!next)
			port_give_up("a message to run a program is cut short");
		strings[i] = text;
		text = next + 1;
	}
	if (asprintf(&directory, "%s/", strings[0]) < 0)
		port_give_up("no memory for a program's directory");
	files_make_directories(directory);
	free(directory);
	if (pipe2(output, O_CLOEXEC) || pipe2(error, O_CLOEXEC) || pipe2(report, O_CLOEXEC))
		port_give_up("pipe: %s", strerror(errno));
	log = open_log();
	files_begin();
	pid = fork();
	if (pid < 0)
		port_give_up("fork: %s", strerror(errno));
	if (pid == 0)
		execute(strings, run, output, error, report[1]);
	close(output[1]);
	close(error[1]);
	close(report[1]);
	if (read(report[0], &failure, sizeof(failure)) == sizeof(failure)) {
		waitpid(pid, NULL, 0);
		port_send_failure(failure, "%s: %s", strings[1], strerror(failure));
	} else {
		attend(pid, port, output[0], error[0], log);
	}
	close(report[0]);
	close(output[0]);
	close(error[0]);
	close(log);
	free(strings);
}
