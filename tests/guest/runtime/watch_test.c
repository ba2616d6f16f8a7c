/* SPDX-License-Identifier: MIT */
/*
 * R0_WATCH() in all the ways in which a variable is written: what a test's output then says. Prints
 * TAP. On a KVM whose watchpoints fire and on one where single steps take their place, but for what
 * they see differently.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ring0.h>
#include <ring0/private/abi.h>
#include <ring0/x86.h>
#include "watch_report.h"

#define CASES 25

static uint8_t byte;
static uint16_t word;
static uint32_t dword = 7;
volatile uint64_t qword; /* for assembly, too */
static uint8_t text[12] __attribute__((aligned(8)));
static uint64_t table[8];

static RING0 void set_sizes(void *arg)
{
	(void)arg;
	byte = 0x11;
	word = 0x2222;
	dword = 0x33333333;
	qword = 0x4444444444444444;
}

static void sizes(void)
{
	struct r0_result result =
		r0_call(set_sizes, NULL,
			&(struct r0_options){ .watch = R0_WATCH(&byte, &word, &dword, &qword) });

	report("1_2_4_and_8_bytes",
	       passed(&result) &&
		       has(&result, "watching byte, 1 byte at ", "watching word, 2 bytes at ",
			   "watching dword, 4 bytes at ", "watching qword, 8 bytes at ",
			   "byte 0 -> 0x11\n", "word 0 -> 0x2222\n", "dword 0x7 -> 0x33333333\n",
			   "qword 0 -> 0x4444444444444444\n", "byte: 1 write\n", "word: 1 write\n",
			   "dword: 1 write\n", "qword: 1 write\n", NULL) &&
		       (!is_made_to_fire() || !is_stepped(&result)),
	       &result);
	r0_result_finish(&result);
}

static RING0 void innermost(uint64_t value)
{
	qword = value;
}

static RING0 void outermost(void *arg)
{
	innermost((uint64_t)arg);
	r0_printf("between\n");
	innermost((uint64_t)arg + 1);
	r0_printf("after\n");
}

static void backtraces(void)
{
	struct r0_result result =
		r0_call(outermost, (void *)5, &(struct r0_options){ .watch = R0_WATCH(&qword) });

	report("old_and_new_value_and_backtrace",
	       passed(&result) && has(&result, "between\nafter\n", "write 1: qword 0 -> 0x5\n",
				      " #0 ", "innermost", "watch_test.c:", " #1 ", "outermost",
				      "watch_test.c:", "write 2: qword 0x5 -> 0x6\n", " #0 ",
				      "innermost", " #1 ", "outermost", "qword: 2 writes\n", NULL),
	       &result);
	r0_result_finish(&result);
}

static RING0 void do_nothing(void *arg)
{
	(void)arg;
}

static void no_write(void)
{
	struct r0_result result =
		r0_call(do_nothing, NULL, &(struct r0_options){ .watch = R0_WATCH(&qword) });

	report("no_write", passed(&result) && has(&result, "qword: no writes\n", NULL), &result);
	r0_result_finish(&result);
}

/* All by one instruction: what compilers make of a loop may write in several places. */
static RING0 void count_up(void *arg)
{
	__asm__ volatile("1: incq %0; cmpq %1, %0; jb 1b" : "+m"(qword) : "r"(arg) : "cc");
}

static void many_writes(void)
{
	struct r0_result result =
		r0_call(count_up, (void *)1000, &(struct r0_options){ .watch = R0_WATCH(&qword) });

	report("output_is_bounded",
	       passed(&result) && strlen(result.output) < 8000 &&
		       has(&result, "write 2: qword 0x1 -> 0x2, from where write 1 was\n",
			   "write 20: qword 0x13 -> 0x14, from where write 1 was\n",
			   "[more writes are only counted]\n",
			   "qword: 1000 writes, the last 0x3e7 -> 0x3e8\n", NULL) &&
		       !has(&result, "write 21", NULL),
	       &result);
	r0_result_finish(&result);
}

static RING0 void handler(struct r0_frame *frame)
{
	qword = 0x99;
	frame->rip += 2;
}

static RING0 void raise_ud(void *arg)
{
	(void)arg;
	r0_set_handler(R0_UD, handler);
	r0_ud2();
	dword = 8;
}

static void exception_handlers(void)
{
	struct r0_result result =
		r0_call(raise_ud, NULL, &(struct r0_options){ .watch = R0_WATCH(&qword, &dword) });

	report("by_an_exception_handler",
	       passed(&result) && has(&result, "write 1: qword 0 -> 0x99\n", " #0 ", "handler",
				      "raise_ud", "write 2: dword 0x7 -> 0x8\n", NULL),
	       &result);
	r0_result_finish(&result);
}

static RING0 long set_in_ring_3(void *arg)
{
	qword = (uint64_t)arg;
	qword += 1;
	return 0;
}

static RING0 void enter_ring_3(void *arg)
{
	R0_ASSERT_EQ(r0_user_call(set_in_ring_3, arg).vector, -1);
	qword = 0;
}

static void ring_3(void)
{
	struct r0_result result;

	if (is_made_to_fire()) {
		report_skip("in_ring_3", "the KVM made for this does not see it");
		return;
	}
	result = r0_call(enter_ring_3, (void *)0x30,
			 &(struct r0_options){ .watch = R0_WATCH(&qword) });

	report("in_ring_3",
	       passed(&result) &&
		       has(&result, "write 1: qword 0 -> 0x30\n", " #0 ", "set_in_ring_3",
			   "write 2: qword 0x30 -> 0x31\n", "set_in_ring_3",
			   "write 3: qword 0x31 -> 0\n", "enter_ring_3", "qword: 3 writes", NULL),
	       &result);
	r0_result_finish(&result);
}

static RING0 void prepare(void)
{
	dword = 1;
}

static RING0 void clean_up(void)
{
	dword = 3;
}

static RING0 void set_dword(void *arg)
{
	(void)arg;
	dword = 2;
}

static void setup_and_teardown(void)
{
	struct r0_result result = r0_call(set_dword, NULL,
					  &(struct r0_options){ .watch = R0_WATCH(&dword),
								.setup = prepare,
								.teardown = clean_up });

	report("by_setup_and_teardown",
	       passed(&result) &&
		       has(&result, "dword 0x7 -> 0x1\n", "prepare", "dword 0x1 -> 0x2\n",
			   "set_dword", "dword 0x2 -> 0x3\n", "clean_up", "3 writes\n", NULL),
	       &result);
	r0_result_finish(&result);
}

static RING0 void copy_string(void *arg)
{
	static const char from[] = "hello world";
	const void *source = from;
	void *to = text;
	uint64_t count = sizeof(from);

	(void)arg;
	__asm__ volatile("rep movsb" : "+S"(source), "+D"(to), "+c"(count) : : "memory");
}

/* One iteration, or all of them, at a time: only the end of it is the same everywhere. */
static void string_instructions(void)
{
	struct r0_result result =
		r0_call(copy_string, NULL, &(struct r0_options){ .watch = R0_WATCH(&text) });

	report("by_rep_movs",
	       passed(&result) && has(&result, "watching text, 12 bytes at ", "write 1: text byte",
				      "68", " #0 ", "copy_string", "text: ", " write", NULL),
	       &result);
	r0_result_finish(&result);
}

static RING0 void set_table(void *arg)
{
	(void)arg;
	table[1] = 0x0102;
	table[6] = 1;
}

/* 64 bytes are more than four debug registers watch. */
static void larger_object(void)
{
	struct r0_result result =
		r0_call(set_table, NULL, &(struct r0_options){ .watch = R0_WATCH(&table) });

	report("a_larger_object",
	       passed(&result) && is_stepped(&result) &&
		       has(&result, "watching table, 64 bytes at ",
			   "more than the CPU's four watchpoints",
			   "table bytes 8 to 9: 00 00 -> 02 01\n", "table byte 48: 00 -> 01\n",
			   "table: 2 writes\n", NULL),
	       &result);
	r0_result_finish(&result);
}

static RING0 void set_elements(void *arg)
{
	(void)arg;
	for (int i = 0; i < 8; i++)
		((volatile uint64_t *)table)[i] = 1;
}

static void eight_objects(void)
{
	struct r0_result result =
		r0_call(set_elements, NULL,
			&(struct r0_options){ .watch = R0_WATCH(&table[0], &table[1], &table[2],
								&table[3], &table[4], &table[5],
								&table[6], &table[7]) });

	report("eight_objects",
	       passed(&result) && is_stepped(&result) &&
		       has(&result, "write 1: table[0] 0 -> 0x1\n",
			   "write 8: table[7] 0 -> 0x1, from", "table[0]: 1 write\n",
			   "table[7]: 1 write\n", NULL),
	       &result);
	r0_result_finish(&result);
}

static RING0 void set_array_by_pointer(void *arg)
{
	*(volatile uint64_t *)arg = 0x77;
}

static void pointer_expression(void)
{
	uint64_t *second = &table[1];
	struct r0_result result = r0_call(set_array_by_pointer, second,
					  &(struct r0_options){ .watch = R0_WATCH(second) });

	report("a_pointer",
	       passed(&result) && has(&result, "watching second, 8 bytes at ", "second 0 -> 0x77\n",
				      "set_array_by_pointer", NULL),
	       &result);
	r0_result_finish(&result);
}

/* SSE, which a software KVM leaves to the host to complete. */
static RING0 void store_vector(void *arg)
{
	static const uint64_t value[2] = { 0x1111, 0x2222 };

	(void)arg;
	__asm__ volatile("movdqu %1, %%xmm0\n\t"
			 "paddq %%xmm0, %%xmm0\n\t"
			 "movdqu %%xmm0, %0"
			 : "=m"(*(uint64_t(*)[2])table)
			 : "m"(value));
}

static void vector_instructions(void)
{
	struct r0_result result =
		r0_call(store_vector, NULL,
			&(struct r0_options){ .watch = R0_WATCH(&table[0], &table[1]) });
	bool skipped = result.verdict == R0_VERDICT_ERROR &&
		       strstr(result.message, "cannot execute this instruction");

	if (skipped) {
		report_skip("by_vector_instructions", "neither KVM nor ring0 executes SSE here");
	} else {
		report("by_vector_instructions",
		       passed(&result) && has(&result, "table[0] 0 -> 0x2222\n", "store_vector",
					      "table[1] 0 -> 0x4444", "table[0]: 1 write\n", NULL),
		       &result);
	}
	r0_result_finish(&result);
}

static RING0 void set_same(void *arg)
{
	(void)arg;
	*(volatile uint32_t *)&dword = 7;
}

static void same_value(void)
{
	struct r0_result result =
		r0_call(set_same, NULL, &(struct r0_options){ .watch = R0_WATCH(&dword) });

	report("the_same_value_again",
	       passed(&result) && (is_stepped(&result) || is_made_to_fire() ?
					   has(&result, "dword: no writes\n", NULL) :
					   has(&result, "dword 0x7 -> 0x7\n", NULL)),
	       &result);
	r0_result_finish(&result);
}

static RING0 void fail_after_a_write(void *arg)
{
	(void)arg;
	qword = 1;
	R0_FAIL("lost");
}

static void failing(void)
{
	struct r0_result result = r0_call(fail_after_a_write, NULL,
					  &(struct r0_options){ .watch = R0_WATCH(&qword) });

	report("of_a_test_that_fails",
	       result.verdict == R0_VERDICT_FAIL && !strcmp(result.message, "lost") &&
		       has(&result, "qword 0 -> 0x1\n", "fail_after_a_write", NULL),
	       &result);
	r0_result_finish(&result);
}

static RING0 void never_end(void *arg)
{
	(void)arg;
	for (;;)
		qword++;
}

static void write_and_halt(void *arg)
{
	(void)arg;
	dword = 8;
	r0_cli();
	for (;;)
		__asm__ volatile("hlt");
}

/* With interrupt controllers and without. */
static void halting(bool irqchip, const char *name)
{
	struct r0_options options = { .irqchip = irqchip,
				      .should_halt = true,
				      .watch = R0_WATCH(&dword) };
	struct r0_result result;

	if (is_made_to_fire()) {
		report_skip(name, "the KVM made for this steps over HLT");
		return;
	}
	result = r0_call(write_and_halt, NULL, &options);
	report(name, passed(&result) && has(&result, "0x7 -> 0x8", "dword: 1 write\n", NULL),
	       &result);
	r0_result_finish(&result);
}

static void hanging(void)
{
	/*
	 * How many there are in that time depends on what a backtrace takes; the first one is there on a
	 * loaded host, too.
	 */
	struct r0_result result =
		r0_call(never_end, NULL,
			&(struct r0_options){ .watch = R0_WATCH(&qword), .timeout_ms = 2000 });

	report("of_a_test_that_hangs",
	       result.verdict == R0_VERDICT_TIMEOUT &&
		       has(&result, "qword 0 -> 0x1\n", "never_end", "\nqword: ", " write", NULL),
	       &result);
	r0_result_finish(&result);
}

int main(void)
{
	struct r0_result result = r0_call(do_nothing, NULL, NULL);

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (result.verdict == R0_VERDICT_SKIP) {
		printf("1..0 # SKIP %s\n", result.message);
		return 77;
	}
	r0_result_finish(&result);
	printf("TAP version 14\n1..%d\n", CASES);
	sizes();
	backtraces();
	no_write();
	many_writes();
	exception_handlers();
	ring_3();
	setup_and_teardown();
	string_instructions();
	larger_object();
	eight_objects();
	pointer_expression();
	vector_instructions();
	same_value();
	failing();
	halting(false, "of_a_test_that_halts");
	halting(true, "of_a_test_that_halts_with_interrupt_controllers");
	hanging();
	watch_own();
	return watch_report_failed();
}
