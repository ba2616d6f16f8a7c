/* SPDX-License-Identifier: MIT */
/* The 16550A. Section numbers are the PC16550D data sheet's (June 1995). */
#include "devices/serial.h"
#include "base/container_of.h"

/* Beyond these a window in memory is unmapped. */
#define MEMORY_OFFSETS 256

/* Registers (table II). DATA and IER are the divisor's bytes while LCR_DLAB is set. */
enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };
#define FCR IIR /* the same address, written */

#define IER_RECEIVED   0x01
#define IER_SENT       0x02
#define IER_LINE_ERROR 0x04
#define IER_MODEM      0x08

/* Interrupts in IIR, by falling priority (8.5). */
#define IIR_LINE_ERROR 0x06
#define IIR_RECEIVED   0x04
#define IIR_TIMEOUT    0x0c
#define IIR_SENT       0x02
#define IIR_MODEM      0x00
#define IIR_NONE       0x01
#define IIR_FIFO       0xc0

#define FCR_ENABLE	   0x01
#define FCR_CLEAR_RECEIVED 0x02
#define FCR_TRIGGER	   0xc0

#define LCR_WORD_LENGTH 0x03
#define LCR_BREAK	0x40
#define LCR_DLAB	0x80

#define MCR_LOOPBACK 0x10
#define MCR_BITS     0x1f

#define LSR_READY	0x01
#define LSR_OVERRUN	0x02
#define LSR_BREAK	0x10
#define LSR_ERRORS	0x1e
#define LSR_EMPTY	0x60 /* THRE and TEMT */
#define LSR_FIFO_ERRORS 0x80

#define MSR_CHANGES   0x0f
#define MSR_CTS	      0x10
#define MSR_DSR	      0x20
#define MSR_RI	      0x40
#define MSR_DCD	      0x80
#define MSR_CONNECTED (MSR_CTS | MSR_DSR | MSR_DCD)

static uint8_t capacity(const struct serial_registers *r)
{
	return r->fcr & FCR_ENABLE ? SERIAL_FIFO : 1;
}

static uint8_t trigger_level(const struct serial_registers *r)
{
	static const uint8_t levels[] = { 1, 4, 8, 14 };

	return r->fcr & FCR_ENABLE ? levels[(r->fcr & FCR_TRIGGER) >> 6] : 1;
}

static uint8_t line_status(const struct serial_registers *r)
{
	uint8_t status = LSR_EMPTY | r->overrun, i;

	if (r->count)
		status |= LSR_READY | r->errors[r->first];
	for (i = 0; r->fcr & FCR_ENABLE && i < r->count; i++)
		if (r->errors[(r->first + i) % SERIAL_FIFO])
			status |= LSR_FIFO_ERRORS;
	return status;
}

static uint8_t interrupt(const struct serial_registers *r)
{
	if (r->ier & IER_LINE_ERROR && line_status(r) & LSR_ERRORS)
		return IIR_LINE_ERROR;
	if (r->ier & IER_RECEIVED && r->count)
		return r->count >= trigger_level(r) ? IIR_RECEIVED : IIR_TIMEOUT;
	if (r->ier & IER_SENT && r->sent)
		return IIR_SENT;
	if (r->ier & IER_MODEM && r->msr & MSR_CHANGES)
		return IIR_MODEM;
	return IIR_NONE;
}

static void update_line(struct serial *serial)
{
	struct serial_registers *r = &serial->registers;
	uint8_t level = interrupt(r) != IIR_NONE;

	if (level == r->level)
		return;
	r->level = level;
	irq_line_set(&serial->irq, level);
}

static bool has_room(const struct serial_registers *r)
{
	return !(r->mcr & MCR_LOOPBACK) && r->count < capacity(r);
}

static void wake_if_room(struct serial *serial)
{
	struct serial_registers *r = &serial->registers;

	if (!r->refused || !has_room(r))
		return;
	r->refused = 0;
	dev_wake(&serial->dev);
}

/* One more byte from the line or the loopback. An overrun loses it, or, without FIFO, the last. */
static void take(struct serial_registers *r, uint8_t byte, uint8_t errors)
{
	uint8_t at = (r->first + r->count) % SERIAL_FIFO;

	if (r->count == capacity(r)) {
		r->overrun = LSR_OVERRUN;
		if (r->fcr & FCR_ENABLE)
			return;
		at = r->first;
		r->count = 0;
	}
	r->received[at] = byte;
	r->errors[at] = errors;
	r->count++;
}

static uint8_t read_data(struct serial_registers *r)
{
	uint8_t byte = r->received[r->first];

	if (!r->count)
		return 0;
	r->first = (r->first + 1) % SERIAL_FIFO;
	r->count--;
	return byte;
}

static void write_data(struct serial *serial, uint8_t byte)
{
	struct serial_registers *r = &serial->registers;

	/* Bits beyond the word are not sent. */
	byte &= 0xff >> (3 - (r->lcr & LCR_WORD_LENGTH));
	/* The interrupt goes and comes again: a controller that looks for edges must see one. */
	r->sent = 0;
	update_line(serial);
	if (r->mcr & MCR_LOOPBACK)
		take(r, byte, 0);
	else
		output_write(&serial->output, &byte, 1);
	r->sent = 1;
}

/* MSR tells which of the modem's lines changed since it was read; of RI only that it fell (8.8). */
static void set_modem_lines(struct serial_registers *r, uint8_t lines)
{
	uint8_t changed = (r->msr ^ lines) & (MSR_CONNECTED | MSR_RI);

	if (lines & MSR_RI)
		changed &= (uint8_t)~MSR_RI;
	r->msr = lines | (r->msr & MSR_CHANGES) | changed >> 4;
}

static void write_modem_control(struct serial_registers *r, uint8_t value)
{
	uint8_t lines = MSR_CONNECTED;

	r->mcr = value & MCR_BITS;
	/* DTR to DSR, RTS to CTS, OUT1 to RI, OUT2 to DCD (8.7). */
	if (r->mcr & MCR_LOOPBACK)
		lines = (uint8_t)((r->mcr & 1) << 5 | (r->mcr & 2) << 3 | (r->mcr & 4) << 4 |
				  (r->mcr & 8) << 4);
	set_modem_lines(r, lines);
}

static void write_fifo_control(struct serial_registers *r, uint8_t value)
{
	/* Turning FIFOs on or off empties them; without its lowest bit nothing else counts (8.4). */
	if ((r->fcr ^ value) & FCR_ENABLE || (value & FCR_ENABLE && value & FCR_CLEAR_RECEIVED))
		r->count = 0;
	r->fcr = value & FCR_ENABLE ? value & (FCR_ENABLE | FCR_TRIGGER) : 0;
}

static void write_line_control(struct serial_registers *r, uint8_t value)
{
	if (r->mcr & MCR_LOOPBACK && value & ~r->lcr & LCR_BREAK)
		take(r, 0, LSR_BREAK);
	r->lcr = value;
}

static uint8_t read_register(struct serial_registers *r, uint64_t offset)
{
	uint8_t value = 0;

	switch (offset) {
	case DATA:
		return r->lcr & LCR_DLAB ? (uint8_t)r->divisor : read_data(r);
	case IER:
		return r->lcr & LCR_DLAB ? (uint8_t)(r->divisor >> 8) : r->ier;
	case IIR:
		value = interrupt(r);
		/* Reading it is one way to acknowledge this one (table III). */
		if (value == IIR_SENT)
			r->sent = 0;
		return value | (r->fcr & FCR_ENABLE ? IIR_FIFO : 0);
	case LCR:
		return r->lcr;
	case MCR:
		return r->mcr;
	case LSR:
		value = line_status(r);
		r->overrun = 0;
		if (r->count)
			r->errors[r->first] = 0;
		return value;
	case MSR:
		value = r->msr;
		r->msr &= (uint8_t)~MSR_CHANGES;
		return value;
	case SCR:
		return r->scr;
	}
	return 0;
}

static void write_register(struct serial *serial, uint64_t offset, uint8_t value)
{
	struct serial_registers *r = &serial->registers;

	switch (offset) {
	case DATA:
		if (r->lcr & LCR_DLAB)
			r->divisor = (r->divisor & 0xff00) | value;
		else
			write_data(serial, value);
		break;
	case IER:
		if (r->lcr & LCR_DLAB) {
			r->divisor = (uint16_t)(value << 8 | (r->divisor & 0xff));
			break;
		}
		/* The transmitter is empty: turning its interrupt on reports that. */
		if (value & ~r->ier & IER_SENT)
			r->sent = 1;
		r->ier = value & (IER_RECEIVED | IER_SENT | IER_LINE_ERROR | IER_MODEM);
		break;
	case FCR:
		write_fifo_control(r, value);
		break;
	case LCR:
		write_line_control(r, value);
		break;
	case MCR:
		write_modem_control(r, value);
		break;
	case SCR:
		r->scr = value;
		break;
	default: /* LSR and MSR are read-only */
		break;
	}
}

static enum bus_result serial_read(struct dev *dev, uint64_t offset, void *data, size_t size)
{
	struct serial *serial = container_of(dev, struct serial, dev);

	(void)size;
	if (offset >= MEMORY_OFFSETS)
		return BUS_UNMAPPED;
	*(uint8_t *)data = read_register(&serial->registers, offset);
	update_line(serial);
	wake_if_room(serial);
	return BUS_DONE;
}

static enum bus_result serial_write(struct dev *dev, uint64_t offset, const void *data, size_t size)
{
	struct serial *serial = container_of(dev, struct serial, dev);

	(void)size;
	if (offset >= MEMORY_OFFSETS)
		return BUS_UNMAPPED;
	write_register(serial, offset, *(const uint8_t *)data);
	update_line(serial);
	wake_if_room(serial);
	return BUS_DONE;
}

static void serial_reset(struct dev *dev)
{
	struct serial *serial = container_of(dev, struct serial, dev);
	struct serial_registers *r = &serial->registers;
	uint8_t level = r->level, refused = r->refused;

	/* 9600 baud, eight bits, OUT2 on: as firmware leaves it. */
	*r = (struct serial_registers){
		.lcr = 3,
		.mcr = 8,
		.msr = MSR_CONNECTED,
		.divisor = 12,
		.level = level,
		.refused = refused,
	};
	update_line(serial);
	wake_if_room(serial);
}

static void serial_restored(struct dev *dev)
{
	struct serial *serial = container_of(dev, struct serial, dev);
	struct serial_registers *r = &serial->registers;

	r->first %= SERIAL_FIFO;
	if (r->count > capacity(r))
		r->count = capacity(r);
	r->level = interrupt(r) != IIR_NONE;
	irq_line_set(&serial->irq, r->level);
	/* The input that waits now may be another. */
	dev_wake(dev);
}

static const struct dev_ops serial_ops = {
	.name = "serial",
	.reset = serial_reset,
	.read = serial_read,
	.write = serial_write,
	.restored = serial_restored,
};

void serial_init(struct serial *serial, const struct irq_line *irq, const struct output *output)
{
	*serial = (struct serial){
		.dev = dev_of(&serial_ops, &serial->registers, sizeof(serial->registers)),
		.irq = *irq,
		.output = *output,
	};
	serial_reset(&serial->dev);
}

size_t serial_receive(struct serial *serial, const void *bytes, size_t size)
{
	struct serial_registers *r = &serial->registers;
	const uint8_t *from = bytes;
	size_t taken;

	for (taken = 0; taken < size && has_room(r); taken++)
		take(r, from[taken], 0);
	if (taken < size)
		r->refused = 1;
	update_line(serial);
	return taken;
}
