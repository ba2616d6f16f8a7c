/* SPDX-License-Identifier: MIT */
/*
 * Packets of gdb's remote protocol: $data#checksum, as bytes come and go (GDB manual, E.1, "Overview").
 * Knows nothing of what is in them. Depends on base/buffer.h.
 */
#ifndef GDB_PACKET_H
#define GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/buffer.h"

/* What gdb is told, too (PacketSize): of data, without the frame. */
#define GDB_PACKET_MAX 0x4000

struct gdb_reader {
	enum { GDB_BETWEEN, GDB_INSIDE, GDB_ESCAPED, GDB_CHECKSUM_HIGH, GDB_CHECKSUM_LOW } at;
	uint8_t sum, expected;
	bool too_long;
	size_t size;
	char data[GDB_PACKET_MAX + 1]; /* a NUL behind it */
};

enum gdb_read {
	GDB_READ_NOTHING,   /* the byte completed nothing */
	GDB_READ_PACKET,    /* reader->data, of reader->size bytes, until the next byte */
	GDB_READ_DAMAGED,   /* a packet with a wrong checksum, or too long a one */
	GDB_READ_ACK,	    /* '+' */
	GDB_READ_NAK,	    /* '-': the last one is wanted again */
	GDB_READ_INTERRUPT, /* 0x03, outside of packets: stop */
};

/* Take the next byte. A reader of { 0 } is at the beginning. */
enum gdb_read gdb_read(struct gdb_reader *reader, uint8_t byte);

/* Append a whole packet to `out`; any bytes may be in `data`, which are escaped as need be. */
void gdb_write_packet(struct buffer *out, const void *data, size_t size);

/* Two hexadecimal digits for each byte. */
void gdb_put_hex(struct buffer *out, const void *data, size_t size);

/* And back: `size` bytes from 2 * size digits. False if there are others among them. */
bool gdb_get_hex(void *data, const char *text, size_t size);

#endif /* GDB_PACKET_H */
