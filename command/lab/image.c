/* SPDX-License-Identifier: MIT */
/*
 * The kernel inside a bzImage, uncompressed: emulated, the kernel takes most of a second to do that
 * itself. Documentation/x86/boot.rst, payload_offset. Untrusted input: every copy is checked.
 * Depends on lab.h and libc.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "command/lab/lab.h"

#define LZ4_LEGACY_MAGIC 0x184c2102u
#define LZ4_BLOCK	 (8u << 20) /* what a block of the legacy format holds at most */
#define KERNEL_MAX	 (256u << 20)

static uint32_t le32(const unsigned char *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

/* The rest of a length whose four bits in the token are all set. False at the end of input. */
static bool more_length(const unsigned char **in, const unsigned char *end, size_t *length)
{
	unsigned char byte;

	do {
		if (*in == end)
			return false;
		byte = *(*in)++;
		*length += byte;
	} while (byte == 255);
	return true;
}

/* One block, as the "LZ4 Block Format Description" has it. Bytes written, or 0 if it is damaged. */
static size_t unpack_block(const unsigned char *in, size_t in_size, unsigned char *out, size_t room)
{
	const unsigned char *in_end = in + in_size;
	size_t at = 0;

	while (in < in_end) {
		unsigned char token = *in++;
		size_t literals = token >> 4, match = token & 15, distance;

		if (literals == 15 && !more_length(&in, in_end, &literals))
			return 0;
		if (literals > (size_t)(in_end - in) || literals > room - at)
			return 0;
		memcpy(out + at, in, literals);
		in += literals;
		at += literals;
		if (in == in_end)
			break;
		if (in_end - in < 2)
			return 0;
		distance = (size_t)in[0] | (size_t)in[1] << 8;
		in += 2;
		if (match == 15 && !more_length(&in, in_end, &match))
			return 0;
		match += 4;
		if (!distance || distance > at || match > room - at)
			return 0;
		/* Byte by byte: a match may overlap what it makes. */
		for (; match; match--, at++)
			out[at] = out[at - distance];
	}
	return at;
}

static unsigned char *unpack_lz4(const unsigned char *in, size_t in_size, size_t *size)
{
	unsigned char *out = malloc(KERNEL_MAX);

	*size = 0;
	if (!out || in_size < 4 || le32(in) != LZ4_LEGACY_MAGIC) {
		free(out);
		return NULL;
	}
	for (size_t at = 4; in_size - at >= 4;) {
		size_t block = le32(in + at), room = KERNEL_MAX - *size, made;

		at += 4;
		/* What follows the last block is the size of the whole, and padding. */
		if (!block || block > in_size - at)
			break;
		made = unpack_block(in + at, block, out + *size,
				    room < LZ4_BLOCK ? room : LZ4_BLOCK);
		if (!made)
			break;
		*size += made;
		at += block;
		if (made < LZ4_BLOCK)
			break;
	}
	return out;
}

bool lab_has_pvh_entry(const unsigned char *data, size_t size)
{
	const unsigned char note[] = { 4, 0, 0, 0, 4, 0, 0, 0, 18, 0, 0, 0, 'X', 'e', 'n', 0 };
	const unsigned char note8[] = { 4, 0, 0, 0, 8, 0, 0, 0, 18, 0, 0, 0, 'X', 'e', 'n', 0 };

	return data && size > sizeof(Elf64_Ehdr) && !memcmp(data, ELFMAG, SELFMAG) &&
	       (memmem(data, size, note, sizeof(note)) || memmem(data, size, note8, sizeof(note8)));
}

unsigned char *lab_unpack_kernel(const struct lab_blob *image, size_t *size)
{
	size_t setup, offset, length;
	unsigned char *kernel;

	if (image->size < 0x264 || memcmp(image->data + 0x202, "HdrS", 4))
		return NULL;
	setup = image->data[0x1f1] ? image->data[0x1f1] : 4;
	offset = (setup + 1) * 512 + le32(image->data + 0x248);
	length = le32(image->data + 0x24c);
	if (offset > image->size || length > image->size - offset)
		return NULL;
	kernel = unpack_lz4(image->data + offset, length, size);
	if (kernel && !lab_has_pvh_entry(kernel, *size)) {
		free(kernel);
		kernel = NULL;
	}
	return kernel;
}
