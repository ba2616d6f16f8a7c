/* SPDX-License-Identifier: MIT */
/* Doubts in words. */
#include "verdict/doubt.h"
#include <stdio.h>

void doubt_text(unsigned int doubts, char *text, size_t size)
{
	static const struct {
		enum doubt doubt;
		const char *name;
	} names[] = {
		{ DOUBT_EOI, "EOI" },
		{ DOUBT_DELIVERY, "an IDT or a TSS of its own" },
		{ DOUBT_FLUSHES, "TLB flushes" },
		{ DOUBT_CPUID, ".cpuid" },
		{ DOUBT_SYSCALL, "SYSCALL in ring 3" },
		{ DOUBT_INTERRUPT, "INT n in ring 3" },
		{ DOUBT_WATCHPOINT, "data breakpoints" },
	};
	size_t length = 0, i;

	text[0] = '\0';
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (doubts & names[i].doubt && length < size)
			length += (size_t)snprintf(text + length, size - length, "%s%s",
						   length ? ", " : "", names[i].name);
}
