/* SPDX-License-Identifier: MIT */
/* Registers, memory and breakpoints: see inspect.h. */
#include "gdb/inspect.h"
#include <errno.h>
#include <string.h>
#include "gdb/answer.h"

void gdb_read_registers(struct gdb_session *session)
{
	const struct gdb_target *target = session->target;
	uint8_t registers[GDB_REGISTERS_MAX];
	struct buffer text = { 0 };
	int err = target->ops->read_registers(target->context, session->cpu, registers);

	if (err) {
		gdb_answer_result(session, err);
		return;
	}
	gdb_put_hex(&text, registers, target->registers->size);
	gdb_answer_buffer(session, &text);
}

void gdb_write_registers(struct gdb_session *session, const char *text)
{
	const struct gdb_target *target = session->target;
	uint8_t registers[GDB_REGISTERS_MAX];
	size_t size = strlen(text) / 2;
	int err = target->ops->read_registers(target->context, session->cpu, registers);

	if (!err && (size > target->registers->size || !gdb_get_hex(registers, text, size)))
		err = -EINVAL;
	if (!err)
		err = target->ops->write_registers(target->context, session->cpu, registers);
	gdb_answer_result(session, err);
}

/* pN, and PN=VALUE. */
void gdb_one_register(struct gdb_session *session, const char *text, bool write)
{
	const struct gdb_target *target = session->target;
	uint8_t registers[GDB_REGISTERS_MAX];
	const struct gdb_register *one;
	struct buffer value = { 0 };
	uint64_t number;
	int err;

	if (!gdb_take_number(&text, write ? '=' : '\0', &number) ||
	    number >= target->registers->count) {
		gdb_answer_result(session, -EINVAL);
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
		gdb_answer_result(session, err);
		return;
	}
	gdb_put_hex(&value, registers + one->offset, one->size);
	gdb_answer_buffer(session, &value);
}

/* As much of it as there is: gdb asks for whole lines of disassembly at the end of a mapping. */
void gdb_read_memory(struct gdb_session *session, const char *text)
{
	const struct gdb_target *target = session->target;
	uint8_t data[GDB_MEMORY_MAX];
	struct buffer answer = { 0 };
	uint64_t address, size;
	int err = -EINVAL;

	if (gdb_take_number(&text, ',', &address) && gdb_take_number(&text, '\0', &size)) {
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
		gdb_answer_result(session, err);
		return;
	}
	gdb_put_hex(&answer, data, size);
	gdb_answer_buffer(session, &answer);
}

/* MADDRESS,SIZE:DIGITS, and X with the bytes as they are. */
void gdb_write_memory(struct gdb_session *session, const char *text, bool binary)
{
	const struct gdb_target *target = session->target;
	const char *end = session->reader.data + session->reader.size;
	uint8_t data[GDB_PACKET_MAX];
	uint64_t address, size;
	int err = -EINVAL;

	if (!gdb_take_number(&text, ',', &address) || !gdb_take_number(&text, ':', &size) ||
	    size > sizeof(data) || (uint64_t)(end - text) != (binary ? size : 2 * size))
		goto say;
	if (binary)
		memcpy(data, text, size);
	else if (!gdb_get_hex(data, text, size))
		goto say;
	err = size ? target->ops->write_memory(target->context, session->cpu, address, data, size) :
		     0;
say:
	gdb_answer_result(session, err);
}

/* ZKIND,ADDRESS,SIZE, and z. */
void gdb_change_point(struct gdb_session *session, const char *text, bool insert)
{
	const struct gdb_target *target = session->target;
	uint64_t kind, address, size;

	if (!gdb_take_number(&text, ',', &kind) || !gdb_take_number(&text, ',', &address) ||
	    !gdb_take_number(&text, '\0', &size)) {
		gdb_answer_result(session, -EINVAL);
		return;
	}
	if (kind > GDB_WRITE_WATCHPOINT) {
		gdb_answer_unknown(session);
		return;
	}
	gdb_answer_result(session, (insert ? target->ops->insert : target->ops->remove)(
					   target->context, session->cpu, (enum gdb_point)kind,
					   address, size));
}
