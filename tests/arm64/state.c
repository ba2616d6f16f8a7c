/* SPDX-License-Identifier: MIT */
/* The state in which a test starts, and what of libc works in it. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "routine.h"

R0_TEST(state, at_el1)
{
	R0_ASSERT_EQ(r0_mrs(currentel) >> 2, 1);
	R0_ASSERT_EQ(r0_mrs(spsel), 1);
}

R0_TEST(state, interrupts_are_masked)
{
	R0_ASSERT_EQ(r0_mrs(daif), R0_PSTATE_DAIF);
}

R0_TEST(state, translation_and_caches_are_on)
{
	const uint64_t wanted = R0_SCTLR_M | R0_SCTLR_C | R0_SCTLR_I | R0_SCTLR_SA | R0_SCTLR_SPAN;

	R0_ASSERT_EQ(r0_mrs(sctlr_el1) & wanted, wanted);
	R0_ASSERT_EQ(r0_mrs(sctlr_el1) & (R0_SCTLR_A | R0_SCTLR_WXN), 0);
}

R0_TEST(state, tables_are_as_documented)
{
	const uint64_t tcr = r0_mrs(tcr_el1);

	R0_ASSERT_EQ(tcr & 0x3f, 16);
	R0_ASSERT_EQ(tcr >> 16 & 0x3f, 16);
	R0_ASSERT_EQ(tcr & (R0_TCR_HA | R0_TCR_HD | R0_TCR_EPD0 | R0_TCR_EPD1), 0);
	R0_ASSERT_EQ(tcr & (R0_TCR_TBI0 | R0_TCR_TBI1 | R0_TCR_AS),
		     R0_TCR_TBI0 | R0_TCR_TBI1 | R0_TCR_AS);
	R0_ASSERT_EQ(r0_mrs(mair_el1), 0x4404ff);
}

R0_TEST(state, stack_is_aligned)
{
	uint64_t sp;

	__asm__("mov %0, sp" : "=r"(sp));
	R0_ASSERT_EQ(sp % 16, 0);
}

R0_TEST(state, registers_that_tests_may_find_changed_are_zero)
{
	R0_ASSERT_EQ(r0_mrs(tpidr_el1), 0);
	R0_ASSERT_EQ(r0_mrs(tpidrro_el0), 0);
	R0_ASSERT_EQ(r0_mrs(sp_el0), 0);
	R0_ASSERT_EQ(r0_mrs(esr_el1), 0);
	R0_ASSERT_EQ(r0_mrs(far_el1), 0);
}

R0_TEST(state, floating_point_works)
{
	volatile double a = 1.5, b = 2.25;

	R0_ASSERT(a * b == 3.375);
}

R0_TEST(state, simd_works)
{
	uint64_t result;

	__asm__ volatile("movi v0.16b, #3\n\t"
			 "movi v1.16b, #4\n\t"
			 "add v0.16b, v0.16b, v1.16b\n\t"
			 "umov %0, v0.d[1]"
			 : "=r"(result)
			 :
			 : "v0", "v1");
	R0_ASSERT_EQ(result, 0x0707070707070707);
}

R0_TEST(state, sve_works_where_it_is)
{
	uint64_t bytes;

	if (!R0_ID_FIELD(r0_mrs(id_aa64pfr0_el1), R0_ID_PFR0_SVE))
		R0_SKIP("this CPU has no SVE");
	__asm__ volatile(".arch_extension sve\n\trdvl %0, #1" : "=r"(bytes));
	R0_ASSERT_GE(bytes, 16);
	R0_ASSERT_EQ(bytes % 16, 0);
}

static __thread int thread_variable = 17;

R0_TEST(state, thread_local_variables)
{
	R0_ASSERT_EQ(thread_variable, 17);
	thread_variable = 18;
	R0_ASSERT_EQ(thread_variable, 18);
}

R0_TEST(state, thread_local_variables_are_as_in_the_program_again)
{
	R0_ASSERT_EQ(thread_variable, 17);
}

R0_TEST(state, errno_works)
{
	errno = ERANGE;
	R0_ASSERT_EQ(errno, ERANGE);
}

R0_TEST(state, snprintf_works)
{
	char text[64];

	snprintf(text, sizeof(text), "%d %s %.3f %#x", -3, "three", 3.25, 0xff);
	R0_ASSERT_STREQ(text, "-3 three 3.250 0xff");
}

R0_TEST(state, printf_is_the_output)
{
	printf("printed at EL%d\n", 1);
	R0_ASSERT_EQ(fflush(stdout), 0);
}

R0_TEST(state, malloc_works)
{
	char *small = malloc(100), *large = malloc(1 << 20);

	R0_ASSERT(small != NULL);
	R0_ASSERT(large != NULL);
	memset(large, 0x5a, 1 << 20);
	R0_ASSERT_EQ(large[(1 << 20) - 1], 0x5a);
	free(large);
	free(small);
}

static int count;

R0_TEST(state, variables_are_private)
{
	R0_ASSERT_EQ(count, 0);
	count = 1;
}

R0_TEST(state, variables_are_put_back)
{
	R0_ASSERT_EQ(count, 0);
}

static int published;

R0_TEST(state, publish)
{
	published = 5;
	r0_publish(&published, sizeof(published));
}

R0_TEST(state, clock_goes_on)
{
	uint64_t first = r0_clock();

	R0_ASSERT_GE(r0_clock(), first);
}

static int setups;

static void set_up(void)
{
	setups++;
}

static void tear_down(void)
{
	R0_ASSERT_EQ(setups, 1);
}

R0_TEST(state, setup_and_teardown, .setup = set_up, .teardown = tear_down)
{
	R0_ASSERT_EQ(setups, 1);
}

static bool never(void)
{
	return false;
}

R0_TEST(state, condition, .when = never)
{
	R0_FAIL("it is false");
}

static const int elements[] = { 3, 4, 5 };

R0_TEST(state, params, .params = R0_PARAMS(elements))
{
	R0_ASSERT_GE(R0_PARAM(const int), 3);
	R0_ASSERT_LE(R0_PARAM(const int), 5);
}

R0_TEST(state, one_cpu)
{
	R0_ASSERT_EQ(r0_cpu_count(), 1);
	R0_ASSERT_EQ(r0_cpu_id(), 0);
	R0_ASSERT_EQ(r0_mrs(mpidr_el1) & 0xff, 0);
}
