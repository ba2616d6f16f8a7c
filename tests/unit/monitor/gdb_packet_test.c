/* SPDX-License-Identifier: MIT */
/* gdb's remote protocol without a session: packets, and how x86's registers are packed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gdb/packet.h"
#include "gdb/registers_x86_64.h"
#include <cmocka.h> /* last: it has macros of common names */

static void packets_are_read_back(void **state)
{
	static const char data[] = "a#b$c}d*e\0f\x03";
	struct gdb_reader *reader = calloc(1, sizeof(*reader));
	struct buffer packet = { 0 };
	enum gdb_read read = GDB_READ_NOTHING;
	size_t i;

	(void)state;
	gdb_write_packet(&packet, data, sizeof(data));
	for (i = 0; i < packet.length; i++) {
		assert_int_equal(read, GDB_READ_NOTHING);
		read = gdb_read(reader, (uint8_t)packet.text[i]);
	}
	assert_int_equal(read, GDB_READ_PACKET);
	assert_int_equal(reader->size, sizeof(data));
	assert_memory_equal(reader->data, data, sizeof(data));
	assert_int_equal(gdb_read(reader, '+'), GDB_READ_ACK);
	assert_int_equal(gdb_read(reader, '-'), GDB_READ_NAK);
	assert_int_equal(gdb_read(reader, 3), GDB_READ_INTERRUPT);
	free(buffer_take(&packet));
	free(reader);
}

static void damaged_packets_are_told(void **state)
{
	static const char *const damaged[] = { "$g#68", "$g#6x", "$g#x7", "$}#00" };
	struct gdb_reader *reader = calloc(1, sizeof(*reader));
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(damaged) / sizeof(*damaged); i++) {
		enum gdb_read read = GDB_READ_NOTHING;

		for (j = 0; damaged[i][j]; j++)
			read = gdb_read(reader, (uint8_t)damaged[i][j]);
		if (i < 3)
			assert_int_equal(read, GDB_READ_DAMAGED);
	}
	/* A beginning within one that lost its end. */
	for (j = 0; j < 3; j++)
		gdb_read(reader, (uint8_t) "#00"[j]);
	for (j = 0; j < 5; j++)
		gdb_read(reader, (uint8_t) "$abc$"[j]);
	for (j = 0; j < 3; j++)
		gdb_read(reader, (uint8_t) "g#6"[j]);
	assert_int_equal(gdb_read(reader, '7'), GDB_READ_PACKET);
	assert_string_equal(reader->data, "g");
	free(reader);
}

static size_t find(const struct gdb_registers *layout, const char *name)
{
	size_t i;

	for (i = 0; i < layout->count; i++)
		if (!strcmp(layout->list[i].name, name))
			return i;
	fail_msg("no register %s", name);
	return 0;
}

static uint64_t value_of(const struct gdb_registers *layout, const uint8_t *packed,
			 const char *name)
{
	const struct gdb_register *one = &layout->list[find(layout, name)];
	uint64_t value = 0;

	memcpy(&value, packed + one->offset, one->size < 8 ? one->size : 8);
	return value;
}

static void registers_go_both_ways(void **state)
{
	struct all_registers from = { 0 }, to = { 0 };
	uint8_t packed[GDB_REGISTERS_MAX];
	struct gdb_registers layout;
	uint8_t *xsave = (uint8_t *)&from.xsave;

	(void)state;
	from.regs.rbx = 0x1122334455667788;
	from.regs.rflags = 0x246;
	from.sregs.cs.selector = 0x10;
	from.sregs.cr4 = 0x620;
	from.sregs.idt.limit = 0xfff;
	from.debugregs.db[3] = 0x33;
	from.lstar = 0x44;
	xsave[4] = 0x81;	/* of the x87 registers 0 and 7 are in use */
	xsave[160 + 16] = 0x55; /* XMM1 */
	xsave[576] = 0x66;	/* YMM0's upper half */
	xsave[512] = 7;
	assert_int_equal(gdb_registers_init(&layout, true, false), 0);
	assert_true(layout.size <= GDB_REGISTERS_MAX);
	gdb_registers_pack(&layout, &from, packed);
	assert_int_equal(value_of(&layout, packed, "rbx"), 0x1122334455667788);
	assert_int_equal(value_of(&layout, packed, "cs"), 0x10);
	assert_int_equal(value_of(&layout, packed, "ftag"), 0x3ffc);
	assert_int_equal(value_of(&layout, packed, "ymm0h"), 0x66);
	to.xsave = from.xsave;
	to.xsave.region[4 / 4] = 0;
	gdb_registers_unpack(&layout, packed, &to);
	assert_memory_equal(&to, &from, sizeof(to));
	/* What is in its initial state is 0, and is there once it is written. */
	xsave[512] = 3;
	gdb_registers_pack(&layout, &from, packed);
	assert_int_equal(value_of(&layout, packed, "ymm0h"), 0);
	packed[layout.list[find(&layout, "ymm0h")].offset] = 0x77;
	gdb_registers_unpack(&layout, packed, &from);
	assert_int_equal(xsave[512], 7);
	assert_int_equal(xsave[576], 0x77);
	gdb_registers_finish(&layout);
	/* Of 32 bits the upper halves stay as they are. */
	assert_int_equal(gdb_registers_init(&layout, false, false), 0);
	gdb_registers_pack(&layout, &from, packed);
	assert_int_equal(value_of(&layout, packed, "ebx"), 0x55667788);
	packed[layout.list[find(&layout, "ebx")].offset] = 0x99;
	gdb_registers_unpack(&layout, packed, &from);
	assert_int_equal(from.regs.rbx, 0x1122334455667799);
	gdb_registers_finish(&layout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_read_back),
		cmocka_unit_test(damaged_packets_are_told),
		cmocka_unit_test(registers_go_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
