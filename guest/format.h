/* SPDX-License-Identifier: MIT */
/*
 * Formatted text, piece by piece: what format_text() of guest/runtime.h is made of, for those who
 * want no buffer of the whole length. Depends on nothing.
 */
#ifndef GUEST_FORMAT_H
#define GUEST_FORMAT_H

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

#pragma GCC visibility pop

#endif /* GUEST_FORMAT_H */
