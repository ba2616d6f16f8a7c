/* SPDX-License-Identifier: MIT */
/* What can be watched, and watching it in software. Depends on libc alone. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "kvm/watch/watch.h"

int watch_check(const struct watch_point *point, struct error *error)
{
	uint32_t length = point->length;

	if (length != 1 && length != 2 && length != 4 && length != 8)
		return error_set(error, EINVAL, "%" PRIu32 " bytes can't be watched: 1, 2, 4 or 8",
				 length);
	if (point->address % length)
		return error_set(error, EINVAL,
				 "%" PRIu32 " bytes at 0x%" PRIx64 " can't be watched: their "
				 "address has to be a multiple of %" PRIu32,
				 length, point->address, length);
	return 0;
}

unsigned int watch_step(const struct watch_set *set, struct watch_values *values,
			watch_read_fn read, void *context)
{
	unsigned int changed = 0, slot;

	for (slot = 0; slot < WATCH_SLOTS; slot++) {
		const struct watch_point *point = &set->points[slot];
		uint8_t now[sizeof(values->bytes[0])];

		if (!point->length || read(context, point->address, now, point->length) < 0)
			continue;
		if (values->known[slot] && memcmp(now, values->bytes[slot], point->length))
			changed |= 1u << slot;
		values->known[slot] = true;
		memcpy(values->bytes[slot], now, point->length);
	}
	return changed;
}
