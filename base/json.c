/* SPDX-License-Identifier: MIT */
/* Reading JSON where it lies. */
#include "base/json.h"
#include <stdlib.h>
#include <string.h>

#define DEPTH 64

#define MOST_DECIMALS 9

static const char *skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\r'))
		at++;
	return at;
}

/* These return the first byte behind what begins at `at`, or NULL where it does not. */

static const char *skip_string(const char *at, const char *end)
{
	if (at == end || *at++ != '"')
		return NULL;
	for (; at < end && *at != '"'; at++) {
		if ((unsigned char)*at < ' ')
			return NULL;
		if (*at == '\\' && ++at == end)
			return NULL;
	}
	return at < end ? at + 1 : NULL;
}

static const char *skip_word(const char *at, const char *end)
{
	const char *start = at;

	while (at < end && ((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9') ||
			    *at == '-' || *at == '+' || *at == '.' || *at == 'E'))
		at++;
	return at > start ? at : NULL;
}

static const char *skip_value(const char *at, const char *end, int depth);

/* In an object what stands before an element: its name and a colon. */
static const char *skip_name(const char *at, const char *end)
{
	at = skip_string(at, end);
	at = at ? skip_blanks(at, end) : NULL;
	return at && at < end && *at == ':' ? skip_blanks(at + 1, end) : NULL;
}

static const char *skip_list(const char *at, const char *end, char close, int depth)
{
	at = skip_blanks(at + 1, end);
	if (at < end && *at == close)
		return at + 1;
	while (at && at < end) {
		if (close == '}')
			at = skip_name(at, end);
		at = at ? skip_value(at, end, depth + 1) : NULL;
		at = at ? skip_blanks(at, end) : NULL;
		if (!at || at == end)
			return NULL;
		if (*at == close)
			return at + 1;
		at = *at == ',' ? skip_blanks(at + 1, end) : NULL;
	}
	return NULL;
}

static const char *skip_value(const char *at, const char *end, int depth)
{
	if (at == end || depth > DEPTH)
		return NULL;
	if (*at == '{')
		return skip_list(at, end, '}', depth);
	if (*at == '[')
		return skip_list(at, end, ']', depth);
	return *at == '"' ? skip_string(at, end) : skip_word(at, end);
}

struct json json_of(const char *text, size_t size)
{
	const char *end = text + size, *at = skip_blanks(text, end), *behind;

	behind = skip_value(at, end, 0);
	if (!behind || skip_blanks(behind, end) != end)
		return (struct json){ NULL, NULL };
	return (struct json){ at, behind };
}

/* What json_of() has seen is well-formed. */

static struct json element_at(const char *at, const char *end)
{
	return (struct json){ at, skip_value(at, end, 0) };
}

/* From behind an element to the next one, or NULL. */
static const char *to_next(const char *behind, const char *end)
{
	behind = skip_blanks(behind, end);
	return *behind == ',' ? skip_blanks(behind + 1, end) : NULL;
}

static const char *to_first(struct json list, char open, char close)
{
	const char *at;

	if (!list.text || *list.text != open)
		return NULL;
	at = skip_blanks(list.text + 1, list.end);
	return *at == close ? NULL : at;
}

struct json json_member(struct json object, const char *name)
{
	const char *at = to_first(object, '{', '}');
	size_t length = strlen(name);

	while (at) {
		struct json value = element_at(skip_name(at, object.end), object.end);

		if (!strncmp(at + 1, name, length) && at[1 + length] == '"')
			return value;
		at = to_next(value.end, object.end);
	}
	return (struct json){ NULL, NULL };
}

struct json json_next(struct json array, struct json element)
{
	const char *at = element.text ? to_next(element.end, array.end) : to_first(array, '[', ']');

	return at ? element_at(at, array.end) : (struct json){ NULL, NULL };
}

/* Four hexadecimal digits, or -1. */
static int32_t hexadecimal(const char *at, const char *end)
{
	int32_t code = 0;
	int i;

	for (i = 0; i < 4; i++, at++) {
		if (at >= end)
			return -1;
		if (*at >= '0' && *at <= '9')
			code = code << 4 | (*at - '0');
		else if ((*at | 0x20) >= 'a' && (*at | 0x20) <= 'f')
			code = code << 4 | ((*at | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return code;
}

/* RFC 3629, 3. */
static char *put_code(char *to, uint32_t code)
{
	if (code < 0x80) {
		*to++ = (char)code;
	} else if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
		*to++ = (char)(0x80 | (code & 0x3f));
	} else if (code < 0x10000) {
		*to++ = (char)(0xe0 | code >> 12);
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	} else {
		*to++ = (char)(0xf0 | code >> 18);
		*to++ = (char)(0x80 | (code >> 12 & 0x3f));
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
		*to++ = (char)(0x80 | (code & 0x3f));
	}
	return to;
}

/* The escape behind a backslash at `at`, which has 6 bytes at least for each 4 that it becomes. */
static const char *put_escape(char **to, const char *at, const char *end)
{
	static const char letters[] = "bfnrt", meant[] = "\b\f\n\r\t";
	const char *letter = strchr(letters, *at);
	int32_t code, low;

	if (*at != 'u') {
		*(*to)++ = letter && *at ? meant[letter - letters] : *at;
		return at + 1;
	}
	code = hexadecimal(at + 1, end);
	at += code < 0 ? 1 : 5;
	low = code >= 0xd800 && code < 0xdc00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u' ?
		      hexadecimal(at + 2, end) :
		      -1;
	if (low >= 0xdc00 && low < 0xe000) {
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
		at += 6;
	} else if (code < 0 || (code >= 0xd800 && code < 0xe000)) {
		code = 0xfffd;
	}
	*to = put_code(*to, (uint32_t)code);
	return at;
}

char *json_text(struct json value)
{
	const char *at = value.text, *end = value.end;
	char *text, *to;

	if (!at || *at != '"')
		return NULL;
	/* An escape of two bytes that is none becomes the three of U+FFFD. */
	text = malloc((size_t)(end - at) * 2 + 1);
	if (!text)
		return NULL;
	to = text;
	for (at++, end--; at < end;) {
		if (*at != '\\')
			*to++ = *at++;
		else
			at = put_escape(&to, at + 1, end);
	}
	*to = '\0';
	return text;
}

bool json_number(struct json value, int64_t *number, uint32_t *decimals)
{
	const char *at = value.text;
	uint64_t digits = 0;
	bool negative, point = false;

	if (!at)
		return false;
	negative = *at == '-';
	at += negative;
	if (at == value.end || *at < '0' || *at > '9')
		return false;
	*decimals = 0;
	for (; at < value.end; at++) {
		if (*at == '.' && !point) {
			point = true;
			continue;
		}
		if (*at < '0' || *at > '9' || (point && ++*decimals > MOST_DECIMALS) ||
		    digits > ((uint64_t)INT64_MAX - 9) / 10)
			return false;
		digits = digits * 10 + (uint64_t)(*at - '0');
	}
	*number = negative ? -(int64_t)digits : (int64_t)digits;
	return true;
}
