/* SPDX-License-Identifier: MIT */
/* What goes into the machine. */
#ifndef COMMAND_LAB_PROGRAMS_FILES_H
#define COMMAND_LAB_PROGRAMS_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct lab_entry {
	char *inside; /* absolute path in the machine */
	char *host;   /* where the content is; NULL for a directory or a link */
	char *link;   /* where a symbolic link leads to, or NULL */
	mode_t mode;
	uint64_t size;
	bool later; /* only when the machine asks for it */
};

struct lab_files {
	struct lab_entry *entries;
	size_t count;
	uint64_t total; /* bytes of content */
};

/* Add one file under that path inside; nothing happens if the path is taken. -errno, unsaid. */
int lab_files_add(struct lab_files *files, const char *host, const char *inside);
/* The one with that number goes in only when the machine asks for it. Until then there is a symbolic link in its place. */
void lab_files_put_off(struct lab_files *files, size_t number, const char *link);
/* That one, or NULL. */
const struct lab_entry *lab_files_later(const struct lab_files *files);
void lab_files_finish(struct lab_files *files);

#endif /* COMMAND_LAB_PROGRAMS_FILES_H */
