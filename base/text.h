/* SPDX-License-Identifier: MIT */
/*
 * Text of unknown content, shown without harm: a test prints what it likes, and its output must
 * neither steer the user's terminal nor break a report's syntax. Depends on libc only.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Decode the character at text, of which size bytes (at least 1) may be read, to *code: its code
 * point, or -1 where the bytes are not UTF-8. Returns how many bytes it takes, at least 1.
 */
size_t text_decode(const char *text, size_t size, int32_t *code);

/*
 * Whether a code point can be shown as it is: no control character, line or paragraph separator,
 * mark that changes the direction of writing, or noncharacter. -1 can't.
 */
bool text_is_printable(int32_t code);

/*
 * Write size bytes of text, all on one line. What can't be shown is written as \n, \t, \r, \xNN
 * (a byte) or \u{NNNN} (a code point). A backslash is written before each ASCII character that
 * `escaped` holds; if it holds the backslash, then those of the escapes above are doubled too.
 */
void text_put(FILE *out, const char *text, size_t size, const char *escaped);

/*
 * Write size bytes of text that may have several lines: `prefix` before each that is not empty, a newline after
 * each, escapes as text_put() but for tabs, which stay; the carriage return of a CR LF is
 * dropped. Returns the number of lines.
 */
unsigned int text_put_lines(FILE *out, const char *text, size_t size, const char *prefix);

/* How long the first line of a text is, which has at least one byte, without its newline. */
size_t text_line_length(const char *text, size_t size);

/*
 * Write text as plain words on one line, for formats that have no escapes: each character that
 * can't be shown, and each ASCII character that `forbidden` holds, becomes a question mark.
 */
void text_put_plain(FILE *out, const char *text, const char *forbidden);

/*
 * Write size bytes of text as a JSON string, quotes included (RFC 8259, 7): always valid UTF-8. Returns false
 * if a byte that is not UTF-8 was replaced, by U+FFFD.
 */
bool text_put_json(FILE *out, const char *text, size_t size);

/* Whether b is so near to a that the user may have meant it. */
bool text_is_near(const char *a, const char *b);

#endif /* BASE_TEXT_H */
