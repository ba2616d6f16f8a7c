/* SPDX-License-Identifier: MIT */
/* The same work in a plain process, so many times, and so much of it. */
#include <stdlib.h>
#include "subject.h"

int main(int argc, char **argv)
{
	const int times = argc > 1 ? atoi(argv[1]) : 1;
	const int count = argc > 2 ? atoi(argv[2]) : WORK_COUNT;

	for (int i = 0; i < times; i++)
		for (int which = 0; which < count; which++)
			work(which);
	return 0;
}
