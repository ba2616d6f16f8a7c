/* SPDX-License-Identifier: MIT */
/* A session, packet by packet: see session.h. */
#include "gdb/session.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "gdb/answer.h"
#include "gdb/inspect.h"
#include "gdb/question.h"
#include "gdb/resume.h"

static void say_stop(struct gdb_session *session)
{
	const struct gdb_stop *stop = &session->stop;
	struct buffer text = { 0 };

	buffer_print(&text, "T%02xthread:%x;", stop->kind == GDB_STOP_SIGNAL ? stop->signal : 5,
		     stop->cpu + 1);
	if (stop->kind == GDB_STOP_WATCHPOINT)
		buffer_print(&text, "watch:%llx;", (unsigned long long)stop->address);
	else if (stop->kind == GDB_STOP_BREAKPOINT && session->says_breakpoint)
		buffer_print(&text, "swbreak:;");
	else if (stop->kind == GDB_STOP_HARDWARE_BREAKPOINT && session->says_breakpoint)
		buffer_print(&text, "hwbreak:;");
	gdb_answer_buffer(session, &text);
}

static void answer_v(struct gdb_session *session, char *text)
{
	const char *behind;

	if (!strcmp(text, "vCont?")) {
		gdb_answer_text(session, "vCont;c;C;s;S;r");
	} else if (gdb_starts(text, "vCont;", &behind)) {
		gdb_resume_each(session, text + (behind - text));
	} else if (gdb_starts(text, "vKill;", &behind)) {
		gdb_answer_text(session, "OK");
		session->state = GDB_KILLED;
	} else {
		gdb_answer_unknown(session);
	}
}

/* HgTHREAD chooses for all that follows; Hc has no use since vCont. */
static void choose_cpu(struct gdb_session *session, const char *text)
{
	unsigned int cpu;

	if (!*text || !gdb_take_cpu(session, text + 1, &cpu)) {
		gdb_answer_result(session, -EINVAL);
		return;
	}
	if (*text == 'g')
		session->cpu = cpu;
	gdb_answer_text(session, "OK");
}

static void answer(struct gdb_session *session)
{
	char *text = session->reader.data;
	unsigned int cpu;

	switch (*text) {
	case '?':
		say_stop(session);
		break;
	case 'g':
		gdb_read_registers(session);
		break;
	case 'G':
		gdb_write_registers(session, text + 1);
		break;
	case 'p':
		gdb_one_register(session, text + 1, false);
		break;
	case 'P':
		gdb_one_register(session, text + 1, true);
		break;
	case 'm':
		gdb_read_memory(session, text + 1);
		break;
	case 'M':
		gdb_write_memory(session, text + 1, false);
		break;
	case 'X':
		gdb_write_memory(session, text + 1, true);
		break;
	case 'Z':
		gdb_change_point(session, text + 1, true);
		break;
	case 'z':
		gdb_change_point(session, text + 1, false);
		break;
	case 'H':
		choose_cpu(session, text + 1);
		break;
	case 'T':
		gdb_answer_result(session, gdb_take_cpu(session, text + 1, &cpu) ? 0 : -EINVAL);
		break;
	case 'c':
	case 'C':
		gdb_resume_one(session, GDB_RUN);
		break;
	case 's':
	case 'S':
		gdb_resume_one(session, GDB_STEP);
		break;
	case 'D':
		gdb_answer_text(session, "OK");
		session->state = GDB_DETACHED;
		break;
	case 'k':
		session->state = GDB_KILLED;
		break;
	case 'v':
		answer_v(session, text);
		break;
	case 'q':
	case 'Q':
		gdb_answer_question(session, text);
		break;
	default:
		gdb_answer_unknown(session);
	}
}

void gdb_session_init(struct gdb_session *session, const struct gdb_target *target,
		      const struct gdb_stop *stop)
{
	*session = (struct gdb_session){ .target = target, .stop = *stop, .cpu = stop->cpu };
}

void gdb_session_finish(struct gdb_session *session)
{
	free(buffer_take(&session->last));
	free(buffer_take(&session->out));
}

void gdb_session_feed(struct gdb_session *session, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	size_t i;

	for (i = 0; i < size && session->state != GDB_DETACHED && session->state != GDB_KILLED;
	     i++) {
		switch (gdb_read(&session->reader, at[i])) {
		case GDB_READ_NOTHING:
		case GDB_READ_ACK:
			break;
		case GDB_READ_DAMAGED:
			if (!session->no_acks)
				buffer_add(&session->out, "-", 1);
			break;
		case GDB_READ_NAK:
			if (session->last.length)
				buffer_add(&session->out, session->last.text, session->last.length);
			break;
		case GDB_READ_INTERRUPT:
			if (session->state == GDB_RUNNING)
				session->target->ops->interrupt(session->target->context);
			break;
		case GDB_READ_PACKET:
			if (!session->no_acks)
				buffer_add(&session->out, "+", 1);
			/* One that runs has but one answer, that it has stopped. */
			if (session->state == GDB_STOPPED)
				answer(session);
			break;
		}
	}
}

void gdb_session_send(struct gdb_session *session, int fd)
{
	struct buffer *out = &session->out;
	size_t sent = 0;

	while (sent < out->length) {
		ssize_t n = write(fd, out->text + sent, out->length - sent);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		sent += (size_t)n;
	}
	free(buffer_take(out));
}

void gdb_session_stopped(struct gdb_session *session, const struct gdb_stop *stop)
{
	if (session->state != GDB_RUNNING)
		return;
	session->state = GDB_STOPPED;
	session->stop = *stop;
	session->cpu = stop->cpu;
	say_stop(session);
}

void gdb_session_ended(struct gdb_session *session, int status)
{
	char text[8];

	if (session->state != GDB_RUNNING)
		return;
	session->state = GDB_DETACHED;
	snprintf(text, sizeof(text), "W%02x", status & 0xff);
	gdb_answer_text(session, text);
}
