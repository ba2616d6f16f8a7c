/* SPDX-License-Identifier: MIT */
/* Unit test of runner/cli/cli_options.c: --help. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "runner/cli/cli_options.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void help_is_narrow_and_complete(void **state)
{
	static const char *const names[] = {
		"--list",
		"--all",
		"--group",
		"--format",
		"--output",
		"--verbose",
		"--color",
		"--repeat",
		"--fail-fast",
		"--timeout",
		"--skip-status N",
		"--fail-status N",
		"--fresh-vm",
		"--check-reset",
		"--compare FILE",
		"--fuzz SECONDS",
		"--assist",
		"--shuffle[=SEED]",
		"--shard I/N",
		"-j, --jobs N",
		"--list[=json]",
		"--format NAME[=FILE]",
		"junit",
		"xunit",
		"json",
		"ktap",
		"sotest",
		"TEST_SHARD_STATUS_FILE",
		"--help",
		"--version",
		"pretty",
		"tap",
		"PATTERN",
		"R0_TIMEOUT_FACTOR",
	};
	char *text = NULL;
	const char *line;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	cli_put_help(out, "program");
	fclose(out);
	for (line = text; *line; line += strcspn(line, "\n") + 1)
		if (strcspn(line, "\n") > 80)
			fail_msg("over 80 columns: %.*s", (int)strcspn(line, "\n"), line);
	for (i = 0; i < LENGTH(names); i++)
		assert_non_null(strstr(text, names[i]));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(help_is_narrow_and_complete),
	};

	return cmocka_run_group_tests_name("cli_options", tests, NULL, NULL);
}
