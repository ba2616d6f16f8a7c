/* SPDX-License-Identifier: MIT */
/* Structures one behind the other, each with its strings behind it. Nothing is looked at beyond their end. */
#include "image/start/hardware/smbios_x86_64.h"
#include <ring0/x86.h>
#include "guest/text/bytes.h"
#include "image/start/hardware/loader_x86_64.h"

/* What the tables of the start map. */
#define MAPPED (1ull << 32)

/* 5.2: where a BIOS has the entry points, at a multiple of 16. */
#define BIOS_START 0xf0000
#define BIOS_END   0x100000

/* 5.2.1, 5.2.2: offsets in them, and what they end with. */
#define ENTRY_32_LENGTH	 0x1f
#define ENTRY_32_SIZE	 0x16
#define ENTRY_32_ADDRESS 0x18
#define ENTRY_64_LENGTH	 0x18
#define ENTRY_64_SIZE	 0x0c
#define ENTRY_64_ADDRESS 0x10

/* No table is larger than this by what it is for. */
#define TABLE_MAX 0x100000

/* 7: types, and where the numbers of the strings are that are looked at. */
enum { TYPE_FIRMWARE = 0, TYPE_SYSTEM = 1, TYPE_OEM_STRINGS = 11, TYPE_END = 127 };

struct structure {
	uint8_t type, length;
	uint16_t handle;
	uint8_t numbers
		[2]; /* of strings, in the types above; the second is a count in type 11's place */
} __attribute__((packed));

struct smbios smbios;

static bool starts(const char *at, const char *text)
{
	const size_t length = length_of(text);

	return common_length(at, text, length) == length;
}

static uint8_t sum(const char *bytes, size_t size)
{
	uint8_t total = 0;

	while (size--)
		total = (uint8_t)(total + (uint8_t)*bytes++);
	return total;
}

/* Add a text behind what is there, with a blank between. */
static void add(char *to, size_t size, const char *text)
{
	size_t at = length_of(to), length = length_of(text);

	if (!length || at + 2 >= size)
		return;
	if (at)
		to[at++] = ' ';
	length = length < size - 1 - at ? length : size - 1 - at;
	copy_bytes(to + at, text, length);
	to[at + length] = '\0';
}

/* 6.1.3: the strings of a structure are counted from 1; 0 is none. */
static const char *string(const char *strings, const char *end, unsigned int number)
{
	while (number > 1 && strings < end && *strings) {
		strings += length_of(strings) + 1;
		number--;
	}
	return number && strings < end ? strings : "";
}

static void take_words(const char *strings, const char *end, unsigned int count)
{
	unsigned int number;

	for (number = 1; number <= count; number++) {
		const char *text = string(strings, end, number);

		if (starts(text, SMBIOS_WORDS))
			add(smbios.words, sizeof(smbios.words), text + sizeof(SMBIOS_WORDS) - 1);
	}
}

static void take(const struct structure *structure, const char *strings, const char *end)
{
	switch (structure->type) {
	case TYPE_FIRMWARE:
		add(smbios.firmware, sizeof(smbios.firmware),
		    string(strings, end, structure->numbers[0]));
		add(smbios.firmware, sizeof(smbios.firmware),
		    string(strings, end, structure->numbers[1]));
		break;
	case TYPE_SYSTEM:
		add(smbios.machine, sizeof(smbios.machine),
		    string(strings, end, structure->numbers[0]));
		add(smbios.machine, sizeof(smbios.machine),
		    string(strings, end, structure->numbers[1]));
		break;
	case TYPE_OEM_STRINGS:
		take_words(strings, end, structure->numbers[0]);
		break;
	}
}

/* Where the strings of a structure end: behind two NULs, or NULL if they don't. */
static const char *end_of_strings(const char *at, const char *end)
{
	for (; at + 2 <= end; at++)
		if (!at[0] && !at[1])
			return at + 2;
	return NULL;
}

static void read_table(uint64_t address, uint64_t size)
{
	const char *at = r0_direct(address), *end;

	if (!address || address >= MAPPED - TABLE_MAX)
		return;
	end = at + (size < TABLE_MAX ? size : TABLE_MAX);
	while (at + sizeof(struct structure) <= end) {
		const struct structure *structure = (const struct structure *)at;
		const char *strings = at + structure->length;

		at = end_of_strings(strings, end);
		if (structure->type == TYPE_END || structure->length < 4 || !at)
			return;
		if (structure->length >= sizeof(*structure) || structure->type == TYPE_OEM_STRINGS)
			take(structure, strings, at);
	}
}

static bool read_entry(const char *entry)
{
	if (starts(entry, "_SM3_") && !sum(entry, ENTRY_64_LENGTH)) {
		read_table(*(const uint64_t *)(entry + ENTRY_64_ADDRESS),
			   *(const uint32_t *)(entry + ENTRY_64_SIZE));
		return true;
	}
	if (starts(entry, "_SM_") && !sum(entry, ENTRY_32_LENGTH)) {
		read_table(*(const uint32_t *)(entry + ENTRY_32_ADDRESS),
			   *(const uint16_t *)(entry + ENTRY_32_SIZE));
		return true;
	}
	return false;
}

void smbios_read(void)
{
	uint64_t at;

	if (loader.smbios) {
		if (loader.smbios < MAPPED)
			read_entry(r0_direct(loader.smbios));
		return;
	}
	for (at = BIOS_START; at < BIOS_END; at += 16)
		if (read_entry(r0_direct(at)))
			return;
}
