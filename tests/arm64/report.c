/* SPDX-License-Identifier: MIT */
/* Call chains in reports, which arm64's frame records tell without the command ring0. Prints TAP. Linked at 0x400000. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "routine.h"

#define LINKED_AT 0x400000ul

/* More than each of these functions has. */
#define CODE_SIZE 64ul

static int number, failed;

static __attribute__((noinline)) void innermost(volatile int *at)
{
	*at = 1;
	__asm__ volatile("");
}

static __attribute__((noinline)) void middle(volatile int *at)
{
	innermost(at);
	__asm__ volatile("");
	innermost(at);
}

static __attribute__((noinline)) void outermost(void *arg)
{
	middle(arg);
	__asm__ volatile("");
}

static volatile bool stop;

static __attribute__((noinline)) void loop(void)
{
	while (!stop)
		r0_yield();
}

static __attribute__((noinline)) void call_loop(void *arg)
{
	(void)arg;
	loop();
	__asm__ volatile("");
}

/* Whether line `depth` of the chain is in that function. */
static bool is_at(const char *report, unsigned int depth, const void *function)
{
	const char *chain = strstr(report, "backtrace by frame records:\n"), *plus;
	char line[16];
	unsigned long at;

	snprintf(line, sizeof(line), "\n  #%-2u ", depth);
	chain = chain ? strstr(chain, line) : NULL;
	plus = chain ? strstr(chain, "+0x") : NULL;
	if (!plus)
		return false;
	at = strtoul(plus + 1, NULL, 16) + LINKED_AT;
	return at - (unsigned long)function < CODE_SIZE;
}

static void check(const char *name, bool ok, struct r0_result *result)
{
	printf("%sok %d - report.%s\n", ok ? "" : "not ", ++number, name);
	if (!ok)
		printf("# %s\n%s\n", result->message, result->report);
	failed |= !ok;
	r0_result_finish(result);
}

int main(void)
{
	struct r0_result result;

	printf("1..3\n");
	result = r0_call(outermost, (void *)0x10, NULL);
	check("of_an_abort",
	      is_at(result.report, 0, innermost) && is_at(result.report, 1, middle) &&
		      is_at(result.report, 2, outermost),
	      &result);
	result = r0_call(call_loop, NULL, &(struct r0_options){ .timeout_ms = 500 });
	check("of_a_loop", is_at(result.report, 0, loop) && is_at(result.report, 1, call_loop),
	      &result);
	result = r0_call(outermost, (void *)0x11, &(struct r0_options){ .cpus = 2 });
	check("of_one_cpu_among_others", is_at(result.report, 1, middle), &result);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
