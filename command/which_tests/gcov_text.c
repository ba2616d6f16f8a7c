/* SPDX-License-Identifier: MIT */
/*
 * A source's lines are COUNT:LINE:TEXT, line 0 tells about the file, and a function's own line comes before its first. Where
 * several functions have the same lines, these come first as a whole, and once more for each.
 */
#include "command/which_tests/gcov_text.h"
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct line {
	unsigned int number;
	uint64_t count;
};

struct function {
	char *name;
	struct line at;
};

/* A source that is being read. */
struct source {
	char *name;
	struct line *lines;
	size_t line_count, line_capacity;
	struct function *functions;
	size_t function_count;
	size_t placed; /* so many of the functions have their line */
};

struct converter {
	const char *test;
	const char *folder;
	FILE *out;
	struct source source;
};

/* Where the source is: for free(). */
static char *find_source(const struct converter *converter)
{
	const struct source *source = &converter->source;
	char path[2 * PATH_MAX], *found = NULL;

	if (source->name[0] != '/' && strlen(converter->folder) < PATH_MAX &&
	    strlen(source->name) < PATH_MAX) {
		snprintf(path, sizeof(path), "%s/%s", converter->folder, source->name);
		found = realpath(path, NULL);
	}
	return found ? found : strdup(source->name);
}

static void put_functions(const struct source *source, FILE *out)
{
	size_t i, hit = 0;

	for (i = 0; i < source->placed; i++)
		fprintf(out, "FN:%u,%s\n", source->functions[i].at.number,
			source->functions[i].name);
	for (i = 0; i < source->placed; i++) {
		fprintf(out, "FNDA:%llu,%s\n", (unsigned long long)source->functions[i].at.count,
			source->functions[i].name);
		hit += source->functions[i].at.count > 0;
	}
	fprintf(out, "FNF:%zu\nFNH:%zu\n", source->placed, hit);
}

static void put_lines(const struct source *source, FILE *out)
{
	size_t i, hit = 0;

	for (i = 0; i < source->line_count; i++) {
		fprintf(out, "DA:%u,%llu\n", source->lines[i].number,
			(unsigned long long)source->lines[i].count);
		hit += source->lines[i].count > 0;
	}
	fprintf(out, "LF:%zu\nLH:%zu\n", source->line_count, hit);
}

/* Write the source that was read, if any. */
static int end_source(struct converter *converter)
{
	struct source *source = &converter->source;
	const bool is_there = source->name && source->line_count;
	char *path = is_there ? find_source(converter) : NULL;
	size_t i;

	if (path) {
		fprintf(converter->out, "TN:%s\nSF:%s\n", converter->test, path);
		put_functions(source, converter->out);
		put_lines(source, converter->out);
		fputs("end_of_record\n", converter->out);
		free(path);
	}
	free(source->name);
	free(source->lines);
	for (i = 0; i < source->function_count; i++)
		free(source->functions[i].name);
	free(source->functions);
	*source = (struct source){ 0 };
	return is_there && !path ? -ENOMEM : 0;
}

/* Of line 0: "Source:NAME" begins one. */
static int take_fact(struct converter *converter, const char *fact)
{
	static const char source[] = "Source:";
	int err;

	if (strncmp(fact, source, sizeof(source) - 1) != 0)
		return 0;
	err = end_source(converter);
	converter->source.name = strdup(fact + sizeof(source) - 1);
	return converter->source.name ? err : -ENOMEM;
}

static bool is_known(const struct source *source, unsigned int number)
{
	size_t i = source->line_count;

	/* Those of one function again are not far. */
	while (i && source->lines[i - 1].number > number)
		i--;
	while (i && source->lines[i - 1].number >= number)
		if (source->lines[--i].number == number)
			return true;
	return false;
}

static int add_line(struct source *source, unsigned int number, uint64_t count)
{
	if (is_known(source, number))
		return 0;
	if (source->line_count == source->line_capacity) {
		size_t capacity = source->line_capacity ? 2 * source->line_capacity : 256;
		struct line *lines = reallocarray(source->lines, capacity, sizeof(*lines));

		if (!lines)
			return -ENOMEM;
		source->lines = lines;
		source->line_capacity = capacity;
	}
	source->lines[source->line_count++] = (struct line){ number, count };
	return 0;
}

/* "function NAME called COUNT returned …" */
static int take_function(struct source *source, const char *text)
{
	static const char called[] = " called ";
	const char *end = strstr(text, called);
	struct function *functions;

	if (!end || !isdigit((unsigned char)end[sizeof(called) - 1]))
		return 0;
	functions = reallocarray(source->functions, source->function_count + 1, sizeof(*functions));
	if (!functions)
		return -ENOMEM;
	source->functions = functions;
	functions[source->function_count] = (struct function){
		.name = strndup(text, (size_t)(end - text)),
		.at.count = strtoull(end + sizeof(called) - 1, NULL, 10),
	};
	return functions[source->function_count++].name ? 0 : -ENOMEM;
}

static int take_line(struct converter *converter, char *text)
{
	static const char function[] = "function ";
	struct source *source = &converter->source;
	const char *count = text + strspn(text, " ");
	size_t length = strspn(count, "0123456789*#=-$%");
	char *end;
	unsigned long number;

	if (strncmp(text, function, sizeof(function) - 1) == 0)
		return take_function(source, text + sizeof(function) - 1);
	if (!length || count[length] != ':')
		return 0;
	number = strtoul(count + length + 1, &end, 10);
	if (*end != ':' || number > UINT_MAX)
		return 0;
	if (!number)
		return take_fact(converter, end + 1);
	for (; source->placed < source->function_count; source->placed++)
		source->functions[source->placed].at.number = (unsigned int)number;
	if (*count == '-')
		return 0;
	return add_line(source, (unsigned int)number,
			isdigit((unsigned char)*count) ? strtoull(count, NULL, 10) : 0);
}

int gcov_text_convert(FILE *in, const char *test, const char *folder, FILE *out)
{
	struct converter converter = { .test = test, .folder = folder, .out = out };
	size_t capacity = 0;
	char *text = NULL;
	int err = 0, ended;

	while (!err && getline(&text, &capacity, in) > 0) {
		text[strcspn(text, "\r\n")] = '\0';
		err = take_line(&converter, text);
	}
	ended = end_source(&converter);
	free(text);
	return err ? err : ended;
}
