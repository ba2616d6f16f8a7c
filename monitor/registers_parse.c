/* SPDX-License-Identifier: MIT */
/*
 * Reading a register snapshot's JSON (RFC 8259), which may come from anywhere. Depends on libc
 * alone.
 */
#include <errno.h>
#include <string.h>
#include "kvm/registers.h"

/* Values that are only skipped may be nested so deep. */
#define DEPTH_MAX 64

/* Longer than any member's name that is known. */
#define NAME_SIZE 32

struct cursor {
	const char *at, *end;
};

/* One bit for each member. */
enum {
	INSTRUCTION_POINTER = 1,
	STACK_POINTER = 2,
	PAGE_TABLE_ROOT = 4,
	USER_PAGE_TABLE_ROOT = 8,
	TCR_EL1 = 16,
	REQUIRED = INSTRUCTION_POINTER | STACK_POINTER | PAGE_TABLE_ROOT,
};

static bool is_space(char character)
{
	return character == ' ' || character == '\t' || character == '\n' || character == '\r';
}

static void skip_space(struct cursor *cursor)
{
	while (cursor->at < cursor->end && is_space(*cursor->at))
		cursor->at++;
}

static bool take(struct cursor *cursor, char wanted)
{
	if (cursor->at == cursor->end || *cursor->at != wanted)
		return false;
	cursor->at++;
	return true;
}

static bool take_word(struct cursor *cursor, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(cursor->end - cursor->at) < length || memcmp(cursor->at, word, length))
		return false;
	cursor->at += length;
	return true;
}

static bool is_digit(const struct cursor *cursor)
{
	return cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9';
}

static bool take_digits(struct cursor *cursor)
{
	if (!is_digit(cursor))
		return false;
	while (is_digit(cursor))
		cursor->at++;
	return true;
}

static int hexadecimal(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit |= 0x20;
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* What follows a backslash, as one character: beyond ASCII, one that no name has. */
static bool take_escape(struct cursor *cursor, char *character)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *known;
	int code = 0, i;

	if (cursor->at == cursor->end)
		return false;
	known = memchr(from, *cursor->at, sizeof(from) - 1);
	if (known) {
		*character = to[known - from];
		cursor->at++;
		return true;
	}
	if (*cursor->at++ != 'u' || cursor->end - cursor->at < 4)
		return false;
	for (i = 0; i < 4; i++) {
		int digit = hexadecimal(*cursor->at++);

		if (digit < 0)
			return false;
		code = code * 16 + digit;
	}
	*character = code && code < 0x80 ? (char)code : '?';
	return true;
}

/* A string. What of it doesn't fit into `text` is left out: no name that is known is so long. */
static bool take_string(struct cursor *cursor, char text[NAME_SIZE])
{
	size_t length = 0;

	if (!take(cursor, '"'))
		return false;
	while (!take(cursor, '"')) {
		char character;

		if (cursor->at == cursor->end || (unsigned char)*cursor->at < 0x20)
			return false;
		character = *cursor->at++;
		if (character == '\\' && !take_escape(cursor, &character))
			return false;
		if (length < NAME_SIZE - 1)
			text[length++] = character;
	}
	text[length] = '\0';
	return true;
}

/* The integer part of a number: no zeros in front. */
static bool take_integer(struct cursor *cursor)
{
	return take(cursor, '0') ? !is_digit(cursor) : take_digits(cursor);
}

static bool skip_number(struct cursor *cursor)
{
	take(cursor, '-');
	if (!take_integer(cursor))
		return false;
	if (take(cursor, '.') && !take_digits(cursor))
		return false;
	if (!take(cursor, 'e') && !take(cursor, 'E'))
		return true;
	if (!take(cursor, '+'))
		take(cursor, '-');
	return take_digits(cursor);
}

static bool take_u64(struct cursor *cursor, uint64_t *value)
{
	const char *digit = cursor->at;

	*value = 0;
	if (!take_integer(cursor))
		return false;
	for (; digit < cursor->at; digit++)
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(*digit - '0'), value))
			return false;
	return true;
}

static bool skip_value(struct cursor *cursor, int depth);

/* An array's or an object's inside, and its end. */
static bool skip_inside(struct cursor *cursor, char end, int depth)
{
	char name[NAME_SIZE];

	skip_space(cursor);
	if (take(cursor, end))
		return true;
	do {
		skip_space(cursor);
		if (end == '}') {
			if (!take_string(cursor, name))
				return false;
			skip_space(cursor);
			if (!take(cursor, ':'))
				return false;
		}
		if (!skip_value(cursor, depth))
			return false;
		skip_space(cursor);
	} while (take(cursor, ','));
	return take(cursor, end);
}

/* Any value. NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX bounds it */
static bool skip_value(struct cursor *cursor, int depth)
{
	char text[NAME_SIZE];

	skip_space(cursor);
	if (depth == DEPTH_MAX || cursor->at == cursor->end)
		return false;
	switch (*cursor->at) {
	case '"':
		return take_string(cursor, text);
	case '{':
		cursor->at++;
		return skip_inside(cursor, '}', depth + 1);
	case '[':
		cursor->at++;
		return skip_inside(cursor, ']', depth + 1);
	case 't':
		return take_word(cursor, "true");
	case 'f':
		return take_word(cursor, "false");
	case 'n':
		return take_word(cursor, "null");
	default:
		return skip_number(cursor);
	}
}

/* A member by its name: its bit and where its value goes; 0 if it is none of ours. */
static unsigned int find_member(struct register_snapshot *snapshot, const char *name,
				uint64_t **value)
{
	const struct {
		const char *name;
		unsigned int bit;
		uint64_t *value;
	} members[] = {
		{ "instruction_pointer", INSTRUCTION_POINTER, &snapshot->instruction_pointer },
		{ "stack_pointer", STACK_POINTER, &snapshot->stack_pointer },
		{ "page_table_root", PAGE_TABLE_ROOT, &snapshot->page_table_root },
		{ "user_page_table_root", USER_PAGE_TABLE_ROOT, &snapshot->user_page_table_root },
		{ "tcr_el1", TCR_EL1, &snapshot->tcr_el1 },
	};
	size_t i;

	for (i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (strcmp(members[i].name, name) == 0) {
			*value = members[i].value;
			return members[i].bit;
		}
	return 0;
}

/* One member. Sets its bit in *seen, and in *present unless it is null. NULL, or what is wrong. */
static const char *take_member(struct cursor *cursor, struct register_snapshot *snapshot,
			       unsigned int *seen, unsigned int *present)
{
	uint64_t *value = NULL;
	char name[NAME_SIZE];
	unsigned int bit;

	skip_space(cursor);
	if (!take_string(cursor, name))
		return "a member without a name";
	skip_space(cursor);
	if (!take(cursor, ':'))
		return "a name without a colon";
	bit = find_member(snapshot, name, &value);
	if (!bit)
		return skip_value(cursor, 0) ? NULL : "a value that is none";
	if (*seen & bit)
		return "a register that is there twice";
	*seen |= bit;
	skip_space(cursor);
	if (take_word(cursor, "null"))
		return NULL;
	if (!take_u64(cursor, value))
		return "a register that is no 64-bit number";
	*present |= bit;
	return NULL;
}

static const char *take_snapshot(struct cursor *cursor, struct register_snapshot *snapshot,
				 unsigned int *present)
{
	unsigned int seen = 0;
	const char *wrong;

	skip_space(cursor);
	if (!take(cursor, '{'))
		return "no object";
	skip_space(cursor);
	if (!take(cursor, '}')) {
		do {
			wrong = take_member(cursor, snapshot, &seen, present);
			if (wrong)
				return wrong;
			skip_space(cursor);
		} while (take(cursor, ','));
		if (!take(cursor, '}'))
			return "neither a comma nor the end after a member";
	}
	skip_space(cursor);
	if (cursor->at != cursor->end)
		return "something behind the object";
	if ((*present & REQUIRED) != REQUIRED)
		return "no instruction_pointer, stack_pointer or page_table_root";
	return NULL;
}

int registers_parse(struct register_snapshot *snapshot, const char *text, size_t length,
		    struct error *error)
{
	struct cursor cursor = { text, text + length };
	struct register_snapshot read = { 0 };
	unsigned int present = 0;
	const char *wrong = take_snapshot(&cursor, &read, &present);

	if (wrong)
		return error_set(error, EINVAL, "no register snapshot: %s, at byte %zu of its JSON",
				 wrong, (size_t)(cursor.at - text));
	read.has_user_page_table_root = present & USER_PAGE_TABLE_ROOT;
	read.has_tcr_el1 = present & TCR_EL1;
	*snapshot = read;
	return 0;
}
