/* SPDX-License-Identifier: MIT */
/*
 * Text of unknown content, shown without harm. Depends on libc only, and not on the locale.
 */
#include <string.h>
#include "base/text.h"

/* A word longer than this is compared with nothing. */
#define DISTANCE_MAX 128

size_t text_decode(const char *text, size_t size, int32_t *code)
{
	const unsigned char *bytes = (const unsigned char *)text;
	/* The least code point that needs a sequence of that length: less is an overlong form. */
	static const int32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length, i;
	int32_t value;

	if (bytes[0] < 0x80) {
		*code = bytes[0];
		return 1;
	}
	*code = -1;
	if ((bytes[0] & 0xe0) == 0xc0) {
		length = 2;
		value = bytes[0] & 0x1f;
	} else if ((bytes[0] & 0xf0) == 0xe0) {
		length = 3;
		value = bytes[0] & 0x0f;
	} else if ((bytes[0] & 0xf8) == 0xf0) {
		length = 4;
		value = bytes[0] & 0x07;
	} else {
		return 1;
	}
	if (length > size)
		return 1;
	for (i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 1;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 1;
	*code = value;
	return length;
}

bool text_is_printable(int32_t code)
{
	if (code < 0x20 || (code >= 0x7f && code < 0xa0))
		return false;
	if (code == 0x200e || code == 0x200f || code == 0x061c)
		return false;
	if (code >= 0x2028 && code <= 0x202e)
		return false;
	if (code >= 0x2066 && code <= 0x2069)
		return false;
	return code != 0xfeff && (code & 0xfffe) != 0xfffe && !(code >= 0xfdd0 && code <= 0xfdef);
}

static void put_escape(FILE *out, unsigned char byte, int32_t code, const char *backslash)
{
	if (code == '\n')
		fprintf(out, "%sn", backslash);
	else if (code == '\t')
		fprintf(out, "%st", backslash);
	else if (code == '\r')
		fprintf(out, "%sr", backslash);
	else if (code < 0x80)
		fprintf(out, "%sx%02x", backslash, byte);
	else
		fprintf(out, "%su{%04x}", backslash, (unsigned int)code);
}

static void put(FILE *out, const char *text, size_t size, const char *escaped, bool keep_tabs)
{
	const char *backslash = strchr(escaped, '\\') ? "\\\\" : "\\";
	size_t length;
	int32_t code;

	for (; size; text += length, size -= length) {
		length = text_decode(text, size, &code);
		if (!text_is_printable(code) && !(keep_tabs && code == '\t')) {
			put_escape(out, (unsigned char)text[0], code, backslash);
			continue;
		}
		if (length == 1 && text[0] && strchr(escaped, text[0]))
			putc('\\', out);
		fwrite(text, 1, length, out);
	}
}

void text_put(FILE *out, const char *text, size_t size, const char *escaped)
{
	put(out, text, size, escaped, false);
}

size_t text_line_length(const char *text, size_t size)
{
	const char *end = size ? memchr(text, '\n', size) : NULL;

	return end ? (size_t)(end - text) : size;
}

unsigned int text_put_lines(FILE *out, const char *text, size_t size, const char *prefix)
{
	unsigned int lines = 0;

	while (size) {
		size_t length = text_line_length(text, size);
		size_t shown = length, used = length + (length < size);

		if (shown && used > length && text[shown - 1] == '\r')
			shown--;
		if (shown) {
			fputs(prefix, out);
			put(out, text, shown, "", true);
		}
		putc('\n', out);
		lines++;
		text += used;
		size -= used;
	}
	return lines;
}

void text_put_plain(FILE *out, const char *text, const char *forbidden)
{
	size_t size = strlen(text), length;
	int32_t code;

	for (; size; text += length, size -= length) {
		length = text_decode(text, size, &code);
		if (text_is_printable(code) && (length > 1 || !strchr(forbidden, text[0])))
			fwrite(text, 1, length, out);
		else
			putc('?', out);
	}
}

bool text_put_json(FILE *out, const char *text, size_t size)
{
	size_t length;
	bool exact = true;
	int32_t code;

	putc('"', out);
	for (; size; text += length, size -= length) {
		length = text_decode(text, size, &code);
		if (code < 0) {
			fputs("\\ufffd", out);
			exact = false;
		} else if (code == '\n') {
			fputs("\\n", out);
		} else if (code == '"' || code == '\\') {
			fprintf(out, "\\%c", (char)code);
		} else if (text_is_printable(code)) {
			fwrite(text, 1, length, out);
		} else if (code < 0x10000) {
			fprintf(out, "\\u%04x", (unsigned int)code);
		} else {
			/* Beyond the first plane, a surrogate pair. */
			fprintf(out, "\\u%04x\\u%04x",
				0xd800 + ((unsigned int)(code - 0x10000) >> 10),
				0xdc00 + ((unsigned int)code & 0x3ff));
		}
	}
	putc('"', out);
	return exact;
}

static size_t least_of(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;

	return least < c ? least : c;
}

/*
 * How different two words are: the least number of characters to insert, remove or replace to make one the
 * other, or SIZE_MAX if they are long. Levenshtein's, one row at a time.
 */
static size_t distance(const char *a, const char *b)
{
	size_t row[DISTANCE_MAX + 1];
	size_t a_length = strlen(a), b_length = strlen(b);
	size_t i, j;

	if (a_length > DISTANCE_MAX || b_length > DISTANCE_MAX)
		return SIZE_MAX;
	for (j = 0; j <= b_length; j++)
		row[j] = j;
	for (i = 1; i <= a_length; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= b_length; j++) {
			size_t above = row[j];

			row[j] = least_of(above + 1, row[j - 1] + 1,
					  diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[b_length];
}

bool text_is_near(const char *a, const char *b)
{
	size_t limit = strlen(a) / 3;

	if (limit > 3)
		limit = 3;
	return distance(a, b) <= limit;
}
