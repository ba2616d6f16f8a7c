/* SPDX-License-Identifier: MIT */
/* The program with which the benchmark measures workers: a test of $STEPS steps. */
#include <ring0.h>
#include <stdlib.h>

static unsigned long steps = 1000;

R0_TEST(bench, spins)
{
	unsigned long i;

	for (i = 0; i < steps; i++)
		__asm__ volatile("");
}

int main(int argc, char **argv)
{
	const char *text = getenv("STEPS");

	if (text)
		steps = strtoul(text, NULL, 10);
	return r0_main(argc, argv);
}
