/* SPDX-License-Identifier: MIT */
/* A short list: tests execute few kinds of instructions. */
#include "assist/x86_64/counts.h"

void counts_add(struct counts *counts, ZydisMnemonic mnemonic)
{
	size_t i = 0;

	while (i < COUNTS - 1 && counts->items[i].count && counts->items[i].mnemonic != mnemonic)
		i++;
	counts->items[i].mnemonic = i < COUNTS - 1 ? mnemonic : ZYDIS_MNEMONIC_INVALID;
	counts->items[i].count++;
}

bool counts_get(const struct counts *counts, size_t index, const char **mnemonic, uint64_t *count)
{
	if (index >= COUNTS || !counts->items[index].count)
		return false;
	*mnemonic = counts->items[index].mnemonic == ZYDIS_MNEMONIC_INVALID ?
			    "others" :
			    decoder_mnemonic(counts->items[index].mnemonic);
	*count = counts->items[index].count;
	return true;
}
