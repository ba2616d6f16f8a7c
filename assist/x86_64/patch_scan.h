/* SPDX-License-Identifier: MIT */
/* The instructions of a mapping that a software KVM's emulator mistakes for others. Depends on mirror/maps.h. */
#ifndef ASSIST_X86_64_PATCH_SCAN_H
#define ASSIST_X86_64_PATCH_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "mirror/maps.h"

/* Of the bytes to be shown otherwise, by address: each the one after an instruction's 0F. Zeroed at first. */
struct patch_places {
	uint64_t *at;
	size_t count, capacity;
	bool has_gaps; /* some of the code could not be read */
};

/* Returns 0 or -ENOMEM. */
int patch_places_add(struct patch_places *places, uint64_t address);
void patch_places_finish(struct patch_places *places);

/* Find all of a mapping; the decoder is loaded. Returns 0 or -ENOMEM. */
int patch_scan(struct patch_places *places, const struct map *map);

/* Whether 0F and what follows it may begin the opcode of one. */
bool patch_scan_may_be_one(const uint8_t bytes[2]);

/* Read code that may not be there. Returns how much of it is. */
size_t patch_scan_read(uint64_t address, uint8_t *to, size_t size);

#endif /* ASSIST_X86_64_PATCH_SCAN_H */
