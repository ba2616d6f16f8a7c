/* SPDX-License-Identifier: MIT */
/* Growing text. */
#include "base/buffer.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for size more bytes, or NULL if there is none. See added(). */
static char *make_room(struct buffer *buffer, size_t size)
{
	size_t needed = buffer->length + size + 1, capacity = buffer->capacity;
	char *text;

	if (needed > BUFFER_LIMIT + 1)
		return NULL;
	if (needed > capacity) {
		capacity = capacity ? capacity * 2 : 512;
		capacity = capacity < needed ? needed : capacity;
		text = realloc(buffer->text, capacity);
		if (!text)
			return NULL;
		buffer->text = text;
		buffer->capacity = capacity;
	}
	return buffer->text + buffer->length;
}

static void added(struct buffer *buffer, size_t size)
{
	buffer->length += size;
	buffer->text[buffer->length] = '\0';
}

void buffer_add(struct buffer *buffer, const void *bytes, size_t size)
{
	size_t left = BUFFER_LIMIT - buffer->length;
	char *room;

	if (size > left) {
		buffer->cut = true;
		size = left;
	}
	if (!size)
		return;
	room = make_room(buffer, size);
	if (!room) {
		buffer->cut = true;
		return;
	}
	memcpy(room, bytes, size);
	added(buffer, size);
}

void buffer_print(struct buffer *buffer, const char *format, ...)
{
	va_list arguments;
	char *text;
	int length;

	va_start(arguments, format);
	length = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (length < 0) {
		buffer->cut = true;
		return;
	}
	buffer_add(buffer, text, (size_t)length);
	free(text);
}

char *buffer_take(struct buffer *buffer)
{
	char *text = buffer->text;

	*buffer = (struct buffer){ 0 };
	return text;
}
