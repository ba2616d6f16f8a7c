/* SPDX-License-Identifier: MIT */
/* Images' compression: what the start-up code and LZ4's own library make of it, and damaged blocks. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <fcntl.h>
#include <lz4.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "image/lz4.h"
/* Of the start-up code, which no library has. */
#include "image/start/payload/unpack.c"

#define GUARD 64

/* There and back, by both; returns the compressed size. */
static size_t check(const uint8_t *from, size_t size)
{
	uint8_t *packed = malloc(LZ4_ROOM(size)), *back = malloc(size + GUARD);
	size_t packed_size = lz4_compress(from, size, packed);

	assert_true(packed_size && packed_size <= LZ4_ROOM(size));
	memset(back, 0xa5, size + GUARD);
	assert_true(unpack(packed, packed_size, back, size));
	assert_memory_equal(back, from, size);
	assert_int_equal(back[size], 0xa5);
	assert_int_equal(LZ4_decompress_safe((const char *)packed, (char *)back, (int)packed_size,
					     (int)size),
			 size);
	assert_memory_equal(back, from, size);
	/* Not of another size. */
	assert_false(unpack(packed, packed_size, back, size + 1));
	assert_false(size && unpack(packed, packed_size, back, size - 1));
	free(packed);
	free(back);
	return packed_size;
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 16;
}

static void test_sizes(void **state)
{
	uint8_t bytes[700];
	uint32_t random = 1;
	size_t size, i;

	(void)state;
	for (size = 0; size < sizeof(bytes); size++) {
		memset(bytes, 'a', size);
		check(bytes, size);
		for (i = 0; i < size; i++)
			bytes[i] = (uint8_t)next_random(&random);
		check(bytes, size);
		for (i = 0; i < size; i++)
			bytes[i] = (uint8_t)(next_random(&random) & 1);
		check(bytes, size);
	}
}

/* Matches from far away, at the window's edge and beyond it. */
static void test_distances(void **state)
{
	static uint8_t bytes[300000];
	uint32_t random = 7;
	size_t i, distance;

	(void)state;
	for (distance = 65530; distance < 65545; distance++) {
		for (i = 0; i < sizeof(bytes); i++)
			bytes[i] = i < distance ? (uint8_t)next_random(&random) :
						  bytes[i - distance];
		i = check(bytes, sizeof(bytes));
		if (distance <= 65535)
			assert_true(i < 70000);
	}
}

/* As small as LZ4's own makes it by default, at least. */
static void test_program(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY);
	size_t size = (size_t)lseek(fd, 0, SEEK_END);
	uint8_t *bytes = malloc(size), *other = malloc(LZ4_ROOM(size));

	(void)state;
	assert_int_equal(pread(fd, bytes, size, 0), size);
	close(fd);
	assert_true(check(bytes, size) <= (size_t)LZ4_compress_default((char *)bytes, (char *)other,
								       (int)size,
								       (int)LZ4_ROOM(size)));
	free(bytes);
	free(other);
}

/* Every byte changed, and every end: never beyond the ends, and what comes out has the size or is refused. */
static void test_damage(void **state)
{
	static const char text[] =
		"one two three, one two three, one two three and one two, and four";
	uint8_t packed[LZ4_ROOM(sizeof(text))], back[sizeof(text) + GUARD], *exact;
	size_t size = lz4_compress((const uint8_t *)text, sizeof(text), packed), i, change;

	(void)state;
	for (i = 0; i < size; i++) {
		/* On a page of its own, so to speak: a sanitizer sees what is read behind it. */
		exact = malloc(i + 1);
		memcpy(exact, packed, i);
		assert_false(unpack(exact, i, back, sizeof(text)));
		free(exact);
		for (change = 1; change < 256; change++) {
			packed[i] ^= (uint8_t)change;
			memset(back, 0xa5, sizeof(back));
			unpack(packed, size, back, sizeof(text));
			assert_int_equal(back[sizeof(text)], 0xa5);
			packed[i] ^= (uint8_t)change;
		}
	}
	assert_true(unpack(packed, size, back, sizeof(text)));
	assert_string_equal((char *)back, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_distances),
		cmocka_unit_test(test_program),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
