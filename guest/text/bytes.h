/* SPDX-License-Identifier: MIT */
/*
 * What libc's mem* and str* functions do, under names of our own: libc's may use vector instructions. Depends on
 * nothing.
 */
#ifndef GUEST_TEXT_BYTES_H
#define GUEST_TEXT_BYTES_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

void *copy_bytes(void *to, const void *from, size_t size);
void *fill_bytes(void *to, int byte, size_t size);
size_t length_of(const char *text);

/* How many bytes are the same from the start on: `size` if all of them are. */
size_t common_length(const void *a, const void *b, size_t size);

#pragma GCC visibility pop

#endif /* GUEST_TEXT_BYTES_H */
