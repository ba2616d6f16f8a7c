/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of the reports: the formats against the texts in tests/golden, hostile names and
 * output, the sum of the results. R0_GOLDEN_UPDATE=1 writes the texts anew. What people see besides:
 * report_people_test.c.
 */
#include "tests/unit/runner/report_samples.h"

#ifndef GOLDEN_DIRECTORY
#define GOLDEN_DIRECTORY NULL
#endif

/* The path of an expected text: by $R0_GOLDEN, as the build says, or beside this file. */
static void golden_path(const char *name, char *path, size_t size)
{
	const char *directory = getenv("R0_GOLDEN") ? getenv("R0_GOLDEN") : GOLDEN_DIRECTORY;
	const char *slash = strrchr(__FILE__, '/');

	if (directory)
		snprintf(path, size, "%s/%s", directory, name);
	else
		snprintf(path, size, "%.*s/../../golden/%s", slash ? (int)(slash - __FILE__) : 1,
			 slash ? __FILE__ : ".", name);
}

static void compare(const char *text, const char *name)
{
	char path[1024], *expected = NULL;
	size_t size = 0;
	ssize_t length;
	FILE *file;

	golden_path(name, path, sizeof(path));
	if (getenv("R0_GOLDEN_UPDATE")) {
		file = fopen(path, "w");
		assert_non_null(file);
		assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
		assert_int_equal(fclose(file), 0);
		return;
	}
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s: cannot be opened; R0_GOLDEN names the directory", path);
	length = getdelim(&expected, &size, '\0', file);
	fclose(file);
	assert_true(length > 0);
	assert_string_equal(text, expected);
	free(expected);
}

static void golden(const struct report *how, size_t count, const char *broken, const char *name)
{
	char *text = report_samples(*how, samples, count, LENGTH(samples), broken);

	compare(text, name);
	free(text);
}

static void formats_as_expected(void **state)
{
	static const struct {
		const struct report_ops *ops;
		const char *suffix;
	} others[] = {
		{ &report_junit_ops, "xml" },  { &report_json_ops, "json" },
		{ &report_ktap_ops, "txt" },   { &report_sotest_ops, "txt" },
		{ &report_github_ops, "txt" },
	};
	const struct report pretty = { .ops = &report_pretty_ops };
	const struct report verbose = { .ops = &report_pretty_ops, .verbose = true };
	const struct report colour = { .ops = &report_pretty_ops, .colour = true, .rows = 10 };
	const struct report tap = { .ops = &report_tap_ops };
	const struct report tap_verbose = { .ops = &report_tap_ops, .verbose = true };
	size_t i;

	(void)state;
	tells_host = true;
	golden(&pretty, LENGTH(samples), NULL, "pretty.txt");
	golden(&verbose, 6, NULL, "pretty-stopped.txt");
	golden(&colour, LENGTH(samples), "KVM_CREATE_VM: out of memory", "pretty-colour.txt");
	golden(&tap, LENGTH(samples), NULL, "tap.txt");
	golden(&tap_verbose, 3, NULL, "tap-stopped.txt");
	golden(&tap, 1, "KVM_CREATE_VM: out of\nmemory", "tap-broken.txt");
	for (i = 0; i < LENGTH(others); i++) {
		const struct plan plan = { .shuffled = true, .seed = 7, .shard = 1, .shards = 3 };
		struct report report = {
			.ops = others[i].ops,
			.program = "io<test>",
			.version = "1.2",
			.verbose = i & 1,
			.plan = &plan,
		};
		char name[64];

		snprintf(name, sizeof(name), "%s.%s", others[i].ops->name, others[i].suffix);
		golden(&report, LENGTH(samples), NULL, name);
		report.verbose = false;
		report.plan = NULL;
		snprintf(name, sizeof(name), "%s-stopped.%s", others[i].ops->name,
			 others[i].suffix);
		golden(&report, 3, NULL, name);
		snprintf(name, sizeof(name), "%s-broken.%s", others[i].ops->name, others[i].suffix);
		golden(&report, 3, "interrupted by\nSIGINT", name);
	}
	tells_host = false;
}

static void all_skipped(void **state)
{
	static const struct sample skips[] = {
		{ .name = "a.a", .verdict = R0_VERDICT_SKIP, .message = "no AVX" },
		{ .name = "a.b", .verdict = R0_VERDICT_SKIP, .message = "no AVX" },
		{ .name = "a.c", .verdict = R0_VERDICT_SKIP, .message = "no SSE" },
	};
	struct report report = { .ops = &report_pretty_ops };
	char *text;

	(void)state;
	text = report_samples(report, skips, 2, 2, NULL);
	assert_non_null(strstr(text, "\nSKIPPED  2 tests in 3.41 ms: 2 skipped\n"
				     "Every test was skipped: no AVX\n"));
	free(text);
	text = report_samples(report, skips, 3, 3, NULL);
	assert_non_null(strstr(text, "Every test was skipped: no AVX (the first; the reasons "
				     "differ)\n"));
	free(text);
}

static char *skipped(const struct report_ops *ops, bool empty)
{
	struct plan_case cases[] = {
		{ .test = &plain, .name = (char *)"io.t" },
		{ .test = &memory, .name = (char *)"mm.wild" },
	};
	struct plan plan = { .cases = cases, .count = empty ? 0 : 2 };
	struct report report = { .ops = ops, .plan = &plan };
	char *text = NULL;
	size_t size;

	report.out = open_memstream(&text, &size);
	assert_non_null(report.out);
	ops->skipped(&report, "/dev/kvm: Permission denied;\nask for it");
	fclose(report.out);
	return text;
}

static void no_kvm_is_one_line(void **state)
{
	char *text = skipped(&report_pretty_ops, false);

	(void)state;
	assert_string_equal(text, "SKIPPED  2 tests: /dev/kvm: Permission denied;\\nask for it\n");
	free(text);
	text = skipped(&report_tap_ops, false);
	assert_string_equal(text, "TAP version 14\n"
				  "1..0 # SKIP /dev/kvm: Permission denied;\\nask for it\n");
	free(text);
}

/* Also for a shard without tests. */
static void no_kvm_in_every_format(void **state)
{
	static const struct {
		const struct report_ops *ops;
		const char *full, *empty;
	} rows[] = {
		{ &report_ktap_ops,
		  "KTAP version 1\n1..0 # SKIP /dev/kvm: Permission denied;\\nask for it\n",
		  "KTAP version 1\n1..0 # SKIP /dev/kvm: Permission denied;\\nask for it\n" },
		{ &report_sotest_ops,
		  "SOTEST VERSION 1 BEGIN 2\r\n"
		  "# io.t: skipped: /dev/kvm: Permission denied;\r\n"
		  "# io.t: skipped: ask for it\r\n"
		  "SOTEST SKIP\r\n"
		  "# mm.wild: skipped: /dev/kvm: Permission denied;\r\n"
		  "# mm.wild: skipped: ask for it\r\n"
		  "SOTEST SKIP\r\n"
		  "SOTEST END\r\n",
		  "SOTEST VERSION 1 BEGIN 0\r\n"
		  "# nothing to run: /dev/kvm: Permission denied;\r\n"
		  "# nothing to run: ask for it\r\n"
		  "SOTEST END\r\n" },
		{ &report_junit_ops, " tests=\"2\" failures=\"0\" errors=\"0\" time=\"0.000000\">",
		  "<testsuites name=\"ring0\" tests=\"0\" failures=\"0\" errors=\"0\" "
		  "time=\"0.000000\">\n</testsuites>\n" },
		{ &report_json_ops, "\"verdict\":\"skip\",\"message\":\"/dev/kvm: Permission",
		  "{\"type\":\"plan\",\"version\":1,\"count\":0}\n{\"type\":\"summary\"" },
		{ &report_github_ops,
		  "::notice title=No test was run::/dev/kvm: Permission denied;%0Aask for it\n",
		  "::notice title=No test was run::/dev/kvm: Permission denied;%0Aask for it\n" },
	};
	size_t i, empty;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		for (empty = 0; empty < 2; empty++) {
			char *text = skipped(rows[i].ops, empty);

			if (!strstr(text, empty ? rows[i].empty : rows[i].full))
				fail_msg("%s: %s", rows[i].ops->name, text);
			free(text);
		}
	}
}

/* Random bytes in every text: no line of a report may be one that the texts have forged. */
static void any_bytes_are_harmless(void **state)
{
	static const char *const pieces[] = {
		"\n",	  "ok 1 - forged", "not ok 2", "1..3", "Bail out!", "...", "---",
		"# TODO", "\x1b[",	   " ",	       "\t",   "\r",	    "\"",  "\\",
		"\xff",	  "\xc2\x85",	   "x"
	};
	unsigned int seed = 7, round;

	(void)state;
	for (round = 0; round < 500; round++) {
		char text[3][256] = { "", "", "" }, *shown, *line;
		struct report report = {
			.ops = round & 1 ? &report_pretty_ops : &report_tap_ops,
			.verbose = round & 2,
		};
		struct sample sample = {
			.name = text[0],
			.message = text[1],
			.output = text[2],
			.report = text[2],
			.file = "f",
			.verdict = (enum r0_verdict)(round / 4 % (R0_VERDICT_ERROR + 1)),
		};
		size_t i;

		for (i = 0; i < 30; i++) {
			size_t length = strlen(text[i % 3]);

			snprintf(text[i % 3] + length, sizeof(text[0]) - length, "%s",
				 pieces[(unsigned int)rand_r(&seed) % LENGTH(pieces)]);
		}
		shown = report_samples(report, &sample, 1, 1, NULL);
		for (line = shown; *line; line += strcspn(line, "\n") + 1) {
			size_t length = strcspn(line, "\n");
			size_t j;

			assert_null(memchr(line, '\x1b', length));
			assert_null(memchr(line, '\r', length));
			if (report.ops != &report_tap_ops)
				continue;
			for (j = 0; line[j] == ' '; j++)
				;
			/* Nothing but the report's own begins a line, or ends the block. */
			if (j == 0)
				assert_true(!strncmp(line, "ok 1 - ", 7) ||
					    !strncmp(line, "not ok 1 - ", 11) ||
					    !strncmp(line, "TAP version 14\n", 15) ||
					    !strncmp(line, "1..1\n", 5) || line[0] == '#' ||
					    line[0] == '\n');
			else if (!strncmp(line + j, "...", 3))
				assert_true(!strncmp(line, "  ...\n", 6));
		}
		free(shown);
	}
}

static void finds_formats(void **state)
{
	(void)state;
	assert_ptr_equal(report_find("pretty", 6), &report_pretty_ops);
	assert_ptr_equal(report_find("tap", 3), &report_tap_ops);
	assert_ptr_equal(report_find("junit", 5), &report_junit_ops);
	assert_ptr_equal(report_find("xunit", 5), &report_xunit_ops);
	assert_ptr_equal(report_find("json", 4), &report_json_ops);
	assert_ptr_equal(report_find("ktap", 4), &report_ktap_ops);
	assert_ptr_equal(report_find("sotest", 6), &report_sotest_ops);
	assert_null(report_find("github", 6));
	assert_null(report_find("TAP", 3));
	assert_null(report_find("", 0));
}

static void exit_statuses(void **state)
{
	/* In the order of the verdicts: p f s xf xp t c e. */
	static const struct {
		unsigned int counts[R0_VERDICT_ERROR + 1];
		int status;
	} rows[] = {
		{ { 0, 0, 0, 0, 0, 0, 0, 0 }, 99 }, { { 3, 0, 0, 0, 0, 0, 0, 0 }, 0 },
		{ { 3, 0, 2, 0, 0, 0, 0, 0 }, 0 },  { { 0, 0, 2, 0, 0, 0, 0, 0 }, 77 },
		{ { 0, 0, 2, 1, 0, 0, 0, 0 }, 0 },  { { 0, 0, 0, 1, 0, 0, 0, 0 }, 0 },
		{ { 3, 1, 0, 0, 0, 0, 0, 0 }, 1 },  { { 3, 0, 0, 0, 1, 0, 0, 0 }, 1 },
		{ { 3, 0, 0, 0, 0, 1, 0, 0 }, 1 },  { { 3, 0, 0, 0, 0, 0, 1, 0 }, 1 },
		{ { 3, 0, 0, 0, 0, 0, 0, 1 }, 99 }, { { 0, 0, 4, 0, 0, 0, 0, 1 }, 99 },
		{ { 3, 1, 0, 0, 0, 0, 0, 1 }, 1 },  { { 0, 1, 4, 0, 0, 0, 0, 0 }, 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		struct tally tally = { .total = 0 };
		unsigned int verdict, count;

		for (verdict = 0; verdict <= R0_VERDICT_ERROR; verdict++)
			for (count = 0; count < rows[i].counts[verdict]; count++)
				tally_add(&tally, verdict);
		assert_int_equal(tally_exit_status(&tally), rows[i].status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_as_expected),	  cmocka_unit_test(all_skipped),
		cmocka_unit_test(no_kvm_is_one_line),	  cmocka_unit_test(no_kvm_in_every_format),
		cmocka_unit_test(any_bytes_are_harmless), cmocka_unit_test(finds_formats),
		cmocka_unit_test(exit_statuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
