/* SPDX-License-Identifier: MIT */
/* Ends of programs by their functions' names, and by the lines that libc and sanitizers print. */
#include <stdio.h>
#include <string.h>
#include "crash/library.h"

#define HEAP "libc found that the heap is damaged"

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
	{ "__asan_", true, "AddressSanitizer found a mistake" },
	{ "__interceptor_", true, "a sanitizer found a mistake" },
	{ "__ubsan_handle_", true, "UndefinedBehaviorSanitizer found a mistake" },
	{ "abort", false, "it called abort()" },
	/* These only if they said so: theirs is the symbol where the above has none. */
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
	{ "ERROR: AddressSanitizer: ", "AddressSanitizer found a mistake" },
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

/* "double free" of AddressSanitizer's free(), "out of bounds" of its sibling's handler. */
static void describe_finding(const char *function, const char *what, char *text, size_t size)
{
	const char *rest = function;
	size_t end = (size_t)snprintf(text, size, "%s: ", what);

	if (begins(rest, "__interceptor_"))
		rest += strlen("__interceptor_");
	else if (begins(rest, "__ubsan_handle_"))
		rest += strlen("__ubsan_handle_");
	else if (begins(rest, "__asan_report_"))
		rest += strlen("__asan_report_");
	for (; *rest && *rest != '.' && end + 1 < size; rest++)
		text[end++] = *rest == '_' ? ' ' : *rest;
	text[end < size ? end : size - 1] = '\0';
}

bool library_describe_end(const char *function, const char *output, char *text, size_t size)
{
	const char *what = function ? find_end(function) : NULL, *line = NULL;
	size_t length = 0;
	const char *printed = find_line(output, &line, &length);

	text[0] = '\0';
	if (function && (!what || (strcmp(what, HEAP) == 0 && !printed)))
		return false;
	/* abort() ends many of the others: what they printed says more. */
	if (printed && (!what || strcmp(function, "abort") == 0 || strcmp(what, printed) == 0))
		snprintf(text, size, "%s: %.*s", printed, (int)(length < 400 ? length : 400), line);
	else if (what && begins(function, "__") && strstr(what, "anitizer"))
		describe_finding(function, what, text, size);
	else if (what)
		snprintf(text, size, "%s", what);
	return text[0];
}
