/* SPDX-License-Identifier: MIT */
/* Differences of states, as lines. Depends on libc alone. */
#include "kvm/state/state_bytes.h"
#include <stdarg.h>
#include <stdio.h>

void state_difference(struct state_differences *to, const char *format, ...)
{
	char line[256];
	va_list arguments;
	int length;

	to->count++;
	if (!to->tell)
		return;
	length = snprintf(line, sizeof(line), "%s", to->whose);
	va_start(arguments, format);
	vsnprintf(line + length, sizeof(line) - (size_t)length, format, arguments);
	va_end(arguments);
	to->tell(to->context, line);
}

void state_compare_bytes(const char *name, const void *a, const void *b, size_t size,
			 struct state_differences *to)
{
	const uint8_t *left = a, *right = b;
	size_t i, first = size, count = 0;

	for (i = 0; i < size; i++) {
		if (left[i] == right[i])
			continue;
		first = count++ ? first : i;
	}
	if (count)
		state_difference(to, "%s, byte %#zx: %#04x -> %#04x (%zu byte%s differ%s)", name,
				 first, left[first], right[first], count, count == 1 ? "" : "s",
				 count == 1 ? "s" : "");
}
