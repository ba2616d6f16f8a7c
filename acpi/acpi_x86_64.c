/* SPDX-License-Identifier: MIT */
/* A PC's ACPI tables. Section and table numbers are the ACPI Specification's, 6.5. */
#include "acpi/acpi.h"
#include <errno.h>
#include <string.h>
#include "devices/pc/acpi_pm.h"
#include "devices/bus.h"
#include "devices/pc/hpet.h"
#include "devices/pc/reset_control.h"
#include "devices/pc/rtc.h"
#include "devices/pci/iommu.h"

#define RSDP_OLD    20 /* the part with the first checksum */
#define HEADER_SIZE 36
#define FADT_SIZE   276
#define FACS_SIZE   64
#define MADT_SIZE   44
#define HPET_LENGTH 56
#define DMAR_SIZE   72

#define LOCAL_APIC   0xfee00000u
#define IO_APIC	     0xfec00000u
#define SPACE_MEMORY 0
#define SPACE_PORT   1

/* FADT, fixed feature flags (table 5.10). */
#define WBINVD		   (1u << 0)
#define PROC_C1		   (1u << 2)
#define NO_FIXED_POWER	   (1u << 4) /* button */
#define NO_FIXED_SLEEP	   (1u << 5)
#define TIMER_32_BIT	   (1u << 8)
#define HAS_RESET_REGISTER (1u << 10)

/* IA-PC boot architecture flags (table 5.11). */
#define HAS_LEGACY_DEVICES 0x01
#define HAS_NO_VGA	   0x04
#define HAS_NO_MSI	   0x08

/* MADT (table 5.19 and on). */
#define HAS_PICS	0x01
#define TYPE_LOCAL_APIC 0
#define TYPE_IO_APIC	1
#define TYPE_OVERRIDE	2
#define TYPE_NMI	4
#define CPU_ENABLED	1
#define LEVEL_HIGH	0x0d /* MPS INTI flags (table 5.26) */
#define PIT_GSI		2

/* DMAR: VT-d 3.3, 8.1 to 8.3. */
#define DMAR_ADDRESS_BITS 39
#define DMAR_INTERRUPTS	  0x01 /* are remapped */
#define DMAR_UNIT	  24   /* bytes: one, with a scope */
#define DMAR_ALL_OF_PCI	  0x01
#define DMAR_SCOPE	  8
#define SCOPE_IO_APIC	  3
#define SCOPE_BUS	  0xff /* of a device that is on none */

struct builder {
	struct acpi_tables *tables;
	uint32_t dsdt, fadt, madt, hpet, dmar;
};

static uint8_t *at(struct acpi_tables *tables, uint32_t address)
{
	return tables->bytes + (address - ACPI_AT);
}

/* Room for a table, as its guest-physical address; 0 if there is none. */
static uint32_t place(struct acpi_tables *tables, size_t size, size_t alignment)
{
	size_t offset = (tables->size + alignment - 1) & ~(alignment - 1);

	if (offset > ACPI_SIZE || size > ACPI_SIZE - offset)
		return 0;
	tables->size = offset + size;
	return ACPI_AT + (uint32_t)offset;
}

static void note(struct acpi_tables *tables, struct acpi_fixup fixup)
{
	/* There are as many as there is code that makes them: the tests see whether they have room. */
	if (tables->fixup_count < ACPI_FIXUPS_MAX)
		tables->fixups[tables->fixup_count] = fixup;
	tables->fixup_count++;
}

/* An address in a table. */
static void set_pointer(struct acpi_tables *tables, uint8_t *where, uint8_t width, uint32_t address)
{
	dev_store(where, width, address);
	note(tables,
	     (struct acpi_fixup){ .at = (uint32_t)(where - tables->bytes), .width = width });
}

/* The bytes of a table add up to 0. */
static void set_checksum(struct acpi_tables *tables, uint8_t *bytes, size_t size, size_t where)
{
	const uint32_t start = (uint32_t)(bytes - tables->bytes);
	uint8_t sum = 0;
	size_t i;

	note(tables, (struct acpi_fixup){ .at = start + (uint32_t)where,
					  .start = start,
					  .length = (uint32_t)size });

	bytes[where] = 0;
	for (i = 0; i < size; i++)
		sum += bytes[i];
	bytes[where] = (uint8_t)-sum;
}

/* A text of a fixed width, without its NUL. */
static void put_text(uint8_t *to, const char *text)
{
	while (*text)
		*to++ = (uint8_t)*text++;
}

/* Table 5.4. */
static void set_header(struct acpi_tables *tables, uint8_t *table, const char *signature,
		       size_t size, uint8_t revision)
{
	memcpy(table, signature, 4);
	dev_store(table + 4, 4, size);
	table[8] = revision;
	put_text(table + 10, "RING0 ");
	put_text(table + 16, "RING0PC ");
	dev_store(table + 24, 4, 1);
	put_text(table + 28, "RNG0");
	dev_store(table + 32, 4, 1);
	set_checksum(tables, table, size, 9);
}

/* 5.2.3.2: space, width, offset, access size, address. */
static void set_address(uint8_t *to, uint8_t space, uint8_t bytes, uint64_t address)
{
	to[0] = space;
	to[1] = (uint8_t)(bytes * 8);
	to[2] = 0;
	to[3] = (uint8_t)(bytes == 4 ? 3 : bytes);
	dev_store(to + 4, 8, address);
}

/* 5.2.10: all is 0 but the length and the version. */
static bool add_facs(struct acpi_tables *tables)
{
	uint8_t *facs;

	tables->facs = place(tables, FACS_SIZE, 64);
	if (!tables->facs)
		return false;
	facs = at(tables, tables->facs);
	put_text(facs, "FACS");
	dev_store(facs + 4, 4, FACS_SIZE);
	facs[32] = 2;
	return true;
}

static bool add_dsdt(struct builder *builder, const struct acpi_machine *machine)
{
	struct acpi_tables *tables = builder->tables;
	uint32_t address = place(tables, HEADER_SIZE, 16);
	uint8_t *dsdt;
	size_t size;

	if (!address)
		return false;
	dsdt = at(tables, address);
	size = acpi_dsdt(machine, dsdt + HEADER_SIZE, ACPI_SIZE - tables->size);
	if (!size)
		return false;
	tables->size += size;
	/* Revision 2: integers have 64 bits (5.2.11.1). */
	set_header(tables, dsdt, "DSDT", HEADER_SIZE + size, 2);
	builder->dsdt = address;
	return true;
}

/* Table 5.9, the members at their offsets. */
static void fill_fadt(uint8_t *fadt, const struct builder *builder,
		      const struct acpi_machine *machine)
{
	set_pointer(builder->tables, fadt + 36, 4, builder->tables->facs);
	set_pointer(builder->tables, fadt + 40, 4, builder->dsdt);
	dev_store(fadt + 46, 2, ACPI_PM_IRQ);
	dev_store(fadt + 56, 4, ACPI_PM_PORT + ACPI_PM_EVENT);
	dev_store(fadt + 64, 4, ACPI_PM_PORT + ACPI_PM_CONTROL);
	dev_store(fadt + 76, 4, ACPI_PM_PORT + ACPI_PM_TIMER);
	fadt[88] = 4;
	fadt[89] = 2;
	fadt[91] = 4;
	/* C2 and C3 are not there (P_LVL2_LAT, P_LVL3_LAT). */
	dev_store(fadt + 96, 2, 0xfff);
	dev_store(fadt + 98, 2, 0xfff);
	fadt[108] = RTC_CENTURY;
	dev_store(fadt + 109, 2,
		  (machine->legacy ? HAS_LEGACY_DEVICES : 0) | HAS_NO_VGA |
			  (machine->pci_interrupts ? 0 : HAS_NO_MSI));
	dev_store(fadt + 112, 4,
		  WBINVD | PROC_C1 | NO_FIXED_POWER | NO_FIXED_SLEEP | TIMER_32_BIT |
			  HAS_RESET_REGISTER);
	set_address(fadt + 116, SPACE_PORT, 1, RESET_CONTROL_PORT);
	fadt[128] = RESET_CONTROL_RESET;
	fadt[131] = 5;
	set_pointer(builder->tables, fadt + 140, 8, builder->dsdt);
	set_address(fadt + 148, SPACE_PORT, 4, ACPI_PM_PORT + ACPI_PM_EVENT);
	set_address(fadt + 172, SPACE_PORT, 2, ACPI_PM_PORT + ACPI_PM_CONTROL);
	set_address(fadt + 208, SPACE_PORT, 4, ACPI_PM_PORT + ACPI_PM_TIMER);
	set_header(builder->tables, fadt, "FACP", FADT_SIZE, 6);
}

static bool add_fadt(struct builder *builder, const struct acpi_machine *machine)
{
	builder->fadt = place(builder->tables, FADT_SIZE, 16);
	if (!builder->fadt)
		return false;
	fill_fadt(at(builder->tables, builder->fadt), builder, machine);
	return true;
}

static uint8_t *add_override(uint8_t *to, uint8_t source, uint32_t gsi, uint16_t flags)
{
	to[0] = TYPE_OVERRIDE;
	to[1] = 10;
	to[3] = source;
	dev_store(to + 4, 4, gsi);
	dev_store(to + 8, 2, flags);
	return to + 10;
}

/* Tables 5.21 to 5.25 and 5.29. */
static void fill_madt(struct acpi_tables *tables, uint8_t *madt, size_t size, unsigned int cpus)
{
	uint8_t *to = madt + MADT_SIZE;
	unsigned int i;

	dev_store(madt + 36, 4, LOCAL_APIC);
	dev_store(madt + 40, 4, HAS_PICS);
	for (i = 0; i < cpus; i++, to += 8) {
		to[0] = TYPE_LOCAL_APIC;
		to[1] = 8;
		to[2] = (uint8_t)i;
		to[3] = (uint8_t)i;
		dev_store(to + 4, 4, CPU_ENABLED);
	}
	to[0] = TYPE_IO_APIC;
	to[1] = 12;
	dev_store(to + 4, 4, IO_APIC);
	to = add_override(to + 12, 0, PIT_GSI, 0);
	to = add_override(to, ACPI_PM_IRQ, ACPI_PM_IRQ, LEVEL_HIGH);
	/* NMI is at LINT1 of every CPU. */
	to[0] = TYPE_NMI;
	to[1] = 6;
	to[2] = 0xff;
	to[5] = 1;
	set_header(tables, madt, "APIC", size, 5);
}

static bool add_madt(struct builder *builder, const struct acpi_machine *machine)
{
	size_t size = MADT_SIZE + machine->cpus * 8ul + 12 + 2 * 10 + 6;

	if (!machine->irqchip)
		return true;
	builder->madt = place(builder->tables, size, 16);
	if (!builder->madt || machine->cpus > 255)
		return false;
	fill_madt(builder->tables, at(builder->tables, builder->madt), size, machine->cpus);
	return true;
}

/* IA-PC HPET Specification 1.0a, 3.2.4, table 3. */
static bool add_hpet(struct builder *builder)
{
	uint8_t *hpet;

	builder->hpet = place(builder->tables, HPET_LENGTH, 16);
	if (!builder->hpet)
		return false;
	hpet = at(builder->tables, builder->hpet);
	dev_store(hpet + 36, 4, HPET_BLOCK_ID);
	set_address(hpet + 40, SPACE_MEMORY, 0, HPET_BASE);
	dev_store(hpet + 53, 2, HPET_TICKS_MIN);
	set_header(builder->tables, hpet, "HPET", HPET_LENGTH, 1);
	return true;
}

/* One unit for all of the PCI bus and the I/O APIC. */
static bool add_dmar(struct builder *builder, const struct acpi_machine *machine)
{
	uint8_t *dmar, *unit;

	if (!machine->iommu)
		return true;
	builder->dmar = place(builder->tables, DMAR_SIZE, 16);
	if (!builder->dmar)
		return false;
	dmar = at(builder->tables, builder->dmar);
	dmar[36] = DMAR_ADDRESS_BITS - 1;
	dmar[37] = DMAR_INTERRUPTS;
	unit = dmar + 48;
	dev_store(unit + 2, 2, DMAR_UNIT);
	unit[4] = DMAR_ALL_OF_PCI;
	dev_store(unit + 8, 8, IOMMU_BASE);
	unit[16] = SCOPE_IO_APIC;
	unit[17] = DMAR_SCOPE;
	unit[21] = SCOPE_BUS;
	set_header(builder->tables, dmar, "DMAR", DMAR_SIZE, 1);
	return true;
}

/* A table of tables, with addresses of 4 or 8 bytes. Returns where it is, 0 for nowhere. */
static uint32_t add_root(struct builder *builder, const char *signature, size_t width)
{
	const uint32_t entries[] = { builder->fadt, builder->madt, builder->hpet, builder->dmar };
	const size_t count = sizeof(entries) / sizeof(entries[0]);
	uint32_t address = place(builder->tables, HEADER_SIZE + count * width, 16);
	size_t size = HEADER_SIZE, i;

	if (!address)
		return 0;
	for (i = 0; i < count; i++) {
		if (!entries[i])
			continue;
		set_pointer(builder->tables, at(builder->tables, address) + size, (uint8_t)width,
			    entries[i]);
		size += width;
	}
	set_header(builder->tables, at(builder->tables, address), signature, size, 1);
	return address;
}

/* Table 5.3. */
static void fill_rsdp(struct acpi_tables *tables, uint8_t *rsdp, uint32_t rsdt, uint32_t xsdt)
{
	put_text(rsdp, "RSD PTR ");
	put_text(rsdp + 9, "RING0 ");
	rsdp[15] = 2;
	set_pointer(tables, rsdp + 16, 4, rsdt);
	dev_store(rsdp + 20, 4, ACPI_RSDP_SIZE);
	set_pointer(tables, rsdp + 24, 8, xsdt);
	set_checksum(tables, rsdp, RSDP_OLD, 8);
	set_checksum(tables, rsdp, ACPI_RSDP_SIZE, 32);
}

int acpi_make(struct acpi_tables *tables, const struct acpi_machine *machine, struct error *error)
{
	struct builder builder = { .tables = tables };
	uint32_t rsdt = 0, xsdt = 0;

	memset(tables, 0, sizeof(*tables));
	tables->rsdp = place(tables, ACPI_RSDP_SIZE, 16);
	if (add_facs(tables) && add_dsdt(&builder, machine) && add_fadt(&builder, machine) &&
	    add_madt(&builder, machine) && add_hpet(&builder) && add_dmar(&builder, machine)) {
		rsdt = add_root(&builder, "RSDT", 4);
		xsdt = add_root(&builder, "XSDT", 8);
	}
	if (!rsdt || !xsdt || tables->fixup_count > ACPI_FIXUPS_MAX)
		return error_set(error, ENOSPC, "the ACPI tables of %u CPUs have no room",
				 machine->cpus);
	fill_rsdp(tables, at(tables, tables->rsdp), rsdt, xsdt);
	return 0;
}
