/* SPDX-License-Identifier: MIT */
/*
 * The runtime's formatting against the C library's, by a table and by random formats. Depends on
 * guest/text/format.c and guest/text/bytes.h.
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "guest/text/bytes.h"
#include "guest/text/format.h"
#include <cmocka.h> /* last: it has macros of common names */

/* The formats are made up, or wrong on purpose. */
#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wformat-truncation"
#pragma GCC diagnostic ignored "-Wformat-overflow"
#endif

#define SAME(...)                                                                      \
	do {                                                                           \
		char expected_[512], got_[512];                                        \
		int length_ = snprintf(expected_, sizeof(expected_), __VA_ARGS__);     \
		memset(got_, 'z', sizeof(got_));                                       \
		assert_int_equal(format_to(got_, sizeof(got_), __VA_ARGS__), length_); \
		assert_string_equal(got_, expected_);                                  \
	} while (0)

#define GIVES(expected_, ...)                                                                    \
	do {                                                                                     \
		char got_[512];                                                                  \
		assert_int_equal(format_to(got_, sizeof(got_), __VA_ARGS__), strlen(expected_)); \
		assert_string_equal(got_, expected_);                                            \
	} while (0)

static void plain_text(void **state)
{
	(void)state;
	SAME("%s", "");
	SAME("no conversion");
	SAME("100%%");
	SAME("%%%%");
	SAME("%d and %d, then text", 1, 2);
}

static void integers(void **state)
{
	static const char *const formats[] = {
		"%d",	  "%i",	   "%5d",     "%-5d|",	"%05d",	  "%+d",      "% d",	 "%.0d",
		"%.3d",	  "%8.3d", "%-8.3d|", "%08.3d", "%+.3d",  "%+05d",    "% 05d",	 "%-05d|",
		"%+ d",	  "%u",	   "%o",      "%#o",	"%x",	  "%#x",      "%X",	 "%#X",
		"%#.0x",  "%#.0o", "%.0o",    "%#10x",	"%#010x", "%-#10x|",  "%#.5x",	 "%#.5o",
		"%#012o", "%.15d", "%40d",    "%-40d|", "%040d",  "%.40d",    "%60.40d", "%hd",
		"%hhd",	  "%hu",   "%hhu",    "%hx",	"%hho",	  "%#-+ 0d|", "%3d",	 "%03d",
		"%1d",	  "%.1d",  "%#5o|",   "%.11d",	"%012d",  "%-12d|",
	};
	static const int values[] = { 0,     1,	    -1,	    7,	     8,	      9,
				      10,    255,   256,    -128,    127,     -32768,
				      32767, 65535, 123456, 1000000, INT_MAX, INT_MIN };

	(void)state;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++)
			SAME(formats[i], values[j]);
}

static void long_integers(void **state)
{
	static const char *const formats[] = {
		"%ld",	   "%lld",     "%jd",  "%zd",	 "%td",	 "%lu",	  "%llu",     "%ju",
		"%zu",	   "%lx",      "%llX", "%jo",	 "%zx",	 "%tx",	  "%lo",      "%#lx",
		"%#018lx", "%-#22lo|", "%+ld", "%.30ld", "% ld", "%ld%%", "%40.30ld", "%li",
	};
	static const long values[] = {
		0,	    1,		-1,	    LONG_MAX,	 LONG_MIN,
		INT_MAX,    INT_MIN,	UINT_MAX,   1L << 32,	 10000000000,
		4294967295, 4294967296, 4294967305, 42949672950, 99999999999
	};

	(void)state;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		for (size_t j = 0; j < sizeof(values) / sizeof(values[0]); j++)
			SAME(formats[i], values[j]);
}

static void strings(void **state)
{
	(void)state;
	SAME("%s", "hello");
	SAME("[%10s]", "hello");
	SAME("[%-10s]", "hello");
	SAME("[%3s]", "hello");
	SAME("[%.3s]", "hello");
	SAME("[%.0s]", "hello");
	SAME("[%.s]", "hello");
	SAME("[%10.2s]", "hello");
	SAME("[%-10.2s]", "hello");
	SAME("[%-100s]", "hello");
	SAME("[%100s]", "hello");
	SAME("%s", (char *)NULL);
	SAME("%10s", (char *)NULL);
	SAME("%.3s", (char *)NULL);
	SAME("%.6s", (char *)NULL);
	SAME("%c%c%c", 'a', 'b', 'c');
	SAME("[%5c]", 'a');
	SAME("[%-5c]", 'a');
}

static void characters_of_zero(void **state)
{
	char expected[16], got[16];

	(void)state;
	assert_int_equal(format_to(got, sizeof(got), "a%cb", 0),
			 snprintf(expected, sizeof(expected), "a%cb", 0));
	assert_memory_equal(got, expected, 4);
}

static void pointers(void **state)
{
	(void)state;
	SAME("%p", (void *)0x1234);
	SAME("%p", (void *)UINTPTR_MAX);
	SAME("%p", NULL);
	SAME("[%20p]", (void *)0x1234);
	SAME("[%-20p]", (void *)0x1234);
	SAME("[%20p]", NULL);
	SAME("[%-20p]", NULL);
}

static void widths_as_arguments(void **state)
{
	(void)state;
	SAME("[%*d]", 10, 5);
	SAME("[%*d]", -10, 5);
	SAME("[%-*d]", -10, 5);
	SAME("[%.*d]", 4, 5);
	SAME("[%.*d]", -4, 5);
	SAME("[%*.*d]", 8, 4, 5);
	SAME("[%.*s]", 2, "hello");
	SAME("[%.*s]", -1, "hello");
	SAME("[%*.*s]", -8, 3, "hello");
	SAME("[%0*d]", 8, -5);
}

static void more_than_six_arguments(void **state)
{
	(void)state;
	SAME("%d %s %ld %x %c %u %p %d %s", 1, "two", 3L, 4U, '5', 6U, (void *)7, 8, "nine");
}

static void what_is_not_supported_is_literal(void **state)
{
	int count = 77;

	(void)state;
	GIVES("%f|3", "%f|%d", 3);
	GIVES("%5.2e", "%5.2e");
	GIVES("%n|5", "%n|%d", &count, 5);
	assert_int_equal(count, 77);
	GIVES("%ls|5", "%ls|%d", L"wide", 5);
	GIVES("%lc|5", "%lc|%d", 120, 5);
	GIVES("%y", "%y");
	GIVES("%", "%");
	GIVES("a%-5", "a%-5");
	GIVES("a%l", "a%l");
	GIVES("a%.", "a%.");
}

static void cut_to_the_buffer(void **state)
{
	char buffer[8];

	(void)state;
	memset(buffer, 'z', sizeof(buffer));
	assert_int_equal(format_to(buffer, 4, "%s", "hello"), 5);
	assert_memory_equal(buffer, "hel\0zzzz", 8);
	memset(buffer, 'z', sizeof(buffer));
	assert_int_equal(format_to(buffer, 1, "%d", 12345), 5);
	assert_memory_equal(buffer, "\0zzzzzzz", 8);
	memset(buffer, 'z', sizeof(buffer));
	assert_int_equal(format_to(buffer, 0, "%d", 12345), 5);
	assert_memory_equal(buffer, "zzzzzzzz", 8);
	assert_int_equal(format_to(NULL, 0, "%1000d", 1), 1000);
	assert_int_equal(format_to(buffer, 6, "%s", "hello"), 5);
	assert_string_equal(buffer, "hello");
}

/* A precision ends %s, whether or not there is a NUL, and the next page may be missing. */
static void precision_bounds_what_is_read(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_ptr_not_equal(memory, MAP_FAILED);
	assert_int_equal(mprotect(memory + page, page, PROT_NONE), 0);
	memcpy(memory + page - 4, "abcd", 4);
	GIVES("abcd", "%.4s", memory + page - 4);
	GIVES("cd", "%.*s", 2, memory + page - 2);
	munmap(memory, 2 * page);
}

static uint64_t random_next(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005 + 1442695040888963407;
	return *seed >> 33;
}

static void random_formats(void **state)
{
	static const char *const lengths[] = { "", "hh", "h", "l", "ll", "j", "z", "t" };
	static const char types[] = "diouxXcsp";
	uint64_t seed = 20240229;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char format[64], expected[512], got[512];
		char type = types[random_next(&seed) % (sizeof(types) - 1)];
		bool number = strchr("diouxX", type) != NULL;
		const char *length = number ? lengths[random_next(&seed) % 8] : "";
		size_t used = 0;
		size_t size = random_next(&seed) % 8 == 0 ? random_next(&seed) % 40 : sizeof(got);
		int flags = (int)(random_next(&seed) % 5);
		int wanted;

		format[used++] = '<';
		format[used++] = '%';
		/* For others than numbers, what flags but '-' do is undefined. */
		while (flags-- > 0)
			format[used++] = number ? "-+ #0"[random_next(&seed) % 5] : '-';
		if (random_next(&seed) % 2 == 0)
			used += (size_t)sprintf(format + used, "%d",
						(int)(random_next(&seed) % 50) + 1);
		if (type != 'c' && type != 'p' && random_next(&seed) % 2 == 0) {
			if (random_next(&seed) % 4 == 0)
				format[used++] = '.';
			else
				used += (size_t)sprintf(format + used, ".%d",
							(int)(random_next(&seed) % 40));
		}
		sprintf(format + used, "%s%c>%%d", length, type);

		memset(expected, 'z', sizeof(expected));
		memset(got, 'z', sizeof(got));
		if (type == 's') {
			static const char *const texts[] = { "", "a", "some words", NULL };
			const char *text = texts[random_next(&seed) % 4];

			wanted = snprintf(expected, size, format, text, i);
			assert_int_equal(format_to(got, size, format, text, i), wanted);
		} else {
			long value = (long)(random_next(&seed) << 33 ^ random_next(&seed) << 8);

			value >>= random_next(&seed) % 64;
			if (type == 'c')
				value = 'a' + (value & 15);
			wanted = snprintf(expected, size, format, value, i);
			assert_int_equal(format_to(got, size, format, value, i), wanted);
		}
		if (memcmp(got, expected, sizeof(got)) != 0)
			fail_msg("\"%s\": expected \"%s\", got \"%s\"", format, expected, got);
	}
}

struct pieces {
	struct format_sink sink;
	char text[256];
	size_t length;
	int count;
};

static void take_piece(struct format_sink *sink, const char *text, size_t length)
{
	struct pieces *pieces = (struct pieces *)sink;

	memcpy(pieces->text + pieces->length, text, length);
	pieces->length += length;
	pieces->count++;
}

static size_t format_into(struct pieces *pieces, const char *format, ...)
{
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = format_pieces(&pieces->sink, format, arguments);
	va_end(arguments);
	return length;
}

static void pieces_are_runs(void **state)
{
	struct pieces pieces = { .sink.put = take_piece };

	(void)state;
	assert_int_equal(format_into(&pieces, "a run of text %d and another", 42), 28);
	assert_memory_equal(pieces.text, "a run of text 42 and another", 28);
	assert_int_equal(pieces.count, 3);
}

static void memory_functions(void **state)
{
	char buffer[16] = "";

	(void)state;
	assert_ptr_equal(copy_bytes(buffer, "hello", 6), buffer);
	assert_string_equal(buffer, "hello");
	copy_bytes(buffer, "x", 0);
	assert_string_equal(buffer, "hello");
	assert_ptr_equal(fill_bytes(buffer + 1, 0x161, 3), buffer + 1);
	assert_string_equal(buffer, "haaao");
	fill_bytes(buffer, 0, 0);
	assert_string_equal(buffer, "haaao");
	assert_int_equal(length_of(""), 0);
	assert_int_equal(length_of("a"), 1);
	assert_int_equal(length_of("haaao"), 5);
	assert_int_equal(common_length("abc", "abd", 3), 2);
	assert_int_equal(common_length("abc", "abc", 3), 3);
	assert_int_equal(common_length("abc", "xbc", 3), 0);
	assert_int_equal(common_length("abc", "xbc", 0), 0);
	assert_int_equal(common_length("a", "b", 1), 0);
	assert_int_equal(common_length("a", "a", 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_text),
		cmocka_unit_test(integers),
		cmocka_unit_test(long_integers),
		cmocka_unit_test(strings),
		cmocka_unit_test(characters_of_zero),
		cmocka_unit_test(pointers),
		cmocka_unit_test(widths_as_arguments),
		cmocka_unit_test(more_than_six_arguments),
		cmocka_unit_test(what_is_not_supported_is_literal),
		cmocka_unit_test(cut_to_the_buffer),
		cmocka_unit_test(precision_bounds_what_is_read),
		cmocka_unit_test(random_formats),
		cmocka_unit_test(pieces_are_runs),
		cmocka_unit_test(memory_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
