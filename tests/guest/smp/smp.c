/* SPDX-License-Identifier: MIT */
/*
 * Several CPUs: giving them work, barriers and locks. What each has of its own is in smp_own.c, what they
 * share in smp_memory.c, interrupts between them in smp_interrupts.c.
 */
#include <errno.h>
#include <stdio.h>
#include <ring0.h>

#define CPUS 4

/* More than all. */
#define MOST R0_CPU_LIMIT

static volatile unsigned int runs[MOST];
static volatile uint64_t found[MOST];

/* Less than a CPU's own hint to others would be, and the same on every architecture. */
static void relax(void)
{
	__asm__ volatile("" : : : "memory");
}

static void count(void *arg)
{
	(void)arg;
	runs[r0_cpu_id()]++;
}

R0_TEST(smp, one_cpu_is_cpu_0)
{
	R0_ASSERT_EQ(r0_cpu_count(), 1);
	R0_ASSERT_EQ(r0_cpu_id(), 0);
	r0_on_cpu(0, count, NULL);
	r0_on_cpus(count, NULL);
	r0_on_cpus_async(count, NULL);
	r0_on_cpus_wait();
	R0_ASSERT_EQ(runs[0], 2);
}

R0_TEST(smp, every_cpu_runs_what_it_is_given, .cpus = CPUS)
{
	unsigned int i, j;

	R0_ASSERT_EQ(r0_cpu_count(), CPUS);
	for (i = 0; i < CPUS; i++) {
		r0_on_cpu(i, count, NULL);
		for (j = 0; j < CPUS; j++)
			R0_ASSERT_EQ(runs[j], j <= i);
	}
}

R0_TEST(smp, as_many_as_there_can_be, .cpus = MOST)
{
	unsigned int i;

	r0_on_cpus(count, NULL);
	for (i = 0; i < MOST; i++)
		R0_ASSERT_EQ(runs[i], 1);
}

static volatile bool go;

static void wait_to_go(void *arg)
{
	while (!go)
		relax();
	count(arg);
}

R0_TEST(smp, async_goes_on_meanwhile, .cpus = 2)
{
	r0_on_cpu_async(1, wait_to_go, NULL);
	R0_ASSERT_EQ(runs[1], 0);
	go = true;
	r0_on_cpu_wait(1);
	R0_ASSERT_EQ(runs[1], 1);
	r0_on_cpu_wait(1);
}

R0_TEST(smp, work_for_a_busy_cpu_comes_next, .cpus = 2)
{
	go = true;
	r0_on_cpu_async(1, wait_to_go, NULL);
	r0_on_cpu_async(1, wait_to_go, NULL);
	r0_on_cpu_async(1, wait_to_go, NULL);
	r0_on_cpu(1, wait_to_go, NULL);
	R0_ASSERT_EQ(runs[1], 4);
}

static void pass_on(void *arg)
{
	unsigned int self = r0_cpu_id();

	count(arg);
	r0_on_cpu(self, count, arg);
	if (self + 1 < r0_cpu_count())
		r0_on_cpu(self + 1, pass_on, arg);
	runs[self]++;
}

R0_TEST(smp, any_cpu_gives_work, .cpus = CPUS)
{
	unsigned int i;

	r0_on_cpu(1, pass_on, NULL);
	for (i = 1; i < CPUS; i++)
		R0_ASSERT_EQ(runs[i], 3);
}

static void give_one_cpu_work(void *arg)
{
	unsigned int i;

	if (r0_cpu_id() == 1)
		return;
	for (i = 0; i < 20; i++)
		r0_on_cpu(1, count, arg);
}

R0_TEST(smp, many_give_one_cpu_work, .cpus = CPUS)
{
	r0_on_cpus(give_one_cpu_work, NULL);
	r0_on_cpu_wait(1);
	R0_ASSERT_EQ(runs[1], 20 * (CPUS - 1));
}

/* Work that comes just as the CPU is about to say that it has none. */
/* Where the CPUs share one of the host's, each round is a turn of its scheduler: 9 s in all in an emulated machine. */
R0_TEST(smp, no_work_is_missed, .cpus = 2, .timeout_ms = 100000)
{
	unsigned int i, j;

	for (i = 0; i < 500; i++) {
		for (j = 0; j < i % 16; j++)
			relax();
		r0_on_cpu_async(1, count, NULL);
	}
	r0_on_cpu_wait(1);
	R0_ASSERT_EQ(runs[1], 500);
}

/* Barriers and locks. */

static struct r0_barrier all;

#define ROUNDS 20

static volatile unsigned int at_round[MOST];

static void go_round(void *arg)
{
	unsigned int self = r0_cpu_id(), round, i;

	(void)arg;
	for (round = 1; round <= ROUNDS; round++) {
		at_round[self] = round;
		r0_barrier_wait(&all);
		for (i = 0; i < r0_cpu_count(); i++)
			R0_ASSERT_EQ(at_round[i], round);
		r0_barrier_wait(&all);
	}
}

R0_TEST(smp, no_cpu_passes_a_barrier_first, .cpus = CPUS, .timeout_ms = 100000)
{
	r0_on_cpus(go_round, NULL);
}

static struct r0_barrier two = { .count = 2 };

static void come_to_two(void *arg)
{
	r0_barrier_wait(&two);
	count(arg);
}

R0_TEST(smp, a_barrier_for_some, .cpus = CPUS)
{
	r0_on_cpu_async(1, come_to_two, NULL);
	r0_barrier_wait(&two);
	r0_on_cpu_wait(1);
	R0_ASSERT_EQ(runs[1], 1);
	r0_on_cpu_async(2, come_to_two, NULL);
	r0_on_cpu_async(3, come_to_two, NULL);
	r0_on_cpus_wait();
	R0_ASSERT_EQ(runs[2] + runs[3], 2);
}

static struct r0_spinlock lock;
static volatile unsigned int counter, inside, most_inside;

static void count_under_the_lock(void *arg)
{
	unsigned int times = *(const unsigned int *)arg, i;

	r0_barrier_wait(&all);
	for (i = 0; i < times; i++) {
		r0_spin_lock(&lock);
		inside = inside + 1;
		most_inside = inside > most_inside ? inside : most_inside;
		counter = counter + 1;
		inside = inside - 1;
		r0_spin_unlock(&lock);
	}
}

static void contend(unsigned int times)
{
	r0_on_cpus(count_under_the_lock, &times);
	R0_ASSERT_EQ(counter, times * r0_cpu_count());
	R0_ASSERT_EQ(most_inside, 1);
	R0_ASSERT_EQ(lock.holder, 0);
}

R0_TEST(smp, a_lock_has_one_holder, .cpus = CPUS)
{
	contend(200);
}

/* On a host with as many, they really run at a time. */
R0_TEST(smp, a_lock_of_two_has_one_holder, .cpus = 2)
{
	contend(1000);
}

static void try_the_lock(void *arg)
{
	found[r0_cpu_id()] = r0_spin_trylock(&lock);
	(void)arg;
}

R0_TEST(smp, trylock_does_not_wait, .cpus = 2)
{
	R0_ASSERT(r0_spin_trylock(&lock));
	R0_ASSERT(!r0_spin_trylock(&lock));
	r0_on_cpu(1, try_the_lock, NULL);
	R0_ASSERT_EQ(found[1], 0);
	r0_spin_unlock(&lock);
	r0_on_cpu(1, try_the_lock, NULL);
	R0_ASSERT_EQ(found[1], 1);
	R0_ASSERT(!r0_spin_trylock(&lock));
}
