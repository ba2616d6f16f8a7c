/* SPDX-License-Identifier: MIT */
/* Exceptions in words. Needs no KVM. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "crash/exception.h"

static struct crash_view view;

static void expect(int vector, uint64_t error_code, uint64_t cr2, const char *summary)
{
	struct crash crash = { .vector = vector, .error_code = error_code };
	char text[256];

	view.fault_address = cr2;
	view.regs.rip = 0x401000;
	crash_exception_summary(&view, &crash, text, sizeof(text));
	assert_string_equal(text, summary);
}

static void page_faults(void **state)
{
	(void)state;
	expect(R0_PF, 2, 0x12345000, "#PF: write to 0x12345000, not present");
	expect(R0_PF, 0, 0, "#PF: read from the NULL pointer, not present");
	expect(R0_PF, 0, 0xfff, "#PF: read from NULL pointer + 0xfff, not present");
	expect(R0_PF, 3, 0x1000, "#PF: write to 0x1000, not writable");
	expect(R0_PF, 0x11, 0x1000, "#PF: fetch from 0x1000, not executable");
	/* Without the bit in the error code, too. */
	expect(R0_PF, 0, 0x401000, "#PF: fetch from 0x401000, not present");
	expect(R0_PF, 1, 0x401000, "#PF: fetch from 0x401000, not executable");
	expect(R0_PF, 2, 0x401000, "#PF: write to 0x401000, not present");
	expect(R0_PF, 5, 0x1000, "#PF: read from 0x1000 from ring 3, not accessible");
	expect(R0_PF, 9, 0x1000, "#PF: read from 0x1000, a reserved bit is set in its page tables");
	expect(R0_PF, 0x23, 0x1000, "#PF: write to 0x1000, forbidden by its protection key");
}

static void stack_overflow(void **state)
{
	(void)state;
	view.area = 0x10000000;
	expect(R0_PF, 2, view.area + R0_AREA_STACK - 8,
	       "#PF: stack overflow: write to 0x10022ff8, in the guard page below the test's stack");
	expect(R0_PF, 2, view.area + R0_AREA_USER_STACK - 4096,
	       "#PF: stack overflow: write to 0x10063000, in the guard page below the ring 3 stack");
	/* The test's stack ends where the guard page of ring 3's begins. */
	view.regs.rsp = view.area + R0_AREA_STACK + R0_AREA_STACK_SIZE - 64;
	expect(R0_PF, 2, 0x10063000, "#PF: write to 0x10063000, not present");
	view.regs.rsp = view.area + R0_AREA_STACK - 64;
	expect(R0_PF, 2, 0x10022ff8,
	       "#PF: stack overflow: write to 0x10022ff8, in the guard page below the test's stack");
	view.regs.rsp = 0;
	expect(R0_PF, 2, view.area + R0_AREA_STACK - 4097, "#PF: write to 0x10021fff, not present");
	expect(R0_PF, 2, view.area + R0_AREA_STACK, "#PF: write to 0x10023000, not present");
	view.area = 0;
}

static void selectors(void **state)
{
	(void)state;
	expect(R0_GP, 0, 0, "#GP(0)");
	expect(R0_GP, 0x28, 0, "#GP(0x28: GDT entry 5)");
	expect(R0_NP, 0x14, 0, "#NP(0x14: LDT entry 2)");
	expect(R0_GP, 0x6a, 0, "#GP(0x6a: IDT entry 13)");
	expect(R0_GP, 0x6b, 0, "#GP(0x6b: IDT entry 13, EXT: while delivering another event)");
	expect(R0_GP, 0x1, 0, "#GP(0x1: EXT: while delivering another event)");
	expect(R0_TS, 0x30, 0, "#TS(0x30: GDT entry 6)");
}

static void others(void **state)
{
	(void)state;
	expect(R0_UD, 0, 0, "#UD");
	expect(R0_DF, 0, 0, "#DF");
	expect(R0_CP, 3, 0, "#CP(0x3: ENDBRANCH)");
	expect(R0_CP, 77, 0, "#CP(0x4d)");
	expect(77, 0, 0, "interrupt 0x4d without a handler");
	expect(9, 0, 0, "interrupt 0x9 without a handler");
}

static void traps(void **state)
{
	(void)state;
	assert_true(crash_exception_is_trap(R0_BP));
	assert_true(crash_exception_is_trap(R0_OF));
	assert_false(crash_exception_is_trap(R0_UD));
	assert_true(crash_exception_has_error_code(R0_AC));
	assert_false(crash_exception_has_error_code(R0_XM));
	assert_false(crash_exception_has_error_code(200));
}

static void report_lines(void **state)
{
	struct crash crash = { .vector = R0_PF, .error_code = 0x17 };
	char text[512] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	(void)state;
	view.fault_address = 0x10;
	crash_exception_print(&view, &crash, out);
	fclose(out);
	assert_string_equal(text, "#PF (page fault, vector 14), error code 0x17: P: protection "
				  "violation, I: instruction fetch, U: in ring 3\n"
				  "CR2 0x0000000000000010, NULL pointer + 0x10\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(page_faults), cmocka_unit_test(stack_overflow),
		cmocka_unit_test(selectors),   cmocka_unit_test(others),
		cmocka_unit_test(traps),       cmocka_unit_test(report_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
