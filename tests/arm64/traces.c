/* SPDX-License-Identifier: MIT */
/*
 * Reports with what the command ring0 knows: functions, files and lines, inlined ones, callers by unwinding rules, the
 * code around. Prints TAP. As a program named `stripped`, what is left without symbols.
 */
#define _GNU_SOURCE /* asprintf() */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "routine.h"

#define FILE_NAME "traces.c"

static int number;
static bool failed;

/* Whether the texts come in the message and the report, in that order. */
static void check(const char *name, struct r0_result *result, ...)
{
	const char *missing = NULL, *text;
	va_list texts;
	char *all, *at;

	if (asprintf(&all, "%s\n%s", result->message, result->report) < 0)
		exit(EXIT_FAILURE);
	at = all;
	va_start(texts, result);
	while (!missing && (text = va_arg(texts, const char *))) {
		char *found = strstr(at, text);

		if (!found)
			missing = text;
		else
			at = found + strlen(text);
	}
	va_end(texts);
	printf("%sok %d - traces.%s\n", missing ? "not " : "", ++number, name);
	if (missing)
		printf("# there is no `%s` where it should be in\n%s\n", missing, all);
	failed |= missing != NULL;
	free(all);
	r0_result_finish(result);
}

/* How a frame ends, and one that is made up from X30. */
static char *at_line_with(int line, const char *note)
{
	static char texts[8][32];
	static unsigned int next;
	char *text = texts[next++ % 8];

	snprintf(text, sizeof(texts[0]), FILE_NAME ":%d%s\n", line, note);
	return text;
}

static char *at_line(int line)
{
	return at_line_with(line, "");
}

static char *at_guessed_line(int line)
{
	return at_line_with(line, ", a guess");
}

static inline __attribute__((always_inline)) void store(volatile uint32_t *at)
{
	__asm__ volatile("str wzr, %0" : "=Q"(*at));
}
enum { STORE_LINE = __LINE__ - 2 };

static __attribute__((noinline)) void store_into_it(volatile uint32_t *at)
{
	store(at);
	__asm__ volatile("");
}
enum { INLINED_LINE = __LINE__ - 3 };

/* It has a frame, but, with -fomit-frame-pointer, no record. */
static __attribute__((noinline)) void middle(volatile uint32_t *at)
{
	volatile uint32_t before[4];

	before[0] = 1;
	store_into_it(at + before[0] - 1);
	__asm__ volatile("" : : : "memory");
}
enum { MIDDLE_LINE = __LINE__ - 3 };

static __attribute__((noinline)) void outermost(void *arg)
{
	middle(arg);
	__asm__ volatile("");
}
enum { OUTERMOST_LINE = __LINE__ - 3 };

static __attribute__((noinline)) void call_nowhere(void *arg)
{
	((void (*)(void))arg)();
	__asm__ volatile("");
}
enum { NOWHERE_LINE = __LINE__ - 3 };

static volatile bool stop;

static __attribute__((noinline)) void loop(void)
{
	while (!stop)
		__asm__ volatile("nop");
}

static __attribute__((noinline)) void call_loop(void *arg)
{
	(void)arg;
	loop();
	__asm__ volatile("");
}

static __attribute__((noinline)) void fail_again(struct r0_frame *frame)
{
	(void)frame;
	r0_udf(7);
}

static __attribute__((noinline)) void fail_in_a_handler(void *arg)
{
	r0_set_handler(R0_BRK, fail_again);
	__asm__ volatile("mov x19, %0\n\tbrk #5\n\t" : : "r"(arg) : "x19");
}

static const char *volatile nowhere = (const char *)0x18;
static volatile size_t length;

static __attribute__((noinline)) void measure_nothing(void *arg)
{
	(void)arg;
	length = strlen(nowhere);
}
enum { MEASURE_LINE = __LINE__ - 2 };

static void named(void)
{
	struct r0_result result = r0_call(outermost, (void *)0x10, NULL);

	check("of_a_store", &result, ", in store (", FILE_NAME, "\ndata abort",
	      "code, in store_into_it:", "  => 0x", "b900001f", "str wzr, [x0]", "ret",
	      "backtrace:\n  #0 ", "store, inlined at ", at_line(STORE_LINE), "  #1 ",
	      "store_into_it+0x", at_line(INLINED_LINE), "  #2 ", "middle+0x", at_line(MIDDLE_LINE),
	      "  #3 ", "outermost+0x", at_line(OUTERMOST_LINE), "page walk", "registers:", NULL);
	result = r0_call(call_nowhere, (void *)0x1230, NULL);
	check("of_a_call_to_nowhere", &result, "there is no memory that can be read",
	      "backtrace:\n  #0 ", "in no known code\n  #1 ", "call_nowhere+0x",
	      at_guessed_line(NOWHERE_LINE), NULL);
	result = r0_call(call_loop, NULL, &(struct r0_options){ .timeout_ms = 500 });
	check("of_a_loop", &result, "code, in loop:", "  => 0x", "backtrace:\n  #0 ", "loop+0x",
	      "  #1 ", "call_loop+0x", NULL);
	result = r0_call(fail_in_a_handler, NULL, NULL);
	check("of_a_handler", &result, "undefined instruction", "udf #0x7", "backtrace:\n  #0 ",
	      "fail_again+0x", "exception+0x", "fail_in_a_handler+0x", FILE_NAME, NULL);
	result = r0_call(measure_nothing, NULL, NULL);
	check("of_a_function_of_libc", &result, "data abort", "backtrace:\n  #0 ", "\n  #1 ",
	      "measure_nothing+0x", at_line(MEASURE_LINE), NULL);
}

/* Of a program that is stripped the rules are still there, and the code. */
static void nameless(void)
{
	struct r0_result result = r0_call(outermost, (void *)0x10, NULL);

	check("of_a_stripped_program", &result, "data abort", "code:\n", "  => 0x", "str wzr, [x0]",
	      "backtrace:\n  #0 ", "traces", "+0x", "  #1 ", "traces", "+0x", "  #2 ", "traces",
	      "+0x", "page walk", NULL);
}

int main(int argc, char **argv)
{
	(void)argc;
	if (strstr(argv[0], "stripped"))
		nameless();
	else
		named();
	printf("1..%d\n", number);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
