/* SPDX-License-Identifier: MIT */
/* Strings and lists of them. Depends on error.h and libc. */
#include <glob.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command/lab/error.h"
#include "command/lab/strings.h"

void *lab_allocate(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	if (!memory)
		exit(lab_error(LAB_INTERNAL, "no memory for %zu bytes", size));
	return memory;
}

char *lab_format(const char *format, ...)
{
	va_list arguments;
	char *text;
	int n;

	va_start(arguments, format);
	n = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (n < 0)
		exit(lab_error(LAB_INTERNAL, "no memory for a string"));
	return text;
}

void lab_strings_add(struct lab_strings *strings, const char *text)
{
	char **items = realloc(strings->items, (strings->count + 1) * sizeof(*items));

	if (!items)
		exit(lab_error(LAB_INTERNAL, "no memory for a list"));
	strings->items = items;
	strings->items[strings->count++] = lab_format("%s", text);
}

void lab_strings_take(struct lab_strings *strings, char *text)
{
	lab_strings_add(strings, text);
	free(text);
}

char *lab_strings_join(const struct lab_strings *strings)
{
	char *text = lab_format("%s", "");

	for (size_t i = 0; i < strings->count; i++) {
		char *longer = lab_format("%s%s%s", text, i ? " " : "", strings->items[i]);

		free(text);
		text = longer;
	}
	return text;
}

char **lab_strings_vector(const struct lab_strings *strings)
{
	char **vector = lab_allocate((strings->count + 1) * sizeof(*vector));

	memcpy(vector, strings->items, strings->count * sizeof(*vector));
	return vector;
}

void lab_strings_finish(struct lab_strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
	*strings = (struct lab_strings){ 0 };
}

void lab_glob(const char *pattern, struct lab_strings *names)
{
	glob_t found;

	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			lab_strings_add(names, found.gl_pathv[i]);
		globfree(&found);
	}
}

bool lab_name_matches(const char *pattern, const char *name, size_t length)
{
	size_t size = strlen(pattern);

	if (pattern[size - 1] == '*')
		return length >= size - 1 && !strncmp(pattern, name, size - 1);
	if (*pattern == '*')
		return length >= size - 1 &&
		       !strncmp(pattern + 1, name + length - (size - 1), size - 1);
	return length == size && !strncmp(pattern, name, size);
}
