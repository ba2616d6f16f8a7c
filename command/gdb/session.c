/* SPDX-License-Identifier: MIT */
/* What each packet asks for: see session.h. */
#include "command/gdb/session.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes of memory that an answer has room for, as digits. */
#define MEMORY_MAX ((GDB_PACKET_MAX - 1) / 2)

static void say(struct gdb_session *session, const void *data, size_t size)
{
	free(buffer_take(&session->last));
	gdb_write_packet(&session->last, data, size);
	buffer_add(&session->out, session->last.text, session->last.length);
}

static void say_text(struct gdb_session *session, const char *text)
{
	say(session, text, strlen(text));
}

/* An empty answer says that there is no such packet. */
static void say_unknown(struct gdb_session *session)
{
	say(session, "", 0);
}

static void say_result(struct gdb_session *session, int err)
{
	char text[8];

	if (!err) {
		say_text(session, "OK");
		return;
	}
	if (err == -ENOTSUP) {
		say_unknown(session);
		return;
	}
	snprintf(text, sizeof(text), "E%02x", -err & 0xff);
	say_text(session, text);
}

static void say_buffer(struct gdb_session *session, struct buffer *buffer)
{
	say(session, buffer->text ? buffer->text : "", buffer->length);
	free(buffer_take(buffer));
}

/* A hexadecimal number, and the character behind it. False if there is none. */
static bool take_number(const char **text, char behind, uint64_t *number)
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
static bool take_cpu(const struct gdb_session *session, const char *text, unsigned int *cpu)
{
	uint64_t thread;

	if (!strcmp(text, "-1") || !strcmp(text, "0")) {
		*cpu = session->stop.cpu;
		return true;
	}
	if (!take_number(&text, '\0', &thread) || !thread || thread > session->target->cpus)
		return false;
	*cpu = (unsigned int)thread - 1;
	return true;
}

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
	say_buffer(session, &text);
}

/* ---- registers and memory ---- */

static void read_registers(struct gdb_session *session)
{
	const struct gdb_target *target = session->target;
	uint8_t registers[GDB_REGISTERS_MAX];
	struct buffer text = { 0 };
	int err = target->ops->read_registers(target->context, session->cpu, registers);

	if (err) {
		say_result(session, err);
		return;
	}
	gdb_put_hex(&text, registers, target->registers->size);
	say_buffer(session, &text);
}

static void write_registers(struct gdb_session *session, const char *text)
{
	const struct gdb_target *target = session->target;
	uint8_t registers[GDB_REGISTERS_MAX];
	size_t size = strlen(text) / 2;
	int err = target->ops->read_registers(target->context, session->cpu, registers);

	if (!err && (size > target->registers->size || !gdb_get_hex(registers, text, size)))
		err = -EINVAL;
	if (!err)
		err = target->ops->write_registers(target->context, session->cpu, registers);
	say_result(session, err);
}

/* pN, and PN=VALUE. */
static void one_register(struct gdb_session *session, const char *text, bool write)
{
	const struct gdb_target *target = session->target;
	uint8_t registers[GDB_REGISTERS_MAX];
	const struct gdb_register *one;
	struct buffer value = { 0 };
	uint64_t number;
	int err;

	if (!take_number(&text, write ? '=' : '\0', &number) ||
	    number >= target->registers->count) {
		say_result(session, -EINVAL);
		return;
	}
	one = &target->registers->list[number];
	err = target->ops->read_registers(target->context, session->cpu, registers);
	if (!err && write) {
		if (strlen(text) == 2u * one->size &&
		    gdb_get_hex(registers + one->offset, text, one->size))
			err = target->ops->write_registers(target->context, session->cpu,
							   registers);
		else
			err = -EINVAL;
	}
	if (err || write) {
		say_result(session, err);
		return;
	}
	gdb_put_hex(&value, registers + one->offset, one->size);
	say_buffer(session, &value);
}

/* As much of it as there is: gdb asks for whole lines of disassembly at the end of a mapping. */
static void read_memory(struct gdb_session *session, const char *text)
{
	const struct gdb_target *target = session->target;
	uint8_t data[MEMORY_MAX];
	struct buffer answer = { 0 };
	uint64_t address, size;
	int err = -EINVAL;

	if (take_number(&text, ',', &address) && take_number(&text, '\0', &size)) {
		size = size < sizeof(data) ? size : sizeof(data);
		err = target->ops->read_memory(target->context, session->cpu, address, data, size);
		/* To the end of the page, if the next one is what is not there. */
		if (err && (address & 4095) + size > 4096) {
			size = 4096 - (address & 4095);
			err = target->ops->read_memory(target->context, session->cpu, address, data,
						       size);
		}
	}
	if (err) {
		say_result(session, err);
		return;
	}
	gdb_put_hex(&answer, data, size);
	say_buffer(session, &answer);
}

/* MADDRESS,SIZE:DIGITS, and X with the bytes as they are. */
static void write_memory(struct gdb_session *session, const char *text, bool binary)
{
	const struct gdb_target *target = session->target;
	const char *end = session->reader.data + session->reader.size;
	uint8_t data[GDB_PACKET_MAX];
	uint64_t address, size;
	int err = -EINVAL;

	if (!take_number(&text, ',', &address) || !take_number(&text, ':', &size) ||
	    size > sizeof(data) || (uint64_t)(end - text) != (binary ? size : 2 * size))
		goto say;
	if (binary)
		memcpy(data, text, size);
	else if (!gdb_get_hex(data, text, size))
		goto say;
	err = size ? target->ops->write_memory(target->context, session->cpu, address, data, size) :
		     0;
say:
	say_result(session, err);
}

/* ZKIND,ADDRESS,SIZE, and z. */
static void change_point(struct gdb_session *session, const char *text, bool insert)
{
	const struct gdb_target *target = session->target;
	uint64_t kind, address, size;

	if (!take_number(&text, ',', &kind) || !take_number(&text, ',', &address) ||
	    !take_number(&text, '\0', &size)) {
		say_result(session, -EINVAL);
		return;
	}
	if (kind > GDB_WRITE_WATCHPOINT) {
		say_unknown(session);
		return;
	}
	say_result(session, (insert ? target->ops->insert :
				      target->ops->remove)(target->context, session->cpu,
							   (enum gdb_point)kind, address, size));
}

/* ---- going on ---- */

static void resume(struct gdb_session *session, const struct gdb_resume *resume)
{
	const struct gdb_target *target = session->target;
	int err;

	session->state = GDB_RUNNING;
	err = target->ops->resume(target->context, resume);
	if (!err)
		return;
	session->state = GDB_STOPPED;
	say_result(session, err);
}

/* The old ones: c and s, for the current CPU, with an address to go on at that gdb does not send. */
static void resume_one(struct gdb_session *session, enum gdb_action action)
{
	struct gdb_resume all[GDB_CPUS_MAX] = { 0 };
	unsigned int i;

	for (i = 0; i < session->target->cpus; i++)
		all[i].action = GDB_RUN;
	all[session->cpu].action = action;
	resume(session, all);
}

/* One of vCont's: c, Csignal, s, Ssignal, rSTART,END. A kernel gets no signals. */
static bool take_action(const char *text, struct gdb_resume *action)
{
	*action = (struct gdb_resume){ 0 };
	switch (*text++) {
	case 'c':
	case 'C':
		action->action = GDB_RUN;
		return true;
	case 's':
	case 'S':
		action->action = GDB_STEP;
		return true;
	case 'r':
		action->action = GDB_STEP;
		return take_number(&text, ',', &action->start) &&
		       take_number(&text, '\0', &action->end);
	default:
		return false;
	}
}

/* vCont;ACTION[:THREAD]…: a CPU does what the first action that names it says, and stays if none does. */
static void resume_each(struct gdb_session *session, char *text)
{
	struct gdb_resume all[GDB_CPUS_MAX] = { 0 };
	bool has[GDB_CPUS_MAX] = { false };
	char *part, *next = text;
	unsigned int i;

	while ((part = strsep(&next, ";"))) {
		char *thread = strchr(part, ':');
		struct gdb_resume action;
		unsigned int cpu = 0;
		bool every = !thread || !strcmp(thread, ":-1");

		if (thread)
			*thread++ = '\0';
		if (!take_action(part, &action) || (!every && !take_cpu(session, thread, &cpu))) {
			say_result(session, -EINVAL);
			return;
		}
		for (i = 0; i < session->target->cpus; i++) {
			if (has[i] || (!every && i != cpu))
				continue;
			all[i] = action;
			has[i] = true;
		}
	}
	resume(session, all);
}

/* ---- questions ---- */

static void say_supported(struct gdb_session *session, const char *theirs)
{
	struct buffer text = { 0 };

	session->says_breakpoint = strstr(theirs, "swbreak+") && strstr(theirs, "hwbreak+");
	buffer_print(&text,
		     "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;vContSupported+;"
		     "swbreak+;hwbreak+",
		     GDB_PACKET_MAX);
	say_buffer(session, &text);
}

/* qXfer:features:read:ANNEX:OFFSET,LENGTH */
static void say_description(struct gdb_session *session, const char *text)
{
	const char *description = session->target->registers->description;
	size_t size = strlen(description);
	struct buffer answer = { 0 };
	uint64_t offset, length;

	if (strncmp(text, "target.xml:", 11) != 0) {
		say_text(session, "E00");
		return;
	}
	text += 11;
	if (!take_number(&text, ',', &offset) || !take_number(&text, '\0', &length)) {
		say_result(session, -EINVAL);
		return;
	}
	offset = offset < size ? offset : size;
	/* What escaping may double has room. */
	length = length < GDB_PACKET_MAX / 2 ? length : GDB_PACKET_MAX / 2 - 1;
	buffer_print(&answer, "%c", length < size - offset ? 'm' : 'l');
	length = length < size - offset ? length : size - offset;
	buffer_add(&answer, description + offset, length);
	say_buffer(session, &answer);
}

static void say_threads(struct gdb_session *session)
{
	struct buffer text = { 0 };
	unsigned int i;

	for (i = 0; i < session->target->cpus; i++)
		buffer_print(&text, "%c%x", i ? ',' : 'm', i + 1);
	say_buffer(session, &text);
}

/* qThreadExtraInfo,THREAD: what `info threads` shows. */
static void say_thread(struct gdb_session *session, const char *text)
{
	struct buffer answer = { 0 };
	unsigned int cpu;
	char name[16];

	if (!take_cpu(session, text, &cpu)) {
		say_result(session, -EINVAL);
		return;
	}
	gdb_put_hex(&answer, name, (size_t)snprintf(name, sizeof(name), "CPU %u", cpu));
	say_buffer(session, &answer);
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
		say_result(session, err);
		return;
	}
	size = answer.length < MEMORY_MAX ? answer.length : MEMORY_MAX;
	gdb_put_hex(&digits, answer.text, size);
	free(buffer_take(&answer));
	say_buffer(session, &digits);
}

static bool starts(const char *text, const char *with, const char **behind)
{
	size_t size = strlen(with);

	*behind = text + size;
	return strncmp(text, with, size) == 0;
}

static void answer_question(struct gdb_session *session, const char *text)
{
	const char *behind;

	if (starts(text, "qSupported", &behind)) {
		say_supported(session, behind);
	} else if (starts(text, "qXfer:features:read:", &behind)) {
		say_description(session, behind);
	} else if (!strcmp(text, "qfThreadInfo")) {
		say_threads(session);
	} else if (!strcmp(text, "qsThreadInfo")) {
		say_text(session, "l");
	} else if (starts(text, "qThreadExtraInfo,", &behind)) {
		say_thread(session, behind);
	} else if (!strcmp(text, "qC")) {
		char answer[16];

		snprintf(answer, sizeof(answer), "QC%x", session->cpu + 1);
		say_text(session, answer);
	} else if (!strcmp(text, "qAttached")) {
		/* It was there before: gdb detaches from it when it quits, and does not kill it. */
		say_text(session, "1");
	} else if (starts(text, "qRcmd,", &behind)) {
		run_command(session, behind);
	} else if (!strcmp(text, "QStartNoAckMode")) {
		say_text(session, "OK");
		session->no_acks = true;
	} else {
		say_unknown(session);
	}
}

static void answer_v(struct gdb_session *session, char *text)
{
	const char *behind;

	if (!strcmp(text, "vCont?")) {
		say_text(session, "vCont;c;C;s;S;r");
	} else if (starts(text, "vCont;", &behind)) {
		resume_each(session, text + (behind - text));
	} else if (starts(text, "vKill;", &behind)) {
		say_text(session, "OK");
		session->state = GDB_KILLED;
	} else {
		say_unknown(session);
	}
}

/* HgTHREAD chooses for all that follows; Hc is what vCont has made of no use. */
static void choose_cpu(struct gdb_session *session, const char *text)
{
	unsigned int cpu;

	if (!*text || !take_cpu(session, text + 1, &cpu)) {
		say_result(session, -EINVAL);
		return;
	}
	if (*text == 'g')
		session->cpu = cpu;
	say_text(session, "OK");
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
		read_registers(session);
		break;
	case 'G':
		write_registers(session, text + 1);
		break;
	case 'p':
		one_register(session, text + 1, false);
		break;
	case 'P':
		one_register(session, text + 1, true);
		break;
	case 'm':
		read_memory(session, text + 1);
		break;
	case 'M':
		write_memory(session, text + 1, false);
		break;
	case 'X':
		write_memory(session, text + 1, true);
		break;
	case 'Z':
		change_point(session, text + 1, true);
		break;
	case 'z':
		change_point(session, text + 1, false);
		break;
	case 'H':
		choose_cpu(session, text + 1);
		break;
	case 'T':
		say_result(session, take_cpu(session, text + 1, &cpu) ? 0 : -EINVAL);
		break;
	case 'c':
	case 'C':
		resume_one(session, GDB_RUN);
		break;
	case 's':
	case 'S':
		resume_one(session, GDB_STEP);
		break;
	case 'D':
		say_text(session, "OK");
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
		answer_question(session, text);
		break;
	default:
		say_unknown(session);
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
	say_text(session, text);
}
