/* SPDX-License-Identifier: MIT */
/*
 * Translation tables with a granule of 4 KiB and 48 bits of address, as tests start with: descriptors, and a way to
 * find those that translate an address. Needs ring0's direct map of guest-physical memory. Arm ARM, D8.2 and D8.3.
 */
#ifndef RING0_ARM64_TRANSLATION_H
#define RING0_ARM64_TRANSLATION_H

#include <ring0/private/types.h>
#include <ring0/private/abi.h>
#include <ring0/arm64/registers.h>

#define R0_DESCRIPTOR_VALID		(1ul << 0)
#define R0_DESCRIPTOR_TABLE		(1ul << 1) /* at level 3 a page; clear, a block */
#define R0_DESCRIPTOR_ATTRIBUTES(index) ((uint64_t)(index) << 2) /* of MAIR_EL1 */
#define R0_DESCRIPTOR_AP_EL0		(1ul << 6)		 /* AP[1]: EL0 may, too */
#define R0_DESCRIPTOR_AP_READ_ONLY	(1ul << 7)		 /* AP[2] */
#define R0_DESCRIPTOR_SHAREABLE		(3ul << 8)		 /* SH: inner */
#define R0_DESCRIPTOR_AF		(1ul << 10)		 /* access flag */
#define R0_DESCRIPTOR_NG		(1ul << 11)		 /* of the ASID alone */
#define R0_DESCRIPTOR_ADDRESS		0x0000fffffffff000ul
#define R0_DESCRIPTOR_GP		(1ul << 50) /* guarded: branches land on pads */
#define R0_DESCRIPTOR_DBM		(1ul << 51)
#define R0_DESCRIPTOR_PXN		(1ul << 53) /* EL1 executes nothing there */
#define R0_DESCRIPTOR_UXN		(1ul << 54) /* nor EL0 */

/* MAIR_EL1 as tests start with it. */
#define R0_ATTRIBUTES_NORMAL   0
#define R0_ATTRIBUTES_DEVICE   1 /* nGnRE */
#define R0_ATTRIBUTES_UNCACHED 2

/* What a descriptor of a level maps, in bytes. */
#define R0_LEVEL_SIZE(level) (1ul << (12 + 9 * (3 - (level))))

/* Where guest-physical memory is for the test to read and write. */
static inline void *r0_at_physical(uint64_t physical)
{
	return (void *)(R0_DIRECT_MAP + physical);
}

/*
 * The descriptor that maps an address, or the one that it ends at if that is invalid, by TTBR0_EL1 and TTBR1_EL1; its
 * level in *level, if that is not NULL.
 */
static inline uint64_t *r0_find_descriptor(const void *address, unsigned int *level)
{
	uint64_t value = (uint64_t)(uintptr_t)address;
	uint64_t table = value >> 55 & 1 ? r0_mrs(ttbr1_el1) : r0_mrs(ttbr0_el1);
	uint64_t *entry;
	unsigned int at = 0;

	for (;;) {
		entry = (uint64_t *)r0_at_physical(table & R0_DESCRIPTOR_ADDRESS) +
			(value / R0_LEVEL_SIZE(at) & 511);
		if (at == 3 || !(*entry & R0_DESCRIPTOR_VALID) || !(*entry & R0_DESCRIPTOR_TABLE))
			break;
		table = *entry;
		at++;
	}
	if (level)
		*level = at;
	return entry;
}

/* The guest-physical address of what is mapped there. */
static inline uint64_t r0_physical(const void *address)
{
	unsigned int level;
	const uint64_t *entry = r0_find_descriptor(address, &level);
	uint64_t within = R0_LEVEL_SIZE(level) - 1;

	return (*entry & R0_DESCRIPTOR_ADDRESS & ~within) | ((uint64_t)(uintptr_t)address & within);
}

#endif /* RING0_ARM64_TRANSLATION_H */
