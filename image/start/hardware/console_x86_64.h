/* SPDX-License-Identifier: MIT */
/*
 * Where an image writes: a serial port, and port 0xE9 of hypervisors that have a console there. A console that
 * takes nothing does not stop it.
 */
#ifndef IMAGE_START_HARDWARE_CONSOLE_X86_64_H
#define IMAGE_START_HARDWARE_CONSOLE_X86_64_H

#include <ring0/private/types.h>

/* A 16550's registers: ports, or memory, 1 << shift bytes apart. */
struct serial_port {
	bool is_memory;
	unsigned int shift;
	uint64_t base;
};

/* Whether there is a 16550: its scratch register keeps what is written to it. */
bool console_is_serial(const struct serial_port *port);

/* Have output go there, too: 8 data bits, no parity, one stop bit. `baud` 0 leaves the port as firmware set it up. */
void console_use_serial(const struct serial_port *port, unsigned int baud);
void console_use_debug_port(void);

/* One line, or part of one: newlines become CR LF. It begins a new one if the test's output has not ended its own. */
void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* End the line, if one was begun, by whomever. */
void console_end_line(void);

/* Wait until all is on the line: a machine that is turned off sends no more. */
void console_finish(void);

/* What a test prints: each line after "# | ", what is no text as \xNN. */
void console_output(const char *text, size_t size);

#endif /* IMAGE_START_HARDWARE_CONSOLE_X86_64_H */
