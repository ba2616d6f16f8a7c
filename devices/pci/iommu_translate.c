/* SPDX-License-Identifier: MIT */
/* DMA remapping: VT-d 3.3, chapter 3, with the entries of chapter 9. */
#include <string.h>
#include "devices/pci/iommu_own.h"

#define ADDRESS_BITS 39
#define LEVELS	     3
#define LEVEL_BITS   9
#define PAGE_BITS    12
#define TABLE_MASK   0xfffffffffffff000ull

#define ENTRY_PRESENT 1u

/* A context entry (9.3): its first half, and its second. */
#define CONTEXT_SILENT	      2u
#define CONTEXT_KIND(low)     ((low) >> 2 & 3)
#define CONTEXT_WIDTH(high)   ((high)&7)
#define KIND_TABLES	      0
#define KIND_PASS_THROUGH     2
#define WIDTH_39	      1
#define CONTEXT_RESERVED_LOW  0xff0ull
#define CONTEXT_RESERVED_HIGH 0xffffffffff000080ull

/* An entry of a page table (9.8). */
#define PAGE_READ  1u
#define PAGE_WRITE 2u
#define PAGE_LARGE 0x80u

static bool read_words(const struct iommu *iommu, uint64_t address, uint64_t *words, size_t count)
{
	const void *from = ram_at(iommu->options.ram, (r0_gpa){ address }, count * 8, false);

	if (from)
		memcpy(words, from, count * 8);
	return from != NULL;
}

static enum iommu_fault find_context(const struct iommu *iommu, uint16_t source,
				     uint64_t context[2])
{
	uint64_t root[2];

	if (!read_words(iommu, (iommu->registers.root & TABLE_MASK) + (source >> 8) * 16ull, root,
			2))
		return IOMMU_ROOT_UNREADABLE;
	if (!(root[0] & ENTRY_PRESENT))
		return IOMMU_NO_ROOT;
	if (!read_words(iommu, (root[0] & TABLE_MASK) + (source & 0xff) * 16ull, context, 2))
		return IOMMU_CONTEXT_UNREADABLE;
	if (!(context[0] & ENTRY_PRESENT))
		return IOMMU_NO_CONTEXT;
	if (context[0] & CONTEXT_RESERVED_LOW || context[1] & CONTEXT_RESERVED_HIGH ||
	    CONTEXT_WIDTH(context[1]) != WIDTH_39)
		return IOMMU_BAD_CONTEXT;
	return IOMMU_NO_FAULT;
}

static enum iommu_fault walk(const struct iommu *iommu, uint64_t table, bool write,
			     uint64_t address, uint64_t *physical)
{
	const uint64_t wanted = write ? PAGE_WRITE : PAGE_READ;
	unsigned int level;
	uint64_t entry = 0, inside = 0;

	for (level = LEVELS; level; level--) {
		const unsigned int shift = PAGE_BITS + LEVEL_BITS * (level - 1);
		const uint64_t index = address >> shift & ((1u << LEVEL_BITS) - 1);

		if (!read_words(iommu, (table & TABLE_MASK) + index * 8, &entry, 1))
			return IOMMU_TABLE_UNREADABLE;
		if (!(entry & wanted))
			return write ? IOMMU_NOT_WRITABLE : IOMMU_NOT_READABLE;
		inside = (1ull << shift) - 1;
		if (entry & PAGE_LARGE)
			break;
		table = entry;
	}
	*physical = (entry & TABLE_MASK & ~inside) | (address & inside);
	return IOMMU_NO_FAULT;
}

bool iommu_translate(struct iommu *iommu, uint16_t source, bool write, uint64_t address,
		     uint64_t *physical)
{
	struct iommu_refusal refusal = {
		.read = !write,
		.what = address & TABLE_MASK,
		.source = source,
	};
	uint64_t context[2] = { 0 };

	*physical = address;
	if (!(iommu_own_status(iommu) & GLOBAL_TRANSLATION))
		return true;
	refusal.fault = find_context(iommu, source, context);
	if (!refusal.fault && CONTEXT_KIND(context[0]) == KIND_PASS_THROUGH)
		return true;
	if (!refusal.fault && CONTEXT_KIND(context[0]) != KIND_TABLES)
		refusal.fault = IOMMU_BAD_CONTEXT;
	if (!refusal.fault && address >> ADDRESS_BITS)
		refusal.fault = IOMMU_TOO_FAR;
	if (!refusal.fault)
		refusal.fault = walk(iommu, context[0], write, address, physical);
	if (!refusal.fault)
		return true;
	refusal.silent = context[0] & CONTEXT_SILENT;
	iommu_own_record(iommu, &refusal);
	return false;
}
