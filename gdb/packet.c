/* SPDX-License-Identifier: MIT */
/* Packets of gdb's remote protocol: see packet.h. */
#include "gdb/packet.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static enum gdb_read between(struct gdb_reader *reader, uint8_t byte)
{
	switch (byte) {
	case '+':
		return GDB_READ_ACK;
	case '-':
		return GDB_READ_NAK;
	case 0x03:
		return GDB_READ_INTERRUPT;
	case '$':
		reader->at = GDB_INSIDE;
		reader->sum = 0;
		reader->size = 0;
		reader->too_long = false;
		break;
	}
	return GDB_READ_NOTHING;
}

static void store(struct gdb_reader *reader, uint8_t byte)
{
	if (reader->size < GDB_PACKET_MAX)
		reader->data[reader->size++] = (char)byte;
	else
		reader->too_long = true;
}

static enum gdb_read inside(struct gdb_reader *reader, uint8_t byte)
{
	if (byte == '#') {
		reader->at = GDB_CHECKSUM_HIGH;
		return GDB_READ_NOTHING;
	}
	/* The beginning of another: the end of this one was lost. */
	if (byte == '$')
		return between(reader, byte);
	reader->sum += byte;
	if (byte == '}')
		reader->at = GDB_ESCAPED;
	else
		store(reader, byte);
	return GDB_READ_NOTHING;
}

static enum gdb_read end(struct gdb_reader *reader, uint8_t byte)
{
	int value = digit((char)byte);

	reader->at = GDB_BETWEEN;
	reader->data[reader->size] = '\0';
	if (value < 0 || reader->too_long || reader->sum != (uint8_t)(reader->expected | value))
		return GDB_READ_DAMAGED;
	return GDB_READ_PACKET;
}

enum gdb_read gdb_read(struct gdb_reader *reader, uint8_t byte)
{
	int value;

	switch (reader->at) {
	case GDB_BETWEEN:
		return between(reader, byte);
	case GDB_INSIDE:
		return inside(reader, byte);
	case GDB_ESCAPED:
		reader->sum += byte;
		store(reader, byte ^ 0x20);
		reader->at = GDB_INSIDE;
		return GDB_READ_NOTHING;
	case GDB_CHECKSUM_HIGH:
		value = digit((char)byte);
		reader->expected = value < 0 ? 0 : (uint8_t)(value << 4);
		reader->too_long |= value < 0;
		reader->at = GDB_CHECKSUM_LOW;
		return GDB_READ_NOTHING;
	case GDB_CHECKSUM_LOW:
		return end(reader, byte);
	}
	return GDB_READ_NOTHING;
}

void gdb_write_packet(struct buffer *out, const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint8_t sum = 0;
	size_t i;

	buffer_add(out, "$", 1);
	for (i = 0; i < size; i++) {
		uint8_t byte = bytes[i];

		if (byte == '#' || byte == '$' || byte == '}' || byte == '*') {
			buffer_add(out, "}", 1);
			sum += '}';
			byte ^= 0x20;
		}
		buffer_add(out, &byte, 1);
		sum += byte;
	}
	buffer_print(out, "#%02x", sum);
}

void gdb_put_hex(struct buffer *out, const void *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = data;
	size_t i;

	for (i = 0; i < size; i++) {
		const char pair[] = { digits[bytes[i] >> 4], digits[bytes[i] & 15] };

		buffer_add(out, pair, sizeof(pair));
	}
}

bool gdb_get_hex(void *data, const char *text, size_t size)
{
	uint8_t *bytes = data;
	size_t i;

	for (i = 0; i < size; i++) {
		int high = digit(text[2 * i]), low = high < 0 ? -1 : digit(text[2 * i + 1]);

		if (low < 0)
			return false;
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
