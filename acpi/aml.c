/* SPDX-License-Identifier: MIT */
/* Encoding AML. Section numbers are the ACPI Specification's, 6.5. */
#include "acpi/aml.h"
#include <string.h>

/* 20.3, table 20.2. */
#define ZERO	   0x00
#define ONE	   0x01
#define NAME	   0x08
#define BYTE	   0x0a
#define WORD	   0x0b
#define DWORD	   0x0c
#define STRING	   0x0d
#define QWORD	   0x0e
#define SCOPE	   0x10
#define BUFFER	   0x11
#define PACKAGE	   0x12
#define EXTENDED   0x5b
#define DEVICE	   0x82 /* after EXTENDED */
#define SEGMENT	   4	/* characters of a name (20.2.2) */
#define LENGTH_MAX 0xfffffff

/* Descriptors (6.4.2 and 6.4.3). */
#define END_TAG		0x79
#define IRQ		0x22
#define IO_PORTS	0x47
#define MEMORY_FIXED	0x86
#define ADDRESS_DWORD	0x87
#define ADDRESS_WORD	0x88
#define INTERRUPT	0x89
#define DECODE_16	0x01
#define READ_WRITE	0x01
#define CONSUMER	0x01 /* level, active high, exclusive */
#define TYPE_MEMORY	0
#define TYPE_PORTS	1
#define TYPE_BUSES	2
#define ADDRESSES_FIXED 0x0c /* minimum and maximum; decoded positively; produced */
#define PORTS_ENTIRE	0x03 /* ISA and other ranges (6.4.3.5.5, table 6.55) */
#define MEMORY_WRITABLE 0x01 /* and not to be cached (table 6.54) */

void aml_init(struct aml *aml, void *bytes, size_t capacity)
{
	*aml = (struct aml){ .bytes = bytes, .capacity = capacity };
}

/* Make room at a place, and return it; NULL if there is none. */
static uint8_t *insert(struct aml *aml, size_t at, size_t size)
{
	if (aml->overflows || size > aml->capacity - aml->length) {
		aml->overflows = true;
		return NULL;
	}
	memmove(aml->bytes + at + size, aml->bytes + at, aml->length - at);
	aml->length += size;
	return aml->bytes + at;
}

static void add(struct aml *aml, const void *bytes, size_t size)
{
	uint8_t *to = insert(aml, aml->length, size);

	if (to)
		memcpy(to, bytes, size);
}

/* A little-endian number. */
static void add_number(struct aml *aml, uint64_t value, size_t size)
{
	uint8_t bytes[8];
	size_t i;

	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
	add(aml, bytes, size);
}

static void add_byte(struct aml *aml, uint8_t byte)
{
	add(aml, &byte, 1);
}

static void add_name(struct aml *aml, const char *name)
{
	char segment[SEGMENT] = { '_', '_', '_', '_' };

	if (*name == '\\')
		add_byte(aml, (uint8_t)*name++);
	memcpy(segment, name, strnlen(name, SEGMENT));
	add(aml, segment, SEGMENT);
}

/* What comes next up to aml_end() is a package (20.2.4), whose length is filled in there. */
static void begin(struct aml *aml)
{
	if (aml->depth == AML_DEPTH) {
		aml->overflows = true;
		return;
	}
	aml->open[aml->depth++] = aml->length;
}

/* 20.2.4: up to 63 in one byte, else four bits in the first one and eight in each of up to three more. */
void aml_end(struct aml *aml)
{
	size_t at, length, more, i;
	uint8_t *to;

	if (!aml->depth) {
		aml->overflows = true;
		return;
	}
	at = aml->open[--aml->depth];
	length = aml->length - at + 1;
	more = 0;
	if (length > 0x3f)
		for (more = 1, length++; length >> (4 + 8 * more); more++)
			length++;
	to = insert(aml, at, 1 + more);
	if (!to || length > LENGTH_MAX)
		return;
	if (!more) {
		*to = (uint8_t)length;
		return;
	}
	*to++ = (uint8_t)(more << 6 | (length & 0xf));
	for (i = 0; i < more; i++)
		*to++ = (uint8_t)(length >> (4 + 8 * i));
}

void aml_scope(struct aml *aml, const char *name)
{
	add_byte(aml, SCOPE);
	begin(aml);
	add_name(aml, name);
}

void aml_device(struct aml *aml, const char *name)
{
	add_byte(aml, EXTENDED);
	add_byte(aml, DEVICE);
	begin(aml);
	add_name(aml, name);
}

void aml_name(struct aml *aml, const char *name)
{
	add_byte(aml, NAME);
	add_name(aml, name);
}

void aml_integer(struct aml *aml, uint64_t value)
{
	static const uint8_t prefixes[] = { BYTE, WORD, DWORD, QWORD };
	unsigned int size = 0;

	if (value <= ONE) {
		add_byte(aml, value ? ONE : ZERO);
		return;
	}
	while (size < 3 && value >> (8u << size))
		size++;
	add_byte(aml, prefixes[size]);
	add_number(aml, value, (size_t)1 << size);
}

void aml_string(struct aml *aml, const char *text)
{
	add_byte(aml, STRING);
	add(aml, text, strlen(text) + 1);
}

static uint8_t hex(char digit)
{
	return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'A' + 10);
}

/* 6.1.5, "_HID", by 19.6.36: three letters of five bits and four digits, the first byte first. */
void aml_eisa_id(struct aml *aml, const char *id)
{
	uint8_t bytes[4] = { 0 };

	if (strlen(id) == 7) {
		bytes[0] = (uint8_t)((id[0] - '@') << 2 | (id[1] - '@') >> 3);
		bytes[1] = (uint8_t)((id[1] - '@') << 5 | (id[2] - '@'));
		bytes[2] = (uint8_t)(hex(id[3]) << 4 | hex(id[4]));
		bytes[3] = (uint8_t)(hex(id[5]) << 4 | hex(id[6]));
	} else {
		aml->overflows = true;
	}
	add_byte(aml, DWORD);
	add(aml, bytes, sizeof(bytes));
}

void aml_package(struct aml *aml, uint8_t count)
{
	add_byte(aml, PACKAGE);
	begin(aml);
	add_byte(aml, count);
}

/* A buffer, whose size is a word that is filled in at its end. */
void aml_resources(struct aml *aml)
{
	add_byte(aml, BUFFER);
	begin(aml);
	add_byte(aml, WORD);
	aml->resources = aml->length;
	add_number(aml, 0, 2);
}

void aml_resources_end(struct aml *aml)
{
	size_t size;

	add_byte(aml, END_TAG);
	/* A checksum of 0 is taken for a good one (6.4.2.9). */
	add_byte(aml, 0);
	if (!aml->overflows) {
		size = aml->length - aml->resources - 2;
		aml->bytes[aml->resources] = (uint8_t)size;
		aml->bytes[aml->resources + 1] = (uint8_t)(size >> 8);
	}
	aml_end(aml);
}

void aml_ports(struct aml *aml, uint16_t first, uint8_t count)
{
	add_byte(aml, IO_PORTS);
	add_byte(aml, DECODE_16);
	add_number(aml, first, 2);
	add_number(aml, first, 2);
	add_byte(aml, 1);
	add_byte(aml, count);
}

void aml_irq(struct aml *aml, unsigned int number)
{
	add_byte(aml, IRQ);
	add_number(aml, 1u << number, 2);
}

void aml_memory(struct aml *aml, uint32_t first, uint32_t size)
{
	add_byte(aml, MEMORY_FIXED);
	add_number(aml, 9, 2);
	add_byte(aml, READ_WRITE);
	add_number(aml, first, 4);
	add_number(aml, size, 4);
}

void aml_interrupt(struct aml *aml, uint32_t number)
{
	add_byte(aml, INTERRUPT);
	add_number(aml, 6, 2);
	add_byte(aml, CONSUMER);
	add_byte(aml, 1);
	add_number(aml, number, 4);
}

/* 6.4.3.5.2 and 6.4.3.5.3: granularity, first, last, translation, count. */
static void add_addresses(struct aml *aml, size_t width, uint8_t type, uint8_t flags,
			  uint32_t first, uint32_t count)
{
	add_byte(aml, width == 2 ? ADDRESS_WORD : ADDRESS_DWORD);
	add_number(aml, 3 + 5 * width, 2);
	add_byte(aml, type);
	add_byte(aml, ADDRESSES_FIXED);
	add_byte(aml, flags);
	add_number(aml, 0, width);
	add_number(aml, first, width);
	add_number(aml, first + count - 1, width);
	add_number(aml, 0, width);
	add_number(aml, count, width);
}

void aml_bridge_buses(struct aml *aml, uint16_t first, uint16_t count)
{
	add_addresses(aml, 2, TYPE_BUSES, 0, first, count);
}

void aml_bridge_ports(struct aml *aml, uint16_t first, uint32_t count)
{
	add_addresses(aml, 2, TYPE_PORTS, PORTS_ENTIRE, first, count);
}

void aml_bridge_memory(struct aml *aml, uint32_t first, uint32_t size)
{
	add_addresses(aml, 4, TYPE_MEMORY, MEMORY_WRITABLE, first, size);
}
