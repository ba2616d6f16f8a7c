/* SPDX-License-Identifier: MIT */
#include "image/start/tests/lent_x86_64.h"
#include <ring0/x86.h>
#include "guest/text/bytes.h"
#include "image/start/cpu/memory_x86_64.h"
#include "image/start/cpu/space_x86_64.h"

/* Where programs have nothing: far below libraries and stack, far above what is not position-independent. */
#define LENT_START 0x100000000000ull
#define LENT_SIZE  (1ull << 30)

static uint64_t next;

void lent_begin_test(void)
{
	next = LENT_START;
}

uint64_t lent_take(uint64_t size)
{
	uint64_t address = next, at, frame;

	if (!size || size > LENT_START + LENT_SIZE - next)
		return 0;
	for (at = 0; at < size; at += FRAME) {
		frame = memory_take(1);
		if (!frame)
			return 0;
		space_add(address + at, frame, FRAME);
	}
	next = address + at;
	return address;
}

bool lent_declare(const struct r0_rams *ram, struct r0_ram *missing)
{
	size_t i;

	for (i = 0; i < ram->count; i++) {
		if (space_read((uint64_t)&ram->entries[i], missing, sizeof(*missing)) !=
			    sizeof(*missing) ||
		    !memory_is_declared(missing->from, missing->to))
			return false;
		fill_bytes(r0_direct(missing->from), 0, missing->to - missing->from);
		if (space_is_free(missing->from, missing->to - missing->from))
			space_add(missing->from, missing->from, missing->to - missing->from);
	}
	return true;
}
