/* SPDX-License-Identifier: MIT */
/* Code with mistakes. Depends on nothing, as it is compiled in several ways. */
#include "subject.h"

int last_descriptor(const uint8_t *data, size_t size)
{
	size_t at = 0;
	int type = -1;

	while (at + 2 <= size) {
		size_t length = data[at];

		if (length < 2)
			return -1;
		type = data[at + 1];
		/* The mistake: the length is not compared with what is left. */
		if (type == 0x24 && length > 4)
			type += data[at + length - 1];
		at += length;
	}
	return type;
}

#define ENTRIES 8
#define PRESENT 0x80

int walk_tables(const uint8_t *tables, size_t size, uint32_t address)
{
	size_t pages = size / ENTRIES, page = 0;
	int level;

	if (!pages)
		return -1;
	for (level = 2; level >= 0; level--) {
		uint8_t entry = tables[page * ENTRIES + (address >> (3 * level) & 7)];

		if (!(entry & PRESENT))
			return -1;
		page = entry & 0x7f;
		/* The mistake: one page more than there is. */
		if (page > pages)
			return -1;
	}
	return (int)page;
}

#define MAGIC 0x4c414348u

int serve_hypercall(const uint8_t *data, size_t size)
{
	volatile char text[16];
	uint32_t magic;
	size_t length, i;

	if (size < 5)
		return -1;
	magic = data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 |
		(uint32_t)data[3] << 24;
	if (magic != MAGIC)
		return -1;
	length = data[4];
	if (length > size - 5)
		return -1;
	/* The mistake: the text is not compared with the room for it. */
	for (i = 0; i < length; i++)
		text[i] = (char)data[5 + i];
	return length ? text[0] : 0;
}

int serve_command(const uint8_t *data, size_t size)
{
	static const volatile uint8_t entries[16];
	uint32_t code;

	if (size < 5)
		return -1;
	code = data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
	switch (code) {
	case 0x4e45504fu:
		return entries[0];
	case 0x534f4c43u:
		return entries[1] + 1;
	case 0x44414552u:
		/* The mistake: the number is not compared with how many there are. */
		return entries[(uint64_t)data[4] << 32];
	case 0x54495257u:
		return entries[2] + 2;
	default:
		return -1;
	}
}

int read_ring(uint8_t (*answer)(void))
{
	static volatile uint8_t ring[16];
	unsigned int used = answer(), i;
	uint64_t offset = 0;

	if (used > 4)
		return -1;
	for (i = 0; i < used; i++) {
		offset = (uint64_t)answer() << 32;
		/* The mistake: the device's answer is trusted. */
		if (ring[offset] == 0xff)
			return -1;
	}
	return (int)i;
}
