/* SPDX-License-Identifier: MIT */
/* What gdb asks: see question.h. */
#include "gdb/question.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gdb/answer.h"

static void say_supported(struct gdb_session *session, const char *theirs)
{
	struct buffer text = { 0 };

	session->says_breakpoint = strstr(theirs, "swbreak+") && strstr(theirs, "hwbreak+");
	buffer_print(&text,
		     "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;vContSupported+;"
		     "swbreak+;hwbreak+%s",
		     GDB_PACKET_MAX, session->target->auxv ? ";qXfer:auxv:read+" : "");
	gdb_answer_buffer(session, &text);
}

/* OFFSET,LENGTH of a text that may have any bytes. */
static void say_part(struct gdb_session *session, const char *text, const char *whole, size_t size)
{
	struct buffer answer = { 0 };
	uint64_t offset, length;

	if (!gdb_take_number(&text, ',', &offset) || !gdb_take_number(&text, '\0', &length)) {
		gdb_answer_result(session, -EINVAL);
		return;
	}
	offset = offset < size ? offset : size;
	/* What escaping may double has room. */
	length = length < GDB_PACKET_MAX / 2 ? length : GDB_PACKET_MAX / 2 - 1;
	buffer_print(&answer, "%c", length < size - offset ? 'm' : 'l');
	length = length < size - offset ? length : size - offset;
	buffer_add(&answer, whole + offset, length);
	gdb_answer_buffer(session, &answer);
}

/* qXfer:features:read:ANNEX:OFFSET,LENGTH */
static void say_description(struct gdb_session *session, const char *text)
{
	const char *description = session->target->registers->description;

	if (strncmp(text, "target.xml:", 11) != 0)
		gdb_answer_text(session, "E00");
	else
		say_part(session, text + 11, description, strlen(description));
}

static void say_threads(struct gdb_session *session)
{
	struct buffer text = { 0 };
	unsigned int i;

	for (i = 0; i < session->target->cpus; i++)
		buffer_print(&text, "%c%x", i ? ',' : 'm', i + 1);
	gdb_answer_buffer(session, &text);
}

/* qThreadExtraInfo,THREAD: what `info threads` shows. */
static void say_thread(struct gdb_session *session, const char *text)
{
	struct buffer answer = { 0 };
	unsigned int cpu;
	char name[16];

	if (!gdb_take_cpu(session, text, &cpu)) {
		gdb_answer_result(session, -EINVAL);
		return;
	}
	gdb_put_hex(&answer, name, (size_t)snprintf(name, sizeof(name), "CPU %u", cpu));
	gdb_answer_buffer(session, &answer);
}

/* qRcmd,DIGITS: what the user types after "monitor". */
static void run_command(struct gdb_session *session, const char *text)
{
	const struct gdb_target *target = session->target;
	struct buffer answer = { 0 }, digits = { 0 };
	char command[256];
	size_t size = strlen(text) / 2;
	int err = -EINVAL;

	if (size < sizeof(command) && gdb_get_hex(command, text, size)) {
		command[size] = '\0';
		err = target->ops->command(target->context, session->cpu, command, &answer);
	}
	if (err || !answer.length) {
		free(buffer_take(&answer));
		gdb_answer_result(session, err);
		return;
	}
	size = answer.length < GDB_MEMORY_MAX ? answer.length : GDB_MEMORY_MAX;
	gdb_put_hex(&digits, answer.text, size);
	free(buffer_take(&answer));
	gdb_answer_buffer(session, &digits);
}

void gdb_answer_question(struct gdb_session *session, const char *text)
{
	const char *behind;

	if (gdb_starts(text, "qSupported", &behind)) {
		say_supported(session, behind);
	} else if (gdb_starts(text, "qXfer:features:read:", &behind)) {
		say_description(session, behind);
	} else if (session->target->auxv && gdb_starts(text, "qXfer:auxv:read::", &behind)) {
		say_part(session, behind, session->target->auxv, session->target->auxv_size);
	} else if (!strcmp(text, "qfThreadInfo")) {
		say_threads(session);
	} else if (!strcmp(text, "qsThreadInfo")) {
		gdb_answer_text(session, "l");
	} else if (gdb_starts(text, "qThreadExtraInfo,", &behind)) {
		say_thread(session, behind);
	} else if (!strcmp(text, "qC")) {
		char answer[16];

		snprintf(answer, sizeof(answer), "QC%x", session->cpu + 1);
		gdb_answer_text(session, answer);
	} else if (!strcmp(text, "qAttached")) {
		/* It was there before: gdb detaches from it when it quits, and does not kill it. */
		gdb_answer_text(session, "1");
	} else if (gdb_starts(text, "qRcmd,", &behind)) {
		run_command(session, behind);
	} else if (!strcmp(text, "QStartNoAckMode")) {
		gdb_answer_text(session, "OK");
		session->no_acks = true;
	} else {
		gdb_answer_unknown(session);
	}
}
