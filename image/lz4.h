/* SPDX-License-Identifier: MIT */
/* Compression to one block of LZ4 (github.com/lz4/lz4, doc/lz4_Block_format.md). Depends on libc alone. */
#ifndef IMAGE_LZ4_H
#define IMAGE_LZ4_H

#include <stddef.h>
#include <stdint.h>

/* What `size` bytes take at most. */
#define LZ4_ROOM(size) ((size) + (size) / 255 + 16)

/*
 * Compress `size` bytes, below 2 GiB, to `to`, which has LZ4_ROOM(size) bytes. Returns how many there are, or 0 if there
 * was no memory.
 */
size_t lz4_compress(const uint8_t *from, size_t size, uint8_t *to);

#endif /* IMAGE_LZ4_H */
