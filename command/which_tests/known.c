/* SPDX-License-Identifier: MIT */
/* Two readings of the same records: what there is, and, when it is known what is wanted, who executed it. */
#include "command/which_tests/known.h"
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "command/which_tests/lcov.h"

/* More lines than this no file has. */
#define LINES_MAX (1u << 24)

enum { IS_CODE = 1, IS_WANTED = 2 };

struct function {
	char *name;
	bool wanted;
};

struct file {
	char *path;
	uint8_t *lines; /* by number */
	unsigned int capacity;
	struct function *functions;
	size_t count;
};

struct known {
	struct file *files;
	size_t count;
	struct file *now; /* whose records are read */
	char **tests;	  /* that executed something */
	size_t test_count;
	const char *test;
};

static int find_file(void *context, const char *test, const char *path)
{
	struct known *known = context;
	struct file *files;
	size_t i;

	(void)test;
	for (i = 0; i < known->count; i++)
		if (strcmp(known->files[i].path, path) == 0) {
			known->now = &known->files[i];
			return 0;
		}
	files = reallocarray(known->files, known->count + 1, sizeof(*files));
	if (!files)
		return -ENOMEM;
	known->files = files;
	known->now = &files[known->count];
	*known->now = (struct file){ .path = strdup(path) };
	if (!known->now->path)
		return -ENOMEM;
	known->count++;
	return 0;
}

static struct function *find_function(const struct file *file, const char *name)
{
	size_t i;

	for (i = 0; i < file->count; i++)
		if (strcmp(file->functions[i].name, name) == 0)
			return &file->functions[i];
	return NULL;
}

static int note_function(void *context, const char *name, unsigned int line)
{
	struct file *file = ((struct known *)context)->now;
	struct function *functions;

	(void)line;
	if (find_function(file, name))
		return 0;
	functions = reallocarray(file->functions, file->count + 1, sizeof(*functions));
	if (!functions)
		return -ENOMEM;
	file->functions = functions;
	functions[file->count] = (struct function){ .name = strdup(name) };
	return functions[file->count++].name ? 0 : -ENOMEM;
}

static int note_line(void *context, unsigned int line, uint64_t count)
{
	struct file *file = ((struct known *)context)->now;

	(void)count;
	if (line >= LINES_MAX)
		return -EINVAL;
	if (line >= file->capacity) {
		unsigned int capacity = 2 * line + 64;
		uint8_t *lines = realloc(file->lines, capacity);

		if (!lines)
			return -ENOMEM;
		memset(lines + file->capacity, 0, capacity - file->capacity);
		file->lines = lines;
		file->capacity = capacity;
	}
	file->lines[line] |= IS_CODE;
	return 0;
}

int known_create(struct known **result, FILE *in, const char *name, struct error *error)
{
	struct known *known = calloc(1, sizeof(*known));
	const struct lcov_events events = {
		.context = known,
		.file = find_file,
		.function = note_function,
		.line = note_line,
	};
	int err;

	if (!known)
		return error_set(error, ENOMEM, "no memory");
	err = lcov_read(in, name, &events, error);
	if (err)
		known_destroy(known);
	else
		*result = known;
	return err;
}

void known_destroy(struct known *known)
{
	size_t i, j;

	for (i = 0; i < known->count; i++) {
		struct file *file = &known->files[i];

		for (j = 0; j < file->count; j++)
			free(file->functions[j].name);
		free(file->functions);
		free(file->lines);
		free(file->path);
	}
	for (i = 0; i < known->test_count; i++)
		free(known->tests[i]);
	free(known->tests);
	free(known->files);
	free(known);
}

/* "src/a.c" and "./src/a.c" are /home/user/src/a.c, and so is "a.c". */
static bool is_path(const char *path, const char *end)
{
	size_t length = strlen(path), end_length;

	while (end[0] == '.' && end[1] == '/')
		end += 2;
	while (strncmp(end, "../", 3) == 0)
		end += 3;
	end_length = strlen(end);
	return length >= end_length && strcmp(path + length - end_length, end) == 0 &&
	       (length == end_length || end[0] == '/' || path[length - end_length - 1] == '/');
}

static bool is_code(const struct file *file, unsigned int line)
{
	return line < file->capacity && file->lines[line] & IS_CODE;
}

/* Returns whether there is any. */
static bool want_line(struct file *file, unsigned int line)
{
	unsigned int before = line < file->capacity ? line : file->capacity, behind = line;
	bool any = false;

	while (before && !is_code(file, before))
		before--;
	while (behind < file->capacity && !is_code(file, behind))
		behind++;
	if (before) {
		file->lines[before] |= IS_WANTED;
		any = true;
	}
	if (behind < file->capacity) {
		file->lines[behind] |= IS_WANTED;
		any = true;
	}
	return any;
}

static void want(struct file *file, struct wanted *wanted)
{
	struct function *function;
	unsigned int line;

	if (wanted->function) {
		function = find_function(file, wanted->function);
		if (function)
			function->wanted = wanted->known = true;
	} else if (!wanted->first) {
		for (line = 1; line < file->capacity; line++)
			if (is_code(file, line)) {
				file->lines[line] |= IS_WANTED;
				wanted->known = true;
			}
	} else {
		for (line = wanted->first; line <= wanted->last; line++) {
			wanted->known |= want_line(file, line);
			/* What follows is all the same. */
			if (line >= file->capacity)
				break;
		}
	}
}

void known_want(struct known *known, struct wanted_list *list)
{
	size_t i, j;

	for (i = 0; i < list->count; i++)
		for (j = 0; j < known->count; j++)
			if (is_path(known->files[j].path, list->items[i].path))
				want(&known->files[j], &list->items[i]);
}

static int begin_file(void *context, const char *test, const char *path)
{
	struct known *known = context;

	known->test = test;
	return find_file(known, test, path);
}

static int add_test(struct known *known)
{
	char **tests;

	/* A test's records come together. */
	if (known->test_count && strcmp(known->tests[known->test_count - 1], known->test) == 0)
		return 0;
	tests = reallocarray(known->tests, known->test_count + 1, sizeof(*tests));
	if (!tests)
		return -ENOMEM;
	known->tests = tests;
	tests[known->test_count] = strdup(known->test);
	return tests[known->test_count++] ? 0 : -ENOMEM;
}

static int take_called(void *context, const char *name, uint64_t count)
{
	struct known *known = context;
	const struct function *function = find_function(known->now, name);

	return count && function && function->wanted ? add_test(known) : 0;
}

static int take_line(void *context, unsigned int line, uint64_t count)
{
	struct known *known = context;

	return count && line < known->now->capacity && known->now->lines[line] & IS_WANTED ?
		       add_test(known) :
		       0;
}

static int by_name(const void *first, const void *second)
{
	return strcmp(*(char *const *)first, *(char *const *)second);
}

int known_tests(struct known *known, FILE *in, const char *name, void (*tell)(const char *test),
		struct error *error)
{
	const struct lcov_events events = {
		.context = known,
		.file = begin_file,
		.called = take_called,
		.line = take_line,
	};
	size_t i;
	int err = lcov_read(in, name, &events, error);

	if (err)
		return err;
	if (known->test_count)
		qsort(known->tests, known->test_count, sizeof(*known->tests), by_name);
	for (i = 0; i < known->test_count; i++)
		if (!i || strcmp(known->tests[i - 1], known->tests[i]) != 0)
			tell(known->tests[i]);
	return 0;
}
