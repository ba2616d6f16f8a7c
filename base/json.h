/* SPDX-License-Identifier: MIT */
/* Reading JSON (RFC 8259) where it lies: a value is where its text begins and ends. Depends on libc alone. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json {
	const char *text, *end; /* of one value, without blanks around it; both NULL for none */
};

/* The value that a whole text is, or none: nothing may follow it, and it is not nested deeper than 64 levels. */
struct json json_of(const char *text, size_t size);

/* The member of that name, the first one; none if it is not there, or the value is no object. */
struct json json_member(struct json object, const char *name);

/* The next element of an array: the first where `element` is none. None behind the last, and of what is no array. */
struct json json_next(struct json array, struct json element);

static inline bool json_is(struct json value)
{
	return value.text;
}

/* A string's text, for free(); NULL if the value is none, or without memory. A NUL in it ends it. */
char *json_text(struct json value);

/*
 * A number as *number / 10^*decimals, exactly: false for what is none, has an exponent, more than 9 decimals, or does
 * not fit.
 */
bool json_number(struct json value, int64_t *number, uint32_t *decimals);

#endif /* BASE_JSON_H */
