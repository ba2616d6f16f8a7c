/* SPDX-License-Identifier: MIT */
/* The 16550A as a driver sees it, by ports and by memory, and as the host does. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "devices/serial.h"

#define BASE 0x09000000

enum { DATA, IER, IIR, LCR, MCR, LSR, MSR, SCR };

static struct bus bus;
static struct serial serial;
static struct capture capture;
static uint8_t kept[64];

/* The line's level, and how often it rose. */
static struct line {
	bool level;
	unsigned int number, edges;
} line;

static void set_line(void *context, unsigned int number, bool level)
{
	struct line *of = context;

	of->edges += level && !of->level;
	of->level = level;
	of->number = number;
}

static int make(void **state)
{
	const struct irq_line irq = { set_line, &line, 4 };
	struct output output;

	(void)state;
	line = (struct line){ 0 };
	capture_init(&capture, kept, sizeof(kept));
	output = capture_output(&capture);
	bus_init(&bus);
	serial_init(&serial, &irq, &output);
	assert_int_equal(bus_add(&bus, BUS_PORT, SERIAL_COM1, SERIAL_PORTS, &serial.dev, NULL), 0);
	return bus_add(&bus, BUS_MEMORY, BASE, 0x1000, &serial.dev, NULL);
}

static void out(uint16_t offset, uint8_t value)
{
	assert_int_equal(bus_write(&bus, BUS_PORT, SERIAL_COM1 + offset, &value, 1), BUS_DONE);
}

static uint8_t in(uint16_t offset)
{
	uint8_t value = 0x55;

	assert_int_equal(bus_read(&bus, BUS_PORT, SERIAL_COM1 + offset, &value, 1), BUS_DONE);
	return value;
}

static void assert_sent(const char *text)
{
	uint8_t sent[sizeof(kept)];

	assert_int_equal(capture_read(&capture, 0, sent, sizeof(sent)), strlen(text));
	assert_memory_equal(sent, text, strlen(text));
}

static void after_reset(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(in(LSR), 0x60);
		assert_int_equal(in(IIR), 0x01);
		assert_int_equal(in(IER), 0);
		assert_int_equal(in(LCR), 3);
		assert_int_equal(in(MCR), 8);
		assert_int_equal(in(MSR), 0xb0);
		assert_int_equal(in(SCR), 0);
		assert_int_equal(in(DATA), 0);
		out(LCR, 0x83);
		assert_int_equal(in(DATA), 12);
		assert_int_equal(in(IER), 0);
		out(DATA, 1);
		out(IER, 2);
		out(LCR, 0);
		out(IIR, 1);
		out(MCR, 0);
		out(SCR, 0xaa);
		out(IER, 0xf);
		assert_true(line.level);
		serial.dev.ops->reset(&serial.dev);
		assert_false(line.level);
	}
	assert_int_equal(line.number, 4);
}

static void sends(void **state)
{
	(void)state;
	for (const char *c = "hello"; *c; c++) {
		assert_int_equal(in(LSR)&0x60, 0x60);
		out(DATA, (uint8_t)*c);
	}
	assert_sent("hello");
	/* Bits beyond the word's length are not sent. */
	out(LCR, 2);
	out(DATA, 0x80 | '!');
	assert_sent("hello!");
}

/* A guest may send without end: the last bytes are there. */
static void flood(void **state)
{
	uint8_t sent[sizeof(kept)];

	(void)state;
	for (unsigned int i = 0; i < 100000; i++)
		out(DATA, (uint8_t)i);
	assert_int_equal(capture.total, 100000);
	assert_int_equal(capture_read(&capture, 0, sent, sizeof(sent)), sizeof(kept));
	for (unsigned int i = 0; i < sizeof(kept); i++)
		assert_int_equal(sent[i], (uint8_t)(100000 - sizeof(kept) + i));
	assert_int_equal(capture_read(&capture, 99999, sent, sizeof(sent)), 1);
	assert_int_equal(sent[0], (uint8_t)99999);
	assert_int_equal(capture_read(&capture, 100000, sent, sizeof(sent)), 0);
	assert_int_equal(capture_read(&capture, UINT64_MAX, sent, sizeof(sent)), 0);
}

static void capture_of_long_runs(void **state)
{
	struct output output = capture_output(&capture);
	uint8_t bytes[200], sent[sizeof(kept)];

	(void)state;
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	output_write(&output, bytes, 50);
	output_write(&output, bytes + 50, 30);
	assert_int_equal(capture_read(&capture, 0, sent, sizeof(sent)), 64);
	assert_memory_equal(sent, bytes + 16, 64);
	output_write(&output, bytes, sizeof(bytes));
	assert_int_equal(capture.total, 280);
	assert_int_equal(capture_read(&capture, 0, sent, sizeof(sent)), 64);
	assert_memory_equal(sent, bytes + sizeof(bytes) - 64, 64);
	assert_int_equal(capture_read(&capture, 270, sent, 4), 4);
	assert_memory_equal(sent, bytes + 190, 4);
}

static void divisor(void **state)
{
	(void)state;
	out(LCR, 0x83);
	out(DATA, 0x34);
	out(IER, 0x12);
	assert_int_equal(in(DATA), 0x34);
	assert_int_equal(in(IER), 0x12);
	out(LCR, 3);
	assert_int_equal(in(IER), 0);
	assert_int_equal(serial.registers.divisor, 0x1234);
	assert_sent("");
}

static void receives_without_fifo(void **state)
{
	(void)state;
	assert_int_equal(serial_receive(&serial, "ab", 2), 1);
	assert_false(line.level);
	out(IER, 1);
	assert_true(line.level);
	assert_int_equal(in(IIR), 0x04);
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(DATA), 'a');
	assert_false(line.level);
	assert_int_equal(in(LSR), 0x60);
	assert_int_equal(in(IIR), 0x01);
	assert_int_equal(serial_receive(&serial, "b", 1), 1);
	assert_int_equal(line.edges, 2);
}

static void fifo_trigger_levels(void **state)
{
	static const uint8_t levels[] = { 1, 4, 8, 14 };

	(void)state;
	out(IER, 1);
	for (unsigned int i = 0; i < 4; i++) {
		out(IIR, (uint8_t)(i << 6 | 7));
		assert_int_equal(in(IIR), 0xc1);
		for (unsigned int count = 1; count <= 16; count++) {
			assert_int_equal(serial_receive(&serial, "x", 1), 1);
			/* Below the level it is the timeout that reports them. */
			assert_int_equal(in(IIR), count < levels[i] ? 0xcc : 0xc4);
			assert_true(line.level);
		}
		assert_int_equal(serial_receive(&serial, "x", 1), 0);
		for (unsigned int count = 16; count; count--) {
			assert_int_equal(in(IIR), count < levels[i] ? 0xcc : 0xc4);
			assert_int_equal(in(DATA), 'x');
		}
		assert_false(line.level);
	}
}

static void fifo_control(void **state)
{
	(void)state;
	out(IIR, 0xc1);
	serial_receive(&serial, "abc", 3);
	/* Without its enable bit nothing of it counts but that, which empties. */
	out(IIR, 0xc1);
	assert_int_equal(serial.registers.count, 3);
	out(IIR, 0xc3);
	assert_int_equal(in(LSR), 0x60);
	serial_receive(&serial, "abc", 3);
	out(IIR, 0);
	assert_int_equal(in(LSR), 0x60);
	assert_int_equal(in(IIR), 1);
	assert_int_equal(serial.registers.fcr, 0);
	/* Order is kept around the ring's end. */
	out(IIR, 1);
	for (unsigned int i = 0; i < 100; i += 3) {
		uint8_t bytes[3] = { (uint8_t)i, (uint8_t)(i + 1), (uint8_t)(i + 2) };

		assert_int_equal(serial_receive(&serial, bytes, 3), 3);
		for (unsigned int j = 0; j < 3; j++)
			assert_int_equal(in(DATA), i + j);
	}
}

static void loopback(void **state)
{
	(void)state;
	out(MCR, 0x10);
	out(IIR, 1);
	for (unsigned int i = 0; i < 16; i++)
		out(DATA, (uint8_t)('a' + i));
	assert_int_equal(in(LSR), 0x61);
	out(DATA, 'z');
	assert_int_equal(in(LSR), 0x63);
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(serial_receive(&serial, "x", 1), 0);
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(in(DATA), 'a' + i);
	assert_int_equal(in(LSR), 0x60);
	assert_sent("");
	/* Without FIFO it is the last that stays. */
	out(IIR, 0);
	out(DATA, '1');
	out(DATA, '2');
	assert_int_equal(in(LSR), 0x63);
	assert_int_equal(in(DATA), '2');
	/* Words have their length here, too. */
	out(LCR, 0);
	out(DATA, 0xff);
	assert_int_equal(in(DATA), 0x1f);
}

static void modem_lines(void **state)
{
	static const struct {
		uint8_t mcr, msr;
	} lines[] = { { 0x11, 0x20 }, { 0x12, 0x10 }, { 0x14, 0x40 }, { 0x18, 0x80 } };

	(void)state;
	out(MCR, 0x10);
	assert_int_equal(in(MSR), 0x0b);
	assert_int_equal(in(MSR), 0);
	for (size_t i = 0; i < 4; i++) {
		out(MCR, lines[i].mcr);
		assert_int_equal(in(MSR)&0xf0, lines[i].msr);
		out(MCR, 0x10);
		/* Every change is told, of the ring indicator only its end. */
		assert_int_equal(in(MSR), lines[i].msr >> 4);
	}
	out(MCR, 0x14);
	assert_int_equal(in(MSR), 0x40);
	out(IER, 8);
	assert_false(line.level);
	out(MCR, 0x10);
	assert_true(line.level);
	assert_int_equal(in(IIR), 0);
	assert_int_equal(in(MSR), 4);
	assert_false(line.level);
	out(MCR, 0xff);
	assert_int_equal(in(MCR), 0x1f);
}

static void transmitter_interrupt(void **state)
{
	unsigned int edges;

	(void)state;
	out(IER, 2);
	assert_true(line.level);
	assert_int_equal(in(IIR), 2);
	assert_false(line.level);
	assert_int_equal(in(IIR), 1);
	out(DATA, 'a');
	assert_true(line.level);
	/* Writing again without having asked: one more edge. */
	edges = line.edges;
	out(DATA, 'b');
	assert_int_equal(line.edges, edges + 1);
	assert_int_equal(in(IIR), 2);
	out(IER, 2);
	assert_int_equal(in(IIR), 1);
	out(IER, 0);
	out(IER, 2);
	assert_int_equal(in(IIR), 2);
	assert_sent("ab");
}

static void priorities(void **state)
{
	(void)state;
	out(MCR, 0x10);
	out(IIR, 0x41);
	in(MSR);
	out(IER, 0xf);
	out(MCR, 0x11);
	for (unsigned int i = 0; i < 17; i++)
		out(DATA, 'x');
	assert_int_equal(in(IIR), 0xc6);
	assert_int_equal(in(LSR), 0x63);
	assert_int_equal(in(IIR), 0xc4);
	for (unsigned int i = 0; i < 13; i++)
		in(DATA);
	assert_int_equal(in(IIR), 0xcc);
	for (unsigned int i = 0; i < 3; i++)
		in(DATA);
	assert_int_equal(in(IIR), 0xc2);
	assert_int_equal(in(IIR), 0xc0);
	assert_true(line.level);
	in(MSR);
	assert_int_equal(in(IIR), 0xc1);
	assert_false(line.level);
}

static void breaks(void **state)
{
	(void)state;
	out(IIR, 1);
	out(IER, 4);
	/* Our own break comes back by the loop alone. */
	out(LCR, 0x43);
	assert_int_equal(in(LSR), 0x60);
	out(LCR, 3);
	out(MCR, 0x10);
	serial_receive(&serial, "a", 1);
	out(DATA, 'a');
	assert_false(line.level);
	out(LCR, 0x43);
	/* It is second in the FIFO: LSR's top bit alone tells of it. */
	assert_int_equal(in(LSR), 0xe1);
	assert_int_equal(in(DATA), 'a');
	assert_int_equal(in(LSR), 0xf1);
	assert_int_equal(in(LSR), 0x61);
	assert_int_equal(in(DATA), 0);
	assert_int_equal(in(LSR), 0x60);
}

static void read_only_registers(void **state)
{
	(void)state;
	in(MSR);
	out(LSR, 0xff);
	out(MSR, 0xff);
	assert_int_equal(in(LSR), 0x60);
	assert_int_equal(in(MSR), 0xb0);
	out(IER, 0xff);
	assert_int_equal(in(IER), 0x0f);
	out(SCR, 0xa5);
	assert_int_equal(in(SCR), 0xa5);
}

/* In memory: the first byte of any access, at offsets up to 255. */
static void by_memory(void **state)
{
	uint8_t data[8];

	(void)state;
	assert_int_equal(bus_write(&bus, BUS_MEMORY, BASE, "hi", 2), BUS_DONE);
	assert_sent("h");
	memset(data, 0x55, sizeof(data));
	assert_int_equal(bus_read(&bus, BUS_MEMORY, BASE + LSR, data, 4), BUS_DONE);
	assert_int_equal(data[0], 0x60);
	assert_int_equal(data[4], 0x55);
	for (unsigned int offset = 8; offset < 256; offset++) {
		assert_int_equal(bus_read(&bus, BUS_MEMORY, BASE + offset, data, 1), BUS_DONE);
		assert_int_equal(data[0], 0);
		assert_int_equal(bus_write(&bus, BUS_MEMORY, BASE + offset, "x", 1), BUS_DONE);
	}
	assert_int_equal(bus_read(&bus, BUS_MEMORY, BASE + 256, data, 1), BUS_UNMAPPED);
	assert_int_equal(data[0], 0xff);
	assert_int_equal(bus_write(&bus, BUS_MEMORY, BASE + 0xfff, "x", 1), BUS_UNMAPPED);
	assert_sent("h");
}

/* Who had input refused is woken when there is room. */
static void wakes(void **state)
{
	uint64_t count;

	(void)state;
	bus.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_int_equal(serial_receive(&serial, "a", 1), 1);
	in(DATA);
	assert_int_equal(read(bus.wake, &count, sizeof(count)), -1);
	assert_int_equal(serial_receive(&serial, "ab", 2), 1);
	assert_int_equal(read(bus.wake, &count, sizeof(count)), -1);
	in(DATA);
	assert_int_equal(read(bus.wake, &count, sizeof(count)), sizeof(count));
	in(DATA);
	assert_int_equal(read(bus.wake, &count, sizeof(count)), -1);
	out(MCR, 0x10);
	assert_int_equal(serial_receive(&serial, "b", 1), 0);
	out(MCR, 0);
	assert_int_equal(read(bus.wake, &count, sizeof(count)), sizeof(count));
	close(bus.wake);
}

static void snapshot(void **state)
{
	uint8_t saved[sizeof(struct serial_registers)];

	(void)state;
	out(IIR, 0x81);
	out(IER, 3);
	out(SCR, 7);
	serial_receive(&serial, "abc", 3);
	assert_int_equal(bus_state_size(&bus), sizeof(saved));
	bus_save(&bus, saved);
	in(DATA);
	in(DATA);
	in(DATA);
	in(IIR);
	out(IIR, 0);
	out(SCR, 0);
	assert_false(line.level);
	for (int i = 0; i < 2; i++) {
		bus_restore(&bus, saved);
		assert_true(line.level);
		assert_int_equal(in(IIR), 0xcc);
		assert_int_equal(in(DATA), 'a');
		assert_int_equal(in(DATA), 'b');
		assert_int_equal(in(DATA), 'c');
		assert_int_equal(in(IIR), 0xc2);
		assert_false(line.level);
		assert_int_equal(in(SCR), 7);
	}
	/* Whatever it holds, it leads nowhere. */
	memset(saved, 0xff, sizeof(saved));
	bus_restore(&bus, saved);
	assert_int_equal(in(IER), 0xff);
	out(LCR, 3);
	for (unsigned int i = 0; i < 100; i++)
		in(DATA);
	assert_int_equal(serial_receive(&serial, kept, 64), 0);
	out(MCR, 0);
	assert_int_equal(serial_receive(&serial, kept, 64), 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(after_reset, make),
		cmocka_unit_test_setup(sends, make),
		cmocka_unit_test_setup(flood, make),
		cmocka_unit_test_setup(capture_of_long_runs, make),
		cmocka_unit_test_setup(divisor, make),
		cmocka_unit_test_setup(receives_without_fifo, make),
		cmocka_unit_test_setup(fifo_trigger_levels, make),
		cmocka_unit_test_setup(fifo_control, make),
		cmocka_unit_test_setup(loopback, make),
		cmocka_unit_test_setup(modem_lines, make),
		cmocka_unit_test_setup(transmitter_interrupt, make),
		cmocka_unit_test_setup(priorities, make),
		cmocka_unit_test_setup(breaks, make),
		cmocka_unit_test_setup(read_only_registers, make),
		cmocka_unit_test_setup(by_memory, make),
		cmocka_unit_test_setup(wakes, make),
		cmocka_unit_test_setup(snapshot, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
