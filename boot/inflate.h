/* SPDX-License-Identifier: MIT */
/* Decompresses what gzip has made: RFC 1951 and 1952. Pure. Not by zlib: programs link the library with libc alone. */
#ifndef BOOT_INFLATE_H
#define BOOT_INFLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

bool inflate_is_gzip(const uint8_t *data, size_t size);

/*
 * The content of a gzip file's first member, as *out for free(). Returns 0; -ENOEXEC for one that is damaged or cut off;
 * -EFAULT for more than `most` bytes; -ENOMEM.
 */
int inflate_gzip(const uint8_t *data, size_t size, size_t most, uint8_t **out, size_t *out_size,
		 struct error *error);

#endif /* BOOT_INFLATE_H */
