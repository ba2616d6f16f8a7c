/* SPDX-License-Identifier: MIT */
/* Whole crash reports of triple faults: which exception it was, of which nothing is left but the CPU's state. */
#include "crash_reported.h"

static volatile int zero;

static NOINLINE void store_to_null(void)
{
	__asm__ volatile("movb $1, 0x10(%0)" ::"D"((volatile char *)(uintptr_t)zero) : "memory");
	sink++;
}

static NOINLINE void divide(void)
{
	__asm__ volatile("idivl %%ecx" ::"a"(5), "d"(0), "c"(zero));
}

static NOINLINE void divide_beyond_the_quotient(void)
{
	__asm__ volatile("idivl %%ecx" ::"a"(0), "d"(1), "c"(1));
}

static NOINLINE void push_to_nowhere(void)
{
	uint64_t saved;

	__asm__ volatile("mov %%rsp, %0; mov $0x2008, %%rsp; pushq $1; mov %0, %%rsp"
			 : "=&r"(saved)::"memory");
}

static void triple_fault_names_the_exception(void **state)
{
	(void)state;
	crash_in(call_inlined, CRASH_TRIPLE_FAULT);
	assert_holds(message, "triple fault: #UD in raise_inlined (");
	assert_holds(message, ") could not be delivered: the IDT's limit is 0");
	assert_holds(report, "#DF was not delivered: the IDT's limit is 0");
}

static void triple_fault_by_division(void **state)
{
	(void)state;
	crash_in(divide, CRASH_TRIPLE_FAULT);
	assert_holds(message, "triple fault: #DE in divide (");
}

static void triple_fault_by_quotient(void **state)
{
	(void)state;
	crash_in(divide_beyond_the_quotient, CRASH_TRIPLE_FAULT);
	assert_holds(message, "triple fault: #DE in divide_beyond_the_quotient (");
}

static void triple_fault_by_push(void **state)
{
	(void)state;
	crash_in(push_to_nowhere, CRASH_TRIPLE_FAULT);
	assert_holds(message, "triple fault: #PF in push_to_nowhere (");
	assert_holds(report, "cause: write to 0x2000: the P");
}

static void triple_fault_by_page_fault(void **state)
{
	(void)state;
	crash_in(store_to_null, CRASH_TRIPLE_FAULT);
	assert_holds(message, "triple fault: #PF in store_to_null (");
	assert_holds(report, "cause: write to NULL pointer + 0x10: the P");
}

static void lose_page_tables(struct crash_view *view)
{
	view->sregs.cr3 = 7ull << SELF_LEVEL;
}

static void triple_fault_without_page_tables(void **state)
{
	(void)state;
	prepare = lose_page_tables;
	crash_in(call_inlined, CRASH_TRIPLE_FAULT);
	assert_holds(message, "triple fault: #PF in raise_inlined (");
	assert_holds(report, "is outside guest memory, with CR3 0x70000000000");
}

static void triple_fault_with_registers_lost(void **state)
{
	(void)state;
	asked.lost_registers = true;
	asked.why_lost = "the test ended";
	crash_in(call_inlined, CRASH_TRIPLE_FAULT);
	assert_string_equal(message, "triple fault: the CPU was reset by it; where it was is not "
				     "known: the test ended");
	assert_lacks(report, "RIP");
}

static int run(void)
{
	const struct CMUnitTest tests[] = {
		TEST(triple_fault_names_the_exception), TEST(triple_fault_by_division),
		TEST(triple_fault_by_quotient),		TEST(triple_fault_by_push),
		TEST(triple_fault_by_page_fault),	TEST(triple_fault_without_page_tables),
		TEST(triple_fault_with_registers_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
	return reported_main(argc, argv, run);
}
