/* SPDX-License-Identifier: MIT */
/*
 * What further CPUs and a PC's interrupt controllers cost, as multiples of a test on one CPU without any: the
 * program, an empty test, and running a function on another CPU. Medians of measurements that take turns.
 * Depends on program.h; the program that it runs is beside it.
 *
 *	bench_smp [ROUNDS]
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "bench/program.h"

#define ROUNDS 7 /* at most */

/* As in the words below, and in several_cpus.c. */
#define TESTS	    500
#define ROUND_TRIPS 1000

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static const struct kind {
	const char *test, *name;
	double goal; /* a test, as a multiple of one CPU's; 0 for none */
} kinds[] = {
	{ "bench.one", "one CPU", 0 },
	{ "bench.two", ".cpus = 2", 4 },
	{ "bench.four", ".cpus = 4", 7 },
	{ "bench.irqchip", ".irqchip", 0 },
	{ "bench.two_irqchip", ".cpus = 2, .irqchip", 0 },
};

static char path[PATH_MAX + 16];

static double run(const char *test, const char *repeat)
{
	const char *const words[PROGRAM_WORDS] = { path,  test,	      "-j1", "--format",
						   "tap", "--repeat", repeat };

	return program_time(words, NULL, NULL);
}

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

static void print(const char *what, double time, double of_one, double goal)
{
	printf("  %-44s %9.1f us  %8.2f", what, time, time / of_one);
	if (goal > 0)
		printf("  at most %g%s", goal, time / of_one <= goal ? "" : "  MISSED");
	printf("\n");
}

int main(int argc, char **argv)
{
	double one[LENGTH(kinds)][ROUNDS], many[LENGTH(kinds)][ROUNDS], trips[ROUNDS];
	double program[LENGTH(kinds)], test[LENGTH(kinds)];
	char folder[PATH_MAX] = "", what[64];
	ssize_t length = readlink("/proc/self/exe", folder, sizeof(folder) - 1);
	int round;
	size_t i;

	if (argc > 1)
		rounds = atoi(argv[1]);
	if (argc > 2 || rounds < 1 || rounds > ROUNDS) {
		fprintf(stderr, "Usage: bench_smp [ROUNDS], ROUNDS from 1 to %d\n", ROUNDS);
		return 99;
	}
	if (length < 0)
		bench_die("/proc/self/exe", strerror(errno));
	*strrchr(folder, '/') = '\0';
	snprintf(path, sizeof(path), "%s/several_cpus", folder);
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < LENGTH(kinds); i++) {
			one[i][round] = run(kinds[i].test, "1");
			many[i][round] = run(kinds[i].test, "501");
		}
		trips[round] = run("bench.round_trips", "1");
	}
	for (i = 0; i < LENGTH(kinds); i++) {
		program[i] = median(one[i]);
		test[i] = (median(many[i]) - program[i]) / TESTS;
	}
	printf("\nSeveral CPUs and interrupt controllers: medians of %d, and as multiples of one CPU's\n",
	       rounds);
	for (i = 0; i < LENGTH(kinds); i++) {
		snprintf(what, sizeof(what), "a program with one empty test, %s", kinds[i].name);
		print(what, program[i], program[0], 0);
	}
	for (i = 0; i < LENGTH(kinds); i++) {
		snprintf(what, sizeof(what), "an empty test and the reset, %s", kinds[i].name);
		print(what, test[i], test[0], kinds[i].goal);
	}
	print("r0_on_cpu() and back, one of 1000", (median(trips) - program[1]) / ROUND_TRIPS,
	      test[0], 0);
	return 0;
}
