/* SPDX-License-Identifier: MIT */
/* The tests in the program's own section. */
#include "runner/cli/linked_tests.h"
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * Where the linker puts the tests. Weak, as there is no such section in a program without tests;
 * hidden, so that they are this program's own.
 */
extern const struct r0_test *const __start_r0_tests[] __attribute__((weak, visibility("hidden")));
extern const struct r0_test *const __stop_r0_tests[] __attribute__((weak, visibility("hidden")));

static bool same_file(const struct r0_test *a, const struct r0_test *b)
{
	return a->file && b->file && !strcmp(a->file, b->file);
}

static int by_line(const void *a, const void *b)
{
	const struct r0_test *left = *(const struct r0_test *const *)a;
	const struct r0_test *right = *(const struct r0_test *const *)b;

	if (left->line != right->line)
		return left->line < right->line ? -1 : 1;
	/* Several on a line come from a macro; nothing says which was first. */
	return left->name && right->name ? strverscmp(left->name, right->name) : 0;
}

/*
 * The linker keeps the order of the files, but compilers write a file's variables in any order
 * (GCC backwards, when it optimises). Put the tests of each file back into that of the source.
 */
static void sort_within_files(const struct r0_test **tests, size_t count)
{
	size_t first, end;

	for (first = 0; first < count; first = end) {
		for (end = first + 1; end < count && same_file(tests[first], tests[end]); end++)
			;
		qsort(&tests[first], end - first, sizeof(*tests), by_line);
	}
}

int linked_tests_collect(const struct r0_test ***tests, size_t *count, struct error *error)
{
	/* As numbers: the compiler takes two arrays for distinct objects. */
	size_t size = (uintptr_t)__stop_r0_tests - (uintptr_t)__start_r0_tests;
	size_t i, slots = size / sizeof(*__start_r0_tests);

	*count = 0;
	*tests = calloc(slots + 1, sizeof(**tests));
	if (!*tests)
		return error_set(error, ENOMEM, "out of memory for %zu tests", slots);
	for (i = 0; i < slots; i++)
		if (__start_r0_tests[i])
			(*tests)[(*count)++] = __start_r0_tests[i];
	for (i = 0; i < *count; i++)
		if ((*tests)[i]->size != sizeof(struct r0_test))
			return error_set(
				error, EINVAL,
				"this program has tests that were compiled with the headers of "
				"another version of ring0 than the library it is linked with: "
				"compile all of its files again");
	if (!*count)
		return error_set(error, ENOENT,
				 "no tests are linked into this program: write some with "
				 "R0_TEST(); those in a static archive need "
				 "-Wl,--whole-archive,ARCHIVE,-Wl,--no-whole-archive");
	sort_within_files(*tests, *count);
	return 0;
}
