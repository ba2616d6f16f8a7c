/* SPDX-License-Identifier: MIT */
/* The PL011. Section numbers are those of DDI 0183G. */
#include "devices/pl011.h"
#include "base/container_of.h"

/* Registers: 3.2, table 3-1. Those from 0xfe0 on say what the device is: 3.3.14 to 3.3.21. */
#define DR	  0x000
#define RSR	  0x004
#define FR	  0x018
#define ILPR	  0x020
#define IBRD	  0x024
#define FBRD	  0x028
#define LCR_H	  0x02c
#define CR	  0x030
#define IFLS	  0x034
#define IMSC	  0x038
#define RIS	  0x03c
#define MIS	  0x040
#define ICR	  0x044
#define DMACR	  0x048
#define PERIPH_ID 0xfe0

#define DR_OVERRUN  (1u << 11)
#define RSR_OVERRUN (1u << 3)

#define FR_CONNECTED 0x007u /* CTS, DSR, DCD */
#define FR_RXFE	     0x010u
#define FR_RXFF	     0x040u
#define FR_TXFE	     0x080u

#define LCR_FEN	  0x10u
#define CR_LBE	  0x80u
#define CR_RESET  0x300u /* TXE, RXE */
#define IFLS_BITS 0x3fu

/* RIS, IMSC, MIS, ICR: 3.3.10. */
#define INTERRUPT_RX	  (1u << 4)
#define INTERRUPT_TX	  (1u << 5)
#define INTERRUPT_TIMEOUT (1u << 6)
#define INTERRUPT_OVERRUN (1u << 10)
#define INTERRUPTS	  0x7ffu

static uint8_t capacity(const struct pl011_registers *r)
{
	return r->lcr & LCR_FEN ? PL011_FIFO : 1;
}

/* How many received bytes raise the interrupt: IFLS.RXIFLSEL, 3.3.9; those beyond 7/8 are reserved. */
static uint8_t trigger_level(const struct pl011_registers *r)
{
	static const uint8_t levels[8] = { 2, 4, 8, 12, 14, 14, 14, 14 };

	return r->lcr & LCR_FEN ? levels[r->ifls >> 3 & 7] : 1;
}

static void update_line(struct pl011 *pl011)
{
	struct pl011_registers *r = &pl011->registers;
	const uint8_t level = (r->ris & r->imsc) != 0;

	if (level == r->level)
		return;
	r->level = level;
	irq_line_set(&pl011->irq, level);
}

static void wake_if_room(struct pl011 *pl011)
{
	struct pl011_registers *r = &pl011->registers;

	if (!r->refused || r->count >= capacity(r))
		return;
	r->refused = 0;
	dev_wake(&pl011->dev);
}

/* What is received raises interrupts as it comes: 2.8.1 and 2.8.3. */
static void take(struct pl011_registers *r, uint8_t byte)
{
	r->received[(r->first + r->count++) % PL011_FIFO] = byte;
	if (r->count >= trigger_level(r))
		r->ris |= INTERRUPT_RX;
	if (r->lcr & LCR_FEN)
		r->ris |= INTERRUPT_TIMEOUT;
}

static uint16_t read_data(struct pl011_registers *r)
{
	uint16_t value = r->overrun ? DR_OVERRUN : 0;

	if (r->count) {
		value |= r->received[r->first];
		r->first = (r->first + 1) % PL011_FIFO;
		r->count--;
	}
	if (r->count < trigger_level(r))
		r->ris &= ~INTERRUPT_RX;
	if (!r->count)
		r->ris &= ~INTERRUPT_TIMEOUT;
	return value;
}

/* The byte leaves at once, so that the FIFO passes the level of its interrupt: 2.8.2. */
static void write_data(struct pl011 *pl011, uint8_t byte)
{
	struct pl011_registers *r = &pl011->registers;

	r->ris |= INTERRUPT_TX;
	if (!(r->cr & CR_LBE)) {
		output_write(&pl011->output, &byte, 1);
	} else if (r->count < capacity(r)) {
		take(r, byte);
	} else {
		r->overrun = RSR_OVERRUN;
		r->ris |= INTERRUPT_OVERRUN;
	}
}

static uint16_t flags(const struct pl011_registers *r)
{
	return FR_CONNECTED | FR_TXFE | (r->count ? 0 : FR_RXFE) |
	       (r->count >= capacity(r) ? FR_RXFF : 0);
}

/* Of revision 1; PCellID follows. */
static uint8_t identification(uint64_t offset)
{
	static const uint8_t bytes[] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	return bytes[(offset - PERIPH_ID) / 4];
}

static uint16_t read_register(struct pl011_registers *r, uint64_t offset)
{
	switch (offset) {
	case DR:
		return read_data(r);
	case RSR:
		return r->overrun;
	case FR:
		return flags(r);
	case ILPR:
		return r->ilpr;
	case IBRD:
		return r->ibrd;
	case FBRD:
		return r->fbrd;
	case LCR_H:
		return r->lcr;
	case CR:
		return r->cr;
	case IFLS:
		return r->ifls;
	case IMSC:
		return r->imsc;
	case RIS:
		return r->ris;
	case MIS:
		return r->ris & r->imsc;
	case DMACR:
		return r->dmacr;
	default:
		return offset >= PERIPH_ID ? identification(offset) : 0;
	}
}

/* Without FIFOs there is room for one byte, the last: 3.3.7. */
static void write_line_control(struct pl011_registers *r, uint8_t value)
{
	if ((r->lcr ^ value) & LCR_FEN) {
		r->count = 0;
		r->ris &= ~(INTERRUPT_RX | INTERRUPT_TIMEOUT);
	}
	r->lcr = value;
}

static void write_register(struct pl011 *pl011, uint64_t offset, uint16_t value)
{
	struct pl011_registers *r = &pl011->registers;

	switch (offset) {
	case DR:
		write_data(pl011, (uint8_t)value);
		break;
	case RSR: /* ECR: any value clears the errors */
		r->overrun = 0;
		break;
	case ILPR:
		r->ilpr = (uint8_t)value;
		break;
	case IBRD:
		r->ibrd = value;
		break;
	case FBRD:
		r->fbrd = value & 0x3f;
		break;
	case LCR_H:
		write_line_control(r, (uint8_t)value);
		break;
	case CR:
		r->cr = value;
		break;
	case IFLS:
		r->ifls = value & IFLS_BITS;
		break;
	case IMSC:
		r->imsc = value & INTERRUPTS;
		break;
	case ICR:
		r->ris &= ~value;
		break;
	case DMACR:
		r->dmacr = value & 7;
		break;
	default: /* FR, RIS, MIS and what says what it is are read-only */
		break;
	}
}

/* Registers are four bytes apart and 16 bits wide at most. */
static enum bus_result pl011_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	struct pl011 *pl011 = container_of(dev, struct pl011, dev);

	dev_store(data, size, read_register(&pl011->registers, offset & ~3ul));
	update_line(pl011);
	wake_if_room(pl011);
	return BUS_DONE;
}

static enum bus_result pl011_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	struct pl011 *pl011 = container_of(dev, struct pl011, dev);

	write_register(pl011, offset & ~3ul, (uint16_t)dev_load(data, size));
	update_line(pl011);
	wake_if_room(pl011);
	return BUS_DONE;
}

static void pl011_reset(struct dev *dev)
{
	struct pl011 *pl011 = container_of(dev, struct pl011, dev);
	struct pl011_registers *r = &pl011->registers;
	uint8_t level = r->level, refused = r->refused;

	*r = (struct pl011_registers){
		.cr = CR_RESET,
		.ifls = 0x12,
		.level = level,
		.refused = refused,
	};
	update_line(pl011);
	wake_if_room(pl011);
}

static void pl011_restored(struct dev *dev)
{
	struct pl011 *pl011 = container_of(dev, struct pl011, dev);
	struct pl011_registers *r = &pl011->registers;

	r->first %= PL011_FIFO;
	if (r->count > capacity(r))
		r->count = capacity(r);
	r->level = (r->ris & r->imsc) != 0;
	irq_line_set(&pl011->irq, r->level);
	/* The input that waits now may be another. */
	dev_wake(dev);
}

static const struct dev_ops pl011_ops = {
	.name = "PL011",
	.reset = pl011_reset,
	.read = pl011_read,
	.write = pl011_write,
	.restored = pl011_restored,
};

void pl011_init(struct pl011 *pl011, const struct irq_line *irq, const struct output *output)
{
	*pl011 = (struct pl011){
		.dev = dev_of(&pl011_ops, &pl011->registers, sizeof(pl011->registers)),
		.irq = *irq,
		.output = *output,
	};
	pl011_reset(&pl011->dev);
}

size_t pl011_receive(struct pl011 *pl011, const void *bytes, size_t size)
{
	struct pl011_registers *r = &pl011->registers;
	const uint8_t *from = bytes;
	size_t taken;

	for (taken = 0; taken < size && r->count < capacity(r); taken++)
		take(r, from[taken]);
	if (taken < size)
		r->refused = 1;
	update_line(pl011);
	return taken;
}
