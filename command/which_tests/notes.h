/* SPDX-License-Identifier: MIT */
/* The beginnings of .gcda and .gcno files (gcc, gcov-io.h; LLVM, GCOV.h). */
#ifndef COMMAND_WHICH_TESTS_NOTES_H
#define COMMAND_WHICH_TESTS_NOTES_H

#include <stdbool.h>
#include <stddef.h>

/* What both begin with. */
struct notes_head {
	char magic[4];
	char version[4]; /* of the format, the last character first */
	char build[4];	 /* a number of the build's */
};

/* Returns 0; -EINVAL for a file that does not begin so; -errno of reading it. */
int notes_read_head(const char *path, struct notes_head *head);

/* Whether clang has compiled it, which takes a format of its own choice. */
bool notes_are_by_clang(const struct notes_head *head);

/*
 * The folder that names of sources in a .gcno are relative to: where the compiler ran, by gcc's own word; by clang's, which has none,
 * the folder `beside` or the next one above it that has the source. For free(); or NULL without memory.
 */
char *notes_folder(const char *path, const struct notes_head *head, const char *beside);

#endif /* COMMAND_WHICH_TESTS_NOTES_H */
