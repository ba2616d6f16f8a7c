/* SPDX-License-Identifier: MIT */
/* R0_WATCH() in all the ways in which a variable is written on arm64: what a test's output then says. Prints TAP. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../guest/runtime/watch_report.h"
#include "routine.h"

#define CASES 17

static uint8_t byte;
static uint16_t word;
static uint32_t dword = 7;
volatile uint64_t qword;
static uint64_t table[8] __attribute__((aligned(64)));

static void set_sizes(void *arg)
{
	(void)arg;
	byte = 0x11;
	word = 0x2222;
	dword = 0x33333333;
	qword = 0x4444444444444444;
}

static void check(const char *name, void (*fn)(void *arg), struct r0_watches watch, ...)
{
	struct r0_result result =
		r0_call(fn, NULL, &(struct r0_options){ .watch = watch, .timeout_ms = 20000 });
	const char *at = result.output, *wanted;
	va_list texts;

	va_start(texts, watch);
	while (at && (wanted = va_arg(texts, const char *)))
		at = strstr(at, wanted);
	va_end(texts);
	report(name, passed(&result) && at && !strstr(result.output, "no watchpoint sees"),
	       &result);
	r0_result_finish(&result);
}

static void write_twice(void *arg)
{
	(void)arg;
	qword = 5;
	r0_printf("between\n");
	qword = 6;
}

static void do_nothing(void *arg)
{
	(void)arg;
}

static void read_it(void *arg)
{
	(void)arg;
	(void)qword;
}

static void count_up(void *arg)
{
	uint64_t i;

	(void)arg;
	for (i = 1; i <= 100; i++)
		qword = i;
}

static void write_by_stp(void *arg)
{
	(void)arg;
	__asm__ volatile("stp %1, %2, %0" : "=m"(*(uint64_t(*)[2])table) : "r"(1ul), "r"(2ul));
}

static void write_by_q(void *arg)
{
	(void)arg;
	__asm__ volatile("movi v0.16b, 0x11\n\tstr q0, [%0]" : : "r"(table) : "v0", "memory");
}

static void write_by_dc_zva(void *arg)
{
	(void)arg;
	table[1] = 3;
	r0_dc(zva, table);
}

static void write_by_ldadd(void *arg)
{
	(void)arg;
	__asm__ volatile(".arch_extension lse\n\tldadd %1, xzr, %0" : "+Q"(qword) : "r"(3ul));
}

/* Encoded as exclusives are but for a bit or two. */
static void write_by_release(void *arg)
{
	uint64_t expected = 5;

	(void)arg;
	__asm__ volatile("stlr %1, %0" : "=Q"(qword) : "r"(5ul));
	__asm__ volatile(".arch_extension lse\n\tcas %1, %2, %0"
			 : "+Q"(qword), "+r"(expected)
			 : "r"(6ul));
}

static void write_by_exclusives(void *arg)
{
	uint64_t value;
	uint32_t failed;
	int i;

	(void)arg;
	for (i = 0; i < 2; i++)
		__asm__ volatile(
			"1: ldxr %0, %2\n\tadd %0, %0, 1\n\tstxr %w1, %0, %2\n\tcbnz %w1, 1b"
			: "=&r"(value), "=&r"(failed), "+Q"(qword)
			:
			: "memory");
	qword = 9;
}

/* As compilers make it: what looks at the status comes before the branch, which may be far away. */
static void write_by_weak_compare_and_swap(void *arg)
{
	uint64_t value, expected = 0;
	uint32_t failed;

	(void)arg;
	for (; expected < 2; expected++)
		__asm__ volatile("1: ldxr %0, %2\n\tcmp %0, %3\n\tb.ne 2f\n\tstxr %w1, %4, %2\n\t"
				 "cmp %w1, 0\n2:\t.rept 100\n\tnop\n\t.endr\n\tb.ne 1b"
				 : "=&r"(value), "=&r"(failed), "+Q"(qword)
				 : "r"(expected), "r"(expected + 1)
				 : "memory", "cc");
	/* One that is not told whether it has stored: it has not, after the watchpoint. */
	__asm__ volatile("ldxr %0, %1\n\tstxr wzr, %2, %1"
			 : "=&r"(value), "+Q"(qword)
			 : "r"(8ul)
			 : "memory");
}

static void skip(struct r0_frame *frame)
{
	qword = frame->esr & 0xffff;
	frame->pc += 4;
}

/* KVM hands BRK to who debugs. */
static void handle_brk(void *arg)
{
	(void)arg;
	r0_set_handler(R0_BRK, skip);
	r0_brk(0x123);
	r0_set_handler(R0_BRK, NULL);
	R0_ASSERT_FAULT(R0_BRK, r0_brk(7));
	qword = 1;
}

/*
 * What the CPU has when it comes to a vector: NZCV, PAN and SPSR_EL1. It then goes on behind the BRK. Without a watch the
 * lab's CPU, QEMU 7.2's, has no NZCV there, against the manual.
 */
extern const char vectors_that_look[];
__asm__(".pushsection .text\n.balign 2048\n.globl vectors_that_look\nvectors_that_look:\n"
	".skip 0x200\n"
	"	mrs x10, nzcv\n"
	"	mrs x11, s3_0_c4_c2_3\n"
	"	mrs x12, spsr_el1\n"
	"	mrs x13, elr_el1\n"
	"	add x13, x13, 4\n"
	"	msr elr_el1, x13\n"
	"	eret\n"
	".balign 2048\n.popsection");

#define Z_AND_C (6ul << 28)

static void look_at_vector(void *arg)
{
	const uint64_t vbar = r0_mrs(vbar_el1), sctlr = r0_mrs(sctlr_el1);
	uint64_t nzcv, pan, spsr;

	(void)arg;
	r0_msr(vbar_el1, vectors_that_look);
	r0_msr(sctlr_el1, sctlr & ~R0_SCTLR_SPAN);
	r0_isb();
	__asm__ volatile("msr nzcv, %3\n\t"
			 "brk 9\n\t"
			 "mov %0, x10\n\t"
			 "mov %1, x11\n\t"
			 "mov %2, x12"
			 : "=&r"(nzcv), "=&r"(pan), "=&r"(spsr)
			 : "r"(Z_AND_C)
			 : "x10", "x11", "x12", "x13", "cc", "memory");
	r0_msr(sctlr_el1, sctlr);
	r0_msr(vbar_el1, vbar);
	r0_isb();
	R0_ASSERT_EQ(nzcv, Z_AND_C);
	R0_ASSERT_EQ(pan, R0_PSTATE_PAN);
	R0_ASSERT_EQ(spsr, Z_AND_C | R0_PSTATE_DAIF | R0_PSTATE_EL1H);
	qword = 3;
}

static long write_at_el0(void *arg)
{
	qword = (uint64_t)arg;
	__asm__ volatile("brk 5");
	return 0;
}

static void go_to_el0(void *arg)
{
	(void)arg;
	R0_ASSERT_EQ(r0_user_call(write_at_el0, (void *)8).vector, R0_BRK);
}

static void write_read_only(void *arg)
{
	(void)arg;
	R0_ASSERT_FAULT(R0_DATA_ABORT, *(volatile int *)do_nothing = 1);
	qword = 2;
}

static void too_many(void)
{
	struct r0_result result =
		r0_call(do_nothing, NULL, &(struct r0_options){ .watch = R0_WATCH(&table) });

	report("more_than_there_are",
	       result.verdict == R0_VERDICT_ERROR &&
		       strstr(result.message, ".watch: it takes more than 4 watchpoints"),
	       &result);
	r0_result_finish(&result);
}

int main(void)
{
	printf("1..%d\n", CASES);
	check("1_2_4_and_8_bytes", set_sizes,
	      (struct r0_watches)R0_WATCH(&byte, &word, &dword, &qword), "byte 0 -> 0x11\n",
	      "word 0 -> 0x2222\n", "dword 0x7 -> 0x33333333\n", "qword 0 -> 0x4444444444444444\n",
	      "byte: 1 write\n", "word: 1 write\n", "dword: 1 write\n", "qword: 1 write\n", NULL);
	check("old_and_new_values", write_twice, (struct r0_watches)R0_WATCH(&qword), "between\n",
	      "write 1: qword 0 -> 0x5\n", "write 2: qword 0x5 -> 0x6\n", "qword: 2 writes\n",
	      NULL);
	check("no_write", read_it, (struct r0_watches)R0_WATCH(&qword), "qword: no writes\n", NULL);
	check("output_is_bounded", count_up, (struct r0_watches)R0_WATCH(&qword),
	      "write 2: qword 0x1 -> 0x2, from where write 1 was\n",
	      "[more writes are only counted]\n", "qword: 100 writes, the last 0x63 -> 0x64\n",
	      NULL);
	check("pair_from_below", write_by_stp, (struct r0_watches)R0_WATCH(&table[1]),
	      "table[1] 0 -> 0x2\n", "table[1]: 1 write\n", NULL);
	check("pair_over_two", write_by_stp, (struct r0_watches)R0_WATCH(&table[0], &table[1]),
	      "table[0]: 1 write\n", "table[1]: 1 write\n", NULL);
	check("simd", write_by_q, (struct r0_watches)R0_WATCH(&table[1]),
	      "table[1] 0 -> 0x1111111111111111\n", "table[1]: 1 write\n", NULL);
	check("dc_zva", write_by_dc_zva, (struct r0_watches)R0_WATCH(&table[1]),
	      "table[1] 0 -> 0x3\n", "table[1] 0x3 -> 0\n", "table[1]: 2 writes\n", NULL);
	check("ldadd", write_by_ldadd, (struct r0_watches)R0_WATCH(&qword), "qword 0 -> 0x3\n",
	      "qword: 1 write\n", NULL);
	check("release_and_compare", write_by_release, (struct r0_watches)R0_WATCH(&qword),
	      "qword 0 -> 0x5\n", "qword 0x5 -> 0x6\n", "qword: 2 writes\n", NULL);
	check("exclusives", write_by_exclusives, (struct r0_watches)R0_WATCH(&qword),
	      "qword 0 -> 0x1\n", "qword 0x1 -> 0x2", "qword 0x2 -> 0x9\n", "qword: 3 writes\n",
	      NULL);
	check("weak_compare_and_swap", write_by_weak_compare_and_swap,
	      (struct r0_watches)R0_WATCH(&qword), "qword 0 -> 0x1\n", "qword 0x1 -> 0x2",
	      "qword: 2 writes\n", NULL);
	check("brk_goes_to_its_handler", handle_brk, (struct r0_watches)R0_WATCH(&qword),
	      "qword 0 -> 0x123\n", "qword 0x123 -> 0x1\n", "qword: 2 writes\n", NULL);
	check("brk_by_ring0", look_at_vector, (struct r0_watches)R0_WATCH(&qword),
	      "qword 0 -> 0x3\n", "qword: 1 write\n", NULL);
	check("at_el0", go_to_el0, (struct r0_watches)R0_WATCH(&qword), "qword 0 -> 0x8\n",
	      "qword: 1 write\n", NULL);
	check("aborted_stores", write_read_only, (struct r0_watches)R0_WATCH(&qword, &dword),
	      "qword 0 -> 0x2\n", "qword: 1 write\n", "dword: no writes\n", NULL);
	too_many();
	return watch_report_failed() ? EXIT_FAILURE : EXIT_SUCCESS;
}
