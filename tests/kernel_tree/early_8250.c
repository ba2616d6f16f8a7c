/* SPDX-License-Identifier: MIT */
/* A console: drivers/tty/serial/8250/8250_early.c against a mock of a 16550. */
#include <linux/console.h>
#include <linux/kernel.h>
#include <linux/serial_8250.h>
#include <linux/serial_core.h>
#include "gs.h"

int early_serial8250_setup(struct earlycon_device *device, const char *options);

/* clang-format off */
/* All that is written by hand. */
void uart_console_write(struct uart_port *port, const char *s, unsigned n, void (*put)(struct uart_port *, unsigned char)) { while (n--) put(port, *s++); }

/* clang-format on */

struct uart {
	unsigned char line_control;
	unsigned int sent;
};

static int uart(void *state, struct r0_access *access)
{
	struct uart *at = state;
	unsigned int number = access->address - 0x3f8;

	if (!access->write) {
		access->value = number == 5 ? 0x60 : 0;
		return 0;
	}
	if (number == 0 && !(at->line_control & 0x80) &&
	    (at->sent >= 2 || access->value != (unsigned char)"ok"[at->sent++]))
		return -1;
	if (number == 3)
		at->line_control = access->value;
	return 0;
}

static const struct uart first;

R0_TEST(early_8250, writes, GS, .io = R0_IO({ 0x3f8, 0x3ff, uart, &first, sizeof(first) }))
{
	struct console console = { .name = "t" };
	struct earlycon_device device = { .con = &console, .baud = 115200 };

	device.port.iobase = 0x3f8;
	device.port.iotype = UPIO_PORT;
	device.port.uartclk = 1843200;
	console.data = &device;
	R0_ASSERT_EQ(early_serial8250_setup(&device, "115200"), 0);
	R0_ASSERT_NE(console.write, NULL);
	console.write(&console, "ok", 2);
}

R0_TEST(early_8250, needs_a_port, GS)
{
	struct console console = { .name = "t" };
	struct earlycon_device device = { .con = &console };

	R0_ASSERT_EQ(early_serial8250_setup(&device, NULL), -ENODEV);
}
