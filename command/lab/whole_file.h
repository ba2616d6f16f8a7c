/* SPDX-License-Identifier: MIT */
/* Whole files: in memory, read-only, and written. Functions return 0 or -errno, with nothing said. */
#ifndef COMMAND_LAB_WHOLE_FILE_H
#define COMMAND_LAB_WHOLE_FILE_H

#include <stddef.h>

/* A whole file in memory, read-only; 0 or -errno, with nothing said. */
struct lab_blob {
	const unsigned char *data;
	size_t size;
};
int lab_map(const char *path, struct lab_blob *blob);
int lab_map_descriptor(int fd, struct lab_blob *blob);
void lab_unmap(struct lab_blob *blob);
/* To a file or a pipe, waiting where it has to; 0 or -errno. */
int lab_write_all(int fd, const void *data, size_t size);
/* A whole file that is open, from its start, to a new one; 0 or -errno. */
int lab_copy_descriptor(int from, const char *path);

#endif /* COMMAND_LAB_WHOLE_FILE_H */
