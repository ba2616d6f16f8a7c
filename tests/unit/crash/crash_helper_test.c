/* SPDX-License-Identifier: MIT */
/* Programs started for their output, and all that may go wrong. Needs no KVM. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "base/helper_process.h"

static struct error error;
static char *output;
static int input;

static int run_shell(const char *script, int timeout_ms)
{
	char shell[] = "/bin/sh", option[] = "-c", text[256];
	char *argv[] = { shell, option, text, NULL };

	assert_uint_in_range(strlen(script), 1, sizeof(text) - 1);
	strcpy(text, script);
	return helper_process_run(argv, input, timeout_ms, &output, &error);
}

static int setup(void **state)
{
	(void)state;
	memset(&error, 0, sizeof(error));
	input = memfd_create("input", MFD_CLOEXEC);
	return input < 0 || write(input, "the input", 9) != 9 || lseek(input, 0, SEEK_SET);
}

static int teardown(void **state)
{
	(void)state;
	free(output);
	output = NULL;
	close(input);
	return 0;
}

static void input_is_handed_on_and_output_comes_back(void **state)
{
	(void)state;
	assert_int_equal(run_shell("cat <&3; cat; echo to nobody >&2", 5000), 0);
	assert_string_equal(output, "the input");
	assert_string_equal(error.text, "");
}

static void much_output_is_taken_whole(void **state)
{
	(void)state;
	assert_int_equal(run_shell("head -c 1000000 /dev/zero | tr '\\0' x", 20000), 0);
	assert_int_equal(strlen(output), 1000000);
	assert_int_equal(strspn(output, "x"), 1000000);
}

static void output_without_end_is_cut(void **state)
{
	(void)state;
	assert_int_equal(run_shell("exec cat /dev/zero", 20000), -E2BIG);
	assert_non_null(strstr(error.text, "reading from /bin/sh: "));
}

static void failure_is_told_and_its_output_kept(void **state)
{
	(void)state;
	assert_int_equal(run_shell("echo some; exit 3", 5000), -ECHILD);
	assert_string_equal(output, "some\n");
	assert_string_equal(error.text, "/bin/sh failed with exit status 3");
}

static void death_by_signal_is_told(void **state)
{
	(void)state;
	assert_int_equal(run_shell("kill -11 $$", 5000), -ECHILD);
	assert_string_equal(error.text, "/bin/sh was killed by signal 11");
}

static void hanging_program_is_killed(void **state)
{
	struct timespec before, after;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(run_shell("echo so far; exec sleep 60", 300), -ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_uint_in_range(after.tv_sec - before.tv_sec, 0, 20);
	assert_string_equal(output, "so far\n");
	assert_string_equal(error.text, "/bin/sh did not finish within 300 ms");
	/* It is gone, and was waited for. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void computing_program_is_killed(void **state)
{
	(void)state;
	assert_int_equal(run_shell("echo so far; while :; do :; done", 300), -ETIMEDOUT);
	assert_string_equal(output, "so far\n");
	assert_string_equal(error.text, "/bin/sh did not finish within 300 ms");
}

/* What gets something done goes on, however long that takes: here 8 times 400 ms. */
static void slow_program_is_not_killed(void **state)
{
	(void)state;
	assert_int_equal(run_shell("for i in 1 2 3 4 5 6 7 8; do sleep 0.4; echo $i; done", 3000),
			 0);
	assert_string_equal(output, "1\n2\n3\n4\n5\n6\n7\n8\n");
}

static void missing_program_is_told(void **state)
{
	char name[] = "/nonexistent/program";
	char *argv[] = { name, NULL };

	(void)state;
	assert_int_equal(helper_process_run(argv, input, 1000, &output, &error), -ENOENT);
	assert_string_equal(error.text, "running /nonexistent/program: No such file or directory");
	assert_null(output);
}

static void nothing_else_is_inherited(void **state)
{
	int raised = fcntl(input, F_DUPFD_CLOEXEC, 50);

	(void)state;
	/* 0 to 3, and what the shell opened to list them. */
	assert_int_equal(run_shell("for f in /proc/$$/fd/*; do echo ${f##*/}; done", 5000), 0);
	assert_null(strstr(output, "50"));
	assert_non_null(strstr(output, "3\n"));
	close(raised);
}

static void unwanted_variables_are_left_out(void **state)
{
	(void)state;
	setenv("DEBUGINFOD_URLS", "http://nowhere.invalid", 1);
	setenv("R0_KEPT", "yes", 1);
	assert_int_equal(run_shell("echo \"$R0_KEPT,$DEBUGINFOD_URLS\"", 5000), 0);
	assert_string_equal(output, "yes,\n");
	assert_string_equal(getenv("DEBUGINFOD_URLS"), "http://nowhere.invalid");
}

static void closed_standard_files_do_no_harm(void **state)
{
	int saved = dup(0), result;

	(void)state;
	assert_true(saved >= 0);
	close(0);
	result = run_shell("cat <&3; cat", 5000);
	dup2(saved, 0);
	close(saved);
	assert_int_equal(result, 0);
	assert_string_equal(output, "the input");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(input_is_handed_on_and_output_comes_back),
		TEST(much_output_is_taken_whole),
		TEST(output_without_end_is_cut),
		TEST(failure_is_told_and_its_output_kept),
		TEST(death_by_signal_is_told),
		TEST(hanging_program_is_killed),
		TEST(computing_program_is_killed),
		TEST(slow_program_is_not_killed),
		TEST(missing_program_is_told),
		TEST(nothing_else_is_inherited),
		TEST(unwanted_variables_are_left_out),
		TEST(closed_standard_files_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
