/* SPDX-License-Identifier: MIT */
/*
 * How long a command takes from exec() to its first byte on standard output, and to its end:
 *
 *	first_byte NAME RUNS COMMAND [ARGUMENT]…
 *
 * prints a tab-separated line: the name, then median, least and most of each, in milliseconds. Its standard
 * error is dropped. Depends on libc.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define RUNS_MAX 1000

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void start(char **command, int out)
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execvp(command[0], command);
	_exit(127);
}

/* Returns 0, or -1 if it printed nothing. */
static int run(char **command, double *first, double *end)
{
	int fds[2], status;
	double begin;
	char bytes[4096];
	ssize_t size;
	pid_t child;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	begin = now_ms();
	child = fork();
	if (child == 0)
		start(command, fds[1]);
	close(fds[1]);
	size = read(fds[0], bytes, 1);
	*first = now_ms() - begin;
	while (size > 0 && read(fds[0], bytes, sizeof(bytes)) > 0)
		;
	close(fds[0]);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	*end = now_ms() - begin;
	return size == 1 ? 0 : -1;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static void print(double *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), compare);
	printf("\t%.1f\t%.1f\t%.1f", values[count / 2], values[0], values[count - 1]);
}

int main(int argc, char **argv)
{
	static double first[RUNS_MAX], end[RUNS_MAX];
	int runs = argc > 3 ? atoi(argv[2]) : 0, i;

	if (runs < 1 || runs > RUNS_MAX) {
		fprintf(stderr, "usage: first_byte NAME RUNS COMMAND [ARGUMENT]...\n");
		return 2;
	}
	for (i = 0; i < runs; i++) {
		if (run(argv + 3, &first[i], &end[i]) == 0)
			continue;
		fprintf(stderr, "first_byte: %s printed nothing\n", argv[3]);
		return 1;
	}
	printf("%s", argv[1]);
	print(first, runs);
	print(end, runs);
	printf("\n");
	return 0;
}
