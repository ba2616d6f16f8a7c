/* SPDX-License-Identifier: MIT */
/* What the interrupt controllers hold, as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <ring0/x86.h>
#include "guest/smp/interrupts_x86_64.h"

static uint32_t *apic(struct interrupt_registers *registers, uint32_t offset)
{
	return &registers->apic[offset / 0x10];
}

/* As after a reset. */
static struct interrupt_registers reset(void)
{
	struct interrupt_registers registers = {
		.rflags = 2,
		.apic_base = R0_APIC_ADDRESS | R0_APIC_BASE_ENABLE | R0_APIC_BASE_BSP,
	};
	size_t i;

	*apic(&registers, R0_APIC_SVR) = R0_APIC_SVR_RESET;
	for (i = R0_APIC_LVT_TIMER; i <= R0_APIC_LVT_ERROR; i += 0x10)
		*apic(&registers, (uint32_t)i) = R0_APIC_LVT_RESET;
	for (i = 0; i < R0_IOAPIC_INPUTS; i++)
		registers.redirections[i] = R0_IOAPIC_RESET;
	return registers;
}

static const char *describe(const struct interrupt_registers *registers, int vector)
{
	static char text[4096];
	size_t length = describe_interrupts(registers, vector, text, sizeof(text));

	assert_int_equal(length, strlen(text));
	return text;
}

static void test_reset(void **state)
{
	struct interrupt_registers registers = reset();

	(void)state;
	assert_string_equal(
		describe(&registers, -1),
		"RFLAGS.IF: 0\n"
		"local APIC: xAPIC mode, disabled by SVR; TPR 0, PPR 0, ESR 0\n"
		"  requested (IRR): none; in service (ISR): none; level-triggered (TMR): none\n"
		"  LVT timer: one-shot, vector 0, masked; initial count 0, current count 0\n"
		"  LINT0 masked; LINT1 masked; error masked; performance masked; thermal masked\n"
		"IOAPIC: 24 inputs masked, as after a reset\n"
		"PICs: requested (IRR) 0x0000, in service (ISR) 0x0000, masked (IMR) 0x0000");
}

static void test_vectors(void **state)
{
	struct interrupt_registers registers = reset();
	const char *text;

	(void)state;
	*apic(&registers, R0_APIC_IRR + 0x10) = 1u << 0;
	*apic(&registers, R0_APIC_IRR + 0x70) = 1u << 31;
	*apic(&registers, R0_APIC_ISR + 0x20) = 1u << 1 | 1u << 2;
	*apic(&registers, R0_APIC_TMR + 0x20) = 1u << 1;
	text = describe(&registers, -1);
	assert_non_null(strstr(text, "requested (IRR): 0x20 0xff; in service (ISR): 0x41 0x42; "
				     "level-triggered (TMR): 0x41\n"));
}

static void test_local_vectors(void **state)
{
	struct interrupt_registers registers = reset();
	const char *text;

	(void)state;
	registers.apic_base |= R0_APIC_BASE_X2APIC;
	*apic(&registers, R0_APIC_SVR) |= R0_APIC_SVR_ENABLE;
	*apic(&registers, R0_APIC_LVT_TIMER) = R0_APIC_TIMER_TSC_DEADLINE | 0x33;
	*apic(&registers, R0_APIC_LVT_LINT0) = R0_APIC_EXTINT;
	*apic(&registers, R0_APIC_LVT_LINT1) = R0_APIC_NMI;
	*apic(&registers, R0_APIC_LVT_ERROR) = 0xfe;
	text = describe(&registers, -1);
	assert_non_null(strstr(text, "x2APIC mode, enabled by SVR"));
	assert_non_null(strstr(text, "LVT timer: TSC-deadline, vector 0x33, open"));
	assert_non_null(strstr(text,
			       "LINT0 open, ExtINT; LINT1 open, NMI; error open, vector 0xfe; "
			       "performance masked"));
}

static void test_redirections(void **state)
{
	struct interrupt_registers registers = reset();
	const char *text;

	(void)state;
	registers.redirections[2] = R0_IOAPIC_DESTINATION(3) | R0_IOAPIC_LEVEL |
				    R0_IOAPIC_REMOTE_IRR | R0_IOAPIC_ACTIVE_LOW |
				    R0_IOAPIC_SEND_PENDING | 0x44;
	registers.redirections[23] = R0_IOAPIC_MASKED | R0_IOAPIC_LOGICAL |
				     R0_IOAPIC_LOWEST_PRIORITY | 0x45;
	text = describe(&registers, -1);
	assert_non_null(strstr(
		text, "IOAPIC:\n"
		      "  input 2: fixed, vector 0x44, level, active low, to APIC 0x3, open, remote "
		      "IRR, send pending\n"
		      "  input 23: lowest priority, vector 0x45, edge, active high, to logical 0, "
		      "masked\n"
		      "  22 inputs masked, as after a reset\n"));
}

static void test_reasons(void **state)
{
	struct interrupt_registers registers = reset();

	(void)state;
	assert_true(strstr(describe(&registers, 0x44), "the local APIC is disabled by SVR") ==
		    describe(&registers, 0x44));
	*apic(&registers, R0_APIC_SVR) |= R0_APIC_SVR_ENABLE;
	*apic(&registers, R0_APIC_IRR + 0x20) = 1u << 4;
	*apic(&registers, R0_APIC_PPR) = 0x40;
	assert_non_null(
		strstr(describe(&registers, 0x44),
		       "0x44 is requested, but its class is not above that of PPR, 0x40\n"));
	assert_null(strstr(describe(&registers, 0x43), "but its class"));
	*apic(&registers, R0_APIC_PPR) = 0x3f;
	assert_null(strstr(describe(&registers, 0x44), "but its class"));
	*apic(&registers, R0_APIC_ISR + 0x20) = 1u << 4;
	assert_non_null(
		strstr(describe(&registers, 0x44), "0x44 is in service: it has had no EOI\n"));
	registers.apic_base &= ~R0_APIC_BASE_ENABLE;
	assert_non_null(strstr(describe(&registers, 0x44),
			       "local APIC: disabled by IA32_APIC_BASE\nIOAPIC:"));
	assert_null(strstr(describe(&registers, 0x44), "in service: it"));
}

/* However little room there is, it ends in a NUL within it. */
static void test_room(void **state)
{
	struct interrupt_registers registers = reset();
	char text[600];
	size_t size;

	(void)state;
	memset(registers.apic, 0xff, sizeof(registers.apic));
	memset(registers.redirections, 0x55, sizeof(registers.redirections));
	for (size = 1; size < sizeof(text); size++) {
		memset(text, '#', sizeof(text));
		assert_int_equal(describe_interrupts(&registers, 3, text, size), size - 1);
		assert_int_equal(strlen(text), size - 1);
		assert_int_equal(text[size], '#');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reset),	      cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_local_vectors), cmocka_unit_test(test_redirections),
		cmocka_unit_test(test_reasons),	      cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
