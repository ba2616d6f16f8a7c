/* SPDX-License-Identifier: MIT */
/* The ACPI tables and the AML in them, byte by byte where the ACPI Specification (6.5) says so. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "acpi/acpi.h"
#include "acpi/aml.h"
#include "acpi/linker.h"
#include "devices/bus.h"

static const struct acpi_machine usual = {
	.cpus = 3,
	.irqchip = true,
	.legacy = true,
	.fw_cfg = true,
	.virtio = { { 0xc0001000, 0x1000, 6 } },
	.virtio_count = 1,
};

static struct acpi_tables tables;

static const uint8_t *at(uint64_t address)
{
	assert_true(address >= ACPI_AT && address < ACPI_AT + tables.size);
	return tables.bytes + (address - ACPI_AT);
}

static void make(const struct acpi_machine *machine)
{
	assert_int_equal(acpi_make(&tables, machine, NULL), 0);
}

static void assert_sum(const uint8_t *bytes, size_t size)
{
	uint8_t sum = 0;

	while (size--)
		sum += *bytes++;
	assert_int_equal(sum, 0);
}

/* The table with that signature, by the XSDT; NULL if there is none. The RSDT has to agree. */
static const uint8_t *find(const char *signature)
{
	const uint8_t *rsdp = at(tables.rsdp), *rsdt = at(dev_load(rsdp + 16, 4));
	const uint8_t *xsdt = at(dev_load(rsdp + 24, 8)), *table, *found = NULL;
	size_t count = (dev_load(xsdt + 4, 4) - 36) / 8, i;

	assert_memory_equal(rsdt, "RSDT", 4);
	assert_memory_equal(xsdt, "XSDT", 4);
	assert_int_equal((dev_load(rsdt + 4, 4) - 36) / 4, count);
	for (i = 0; i < count; i++) {
		assert_true(dev_load(rsdt + 36 + 4 * i, 4) == dev_load(xsdt + 36 + 8 * i, 8));
		table = at(dev_load(xsdt + 36 + 8 * i, 8));
		assert_sum(table, dev_load(table + 4, 4));
		if (!memcmp(table, signature, 4))
			found = table;
	}
	assert_sum(rsdt, dev_load(rsdt + 4, 4));
	assert_sum(xsdt, dev_load(xsdt + 4, 4));
	return found;
}

static void rsdp_is_found(void **state)
{
	const uint8_t *rsdp;

	(void)state;
	make(&usual);
	assert_int_equal(tables.rsdp % 16, 0);
	assert_true(tables.rsdp >= 0xe0000 && tables.rsdp < 0x100000);
	rsdp = at(tables.rsdp);
	assert_memory_equal(rsdp, "RSD PTR ", 8);
	assert_sum(rsdp, 20);
	assert_sum(rsdp, 36);
	assert_int_equal(rsdp[15], 2);
	assert_int_equal(dev_load(rsdp + 20, 4), 36);
}

static void fadt(void **state)
{
	const uint8_t *fadt, *dsdt, *facs;

	(void)state;
	make(&usual);
	fadt = find("FACP");
	assert_non_null(fadt);
	assert_int_equal(dev_load(fadt + 4, 4), 276);
	assert_int_equal(fadt[8], 6);
	/* The FACS once, the DSDT twice the same (5.2.9). */
	assert_int_equal(dev_load(fadt + 36, 4), tables.facs);
	assert_true(dev_load(fadt + 132, 8) == 0);
	assert_true(dev_load(fadt + 40, 4) == dev_load(fadt + 140, 8));
	facs = at(tables.facs);
	assert_int_equal(tables.facs % 64, 0);
	assert_memory_equal(facs, "FACS\x40\0\0\0\0\0\0\0\0\0\0\0", 16);
	dsdt = at(dev_load(fadt + 40, 4));
	assert_memory_equal(dsdt, "DSDT", 4);
	assert_sum(dsdt, dev_load(dsdt + 4, 4));
	/* SCI, no SMI port, the fixed hardware's ports, their sizes, the century. */
	assert_int_equal(dev_load(fadt + 46, 2), 9);
	assert_int_equal(dev_load(fadt + 48, 4), 0);
	assert_int_equal(dev_load(fadt + 56, 4), 0xb000);
	assert_int_equal(dev_load(fadt + 64, 4), 0xb004);
	assert_int_equal(dev_load(fadt + 76, 4), 0xb008);
	assert_memory_equal(fadt + 88, "\4\2\0\4", 4);
	assert_int_equal(fadt[108], 0x32);
	assert_int_equal(dev_load(fadt + 109, 2), 0x0d);
	assert_int_equal(dev_load(fadt + 112, 4), 0x535);
	/* Generic addresses: space, width, offset, access, address (5.2.3.2). */
	assert_memory_equal(fadt + 116, "\1\x08\0\1\xf9\x0c\0\0\0\0\0\0\6", 13);
	assert_memory_equal(fadt + 148, "\1\x20\0\3\0\xb0\0\0\0\0\0\0", 12);
	assert_memory_equal(fadt + 172, "\1\x10\0\2\4\xb0\0\0\0\0\0\0", 12);
	assert_memory_equal(fadt + 208, "\1\x20\0\3\x08\xb0\0\0\0\0\0\0", 12);
}

static void madt(void **state)
{
	static const uint8_t entries[] = {
		0, 8,  0,    0, 1, 0, 0,    0,		       /* local APICs */
		0, 8,  1,    1, 1, 0, 0,    0,		       /* */
		0, 8,  2,    2, 1, 0, 0,    0,		       /* */
		1, 12, 0,    0, 0, 0, 0xc0, 0xfe, 0,  0, 0, 0, /* I/O APIC */
		2, 10, 0,    0, 2, 0, 0,    0,	  0,  0,       /* the PIT's */
		2, 10, 0,    9, 9, 0, 0,    0,	  13, 0,       /* the SCI */
		4, 6,  0xff, 0, 0, 1,			       /* NMI */
	};
	struct acpi_machine machine = usual;
	const uint8_t *madt;

	(void)state;
	make(&usual);
	madt = find("APIC");
	assert_non_null(madt);
	assert_int_equal(dev_load(madt + 4, 4), 44 + sizeof(entries));
	assert_int_equal(dev_load(madt + 36, 4), 0xfee00000);
	assert_int_equal(dev_load(madt + 40, 4), 1);
	assert_memory_equal(madt + 44, entries, sizeof(entries));
	machine.irqchip = false;
	make(&machine);
	assert_null(find("APIC"));
	assert_non_null(find("HPET"));
}

static void hpet(void **state)
{
	const uint8_t *hpet;

	(void)state;
	make(&usual);
	hpet = find("HPET");
	assert_non_null(hpet);
	assert_int_equal(dev_load(hpet + 4, 4), 56);
	assert_int_equal(dev_load(hpet + 36, 4), 0x8086a201);
	assert_memory_equal(hpet + 40, "\0\0\0\0\0\0\xd0\xfe\0\0\0\0", 12);
}

static void room(void **state)
{
	struct acpi_machine machine = usual;
	struct error error = { "" };
	uint8_t bytes[512];

	(void)state;
	machine.cpus = 255;
	make(&machine);
	assert_true(tables.size <= ACPI_SIZE);
	machine.cpus = 256;
	assert_int_equal(acpi_make(&tables, &machine, &error), -28);
	assert_non_null(strstr(error.text, "256 CPUs"));
	machine.cpus = 10000;
	assert_int_equal(acpi_make(&tables, &machine, NULL), -28);
	assert_int_equal(acpi_dsdt(&usual, bytes, sizeof(bytes)), 0);
}

/* 20.2: terms, each with the bytes that the grammar has for it. */
static void aml_terms(void **state)
{
	static const uint8_t expected[] = {
		0x08, '_',  'U',  'I', 'D', 0x00,					    /* */
		0x08, 'A',  '_',  '_', '_', 0x01,					    /* */
		0x08, 'B',  '_',  '_', '_', 0x0a, 0xff,					    /* */
		0x08, 'C',  '_',  '_', '_', 0x0b, 0x00, 0x01,				    /* */
		0x08, 'D',  '_',  '_', '_', 0x0c, 0x78, 0x56, 0x34, 0x12,		    /* */
		0x08, 'E',  '_',  '_', '_', 0x0e, 0,	0,    0,    0,	  1,	0,    0, 0, /* */
		0x08, 'F',  '_',  '_', '_', 0x0d, 'h',	'i',  0,			    /* */
		0x08, '_',  'H',  'I', 'D', 0x0c, 0x41, 0xd0, 0x05, 0x01,	      /* PNP0501 */
		0x08, '\\', '_',  'S', '5', '_',  0x12, 0x05, 0x02, 0x00, 0x0a, 0x05, /* */
		0x10, 0x0d, '\\', '_', 'S', 'B',  '_', /* a scope with a device */
		0x5b, 0x82, 0x05, 'D', 'E', 'V',  '_', /* */
	};
	uint8_t bytes[256];
	struct aml aml;

	(void)state;
	aml_init(&aml, bytes, sizeof(bytes));
	aml_name(&aml, "_UID");
	aml_integer(&aml, 0);
	aml_name(&aml, "A");
	aml_integer(&aml, 1);
	aml_name(&aml, "B");
	aml_integer(&aml, 255);
	aml_name(&aml, "C");
	aml_integer(&aml, 256);
	aml_name(&aml, "D");
	aml_integer(&aml, 0x12345678);
	aml_name(&aml, "E");
	aml_integer(&aml, 1ull << 32);
	aml_name(&aml, "F");
	aml_string(&aml, "hi");
	aml_name(&aml, "_HID");
	aml_eisa_id(&aml, "PNP0501");
	aml_name(&aml, "\\_S5");
	aml_package(&aml, 2);
	aml_integer(&aml, 0);
	aml_integer(&aml, 5);
	aml_end(&aml);
	aml_scope(&aml, "\\_SB");
	aml_device(&aml, "DEV");
	aml_end(&aml);
	aml_end(&aml);
	assert_false(aml.overflows);
	assert_int_equal(aml.length, sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
}

/* 20.2.4: a length includes its own bytes. */
static void aml_lengths(void **state)
{
	static const struct {
		size_t content; /* with the scope's name of five bytes */
		uint8_t length[4];
		size_t size;
	} cases[] = {
		{ 62, { 0x3f }, 1 },
		{ 63, { 0x41, 0x04 }, 2 },
		{ 4093, { 0x4f, 0xff }, 2 },
		{ 4094, { 0x81, 0x00, 0x01 }, 3 },
		{ 70000, { 0x83, 0x17, 0x11 }, 3 },
	};
	static uint8_t bytes[80000];
	static char text[80000];
	struct aml aml;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		memset(text, 'x', sizeof(text));
		text[cases[i].content - 5 - 2] = '\0';
		aml_init(&aml, bytes, sizeof(bytes));
		aml_scope(&aml, "\\_SB");
		aml_string(&aml, text);
		aml_end(&aml);
		assert_false(aml.overflows);
		assert_memory_equal(bytes + 1, cases[i].length, cases[i].size);
		assert_int_equal(aml.length, 1 + cases[i].size + cases[i].content);
		assert_int_equal(bytes[1 + cases[i].size], '\\');
	}
}

/* 6.4.2 and 6.4.3. */
static void aml_descriptors(void **state)
{
	static const uint8_t expected[] = {
		0x11, 0x41, 0x06, 0x0b, 0x5c, 0x00,		/* the buffer, and its size */
		0x47, 0x01, 0xf8, 0x03, 0xf8, 0x03, 0x01, 0x08, /* ports */
		0x22, 0x10, 0x00,				/* an interrupt */
		0x86, 0x09, 0x00, 0x01, 0x00, 0x00, 0xd0, 0xfe, 0x00, 0x04, 0x00, 0x00, /* */
		0x89, 0x06, 0x00, 0x01, 0x01, 0x05, 0x00, 0x00, 0x00,			/* */
		0x88, 0x0d, 0x00, 0x02, 0x0c, 0x00, 0,	  0,	0,    0,    0,	  0,
		0,    0,    1,	  0, /* */
		0x88, 0x0d, 0x00, 0x01, 0x0c, 0x03, 0,	  0,	0x00, 0xc0, 0xff, 0xff,
		0,    0,    0x00, 0x40, 0x87, 0x17, 0x00, 0x00, 0x0c, 0x01, 0,	  0,
		0,    0,    0,	  0,	0,    0xe0,					/* memory */
		0xff, 0xff, 0xff, 0xef, 0,    0,    0,	  0,	0,    0,    0,	  0x10, /* */
		0x79, 0x00, /* the end */
	};
	uint8_t bytes[256];
	struct aml aml;

	(void)state;
	aml_init(&aml, bytes, sizeof(bytes));
	aml_resources(&aml);
	aml_ports(&aml, 0x3f8, 8);
	aml_irq(&aml, 4);
	aml_memory(&aml, 0xfed00000, 0x400);
	aml_interrupt(&aml, 5);
	aml_bridge_buses(&aml, 0, 1);
	aml_bridge_ports(&aml, 0xc000, 0x4000);
	aml_bridge_memory(&aml, 0xe0000000, 0x10000000);
	aml_resources_end(&aml);
	assert_false(aml.overflows);
	assert_int_equal(aml.length, sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
}

static void aml_has_no_room(void **state)
{
	uint8_t bytes[64];
	struct aml aml;
	size_t capacity;
	unsigned int i;

	(void)state;
	for (capacity = 0; capacity < sizeof(bytes); capacity++) {
		memset(bytes, 0x55, sizeof(bytes));
		aml_init(&aml, bytes, capacity);
		aml_device(&aml, "DEV");
		aml_name(&aml, "_CRS");
		aml_resources(&aml);
		aml_ports(&aml, 0x3f8, 8);
		aml_irq(&aml, 4);
		aml_resources_end(&aml);
		aml_end(&aml);
		assert_int_equal(aml.overflows, capacity < 30);
		for (i = capacity; i < sizeof(bytes); i++)
			assert_int_equal(bytes[i], 0x55);
	}
	/* What is not well nested, and no identity. */
	aml_init(&aml, bytes, sizeof(bytes));
	aml_end(&aml);
	assert_true(aml.overflows);
	aml_init(&aml, bytes, sizeof(bytes));
	for (i = 0; i <= AML_DEPTH; i++)
		aml_package(&aml, 1);
	assert_true(aml.overflows);
	aml_init(&aml, bytes, sizeof(bytes));
	aml_eisa_id(&aml, "PNP05010");
	assert_true(aml.overflows);
}

/* What firmware does with the files: the tables at one place, the RSDP at another. */
static struct acpi_files files;

static uint8_t *file(const uint8_t *name, size_t *size)
{
	if (!strcmp((const char *)name, ACPI_RSDP_FILE)) {
		*size = sizeof(files.rsdp);
		return files.rsdp;
	}
	assert_string_equal(name, ACPI_TABLES_FILE);
	*size = files.tables_size;
	return files.tables;
}

static void carry_out(const uint8_t *command, uint64_t tables_at, unsigned int *allocated)
{
	size_t size, at;
	uint8_t *to = file(command + 4, &size);

	switch (dev_load(command, 4)) {
	case 1:
		/* The RSDP below 1 MiB, aligned as it has to be; the tables as the FACS wants it. */
		assert_int_equal(dev_load(command + 60, 4), to == files.rsdp ? 16 : 64);
		assert_int_equal(command[64], to == files.rsdp ? 2 : 1);
		++*allocated;
		break;
	case 2:
		assert_string_equal(command + 60, ACPI_TABLES_FILE);
		at = dev_load(command + 116, 4);
		assert_true(at + command[120] <= size);
		assert_true(dev_load(to + at, command[120]) < files.tables_size);
		dev_store(to + at, command[120], dev_load(to + at, command[120]) + tables_at);
		break;
	case 3:
		at = dev_load(command + 60, 4);
		assert_true(at < size);
		assert_true(dev_load(command + 64, 4) + dev_load(command + 68, 4) <= size);
		to[at] = 0;
		for (size = 0; size < dev_load(command + 68, 4); size++)
			if (dev_load(command + 64, 4) + size != at)
				to[at] -= to[dev_load(command + 64, 4) + size];
		break;
	default:
		fail();
	}
}

static void firmware_places_them(void **state)
{
	const uint64_t elsewhere = 0x7ff0000;
	const uint8_t *xsdt, *table;
	unsigned int allocated = 0, found = 0;
	size_t i;

	(void)state;
	make(&usual);
	acpi_files_make(&files, &tables);
	assert_int_equal(files.commands_size % 128, 0);
	for (i = 0; i < files.commands_size; i += 128)
		carry_out(files.commands + i, elsewhere, &allocated);
	assert_int_equal(allocated, 2);
	assert_memory_equal(files.rsdp, "RSD PTR ", 8);
	assert_sum(files.rsdp, 20);
	assert_sum(files.rsdp, 36);
	xsdt = files.tables + dev_load(files.rsdp + 24, 8) - elsewhere;
	assert_memory_equal(xsdt, "XSDT", 4);
	assert_memory_equal(files.tables + dev_load(files.rsdp + 16, 4) - elsewhere, "RSDT", 4);
	assert_sum(xsdt, dev_load(xsdt + 4, 4));
	for (i = 36; i < dev_load(xsdt + 4, 4); i += 8) {
		table = files.tables + dev_load(xsdt + i, 8) - elsewhere;
		assert_sum(table, dev_load(table + 4, 4));
		found++;
		if (memcmp(table, "FACP", 4))
			continue;
		assert_memory_equal(files.tables + dev_load(table + 36, 4) - elsewhere, "FACS", 4);
		assert_int_equal(dev_load(table + 36, 4) % 64, 0);
		assert_memory_equal(files.tables + dev_load(table + 40, 4) - elsewhere, "DSDT", 4);
		assert_true(dev_load(table + 140, 8) == dev_load(table + 40, 4));
	}
	assert_int_equal(found, 3);
}

/* VT-d 3.3, 8.1 to 8.3; 6.2.13. */
static void iommu_and_interrupts_of_pci(void **state)
{
	struct acpi_machine machine = usual;
	const uint8_t *dmar, *fadt;
	size_t without;

	(void)state;
	make(&usual);
	assert_null(find("DMAR"));
	fadt = find("FACP");
	assert_int_equal(dev_load(fadt + 109, 2) & 8, 8);
	without = tables.size;
	machine.iommu = machine.pci_interrupts = true;
	make(&machine);
	assert_int_equal(dev_load(find("FACP") + 109, 2) & 8, 0);
	dmar = find("DMAR");
	assert_non_null(dmar);
	assert_int_equal(dev_load(dmar + 4, 4), 72);
	assert_int_equal(dmar[36], 38);
	assert_int_equal(dmar[37], 1);
	/* A unit for all of PCI, and the I/O APIC of number 0. */
	assert_int_equal(dev_load(dmar + 48, 8), 24 << 16 | 1ull << 32);
	assert_true(dev_load(dmar + 56, 8) == 0xfed90000);
	assert_int_equal(dev_load(dmar + 64, 8), 3 | 8 << 8 | 0xffull << 40);
	/* _PRT: each device's INTA# at input 10. */
	assert_true(tables.size > without + 72);
	assert_non_null(memmem(tables.bytes, tables.size, "\x08_PRT\x12", 6));
	assert_non_null(
		memmem(tables.bytes, tables.size, "\x04\x0c\xff\xff\x02\x00\x00\x00\x0a\x0a", 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rsdp_is_found),
		cmocka_unit_test(fadt),
		cmocka_unit_test(madt),
		cmocka_unit_test(hpet),
		cmocka_unit_test(room),
		cmocka_unit_test(firmware_places_them),
		cmocka_unit_test(iommu_and_interrupts_of_pci),
		cmocka_unit_test(aml_terms),
		cmocka_unit_test(aml_lengths),
		cmocka_unit_test(aml_descriptors),
		cmocka_unit_test(aml_has_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
