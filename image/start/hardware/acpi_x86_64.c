/* SPDX-License-Identifier: MIT */
/* Reading ACPI's tables. What they say is taken with care: addresses that are not mapped yet are passed over. */
#include "image/start/hardware/acpi_x86_64.h"
#include <ring0/x86.h>
#include "guest/text/bytes.h"
#include "image/start/hardware/loader_x86_64.h"

struct acpi acpi;

/* What the tables of the start map. */
#define MAPPED (1ull << 32)

#define EBDA_SEGMENT 0x40e /* where a BIOS says where its extended data area is */
#define BIOS_START   0xe0000
#define BIOS_END     0x100000

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
} __attribute__((packed));

struct header {
	char signature[4];
	uint32_t length;
	uint8_t others[28];
};

/* 5.2.9, as far as it is looked at. */
struct fadt {
	struct header header;
	uint32_t facs, dsdt;
	uint8_t others[20];
	uint32_t pm1a_control, pm1b_control;
	uint32_t pm2_control, pm_timer;
	uint8_t more[28];
	uint8_t century;
	uint16_t boot_flags;
	uint8_t reserved;
	uint32_t flags;
	struct acpi_address reset;
	uint8_t reset_value;
	uint16_t arm_flags;
	uint8_t minor;
	uint64_t facs_64, dsdt_64;
	struct acpi_address blocks[8];
	struct acpi_address sleep_control, sleep_status;
} __attribute__((packed));

_Static_assert(__builtin_offsetof(struct fadt, pm1a_control) == 64, "ACPI 6.5, table 5.9");
_Static_assert(__builtin_offsetof(struct fadt, flags) == 112, "ACPI 6.5, table 5.9");
_Static_assert(__builtin_offsetof(struct fadt, sleep_control) == 244, "ACPI 6.5, table 5.9");

#define FADT_RESET_SUPPORTED  (1u << 10)
#define FADT_HARDWARE_REDUCED (1u << 20)

static bool same(const void *a, const void *b, size_t size)
{
	return common_length(a, b, size) == size;
}

static uint8_t sum(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	uint8_t total = 0;

	while (size--)
		total = (uint8_t)(total + *at++);
	return total;
}

/* 5.2.5.1: at a multiple of 16. */
static const struct rsdp *scan(uint64_t from, uint64_t to)
{
	for (; from < to; from += 16) {
		const struct rsdp *rsdp = r0_direct(from);

		if (same(rsdp->signature, "RSD PTR ", 8) && !sum(rsdp, 20))
			return rsdp;
	}
	return NULL;
}

static const struct rsdp *find(void)
{
	uint64_t ebda = (uint64_t) * (const uint16_t *)r0_direct(EBDA_SEGMENT) << 4;
	const struct rsdp *rsdp;

	acpi.found_by = "the boot loader";
	if (loader.has_rsdp_copy)
		return (const struct rsdp *)loader.rsdp_copy;
	if (loader.rsdp && loader.rsdp < MAPPED)
		return r0_direct(loader.rsdp);
	acpi.found_by = "the EBDA";
	rsdp = ebda >= 0x400 && ebda < 0xa0000 ? scan(ebda, ebda + 1024) : NULL;
	if (rsdp)
		return rsdp;
	acpi.found_by = "the BIOS area";
	rsdp = scan(BIOS_START, BIOS_END);
	if (!rsdp)
		acpi.found_by = NULL;
	return rsdp;
}

static uint64_t integer(const uint8_t **at)
{
	const uint8_t *from = *at;

	/* 20.2.3: BytePrefix, WordPrefix, or ZeroOp and OneOp themselves. */
	if (from[0] == 0x0a) {
		*at += 2;
		return from[1];
	}
	if (from[0] == 0x0b) {
		*at += 3;
		return from[1] | (uint64_t)from[2] << 8;
	}
	*at += 1;
	return from[0];
}

/*
 * \_S5_ is a package whose first element is SLP_TYPa (7.4.2): NameOp, or a scope's path before it, then
 * PackageOp, its length of one to four bytes, the number of elements (20.2.5.4).
 */
static void read_soft_off(const struct header *dsdt)
{
	const uint8_t *bytes = (const uint8_t *)dsdt, *at;
	uint32_t i;

	if (!same(dsdt->signature, "DSDT", 4))
		return;
	/* The shortest: name, PackageOp, length, count, and one element. Bochs's is the end of its DSDT. */
	for (i = sizeof(*dsdt); i + 8 <= dsdt->length; i++) {
		if (!same(bytes + i, "_S5_\x12", 5))
			continue;
		at = bytes + i + 5;
		at += (*at >> 6) + 1;
		at++;
		acpi.soft_off = (uint8_t)(integer(&at) & 7);
		acpi.has_soft_off = true;
		return;
	}
}

static void read_fadt(const struct fadt *fadt)
{
	acpi.pm1a_control = (uint16_t)fadt->pm1a_control;
	acpi.pm1b_control = (uint16_t)fadt->pm1b_control;
	acpi.pm_timer = (uint16_t)fadt->pm_timer;
	if (fadt->header.length >= 129 && fadt->flags & FADT_RESET_SUPPORTED) {
		acpi.reset = fadt->reset;
		acpi.reset_value = fadt->reset_value;
	}
	if (fadt->header.length >= __builtin_offsetof(struct fadt, sleep_status) &&
	    fadt->flags & FADT_HARDWARE_REDUCED)
		acpi.sleep_control = fadt->sleep_control;
	if (fadt->dsdt)
		read_soft_off(r0_direct(fadt->dsdt));
}

/* 5.2.12. Xen's has entries of x2APICs alone. */
static void read_madt(const struct header *madt)
{
	const uint8_t *at = (const uint8_t *)madt + sizeof(*madt) + 8;
	const uint8_t *end = (const uint8_t *)madt + madt->length;

	for (; at + 2 <= end && at[1]; at += at[1]) {
		const uint32_t *words = (const uint32_t *)at;

		if (at[0] == 0 && words[1] & 1 && acpi.cpu_count < ACPI_CPUS)
			acpi.cpus[acpi.cpu_count++] = at[3];
		if (at[0] == 9 && words[2] & 1 && acpi.cpu_count < ACPI_CPUS)
			acpi.cpus[acpi.cpu_count++] = words[1];
		if (at[0] == 1 && words[2] == 0)
			acpi.ioapic = words[1];
	}
}

/* Microsoft's Serial Port Console Redirection Table, version 1.08. */
static void read_spcr(const struct header *spcr)
{
	const uint8_t *bytes = (const uint8_t *)spcr;
	const struct acpi_address *base = (const struct acpi_address *)(bytes + 40);
	uint8_t type = bytes[36];

	/* Fully 16550-compatible, its subset, or one by the parameters of the address. */
	if ((type != 0 && type != 1 && type != 0x12) || !base->address)
		return;
	acpi.console = (struct serial_port){
		.is_memory = base->space == ACPI_SPACE_MEMORY,
		.base = base->address,
		.shift = base->space == ACPI_SPACE_MEMORY && base->width == 32 ? 2 : 0,
	};
	acpi.has_console = base->address < MAPPED;
}

static void read_table(uint64_t at)
{
	const struct header *header = r0_direct(at);

	if (!at || at >= MAPPED)
		return;
	if (same(header->signature, "FACP", 4))
		read_fadt((const struct fadt *)header);
	else if (same(header->signature, "APIC", 4))
		read_madt(header);
	else if (same(header->signature, "SPCR", 4))
		read_spcr(header);
	else if (same(header->signature, "HPET", 4))
		acpi.hpet = *(const uint64_t *)((const char *)header + 44);
}

void acpi_read(void)
{
	const struct rsdp *rsdp = find();
	const struct header *root;
	uint64_t at, i, count;
	bool wide;

	if (!rsdp)
		return;
	/* 5.2.8: where there is an XSDT, the RSDT is not looked at. */
	wide = rsdp->revision >= 2 && rsdp->xsdt && rsdp->xsdt < MAPPED;
	at = wide ? rsdp->xsdt : rsdp->rsdt;
	root = r0_direct(at);
	if (!at || root->length < sizeof(*root))
		return;
	count = (root->length - sizeof(*root)) / (wide ? 8 : 4);
	for (i = 0; i < count; i++) {
		const void *entries = root + 1;

		at = ((const uint32_t *)entries)[i * (wide ? 2 : 1)];
		if (wide)
			at |= (uint64_t)((const uint32_t *)entries)[i * 2 + 1] << 32;
		read_table(at);
	}
}

void acpi_write(const struct acpi_address *at, uint8_t value)
{
	if (!at->address)
		return;
	if (at->space == ACPI_SPACE_PORTS)
		r0_out8((uint16_t)at->address, value);
	else if (at->space == ACPI_SPACE_MEMORY && at->address < MAPPED)
		*(volatile uint8_t *)r0_direct(at->address) = value;
}
