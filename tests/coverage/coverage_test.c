/* SPDX-License-Identifier: MIT */
/* Tests that end in every way, each with its own work. */
#include <ring0.h>
#include <ring0/x86.h>
#include <stdlib.h>
#include "subject.h"

R0_TEST(coverage, passes)
{
	work(WORK_PASSES);
}

R0_TEST(coverage, crashes, .expect_exception = R0_EXCEPTION(R0_PF))
{
	work(WORK_CRASHES);
	*(volatile int *)16 = 1;
}

R0_TEST(coverage, hangs, .timeout_ms = 500)
{
	work(WORK_HANGS);
	for (;;)
		r0_pause();
}

R0_TEST(coverage, fails)
{
	work(WORK_FAILS);
	R0_ASSERT(0);
}

R0_TEST(coverage, own_machine, .cpuid = R0_CPUID({ .leaf = 0x40000000, .eax = 1 }))
{
	work(WORK_OWN_MACHINE);
}

static long in_ring_3(void *arg)
{
	(void)arg;
	work(WORK_RING_3);
	return 0;
}

R0_TEST(coverage, ring_3)
{
	r0_user_call(in_ring_3, NULL);
}

/* It is run a second time, to find the place, and what that executes was counted before. */
R0_TEST(coverage, triple_fault)
{
	const struct r0_table_register none = { 0 };

	work(WORK_TRIPLE_FAULT);
	r0_lidt(none);
	__asm__ volatile("ud2");
}

static void on_cpu_1(void *arg)
{
	(void)arg;
	work(WORK_CPU_1);
}

R0_TEST(coverage, cpus, .cpus = 2)
{
	work(WORK_CPU_0);
	r0_on_cpu(1, on_cpu_1, NULL);
}

static int mocked(void *state, struct r0_access *access)
{
	(void)state;
	work(WORK_MOCK);
	access->value = 0;
	return 0;
}

R0_TEST(coverage, mock, .io = R0_IO({ 0x300, 0x300, mocked }))
{
	r0_in8(0x300);
}

/* It leaves malloc() locked, so that the program is started anew, with what was counted. */
static int crash_in_free(void *state, struct r0_access *access)
{
	(void)state;
	(void)access;
	work(WORK_CRASHING_MOCK);
	free((void *)(uintptr_t)0x123450);
	return 0;
}

R0_TEST(anew, crashing_mock, .io = R0_IO({ 0x300, 0x300, crash_in_free }))
{
	r0_in8(0x300);
}
