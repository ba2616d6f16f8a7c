/* SPDX-License-Identifier: MIT */
/* Running a program for the benchmark, and the time it takes. Depends on libc only. */
#include "bench/program.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

double bench_now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

void bench_die(const char *what, const char *why)
{
	fflush(stdout);
	fprintf(stderr, "bench: %s: %s\n", what, why);
	exit(99);
}

/* The environment with one more variable, in front, where it hides one of the same name. */
static char **add_setting(const char *setting)
{
	size_t count = 0;
	char **all;

	while (environ[count])
		count++;
	all = calloc(count + 2, sizeof(*all));
	if (!all)
		bench_die("calloc", strerror(errno));
	all[0] = (char *)setting;
	memcpy(&all[1], environ, count * sizeof(*all));
	return all;
}

/* By the name that QEMU gives the CPU that it emulates (target/i386/cpu.c, QEMU_HW_VERSION's "max"). */
bool bench_is_emulated(void)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	bool emulated = false;
	char line[8192];

	while (file && !emulated && fgets(line, sizeof(line), file))
		emulated = !strncmp(line, "model name", 10) && strstr(line, "QEMU TCG");
	if (file)
		fclose(file);
	return emulated;
}

double program_time(const char *const words[PROGRAM_WORDS], const char *setting, long *rss_kib)
{
	char **all = setting ? add_setting(setting) : environ;
	posix_spawn_file_actions_t actions;
	struct rusage usage;
	double start, end;
	int err, status;
	pid_t child;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	start = bench_now();
	err = posix_spawn(&child, words[0], &actions, NULL, (char *const *)words, all);
	if (err)
		bench_die(words[0], strerror(err));
	if (wait4(child, &status, 0, &usage) != child)
		bench_die("wait4", strerror(errno));
	end = bench_now();
	posix_spawn_file_actions_destroy(&actions);
	if (setting)
		free(all);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		fprintf(stderr, "bench: skipped: there is no usable KVM\n");
		exit(77);
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		bench_die(words[0], "it did not pass");
	if (rss_kib)
		*rss_kib = usage.ru_maxrss;
	return end - start;
}
