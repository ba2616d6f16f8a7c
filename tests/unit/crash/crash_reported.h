/* SPDX-License-Identifier: MIT */
/*
 * Whole crash reports, of this process as if it were a guest: it faults, and the command that is
 * asked about it is this program too. The guest runtime runs in it as it would in ring 3, where
 * its doorbell is UD2. Needs no KVM. Included once in a program.
 */
#ifndef TESTS_UNIT_CRASH_REPORTED_H
#define TESTS_UNIT_CRASH_REPORTED_H

#include <ring0.h>
#include "guest/exceptions/syscall.h"
#include "guest/host/outside.h"
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "command/commands.h"
#include "crash_self.h"

/* Of the last crash_in(). */
static char message[2048];
static char *report;
static size_t report_size;
static struct crash asked;
static void (*prepare)(struct crash_view *view);
static volatile int sink;

/* What faults is in assembly: sanitizers would see it come. */
#define NOINLINE __attribute__((noinline))

static inline __attribute__((always_inline)) void raise_inlined(void)
{
	__asm__ volatile("ud2");
}

static NOINLINE void call_inlined(void)
{
	raise_inlined();
	sink++;
}

static void (*to_run)(void);

static void run_it(void)
{
	r0_guest_run((void (*)(void *))to_run, NULL, NULL, NULL, NULL, NULL);
}

static void describe(struct crash_view *view, int vector, uint64_t error_code)
{
	FILE *out = open_memstream(&report, &report_size);

	asked.vector = vector;
	asked.error_code = error_code;
	if (prepare)
		prepare(view);
	crash_describe(view, &asked, message, sizeof(message), out);
	fclose(out);
}

static void crash_in(void (*fn)(void), enum crash_kind kind)
{
	to_run = fn;
	outside = &outside_host;
	r0_guest.syscall = r0_syscall;
	asked.kind = kind;
	assert_true(self_run(run_it, describe));
	if (getenv("CRASH_TEST_SHOW"))
		fprintf(stderr, "%s\n%s\n", message, report);
}

static void assert_holds(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" is in:\n%s", part, text);
}

static int setup(void **state)
{
	(void)state;
	memset(&asked, 0, sizeof(asked));
	message[0] = '\0';
	report = NULL;
	prepare = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(report);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* main(): the program is the command that is asked, too. */
static int reported_main(int argc, char **argv, int (*run)(void))
{
	char self[4096];
	ssize_t length;

	if (argc > 1 && !strcmp(argv[1], "backtrace"))
		return backtrace_main(argc - 1, argv + 1);
	length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (length < 0)
		return 1;
	self[length] = '\0';
	setenv("RING0_COMMAND", self, 1);
	return run();
}

#endif /* TESTS_UNIT_CRASH_REPORTED_H */
