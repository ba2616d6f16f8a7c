/* SPDX-License-Identifier: MIT */
/*
 * What only the caller of r0_call() sees: whether a teardown ran on a sound stack, and what a report has of
 * other CPUs. Prints TAP.
 */
#include <stdio.h>
#include <string.h>
#include <ring0.h>
#include <ring0/x86.h>

/* Of the stack's 256 KiB: see the guide. */
#define LEFT 8192

static int number, failed;
static volatile int torn_down;
static uint64_t stack_end;

static void report(const char *name, bool ok, const struct r0_result *result)
{
	printf("%sok %d - runtime_call.%s\n", ok ? "" : "not ", ++number, name);
	if (!ok)
		printf("# %s: %s\n%s\n", r0_verdict_name(result->verdict), result->message,
		       result->report);
	failed |= !ok;
}

static __attribute__((noinline)) int recurse(volatile char *above)
{
	volatile char frame[1024];

	frame[0] = *above;
	if ((uint64_t)frame - stack_end >= LEFT)
		return recurse(frame) + frame[0];
	R0_ASSERT_EQ(frame[0], 2, "deep enough");
	return 0;
}

static void fail_deep_in_the_stack(void *arg)
{
	volatile char here = 1;

	(void)arg;
	/* The stack is one mapping of the program's, with an absent page below. */
	stack_end = (uint64_t)&here;
	while (*r0_page_entry(stack_end - 4096, 1) & R0_PAGE_P)
		stack_end -= 4096;
	stack_end &= ~4095ul;
	r0_printf("%d", recurse(&here));
}

/* More than is left. */
static void tear_down(void)
{
	volatile char frame[4 * LEFT];
	unsigned int i;

	for (i = 0; i < sizeof(frame); i += 512)
		frame[i] = 1;
	torn_down = frame[512];
	r0_publish((const void *)&torn_down, sizeof(torn_down));
}

static void a_teardown_has_a_stack(void)
{
	struct r0_result result = r0_call(fail_deep_in_the_stack, NULL,
					  &(struct r0_options){ .teardown = tear_down });

	report("a_teardown_has_a_stack",
	       result.verdict == R0_VERDICT_FAIL && torn_down == 1 &&
		       strstr(result.message, "failed, deep enough: frame[0] is"),
	       &result);
	r0_result_finish(&result);
}

static volatile bool ready, over;

static void wait_with_interrupts_off(void *arg)
{
	(void)arg;
	ready = true;
	while (!over)
		r0_pause();
}

static void send_in_vain(void *arg)
{
	(void)arg;
	r0_on_cpu_async(1, wait_with_interrupts_off, NULL);
	while (!ready)
		r0_pause();
	r0_send_ipi(1, 0x41);
	R0_FAIL("the flush did not come");
}

static void the_other_cpus_apic_is_told(void)
{
	struct r0_result result = r0_call(send_in_vain, NULL, &(struct r0_options){ .cpus = 2 });
	const char *apic = strstr(result.report, "CPU 1's local APIC: xAPIC mode, enabled by SVR");

	report("the_other_cpus_apic_is_told",
	       result.verdict == R0_VERDICT_FAIL && apic &&
		       strstr(apic, "requested (IRR): 0x41; in service (ISR): none"),
	       &result);
	r0_result_finish(&result);
}

static void fail_alone(void *arg)
{
	(void)arg;
	R0_FAIL("alone");
}

static void but_only_if_it_holds_something(void)
{
	struct r0_result result = r0_call(fail_alone, NULL, &(struct r0_options){ .cpus = 2 });

	report("but_only_if_it_holds_something",
	       result.verdict == R0_VERDICT_FAIL && !strstr(result.report, "local APIC"), &result);
	r0_result_finish(&result);
}

static void nothing(void *arg)
{
	(void)arg;
}

int main(void)
{
	struct r0_result result = r0_call(nothing, NULL, NULL);

	if (result.verdict == R0_VERDICT_SKIP) {
		printf("1..0 # SKIP %s\n", result.message);
		return 77;
	}
	r0_result_finish(&result);
	a_teardown_has_a_stack();
	the_other_cpus_apic_is_told();
	but_only_if_it_holds_something();
	printf("1..%d\n", number);
	return failed;
}
