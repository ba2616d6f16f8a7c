/* SPDX-License-Identifier: MIT */
/* How a packet is answered, and what packets are made of: see answer.h. */
#include "gdb/answer.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void gdb_answer(struct gdb_session *session, const void *data, size_t size)
{
	free(buffer_take(&session->last));
	gdb_write_packet(&session->last, data, size);
	buffer_add(&session->out, session->last.text, session->last.length);
}

void gdb_answer_text(struct gdb_session *session, const char *text)
{
	gdb_answer(session, text, strlen(text));
}

/* An empty answer says that there is no such packet. */
void gdb_answer_unknown(struct gdb_session *session)
{
	gdb_answer(session, "", 0);
}

void gdb_answer_result(struct gdb_session *session, int err)
{
	char text[8];

	if (!err) {
		gdb_answer_text(session, "OK");
		return;
	}
	if (err == -ENOTSUP) {
		gdb_answer_unknown(session);
		return;
	}
	snprintf(text, sizeof(text), "E%02x", -err & 0xff);
	gdb_answer_text(session, text);
}

void gdb_answer_buffer(struct gdb_session *session, struct buffer *buffer)
{
	gdb_answer(session, buffer->text ? buffer->text : "", buffer->length);
	free(buffer_take(buffer));
}

/* A hexadecimal number, and the character behind it. False if there is none. */
bool gdb_take_number(const char **text, char behind, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(*text, &end, 16);
	if (end == *text || errno || **text == '-' || **text == '+' || **text == ' ' ||
	    *end != behind)
		return false;
	*text = behind ? end + 1 : end;
	return true;
}

/* A thread: 0 and -1 are any and all, which is the one that stopped. */
bool gdb_take_cpu(const struct gdb_session *session, const char *text, unsigned int *cpu)
{
	uint64_t thread;

	if (!strcmp(text, "-1") || !strcmp(text, "0")) {
		*cpu = session->stop.cpu;
		return true;
	}
	if (!gdb_take_number(&text, '\0', &thread) || !thread || thread > session->target->cpus)
		return false;
	*cpu = (unsigned int)thread - 1;
	return true;
}

bool gdb_starts(const char *text, const char *with, const char **behind)
{
	size_t size = strlen(with);

	*behind = text + size;
	return strncmp(text, with, size) == 0;
}
