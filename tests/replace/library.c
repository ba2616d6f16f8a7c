/* SPDX-License-Identifier: MIT */
/* A shared library, one of whose functions calls another. */
#include "code.h"

int library_inner(int a)
{
	return a + 100;
}

int library_outer(int a)
{
	return library_inner(a) + 1;
}
