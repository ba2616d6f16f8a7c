/* SPDX-License-Identifier: MIT */
/*
 * Reading blocks from the CD drive that is the first on the first ATA channel, by programmed I/O:
 * ATA/ATAPI-6, 9.8 (the PACKET protocol) and MMC, READ (12). For the ROM and for init, which have
 * the drive for themselves. Depends on <stdint.h> alone.
 */
#ifndef COMMAND_LAB_INIT_ATAPI_X86_64_H
#define COMMAND_LAB_INIT_ATAPI_X86_64_H

#include <stdint.h>

#include "command/lab/emulators/disc.h"

enum {
	ATA_DATA = 0x1f0,
	ATA_FEATURES = 0x1f1,
	ATA_BYTE_COUNT_LOW = 0x1f4,
	ATA_BYTE_COUNT_HIGH = 0x1f5,
	ATA_DEVICE = 0x1f6,
	ATA_COMMAND = 0x1f7, /* read: the status */
	ATA_CONTROL = 0x3f6,
	ATA_NO_INTERRUPTS = 1 << 1,
	ATA_BUSY = 1 << 7,
	ATA_DATA_REQUEST = 1 << 3,
	ATA_PACKET = 0xa0,
	MMC_READ_12 = 0xa8,
};

static inline void atapi_out(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline uint8_t atapi_in(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void atapi_wait(void)
{
	while ((atapi_in(ATA_COMMAND) & (ATA_BUSY | ATA_DATA_REQUEST)) != ATA_DATA_REQUEST)
		;
}

static inline void atapi_read(uint32_t block, uint32_t count, void *to)
{
	const uint8_t packet[12] = {
		MMC_READ_12,
		0,
		(uint8_t)(block >> 24),
		(uint8_t)(block >> 16),
		(uint8_t)(block >> 8),
		(uint8_t)block,
		(uint8_t)(count >> 24),
		(uint8_t)(count >> 16),
		(uint8_t)(count >> 8),
		(uint8_t)count,
	};
	const uint8_t *from = packet;
	uint64_t words = sizeof(packet) / 2;

	atapi_out(ATA_CONTROL, ATA_NO_INTERRUPTS);
	atapi_out(ATA_DEVICE, 0xa0);
	atapi_out(ATA_FEATURES, 0);
	/* A request for each block. */
	atapi_out(ATA_BYTE_COUNT_LOW, LAB_DISC_BLOCK & 0xff);
	atapi_out(ATA_BYTE_COUNT_HIGH, LAB_DISC_BLOCK >> 8);
	atapi_out(ATA_COMMAND, ATA_PACKET);
	atapi_wait();
	__asm__ volatile("rep outsw" : "+S"(from), "+c"(words) : "d"(ATA_DATA) : "memory");
	for (; count; count--) {
		uint64_t quads = LAB_DISC_BLOCK / 4;

		atapi_wait();
		__asm__ volatile("rep insl" : "+D"(to), "+c"(quads) : "d"(ATA_DATA) : "memory");
	}
}

#endif /* COMMAND_LAB_INIT_ATAPI_X86_64_H */
