/* SPDX-License-Identifier: MIT */
/* The program that the benchmark runs: one test, which does nothing. */
#include <ring0.h>

R0_TEST(bench, empty)
{
}
