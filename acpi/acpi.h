/* SPDX-License-Identifier: MIT */
/*
 * The ACPI tables of a PC (ACPI 6.5, 5.2): RSDP, RSDT, XSDT, FADT, FACS, MADT, HPET, DSDT, and VT-d's DMAR, for
 * the machine at hand. Pure: bytes from a description.
 */
#ifndef ACPI_ACPI_H
#define ACPI_ACPI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/error.h"

/* Where they are, in memory that the map of it has as reserved: there the RSDP is looked for (5.2.5.1). */
#define ACPI_AT	  0xe0000u
#define ACPI_SIZE 0x20000u

#define ACPI_RSDP_SIZE 36

#define ACPI_VIRTIO_MAX 8

/* A virtio device behind its registers in memory. */
struct acpi_virtio {
	uint64_t address;
	uint32_t size, irq;
};

struct acpi_machine {
	unsigned int cpus;
	bool irqchip; /* local APICs and an I/O APIC: else there is no MADT */
	bool legacy;  /* COM1 and COM2 */
	bool fw_cfg;
	bool pci_interrupts; /* functions on the PCI bus have some, by line or by message */
	bool iommu;	     /* VT-d's */
	struct acpi_virtio virtio[ACPI_VIRTIO_MAX];
	size_t virtio_count;
};

/* What has to be corrected if the tables are to be elsewhere; offsets from ACPI_AT. */
#define ACPI_FIXUPS_MAX 24

struct acpi_fixup {
	uint32_t at;
	uint8_t width;		/* in bytes, of an address; 0 for a checksum, a byte */
	uint32_t start, length; /* what that is of */
};

struct acpi_tables {
	uint8_t bytes[ACPI_SIZE];
	size_t size;	     /* of what is in use */
	uint32_t rsdp, facs; /* guest-physical */
	struct acpi_fixup fixups[ACPI_FIXUPS_MAX];
	unsigned int fixup_count;
};

/* Make them for ACPI_AT. Returns 0; -ENOSPC if they don't fit, which takes more than 256 CPUs. */
int acpi_make(struct acpi_tables *tables, const struct acpi_machine *machine, struct error *error);

/* The DSDT's byte code; the size that it has, 0 if it does not fit. */
size_t acpi_dsdt(const struct acpi_machine *machine, uint8_t *bytes, size_t capacity);

#endif /* ACPI_ACPI_H */
