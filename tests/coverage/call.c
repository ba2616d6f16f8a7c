/* SPDX-License-Identifier: MIT */
/* A program with a main() of its own: one piece of work here, the others in ring 0. */
#include <ring0.h>
#include <stdio.h>
#include <unistd.h>
#include "subject.h"

static void in_ring_0(void *which)
{
	work((int)(intptr_t)which);
}

int main(void)
{
	for (int which = 1; which < WORK_COUNT; which++) {
		struct r0_result result = r0_call(in_ring_0, (void *)(intptr_t)which, NULL);
		const enum r0_verdict verdict = result.verdict;

		if (verdict != R0_VERDICT_PASS)
			fprintf(stderr, "%s\n%s", result.message, result.report);
		r0_result_finish(&result);
		/* Without a KVM there is nothing to be counted. */
		if (verdict != R0_VERDICT_PASS)
			_exit(verdict == R0_VERDICT_SKIP ? 77 : 1);
	}
	work(0);
	return 0;
}
