/* SPDX-License-Identifier: MIT */
/* The program that bench/smp.c runs: tests on two CPUs, of which one has something to do. */
#include <ring0.h>

#define ROUND_TRIPS 1000

R0_TEST(bench, empty, .cpus = 2)
{
}

static void nothing(void *arg)
{
	(void)arg;
}

R0_TEST(bench, round_trips, .cpus = 2)
{
	int i;

	for (i = 0; i < ROUND_TRIPS; i++)
		r0_on_cpu(1, nothing, NULL);
}
