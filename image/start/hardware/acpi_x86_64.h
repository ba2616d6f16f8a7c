/* SPDX-License-Identifier: MIT */
/* What ACPI's tables say of the machine, as far as an image wants it. ACPI 6.5, chapter 5. */
#ifndef IMAGE_START_HARDWARE_ACPI_X86_64_H
#define IMAGE_START_HARDWARE_ACPI_X86_64_H

#include <ring0/private/types.h>
#include "image/start/hardware/console_x86_64.h"

/* A generic address structure (5.2.3.2). */
struct acpi_address {
	uint8_t space, width, offset, access;
	uint64_t address;
} __attribute__((packed));

#define ACPI_SPACE_MEMORY 0
#define ACPI_SPACE_PORTS  1

#define ACPI_CPUS 256

struct acpi {
	const char *found_by; /* how the RSDP was found, or NULL: there is no ACPI */
	/* FADT and _S5_ of the DSDT. */
	uint16_t pm1a_control, pm1b_control, pm_timer;
	bool has_soft_off;
	uint8_t soft_off;			  /* SLP_TYP */
	struct acpi_address sleep_control, reset; /* address 0: none */
	uint8_t reset_value;
	/* MADT: the local APICs' IDs of CPUs that can be used. */
	uint32_t cpus[ACPI_CPUS];
	unsigned int cpu_count;
	uint64_t ioapic; /* of interrupt 0 on, or 0 */
	uint64_t hpet;
	bool has_console; /* SPCR */
	struct serial_port console;
};

extern struct acpi acpi;

/* Find the tables: at the loader's word, or as a PC has them. */
void acpi_read(void);

/* To the register, if there is one of a kind that is known. */
void acpi_write(const struct acpi_address *at, uint8_t value);

#endif /* IMAGE_START_HARDWARE_ACPI_X86_64_H */
