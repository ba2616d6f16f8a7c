/* SPDX-License-Identifier: MIT */
/* A 16550 (National Semiconductor's data sheet PC16550D) and port 0xE9. */
#include "image/start/hardware/console_x86_64.h"
#include <stdarg.h>
#include <ring0/x86.h>
#include "guest/text/format.h"

#define DEBUG_PORT 0xe9

/* PC16550D, table II. The divisor is where the data and the interrupt enable are, with LCR_DIVISOR set. */
#define DATA		 0
#define INTERRUPT_ENABLE 1
#define FIFO_CONTROL	 2
#define LINE_CONTROL	 3
#define MODEM_CONTROL	 4
#define LINE_STATUS	 5
#define SCRATCH		 7

#define LCR_8N1		 0x03
#define LCR_DIVISOR	 0x80
#define FCR_ENABLE_RESET 0x07
#define MCR_DTR_RTS	 0x03
#define LSR_EMPTY	 0x20
#define LSR_IDLE	 0x40 /* the FIFO and the shift register, too */

#define CLOCK_BAUD 115200u /* with a divisor of 1: 1.8432 MHz / 16 */

/* A character takes 10 bits at 1200 baud: 8 ms, of some 10 000 reads of a port. More is a port that is stuck. */
#define LOOKS 100000

#define CONSOLE_PORTS 4

static struct serial_port ports[CONSOLE_PORTS];
static unsigned int port_count;
static bool has_debug_port;
static bool in_output; /* a test's, in the middle of a line */
static bool in_line;

static uint8_t in(const struct serial_port *port, unsigned int number)
{
	uint64_t at = port->base + ((uint64_t)number << port->shift);

	return port->is_memory ? *(volatile uint8_t *)r0_direct(at) : r0_in8((uint16_t)at);
}

static void out(const struct serial_port *port, unsigned int number, unsigned int value)
{
	uint64_t at = port->base + ((uint64_t)number << port->shift);

	if (port->is_memory)
		*(volatile uint8_t *)r0_direct(at) = (uint8_t)value;
	else
		r0_out8((uint16_t)at, (uint8_t)value);
}

bool console_is_serial(const struct serial_port *port)
{
	out(port, SCRATCH, 0x5a);
	if (in(port, SCRATCH) != 0x5a)
		return false;
	out(port, SCRATCH, 0xa5);
	return in(port, SCRATCH) == 0xa5;
}

void console_use_serial(const struct serial_port *port, unsigned int baud)
{
	unsigned int divisor = baud ? CLOCK_BAUD / baud : 0;

	if (port_count == CONSOLE_PORTS)
		return;
	out(port, INTERRUPT_ENABLE, 0);
	if (divisor) {
		out(port, LINE_CONTROL, LCR_DIVISOR);
		out(port, DATA, divisor & 0xff);
		out(port, INTERRUPT_ENABLE, divisor >> 8 & 0xff);
		out(port, LINE_CONTROL, LCR_8N1);
		out(port, FIFO_CONTROL, FCR_ENABLE_RESET);
		out(port, MODEM_CONTROL, MCR_DTR_RTS);
	}
	ports[port_count++] = *port;
}

void console_use_debug_port(void)
{
	has_debug_port = true;
}

static void put(char c)
{
	unsigned int i, looks;

	if (has_debug_port)
		r0_out8(DEBUG_PORT, (uint8_t)c);
	for (i = 0; i < port_count; i++) {
		for (looks = 0; looks < LOOKS && !(in(&ports[i], LINE_STATUS) & LSR_EMPTY); looks++)
			r0_pause();
		out(&ports[i], DATA, (uint8_t)c);
	}
}

void console_finish(void)
{
	unsigned int i, looks;

	for (i = 0; i < port_count; i++)
		for (looks = 0; looks < LOOKS && !(in(&ports[i], LINE_STATUS) & LSR_IDLE); looks++)
			r0_pause();
}

static void put_text(struct format_sink *sink, const char *text, size_t length)
{
	(void)sink;
	for (; length; text++, length--) {
		if (*text == '\n')
			put('\r');
		put(*text);
		in_line = *text != '\n';
	}
}

void console_end_line(void)
{
	struct format_sink sink = { put_text };

	if (in_line)
		put_text(&sink, "\n", 1);
	in_output = false;
}

void console_print(const char *format, ...)
{
	struct format_sink sink = { put_text };
	va_list arguments;

	if (in_output)
		put_text(&sink, "\n", 1);
	in_output = false;
	va_start(arguments, format);
	format_pieces(&sink, format, arguments);
	va_end(arguments);
}

static bool is_text(unsigned char c)
{
	return c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f);
}

void console_output(const char *text, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	struct format_sink sink = { put_text };

	for (; size; text++, size--) {
		unsigned char c = (unsigned char)*text;
		char escaped[] = { '\\', 'x', digits[c >> 4], digits[c & 15] };

		/* A test that ends its lines as serial lines do. */
		if (c == '\r' && size > 1 && text[1] == '\n')
			continue;
		if (!in_output)
			put_text(&sink, "# | ", 4);
		in_output = c != '\n';
		if (is_text(c))
			put_text(&sink, text, 1);
		else
			put_text(&sink, escaped, sizeof(escaped));
	}
}
