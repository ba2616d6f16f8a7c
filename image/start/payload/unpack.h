/* SPDX-License-Identifier: MIT */
/* Decompression of a block of LZ4. */
#ifndef IMAGE_START_PAYLOAD_UNPACK_H
#define IMAGE_START_PAYLOAD_UNPACK_H

#include <ring0/private/types.h>

/* Decompress a block to `size` bytes at `to`. False if it is none, or does not become exactly so many. */
bool unpack(const void *block, size_t block_size, void *to, size_t size);

#endif /* IMAGE_START_PAYLOAD_UNPACK_H */
