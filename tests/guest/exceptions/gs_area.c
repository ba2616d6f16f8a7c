/* SPDX-License-Identifier: MIT */
/* .gs: what kernels have at GS, a stack protector's canary and each CPU's variables. SDM vol. 3A, 3.4.4. */
#include <ring0.h>
#include <ring0/x86.h>

#define SIZE   4096
#define CANARY 0x28
#define NUMBER 0x100

static struct area {
	uint64_t words[SIZE / 8];
} areas[2];

static uint64_t canary(void)
{
	uint64_t value;

	__asm__ volatile("movq %%gs:%c1, %0" : "=r"(value) : "i"(CANARY));
	return value;
}

static void set_number(uint64_t value)
{
	__asm__ volatile("movq %0, %%gs:%c1" : : "r"(value), "i"(NUMBER) : "memory");
}

R0_TEST(gs_area, is_the_test_s, .gs = R0_GS(areas, SIZE))
{
	areas[0].words[CANARY / 8] = 0x1234;
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_GS_BASE), (uint64_t)areas);
	R0_ASSERT_EQ(canary(), 0x1234);
}

R0_TEST(gs_area, is_not_the_next_one_s)
{
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_GS_BASE), 0);
}

R0_TEST(gs_area, needs_no_size_with_one_cpu, .gs = R0_GS(&areas[1], 0))
{
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_GS_BASE), (uint64_t)&areas[1]);
}

static void note_number(void *unused)
{
	(void)unused;
	set_number(r0_cpu_id() + 1);
}

R0_TEST(gs_area, is_each_cpu_s_own, .cpus = 2, .gs = R0_GS(areas, SIZE))
{
	r0_on_cpus(note_number, NULL);
	R0_ASSERT_EQ(areas[0].words[NUMBER / 8], 1);
	R0_ASSERT_EQ(areas[1].words[NUMBER / 8], 2);
}

static long read_canary(void *unused)
{
	(void)unused;
	return (long)canary();
}

R0_TEST(gs_area, is_there_in_ring_3, .gs = R0_GS(areas, SIZE))
{
	areas[0].words[CANARY / 8] = 0x77;
	R0_ASSERT_EQ(r0_user_call(read_canary, NULL).value, 0x77);
}

/* Variables as they begin, which each CPU has a copy of. */
static const uint64_t variables[] = { 5, 6 };

static void add_to_number(void *unused)
{
	(void)unused;
	__asm__ volatile("movq %%gs:%c0, %%rax; addq %1, %%rax; movq %%rax, %%gs:%c0"
			 :
			 : "i"(NUMBER + 8), "r"((uint64_t)r0_cpu_id())
			 : "rax", "memory", "cc");
}

R0_TEST(gs_area, has_variables, .cpus = 2,
	.gs = R0_GS(areas, SIZE, .variables = variables, .variables_size = sizeof(variables),
		    .variables_at = NUMBER))
{
	r0_on_cpus(add_to_number, NULL);
	R0_ASSERT_EQ(areas[0].words[NUMBER / 8], 5);
	R0_ASSERT_EQ(areas[0].words[NUMBER / 8 + 1], 6);
	R0_ASSERT_EQ(areas[1].words[NUMBER / 8 + 1], 7);
}

R0_TEST(gs_area, has_none_of_the_last_test_s, .gs = R0_GS(areas, SIZE))
{
	R0_ASSERT_EQ(areas[0].words[NUMBER / 8], 0);
}
