/* SPDX-License-Identifier: MIT */
/*
 * r0_printf() and r0_panic(). Depends on guest/text/format.c and on the outside.
 */
#include <ring0.h>
#include "guest/host/fail.h"
#include "guest/host/outside.h"
#include "guest/host/require.h"
#include "guest/text/bytes.h"
#include "guest/text/format.h"

/* Each piece is one exit; a line is rarely longer. Exception handlers have 16 KiB of stack. */
struct console {
	struct format_sink sink;
	size_t used;
	char text[512];
};

static void flush(struct console *console)
{
	if (console->used > 0)
		(outside ? outside->console : program->console)(console->text, console->used);
	console->used = 0;
}

static void console_put(struct format_sink *sink, const char *text, size_t length)
{
	struct console *console = (struct console *)sink;

	while (length > 0) {
		size_t room = sizeof(console->text) - console->used;
		size_t piece = length < room ? length : room;

		copy_bytes(console->text + console->used, text, piece);
		console->used += piece;
		text += piece;
		length -= piece;
		if (console->used == sizeof(console->text))
			flush(console);
	}
}

void r0_printf(const char *format, ...)
{
	struct console console;
	va_list arguments;

	require_guest_or_mock(__func__);
	/* By hand: an initialiser would clear the text as well. */
	console.sink.put = console_put;
	console.used = 0;
	va_start(arguments, format);
	format_pieces(&console.sink, format, arguments);
	va_end(arguments);
	flush(&console);
}

void r0_panic(const char *format, ...)
{
	char text[1024];
	va_list arguments;
	size_t length;

	require_guest_or_mock(__func__);
	va_start(arguments, format);
	length = format_text(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length >= sizeof(text)) {
		length = sizeof(text) - 1;
		copy_bytes(text + length - 3, "...", 3);
	}
	fail(R0_FAILURE_PANIC, NULL, 0, text, length);
	stop();
}
