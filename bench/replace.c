/* SPDX-License-Identifier: MIT */
/*
 * What .replace costs: a test that has it beside one that has not. What calls cost the program that it runs
 * measures itself. Medians of measurements that take turns. Depends on program.h; the program that it runs is beside
 * it.
 *
 *	bench_replace [ROUNDS]
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bench/program.h"

#define ROUNDS 7 /* at most */

/* As in the words below. */
#define TESTS 500

enum measure { ONE, MANY, ONE_REPLACES, MANY_REPLACE, MEASURES };

#define OPTIONS "-j1", "--format", "tap"

static const char *const words[MEASURES][PROGRAM_WORDS] = {
	[ONE] = { NULL, "test.empty", OPTIONS },
	[MANY] = { NULL, "test.empty", OPTIONS, "--repeat", "501" },
	[ONE_REPLACES] = { NULL, "test.replaces", OPTIONS },
	[MANY_REPLACE] = { NULL, "test.replaces", OPTIONS, "--repeat", "501" },
};

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static int rounds = ROUNDS;

static double median(double *values)
{
	qsort(values, (size_t)rounds, sizeof(*values), compare);
	return values[rounds / 2];
}

static void print(const char *what, double value)
{
	printf("  %-52s %9.1f us\n", what, value);
}

int main(int argc, char **argv)
{
	double values[MEASURES][ROUNDS], one, replaces;
	char folder[PATH_MAX] = "", path[PATH_MAX + 16];
	ssize_t length = readlink("/proc/self/exe", folder, sizeof(folder) - 1);
	int round, i;

	if (argc > 1)
		rounds = atoi(argv[1]);
	if (argc > 2 || rounds < 1 || rounds > ROUNDS) {
		fprintf(stderr, "Usage: bench_replace [ROUNDS], ROUNDS from 1 to %d\n", ROUNDS);
		return 99;
	}
	if (length < 0)
		bench_die("/proc/self/exe", strerror(errno));
	*strrchr(folder, '/') = '\0';
	snprintf(path, sizeof(path), "%s/replaced", folder);
	for (round = 0; round < rounds; round++)
		for (i = 0; i < MEASURES; i++) {
			const char *line[PROGRAM_WORDS];

			memcpy(line, words[i], sizeof(line));
			line[0] = path;
			values[i][round] = program_time(line, NULL, NULL);
		}
	one = median(values[ONE]);
	replaces = median(values[ONE_REPLACES]);
	printf("\nFunctions in place of others (.replace), medians of %d\n", rounds);
	print("a program with one empty test", one);
	print("an empty test and the reset, one of 500", (median(values[MANY]) - one) / TESTS);
	print("a program with one test that replaces a function", replaces);
	print("such a test and the reset, one of 500",
	      (median(values[MANY_REPLACE]) - replaces) / TESTS);
	return 0;
}
