/* SPDX-License-Identifier: MIT */
/* How often each instruction was completed. Depends on assist/x86_64/decoder.h. */
#ifndef ASSIST_X86_64_COUNTS_H
#define ASSIST_X86_64_COUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "assist/x86_64/decoder.h"

#define COUNTS 256

/* Zeroed at first. Those that there is no room for are counted as ZYDIS_MNEMONIC_INVALID. */
struct counts {
	struct {
		ZydisMnemonic mnemonic;
		uint64_t count;
	} items[COUNTS];
};

void counts_add(struct counts *counts, ZydisMnemonic mnemonic);

/* In the order in which they came first; false after the last. */
bool counts_get(const struct counts *counts, size_t index, const char **mnemonic, uint64_t *count);

#endif /* ASSIST_X86_64_COUNTS_H */
