/* SPDX-License-Identifier: MIT */
/* The I/O APIC. */
#include "devices/pc/ioapic.h"
#include "base/container_of.h"

/* Offsets in memory (82093AA, 3.1). */
#define SELECT 0x00
#define WINDOW 0x10
#define EOI    0x40

/* Registers behind the window (82093AA, 3.2). */
#define REGISTER_ID	     0x00
#define REGISTER_VERSION     0x01
#define REGISTER_ARBITRATION 0x02
#define REGISTER_TABLE	     0x10

#define VERSION (0x20u | (IOAPIC_INPUTS - 1) << 16)
#define ID_MASK 0x0f000000u

/* A redirection entry (82093AA, 3.2.4). */
#define ENTRY_VECTOR	 0xffu
#define ENTRY_DELIVERY	 0x700u
#define ENTRY_LOGICAL	 0x800u
#define ENTRY_REMOTE_IRR 0x4000u
#define ENTRY_LEVEL	 0x8000u
#define ENTRY_MASKED	 0x10000u
#define ENTRY_WRITABLE	 0xff0000000001afffull

/* With an IOMMU before the local APICs (VT-d 3.3, 5.1.5.1): all of the upper half's upper half is part of the address. */
#define ENTRY_EXTENSION 0x00ff000000000000ull
#define ENTRY_ADDRESS	48

#define DELIVERY_EXTINT 0x700u

/* A message (SDM vol. 3A, 10.11.1 and 10.11.2). */
#define MESSAGE_ADDRESS 0xfee00000u
#define MESSAGE_BITS	4
#define MESSAGE_LOGICAL 0x4u
#define MESSAGE_ASSERT	0x4000u
#define MESSAGE_LEVEL	0x8000u

static struct interrupt_message message_of(uint64_t entry)
{
	return (struct interrupt_message){
		.address = MESSAGE_ADDRESS | (uint32_t)(entry >> ENTRY_ADDRESS) << MESSAGE_BITS |
			   (entry & ENTRY_LOGICAL ? MESSAGE_LOGICAL : 0),
		.data = (uint32_t)(entry & (ENTRY_VECTOR | ENTRY_DELIVERY)) | MESSAGE_ASSERT |
			(entry & ENTRY_LEVEL ? MESSAGE_LEVEL : 0),
	};
}

/* Send what the input asks for, unless it is masked, or by level and not ended yet. */
static void interrupt(struct ioapic *ioapic, unsigned int input)
{
	uint64_t *entry = &ioapic->registers.entries[input];
	struct interrupt_message message = message_of(*entry);

	if (*entry & (ENTRY_MASKED | ENTRY_REMOTE_IRR))
		return;
	/* For this the CPU would ask the PICs, which are not connected here. */
	if ((*entry & ENTRY_DELIVERY) == DELIVERY_EXTINT)
		return;
	if (*entry & ENTRY_LEVEL)
		*entry |= ENTRY_REMOTE_IRR;
	if (ioapic->options.send)
		ioapic->options.send(ioapic->options.context, &message);
}

static bool is_high(const struct ioapic *ioapic, unsigned int input)
{
	return ioapic->registers.lines >> input & 1;
}

static bool is_by_level(const struct ioapic *ioapic, unsigned int input)
{
	return ioapic->registers.entries[input] & ENTRY_LEVEL;
}

void ioapic_set_line(struct ioapic *ioapic, unsigned int input, bool level)
{
	bool before;

	if (input >= IOAPIC_INPUTS)
		return;
	before = is_high(ioapic, input);
	ioapic->registers.lines &= ~(1u << input);
	ioapic->registers.lines |= (uint32_t)level << input;
	/* An edge at an input that is masked is lost (82093AA, 3.2.4, interrupt mask). */
	if (level && (!before || is_by_level(ioapic, input)))
		interrupt(ioapic, input);
}

void ioapic_end_of_interrupt(struct ioapic *ioapic, uint8_t vector)
{
	unsigned int i;

	for (i = 0; i < IOAPIC_INPUTS; i++) {
		uint64_t *entry = &ioapic->registers.entries[i];

		if (!(*entry & ENTRY_REMOTE_IRR) || (*entry & ENTRY_VECTOR) != vector)
			continue;
		*entry &= ~(uint64_t)ENTRY_REMOTE_IRR;
		if (is_high(ioapic, i))
			interrupt(ioapic, i);
	}
}

bool ioapic_needs_end(const struct ioapic *ioapic, unsigned int input,
		      struct interrupt_message *message)
{
	*message = message_of(ioapic->registers.entries[input]);
	/* Masked ones too: the interrupt may be in service. */
	return is_by_level(ioapic, input) && ioapic->registers.entries[input] & ENTRY_VECTOR;
}

static uint32_t read_register(const struct ioapic_registers *r)
{
	unsigned int half = r->select - REGISTER_TABLE;

	switch (r->select) {
	case REGISTER_ID:
	case REGISTER_ARBITRATION:
		return r->id;
	case REGISTER_VERSION:
		return VERSION;
	default:
		if (r->select < REGISTER_TABLE || half >= 2 * IOAPIC_INPUTS)
			return 0;
		return (uint32_t)(r->entries[half / 2] >> 32 * (half % 2));
	}
}

static uint64_t writable(const struct ioapic *ioapic)
{
	return ENTRY_WRITABLE | (ioapic->options.remapped ? ENTRY_EXTENSION : 0);
}

static void write_entry(struct ioapic *ioapic, unsigned int half, uint32_t value)
{
	unsigned int input = half / 2, shift = 32 * (half % 2);
	uint64_t *entry = &ioapic->registers.entries[input];
	uint64_t whole = (*entry & ~(0xffffffffull << shift)) | (uint64_t)value << shift;

	*entry = (whole & writable(ioapic)) | (*entry & ENTRY_REMOTE_IRR);
	/* Of an input by edge there is none: so drivers get rid of one that is stuck. */
	if (!(*entry & ENTRY_LEVEL))
		*entry &= ~(uint64_t)ENTRY_REMOTE_IRR;
	if (ioapic->options.changed)
		ioapic->options.changed(ioapic->options.context);
	if (is_by_level(ioapic, input) && is_high(ioapic, input))
		interrupt(ioapic, input);
}

static void write_register(struct ioapic *ioapic, uint32_t value)
{
	struct ioapic_registers *r = &ioapic->registers;
	unsigned int half = r->select - REGISTER_TABLE;

	if (r->select == REGISTER_ID)
		r->id = value & ID_MASK;
	else if (r->select >= REGISTER_TABLE && half < 2 * IOAPIC_INPUTS)
		write_entry(ioapic, half, value);
}

static enum bus_result ioapic_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	const struct ioapic_registers *r = &container_of(dev, struct ioapic, dev)->registers;
	uint32_t value = 0;

	if ((offset & ~3ull) == SELECT)
		value = r->select;
	else if ((offset & ~3ull) == WINDOW)
		value = read_register(r);
	dev_store(data, size, (uint64_t)value >> offset % 4 * 8);
	return BUS_DONE;
}

static enum bus_result ioapic_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	struct ioapic *ioapic = container_of(dev, struct ioapic, dev);
	const uint32_t value = (uint32_t)dev_load(data, size);

	if (offset == SELECT)
		ioapic->registers.select = value & 0xff;
	else if (offset == WINDOW && size >= 4)
		write_register(ioapic, value);
	else if (offset == EOI)
		ioapic_end_of_interrupt(ioapic, (uint8_t)value);
	return BUS_DONE;
}

static void ioapic_reset(struct dev *dev)
{
	struct ioapic *ioapic = container_of(dev, struct ioapic, dev);
	unsigned int i;

	/* Whoever raised a line lowers it, or has been reset before. */
	ioapic->registers = (struct ioapic_registers){ .lines = ioapic->registers.lines };
	for (i = 0; i < IOAPIC_INPUTS; i++)
		ioapic->registers.entries[i] = ENTRY_MASKED;
	if (ioapic->options.changed)
		ioapic->options.changed(ioapic->options.context);
}

/* What was sent is with the local APICs, whose state is somebody else's. */
static void ioapic_restored(struct dev *dev)
{
	struct ioapic *ioapic = container_of(dev, struct ioapic, dev);
	struct ioapic_registers *r = &ioapic->registers;
	unsigned int i;

	r->select &= 0xff;
	r->id &= ID_MASK;
	r->lines &= (1u << IOAPIC_INPUTS) - 1;
	for (i = 0; i < IOAPIC_INPUTS; i++) {
		r->entries[i] &= writable(ioapic) | ENTRY_REMOTE_IRR;
		if (!(r->entries[i] & ENTRY_LEVEL))
			r->entries[i] &= ~(uint64_t)ENTRY_REMOTE_IRR;
	}
	if (ioapic->options.changed)
		ioapic->options.changed(ioapic->options.context);
}

static const struct dev_ops ioapic_ops = {
	.name = "IOAPIC",
	.reset = ioapic_reset,
	.read = ioapic_read,
	.write = ioapic_write,
	.restored = ioapic_restored,
};

void ioapic_init(struct ioapic *ioapic, const struct ioapic_options *options)
{
	*ioapic = (struct ioapic){
		.dev = dev_of(&ioapic_ops, &ioapic->registers, sizeof(ioapic->registers)),
		.options = *options,
	};
	ioapic_reset(&ioapic->dev);
}
