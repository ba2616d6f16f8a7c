/* SPDX-License-Identifier: MIT */
/* The PCI bus (PCI Local Bus Specification 3.0) and its device for tests. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "devices/pci/pci_testdev.h"

#define TESTDEV 0x800u /* device 1 */

static struct bus bus;
static struct pci pci;
static struct pci_testdev testdev;

static int make(void **state)
{
	(void)state;
	bus_init(&bus);
	pci_init(&pci);
	pci_testdev_init(&testdev);
	return pci_add(&pci, &bus, NULL) || pci_testdev_add(&testdev, &pci, NULL);
}

static uint64_t read(enum bus_space space, uint64_t address, size_t size)
{
	uint64_t value = UINT64_MAX >> (64 - 8 * size);

	bus_read(&bus, space, address, &value, size);
	return value;
}

static void write(enum bus_space space, uint64_t address, uint64_t value, size_t size)
{
	bus_write(&bus, space, address, &value, size);
}

static uint32_t config(uint32_t address)
{
	write(BUS_PORT, 0xcf8, 0x80000000 | address, 4);
	return (uint32_t)read(BUS_PORT, 0xcfc, 4);
}

static void set_config(uint32_t address, uint32_t value, size_t size)
{
	write(BUS_PORT, 0xcf8, 0x80000000 | (address & ~3u), 4);
	write(BUS_PORT, 0xcfc + (address & 3), value, size);
}

static void bus_holds_the_bridge_and_the_device(void **state)
{
	uint32_t device;

	(void)state;
	assert_int_equal(config(0), 0x00081b36);
	assert_int_equal(config(8), 0x06000000);
	assert_int_equal(config(TESTDEV), 0x00051b36);
	assert_int_equal(config(TESTDEV + 8), 0x00ff0000);
	for (device = 2; device < 32; device++)
		assert_int_equal(config(device << 11), 0xffffffff);
	/* Other functions and other buses. */
	assert_int_equal(config(0x100), 0xffffffff);
	assert_int_equal(config(0x10000), 0xffffffff);
	/* Beyond the header; no capabilities, no interrupt. */
	assert_int_equal(config(0x40), 0);
	assert_int_equal(config(TESTDEV + 0xfc), 0);
	assert_int_equal(config(TESTDEV + 0x34), 0);
	assert_int_equal(config(TESTDEV + 0x3c), 0);
}

/* 3.2.2.3.2: only a double word is an address, and only with bit 31 there is an access. */
static void address_register(void **state)
{
	(void)state;
	write(BUS_PORT, 0xcf8, 0xffffffff, 4);
	assert_int_equal(read(BUS_PORT, 0xcf8, 4), 0x80fffffc);
	write(BUS_PORT, 0xcf8, 0, 4);
	assert_int_equal(read(BUS_PORT, 0xcfc, 4), 0xffffffff);
	write(BUS_PORT, 0xcf8, 0x80000000, 2);
	write(BUS_PORT, 0xcf8, 0x80, 1);
	assert_int_equal(read(BUS_PORT, 0xcf8, 4), 0);
	assert_int_equal(read(BUS_PORT, 0xcf8, 1), 0xff);
	/* Parts of a register. */
	config(0);
	assert_int_equal(read(BUS_PORT, 0xcfc, 2), 0x1b36);
	assert_int_equal(read(BUS_PORT, 0xcfe, 2), 0x0008);
	assert_int_equal(read(BUS_PORT, 0xcfd, 1), 0x1b);
	assert_int_equal(read(BUS_PORT, 0xcff, 1), 0x00);
	/* And with a register's whole number, as in QEMU, which reads back without. */
	write(BUS_PORT, 0xcf8, 0x80000002, 4);
	assert_int_equal(read(BUS_PORT, 0xcf8, 4), 0x80000000);
	assert_int_equal(read(BUS_PORT, 0xcfc, 2), 0x0008);
	write(BUS_PORT, 0xcf8, 0x8000003d | TESTDEV, 4);
	write(BUS_PORT, 0xcfc, 0x77, 1);
	assert_int_equal(config(TESTDEV + 0x3c), 0);
	write(BUS_PORT, 0xcf8, 0x80000005 | TESTDEV, 4);
	write(BUS_PORT, 0xcfc, 5, 1);
	assert_int_equal(config(TESTDEV + 4), 0x503);
}

static void base_addresses_are_sized_and_moved(void **state)
{
	(void)state;
	assert_int_equal(config(TESTDEV + 0x10), PCI_MEMORY_FIRST);
	assert_int_equal(config(TESTDEV + 0x14), PCI_PORTS_FIRST | 1);
	assert_int_equal(config(TESTDEV + 0x18), 0);
	set_config(TESTDEV + 0x10, 0xffffffff, 4);
	assert_int_equal(config(TESTDEV + 0x10), 0xfffff000);
	set_config(TESTDEV + 0x14, 0xffffffff, 4);
	assert_int_equal(config(TESTDEV + 0x14), 0xffffff01);
	set_config(TESTDEV + 0x18, 0xffffffff, 4);
	assert_int_equal(config(TESTDEV + 0x18), 0);

	set_config(TESTDEV + 0x10, 0xe8000000, 4);
	assert_int_equal(read(BUS_MEMORY, 0xe8000001, 1), 0);
	assert_int_equal(read(BUS_MEMORY, PCI_MEMORY_FIRST + 1, 1), 0xff);
	/* A byte of it. */
	set_config(TESTDEV + 0x13, 0xe9, 1);
	assert_int_equal(config(TESTDEV + 0x10), 0xe9000000);
	/* The bridge has none. */
	set_config(0x10, 0xffffffff, 4);
	assert_int_equal(config(0x10), 0);
	/* Where the window does not reach, nothing answers. */
	set_config(TESTDEV + 0x10, 0xd0000000, 4);
	assert_int_equal(read(BUS_MEMORY, 0xd0000001, 1), 0xff);
}

static void command_turns_decoding_off(void **state)
{
	(void)state;
	assert_int_equal(config(TESTDEV + 4), 3);
	assert_int_equal(read(BUS_MEMORY, PCI_MEMORY_FIRST + 1, 1), 0);
	assert_int_equal(read(BUS_PORT, PCI_PORTS_FIRST + 1, 1), 0);
	set_config(TESTDEV + 4, 1, 2);
	assert_int_equal(read(BUS_MEMORY, PCI_MEMORY_FIRST + 1, 1), 0xff);
	assert_int_equal(read(BUS_PORT, PCI_PORTS_FIRST + 1, 1), 0);
	set_config(TESTDEV + 4, 2, 2);
	assert_int_equal(read(BUS_MEMORY, PCI_MEMORY_FIRST + 1, 1), 0);
	assert_int_equal(read(BUS_PORT, PCI_PORTS_FIRST + 1, 1), 0xff);
	set_config(TESTDEV + 4, 0xffffffff, 4);
	assert_int_equal(config(TESTDEV + 4), 0x0547);
	/* Identity can't be written; two scratch registers can. */
	set_config(TESTDEV, 0, 4);
	set_config(TESTDEV + 8, 0, 4);
	assert_int_equal(config(TESTDEV), 0x00051b36);
	assert_int_equal(config(TESTDEV + 8), 0x00ff0000);
	set_config(TESTDEV + 0x3c, 0xffffff0b, 4);
	assert_int_equal(config(TESTDEV + 0x3c), 0x0b);
	set_config(TESTDEV + 0xc, 0xffffff10, 4);
	assert_int_equal(config(TESTDEV + 0xc), 0x10);
}

static void tests_count_writes(void **state)
{
	static const struct {
		enum bus_space space;
		uint64_t at;
		uint32_t offset;
		const char *prefix;
	} bars[] = {
		{ BUS_MEMORY, PCI_MEMORY_FIRST, 0x800, "mmio-" },
		{ BUS_PORT, PCI_PORTS_FIRST, 0x80, "portio-" },
	};
	unsigned int i, test, j;
	char name[8];

	(void)state;
	for (i = 0; i < 2; i++)
		for (test = 0; test < 3; test++) {
			enum bus_space space = bars[i].space;
			uint64_t at = bars[i].at;
			uint32_t data;

			write(space, at, test, 1);
			assert_int_equal(read(space, at, 1), test);
			assert_int_equal(read(space, at + 1, 1), 1);
			assert_int_equal(read(space, at + 4, 4), bars[i].offset + test);
			for (j = 0; j < strlen(bars[i].prefix); j++)
				name[j] = (char)read(space, at + 16 + j, 1);
			name[j] = '\0';
			assert_string_equal(name, bars[i].prefix);
			data = (uint32_t)read(space, at + 8, 4);
			for (j = 0; j < 5; j++)
				write(space, at + bars[i].offset + test, data, 1);
			assert_int_equal(read(space, at + 12, 4), 5);
			/* Elsewhere, another width, other data. */
			write(space, at + bars[i].offset + test + 1, data, 1);
			assert_int_equal(read(space, at + 12, 4), 5);
			write(space, at + bars[i].offset + test, data, 2);
			write(space, at + bars[i].offset + test, data + 1, 1);
			assert_int_equal(read(space, at + 12, 4), test == 2 ? 5 : 7);
		}
	/* The other base address is none of the test's, and there are three tests. */
	write(BUS_MEMORY, PCI_MEMORY_FIRST, 0, 1);
	write(BUS_PORT, PCI_PORTS_FIRST + 0x80, 0xce, 1);
	assert_int_equal(read(BUS_MEMORY, PCI_MEMORY_FIRST + 12, 4), 0);
	write(BUS_MEMORY, PCI_MEMORY_FIRST, 3, 1);
	assert_int_equal(read(BUS_MEMORY, PCI_MEMORY_FIRST + 1, 1), 0);
	assert_int_equal(read(BUS_MEMORY, PCI_MEMORY_FIRST + 0xff8, 8), 0);
}

static void room_for_four(void **state)
{
	const struct pci_function function = { .vendor = 0x1b36 };

	(void)state;
	assert_int_equal(pci_add_function(&pci, &function, NULL), 0);
	assert_int_equal(pci_add_function(&pci, &function, NULL), 0);
	assert_int_equal(pci_add_function(&pci, &function, NULL), -28);
	assert_int_equal(config(3 << 11), 0x1b36);
}

static void snapshot(void **state)
{
	static uint8_t saved[sizeof(struct pci_registers) + sizeof(struct pci_testdev_registers)];

	(void)state;
	assert_int_equal(bus_state_size(&bus), sizeof(saved));
	set_config(TESTDEV + 0x10, 0xe8000000, 4);
	write(BUS_MEMORY, 0xe8000000, 1, 1);
	write(BUS_MEMORY, 0xe8000801, 1, 1);
	bus_save(&bus, saved);
	bus_reset(&bus);
	assert_int_equal(config(TESTDEV + 0x10), PCI_MEMORY_FIRST);
	assert_int_equal(read(BUS_MEMORY, PCI_MEMORY_FIRST + 12, 4), 0);
	bus_restore(&bus, saved);
	assert_int_equal(config(TESTDEV + 0x10), 0xe8000000);
	assert_int_equal(read(BUS_MEMORY, 0xe8000000 + 12, 4), 1);
	memset(saved, 0xff, sizeof(saved));
	bus_restore(&bus, saved);
	assert_int_equal(config(TESTDEV + 0x10), 0xfffff000);
	assert_int_equal(config(TESTDEV + 0x18), 0);
	set_config(TESTDEV + 0x14, PCI_PORTS_FIRST, 4);
	assert_int_equal(read(BUS_PORT, PCI_PORTS_FIRST + 1, 1), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(bus_holds_the_bridge_and_the_device, make),
		cmocka_unit_test_setup(address_register, make),
		cmocka_unit_test_setup(base_addresses_are_sized_and_moved, make),
		cmocka_unit_test_setup(command_turns_decoding_off, make),
		cmocka_unit_test_setup(tests_count_writes, make),
		cmocka_unit_test_setup(room_for_four, make),
		cmocka_unit_test_setup(snapshot, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
