/* SPDX-License-Identifier: MIT */
/* Ends of programs by their functions' names, and by the lines that libc and sanitizers print. */
#include <stdio.h>
#include <string.h>
#include "crash/library.h"

#define HEAP "libc found that the heap is damaged"

/* What it is they say themselves. */
#define SANITIZER ""

static bool begins(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* The names are those of glibc and musl; those of sanitizers begin so. */
static const struct {
	const char *function;
	bool is_prefix;
	const char *what;
} ends[] = {
	{ "__assert_fail", true, "an assertion of assert() failed" },
	{ "__assert_perror_fail", false, "an assertion of assert_perror() failed" },
	{ "__assert", false, "an assertion of assert() failed" },
	{ "__stack_chk_fail", true, "a smashed stack: a function wrote beyond its variables" },
	{ "__chk_fail", false, "a buffer overflow that libc's _FORTIFY_SOURCE found" },
	{ "__fortify_fail", false, "a buffer overflow that libc's _FORTIFY_SOURCE found" },
	{ "malloc_printerr", true, HEAP },
	{ "__ubsan_handle_", true, "UndefinedBehaviorSanitizer found a mistake" },
	{ "abort", false, "it called abort()" },
	/* These only if they said so: they do other work as well. */
	{ "__asan_", true, SANITIZER },
	{ "__msan_", true, SANITIZER },
	{ "__interceptor_", true, SANITIZER },
	{ "___interceptor_", true, SANITIZER },
	/* Theirs is the symbol where the above has none. */
	{ "free", false, HEAP },
	{ "cfree", false, HEAP },
	{ "__libc_free", false, HEAP },
	{ "malloc", false, HEAP },
	{ "__libc_malloc", false, HEAP },
	{ "realloc", false, HEAP },
	{ "calloc", false, HEAP },
};

/* What they print; a name that comes before is the program's. */
static const struct {
	const char *mark, *what;
} lines[] = {
	{ ": Assertion `", "an assertion of assert() failed" },
	{ "Assertion failed: ", "an assertion of assert() failed" },
	{ "*** stack smashing detected ***",
	  "a smashed stack: a function wrote beyond its variables" },
	{ "*** buffer overflow detected ***",
	  "a buffer overflow that libc's _FORTIFY_SOURCE found" },
	{ "free(): ", HEAP },
	{ "malloc(): ", HEAP },
	{ "realloc(): ", HEAP },
	{ "calloc(): ", HEAP },
	{ "malloc_consolidate(): ", HEAP },
	{ "munmap_chunk(): ", HEAP },
	{ "double free or corruption", HEAP },
	{ "corrupted ", HEAP },
	{ "ERROR: AddressSanitizer: ", SANITIZER },
	{ "WARNING: MemorySanitizer: ", SANITIZER },
	{ ": runtime error: ", "UndefinedBehaviorSanitizer found a mistake" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *find_end(const char *function)
{
	size_t i;

	for (i = 0; i < COUNT(ends); i++)
		if (ends[i].is_prefix ? begins(function, ends[i].function) :
					strcmp(function, ends[i].function) == 0)
			return ends[i].what;
	return NULL;
}

bool library_is_end(const char *function)
{
	return find_end(function);
}

/* The last line, an unfinished one included, that has a mark. Returns what it means, or NULL. */
static const char *find_line(const char *output, const char **line, size_t *length)
{
	const char *what = NULL;

	while (output && *output) {
		size_t size = strcspn(output, "\n"), i;

		for (i = 0; i < COUNT(lines); i++) {
			const char *at = memmem(output, size, lines[i].mark, strlen(lines[i].mark));

			if (!at)
				continue;
			what = lines[i].what;
			*line = output;
			*length = size;
		}
		output += size + (output[size] == '\n');
	}
	return what;
}

/* "out of bounds" of UndefinedBehaviorSanitizer's handler of that name. */
static void describe_handler(const char *function, const char *what, char *text, size_t size)
{
	const char *rest = function + strlen("__ubsan_handle_");
	size_t end = (size_t)snprintf(text, size, "%s: ", what);

	for (; *rest && *rest != '.' && end + 1 < size; rest++)
		text[end++] = *rest == '_' ? ' ' : *rest;
	text[end < size ? end : size - 1] = '\0';
}

/* "AddressSanitizer: attempting double-free on 0x… in thread T0" of its report's first line; else the line, and what it means. */
static void describe_line(const char *what, const char *line, size_t length, char *text,
			  size_t size)
{
	const char *level = memmem(line, length, "ERROR: ", strlen("ERROR: "));

	if (!level)
		level = memmem(line, length, "WARNING: ", strlen("WARNING: "));
	if (strcmp(what, SANITIZER) == 0 && level) {
		const char *start = strchr(level, ' ') + 1;

		length -= (size_t)(start - line);
		length -= length && start[length - 1] == ':';
		snprintf(text, size, "%.*s", (int)(length < 400 ? length : 400), start);
	} else {
		snprintf(text, size, "%s: %.*s", what, (int)(length < 400 ? length : 400), line);
	}
}

/* Of functions that do other work as well. */
static bool is_said(const char *what)
{
	return strcmp(what, HEAP) == 0 || strcmp(what, SANITIZER) == 0;
}

bool library_describe_end(const char *function, const char *output, char *text, size_t size)
{
	const char *what = function ? find_end(function) : NULL, *line = NULL;
	size_t length = 0;
	const char *printed = find_line(output, &line, &length);

	text[0] = '\0';
	if (function && (!what || (is_said(what) && !printed)))
		return false;
	/* abort() ends many of the others: what they printed says more. */
	if (printed && (!what || strcmp(function, "abort") == 0 || strcmp(what, printed) == 0 ||
			(is_said(what) && is_said(printed))))
		describe_line(printed, line, length, text, size);
	else if (what && begins(function, "__ubsan_handle_"))
		describe_handler(function, what, text, size);
	else if (what)
		snprintf(text, size, "%s", what);
	return text[0];
}
