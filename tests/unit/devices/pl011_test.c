/* SPDX-License-Identifier: MIT */
/* The PL011 as a driver sees it, and as the host does. Section numbers are those of DDI 0183G. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "devices/pl011.h"

#define BASE 0x09002000

enum { DR, RSR = 4, FR = 0x18, IBRD = 0x24, FBRD = 0x28, LCR_H = 0x2c, CR = 0x30, IFLS = 0x34 };
enum { IMSC = 0x38, RIS = 0x3c, MIS = 0x40, ICR = 0x44 };

#define RXFE	  0x10
#define RXFF	  0x40
#define IDLE	  0x97 /* CTS, DSR, DCD, RXFE, TXFE */
#define FEN	  0x10
#define LBE	  0x80
#define INT_RX	  0x10
#define INT_TX	  0x20
#define INT_RT	  0x40
#define INT_OE	  0x400
#define DR_OE	  0x800
#define FIFO_HALF (2u << 3)

static struct bus bus;
static struct pl011 pl011;
static struct capture capture;
static uint8_t kept[64];
static bool level;

static void set_line(void *context, unsigned int number, bool now)
{
	(void)context;
	(void)number;
	level = now;
}

static int make(void **state)
{
	const struct irq_line irq = { set_line, NULL, 3 };
	struct output output;

	(void)state;
	level = false;
	capture_init(&capture, kept, sizeof(kept));
	output = capture_output(&capture);
	bus_init(&bus);
	pl011_init(&pl011, &irq, &output);
	return bus_add(&bus, BUS_MEMORY, BASE, PL011_SIZE, &pl011.dev, NULL);
}

static void out(uint64_t offset, uint32_t value)
{
	assert_int_equal(bus_write(&bus, BUS_MEMORY, BASE + offset, &value, 4), BUS_DONE);
}

static uint32_t in(uint64_t offset)
{
	uint32_t value = 0x55555555;

	assert_int_equal(bus_read(&bus, BUS_MEMORY, BASE + offset, &value, 4), BUS_DONE);
	return value;
}

static void starts_as_the_manual_says(void **state)
{
	static const uint8_t id[] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };
	size_t i;

	(void)state;
	assert_int_equal(in(FR), IDLE);
	assert_int_equal(in(CR), 0x300);
	assert_int_equal(in(IFLS), 0x12);
	assert_int_equal(in(IMSC), 0);
	assert_int_equal(in(RIS), 0);
	for (i = 0; i < sizeof(id); i++)
		assert_int_equal(in(0xfe0 + 4 * i), id[i]);
	out(IBRD, 0x12345);
	out(FBRD, 0xff);
	assert_int_equal(in(IBRD), 0x2345);
	assert_int_equal(in(FBRD), 0x3f);
	/* There is nothing at 0x50, and FR is read-only. */
	out(0x50, 1);
	assert_int_equal(in(0x50), 0);
	out(FR, 0);
	assert_int_equal(in(FR), IDLE);
}

static void what_is_written_is_sent(void **state)
{
	(void)state;
	out(IMSC, INT_TX);
	assert_false(level);
	out(DR, 'a');
	assert_true(level);
	assert_int_equal(in(MIS), INT_TX);
	out(ICR, INT_TX);
	assert_false(level);
	out(DR, 'b');
	assert_int_equal(capture.total, 2);
	assert_memory_equal(kept, "ab", 2);
}

static void received_bytes_interrupt_by_level(void **state)
{
	(void)state;
	out(LCR_H, FEN);
	out(IFLS, FIFO_HALF);
	out(IMSC, INT_RX);
	assert_int_equal(pl011_receive(&pl011, "1234567", 7), 7);
	assert_false(level);
	/* They are reported after a time, which is none here. */
	assert_int_equal(in(RIS), INT_RT);
	assert_int_equal(pl011_receive(&pl011, "8", 1), 1);
	assert_true(level);
	assert_int_equal(in(FR) & (RXFE | RXFF), 0);
	assert_int_equal(in(DR), '1');
	assert_false(level);
	out(IMSC, INT_RT);
	assert_true(level);
	while (!(in(FR)&RXFE))
		in(DR);
	assert_false(level);
	assert_int_equal(in(RIS), 0);
}

static void without_fifos_there_is_room_for_one(void **state)
{
	uint64_t times = 0;

	(void)state;
	bus.wake = eventfd(0, EFD_NONBLOCK);
	out(IMSC, INT_RX);
	assert_int_equal(pl011_receive(&pl011, "xy", 2), 1);
	assert_true(level);
	assert_int_equal(in(FR)&RXFF, RXFF);
	assert_int_equal(read(bus.wake, &times, sizeof(times)), -1);
	assert_int_equal(in(DR), 'x');
	assert_false(level);
	/* Who had more is told. */
	assert_int_equal(read(bus.wake, &times, sizeof(times)), sizeof(times));
	close(bus.wake);
	bus.wake = -1;
}

static void loopback_overruns(void **state)
{
	(void)state;
	out(CR, 0x300 | LBE);
	out(DR, 'a');
	out(DR, 'b');
	assert_int_equal(capture.total, 0);
	assert_int_equal(in(RIS)&INT_OE, INT_OE);
	assert_int_equal(in(RSR), 8);
	assert_int_equal(in(DR), 'a' | DR_OE);
	out(RSR, 0);
	assert_int_equal(in(RSR), 0);
}

static void registers_are_restored(void **state)
{
	struct pl011_registers saved;

	(void)state;
	out(LCR_H, FEN);
	out(IMSC, INT_RT);
	pl011_receive(&pl011, "abc", 3);
	assert_true(level);
	bus_save(&bus, &saved);
	bus_reset(&bus);
	assert_false(level);
	assert_int_equal(in(FR), IDLE);
	bus_restore(&bus, &saved);
	assert_true(level);
	assert_int_equal(in(DR), 'a');
	/* From a file may come anything. */
	memset(&saved, 0xff, sizeof(saved));
	bus_restore(&bus, &saved);
	assert_int_equal(in(FR)&RXFF, RXFF);
	in(DR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(starts_as_the_manual_says, make),
		cmocka_unit_test_setup(what_is_written_is_sent, make),
		cmocka_unit_test_setup(received_bytes_interrupt_by_level, make),
		cmocka_unit_test_setup(without_fifos_there_is_room_for_one, make),
		cmocka_unit_test_setup(loopback_overruns, make),
		cmocka_unit_test_setup(registers_are_restored, make),
	};

	return cmocka_run_group_tests_name("PL011", tests, NULL, NULL);
}
