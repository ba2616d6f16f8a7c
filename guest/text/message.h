/* SPDX-License-Identifier: MIT */
/* The text of a failure while it is made. */
#ifndef GUEST_TEXT_MESSAGE_H
#define GUEST_TEXT_MESSAGE_H

#include <stdbool.h>
#include "guest/text/format.h"

#pragma GCC visibility push(hidden)

/* Exception handlers have 16 KiB of stack, and may assert. */
struct message {
	struct format_sink sink;
	size_t length;
	bool cut;
	char text[1000];
};

/* An empty one; and, at the end, "..." in one that did not fit. */
void message_init(struct message *message);
void message_end(struct message *message);

void message_add(struct message *message, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Backslashes as in C, for text between two quotes of that kind. */
void message_add_escaped(struct message *message, const char *text, size_t length, char quote);

#pragma GCC visibility pop

#endif /* GUEST_TEXT_MESSAGE_H */
