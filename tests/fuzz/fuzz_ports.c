/* SPDX-License-Identifier: MIT */
/*
 * Serial lines, i8042, debug exit and debug console. The serial line's level is what its IIR says at
 * any time, and every byte written to it while it is to be sent comes out, and no other.
 */
#include <string.h>
#include "devices/pc/debug_console.h"
#include "devices/debug_exit.h"
#include "devices/pc/i8042.h"
#include "devices/serial.h"
#include "tests/fuzz/device_fuzz.h"

#define SERIAL_MEMORY 0x09000000

static struct serial serial[2];
static struct i8042 i8042;
static struct debug_exit debug_exit;
static struct debug_console console;
static bool level[2];
static uint64_t sent, saved_sent; /* bytes of both serial lines and the console */

static void set_line(void *context, unsigned int number, bool to)
{
	(void)context;
	level[number] = to;
}

static void count(void *context, const void *bytes, size_t size)
{
	(void)context;
	fuzz_equal(size, 1, "a byte is sent at a time");
	fuzz_note(*(const uint8_t *)bytes);
	sent++;
}

static void add(enum bus_space space, uint64_t first, uint64_t size, struct dev *dev)
{
	fuzz_equal((uint64_t)bus_add(&fuzz_bus, space, first, size, dev, NULL), 0, "bus_add()");
}

static void ports_start(void)
{
	const struct output output = { .write = count };
	unsigned int i;

	for (i = 0; i < 2; i++) {
		const struct irq_line irq = { .set = set_line, .number = i };

		level[i] = false;
		serial_init(&serial[i], &irq, &output);
		add(BUS_PORT, i ? SERIAL_COM2 : SERIAL_COM1, SERIAL_PORTS, &serial[i].dev);
	}
	add(BUS_MEMORY, SERIAL_MEMORY, 0x1000, &serial[0].dev);
	i8042_init(&i8042);
	fuzz_equal((uint64_t)i8042_add(&i8042, &fuzz_bus, NULL), 0, "i8042_add()");
	debug_exit_init(&debug_exit);
	add(BUS_PORT, DEBUG_EXIT_PORT, DEBUG_EXIT_SIZE, &debug_exit.dev);
	debug_console_init(&console, &output);
	add(BUS_PORT, DEBUG_CONSOLE_PORT, 1, &console.dev);
	sent = 0;
}

/* Look at IIR without leaving a trace. */
static uint8_t look_at_iir(struct serial *of)
{
	struct serial_registers before = of->registers;
	struct irq_line irq = of->irq;
	uint8_t value = 0;

	of->irq.set = NULL;
	of->dev.ops->read(&of->dev, 2, &value, 1);
	of->irq = irq;
	of->registers = before;
	return value;
}

static void check_serial(unsigned int i)
{
	fuzz_equal(level[i], !(look_at_iir(&serial[i]) & 1), "the line is not what IIR says");
	fuzz_equal(serial[i].registers.level, level[i], "the line is not what it believes");
	fuzz_expect(serial[i].registers.count <= (serial[i].registers.fcr & 1 ? 16 : 1),
		    "more bytes than the FIFO holds");
}

/* A write to a serial line's data, of which it is known where it goes. */
static void send(void)
{
	unsigned int i = (unsigned int)fuzz_below(2);
	const struct serial_registers *r = &serial[i].registers;
	uint64_t before = sent;
	bool sends = !(r->lcr & 0x80) && !(r->mcr & 0x10);

	fuzz_access(BUS_PORT, i ? SERIAL_COM2 : SERIAL_COM1, 1 + fuzz_below(4), true,
		    fuzz_random());
	fuzz_equal(sent - before, sends, "bytes sent");
}

static void receive(void)
{
	struct serial *of = &serial[fuzz_below(2)];
	uint8_t bytes[40];
	size_t size = fuzz_below(sizeof(bytes)), taken;
	uint8_t before = of->registers.count;

	memset(bytes, 'x', sizeof(bytes));
	taken = serial_receive(of, bytes, size);
	fuzz_expect(taken <= size, "more taken than there was");
	fuzz_equal(of->registers.count, before + taken, "bytes in the FIFO");
	fuzz_note(taken);
}

static void ports_step(void)
{
	switch (fuzz_below(8)) {
	case 0:
		send();
		break;
	case 1:
		receive();
		break;
	case 2: /* a driver that does what drivers do */
		fuzz_access(BUS_PORT, SERIAL_COM1 + 2, 1, true, 7 | fuzz_below(4) << 6);
		fuzz_access(BUS_PORT, SERIAL_COM1 + 3, 1, true, 3);
		fuzz_access(BUS_PORT, SERIAL_COM1 + 1, 1, true, fuzz_below(16));
		break;
	case 3:
		if (fuzz_one_in(20))
			bus_reset(&fuzz_bus);
		break;
	default:
		fuzz_random_access();
		break;
	}
	check_serial(0);
	check_serial(1);
}

static void ports_save(void)
{
	saved_sent = sent;
}

static void ports_restore(void)
{
	sent = saved_sent;
	check_serial(0);
	check_serial(1);
}

const struct fuzz_target fuzz_ports = {
	.name = "ports",
	.start = ports_start,
	.step = ports_step,
	.save = ports_save,
	.restore = ports_restore,
};
