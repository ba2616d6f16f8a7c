/* SPDX-License-Identifier: MIT */
/* Text that grows, up to a limit. Depends on libc alone. */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
	char *text; /* NUL-terminated; NULL while empty */
	size_t length, capacity;
	bool cut; /* something did not fit */
};

/* More than this of one test's output is not kept. */
#define BUFFER_LIMIT ((size_t)4 << 20)

/* Append size bytes; what does not fit is left out and `cut` set. */
void buffer_add(struct buffer *buffer, const void *bytes, size_t size);

/* Append formatted text. */
void buffer_print(struct buffer *buffer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Take the text, for free(); NULL if there is none. The buffer is empty again. */
char *buffer_take(struct buffer *buffer);

#endif /* BASE_BUFFER_H */
