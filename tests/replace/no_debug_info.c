/* SPDX-License-Identifier: MIT */
/* Without debugging information, so that nothing tells what of a header was inlined here. */
#include "refused.h"

int calls_of_a_header(int a)
{
	return of_a_header(a);
}
