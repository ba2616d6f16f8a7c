/* SPDX-License-Identifier: MIT */
/* The PCI bus. Section numbers are the PCI Local Bus Specification's, revision 3.0. */
#include "devices/pci/pci.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "base/container_of.h"
#include "base/address.h"
#include "devices/pci/pci_own.h"

/*
 * The address (3.2.2.3.2). Its lowest two bits are 0 for who reads it. As in QEMU, they count nonetheless: kvm-unit-tests
 * writes a register's whole number there, and accesses port 0xcfc alone.
 */
#define ADDRESS_ENABLE	 0x80000000u
#define ADDRESS_WRITABLE 0x80ffffffu
#define ADDRESS_READABLE 0x80fffffcu

/* The configuration space (6.1). */
#define VENDOR	       0x00
#define COMMAND	       0x04
#define REVISION       0x08
#define CACHE_LINE     0x0c
#define BARS	       0x10
#define CAPABILITIES   0x34
#define INTERRUPT_LINE 0x3c

#define COMMAND_PORTS	 0x0001
#define COMMAND_MEMORY	 0x0002
#define COMMAND_WRITABLE 0x0547 /* ports, memory, bus master, parity, SERR#, no INTx (6.2.2) */

/* Of the status (6.2.3), above the command. */
#define STATUS_INTERRUPT    0x00080000u
#define STATUS_CAPABILITIES 0x00100000u

#define PIN_A 0x100u

#define BAR_PORTS 1u /* bit 0 of a base address (6.2.5.1) */

static bool is_valid(const struct pci *pci)
{
	uint32_t address = pci->registers.address;

	/* Bus 0, function 0. */
	return address & ADDRESS_ENABLE && !(address & 0x00ff0700) &&
	       (address >> 11 & 0x1f) < pci->count;
}

static unsigned int device_of(const struct pci *pci)
{
	return pci->registers.address >> 11 & 0x1f;
}

static uint32_t bar_flags(const struct pci_function *function, unsigned int bar)
{
	return function->ports[bar] ? BAR_PORTS : 0;
}

/* A double word of a function's configuration space. */
static uint32_t read_config(const struct pci *pci, unsigned int device, unsigned int offset)
{
	const struct pci_function *function = &pci->functions[device];
	const struct pci_function_registers *r = &pci->registers.functions[device];
	unsigned int bar = (offset - BARS) / 4;

	switch (offset) {
	case VENDOR:
		return (uint32_t)function->device << 16 | function->vendor;
	case COMMAND: /* and status */
		return r->command | (r->interrupts ? STATUS_INTERRUPT : 0) |
		       (function->interrupts ? STATUS_CAPABILITIES : 0);
	case REVISION:
		return (uint32_t)function->class << 16;
	case CACHE_LINE:
		return r->cache_line;
	case CAPABILITIES:
		return function->interrupts ? PCI_MESSAGES_AT : 0;
	case INTERRUPT_LINE: /* and pin */
		return r->interrupt_line | (function->interrupts ? PIN_A : 0);
	default:
		break;
	}
	if (function->interrupts && range_holds(PCI_MESSAGES_AT, PCI_MESSAGES_SIZE, offset, 4))
		return pci_own_read_messages(r, offset - PCI_MESSAGES_AT);
	if (offset < BARS || bar >= PCI_BARS || !function->sizes[bar])
		return 0;
	return r->bars[bar] | bar_flags(function, bar);
}

static void write_config(struct pci *pci, unsigned int device, unsigned int offset, uint32_t value,
			 uint32_t mask)
{
	const struct pci_function *function = &pci->functions[device];
	struct pci_function_registers *r = &pci->registers.functions[device];
	unsigned int bar = (offset - BARS) / 4;
	uint32_t whole = (read_config(pci, device, offset) & ~mask) | (value & mask);

	switch (offset) {
	case COMMAND:
		r->command = whole & COMMAND_WRITABLE;
		pci_own_set_line(pci);
		return;
	case CACHE_LINE:
		r->cache_line = (uint8_t)whole;
		return;
	case INTERRUPT_LINE:
		r->interrupt_line = (uint8_t)whole;
		return;
	default:
		break;
	}
	if (function->interrupts && range_holds(PCI_MESSAGES_AT, PCI_MESSAGES_SIZE, offset, 4)) {
		pci_own_write_messages(r, offset - PCI_MESSAGES_AT, whole);
		pci_own_set_line(pci);
	}
	/* A base address has the bits above its size: that is how its size is found out (6.2.5.1). */
	if (offset >= BARS && bar < PCI_BARS && function->sizes[bar])
		r->bars[bar] = whole & ~(function->sizes[bar] - 1);
}

static struct pci *by_data(struct dev *dev)
{
	return (struct pci *)((char *)dev - offsetof(struct pci, data));
}

static enum bus_result data_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	const struct pci *pci = by_data(dev);
	unsigned int at = pci->registers.address & 0xfc;

	offset |= pci->registers.address & 3;
	if (size > 4 - offset)
		size = 4 - offset;
	/* Nobody answers: a master abort, and ones (3.2.2.3.3). */
	memset(data, 0xff, size);
	if (!is_valid(pci))
		return BUS_DONE;
	dev_store(data, size, read_config(pci, device_of(pci), at) >> 8 * offset);
	return BUS_DONE;
}

static enum bus_result data_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	struct pci *pci = by_data(dev);
	unsigned int at = pci->registers.address & 0xfc;
	uint32_t value, mask;

	offset |= pci->registers.address & 3;
	if (size > 4 - offset)
		size = 4 - offset;
	mask = (size == 4 ? UINT32_MAX : (1u << 8 * size) - 1) << 8 * offset;
	value = (uint32_t)(dev_load(data, size) << 8 * offset);
	if (is_valid(pci))
		write_config(pci, device_of(pci), at, value, mask);
	return BUS_DONE;
}

static enum bus_result address_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	(void)offset;
	/* Other widths are not this register's (3.2.2.3.2). */
	if (size != 4)
		return BUS_UNMAPPED;
	dev_store(data, size,
		  container_of(dev, struct pci, address)->registers.address & ADDRESS_READABLE);
	return BUS_DONE;
}

static enum bus_result address_write(struct dev *dev, uint64_t offset, const void *data,
				     size_t size)
{
	(void)offset;
	if (size != 4)
		return BUS_UNMAPPED;
	container_of(dev, struct pci, address)->registers.address = (uint32_t)dev_load(data, 4) &
								    ADDRESS_WRITABLE;
	return BUS_DONE;
}

/* The function whose base address holds that one; its number, or -1. */
static int find(const struct pci *pci, bool ports, uint64_t address, unsigned int *device)
{
	unsigned int bar;

	for (*device = 0; *device < pci->count; ++*device) {
		const struct pci_function *function = &pci->functions[*device];
		const struct pci_function_registers *r = &pci->registers.functions[*device];

		if (!(r->command & (ports ? COMMAND_PORTS : COMMAND_MEMORY)))
			continue;
		for (bar = 0; bar < PCI_BARS; bar++)
			if (function->sizes[bar] && function->ports[bar] == ports &&
			    range_holds(r->bars[bar], function->sizes[bar], address, 1))
				return (int)bar;
	}
	return -1;
}

static enum bus_result window_read(struct pci *pci, bool ports, uint64_t address, void *data,
				   size_t size)
{
	unsigned int device;
	int bar = find(pci, ports, address, &device);
	const struct pci_function *function = &pci->functions[device];

	if (bar < 0)
		return BUS_UNMAPPED;
	return function->read(function->context, (unsigned int)bar,
			      address - pci->registers.functions[device].bars[bar], data, size);
}

static enum bus_result window_write(struct pci *pci, bool ports, uint64_t address, const void *data,
				    size_t size)
{
	unsigned int device;
	int bar = find(pci, ports, address, &device);
	const struct pci_function *function = &pci->functions[device];

	if (bar < 0)
		return BUS_UNMAPPED;
	return function->write(function->context, (unsigned int)bar,
			       address - pci->registers.functions[device].bars[bar], data, size);
}

static struct pci *by_ports(struct dev *dev)
{
	return (struct pci *)((char *)dev - offsetof(struct pci, ports));
}

static struct pci *by_memory(struct dev *dev)
{
	return (struct pci *)((char *)dev - offsetof(struct pci, memory));
}

static enum bus_result ports_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	return window_read(by_ports(dev), true, PCI_PORTS_FIRST + offset, data, size);
}

static enum bus_result ports_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	return window_write(by_ports(dev), true, PCI_PORTS_FIRST + offset, data, size);
}

static enum bus_result memory_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	return window_read(by_memory(dev), false, PCI_MEMORY_FIRST + offset, data, size);
}

static enum bus_result memory_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	return window_write(by_memory(dev), false, PCI_MEMORY_FIRST + offset, data, size);
}

/* As firmware leaves it: base addresses set and decoded, the interrupt's line told. */
static void pci_reset(struct dev *dev)
{
	struct pci *pci = container_of(dev, struct pci, address);
	unsigned int i;

	pci->registers = (struct pci_registers){ 0 };
	for (i = 0; i < pci->count; i++) {
		struct pci_function_registers *r = &pci->registers.functions[i];

		memcpy(r->bars, pci->functions[i].first, sizeof(r->bars));
		r->command = COMMAND_PORTS | COMMAND_MEMORY;
		r->interrupt_line = pci->functions[i].interrupts ? PCI_IRQ : 0;
	}
	pci_own_set_line(pci);
}

static void pci_restored(struct dev *dev)
{
	struct pci *pci = container_of(dev, struct pci, address);
	unsigned int i, bar;

	pci->registers.address &= ADDRESS_WRITABLE;
	for (i = 0; i < pci->count; i++) {
		struct pci_function_registers *r = &pci->registers.functions[i];

		r->command &= COMMAND_WRITABLE;
		for (bar = 0; bar < PCI_BARS; bar++)
			r->bars[bar] &= ~(pci->functions[i].sizes[bar] - 1);
		pci_own_check_messages(r);
		r->interrupts = r->interrupts && pci->functions[i].interrupts;
	}
	pci_own_set_line(pci);
}

static const struct dev_ops address_ops = {
	.name = "PCI",
	.reset = pci_reset,
	.read = address_read,
	.write = address_write,
	.restored = pci_restored,
};

/* Reset and registers are the address's. */
static const struct dev_ops data_ops = {
	.name = "PCI configuration",
	.read = data_read,
	.write = data_write,
};

static const struct dev_ops ports_ops = {
	.name = "PCI ports",
	.read = ports_read,
	.write = ports_write,
};

static const struct dev_ops memory_ops = {
	.name = "PCI memory",
	.read = memory_read,
	.write = memory_write,
};

void pci_init(struct pci *pci)
{
	const struct pci_function bridge = { .vendor = 0x1b36, .device = 0x0008, .class = 0x0600 };

	*pci = (struct pci){
		.address = dev_of(&address_ops, &pci->registers, sizeof(pci->registers)),
		.data = { .ops = &data_ops },
		.ports = { .ops = &ports_ops },
		.memory = { .ops = &memory_ops },
	};
	pci_add_function(pci, &bridge, NULL);
}

void pci_connect(struct pci *pci, const struct pci_outlets *outlets)
{
	pci->outlets = *outlets;
}

int pci_add_function(struct pci *pci, const struct pci_function *function, struct error *error)
{
	if (pci->count == PCI_FUNCTIONS)
		return error_set(error, ENOSPC, "a PCI bus has room for %d devices", PCI_FUNCTIONS);
	pci->functions[pci->count++] = *function;
	pci_reset(&pci->address);
	return 0;
}

int pci_add(struct pci *pci, struct bus *bus, struct error *error)
{
	int err = bus_add(bus, BUS_PORT, PCI_PORT_ADDRESS, 1, &pci->address, error);

	if (!err)
		err = bus_add(bus, BUS_PORT, PCI_PORT_DATA, 4, &pci->data, error);
	if (!err)
		err = bus_add(bus, BUS_PORT, PCI_PORTS_FIRST, PCI_PORTS_SIZE, &pci->ports, error);
	if (!err)
		err = bus_add(bus, BUS_MEMORY, PCI_MEMORY_FIRST, PCI_MEMORY_SIZE, &pci->memory,
			      error);
	return err;
}
