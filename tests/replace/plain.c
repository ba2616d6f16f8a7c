/* SPDX-License-Identifier: MIT */
/* A shared library without debugging information, whose functions call one another directly. */
#include "refused.h"

__attribute__((noinline)) int plain_inner(int a)
{
	return a * 7;
}

int plain_outer(int a)
{
	return plain_inner(a) + 1;
}
