/* SPDX-License-Identifier: MIT */
/* Archives of objects: ordinary ones, and thin ones, which name their members' files. Depends on libelf. */
#ifndef COMMAND_STUBS_ARCHIVE_H
#define COMMAND_STUBS_ARCHIVE_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>

struct archive_member {
	size_t number;	  /* from 0 on: names need not be distinct */
	const char *name; /* for messages */
	const char *file; /* that has it alone, or NULL */
	Elf *elf;
};

/* Whether a file is a thin archive, which libelf does not know. */
bool archive_is_thin(int fd);

/*
 * Call visit() for each member, in their order, until it returns another value than 0, and return that; -1 with
 * *why set for a file that is no such archive. `path` is the archive's, `elf` its handle, NULL for a thin one.
 */
int archive_visit(const char *path, int fd, Elf *elf,
		  int (*visit)(void *context, const struct archive_member *member), void *context,
		  const char **why);

#endif /* COMMAND_STUBS_ARCHIVE_H */
