/* SPDX-License-Identifier: MIT */
/* The text of a failure, which ends where its room does. */
#include "guest/text/bytes.h"
#include "guest/text/format.h"
#include "guest/text/message.h"
#include <stdarg.h>
#include <stdint.h>

static void message_put(struct format_sink *sink, const char *text, size_t length)
{
	struct message *message = (struct message *)sink;
	size_t room = sizeof(message->text) - message->length;

	if (length > room) {
		length = room;
		message->cut = true;
	}
	copy_bytes(message->text + message->length, text, length);
	message->length += length;
}

void message_init(struct message *message)
{
	message->sink.put = message_put;
	message->length = 0;
	message->cut = false;
}

void message_end(struct message *message)
{
	if (message->cut)
		copy_bytes(message->text + message->length - 3, "...", 3);
}

void message_add(struct message *message, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	format_pieces(&message->sink, format, arguments);
	va_end(arguments);
}

void message_add_escaped(struct message *message, const char *text, size_t length, char quote)
{
	static const char letters[] = "abtnvfr"; /* of '\a' to '\r', which are 7 to 13 */

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == (unsigned char)quote || c == '\\')
			message_add(message, "\\%c", c);
		else if (c >= ' ' && c <= '~')
			message_add(message, "%c", c);
		else if (c >= '\a' && c <= '\r')
			message_add(message, "\\%c", letters[c - '\a']);
		else
			message_add(message, "\\x%02x", c);
	}
}
