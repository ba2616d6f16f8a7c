/* SPDX-License-Identifier: MIT */
/* The PCI device for education, as QEMU's docs/specs/edu.rst has it. */
#include "devices/pci/edu.h"
#include <stddef.h>
#include <string.h>
#include "base/address.h"
#include "base/container_of.h"

#define IDENTITY    0x00
#define INVERTED    0x04
#define FACTORIAL   0x08
#define STATUS	    0x20
#define REASONS	    0x24
#define RAISE	    0x60
#define ACKNOWLEDGE 0x64
#define WIDE_FROM   0x80
#define SOURCE	    0x80
#define DESTINATION 0x88
#define SIZE	    0x90
#define COMMAND	    0x98

#define IDENTITY_VALUE 0x010000edu

#define STATUS_INTERRUPT 0x80u

#define REASON_FACTORIAL 0x001u
#define REASON_TRANSFER	 0x100u

#define COMMAND_START	  1u
#define COMMAND_TO_MEMORY 2u
#define COMMAND_INTERRUPT 4u

#define ADDRESS_MASK 0x0fffffffull

/* Of any number from here on it is a multiple of 2^32: so many factors are even. */
#define FACTORIAL_VANISHES 34

static uint32_t factorial_of(uint32_t number)
{
	uint32_t result = 1;

	if (number >= FACTORIAL_VANISHES)
		return 0;
	while (number)
		result *= number--;
	return result;
}

static void raise(struct edu *edu, uint32_t reasons)
{
	edu->registers.reasons |= reasons;
	if (edu->registers.reasons)
		pci_interrupt(edu->pci, edu->device, true);
}

static void acknowledge(struct edu *edu, uint32_t reasons)
{
	edu->registers.reasons &= ~reasons;
	if (!edu->registers.reasons)
		pci_interrupt(edu->pci, edu->device, false);
}

/* A transfer whose part in the device is not in its buffer, or that memory refuses, moves nothing. */
static void transfer(struct edu *edu)
{
	struct edu_registers *r = &edu->registers;
	bool to_memory = r->command & COMMAND_TO_MEMORY;
	uint64_t inside = to_memory ? r->source : r->destination;
	uint64_t outside = (to_memory ? r->destination : r->source) & ADDRESS_MASK;

	if (range_holds(EDU_BUFFER_AT, EDU_BUFFER_SIZE, inside, r->size))
		pci_access(edu->pci, edu->device, to_memory, outside,
			   r->buffer + (inside - EDU_BUFFER_AT), r->size);
	r->command &= ~COMMAND_START;
	if (r->command & COMMAND_INTERRUPT)
		raise(edu, REASON_TRANSFER);
}

static bool is_width(uint64_t offset, size_t size)
{
	return (size == 4 || (size == 8 && offset >= WIDE_FROM)) && !(offset % size);
}

/* One of the registers of 64 bits, or NULL; `offset` may be that of its upper half. */
static uint64_t *wide_register(struct edu_registers *r, uint64_t offset)
{
	switch (offset & ~7ull) {
	case SOURCE:
		return &r->source;
	case DESTINATION:
		return &r->destination;
	case SIZE:
		return &r->size;
	default:
		return NULL;
	}
}

static uint32_t read_register(const struct edu_registers *r, uint64_t offset)
{
	switch (offset) {
	case IDENTITY:
		return IDENTITY_VALUE;
	case INVERTED:
		return r->inverted;
	case FACTORIAL:
		return r->factorial;
	case STATUS:
		return r->status;
	case REASONS:
		return r->reasons;
	case COMMAND:
		return r->command;
	default:
		return 0;
	}
}

static enum bus_result edu_read(void *context, unsigned int bar, uint64_t offset, void *data,
				size_t size)
{
	struct edu *edu = context;
	const uint64_t *wide = wide_register(&edu->registers, offset);

	(void)bar;
	memset(data, 0, size);
	/* The buffer is for transfers alone. */
	if (!is_width(offset, size))
		return BUS_DONE;
	if (wide)
		memcpy(data, (const uint8_t *)wide + offset % 8, size);
	else
		dev_store(data, size, read_register(&edu->registers, offset));
	return BUS_DONE;
}

static void write_register(struct edu *edu, uint64_t offset, uint32_t value)
{
	struct edu_registers *r = &edu->registers;

	switch (offset) {
	case INVERTED:
		r->inverted = ~value;
		break;
	case FACTORIAL:
		r->factorial = factorial_of(value);
		if (r->status & STATUS_INTERRUPT)
			raise(edu, REASON_FACTORIAL);
		break;
	case STATUS:
		r->status = value & STATUS_INTERRUPT;
		break;
	case RAISE:
		raise(edu, value);
		break;
	case ACKNOWLEDGE:
		acknowledge(edu, value);
		break;
	case COMMAND:
		r->command = value & (COMMAND_START | COMMAND_TO_MEMORY | COMMAND_INTERRUPT);
		if (value & COMMAND_START)
			transfer(edu);
		break;
	default:
		break;
	}
}

static enum bus_result edu_write(void *context, unsigned int bar, uint64_t offset, const void *data,
				 size_t size)
{
	struct edu *edu = context;
	uint64_t *wide = wide_register(&edu->registers, offset);

	(void)bar;
	if (!is_width(offset, size))
		return BUS_DONE;
	if (wide)
		memcpy((uint8_t *)wide + offset % 8, data, size);
	else
		write_register(edu, offset, (uint32_t)dev_load(data, size));
	return BUS_DONE;
}

static void edu_reset(struct dev *dev)
{
	container_of(dev, struct edu, dev)->registers = (struct edu_registers){ 0 };
}

static void edu_restored(struct dev *dev)
{
	struct edu_registers *r = &container_of(dev, struct edu, dev)->registers;

	r->status &= STATUS_INTERRUPT;
	r->command &= COMMAND_TO_MEMORY | COMMAND_INTERRUPT;
}

static const struct dev_ops edu_ops = {
	.name = "PCI device for education",
	.reset = edu_reset,
	.restored = edu_restored,
};

void edu_init(struct edu *edu)
{
	*edu = (struct edu){
		.dev = dev_of(&edu_ops, &edu->registers, sizeof(edu->registers)),
	};
}

int edu_add(struct edu *edu, struct pci *pci, struct error *error)
{
	const struct pci_function function = {
		.vendor = 0x1234,
		.device = 0x11e8,
		.class = 0x00ff,
		.sizes = { EDU_SIZE },
		.interrupts = true,
		.first = { PCI_MEMORY_FIRST + EDU_SIZE },
		.read = edu_read,
		.write = edu_write,
		.context = edu,
	};
	int err = bus_add_device(pci->address.bus, &edu->dev, error);

	if (err)
		return err;
	edu->pci = pci;
	edu->device = pci->count;
	return pci_add_function(pci, &function, error);
}
