/* SPDX-License-Identifier: MIT */
/* Interrupt remapping: VT-d 3.3, chapter 5, with the entries of 9.10. */
#include <string.h>
#include "devices/pci/iommu_own.h"

/* Of a message's address in the form that is remapped (5.1.2.2). */
#define ADDRESS_REMAPPED  0x10u
#define ADDRESS_SUBHANDLE 0x08u
#define ADDRESS_HANDLE	  5
#define ADDRESS_HANDLE_15 2

/* Of the register of the table (10.4.30). */
#define TABLE_MASK 0xfffffffffffff000ull
#define TABLE_SIZE 0xfu

/* An entry (9.10): its first half, and its second. */
#define ENTRY_PRESENT	    1u
#define ENTRY_SILENT	    2u
#define ENTRY_LOGICAL	    4u
#define ENTRY_REDIRECTED    8u
#define ENTRY_LEVEL	    0x10u
#define ENTRY_RESERVED	    0xffff00ffff00f000ull /* posted interrupts, and for x2APIC */
#define ENTRY_DELIVERY(low) ((low) >> 5 & 7)
#define ENTRY_VECTOR(low)   ((low) >> 16 & 0xff)
#define ENTRY_TO(low)	    ((low) >> 40 & 0xff)
#define ENTRY_SOURCE(high)  ((high)&0xffff)
#define ENTRY_SQ(high)	    ((high) >> 16 & 3)
#define ENTRY_SVT(high)	    ((high) >> 18 & 3)
#define VERIFY_SOURCE	    1
#define VERIFY_BUS	    2

/* What comes of it (SDM vol. 3A, 10.11). */
#define MESSAGE_DESTINATION 12
#define MESSAGE_REDIRECTED  8u
#define MESSAGE_LOGICAL	    4u
#define MESSAGE_DELIVERY    8
#define MESSAGE_ASSERT	    0x4000u
#define MESSAGE_LEVEL	    0x8000u

/* SQ: as many of the function's lowest bits count as not. */
static const uint16_t source_masks[] = { 0xffff, 0xfffb, 0xfff9, 0xfff8 };

static bool is_source(uint64_t high, uint16_t source)
{
	const uint16_t wanted = ENTRY_SOURCE(high);

	switch (ENTRY_SVT(high)) {
	case VERIFY_SOURCE:
		return !((wanted ^ source) & source_masks[ENTRY_SQ(high)]);
	case VERIFY_BUS: /* of a range: the first in the upper byte, the last in the lower */
		return source >> 8 >= wanted >> 8 && source >> 8 <= (wanted & 0xff);
	default:
		return !ENTRY_SVT(high);
	}
}

static uint32_t index_of(const struct interrupt_message *message)
{
	uint32_t handle = message->address >> ADDRESS_HANDLE & 0x7fff;

	handle |= (message->address >> ADDRESS_HANDLE_15 & 1) << 15;
	return message->address & ADDRESS_SUBHANDLE ? handle + (uint16_t)message->data : handle;
}

static enum iommu_fault find(const struct iommu *iommu, int source, uint32_t index,
			     uint64_t entry[2])
{
	const uint64_t table = iommu->registers.interrupts;
	const void *from;

	if (index >> ((table & TABLE_SIZE) + 1))
		return IOMMU_INDEX_TOO_LARGE;
	from = ram_at(iommu->options.ram, (r0_gpa){ (table & TABLE_MASK) + index * 16ull }, 16,
		      false);
	if (!from)
		return IOMMU_ENTRIES_UNREADABLE;
	memcpy(entry, from, 16);
	if (!(entry[0] & ENTRY_PRESENT))
		return IOMMU_NO_ENTRY;
	if (entry[0] & ENTRY_RESERVED || entry[1] >> 20 || ENTRY_SVT(entry[1]) > VERIFY_BUS)
		return IOMMU_BAD_ENTRY;
	if (source != IOMMU_NO_SOURCE && !is_source(entry[1], (uint16_t)source))
		return IOMMU_BAD_SOURCE;
	return IOMMU_NO_FAULT;
}

static struct interrupt_message message_of(uint64_t entry)
{
	return (struct interrupt_message){
		.address = INTERRUPT_MESSAGE_AT | (uint32_t)ENTRY_TO(entry) << MESSAGE_DESTINATION |
			   (entry & ENTRY_REDIRECTED ? MESSAGE_REDIRECTED : 0) |
			   (entry & ENTRY_LOGICAL ? MESSAGE_LOGICAL : 0),
		.data = (uint32_t)(ENTRY_VECTOR(entry) | ENTRY_DELIVERY(entry)
								 << MESSAGE_DELIVERY) |
			MESSAGE_ASSERT | (entry & ENTRY_LEVEL ? MESSAGE_LEVEL : 0),
	};
}

static bool remap(const struct iommu *iommu, int source, const struct interrupt_message *message,
		  struct interrupt_message *remapped, struct iommu_refusal *refusal)
{
	uint64_t entry[2] = { 0 };

	*remapped = *message;
	if (!(iommu_own_status(iommu) & GLOBAL_INTERRUPTS))
		return true;
	refusal->source = source == IOMMU_NO_SOURCE ? 0 : (uint16_t)source;
	if (!(message->address & ADDRESS_REMAPPED)) {
		refusal->fault = IOMMU_COMPATIBILITY_BLOCKED;
		return iommu_own_status(iommu) & GLOBAL_COMPATIBILITY;
	}
	refusal->what = (uint64_t)index_of(message) << 48;
	refusal->fault = find(iommu, source, index_of(message), entry);
	refusal->silent = entry[0] & ENTRY_SILENT;
	if (!refusal->fault)
		*remapped = message_of(entry[0]);
	return !refusal->fault;
}

bool iommu_remap(struct iommu *iommu, int source, const struct interrupt_message *message,
		 struct interrupt_message *remapped)
{
	struct iommu_refusal refusal = { .fault = IOMMU_NO_FAULT };

	if (remap(iommu, source, message, remapped, &refusal))
		return true;
	iommu_own_record(iommu, &refusal);
	return false;
}

bool iommu_would_remap(const struct iommu *iommu, int source,
		       const struct interrupt_message *message, struct interrupt_message *remapped)
{
	struct iommu_refusal refusal = { .fault = IOMMU_NO_FAULT };

	return remap(iommu, source, message, remapped, &refusal);
}
