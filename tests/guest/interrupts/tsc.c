/* SPDX-License-Identifier: MIT */
/* The time-stamp counter, its MSR, and IA32_TSC_ADJUST: SDM vol. 3B, 17.17; APM vol. 2, 13.2.4. */
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/requirements.h"

/* No test takes half of that, whatever it runs on. */
#define FAR (1ul << 42)

static bool has_adjust(void)
{
	return r0_cpu_has(R0_FEATURE_TSC_ADJUST) && writes_the_tsc();
}

/* What the counter would be without any adjustment. */
static uint64_t unadjusted(void)
{
	return r0_rdtsc() - r0_rdmsr(R0_MSR_TSC_ADJUST);
}

R0_TEST(tsc, msr_is_what_rdtsc_reads, .when = writes_the_tsc)
{
	for (unsigned int i = 0; i < 100; i++) {
		const uint64_t before = r0_rdtsc(), msr = r0_rdmsr(R0_MSR_TSC), after = r0_rdtsc();

		R0_ASSERT_LE(before, msr);
		R0_ASSERT_LE(msr, after);
	}
}

/* 17.17.3: what a write adds to the counter is added to it. */
R0_TEST(tsc, adjust_follows_a_write, .when = has_adjust)
{
	const uint64_t adjust = r0_rdmsr(R0_MSR_TSC_ADJUST), start = unadjusted();

	r0_wrmsr(R0_MSR_TSC, r0_rdtsc() + FAR);
	R0_ASSERT_GT(r0_rdmsr(R0_MSR_TSC_ADJUST) - adjust, FAR / 2);
	R0_ASSERT_LE(r0_rdmsr(R0_MSR_TSC_ADJUST) - adjust, FAR);
	R0_ASSERT_GE(unadjusted(), start);
	R0_ASSERT_LT(unadjusted() - start, FAR / 2);
	r0_wrmsr(R0_MSR_TSC_ADJUST, adjust);
}

R0_TEST(tsc, follows_adjust, .when = has_adjust)
{
	const uint64_t adjust = r0_rdmsr(R0_MSR_TSC_ADJUST), start = r0_rdtsc();
	uint64_t then;

	r0_wrmsr(R0_MSR_TSC_ADJUST, adjust + FAR);
	then = r0_rdtsc();
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_TSC_ADJUST), adjust + FAR);
	r0_wrmsr(R0_MSR_TSC_ADJUST, adjust);
	R0_ASSERT_GE(then, start + FAR);
	R0_ASSERT_LT(then, start + FAR + FAR / 2);
	R0_ASSERT_LT(r0_rdtsc(), start + FAR);
}

R0_TEST(tsc, never_stands_still)
{
	uint64_t last = r0_rdtsc();

	for (unsigned int i = 0; i < 1000; i++) {
		const uint64_t now = r0_rdtsc();

		R0_ASSERT_LT(last, now);
		last = now;
	}
}
