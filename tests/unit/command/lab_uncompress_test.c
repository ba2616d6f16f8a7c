/* SPDX-License-Identifier: MIT */
/*
 * What the lab makes of compressed kernels and modules, in each format: whole, cut short at every
 * length, damaged in every byte, and too large. Needs no KVM.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <lz4.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "command/lab/strings.h"
#include "command/lab/kernels/uncompress.h"
#include "command/lab/whole_file.h"

#define LZ4_BLOCK (8u << 20)
#define SMALL	  600u
#define LARGE	  (20u << 20) /* more than two of LZ4's blocks */
#define TOO_LARGE (257u << 20)

struct format {
	const char *name;
	size_t magic; /* bytes that tell it */
	size_t large; /* of more than two blocks, where it has some */
	size_t (*pack)(const void *from, size_t size, void *to, size_t room);
};

static size_t pack_gzip(const void *from, size_t size, void *to, size_t room)
{
	z_stream stream = { .next_in = (unsigned char *)(uintptr_t)from,
			    .avail_in = (unsigned int)size,
			    .next_out = to,
			    .avail_out = (unsigned int)room };

	assert_int_equal(
		deflateInit2(&stream, 1, Z_DEFLATED, 16 + MAX_WBITS, 1, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	deflateEnd(&stream);
	return stream.total_out;
}

static size_t pack_xz(const void *from, size_t size, void *to, size_t room)
{
	size_t length = 0;

	/* With the check that the kernel knows. */
	assert_int_equal(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, from, size, to, &length,
						 room),
			 LZMA_OK);
	return length;
}

static size_t pack_zstd(const void *from, size_t size, void *to, size_t room)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t length;

	assert_non_null(context);
	ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	length = ZSTD_compress2(context, to, room, from, size);
	assert_false(ZSTD_isError(length));
	ZSTD_freeCCtx(context);
	return length;
}

static void put_le32(unsigned char *to, size_t value)
{
	for (int i = 0; i < 4; i++)
		to[i] = (unsigned char)(value >> 8 * i);
}

static size_t pack_lz4(const void *from, size_t size, void *to, size_t room)
{
	unsigned char *out = to;
	size_t length = 4;

	put_le32(out, 0x184c2102);
	for (size_t at = 0; at < size; at += LZ4_BLOCK) {
		size_t part = size - at < LZ4_BLOCK ? size - at : LZ4_BLOCK;
		int made = LZ4_compress_default((const char *)from + at, (char *)out + length + 4,
						(int)part, (int)(room - length - 4));

		assert_true(made > 0);
		put_le32(out + length, (size_t)made);
		length += 4 + (size_t)made;
	}
	return length;
}

static const struct format formats[] = {
	{ "gzip", 2, 1 << 20, pack_gzip },
	{ "xz", 5, 1 << 20, pack_xz },
	{ "zstd", 4, 1 << 20, pack_zstd },
	{ "lz4", 4, LARGE, pack_lz4 },
};
#define FORMATS (sizeof(formats) / sizeof(*formats))

static unsigned char *content, *packed;

static int set_up(void **state)
{
	uint32_t random = 1;

	(void)state;
	content = calloc(1, TOO_LARGE);
	packed = malloc(LARGE);
	for (size_t i = 0; content && i < LARGE; i++) {
		random = random * 1664525 + 1013904223;
		content[i] = (unsigned char)(random >> 30);
	}
	return !content || !packed;
}

static int tear_down(void **state)
{
	(void)state;
	free(content);
	free(packed);
	return 0;
}

static int unpack(size_t size, struct lab_blob *out)
{
	return lab_uncompress(&(struct lab_blob){ packed, size }, out);
}

static void is_whole(size_t packed_size, size_t size)
{
	struct lab_blob out;

	assert_int_equal(unpack(packed_size, &out), 0);
	assert_int_equal(out.size, size);
	assert_memory_equal(out.data, content, size);
	lab_unmap(&out);
}

static void comes_out_as_it_went_in(void **state)
{
	(void)state;
	for (size_t i = 0; i < FORMATS; i++) {
		is_whole(formats[i].pack(content, SMALL, packed, LARGE), SMALL);
		is_whole(formats[i].pack(content, formats[i].large, packed, LARGE),
			 formats[i].large);
	}
}

/* A bzImage has the size after what is compressed. */
static void what_follows_is_left_alone(void **state)
{
	size_t length;

	(void)state;
	for (size_t i = 0; i < FORMATS; i++) {
		length = formats[i].pack(content, SMALL, packed, LARGE);
		put_le32(packed + length, SMALL);
		is_whole(length + 4, SMALL);
	}
	length = pack_lz4(content, 2 * LZ4_BLOCK, packed, LARGE);
	put_le32(packed + length, 2 * LZ4_BLOCK);
	is_whole(length + 4, 2 * LZ4_BLOCK);
}

static void cut_short_is_refused(void **state)
{
	struct lab_blob out;

	(void)state;
	for (size_t i = 0; i < FORMATS; i++) {
		size_t length = formats[i].pack(content, SMALL, packed, LARGE);

		for (size_t size = 0; size < length; size++) {
			int err = unpack(size, &out);

			if (err != (size < formats[i].magic ? -ENOEXEC : -EBADMSG))
				fail_msg("%s cut to %zu of %zu bytes: %d", formats[i].name, size,
					 length, err);
			assert_null(out.data);
		}
	}
}

/* Or else, where it has no checksum, something comes out. */
static void damage_is_refused(void **state)
{
	struct lab_blob out;

	(void)state;
	for (size_t i = 0; i < FORMATS; i++) {
		size_t length = formats[i].pack(content, SMALL, packed, LARGE), refused = 0;

		for (size_t at = formats[i].magic; at < length; at++) {
			packed[at] ^= 0xff;
			if (unpack(length, &out))
				refused++;
			lab_unmap(&out);
			packed[at] ^= 0xff;
		}
		/* gzip's time, system and flags for it tell nothing. */
		if (strcmp(formats[i].name, "lz4"))
			assert_true(refused + 8 >= length - formats[i].magic);
	}
}

static void too_large_is_refused(void **state)
{
	struct lab_blob out;

	(void)state;
	memset(content, 0, LARGE);
	for (size_t i = 0; i < FORMATS; i++) {
		size_t length = formats[i].pack(content, TOO_LARGE, packed, LARGE);

		assert_int_equal(unpack(length, &out), -EFBIG);
	}
}

static void files_may_be_compressed_or_not(void **state)
{
	int file = memfd_create("module", 0);
	char *path = lab_format("/proc/self/fd/%d", file);
	struct lab_blob out;

	(void)state;
	assert_true(file >= 0);
	assert_int_equal(lab_write_all(file, "plain", 5), 0);
	assert_int_equal(lab_map_uncompressed(path, &out), 0);
	assert_int_equal(out.size, 5);
	assert_memory_equal(out.data, "plain", 5);
	lab_unmap(&out);
	assert_int_equal(ftruncate(file, 0), 0);
	assert_int_equal(lab_map_uncompressed(path, &out), 0);
	assert_int_equal(out.size, 0);
	assert_int_equal(lseek(file, 0, SEEK_SET), 0);
	assert_int_equal(lab_write_all(file, packed, pack_zstd("it was packed", 13, packed, LARGE)),
			 0);
	assert_int_equal(lab_map_uncompressed(path, &out), 0);
	assert_int_equal(out.size, 13);
	assert_memory_equal(out.data, "it was packed", 13);
	lab_unmap(&out);
	assert_int_equal(lab_map_uncompressed("/nonexistent", &out), -ENOENT);
	close(file);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_out_as_it_went_in),
		cmocka_unit_test(what_follows_is_left_alone),
		cmocka_unit_test(cut_short_is_refused),
		cmocka_unit_test(damage_is_refused),
		cmocka_unit_test(files_may_be_compressed_or_not),
		cmocka_unit_test(too_large_is_refused),
	};

	return cmocka_run_group_tests_name("lab_uncompress", tests, set_up, tear_down);
}
