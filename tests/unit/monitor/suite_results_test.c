/* SPDX-License-Identifier: MIT */
/* Unit tests of suite/results*.c and suite/ending.c: what images print, and how they end, to results. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "suite/ending.h"

/* Text, how the machine ended, and what is made of both: a line for each result. */
static const struct row {
	const char *what;
	const char *text;
	struct suite_ending ending;
	const char *results;
} rows[] = {
	{ "kvm-unit-tests",
	  "enabling apic\nPASS: one\r\nFAIL: two: three\nSKIP: four\nXFAIL: five\nXPASS: six\n"
	  "KFAIL: seven\n PASS: not at the line's start\nSUMMARY: 6 tests\n",
	  { .how = SUITE_ENDING_STATUS, .status = 1 },
	  "pass one\nfail two: three\nskip four\nxfail five\nxpass six\nxfail seven\n" },
	{ "no lines, and a good end", "hello\n", { .how = SUITE_ENDING_STATUS }, "pass -: \n" },
	{ "no lines, power-off", "", { .how = SUITE_ENDING_POWER_OFF }, "pass -: \n" },
	{ "no lines, a bad status",
	  "hello",
	  { .how = SUITE_ENDING_STATUS, .status = 4 },
	  "fail -: the guest ended with status 4\n" },
	{ "no lines, the skip of kvm-unit-tests",
	  "hello\n",
	  { .how = SUITE_ENDING_STATUS, .status = 38 },
	  "skip -: the guest says that it is skipped\n" },
	{ "all skipped",
	  "SKIP: one\nSUMMARY: 1 tests, 1 skipped\n",
	  { .how = SUITE_ENDING_STATUS, .status = 38 },
	  "skip one\n" },
	{ "a status that no line explains",
	  "PASS: one\n",
	  { .how = SUITE_ENDING_STATUS, .status = 1 },
	  "pass one\nfail -: the guest ended with status 1\n" },
	{ "abort",
	  "PASS: one\nABORT: two: no memory\nSUMMARY: 1 tests\n",
	  { .how = SUITE_ENDING_STATUS, .status = 63 },
	  "pass one\nfail -: the guest gave up: two: no memory\n" },
	{ "abort without a word",
	  "FAIL: one\n",
	  { .how = SUITE_ENDING_STATUS, .status = 63 },
	  "fail one\nfail -: the guest aborted (status 63)\n" },
	{ "power-off before the summary",
	  "PASS: one\n",
	  { .how = SUITE_ENDING_POWER_OFF },
	  "pass one\nfail -: it powered off before its summary\n" },
	{ "triple fault",
	  "PASS: one\n",
	  { .how = SUITE_ENDING_SHUT_DOWN, .message = "shut down" },
	  "pass one\ncrash -: shut down\n" },
	{ "time limit",
	  "PASS: one\nFAIL: two\n",
	  { .how = SUITE_ENDING_TIME_LIMIT, .message = "too late" },
	  "pass one\nfail two\ntimeout -: too late\n" },
	{ "KVM gave up",
	  "",
	  { .how = SUITE_ENDING_GAVE_UP, .message = "suberror 1" },
	  "error -: suberror 1\n" },
	{ "resets",
	  "",
	  { .how = SUITE_ENDING_RESETS, .message = "32 times" },
	  "fail -: 32 times\n" },
	{ "halted", "", { .how = SUITE_ENDING_HALTED, .message = "halted" }, "fail -: halted\n" },
	{ "nothing of the kind here",
	  "",
	  { .how = SUITE_ENDING_NOT_HERE, .message = "no KVM" },
	  "skip -: no KVM\n" },
	{ "has to crash, and does",
	  "",
	  { .how = SUITE_ENDING_SHUT_DOWN, .is_to_shut_down = true },
	  "pass -: \n" },
	{ "has to crash, and does not",
	  "",
	  { .how = SUITE_ENDING_STATUS, .is_to_shut_down = true },
	  "fail -: it has to crash, and came to its end\n" },
	{ "has to crash, and hangs",
	  "",
	  { .how = SUITE_ENDING_TIME_LIMIT, .message = "too late", .is_to_shut_down = true },
	  "timeout -: too late\n" },
	{ "SoTest",
	  "free text\nSOTEST SUCCESS \"before\"\r\nSOTEST VERSION 1 BEGIN 5\r\nSOTEST SUCCESS \"a\"\r\n"
	  "SOTEST FAIL \"b\"\r\nSOTEST SKIP\r\nSOTEST BENCHMARK:c:us:12\r\nSOTEST SUCCESS \"d \\\"e\\\"\"\r\n"
	  "PASS: free text\nSOTEST END\r\n",
	  { .how = SUITE_ENDING_POWER_OFF },
	  "pass a\nfail b\nskip (a case without a name)\npass c (us:12)\npass d \\\"e\\\"\n" },
	{ "SoTest whose benchmarks do not count",
	  "SOTEST VERSION 1 BEGIN 1\nSOTEST BENCHMARK:a:us:1\nSOTEST SUCCESS \"b\"\nSOTEST END\n",
	  { .how = SUITE_ENDING_POWER_OFF },
	  "pass a (us:1)\npass b\n" },
	{ "SoTest that halts at its end",
	  "SOTEST VERSION 1 BEGIN 1\nSOTEST SUCCESS \"a\"\nSOTEST END\n",
	  { .how = SUITE_ENDING_HALTED, .message = "halted" },
	  "pass a\n" },
	{ "SoTest that hangs",
	  "SOTEST VERSION 1 BEGIN 3\nSOTEST SUCCESS \"a\"\n",
	  { .how = SUITE_ENDING_TIME_LIMIT, .message = "too late" },
	  "pass a\ntimeout -: too late; 1 of 3 results came\n" },
	{ "SoTest without an end",
	  "SOTEST VERSION 1 BEGIN 1\nSOTEST SUCCESS \"a\"\n",
	  { .how = SUITE_ENDING_POWER_OFF },
	  "pass a\nfail -: it ended before it said that it was at its end\n" },
	{ "SoTest with other than it announced",
	  "SOTEST VERSION 1 BEGIN 2\nSOTEST SUCCESS \"a\"\nSOTEST END\n",
	  { .how = SUITE_ENDING_POWER_OFF },
	  "pass a\nfail -: not as many results came as were announced; 1 of 2 results came\n" },
	{ "SoTest that panics",
	  "SOTEST VERSION 1 BEGIN 2\nSOTEST SUCCESS \"a\"\nSOTEST PANIC\n",
	  { .how = SUITE_ENDING_POWER_OFF, .message = "powered off" },
	  "pass a\nfail -: powered off; 1 of 2 results came\n" },
	{ "TAP",
	  "TAP version 14\n1..6\nok 1 - one\nnot ok 2 - two\n  ---\n  message: |\n    ok 3 - in the block\n"
	  "  ...\nok 3 three # SKIP why not\nnot ok 4 four # TODO later\nok 5 # todo later\nok 6 - a \\# b\n",
	  { .how = SUITE_ENDING_POWER_OFF },
	  "pass one\nfail two\nskip three (why not)\nxfail four (later)\nxpass (result 5) (later)\n"
	  "pass a # b\n" },
	{ "TAP with subtests",
	  "TAP version 14\n1..3\n# Subtest: s\n    1..2\n    ok 1 - a\n    not ok 2 - b\nnot ok 1 - s\n"
	  "# Subtest: t\n    1..1\n    ok 1 - a\nnot ok 2 - t\nok 3 - u\n",
	  { .how = SUITE_ENDING_POWER_OFF },
	  "pass s.a\nfail s.b\npass t.a\nfail t\npass u\n" },
	{ "KTAP",
	  "KTAP version 1\n1..2\n  KTAP version 1\n  # Subtest: s\n  1..2\n  ok 1 a\n  ok 2 b # SKIP no\n"
	  "ok 1 s\nnot ok 2 t # TIMEOUT\n",
	  { .how = SUITE_ENDING_POWER_OFF },
	  "pass s.a\nskip s.b (no)\ntimeout t\n" },
	{ "a plan at the end",
	  "TAP version 13\nok 1 one\n1..1\n",
	  { .how = SUITE_ENDING_POWER_OFF },
	  "pass one\n" },
	{ "all of TAP skipped",
	  "1..0 # SKIP not for this CPU\n",
	  { .how = SUITE_ENDING_POWER_OFF },
	  "skip -: not for this CPU\n" },
	{ "TAP cut off",
	  "TAP version 14\n1..2\nok 1 one\n",
	  { .how = SUITE_ENDING_POWER_OFF },
	  "pass one\nfail -: it ended before it said that it was at its end; 1 of 2 results came\n" },
	{ "TAP bails out",
	  "TAP version 14\n1..2\nok 1 one\nBail out! No memory\n",
	  { .how = SUITE_ENDING_STATUS, .status = 1 },
	  "pass one\nfail -: the guest gave up: No memory; 1 of 2 results came\n" },
};

static void put_result(FILE *out, const struct suite_result *result)
{
	bool is_usual = result->message &&
			(strstr(result->message, "the guest ") == result->message);

	fprintf(out, "%s %s", r0_verdict_name(result->verdict), result->name);
	if (result->message && !is_usual)
		fprintf(out, " (%s)", result->message);
	putc('\n', out);
}

static char *read_row(const struct row *row, size_t piece)
{
	size_t length = strlen(row->text), at, size;
	struct suite_results results;
	enum r0_verdict verdict;
	char message[256], *text;
	FILE *out = open_memstream(&text, &size);

	suite_results_init(&results, false, 0);
	for (at = 0; at < length; at += piece)
		suite_results_add(&results, row->text + at,
				  length - at < piece ? length - at : piece, at);
	suite_results_end(&results, length);
	for (at = 0; at < results.count; at++)
		put_result(out, &results.items[at]);
	if (suite_ending_judge(&row->ending, &results, &verdict, message, sizeof(message)))
		fprintf(out, "%s -: %s\n", r0_verdict_name(verdict), message);
	suite_results_finish(&results);
	fclose(out);
	return text;
}

/* Whatever pieces it comes in. */
static void test_rows(void **state)
{
	size_t i, piece;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (piece = 1; piece < 5000; piece = piece * 7 + 1) {
			char *text = read_row(&rows[i], piece);

			if (strcmp(text, rows[i].results))
				print_error("%s, in pieces of %zu:\n", rows[i].what, piece);
			assert_string_equal(text, rows[i].results);
			free(text);
		}
}

static void add(struct suite_results *results, const char *text, uint64_t now_ns)
{
	suite_results_add(results, text, strlen(text), now_ns);
}

/* A failure has what was printed since the result before it, and each its time. */
static void test_output(void **state)
{
	struct suite_results results;

	(void)state;
	suite_results_init(&results, false, 1000);
	add(&results, "first\nPASS: a\nINFO: so\nand so\nFAIL: b\nleft\n", 1500);
	suite_results_end(&results, 1800);
	assert_int_equal(results.count, 2);
	assert_null(results.items[0].output);
	assert_int_equal(results.items[0].duration_ns, 500);
	assert_int_equal(results.items[1].output_size, strlen("INFO: so\nand so\n"));
	assert_memory_equal(results.items[1].output, "INFO: so\nand so\n",
			    results.items[1].output_size);
	assert_string_equal(results.pending.text, "left\n");
	assert_true(suite_results_have_failure(&results));
	suite_results_finish(&results);

	suite_results_init(&results, true, 0);
	add(&results, "first\nPASS: a\n", 1);
	assert_memory_equal(results.items[0].output, "first\n", 6);
	suite_results_finish(&results);
}

/* Text without end, a line without end, results without end. */
static void test_bounds(void **state)
{
	const struct suite_ending ending = { .how = SUITE_ENDING_POWER_OFF };
	struct suite_results results;
	enum r0_verdict verdict;
	char message[256];
	size_t i;

	(void)state;
	suite_results_init(&results, false, 0);
	for (i = 0; i < 100000; i++)
		add(&results, "flood flood flood flood\n", i);
	assert_in_range(results.pending.length, SUITE_OUTPUT_MAX, 2 * SUITE_OUTPUT_MAX);
	for (i = 0; i < 100000; i++)
		add(&results, "PASS: ", i);
	add(&results, "\n", i);
	assert_int_equal(results.count, 1);
	assert_in_range(strlen(results.items[0].name), 1000, SUITE_LINE_MAX);
	for (i = 0; i < SUITE_RESULTS_MAX + 10; i++)
		add(&results, i == SUITE_RESULTS_MAX + 5 ? "FAIL: x\n" : "PASS: x\n", i);
	add(&results, "SUMMARY: many\n", i);
	suite_results_end(&results, i);
	assert_int_equal(results.count, SUITE_RESULTS_MAX);
	assert_int_equal(results.lost, 11);
	assert_true(suite_ending_judge(&ending, &results, &verdict, message, sizeof(message)));
	assert_int_equal(verdict, R0_VERDICT_FAIL);
	assert_string_equal(message,
			    "11 more results were too many to be kept, and one of them failed");
	suite_results_finish(&results);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_output),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
