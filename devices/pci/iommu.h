/* SPDX-License-Identifier: MIT */
/*
 * An IOMMU: Intel's Virtualization Technology for Directed I/O (VT-d, revision 3.3), with DMA remapping by page tables of
 * three levels (39 bits, pages of 4 KiB, 2 MiB and 1 GiB), pass-through, interrupt remapping for xAPIC, queued and
 * register-based invalidation, and one fault record. It caches nothing: an invalidation has nothing to do, and is
 * done at once. Not there: scalable mode, device TLBs, x2APIC's destinations, posted interrupts.
 *
 * The bus's owner asks it about each access to memory and each message-signalled interrupt.
 */
#ifndef DEVICES_PCI_IOMMU_H
#define DEVICES_PCI_IOMMU_H

#include "devices/bus.h"
#include "devices/interrupt_message.h"
#include "devices/ram.h"

#define IOMMU_BASE 0xfed90000u
#define IOMMU_SIZE 0x1000u

#define IOMMU_FILE 140 /* double words, up to the fault record */

/* A request without a source that could be looked at: an I/O APIC's. */
#define IOMMU_NO_SOURCE (-1)

struct iommu_registers {
	uint32_t file[IOMMU_FILE];
	uint64_t root,
		interrupts; /* tables in use, as their registers had them when they were told to be */
};

struct iommu_options {
	const struct ram *ram;
	/* Its own interrupts, of faults and of invalidations. */
	void (*send)(void *context, const struct interrupt_message *message);
	/* What interrupts become may be something else from now on. Or NULL. */
	void (*changed)(void *context);
	void *context;
};

struct iommu {
	struct dev dev;
	struct iommu_registers registers;
	struct iommu_options options;
};

void iommu_init(struct iommu *iommu, const struct iommu_options *options);

/*
 * Where an access of a function's to memory goes; good up to the end of the page of 4 KiB. Whether it may: if not, that
 * is a fault, which the guest is told of. `source` is bus, device and function.
 */
bool iommu_translate(struct iommu *iommu, uint16_t source, bool write, uint64_t address,
		     uint64_t *physical);

/* What a message becomes. Whether it may: as with iommu_translate(). */
bool iommu_remap(struct iommu *iommu, int source, const struct interrupt_message *message,
		 struct interrupt_message *remapped);

/* The same without consequences. */
bool iommu_would_remap(const struct iommu *iommu, int source,
		       const struct interrupt_message *message, struct interrupt_message *remapped);

#endif /* DEVICES_PCI_IOMMU_H */
