/* SPDX-License-Identifier: MIT */
/* What goes into the machine. */
#ifndef COMMAND_LAB_PROGRAMS_FILES_H
#define COMMAND_LAB_PROGRAMS_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct lab_entry {
	char *inside; /* absolute path in the machine */
	char *host;   /* where the content is; NULL for a directory */
	mode_t mode;
	uint64_t size;
};

struct lab_files {
	struct lab_entry *entries;
	size_t count;
	uint64_t total; /* bytes of content */
};

/* Add one file under that path inside; nothing happens if the path is taken. -errno, unsaid. */
int lab_files_add(struct lab_files *files, const char *host, const char *inside);
void lab_files_finish(struct lab_files *files);

#endif /* COMMAND_LAB_PROGRAMS_FILES_H */
