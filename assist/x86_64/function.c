/* SPDX-License-Identifier: MIT */
/*
 * Looking functions up in .eh_frame_hdr: LSB Core, 10.6 (its table of FDEs, by address); DWARF 5,
 * 6.4.1.
 */
#include "assist/x86_64/function.h"
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* LSB Core, 10.5: unsigned 4 bytes; relative to the table's own address; the pointer's own. */
#define UDATA4		0x03
#define SDATA4_DATA_REL 0x3b
#define SDATA4_PC_REL	0x1b

struct header {
	uint8_t version, frame_encoding, count_encoding, table_encoding;
	int32_t frame;
	uint32_t count;
	struct {
		int32_t start, entry;
	} table[];
};

struct entry {
	uint32_t length, common;
	int32_t start;
	uint32_t size;
};

struct search {
	uint64_t address;
	struct function *function;
};

static bool holds(const struct dl_phdr_info *info, const ElfW(Phdr) * segment, uint64_t address)
{
	return address - (info->dlpi_addr + segment->p_vaddr) < segment->p_memsz;
}

static void look_up(const struct header *header, const struct search *search)
{
	uint64_t base = (uint64_t)header, start;
	size_t low = 0, high;
	struct entry entry;

	/* As every linker makes it; others' is no table for this. */
	if (header->version != 1 || header->frame_encoding != SDATA4_PC_REL ||
	    header->count_encoding != UDATA4 || header->table_encoding != SDATA4_DATA_REL)
		return;
	/* The last that begins at the address or before. */
	for (high = header->count; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (base + (uint64_t)(int64_t)header->table[middle].start <= search->address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return;
	start = base + (uint64_t)(int64_t)header->table[low - 1].start;
	memcpy(&entry, (const void *)(base + (uint64_t)(int64_t)header->table[low - 1].entry),
	       sizeof(entry));
	/* Its addresses are in the usual form if they lead to the same place. */
	if (base + (uint64_t)(int64_t)header->table[low - 1].entry + offsetof(struct entry, start) +
		    (uint64_t)(int64_t)entry.start !=
	    start)
		return;
	if (search->address - start >= entry.size)
		return;
	*search->function = (struct function){ .start = start, .end = start + entry.size };
}

static int look_at_object(struct dl_phdr_info *info, size_t size, void *context)
{
	const ElfW(Phdr) *table = NULL;
	const struct search *search = context;
	bool found = false;
	size_t i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

		if (segment->p_type == PT_GNU_EH_FRAME)
			table = segment;
		if (segment->p_type == PT_LOAD && holds(info, segment, search->address))
			found = true;
	}
	if (found && table && table->p_memsz >= sizeof(struct header))
		look_up((const struct header *)(info->dlpi_addr + table->p_vaddr), search);
	return found;
}

void function_find(uint64_t address, struct function *function)
{
	struct search search = { .address = address, .function = function };

	*function = (struct function){ 0 };
	dl_iterate_phdr(look_at_object, &search);
}
