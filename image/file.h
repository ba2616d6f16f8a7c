/* SPDX-License-Identifier: MIT */
/* Files as a whole. Depends on base/error.h and libc. */
#ifndef IMAGE_FILE_H
#define IMAGE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

/* Write all of it to a descriptor. Returns 0 or -errno. */
int image_file_put(int fd, const void *bytes, size_t size);

/* Make a file of it, or replace one that is there. Returns 0 or -errno; what there is of the file then stays. */
int image_file_write(const char *file, const void *bytes, size_t size, struct error *error);

/* A whole file, in memory for free(). Returns 0 or -errno. */
int image_file_read(const char *file, uint8_t **bytes, size_t *size, struct error *error);

/* As image_file_read(), of a descriptor, from the file's start on; `name` is for errors. */
int image_file_take(int fd, const char *name, uint8_t **bytes, size_t *size, struct error *error);

#endif /* IMAGE_FILE_H */
