/* SPDX-License-Identifier: MIT */
/* The guest's memory as assist/ needs it, by guest-physical addresses: functions of whoever has it. */
#ifndef ASSIST_ASSIST_MEMORY_H
#define ASSIST_ASSIST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/address.h"

struct assist_memory {
	void *context;
	/*
	 * The host's address of memory that the guest may change, or NULL if not all of it is. What is about to
	 * be written is noted.
	 */
	uint8_t *(*own)(void *context, r0_gpa address, size_t size, bool write);
	/* Copy what the guest sees, its own or not. Returns how many bytes, from the start on, could be. */
	size_t (*read)(void *context, r0_gpa address, void *to, size_t size);
	/*
	 * Of bytes that were copied: put what is meant in place of what ring 0 is shown instead. NULL where it is
	 * shown nothing else.
	 */
	void (*unpatch)(void *context, r0_gpa address, uint8_t *bytes, size_t size);
};

static inline uint8_t *assist_memory_own(const struct assist_memory *memory, r0_gpa address,
					 size_t size, bool write)
{
	return memory->own(memory->context, address, size, write);
}

static inline size_t assist_memory_read(const struct assist_memory *memory, r0_gpa address,
					void *to, size_t size)
{
	return memory->read(memory->context, address, to, size);
}

static inline void assist_memory_unpatch(const struct assist_memory *memory, r0_gpa address,
					 uint8_t *bytes, size_t size)
{
	if (memory->unpatch)
		memory->unpatch(memory->context, address, bytes, size);
}

#endif /* ASSIST_ASSIST_MEMORY_H */
