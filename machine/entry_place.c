/* SPDX-License-Identifier: MIT */
/* Where each CPU has its memory. */
#include <ring0/private/abi.h>
#include "machine/entry.h"

uint64_t entry_area(const struct entry *entry, unsigned int cpu)
{
	return entry->area + (uint64_t)cpu * R0_AREA_SIZE;
}

uint64_t entry_tls_copy(const struct entry *entry, unsigned int cpu)
{
	return entry->copies + (cpu - 1) * entry->tls.copy_size;
}

uint64_t entry_fs_base(const struct entry *entry, unsigned int cpu)
{
	return cpu ? tls_base_of(&entry->tls, entry_tls_copy(entry, cpu)) : entry->tls.base;
}
