/* SPDX-License-Identifier: MIT */
/* Strings that are allocated, and lists of them. Where there is no memory, the process ends with LAB_INTERNAL. */
#ifndef COMMAND_LAB_STRINGS_H
#define COMMAND_LAB_STRINGS_H

#include <stdbool.h>
#include <stddef.h>

void *lab_allocate(size_t size);
char *lab_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A growing list of strings, each its own. */
struct lab_strings {
	char **items;
	size_t count;
};

void lab_strings_add(struct lab_strings *strings, const char *text);
void lab_strings_finish(struct lab_strings *strings);
/* Add a text that was allocated, and take it. */
void lab_strings_take(struct lab_strings *strings, char *text);
/* All of them with blanks between, for free(). */
char *lab_strings_join(const struct lab_strings *strings);
/* Their items with a NULL at the end, for free(); they stay the list's. */
char **lab_strings_vector(const struct lab_strings *strings);

/* Add the names that a pattern of glob(7) matches. */
void lab_glob(const char *pattern, struct lab_strings *names);

/* Whether name[0..length) is `pattern`, in which one '*' at an end stands for anything. */
bool lab_name_matches(const char *pattern, const char *name, size_t length);

#endif /* COMMAND_LAB_STRINGS_H */
