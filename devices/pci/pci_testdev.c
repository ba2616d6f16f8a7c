/* SPDX-License-Identifier: MIT */
/* The PCI device for tests, as QEMU's docs/specs/pci-testdev.rst has it. */
#include "devices/pci/pci_testdev.h"
#include <stddef.h>
#include <string.h>
#include "base/container_of.h"

#define BAR_MEMORY 0
#define BAR_PORTS  1

#define OFFSET_TEST 0
#define HEADER_NAME 16
#define NAME_SIZE   24

#define WIDTH	   1
#define TEST_MATCH 2
#define DATA_MATCH 0xfa
#define DATA_ANY   0xce

/* The second half of each is for the tests' writes. */
static uint64_t test_offset(unsigned int bar, unsigned int test)
{
	return (bar == BAR_MEMORY ? PCI_TESTDEV_MEMORY_SIZE : PCI_TESTDEV_PORTS_SIZE) / 2 +
	       test * WIDTH;
}

static uint32_t test_data(unsigned int test)
{
	return test == TEST_MATCH ? DATA_MATCH : DATA_ANY;
}

static void fill_header(const struct pci_testdev_registers *r, uint8_t *header)
{
	static const char names[2][PCI_TESTDEV_TESTS][NAME_SIZE + 1] = {
		{ "mmio-no-eventfd", "mmio-wildcard-eventfd", "mmio-datamatch-eventfd" },
		{ "portio-no-eventfd", "portio-wildcard-eventfd", "portio-datamatch-eventfd" },
	};

	header[OFFSET_TEST] = r->test;
	header[1] = WIDTH;
	dev_store(header + 4, 4, test_offset(r->bar, r->test));
	dev_store(header + 8, 4, test_data(r->test));
	dev_store(header + 12, 4, r->count);
	memcpy(header + HEADER_NAME, names[r->bar][r->test], NAME_SIZE);
}

static enum bus_result testdev_read(void *context, unsigned int bar, uint64_t offset, void *data,
				    size_t size)
{
	const struct pci_testdev *testdev = context;
	uint8_t header[HEADER_NAME + NAME_SIZE + 1] = { 0 };

	(void)bar;
	memset(data, 0, size);
	if (testdev->registers.test >= PCI_TESTDEV_TESTS || offset >= sizeof(header))
		return BUS_DONE;
	fill_header(&testdev->registers, header);
	memcpy(data, header + offset,
	       size < sizeof(header) - offset ? size : sizeof(header) - offset);
	return BUS_DONE;
}

static enum bus_result testdev_write(void *context, unsigned int bar, uint64_t offset,
				     const void *data, size_t size)
{
	struct pci_testdev *testdev = context;
	struct pci_testdev_registers *r = &testdev->registers;
	uint8_t first = *(const uint8_t *)data;

	if (offset == OFFSET_TEST) {
		*r = (struct pci_testdev_registers){
			.bar = (uint8_t)bar,
			.test = first < PCI_TESTDEV_TESTS ? first : PCI_TESTDEV_TESTS,
		};
		return BUS_DONE;
	}
	if (r->test >= PCI_TESTDEV_TESTS || bar != r->bar || offset != test_offset(bar, r->test))
		return BUS_DONE;
	if (r->test != TEST_MATCH || (size == WIDTH && first == DATA_MATCH))
		r->count++;
	return BUS_DONE;
}

static void testdev_reset(struct dev *dev)
{
	container_of(dev, struct pci_testdev, dev)->registers =
		(struct pci_testdev_registers){ .test = PCI_TESTDEV_TESTS };
}

static void testdev_restored(struct dev *dev)
{
	struct pci_testdev_registers *r = &container_of(dev, struct pci_testdev, dev)->registers;

	r->bar &= BAR_PORTS;
	if (r->test > PCI_TESTDEV_TESTS)
		r->test = PCI_TESTDEV_TESTS;
}

static const struct dev_ops testdev_ops = {
	.name = "PCI test device",
	.reset = testdev_reset,
	.restored = testdev_restored,
};

void pci_testdev_init(struct pci_testdev *testdev)
{
	*testdev = (struct pci_testdev){
		.dev = dev_of(&testdev_ops, &testdev->registers, sizeof(testdev->registers)),
	};
	testdev_reset(&testdev->dev);
}

int pci_testdev_add(struct pci_testdev *testdev, struct pci *pci, struct error *error)
{
	const struct pci_function function = {
		.vendor = 0x1b36,
		.device = 0x0005,
		.class = 0x00ff,
		.sizes = { PCI_TESTDEV_MEMORY_SIZE, PCI_TESTDEV_PORTS_SIZE },
		.ports = { false, true },
		.first = { PCI_MEMORY_FIRST, PCI_PORTS_FIRST },
		.read = testdev_read,
		.write = testdev_write,
		.context = testdev,
	};

	int err = bus_add_device(pci->address.bus, &testdev->dev, error);

	return err ? err : pci_add_function(pci, &function, error);
}
