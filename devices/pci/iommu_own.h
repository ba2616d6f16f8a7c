/* SPDX-License-Identifier: MIT */
/* Between the IOMMU's files. Chapters are those of VT-d, revision 3.3. */
#ifndef DEVICES_PCI_IOMMU_OWN_H
#define DEVICES_PCI_IOMMU_OWN_H

#include "devices/pci/iommu.h"

/* Of the global status (10.4.5), and of the command, whose bits are in the same places (10.4.4). */
#define GLOBAL_COMPATIBILITY	0x00800000u /* interrupts that are not remapped pass */
#define GLOBAL_INTERRUPTS_TABLE 0x01000000u
#define GLOBAL_INTERRUPTS	0x02000000u
#define GLOBAL_QUEUE		0x04000000u
#define GLOBAL_ROOT		0x40000000u
#define GLOBAL_TRANSLATION	0x80000000u

/* Why something was refused (7.1.3 for addresses, 7.1.2 for interrupts). */
enum iommu_fault {
	IOMMU_NO_FAULT,
	IOMMU_NO_ROOT,		/* the entry is not present */
	IOMMU_NO_CONTEXT,	/* likewise */
	IOMMU_BAD_CONTEXT,	/* a form of translation that there is not */
	IOMMU_TOO_FAR,		/* beyond 39 bits */
	IOMMU_NOT_WRITABLE,	/* or no entry at all */
	IOMMU_NOT_READABLE,	/* likewise */
	IOMMU_TABLE_UNREADABLE, /* no memory where it should be */
	IOMMU_ROOT_UNREADABLE,
	IOMMU_CONTEXT_UNREADABLE,
	IOMMU_INDEX_TOO_LARGE = 0x21,
	IOMMU_NO_ENTRY,
	IOMMU_ENTRIES_UNREADABLE,
	IOMMU_BAD_ENTRY,
	IOMMU_COMPATIBILITY_BLOCKED,
	IOMMU_BAD_SOURCE,
};

struct iommu_refusal {
	enum iommu_fault fault;
	bool silent;   /* the entry says that it is not to be told */
	bool read;     /* of an address */
	uint64_t what; /* the address's page, or the interrupt's index << 48 */
	uint16_t source;
};

uint32_t iommu_own_status(const struct iommu *iommu);

/* Tell the guest of it, by the record and an interrupt. */
void iommu_own_record(struct iommu *iommu, const struct iommu_refusal *refusal);

#endif /* DEVICES_PCI_IOMMU_OWN_H */
