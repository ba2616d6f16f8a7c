/* SPDX-License-Identifier: MIT */
/* Reports for people: the progress line, how much of a test's output is shown, paths for GitHub. */
#include "tests/unit/runner/report_samples.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_a_path_for_github),
		cmocka_unit_test(the_progress_line_goes_away),
		cmocka_unit_test(a_narrow_terminal_has_no_progress_line),
		cmocka_unit_test(long_output_is_capped_for_people),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
