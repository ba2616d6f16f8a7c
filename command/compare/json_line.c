/* SPDX-License-Identifier: MIT */
/* RFC 8259. What is written in another way is not found. */
#include "command/compare/json_line.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The code point as UTF-8 (RFC 3629); what is half of a surrogate pair becomes U+FFFD. */
static size_t put_utf8(char *to, uint32_t code)
{
	if (code >= 0xd800 && code < 0xe000)
		code = 0xfffd;
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xc0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	to[0] = (char)(0xe0 | code >> 12);
	to[1] = (char)(0x80 | (code >> 6 & 0x3f));
	to[2] = (char)(0x80 | (code & 0x3f));
	return 3;
}

/* A text from its first character on; *end is behind its quote. No longer than it is written. */
static char *read_text(const char *from, const char **end)
{
	static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
	char *text = malloc(strlen(from) + 1), *to = text, digits[5] = "";
	const char *letter;

	for (; text && *from && *from != '"'; from++) {
		if (*from != '\\') {
			*to++ = *from;
			continue;
		}
		if (!*++from)
			break;
		letter = strchr(letters, *from);
		if (letter) {
			*to++ = meant[letter - letters];
		} else if (*from == 'u' && strlen(from) > 4) {
			memcpy(digits, from + 1, 4);
			to += put_utf8(to, (uint32_t)strtoul(digits, NULL, 16));
			from += 4;
		} else {
			*to++ = *from;
		}
	}
	if (to)
		*to = '\0';
	*end = *from ? from + 1 : from;
	return text;
}

char *json_line_text(const char *line, const char *name)
{
	const char *end;

	while ((line = strchr(line, '"'))) {
		char *key = read_text(line + 1, &end);
		bool found = key && !strcmp(key, name) && end[0] == ':' && end[1] == '"';

		free(key);
		if (!key)
			return NULL;
		if (found)
			return read_text(end + 2, &end);
		line = end;
	}
	return NULL;
}
