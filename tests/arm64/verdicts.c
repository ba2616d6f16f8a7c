/* SPDX-License-Identifier: MIT */
/* One test for each verdict on arm64, and for what each report has to say: see tests/fixtures/fixture.h. */
#include <stdlib.h>
#include <unistd.h>
#include "routine.h"

static bool never(void)
{
	return false;
}

/* expect pass: */
R0_TEST(verdict, pass)
{
}

/* expect fail: R0_ASSERT_EQ(1 + 1, 3) failed */
R0_TEST(verdict, fail)
{
	R0_ASSERT_EQ(1 + 1, 3);
}

/* expect fail: lost */
R0_TEST(verdict, fail_by_panic)
{
	r0_panic("lost");
}

/* expect pass: */
R0_TEST(verdict, should_panic, .should_panic = true, .panic_message = "lost")
{
	r0_panic("all is lost");
}

/* expect crash: undefined instruction ... before that, R0_EXPECT(1 == 2) failed */
R0_TEST(verdict, crash_after_an_expectation)
{
	R0_EXPECT(1 == 2);
	r0_udf(0);
}

/* expect skip: no such device */
R0_TEST(verdict, skip)
{
	R0_SKIP("no such device");
}

/* expect skip: never */
R0_TEST(verdict, skip_by_condition, .when = never)
{
	R0_FAIL("it was run");
}

/* expect xfail: lost */
R0_TEST(verdict, xfail, .xfail = "not written yet")
{
	R0_FAIL("lost");
}

/* expect xpass: passed, where a failure was expected: not written yet */
R0_TEST(verdict, xpass, .xfail = "not written yet")
{
}

/* expect timeout: still running */
R0_TEST(verdict, timeout, .timeout_ms = 300)
{
	for (;;)
		r0_yield();
}

/* expect timeout: still running */
R0_TEST(verdict, timeout_with_everything_masked, .timeout_ms = 300)
{
	r0_msr_immediate(daifset, 15);
	for (;;)
		__asm__ volatile("");
}

/* expect timeout: still running */
R0_TEST(verdict, timeout_in_wfe, .timeout_ms = 300)
{
	for (;;)
		r0_wfe();
}

/* expect pass: */
R0_TEST(verdict, should_halt, .should_halt = true)
{
	r0_wfi();
}

/* expect fail: it executed WFI with interrupts off */
R0_TEST(verdict, halt)
{
	r0_wfi();
}

/* expect fail: should have halted with interrupts off, but: it returned */
R0_TEST(verdict, halt_was_expected, .should_halt = true)
{
}

/* expect fail: exit ... 3 */
R0_TEST(verdict, exit)
{
	_exit(3);
}

/* expect fail: system call getpid (172) */
R0_TEST(verdict, system_call)
{
	getpid();
}

/* expect crash: data abort: read from NULL pointer + 0x18, not mapped: translation fault */
R0_TEST(crash, read_of_null_pointer)
{
	(void)*(volatile int *)0x18;
}

/* expect crash: data abort: write to the NULL pointer, not mapped: translation fault */
R0_TEST(crash, write_to_null_pointer)
{
	*(volatile int *)NULL = 1;
}

static const int constant = 3;
static int variable = 3;

/* expect crash: data abort: write to ... not writable: permission fault, level 3 */
R0_TEST(crash, write_to_constant)
{
	*(volatile int *)(uintptr_t)&constant = 1;
}

/* expect crash: instruction abort: fetch from ... not executable: permission fault, level 3 */
R0_TEST(crash, jump_to_data)
{
	((void (*)(void))(uintptr_t)&variable)();
}

/* expect crash: BRK #0x55 */
R0_TEST(crash, brk)
{
	r0_brk(0x55);
}

/* expect crash: SVC #0x56 */
R0_TEST(crash, svc)
{
	r0_svc(0x56);
}

/* expect crash: SIMD or floating point access */
R0_TEST(crash, simd)
{
	r0_msr(cpacr_el1, 0);
	r0_isb();
	__asm__ volatile("fmov d0, xzr");
}

static __attribute__((noinline)) int overflow(int depth)
{
	volatile char frame[1024];

	frame[0] = (char)depth;
	if (depth < 0)
		return 0;
	return overflow(depth + 1) + frame[0];
}

/* expect crash: data abort: stack overflow: write to ... in the guard page below the test's stack */
R0_TEST(crash, stack_overflow)
{
	overflow(0);
}

/* expect crash: undefined instruction */
R0_TEST(crash, with_a_wild_stack_pointer)
{
	__asm__ volatile("mov x0, #0x1230\n\tmov sp, x0\n\tudf #0");
}

/* expect fail: R0_ASSERT_FAULT(R0_BRK, r0_udf(0)) failed: undefined instruction (ESR 0x2000000) ... instead of BRK */
R0_TEST(faults, another_one)
{
	R0_ASSERT_FAULT(R0_BRK, r0_udf(0));
}

/* expect fail: failed: no exception instead of BRK */
R0_TEST(faults, none)
{
	R0_ASSERT_FAULT(R0_BRK, r0_isb());
}

/* expect fail: should have ended in BRK */
R0_TEST(faults, expected, .expect_exception = R0_EXCEPTION(R0_BRK))
{
}

/* expect fail: write of ... which nothing declares */
R0_TEST(access, of_nothing)
{
	*(volatile uint32_t *)r0_at_physical(0x0b000000) = 1;
}

static int refuse(void *state, struct r0_access *access)
{
	(void)state;
	(void)access;
	return -1;
}

/* expect fail: 0xa000004 */
R0_TEST(access, refused_by_a_mock, .mmio = R0_MMIO({ 0x0a000000, 0x0a000fff, refuse }))
{
	(void)*(volatile uint32_t *)r0_at_physical(0x0a000004);
}

static int crash(void *state, struct r0_access *access)
{
	(void)access;
	*(volatile int *)state = 1;
	return 0;
}

/* expect fail: SIGSEGV */
R0_TEST(access, mock_crashes, .mmio = R0_MMIO({ 0x0a000000, 0x0a000fff, crash }))
{
	(void)*(volatile uint32_t *)r0_at_physical(0x0a000004);
}

/* expect fail: read from guest-physical 0xa000008 by LDXR, an exclusive, which reaches no mock */
R0_TEST(access, by_an_exclusive, .mmio = R0_MMIO({ 0x0a000000, 0x0a000fff, refuse }))
{
	__asm__ volatile("ldxr x0, [%0]" : : "r"(r0_at_physical(0x0a000008)) : "memory");
}

/* expect fail: guest-physical 0xa000010 by LDADD, an atomic, which reaches no mock */
R0_TEST(access, by_an_atomic, .mmio = R0_MMIO({ 0x0a000000, 0x0a000fff, refuse }))
{
	__asm__ volatile(".arch_extension lse\n\tldadd x0, x1, [%0]"
			 :
			 : "r"(r0_at_physical(0x0a000010))
			 : "memory", "x1");
}

/* expect fail: the GIC's distributor is there with .irqchip = true */
R0_TEST(absent, no_irqchip)
{
	r0_gicd_read(R0_GICD_CTLR);
}

/* expect fail: no interrupt 0x5d was handled in 5 ms of waiting by WFI ... INTID 27: it is not enabled (ISENABLER) */
R0_TEST(interrupts, none_comes, .irqchip = true)
{
	r0_gic_enable();
	r0_wait_for_irq(R0_INTID(R0_INTID_VIRTUAL_TIMER), 5);
}

/* expect crash: INTID 3 without a handler */
R0_TEST(interrupts, without_a_handler, .irqchip = true)
{
	r0_gic_enable();
	r0_gic_enable_intid(R0_GIC_SGI(3));
	r0_gic_send_sgi(3, 1);
	r0_msr_immediate(daifclr, 2);
	r0_isb();
}

/* expect error: .mmio has 0x8000000 to 0x8000fff, where the GIC's distributor of .irqchip is */
R0_TEST(interrupts, mock_in_the_way, .irqchip = true,
	.mmio = R0_MMIO({ 0x8000000, 0x8000fff, refuse }))
{
}

static int one(void)
{
	return 1;
}

static int two(void)
{
	return 2;
}

/* expect error: one() can't be replaced ... compile it with -flive-patching=inline-clone */
R0_TEST(absent, replace, .replace = R0_REPLACE((one, two)))
{
}
