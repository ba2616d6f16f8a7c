/* SPDX-License-Identifier: MIT */
/* Some branches and a loop. */
#include "subject.h"

int subject_classify(uint64_t entry)
{
	if (!(entry & 1))
		return 0;
	if (entry & 0x80 && entry & 2)
		return 2;
	return 1;
}

int subject_sum(int count)
{
	int sum = 0;

	for (int i = 0; i < count; i++)
		sum += subject_classify((uint64_t)i);
	return sum;
}

int subject_never(int value)
{
	return value ? value : 1;
}
