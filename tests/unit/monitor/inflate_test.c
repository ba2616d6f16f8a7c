/* SPDX-License-Identifier: MIT */
/* What gzip has made, decompressed: as zlib makes each kind of block, and damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "boot/inflate.h"

#define SIZE 300000
#define ROOM (SIZE + 4096)

static uint8_t plain[SIZE], packed[ROOM];

/* Text-like at first, then noise, then nothing. */
static void fill(void)
{
	uint32_t seed = 1;
	size_t i;

	for (i = 0; i < SIZE; i++) {
		seed = seed * 1664525 + 1013904223;
		plain[i] = i < SIZE / 3	    ? "etaoin shrdlu"[seed >> 24 & 7] :
			   i < SIZE / 3 * 2 ? (uint8_t)(seed >> 24) :
					      0;
	}
}

/* With 16 more than the window's bits zlib makes gzip's header. */
static size_t pack(size_t size, int level, int strategy)
{
	z_stream stream = { .next_in = plain, .avail_in = (uInt)size };

	assert_int_equal(deflateInit2(&stream, level, Z_DEFLATED, 15 + 16, 8, strategy), Z_OK);
	stream.next_out = packed;
	stream.avail_out = ROOM;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return stream.total_out;
}

static void each_kind_of_block(void **state)
{
	static const struct {
		int level, strategy;
	} kinds[] = { { 0, Z_DEFAULT_STRATEGY }, { 1, Z_DEFAULT_STRATEGY },
		      { 9, Z_DEFAULT_STRATEGY }, { 6, Z_FIXED },
		      { 6, Z_HUFFMAN_ONLY },	 { 6, Z_RLE } };
	static const size_t sizes[] = { 0, 1, 255, 65536, SIZE };
	struct error error = { "" };
	size_t i, j, size, got;
	uint8_t *out;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		for (j = 0; j < sizeof(sizes) / sizeof(sizes[0]); j++) {
			size = pack(sizes[j], kinds[i].level, kinds[i].strategy);
			assert_true(inflate_is_gzip(packed, size));
			assert_int_equal(inflate_gzip(packed, size, sizes[j], &out, &got, &error),
					 0);
			assert_int_equal(got, sizes[j]);
			if (got)
				assert_memory_equal(out, plain, got);
			free(out);
		}
}

static void one_that_is_too_large_is_refused(void **state)
{
	const size_t size = pack(SIZE, 6, Z_DEFAULT_STRATEGY);
	struct error error = { "" };
	uint8_t *out;
	size_t got;

	(void)state;
	assert_int_equal(inflate_gzip(packed, size, SIZE - 1, &out, &got, &error), -EFAULT);
	assert_non_null(strstr(error.text, "larger than the machine's memory"));
}

/* Cut off anywhere, or with any byte changed: an error, or, in what says the time and the system, none. */
static void a_damaged_one_is_refused(void **state)
{
	const size_t size = pack(3000, 9, Z_DEFAULT_STRATEGY);
	uint8_t *copy, *out;
	size_t i, got;

	(void)state;
	for (i = 0; i < size; i++) {
		/* Of its own size, for a sanitizer to see what is read beyond it. */
		copy = malloc(i + 1);
		memcpy(copy, packed, i);
		assert_true(inflate_gzip(copy, i, SIZE, &out, &got, NULL) < 0);
		free(copy);
	}
	for (i = 0; i < size; i++) {
		packed[i] ^= 0x5a;
		if (inflate_gzip(packed, size, SIZE, &out, &got, NULL) == 0) {
			assert_true(i >= 3 && i < 10);
			assert_int_equal(got, 3000);
			free(out);
		}
		packed[i] ^= 0x5a;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_of_block),
		cmocka_unit_test(one_that_is_too_large_is_refused),
		cmocka_unit_test(a_damaged_one_is_refused),
	};

	fill();
	return cmocka_run_group_tests_name("boot/inflate", tests, NULL, NULL);
}
