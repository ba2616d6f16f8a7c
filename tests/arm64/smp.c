/* SPDX-License-Identifier: MIT */
/*
 * Several CPUs: how work starts, what each has of its own, and what they share. How they are given work, and barriers
 * and locks, are tested as on x86, by tests/guest/smp/smp.c; interrupts between them in smp_interrupts.c.
 */
#include <errno.h>
#include <stdio.h>
#include "routine.h"

#define CPUS 4

/* More than all. */
#define MOST R0_CPU_LIMIT

static volatile unsigned int runs[MOST];
static volatile uint64_t found[MOST];
static struct r0_barrier all;

static void look_around(void *arg)
{
	uint64_t sp;

	__asm__("mov %0, sp" : "=r"(sp));
	found[r0_cpu_id()] = sp;
	R0_ASSERT_EQ(arg, (void *)0x1234);
	R0_ASSERT_EQ(r0_mrs(daif), R0_PSTATE_DAIF);
	R0_ASSERT_EQ(r0_mrs(tpidrro_el0), 0);
	R0_ASSERT_EQ(sp & 15, 0);
}

R0_TEST(smp, work_starts_as_a_test_does, .cpus = CPUS)
{
	unsigned int i;

	r0_on_cpus(look_around, (void *)0x1234);
	for (i = 1; i < CPUS; i++)
		R0_ASSERT_GT(found[i] > found[i - 1] ? found[i] - found[i - 1] :
						       found[i - 1] - found[i],
			     0x40000);
}

static void leave_interrupts_on(void *arg)
{
	(void)arg;
	r0_msr_immediate(daifclr, 2);
}

static void expect_them_off(void *arg)
{
	(void)arg;
	R0_ASSERT(r0_mrs(daif) & R0_PSTATE_I);
}

R0_TEST(smp, work_starts_so_after_other_work, .cpus = 2)
{
	r0_on_cpu_async(1, leave_interrupts_on, NULL);
	r0_on_cpu(1, expect_them_off, NULL);
}

/* What each CPU has of its own. */

static struct {
	uint64_t mpidr, vbar, tpidr, ttbr0;
} own[MOST];

static void describe(void *arg)
{
	unsigned int self = r0_cpu_id();

	(void)arg;
	own[self].mpidr = r0_mrs(mpidr_el1);
	own[self].vbar = r0_mrs(vbar_el1);
	own[self].tpidr = r0_mrs(tpidr_el0);
	own[self].ttbr0 = r0_mrs(ttbr0_el1);
}

R0_TEST(smp, registers_are_each_cpus_own, .cpus = CPUS)
{
	unsigned int i, j;

	r0_on_cpus(describe, NULL);
	for (i = 0; i < CPUS; i++)
		for (j = 0; j < i; j++) {
			R0_ASSERT_NE(own[i].mpidr, own[j].mpidr);
			R0_ASSERT_NE(own[i].vbar, own[j].vbar);
			R0_ASSERT_NE(own[i].tpidr, own[j].tpidr);
			R0_ASSERT_EQ(own[i].ttbr0, own[j].ttbr0);
		}
}

static __thread int local = 7;

static void change_own(void *arg)
{
	int self = (int)r0_cpu_id();

	(void)arg;
	R0_ASSERT_EQ(local, 7);
	local = self;
	errno = 100 + self;
	r0_barrier_wait(&all);
	R0_ASSERT_EQ(local, self);
	R0_ASSERT_EQ(errno, 100 + self);
}

R0_TEST(smp, thread_local_variables_are_each_cpus_own, .cpus = CPUS)
{
	r0_on_cpus(change_own, NULL);
}

/* Exceptions, handlers and EL0 on all at a time: with more than one cluster, too. */

static void fault_often(void *arg)
{
	unsigned int self = r0_cpu_id();
	volatile char *absent = (volatile char *)(0x10ul + self);
	unsigned int i;

	(void)arg;
	for (i = 0; i < 20; i++) {
		struct r0_fault fault;
		struct r0_try try;

		if (r0_try_begin(&try) == 0) {
			*absent = 1;
			r0_try_end(&try);
		}
		fault = try.fault;
		R0_ASSERT_EQ(fault.vector, R0_DATA_ABORT);
		R0_ASSERT_EQ(fault.far, 0x10ul + self);
		R0_ASSERT_FAULT(R0_UNDEFINED, r0_udf(0));
	}
}

R0_TEST(smp, exceptions_come_back_to_their_cpu, .cpus = CPUS)
{
	r0_on_cpus(fault_often, NULL);
}

R0_TEST(smp, exceptions_come_back_to_each_of_20, .cpus = 20)
{
	r0_on_cpus(fault_often, NULL);
}

static void skip_udf(struct r0_frame *frame)
{
	runs[r0_cpu_id()]++;
	frame->pc += 4;
}

static void raise_undefined(void *arg)
{
	(void)arg;
	r0_udf(0);
}

R0_TEST(smp, handlers_are_for_all_cpus, .cpus = CPUS)
{
	unsigned int i;

	r0_set_handler(R0_UNDEFINED, skip_udf);
	r0_on_cpus(raise_undefined, NULL);
	for (i = 0; i < CPUS; i++)
		R0_ASSERT_EQ(runs[i], 1);
}

static long at_el0(void *arg)
{
	unsigned int self = (unsigned int)(long)arg;

	R0_ASSERT_EQ(r0_cpu_id(), self);
	R0_ASSERT_EQ(r0_cpu_count(), CPUS);
	r0_barrier_wait(&all);
	r0_printf("CPU %u at EL0\n", self);
	return 1000 + self;
}

static long fault_at_el0(void *arg)
{
	(void)arg;
	return (long)r0_mrs(vbar_el1);
}

static void go_to_el0(void *arg)
{
	unsigned int self = r0_cpu_id();
	int i;

	(void)arg;
	for (i = 0; i < 3; i++) {
		struct r0_fault fault = r0_user_call(at_el0, (void *)(long)self);

		R0_ASSERT_EQ(fault.vector, -1);
		R0_ASSERT_EQ(fault.value, 1000 + self);
		R0_ASSERT_EQ(r0_user_call(fault_at_el0, NULL).vector, R0_UNDEFINED);
	}
}

R0_TEST(smp, el0_on_all_cpus, .cpus = CPUS)
{
	r0_on_cpus(go_to_el0, NULL);
}

static void print(void *arg)
{
	int i;

	(void)arg;
	r0_barrier_wait(&all);
	for (i = 0; i < 5; i++) {
		printf("CPU %u by libc\n", r0_cpu_id());
		fflush(stdout);
		r0_printf("CPU %u by ring0\n", r0_cpu_id());
	}
}

R0_TEST(smp, all_may_print, .cpus = CPUS)
{
	r0_on_cpus(print, NULL);
}

/* What they share. */

static uint64_t sums[3];

static void count_atomically(void *arg)
{
	uint64_t old, new;
	uint32_t failed;
	unsigned int i;

	(void)arg;
	r0_barrier_wait(&all);
	for (i = 0; i < 200; i++) {
		__atomic_fetch_add(&sums[0], 1, __ATOMIC_RELAXED);
		old = __atomic_load_n(&sums[1], __ATOMIC_RELAXED);
		while (!__atomic_compare_exchange_n(&sums[1], &old, old + 1, false,
						    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
		/* B2.9: without LSE, too. */
		do
			__asm__ volatile("ldaxr %0, %2\n\tadd %0, %0, 1\n\tstlxr %w1, %0, %2"
					 : "=&r"(new), "=&r"(failed), "+Q"(sums[2])
					 :
					 : "memory");
		while (failed);
	}
}

R0_TEST(smp, atomics_and_exclusives_lose_nothing, .cpus = CPUS)
{
	r0_on_cpus(count_atomically, NULL);
	R0_ASSERT_EQ(sums[0], 200 * CPUS);
	R0_ASSERT_EQ(sums[1], 200 * CPUS);
	R0_ASSERT_EQ(sums[2], 200 * CPUS);
}

static uint64_t last_count;

static void read_the_clock(void *arg)
{
	uint64_t now = r0_virtual_count();

	(void)arg;
	R0_ASSERT_GE(now, last_count);
	last_count = now;
}

R0_TEST(smp, virtual_counts_agree, .cpus = CPUS)
{
	unsigned int i;

	for (i = 0; i < 10 * CPUS; i++)
		r0_on_cpu(i % CPUS, read_the_clock, NULL);
}

static int next_number(void *state, struct r0_access *access)
{
	unsigned int *next = state;

	access->value = (*next)++;
	return 0;
}

#define DEVICE 0x0a000000ul
#define MEMORY 0x01000000ul

static const unsigned int first_number = 1;
static volatile uint8_t drawn[256];

static void draw_numbers(void *arg)
{
	volatile uint32_t *memory = r0_at_physical(MEMORY);
	unsigned int i;

	(void)arg;
	for (i = 0; i < 10; i++) {
		__atomic_fetch_add(&drawn[*(volatile uint8_t *)r0_at_physical(DEVICE)], 1,
				   __ATOMIC_RELAXED);
		R0_ASSERT_EQ(memory[r0_cpu_id()], 0);
	}
	memory[r0_cpu_id()] = 1;
}

R0_TEST(smp, mocks_serve_all_cpus, .cpus = CPUS, .ram = R0_RAM({ MEMORY, MEMORY + 0x1000 }),
	.mmio = R0_MMIO({ DEVICE, DEVICE + 0xfff, next_number, &first_number,
			  sizeof(first_number) }))
{
	volatile uint32_t *memory = r0_at_physical(MEMORY);
	unsigned int i;

	r0_on_cpus(draw_numbers, NULL);
	for (i = 1; i <= 10 * CPUS; i++)
		R0_ASSERT_EQ(drawn[i], 1);
	for (i = 0; i < CPUS; i++)
		R0_ASSERT_EQ(memory[i], 1);
}
