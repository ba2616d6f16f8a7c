/* SPDX-License-Identifier: MIT */
/* Unit tests of base/text.c: any bytes in, harmless text out. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void decodes(void **state)
{
	static const struct {
		const char *text;
		int32_t code;
		size_t length;
	} rows[] = {
		{ "a", 'a', 1 },
		{ "\xc2\xb5", 0xb5, 2 },
		{ "\xe2\x82\xac", 0x20ac, 3 },
		{ "\xf0\x9f\x98\x80", 0x1f600, 4 },
		{ "\xf4\x8f\xbf\xbf", 0x10ffff, 4 },
		{ "\x80", -1, 1 },		   /* a continuation alone */
		{ "\xc2", -1, 1 },		   /* cut off */
		{ "\xe2\x82", -1, 1 },		   /* cut off */
		{ "\xc0\xaf", -1, 1 },		   /* overlong */
		{ "\xe0\x80\xaf", -1, 1 },	   /* overlong */
		{ "\xed\xa0\x80", -1, 1 },	   /* a surrogate */
		{ "\xf4\x90\x80\x80", -1, 1 },	   /* above the last code point */
		{ "\xf8\x88\x80\x80\x80", -1, 1 }, /* five bytes */
		{ "\xff", -1, 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		int32_t code = -2;

		assert_int_equal(text_decode(rows[i].text, strlen(rows[i].text), &code),
				 rows[i].length);
		assert_int_equal(code, rows[i].code);
	}
}

static char *put(const char *text, const char *escaped)
{
	char *buffer = NULL;
	size_t size;
	FILE *out = open_memstream(&buffer, &size);

	assert_non_null(out);
	text_put(out, text, strlen(text), escaped);
	fclose(out);
	return buffer;
}

static void escapes_on_one_line(void **state)
{
	static const struct {
		const char *text, *escaped, *shown;
	} rows[] = {
		{ "plain \xc2\xb5 text", "", "plain \xc2\xb5 text" },
		{ "\x1b[31mred\x07", "", "\\x1b[31mred\\x07" },
		{ "a\nb\tc\rd", "", "a\\nb\\tc\\rd" },
		{ "\xff\xc2\x9b\x7f", "", "\\xff\\u{009b}\\x7f" },
		{ "\xe2\x80\xae", "", "\\u{202e}" }, /* right-to-left override */
		{ "\xef\xbf\xbe\xef\xbb\xbf", "", "\\u{fffe}\\u{feff}" },
		{ "back\\slash #1", "", "back\\slash #1" },
		{ "back\\slash #1\n", "#\\", "back\\\\slash \\#1\\\\n" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		char *shown = put(rows[i].text, rows[i].escaped);

		assert_string_equal(shown, rows[i].shown);
		free(shown);
	}
}

static void nothing_unprintable_comes_out(void **state)
{
	unsigned int seed = 1, round;

	(void)state;
	for (round = 0; round < 2000; round++) {
		char text[40];
		char *shown, *c;
		size_t i;

		for (i = 0; i < sizeof(text) - 1; i++)
			text[i] = (char)(rand_r(&seed) % 255 + 1);
		text[i] = '\0';
		shown = put(text, "");
		for (c = shown; *c;) {
			int32_t code;

			c += text_decode(c, strlen(c), &code);
			assert_true(text_is_printable(code));
		}
		free(shown);
	}
}

static void puts_lines(void **state)
{
	static const struct {
		const char *text, *shown;
		unsigned int lines;
	} rows[] = {
		{ "", "", 0 },
		{ "one", "> one\n", 1 },
		{ "one\n", "> one\n", 1 },
		{ "one\n\n\ttwo\n", "> one\n\n> \ttwo\n", 3 },
		{ "dos\r\nre\rturn\r\n\r\n", "> dos\n> re\\rturn\n\n", 3 },
		{ "\x1b]0;title\x07", "> \\x1b]0;title\\x07\n", 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		char *shown = NULL;
		size_t size;
		FILE *out = open_memstream(&shown, &size);

		assert_non_null(out);
		assert_int_equal(text_put_lines(out, rows[i].text, strlen(rows[i].text), "> "),
				 rows[i].lines);
		fclose(out);
		assert_string_equal(shown, rows[i].shown);
		free(shown);
	}
}

static void puts_plain_words(void **state)
{
	static const struct {
		const char *text, *forbidden, *shown;
	} rows[] = {
		{ "", "#", "" },
		{ "io.inw[3]", "#\"", "io.inw[3]" },
		{ "a # SKIP \"b\"", "#", "a ? SKIP \"b\"" },
		{ "a # SKIP \"b\"", "\"", "a # SKIP ?b?" },
		{ "\x1b[1m\r\nok\xff\xc3\xa9", "#", "?[1m??ok?\xc3\xa9" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		char *shown = NULL;
		size_t size;
		FILE *out = open_memstream(&shown, &size);

		assert_non_null(out);
		text_put_plain(out, rows[i].text, rows[i].forbidden);
		fclose(out);
		assert_string_equal(shown, rows[i].shown);
		free(shown);
	}
}

static void puts_json(void **state)
{
	static const struct {
		const char *text, *shown;
		bool exact;
	} rows[] = {
		{ "", "\"\"", true },
		{ "a\"b\\c/\n\t\r\x1b\x7f", "\"a\\\"b\\\\c/\\n\\u0009\\u000d\\u001b\\u007f\"",
		  true },
		{ "caf\xc3\xa9 \xe2\x80\xae\xf0\x9f\x98\x80",
		  "\"caf\xc3\xa9 \\u202e\xf0\x9f\x98\x80\"", true },
		{ "\xf4\x8f\xbf\xbf", "\"\\udbff\\udfff\"", true },
		{ "\xff\xc3(\xed\xa0\x80", "\"\\ufffd\\ufffd(\\ufffd\\ufffd\\ufffd\"", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < LENGTH(rows); i++) {
		char *shown = NULL;
		size_t size;
		FILE *out = open_memstream(&shown, &size);

		assert_non_null(out);
		assert_int_equal(text_put_json(out, rows[i].text, strlen(rows[i].text)),
				 rows[i].exact);
		fclose(out);
		assert_string_equal(shown, rows[i].shown);
		free(shown);
	}
}

static void knows_what_is_near(void **state)
{
	char long_word[300];

	(void)state;
	memset(long_word, 'x', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	assert_true(text_is_near("", ""));
	assert_true(text_is_near("io.inv", "io.inw"));
	/* Three of nine may be other ones, and no more. */
	assert_true(text_is_near("kittenish", "sittingish"));
	assert_true(text_is_near("abcdefghi", "abcdef"));
	assert_false(text_is_near("abcdefghi", "abcde"));
	assert_false(text_is_near("io", "mm"));
	assert_false(text_is_near("a", "b"));
	assert_false(text_is_near(long_word, long_word));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes),
		cmocka_unit_test(escapes_on_one_line),
		cmocka_unit_test(nothing_unprintable_comes_out),
		cmocka_unit_test(puts_lines),
		cmocka_unit_test(puts_plain_words),
		cmocka_unit_test(puts_json),
		cmocka_unit_test(knows_what_is_near),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
