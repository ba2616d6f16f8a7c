/* SPDX-License-Identifier: MIT */
/* gdb's remote protocol: sessions with a target that notes what it is asked. Packets by themselves: gdb_packet_test.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "gdb/registers_x86_64.h"
#include "gdb/session.h"
#include <cmocka.h> /* last: it has macros of common names */

#define CPUS 2

/* A target that notes what it is asked for. */
struct fake {
	uint8_t registers[CPUS][GDB_REGISTERS_MAX];
	uint8_t memory[64]; /* at 0x1000 */
	struct gdb_resume resume[CPUS];
	unsigned int resumes, interrupts;
	char log[256];
	struct gdb_registers layout;
	struct gdb_target target;
	struct gdb_session session;
};

static int read_registers(void *context, unsigned int cpu, uint8_t *registers)
{
	const struct fake *fake = context;

	memcpy(registers, fake->registers[cpu], sizeof(fake->registers[cpu]));
	return 0;
}

static int write_registers(void *context, unsigned int cpu, const uint8_t *registers)
{
	struct fake *fake = context;

	memcpy(fake->registers[cpu], registers, fake->layout.size);
	return 0;
}

static bool has(const struct fake *fake, uint64_t address, size_t size)
{
	return address >= 0x1000 && address - 0x1000 <= sizeof(fake->memory) &&
	       size <= sizeof(fake->memory) - (address - 0x1000);
}

static int read_memory(void *context, unsigned int cpu, uint64_t address, void *data, size_t size)
{
	const struct fake *fake = context;

	(void)cpu;
	if (!has(fake, address, size))
		return -EFAULT;
	memcpy(data, fake->memory + address - 0x1000, size);
	return 0;
}

static int write_memory(void *context, unsigned int cpu, uint64_t address, const void *data,
			size_t size)
{
	struct fake *fake = context;

	(void)cpu;
	if (!has(fake, address, size))
		return -EFAULT;
	memcpy(fake->memory + address - 0x1000, data, size);
	return 0;
}

static int insert(void *context, unsigned int cpu, enum gdb_point kind, uint64_t address,
		  size_t size)
{
	struct fake *fake = context;

	snprintf(fake->log, sizeof(fake->log), "insert %u %d %#llx %zu", cpu, (int)kind,
		 (unsigned long long)address, size);
	return address ? 0 : -ENOSPC;
}

static int remove_point(void *context, unsigned int cpu, enum gdb_point kind, uint64_t address,
			size_t size)
{
	struct fake *fake = context;

	snprintf(fake->log, sizeof(fake->log), "remove %u %d %#llx %zu", cpu, (int)kind,
		 (unsigned long long)address, size);
	return 0;
}

static int resume(void *context, const struct gdb_resume *all)
{
	struct fake *fake = context;

	memcpy(fake->resume, all, sizeof(fake->resume));
	fake->resumes++;
	return 0;
}

static void interrupt(void *context)
{
	const struct gdb_stop stop = { .kind = GDB_STOP_SIGNAL, .cpu = 1, .signal = 2 };
	struct fake *fake = context;

	fake->interrupts++;
	gdb_session_stopped(&fake->session, &stop);
}

static int command(void *context, unsigned int cpu, const char *text, struct buffer *answer)
{
	(void)context;
	buffer_print(answer, "%s on %u\n", text, cpu);
	return 0;
}

static const struct gdb_target_ops ops = {
	.read_registers = read_registers,
	.write_registers = write_registers,
	.read_memory = read_memory,
	.write_memory = write_memory,
	.insert = insert,
	.remove = remove_point,
	.resume = resume,
	.interrupt = interrupt,
	.command = command,
};

static struct fake *make(void)
{
	const struct gdb_stop stop = { .kind = GDB_STOP_SIGNAL, .signal = 5 };
	struct fake *fake = calloc(1, sizeof(*fake));

	assert_non_null(fake);
	assert_int_equal(gdb_registers_init(&fake->layout, true, false), 0);
	fake->target = (struct gdb_target){
		.ops = &ops,
		.context = fake,
		.cpus = CPUS,
		.registers = &fake->layout,
	};
	gdb_session_init(&fake->session, &fake->target, &stop);
	fake->session.no_acks = true;
	return fake;
}

static void destroy(struct fake *fake)
{
	gdb_session_finish(&fake->session);
	gdb_registers_finish(&fake->layout);
	free(fake);
}

/* The answer to a packet, without its frame, in memory for free(). */
static char *ask_bytes(struct fake *fake, const void *data, size_t size)
{
	struct buffer packet = { 0 }, *out = &fake->session.out;
	char *answer;

	gdb_write_packet(&packet, data, size);
	gdb_session_feed(&fake->session, packet.text, packet.length);
	free(buffer_take(&packet));
	if (!out->length)
		return calloc(1, 1);
	assert_true(out->length >= 4 && out->text[0] == '$' && out->text[out->length - 3] == '#');
	answer = strndup(out->text + 1, out->length - 4);
	free(buffer_take(out));
	return answer;
}

static char *ask(struct fake *fake, const char *text)
{
	return ask_bytes(fake, text, strlen(text));
}

#define ANSWERS(fake, question, expected)               \
	do {                                            \
		char *answer_ = ask(fake, question);    \
		assert_string_equal(answer_, expected); \
		free(answer_);                          \
	} while (0)

/* A mebibyte without an end, and bytes without sense. */
static void garbage_is_harmless(void **state)
{
	struct fake *fake = make();
	char *noise = malloc(1 << 20);
	uint32_t seed = 1;
	int i;

	(void)state;
	assert_non_null(noise);
	memset(noise, 'g', 1 << 20);
	noise[0] = '$';
	gdb_session_feed(&fake->session, noise, 1 << 20);
	gdb_session_feed(&fake->session, "#00", 3);
	assert_int_equal(fake->session.out.length, 0);
	for (i = 0; i < 1 << 20; i++) {
		seed = seed * 1664525 + 1013904223;
		noise[i] = (char)(seed >> 24);
	}
	gdb_session_feed(&fake->session, noise, 1 << 20);
	free(buffer_take(&fake->session.out));
	/* Each letter with nothing, or too much, behind it. */
	for (i = 1; i < 128; i++) {
		static const char *const rests[] = { "",      "1", "ffffffffffffffffffff",
						     ",,,",   ":", ";;",
						     "-1,2:3" };
		size_t j;

		for (j = 0; j < sizeof(rests) / sizeof(*rests); j++) {
			char text[64];

			snprintf(text, sizeof(text), "%c%s", i, rests[j]);
			fake->session.state = GDB_STOPPED;
			free(ask(fake, text));
		}
	}
	fake->session.state = GDB_STOPPED;
	ANSWERS(fake, "qAttached", "1");
	free(noise);
	destroy(fake);
}

static void acknowledges_until_told_not_to(void **state)
{
	struct fake *fake = make();

	(void)state;
	fake->session.no_acks = false;
	gdb_session_feed(&fake->session, "$g#00", 5);
	assert_int_equal(fake->session.out.length, 1);
	assert_memory_equal(fake->session.out.text, "-", 1);
	free(buffer_take(&fake->session.out));
	gdb_session_feed(&fake->session, "$qC#b4-", 7);
	assert_string_equal(fake->session.out.text, "+$QC1#c5$QC1#c5");
	free(buffer_take(&fake->session.out));
	gdb_session_feed(&fake->session, "$QStartNoAckMode#b0", 19);
	assert_string_equal(fake->session.out.text, "+$OK#9a");
	free(buffer_take(&fake->session.out));
	ANSWERS(fake, "qC", "QC1");
	destroy(fake);
}

static void memory(void **state)
{
	static const char binary[] = "X1008,2:}\x03#";
	struct fake *fake = make();
	char *answer;

	(void)state;
	ANSWERS(fake, "M1000,3:010203", "OK");
	ANSWERS(fake, "m1000,4", "01020300");
	ANSWERS(fake, "m2000,4", "E0e");
	ANSWERS(fake, "M1000,3:0102", "E16");
	ANSWERS(fake, "M1000,ffffffffffffffff:00", "E16");
	ANSWERS(fake, "m1000,", "E16");
	ANSWERS(fake, "X1000,0:", "OK");
	answer = ask_bytes(fake, binary, sizeof(binary) - 2);
	assert_string_equal(answer, "OK");
	free(answer);
	assert_memory_equal(fake->memory + 8, "}\x03", 2);
	destroy(fake);
}

static void points(void **state)
{
	struct fake *fake = make();

	(void)state;
	ANSWERS(fake, "Z0,1234,1", "OK");
	assert_string_equal(fake->log, "insert 0 0 0x1234 1");
	ANSWERS(fake, "Hg2", "OK");
	ANSWERS(fake, "Z2,1238,8", "OK");
	assert_string_equal(fake->log, "insert 1 2 0x1238 8");
	ANSWERS(fake, "z1,1234,1", "OK");
	assert_string_equal(fake->log, "remove 1 1 0x1234 1");
	ANSWERS(fake, "Z0,0,1", "E1c");
	/* Of reads and accesses there are none. */
	ANSWERS(fake, "Z3,1234,4", "");
	ANSWERS(fake, "Z4,1234,4", "");
	destroy(fake);
}

static void cpus_are_threads(void **state)
{
	struct fake *fake = make();

	(void)state;
	ANSWERS(fake, "qfThreadInfo", "m1,2");
	ANSWERS(fake, "qsThreadInfo", "l");
	ANSWERS(fake, "qThreadExtraInfo,2", "4350552031"); /* CPU 1 */
	ANSWERS(fake, "T2", "OK");
	ANSWERS(fake, "T3", "E16");
	ANSWERS(fake, "Hg3", "E16");
	ANSWERS(fake, "Hg0", "OK");
	ANSWERS(fake, "qRcmd,6869", "6869206f6e20300a"); /* "hi on 0\n" */
	destroy(fake);
}

static void each_cpu_does_what_is_asked(void **state)
{
	const struct gdb_stop stop = { .kind = GDB_STOP_BREAKPOINT, .cpu = 1 };
	struct fake *fake = make();

	(void)state;
	free(ask(fake, "qSupported:swbreak+;hwbreak+"));
	ANSWERS(fake, "?", "T05thread:1;");
	ANSWERS(fake, "vCont;s:1;c", "");
	assert_int_equal(fake->session.state, GDB_RUNNING);
	assert_int_equal(fake->resume[0].action, GDB_STEP);
	assert_int_equal(fake->resume[1].action, GDB_RUN);
	/* One that runs answers nothing. */
	ANSWERS(fake, "g", "");
	gdb_session_stopped(&fake->session, &stop);
	assert_string_equal(fake->session.out.text, "$T05thread:2;swbreak:;#3c");
	free(buffer_take(&fake->session.out));
	ANSWERS(fake, "vCont;r1000,1008:2", "");
	assert_int_equal(fake->resume[0].action, GDB_STAY);
	assert_int_equal(fake->resume[1].action, GDB_STEP);
	assert_int_equal(fake->resume[1].start, 0x1000);
	assert_int_equal(fake->resume[1].end, 0x1008);
	gdb_session_feed(&fake->session, "\x03", 1);
	assert_int_equal(fake->interrupts, 1);
	assert_string_equal(fake->session.out.text, "$T02thread:2;#d5");
	free(buffer_take(&fake->session.out));
	ANSWERS(fake, "vCont;x", "E16");
	ANSWERS(fake, "vCont;c:7", "E16");
	assert_int_equal(fake->resumes, 2);
	ANSWERS(fake, "D", "OK");
	assert_int_equal(fake->session.state, GDB_DETACHED);
	destroy(fake);
}

static void description_is_read_in_parts(void **state)
{
	struct fake *fake = make();
	size_t size = strlen(fake->layout.description), offset = 0;
	char *whole = calloc(1, size + 1), *part;

	(void)state;
	assert_non_null(whole);
	do {
		char question[64];

		snprintf(question, sizeof(question), "qXfer:features:read:target.xml:%zx,100",
			 offset);
		part = ask(fake, question);
		assert_true(strlen(part) <= 0x101 && offset + strlen(part) - 1 <= size);
		memcpy(whole + offset, part + 1, strlen(part) - 1);
		offset += strlen(part) - 1;
		if (*part == 'm')
			free(part);
		else
			break;
	} while (1);
	assert_int_equal(*part, 'l');
	free(part);
	assert_string_equal(whole, fake->layout.description);
	ANSWERS(fake, "qXfer:features:read:other.xml:0,100", "E00");
	ANSWERS(fake, "qXfer:features:read:target.xml:fffffff,100", "l");
	free(whole);
	destroy(fake);
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

/* Of a program: where it is, and the register without which gdb does not ask. */
static void auxv_is_a_programs(void **state)
{
	static const char auxv[] = "\3\0#}";
	struct fake *fake = make();
	struct gdb_registers registers;

	(void)state;
	ANSWERS(fake, "qXfer:auxv:read::0,100", "");
	fake->target.auxv = auxv;
	fake->target.auxv_size = sizeof(auxv) - 1;
	ANSWERS(fake, "qXfer:auxv:read::0,1", "m\3");
	ANSWERS(fake, "qXfer:auxv:read::2,100", "l}\3}]");
	ANSWERS(fake, "qXfer:auxv:read::4,100", "l");
	assert_null(strstr(fake->layout.description, "orig_rax"));
	assert_int_equal(gdb_registers_init(&registers, true, true), 0);
	assert_non_null(strstr(registers.description, "orig_rax"));
	assert_int_equal(registers.count, fake->layout.count + 1);
	assert_int_equal(registers.size, fake->layout.size + 8);
	gdb_registers_finish(&registers);
	destroy(fake);
}

static void registers_by_packets(void **state)
{
	struct fake *fake = make();
	char question[64], *answer, *all;
	size_t rbx, rflags;

	(void)state;
	rbx = find(&fake->layout, "rbx");
	rflags = find(&fake->layout, "eflags");
	snprintf(question, sizeof(question), "P%zx=8877665544332211", rbx);
	ANSWERS(fake, question, "OK");
	snprintf(question, sizeof(question), "p%zx", rbx);
	ANSWERS(fake, question, "8877665544332211");
	snprintf(question, sizeof(question), "P%zx=46020000", rflags);
	ANSWERS(fake, question, "OK");
	/* Of another size, and one that there is not. */
	snprintf(question, sizeof(question), "P%zx=46", rflags);
	ANSWERS(fake, question, "E16");
	ANSWERS(fake, "pffff", "E16");
	answer = ask(fake, "g");
	assert_int_equal(strlen(answer), 2 * fake->layout.size);
	assert_memory_equal(answer + 16, "8877665544332211", 16);
	assert_true(asprintf(&all, "G%s", answer) > 0);
	ANSWERS(fake, all, "OK");
	ANSWERS(fake, "Gxx", "E16");
	free(all);
	free(answer);
	destroy(fake);
}

static void the_end_is_told(void **state)
{
	struct fake *fake = make();

	(void)state;
	ANSWERS(fake, "c", "");
	gdb_session_ended(&fake->session, 0x143);
	assert_string_equal(fake->session.out.text, "$W43#be");
	destroy(fake);
	fake = make();
	ANSWERS(fake, "vKill;1", "OK");
	assert_int_equal(fake->session.state, GDB_KILLED);
	destroy(fake);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(garbage_is_harmless),
		cmocka_unit_test(acknowledges_until_told_not_to),
		cmocka_unit_test(memory),
		cmocka_unit_test(points),
		cmocka_unit_test(cpus_are_threads),
		cmocka_unit_test(each_cpu_does_what_is_asked),
		cmocka_unit_test(description_is_read_in_parts),
		cmocka_unit_test(auxv_is_a_programs),
		cmocka_unit_test(registers_by_packets),
		cmocka_unit_test(the_end_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
