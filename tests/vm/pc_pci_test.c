/* SPDX-License-Identifier: MIT */
/* A PC's PCI bus on a real KVM: interrupts of its devices, their accesses to memory, and the IOMMU. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/vm/pc_fixture.h"

/* The PCI device for education, at device 2. */
#define EDU 0xe0100000ull

static void pci_config(uint32_t offset, uint32_t value)
{
	add(OUT4, 0xcf8, 0x80001000 | offset);
	add(OUT4, 0xcfc, value);
}

static void copy_by_edu(uint32_t from, uint32_t to, uint32_t command)
{
	add(WRITE, EDU + 0x80, from);
	add(WRITE, EDU + 0x88, to);
	add(WRITE, EDU + 0x90, 4);
	add(WRITE, EDU + 0x98, command);
}

/* Its line, which is that of all of PCI; messages; its accesses to memory. */
static void pci_interrupts(void **state)
{
	struct r0_vm *vm = boot_pc(true);
	unsigned int quiet, identity, copied;

	(void)state;
	pci_config(4, 6);
	identity = add(READ, EDU, 0);
	route(10, 0x45, true);
	quiet = add(READ, irr(0x45), 0);
	add(WRITE, EDU + 0x60, 1);
	add(WAIT, irr(0x45), 0);
	add(WRITE, EDU + 0x64, 1);
	pci_config(0x44, 0xfee00000);
	pci_config(0x4c, 0x4071);
	pci_config(0x40, 0x00010000);
	add(WRITE, EDU + 0x60, 2);
	add(WAIT, irr(0x71), 0);
	add(WRITE, 0x300000, 0x12345678);
	copy_by_edu(0x300000, 0x40010, 1);
	copy_by_edu(0x40010, 0x300100, 3);
	copied = add(READ, 0x300100, 0);
	run_to_the_end(vm);
	assert_int_equal(script[identity].value, 0x010000ed);
	assert_int_equal(script[quiet].value, 0);
	assert_int_equal(script[copied].value, 0x12345678);
	r0_vm_destroy(vm);
}

#define IOMMU	     0xfed90000ull
#define IOMMU_TABLES 0x310000ull /* root, contexts, three levels, interrupts: a page each */

static void put(struct r0_vm *vm, uint64_t address, uint64_t value)
{
	struct r0_error error = { "" };

	check(r0_vm_write(vm, address, &value, sizeof(value), &error), &error);
}

/* Page 0 of what the device sees is at 0x300000; interrupt 1 is vector 0x81, 2 is 0xa1 and the device's alone. */
static void make_iommu_tables(struct r0_vm *vm)
{
	put(vm, IOMMU_TABLES, (IOMMU_TABLES + 0x1000) | 1);
	put(vm, IOMMU_TABLES + 0x1000 + 0x10 * 16, (IOMMU_TABLES + 0x2000) | 1);
	put(vm, IOMMU_TABLES + 0x1000 + 0x10 * 16 + 8, 1);
	put(vm, IOMMU_TABLES + 0x2000, (IOMMU_TABLES + 0x3000) | 3);
	put(vm, IOMMU_TABLES + 0x3000, (IOMMU_TABLES + 0x4000) | 3);
	put(vm, IOMMU_TABLES + 0x4000, 0x300000 | 3);
	put(vm, IOMMU_TABLES + 0x5000 + 16, 0x81 << 16 | 0x10 | 1);
	put(vm, IOMMU_TABLES + 0x5000 + 32, 0xa1 << 16 | 1);
	put(vm, IOMMU_TABLES + 0x5000 + 40, 1 << 18 | 0x10);
}

static void iommu(void **state)
{
	const struct r0_vm_options options = {
		.irqchip = true,
		.split_irqchip = true,
		.pc = true,
		.iommu = true,
		.test_devices = true,
	};
	struct r0_vm *vm;
	unsigned int copied, refused, why;

	(void)state;
	script_size = 0;
	vm = BOOT(&options, accesses);
	make_iommu_tables(vm);
	pci_config(4, 6);
	add(WRITE, IOMMU + 0x20, (uint32_t)IOMMU_TABLES);
	add(WRITE, IOMMU + 0x18, 0x40000000);
	add(WRITE, IOMMU + 0xb8, (uint32_t)IOMMU_TABLES + 0x5000 + 1);
	add(WRITE, IOMMU + 0x18, 0x01000000);
	add(WRITE, IOMMU + 0x18, 0x82000000);
	add(WRITE, 0x300000, 0x12345678);
	copy_by_edu(0, 0x40010, 1);
	copy_by_edu(0x40010, 0x100, 3);
	copied = add(READ, 0x300100, 0);
	/* The I/O APIC's input 10, by level, in the form that is remapped. */
	add(WRITE, LAPIC + 0xf0, 0x1ff);
	add(WRITE, IOAPIC, 0x10 + 2 * 10 + 1);
	add(WRITE, IOAPIC + 0x10, 1 << 17 | 1 << 16);
	add(WRITE, IOAPIC, 0x10 + 2 * 10);
	add(WRITE, IOAPIC + 0x10, 0x8081);
	add(WRITE, EDU + 0x60, 1);
	add(WAIT, irr(0x81), 0);
	add(WRITE, EDU + 0x64, 1);
	/* A message; and what is not in the tables, which is told. */
	pci_config(0x44, 0xfee00010 | 2 << 5);
	pci_config(0x40, 0x00010000);
	add(WRITE, EDU + 0x60, 2);
	add(WAIT, irr(0xa1), 0);
	add(WRITE, EDU + 0x64, 2);
	copy_by_edu(0x40010, 0x5000, 3);
	refused = add(READ, IOMMU + 0x34, 0);
	why = add(READ, IOMMU + 0x22c, 0);
	run_to_the_end(vm);
	assert_int_equal(script[copied].value, 0x12345678);
	assert_int_equal(script[refused].value, 2);
	assert_int_equal(script[why].value, 0x80000005);
	r0_vm_destroy(vm);
}

static void iommu_needs_split(void **state)
{
	const struct r0_vm_options options = { .irqchip = true, .pc = true, .iommu = true };
	struct r0_error error = { "" };
	struct r0_vm *vm;

	(void)state;
	r0_vm_destroy(BOOT(NULL, accesses));
	assert_fails(r0_vm_create(&vm, &options, &error), EINVAL, &error, "split_irqchip");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pci_interrupts),
		cmocka_unit_test(iommu),
		cmocka_unit_test(iommu_needs_split),
		WITH_SPLIT(pci_interrupts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
