/* SPDX-License-Identifier: MIT */
/*
 * What functions on a PCI bus send out: interrupts and accesses to memory. Section numbers are the PCI Local Bus
 * Specification's, revision 3.0.
 */
#include "devices/pci/pci_own.h"

#define COMMAND_MASTER	0x0004
#define COMMAND_NO_INTX 0x0400

/* The capability (6.8.1): its identity, that it is the last, and what messages it can: one, with 64 bits of address. */
#define CAPABILITY_MESSAGES 5u
#define CONTROL_AT	    16
#define CONTROL_ENABLE	    0x0001u
#define CONTROL_64_BIT	    0x0080u
#define ADDRESS_WRITABLE    0xfffffffcu

uint32_t pci_own_read_messages(const struct pci_function_registers *r, unsigned int offset)
{
	switch (offset) {
	case 0:
		return CAPABILITY_MESSAGES | (uint32_t)(r->message_control | CONTROL_64_BIT)
						     << CONTROL_AT;
	case 4:
		return r->message_address;
	case 8:
		return r->message_address_high;
	default:
		return r->message_data;
	}
}

void pci_own_write_messages(struct pci_function_registers *r, unsigned int offset, uint32_t value)
{
	switch (offset) {
	case 0:
		r->message_control = value >> CONTROL_AT & CONTROL_ENABLE;
		break;
	case 4:
		r->message_address = value & ADDRESS_WRITABLE;
		break;
	case 8:
		r->message_address_high = value;
		break;
	default:
		r->message_data = (uint16_t)value;
		break;
	}
}

void pci_own_check_messages(struct pci_function_registers *r)
{
	r->message_control &= CONTROL_ENABLE;
	r->message_address &= ADDRESS_WRITABLE;
}

void pci_own_set_line(struct pci *pci)
{
	bool level = false;
	unsigned int i;

	for (i = 0; i < pci->count; i++) {
		const struct pci_function_registers *r = &pci->registers.functions[i];

		level = level || (r->interrupts && !(r->command & COMMAND_NO_INTX) &&
				  !(r->message_control & CONTROL_ENABLE));
	}
	if (level == pci->line)
		return;
	pci->line = level;
	irq_line_set(&pci->outlets.irq, level);
}

static uint16_t source_of(unsigned int device)
{
	return (uint16_t)(device << 3);
}

/* A write like any other, but for where it arrives. */
static void send(struct pci *pci, unsigned int device)
{
	const struct pci_function_registers *r = &pci->registers.functions[device];
	const struct interrupt_message message = { r->message_address, r->message_data };
	uint8_t bytes[4];

	if (!(r->command & COMMAND_MASTER))
		return;
	if (r->message_address_high ||
	    (message.address & INTERRUPT_MESSAGE_MASK) != INTERRUPT_MESSAGE_AT) {
		dev_store(bytes, sizeof(bytes), message.data);
		pci_access(pci, device, true,
			   (uint64_t)r->message_address_high << 32 | message.address, bytes,
			   sizeof(bytes));
	} else if (pci->outlets.send) {
		pci->outlets.send(pci->outlets.context, source_of(device), &message);
	}
}

void pci_interrupt(struct pci *pci, unsigned int device, bool interrupts)
{
	struct pci_function_registers *r = &pci->registers.functions[device];

	r->interrupts = interrupts;
	if (interrupts && r->message_control & CONTROL_ENABLE)
		send(pci, device);
	pci_own_set_line(pci);
}

bool pci_access(struct pci *pci, unsigned int device, bool write, uint64_t address, void *data,
		size_t size)
{
	const struct pci_outlets *outlets = &pci->outlets;

	return pci->registers.functions[device].command & COMMAND_MASTER && outlets->access &&
	       outlets->access(outlets->context, source_of(device), write, address, data, size);
}
