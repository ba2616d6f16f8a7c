/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of the reports: the formats against the texts in tests/golden, hostile names and
 * output, the progress line, the sum of the results. R0_GOLDEN_UPDATE=1 writes the texts anew.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "plan/plan.h"
#include "report/formats.h"
#include "verdict/doubt.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#ifndef GOLDEN_DIRECTORY
#define GOLDEN_DIRECTORY NULL
#endif

static const struct r0_test plain = { .suite = "io", .name = "t", .file = "io_test.c", .line = 7 };
static const struct r0_test xfail = {
	.suite = "io",
	.name = "x",
	.file = "io_test.c",
	.line = 70,
	.options = { .xfail = "erratum #12: the chip is wrong" },
};

static const struct r0_test memory = {
	.suite = "mm",
	.name = "wild",
	.file = "mm_test.c",
	.line = 30,
	.options = { .groups = "slow,mm" },
};
static const struct r0_test odd = { .suite = "odd", .name = "t", .file = "o<&>.c", .line = 1 };

/* A case and its outcome. */
struct sample {
	const char *name;
	enum r0_verdict verdict;
	uint64_t duration_ns;
	const char *message, *output, *report;
	size_t output_size; /* where it holds NUL bytes; 0: it is as long as it looks */
	const char *file;
	int line;
	bool measured;
};

static const struct sample samples[] = {
	{ .name = "io.inw_reads_the_port", .verdict = R0_VERDICT_PASS, .duration_ns = 36120 },
	{ .name = "io.talks",
	  .verdict = R0_VERDICT_PASS,
	  .duration_ns = 912,
	  .output = "hello\nunfinished",
	  .measured = true },
	{ .name = "io.inw_fails",
	  .verdict = R0_VERDICT_FAIL,
	  .duration_ns = 1234567,
	  .message = "R0_ASSERT_EQ(inw(0x1), 0xfe)\n  inw(0x1) is 255 (0xff)\n  0xfe is 254 (0xfe)",
	  .output = "before\n",
	  .file = "io_test.c",
	  .line = 12 },
	{ .name = "io.no_avx",
	  .verdict = R0_VERDICT_SKIP,
	  .duration_ns = 4000,
	  .message = "has_avx() is false" },
	{ .name = "io.known[0]",
	  .verdict = R0_VERDICT_XFAIL,
	  .duration_ns = 50000,
	  .message = "1 == 2",
	  .output = "seen\n",
	  .file = "io_test.c",
	  .line = 71 },
	{ .name = "io.known[1]",
	  .verdict = R0_VERDICT_XPASS,
	  .duration_ns = 999999,
	  .message = "passed, where a failure was expected" },
	{ .name = "io.loops",
	  .verdict = R0_VERDICT_TIMEOUT,
	  .duration_ns = 10000000000,
	  .message = "ran for longer than 10000 ms, in spin (io_test.c:90)",
	  .report = "RIP 0x401000\n  #0 spin (io_test.c:90)\n" },
	{ .name = "mm.wild",
	  .verdict = R0_VERDICT_CRASH,
	  .duration_ns = 85000,
	  .message = "#PF at 0x401136: write to 0x10, not present",
	  .report = "  walk: PML4E 0x0\n\nrip 0x401136\n\n",
	  .output = "\x1b[2J\x1b]0;owned\x07\xff caf\xc3\xa9\r\nnext\n",
	  .file = "mm_test.c",
	  .line = 31 },
	{ .name = "mm.host",
	  .verdict = R0_VERDICT_ERROR,
	  .duration_ns = 0,
	  .message = "KVM_RUN: KVM cannot execute \"pxor\"" },
	{ .name = "odd.#1 \\ of \n\x1b[31m\xfe",
	  .verdict = R0_VERDICT_FAIL,
	  .duration_ns = 123456789012,
	  .message = "",
	  .output = "...\nnot ok 3 - forged\n",
	  .report = "   \n" },
	{ .name = "io.puts_nul",
	  .verdict = R0_VERDICT_FAIL,
	  .duration_ns = 7000,
	  .message = "R0_FAIL()",
	  .output = "x\0y\nafter\n",
	  .output_size = 10,
	  .file = "io_test.c",
	  .line = 99 },
};

static char *copy(const char *text)
{
	char *copied = strdup(text ? text : "");

	assert_non_null(copied);
	return copied;
}

static size_t size_of(const struct sample *sample)
{
	if (!sample->output)
		return 0;
	return sample->output_size ? sample->output_size : strlen(sample->output);
}

static char *copy_output(const struct sample *sample)
{
	char *copied = calloc(1, size_of(sample) + 1);

	assert_non_null(copied);
	return memcpy(copied, sample->output ? sample->output : "", size_of(sample));
}

static const struct r0_test *test_of(const char *name)
{
	if (!strncmp(name, "mm.", 3))
		return &memory;
	if (!strncmp(name, "odd.", 4))
		return &odd;
	return strstr(name, "known") ? &xfail : &plain;
}

/* What only the golden texts have. */
static bool tells_host;
static const struct host sample_host = {
	.kind = "hardware",
	.virtualization = "SVM",
	.cpu = "A CPU <of> \"ours\" # 1",
	.kernel = "Linux 6.1.0-13-amd64",
};

static void add_values(struct r0_result *result)
{
	static char time[] = "time", cycles[] = "cycles", odd_name[] = "a \"b\" <c>: d#",
		    bytes[] = "bytes";
	const struct r0_value measured = {
		.name = time,
		.unit = cycles,
		.number = 412500,
		.minimum = 401000,
		.spread = 3050,
		.samples = 101,
		.decimals = 3,
	};
	const struct r0_value given = { .name = odd_name, .unit = bytes, .number = -7 };

	assert_int_equal(outcome_add_value(result, &measured), 0);
	assert_int_equal(outcome_add_value(result, &given), 0);
}

/* Report the first `count` of the samples in a format, as a text from malloc(). */
static char *report_samples(struct report report, const struct sample *sample, size_t count,
			    size_t planned, const char *broken)
{
	struct plan_case *cases = calloc(planned, sizeof(*cases));
	struct plan plan = report.plan ? *report.plan : (struct plan){ .shuffled = false };
	struct tally tally = { .duration_ns = 3410000 };
	char *text = NULL;
	size_t size, i;

	assert_non_null(cases);
	plan.cases = cases;
	plan.count = plan.once = planned;
	for (i = 0; i < planned; i++) {
		cases[i].test = test_of(sample[i].name);
		cases[i].name = copy(sample[i].name);
	}
	report.out = open_memstream(&text, &size);
	assert_non_null(report.out);
	report.plan = &plan;
	if (tells_host) {
		report.host = &sample_host;
		tally.doubts = "1 pass proves nothing: a <b>\x1b (EOI)";
	}
	assert_int_equal(report.ops->begin(&report), 0);
	for (i = 0; i < count; i++) {
		struct outcome outcome = {
			.result = { .verdict = sample[i].verdict,
				    .message = copy(sample[i].message),
				    .report = copy(sample[i].report),
				    .output = copy_output(&sample[i]),
				    .output_size = size_of(&sample[i]),
				    .file = copy(sample[i].file),
				    .line = sample[i].line },
			.duration_ns = sample[i].duration_ns,
			.doubts = i ? 0 : DOUBT_EOI | DOUBT_FLUSHES,
		};

		if (report.live && report.ops->running)
			report.ops->running(&report, &cases[i], 1500000000, &tally);
		if (sample[i].measured)
			add_values(&outcome.result);
		tally_add(&tally, outcome.result.verdict);
		tally_add_values(&tally, &outcome.result);
		report.ops->result(&report, &cases[i], &outcome);
		outcome_finish(&outcome);
	}
	for (; i < planned && report.ops->not_run; i++)
		report.ops->not_run(&report, &cases[i],
				    broken ? broken : "the run stopped at the first failure",
				    broken);
	report.ops->end(&report, &tally, broken);
	assert_null(report.state);
	fclose(report.out);
	for (i = 0; i < planned; i++)
		free(cases[i].name);
	free(cases);
	return text;
}

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

static void finds_a_path_for_github(void **state)
{
	static const struct sample failure = {
		.name = "io.t",
		.verdict = R0_VERDICT_FAIL,
		.message = "50%: a,b\nnext",
		.file = "/proc/self/status",
		.line = 3,
	};
	struct report report = { .ops = &report_github_ops };
	char *text;

	(void)state;
	setenv("GITHUB_WORKSPACE", "/nonexistent", 1);
	text = report_samples(report, &failure, 1, 1, NULL);
	assert_string_equal(text, "::error file=/proc/self/status,line=3,title=io.t (fail)::"
				  "50%25: a,b%0Anext\n");
	free(text);
	setenv("GITHUB_WORKSPACE", "/proc", 1);
	text = report_samples(report, &failure, 1, 1, NULL);
	unsetenv("GITHUB_WORKSPACE");
	assert_non_null(strstr(text, "/status,line=3,"));
	assert_null(strstr(text, "file=/"));
	free(text);
}

/* What a terminal of one line shows of a text, for that part of it which has no newline. */
static void the_progress_line_goes_away(void **state)
{
	struct report report = { .ops = &report_pretty_ops, .live = true, .columns = 60 };
	char *text = report_samples(report, samples, LENGTH(samples), LENGTH(samples), NULL);
	char screen[4096] = "";
	size_t column = 0, i;
	bool drawn = false;

	(void)state;
	memset(screen, ' ', sizeof(screen));
	for (i = 0; text[i]; i++) {
		if (text[i] == '\r') {
			assert_true(column < 60);
			column = 0;
		} else if (text[i] == '\n') {
			screen[sizeof(screen) - 1] = '\0';
			assert_null(strstr(screen, "... ["));
			assert_null(strstr(screen, "done)"));
			memset(screen, ' ', sizeof(screen));
			column = 0;
		} else {
			assert_true(column < sizeof(screen) - 1);
			screen[column++] = text[i];
			drawn |= text[i] == ')' && !strncmp(text + i - 5, " done", 5);
		}
	}
	assert_true(drawn);
	free(text);
}

static void a_narrow_terminal_has_no_progress_line(void **state)
{
	struct report report = { .ops = &report_pretty_ops, .live = true, .columns = 20 };
	char *text = report_samples(report, samples, 2, 2, NULL);

	(void)state;
	assert_null(strchr(text, '\r'));
	free(text);
}

/* Lines of a number, of so many bytes with the newline. */
static char *numbered_lines(size_t count, size_t size)
{
	char *text = malloc(count * size + 1);
	size_t i;

	assert_non_null(text);
	for (i = 0; i < count; i++)
		sprintf(text + i * size, "%0*zu\n", (int)size - 1, i);
	return text;
}

static void long_output_is_capped_for_people(void **state)
{
	static const struct {
		size_t lines, size; /* of each line */
		const char *last_of_head, *note, *first_of_tail;
	} rows[] = {
		{ 1000, 8, "              0000059\n",
		  "[900 more lines, 7200 bytes: ", "              0000960\n" },
		{ 101, 8, "              0000059\n",
		  "[1 more lines, 8 bytes: ", "              0000061\n" },
		{ 100, 8, "              0000059\n", NULL, "              0000060\n" },
		{ 1000, 1024, "011\n", "[980 more lines, 1003520 bytes: ", "992\n" },
		{ 1, 1 << 20, NULL, "[1 more lines, 1036288 bytes: ", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		char *output = numbered_lines(rows[i].lines, rows[i].size), *text;
		const struct sample sample = { .name = "io.t",
					       .verdict = R0_VERDICT_FAIL,
					       .output = output };
		struct report report = { .ops = &report_pretty_ops };

		text = report_samples(report, &sample, 1, 1, NULL);
		if (rows[i].note)
			assert_non_null(strstr(text, rows[i].note));
		else
			assert_null(strstr(text, " more lines, "));
		if (rows[i].last_of_head)
			assert_non_null(strstr(text, rows[i].last_of_head));
		if (rows[i].first_of_tail)
			assert_non_null(strstr(text, rows[i].first_of_tail));
		assert_true(strlen(text) < 24000);
		free(text);
		report.whole = true;
		text = report_samples(report, &sample, 1, 1, NULL);
		assert_null(strstr(text, " more lines, "));
		assert_true(strlen(text) > rows[i].lines * rows[i].size);
		free(text);
		free(output);
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
		cmocka_unit_test(formats_as_expected),
		cmocka_unit_test(all_skipped),
		cmocka_unit_test(no_kvm_is_one_line),
		cmocka_unit_test(no_kvm_in_every_format),
		cmocka_unit_test(finds_a_path_for_github),
		cmocka_unit_test(the_progress_line_goes_away),
		cmocka_unit_test(a_narrow_terminal_has_no_progress_line),
		cmocka_unit_test(long_output_is_capped_for_people),
		cmocka_unit_test(any_bytes_are_harmless),
		cmocka_unit_test(finds_formats),
		cmocka_unit_test(exit_statuses),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
