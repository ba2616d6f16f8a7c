/* SPDX-License-Identifier: MIT */
/*
 * What coverage costs a reset: a page with counters is given back to the process's own before it is restored. It needs
 * no KVM. Medians of measurements that take turns. Depends on mirror/counters.h and program.h.
 *
 *	bench_counters
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/address.h"
#include "bench/program.h"
#include "mirror/counters.h"

#define ROUNDS 11
#define PAGES  20000

#define COUNTERS (PAGE_SIZE / sizeof(uint64_t))

enum measure { RESTORE, GIVE_BACK_10, GIVE_BACK_ALL, MEASURES };

static _Alignas(4096) uint64_t own[COUNTERS], snapshot[COUNTERS], guest[COUNTERS];

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

static void restore(uint64_t *page)
{
	memcpy(page, snapshot, sizeof(snapshot));
	/* It is to be done each time. */
	__asm__ volatile("" : : "r"(page) : "memory");
}

/* Of this thread alone: all of it computes. */
static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Nanoseconds a page, of which so many counters have changed. */
static double take(const struct counters *counters, size_t changed)
{
	double start;
	size_t i, j;

	start = now();
	for (i = 0; i < PAGES; i++) {
		for (j = 0; j < changed; j++)
			guest[j * (COUNTERS / changed)]++;
		if (changed)
			counters_give_back(counters, (uint64_t)own, (const uint8_t *)guest,
					   (const uint8_t *)snapshot);
		restore(guest);
	}
	return (now() - start) / PAGES;
}

int main(void)
{
	static const size_t changed[MEASURES] = { [GIVE_BACK_10] = 10, [GIVE_BACK_ALL] = COUNTERS };
	struct counters counters = { 0 };
	double values[MEASURES][ROUNDS];
	size_t round, i;

	if (counters_add_range(&counters, (uint64_t)own, (uint64_t)(own + COUNTERS), COUNTER_SUM))
		bench_die("coverage", "no memory");
	counters_sort(&counters);
	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < MEASURES; i++)
			values[i][round] = take(&counters, changed[i]);
	if (own[0] != (uint64_t)2 * ROUNDS * PAGES || own[1] != (uint64_t)ROUNDS * PAGES)
		bench_die("coverage", "not all was given back");
	for (i = 0; i < MEASURES; i++)
		qsort(values[i], ROUNDS, sizeof(values[i][0]), compare);
	printf("Coverage: a page of %zu counters, of which a test has changed some\n", COUNTERS);
	printf("  %-52s %9.0f ns\n", "restoring it", values[RESTORE][ROUNDS / 2]);
	printf("  %-52s %9.0f ns\n", "giving back 10 counters and restoring it",
	       values[GIVE_BACK_10][ROUNDS / 2]);
	printf("  %-52s %9.0f ns\n", "giving back all of them and restoring it",
	       values[GIVE_BACK_ALL][ROUNDS / 2]);
	counters_finish(&counters);
	return 0;
}
