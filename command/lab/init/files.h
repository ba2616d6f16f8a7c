/* SPDX-License-Identifier: MIT */
/* Files that the lab sends, asks for and looks for. */
#ifndef COMMAND_LAB_INIT_FILES_H
#define COMMAND_LAB_INIT_FILES_H

#include <stddef.h>

#include "command/lab/protocol.h"

/* Make the directories that `path` is in. */
void files_make_directories(char *path);

/*
 * Take the file that a LAB_FILE of `length` bytes announces, with a NUL after them; its content follows. That is read to its
 * end even where it can't be written: more messages follow it.
 */
void files_take(const char *message, size_t length);

/* Send a file's content, as LAB_COLLECTED. */
void files_collect(const char *path);

/* From here on files are new: what files_find() is about. Only the first call counts. */
void files_begin(void);

/*
 * Send the paths of files that are new and end in one of `suffixes`, strings each with its NUL in `size`
 * bytes, as LAB_FOUND; the last is empty.
 */
void files_find(const char *suffixes, size_t size);

#endif /* COMMAND_LAB_INIT_FILES_H */
