/* SPDX-License-Identifier: MIT */
/*
 * A function of a header, in a program whose only code without debugging information is what compilers and libc bring
 * along: what counts for coverage, and pthread_atfork(), which libc has in each program of its own.
 */
#include <pthread.h>
#include <ring0.h>
#include "refused.h"

static int fake(int a)
{
	return a;
}

static void nothing(void)
{
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(nothing, nothing, nothing);
}

R0_TEST(header, has_no_copy, .replace = R0_REPLACE((of_a_header, fake)))
{
	R0_ASSERT_EQ(of_a_header(1), 1);
}
