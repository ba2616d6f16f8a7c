/* SPDX-License-Identifier: MIT */
/* Formatted text, into a buffer or piece by piece, for those who want no buffer of the whole length. */
#ifndef GUEST_TEXT_FORMAT_H
#define GUEST_TEXT_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

#pragma GCC visibility push(hidden)

/* Takes the pieces of a text, in order. Put it first in a structure of your own. */
struct format_sink {
	void (*put)(struct format_sink *sink, const char *text, size_t length);
};

/*
 * Format as vprintf() does, without floating point and wide characters, into a sink. Returns the
 * number of characters. A conversion that is unknown or not supported comes out as it is written;
 * %n does too, and stores nothing.
 */
size_t format_pieces(struct format_sink *sink, const char *format, va_list arguments);

/*
 * Format as vsnprintf() does, without floating point: returns the length that the whole text
 * has, writes at most size - 1 characters and a NUL.
 */
size_t format_text(char *buffer, size_t size, const char *format, va_list arguments);
size_t format_to(char *buffer, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#pragma GCC visibility pop

#endif /* GUEST_TEXT_FORMAT_H */
