/* SPDX-License-Identifier: MIT */
/* Numbers in bytes, little-endian, at any alignment. Depends on libc alone. */
#ifndef BOOT_STRUCTURES_H
#define BOOT_STRUCTURES_H

#include <stdint.h>
#include <string.h>

static inline uint32_t load_32(const void *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return value;
}

static inline void store_32(void *to, uint64_t value)
{
	const uint32_t low = (uint32_t)value;

	memcpy(to, &low, sizeof(low));
}

static inline void store_64(void *to, uint64_t value)
{
	memcpy(to, &value, sizeof(value));
}

#endif /* BOOT_STRUCTURES_H */
