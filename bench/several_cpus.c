/* SPDX-License-Identifier: MIT */
/* Empty tests on so many CPUs, and running a function on another one: see smp.c. */
#include <ring0.h>

#define ROUND_TRIPS 1000

R0_TEST(bench, one)
{
}

R0_TEST(bench, two, .cpus = 2)
{
}

R0_TEST(bench, four, .cpus = 4)
{
}

R0_TEST(bench, irqchip, .irqchip = true)
{
}

R0_TEST(bench, two_irqchip, .cpus = 2, .irqchip = true)
{
}

static void nothing(void *arg)
{
	(void)arg;
}

R0_TEST(bench, round_trips, .cpus = 2)
{
	for (int i = 0; i < ROUND_TRIPS; i++)
		r0_on_cpu(1, nothing, NULL);
}
