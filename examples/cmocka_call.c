/* SPDX-License-Identifier: MIT */
/*
 * A cmocka program of which one test needs ring 0: r0_call() runs a function there and gives the
 * outcome back. Everything else is cmocka's as ever.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <ring0.h>
#include <ring0/cmocka.h>

struct registers {
	uint64_t cr0, cr3;
};

static void read_registers(void *arg)
{
	struct registers *registers = arg;

	__asm__ volatile("mov %%cr0, %0" : "=r"(registers->cr0));
	__asm__ volatile("mov %%cr3, %0" : "=r"(registers->cr3));
	/* What is written here stays in the VM, but for what is handed over. */
	r0_publish(registers, sizeof(*registers));
}

static void paging_is_on(void **state)
{
	struct registers registers = { 0 };

	(void)state;
	R0_CMOCKA_CALL(read_registers, &registers);
	assert_true(registers.cr0 & (1u << 31));
	assert_int_equal(registers.cr3 & 0xfff, 0);
}

static void write_undeclared_port(void *arg)
{
	(void)arg;
	__asm__ volatile("outb %b0, %w1" ::"a"(0x12), "Nd"(0x80));
}

static void an_outcome_is_a_value(void **state)
{
	struct r0_result result;

	(void)state;
	result = r0_call(write_undeclared_port, NULL, NULL);
	if (result.verdict == R0_VERDICT_SKIP) {
		r0_result_finish(&result);
		skip();
	}
	assert_int_equal(result.verdict, R0_VERDICT_FAIL);
	assert_non_null(strstr(result.message, "0x80"));
	r0_result_finish(&result);

	/* The same with the port declared. */
	R0_CMOCKA_CALL(write_undeclared_port, NULL, .ioports = R0_IOPORTS({ 0x80, 0x12 }));
}

static void an_ordinary_test(void **state)
{
	(void)state;
	assert_string_equal(r0_verdict_name(R0_VERDICT_TIMEOUT), "timeout");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paging_is_on),
		cmocka_unit_test(an_outcome_is_a_value),
		cmocka_unit_test(an_ordinary_test),
	};

	return cmocka_run_group_tests_name("cmocka_call", tests, NULL, NULL);
}
