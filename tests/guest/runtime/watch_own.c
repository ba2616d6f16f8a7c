/* SPDX-License-Identifier: MIT */
/*
 * R0_WATCH() beside what a test does with the same registers, tables and flags; and what can't be watched. Of
 * watched_variables_test.
 */
#include <string.h>
#include <ring0.h>
#include <ring0/private/abi.h>
#include <ring0/x86.h>
#include "watch_report.h"

static uint8_t byte;
static uint64_t table[8];
static const int constant = 3;

static RING0 void do_nothing(void *arg)
{
	(void)arg;
}

/* The test's own debug registers hold what it writes, watched or not. */
static RING0 void use_debug_registers(void *arg)
{
	(void)arg;
	r0_write_dr0((uint64_t)&table[0]);
	r0_write_dr3(0x1234);
	R0_ASSERT_EQ(r0_read_dr0(), (uint64_t)&table[0]);
	R0_ASSERT_EQ(r0_read_dr3(), 0x1234);
	R0_ASSERT_EQ(r0_read_dr7(), R0_DR7_RESET);
	qword = 1;
}

static void own_debug_registers(void)
{
	struct r0_result result = r0_call(use_debug_registers, NULL,
					  &(struct r0_options){ .watch = R0_WATCH(&qword) });

	report("beside_the_test_s_debug_registers",
	       passed(&result) && has(&result, "qword 0 -> 0x1\n", "qword: 1 write\n", NULL),
	       &result);
	r0_result_finish(&result);
}

static volatile uint64_t hits;

static RING0 void count_hit(struct r0_frame *frame)
{
	hits++;
	r0_write_dr6(R0_DR6_RESET);
	frame->rflags |= R0_RFLAGS_RF;
}

static RING0 void pause_once(void)
{
	r0_pause();
}

static RING0 void set_breakpoint(void *arg)
{
	(void)arg;
	r0_set_handler(R0_DB, count_hit);
	r0_write_dr0((uint64_t)pause_once);
	r0_write_dr7(R0_DR7_RESET | R0_DR7_L(0));
	pause_once();
	r0_write_dr7(R0_DR7_RESET);
	r0_printf("%lu hits\n", hits);
}

/*
 * By steps on a software KVM it is hit, on hardware not allowed; by the CPU's it is never hit, but
 * where steps stand for them.
 */
static void own_breakpoint(void)
{
	struct r0_result result =
		r0_call(set_breakpoint, NULL, &(struct r0_options){ .watch = R0_WATCH(&qword) });

	report("beside_the_test_s_breakpoint",
	       is_stepped(&result) ?
		       (passed(&result) && has(&result, "1 hits\n", NULL)) ||
			       (result.verdict == R0_VERDICT_ERROR &&
				strstr(result.message, "a breakpoint that the test set was hit")) :
		       passed(&result) && (is_made_to_fire() || has(&result, "0 hits\n", NULL)),
	       &result);
	r0_result_finish(&result);
}

/* Without the runtime: two writes, and on past UD2. */
extern const char own_handler[];
__asm__(".pushsection .text\n\t"
	".globl own_handler\n"
	"own_handler: pushq %rax\n\t"
	"movq $5, qword(%rip)\n\t"
	"movq $6, qword(%rip)\n\t"
	"popq %rax\n\t"
	"addq $2, (%rsp)\n\t"
	"iretq\n\t"
	".popsection");

static RING0 void load_idt(void *arg)
{
	static struct r0_gate idt[32] __attribute__((aligned(16)));

	(void)arg;
	idt[R0_UD] = r0_make_gate(own_handler, R0_KERNEL_CS, R0_TYPE_INTERRUPT_GATE, 0,
				  R0_IST_EXCEPTION);
	r0_lidt((struct r0_table_register){ .limit = sizeof(idt) - 1, .base = (uint64_t)idt });
	r0_ud2();
	/* On hardware the next stop is after this one. */
	__asm__ volatile("nop");
	qword = 7;
}

static void own_idt(void)
{
	struct r0_result result =
		r0_call(load_idt, NULL, &(struct r0_options){ .watch = R0_WATCH(&qword) });

	report("by_a_handler_in_the_test_s_idt",
	       passed(&result) &&
		       (has(&result, "qword 0 -> 0x5\n", "qword 0x5 -> 0x6\n", NULL) ||
			has(&result, "qword 0 -> 0x6\n", NULL)) &&
		       has(&result, "qword 0x6 -> 0x7\n", "load_idt", NULL),
	       &result);
	r0_result_finish(&result);
}

static RING0 void look_at_flags(void *arg)
{
	(void)arg;
	R0_ASSERT_EQ(r0_read_rflags() & R0_RFLAGS_TF, 0);
	R0_ASSERT_EQ(r0_read_dr6() & R0_DR6_BS, 0);
	qword = 1;
}

static void not_seen(void)
{
	struct r0_result result =
		r0_call(look_at_flags, NULL, &(struct r0_options){ .watch = R0_WATCH(&qword) });

	report("the_test_does_not_see_it",
	       passed(&result) && has(&result, "qword: 1 write\n", NULL), &result);
	r0_result_finish(&result);
}

static void read_only(void)
{
	struct r0_result result =
		r0_call(do_nothing, NULL, &(struct r0_options){ .watch = R0_WATCH(&constant) });

	report("read_only_memory_is_refused",
	       result.verdict == R0_VERDICT_ERROR &&
		       strstr(result.message, ".watch: constant, 4 bytes at 0x") &&
		       strstr(result.message, "is not memory that a test can write"),
	       &result);
	r0_result_finish(&result);
}

static void absent(void)
{
	struct r0_result result =
		r0_call(do_nothing, NULL, &(struct r0_options){ .watch = R0_WATCH((int *)8) });

	report("absent_memory_is_refused",
	       result.verdict == R0_VERDICT_ERROR &&
		       strstr(result.message, ".watch: (int *)8, 4 bytes at 0x8, is not memory"),
	       &result);
	r0_result_finish(&result);
}

static void too_large(void)
{
	static uint8_t large[4097];
	struct r0_result result =
		r0_call(do_nothing, NULL, &(struct r0_options){ .watch = R0_WATCH(&large) });

	report("too_large_an_object_is_refused",
	       result.verdict == R0_VERDICT_ERROR &&
		       strstr(result.message, ".watch: large has 4097 bytes, and all"),
	       &result);
	r0_result_finish(&result);
}

static void too_many(void)
{
	struct r0_watched entries[17];
	struct r0_result result;

	for (int i = 0; i < 17; i++)
		entries[i] = (struct r0_watched){ &byte, 1, "&byte" };
	result = r0_call(do_nothing, NULL, &(struct r0_options){ .watch = { entries, 17 } });
	report("too_many_objects_are_refused",
	       result.verdict == R0_VERDICT_ERROR &&
		       strstr(result.message, ".watch has 17 entries"),
	       &result);
	r0_result_finish(&result);
}

void watch_own(void)
{
	own_debug_registers();
	own_breakpoint();
	own_idt();
	not_seen();
	read_only();
	absent();
	too_large();
	too_many();
}
