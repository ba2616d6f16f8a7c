/* SPDX-License-Identifier: MIT */
/*
 * Kernels and modules uncompressed, by the libraries of those who made the formats. Untrusted
 * input: what is made of it has a limit, and what is damaged or cut short is refused. Depends on
 * zlib, liblzma, libzstd and liblz4.
 */
#include <errno.h>
#include <lz4.h>
#include <lzma.h>
#include <string.h>
#include <sys/mman.h>
#include <zlib.h>
#include <zstd.h>

#include "command/lab/kernels/uncompress.h"
#include "command/lab/whole_file.h"

/* Of what comes out: several times the largest kernel, with what a module has to debug it. */
#define SIZE_MAX_OUT (256u << 20)

/* The formats' first bytes. */
#define GZIP_MAGIC "\x1f\x8b"
#define XZ_MAGIC \
	"\xfd"   \
	"7zXZ"
#define ZSTD_MAGIC "\x28\xb5\x2f\xfd"
#define LZ4_MAGIC  "\x02\x21\x4c\x18" /* its legacy frames, which kernels have */

#define LZ4_BLOCK (8u << 20) /* what a block of them holds at most */

/* What comes out. Its pages are there once they are written to. */
struct output {
	unsigned char *data;
	size_t size;
};

static int unpack_gzip(const struct lab_blob *in, struct output *out)
{
	z_stream stream = { .next_in = (unsigned char *)(uintptr_t)in->data,
			    .avail_in = (unsigned int)in->size,
			    .next_out = out->data,
			    .avail_out = SIZE_MAX_OUT };
	int result;

	if (in->size > UINT32_MAX)
		return -EFBIG;
	/* 16: with gzip's header. */
	if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
		return -ENOMEM;
	result = inflate(&stream, Z_FINISH);
	out->size = stream.total_out;
	inflateEnd(&stream);
	if (result == Z_STREAM_END)
		return 0;
	return result == Z_BUF_ERROR && !stream.avail_out ? -EFBIG : -EBADMSG;
}

static int unpack_xz(const struct lab_blob *in, struct output *out)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_ret result = lzma_stream_decoder(&stream, SIZE_MAX_OUT, 0);

	if (result != LZMA_OK)
		return -ENOMEM;
	stream.next_in = in->data;
	stream.avail_in = in->size;
	stream.next_out = out->data;
	stream.avail_out = SIZE_MAX_OUT;
	/* Until nothing goes on: the end, a limit, or damage. */
	do
		result = lzma_code(&stream, LZMA_RUN);
	while (result == LZMA_OK && stream.avail_in && stream.avail_out);
	out->size = SIZE_MAX_OUT - stream.avail_out;
	lzma_end(&stream);
	if (result == LZMA_STREAM_END)
		return 0;
	return result == LZMA_MEM_ERROR		      ? -ENOMEM :
	       result == LZMA_MEMLIMIT_ERROR	      ? -EFBIG :
	       result == LZMA_OK && !stream.avail_out ? -EFBIG :
							-EBADMSG;
}

static int unpack_zstd(const struct lab_blob *in, struct output *out)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer from = { in->data, in->size, 0 };
	ZSTD_outBuffer to = { out->data, SIZE_MAX_OUT, 0 };
	size_t result = 1;

	if (!stream)
		return -ENOMEM;
	/* 0 is the frame's end; what follows it is not ours. */
	while (result && !ZSTD_isError(result) && from.pos < from.size && to.pos < to.size)
		result = ZSTD_decompressStream(stream, &to, &from);
	ZSTD_freeDStream(stream);
	out->size = to.pos;
	if (!result)
		return 0;
	return !ZSTD_isError(result) && to.pos == to.size ? -EFBIG : -EBADMSG;
}

static uint32_t le32(const unsigned char *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

/*
 * "LZ4 Frame Format Description", Legacy frame: blocks until one that is not full. After a last one
 * that is full the size of the whole may follow, which a kernel has after its payload.
 */
static int unpack_lz4(const struct lab_blob *in, struct output *out)
{
	for (size_t at = 4; in->size - at >= 4;) {
		size_t block = le32(in->data + at), room = SIZE_MAX_OUT - out->size;
		int made;

		at += 4;
		if (out->size && block == out->size)
			break;
		if (block > in->size - at || block > INT32_MAX)
			return -EBADMSG;
		if (!room)
			return -EFBIG;
		made = LZ4_decompress_safe((const char *)in->data + at,
					   (char *)out->data + out->size, (int)block,
					   (int)(room < LZ4_BLOCK ? room : LZ4_BLOCK));
		if (made <= 0)
			return -EBADMSG;
		out->size += (size_t)made;
		at += block;
		if ((unsigned int)made < LZ4_BLOCK)
			break;
	}
	return out->size ? 0 : -EBADMSG;
}

int lab_uncompress(const struct lab_blob *in, struct lab_blob *out)
{
	static const struct {
		const char *magic;
		size_t length;
		int (*unpack)(const struct lab_blob *in, struct output *out);
	} formats[] = {
		{ GZIP_MAGIC, sizeof(GZIP_MAGIC) - 1, unpack_gzip },
		{ XZ_MAGIC, sizeof(XZ_MAGIC) - 1, unpack_xz },
		{ ZSTD_MAGIC, sizeof(ZSTD_MAGIC) - 1, unpack_zstd },
		{ LZ4_MAGIC, sizeof(LZ4_MAGIC) - 1, unpack_lz4 },
	};

	*out = (struct lab_blob){ 0 };
	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++) {
		struct output made = { 0 };
		int err;

		if (in->size < formats[i].length ||
		    memcmp(in->data, formats[i].magic, formats[i].length))
			continue;
		made.data = mmap(NULL, SIZE_MAX_OUT, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (made.data == MAP_FAILED)
			return -ENOMEM;
		err = formats[i].unpack(in, &made);
		if (!err && !made.size)
			err = -EBADMSG;
		if (err) {
			munmap(made.data, SIZE_MAX_OUT);
			return err;
		}
		/* What is not used goes back, so that lab_unmap() releases the rest. */
		mremap(made.data, SIZE_MAX_OUT, made.size, 0);
		*out = (struct lab_blob){ made.data, made.size };
		return 0;
	}
	return -ENOEXEC;
}

int lab_map_uncompressed(const char *path, struct lab_blob *blob)
{
	struct lab_blob file;
	int err = lab_map(path, &file);

	*blob = (struct lab_blob){ 0 };
	if (err)
		return err;
	err = lab_uncompress(&file, blob);
	if (err == -ENOEXEC) {
		*blob = file;
		return 0;
	}
	lab_unmap(&file);
	return err;
}
