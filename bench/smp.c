/* SPDX-License-Identifier: MIT */
/*
 * What a second CPU costs: an empty test with .cpus = 2, and running a function on the other one.
 * Medians of measurements that take turns. Depends on program.h; the program that it runs is beside
 * it.
 *
 *	bench_smp
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bench/program.h"

#define ROUNDS 7

/* As in the words below, and in two_cpus.c. */
#define TESTS	    500
#define ROUND_TRIPS 1000

enum measure { ONE, MANY, TRIPS, MEASURES };

static const char *const words[MEASURES][PROGRAM_WORDS] = {
	[ONE] = { NULL, "bench.empty", "-j1", "--format", "tap" },
	[MANY] = { NULL, "bench.empty", "-j1", "--format", "tap", "--repeat", "501" },
	[TRIPS] = { NULL, "bench.round_trips", "-j1", "--format", "tap" },
};

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static double median(double *values)
{
	qsort(values, ROUNDS, sizeof(*values), compare);
	return values[ROUNDS / 2];
}

int main(void)
{
	double values[MEASURES][ROUNDS], one;
	char folder[PATH_MAX] = "", path[PATH_MAX + 16];
	ssize_t length = readlink("/proc/self/exe", folder, sizeof(folder) - 1);
	int round, i;

	if (length < 0)
		bench_die("/proc/self/exe", strerror(errno));
	*strrchr(folder, '/') = '\0';
	snprintf(path, sizeof(path), "%s/two_cpus", folder);
	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < MEASURES; i++) {
			const char *line[PROGRAM_WORDS];

			memcpy(line, words[i], sizeof(line));
			line[0] = path;
			values[i][round] = program_time(line, NULL, NULL);
		}
	one = median(values[ONE]);
	printf("\nTwo CPUs (.cpus = 2), medians of %d\n", ROUNDS);
	printf("  %-44s %9.1f us\n", "a program with one empty test", one);
	printf("  %-44s %9.1f us\n", "an empty test and the reset, one of 500",
	       (median(values[MANY]) - one) / TESTS);
	printf("  %-44s %9.1f us\n", "r0_on_cpu() and back, one of 1000",
	       (median(values[TRIPS]) - one) / ROUND_TRIPS);
	return 0;
}
