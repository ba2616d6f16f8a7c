/* SPDX-License-Identifier: MIT */
/* The subject in a plain process, for the same engine. */
#include "subject.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t address;

	for (address = 0; address < 512; address += 73)
		walk_tables(data, size, address);
	return 0;
}
