/* SPDX-License-Identifier: MIT */
/*
 * What several CPUs share: memory, of which locked instructions change a word at a time, clocks, and
 * what a test declares.
 */
#include <ring0.h>
#include <ring0/x86.h>

#define CPUS 4

static struct r0_barrier all;

/* That the CPU's locked instructions are atomic: without the prefix, counts get lost. */

static uint64_t atomic_counters[6] __attribute__((aligned(16)));

static void count_atomically(void *arg)
{
	uint64_t *c = atomic_counters, one = 1, old;
	unsigned int i;

	(void)arg;
	r0_barrier_wait(&all);
	for (i = 0; i < 200; i++) {
		__asm__ volatile("lock incq %0" : "+m"(c[0]) : : "memory", "cc");
		__asm__ volatile("lock xaddq %1, %0" : "+m"(c[1]), "+r"(one) : : "memory", "cc");
		one = 1;
		old = __atomic_load_n(&c[2], __ATOMIC_RELAXED);
		while (!__atomic_compare_exchange_n(&c[2], &old, old + 1, false, __ATOMIC_SEQ_CST,
						    __ATOMIC_SEQ_CST))
			;
		while (__atomic_exchange_n(&c[4], 1, __ATOMIC_ACQUIRE))
			r0_pause();
		c[3]++;
		__atomic_store_n(&c[4], 0, __ATOMIC_RELEASE);
		/* No page is crossed, but a cache line is. */
		__asm__ volatile("lock incl %0"
				 : "+m"(*(uint32_t *)((char *)&c[5] + 2))
				 :
				 : "memory", "cc");
	}
}

R0_TEST(smp_memory, locked_instructions_are_atomic, .cpus = CPUS)
{
	r0_on_cpus(count_atomically, NULL);
	R0_ASSERT_EQ(atomic_counters[0], 200 * CPUS);
	R0_ASSERT_EQ(atomic_counters[1], 200 * CPUS);
	R0_ASSERT_EQ(atomic_counters[2], 200 * CPUS);
	R0_ASSERT_EQ(atomic_counters[3], 200 * CPUS);
	R0_ASSERT_EQ(atomic_counters[5], 200ul * CPUS << 16);
}

static bool has_cmpxchg16b(void)
{
	return r0_cpuid(1, 0).ecx >> 13 & 1;
}

static struct {
	uint64_t low, high;
} pair __attribute__((aligned(16)));

static void count_in_pairs(void *arg)
{
	uint64_t low, high;
	bool exchanged;
	unsigned int i;

	(void)arg;
	r0_barrier_wait(&all);
	for (i = 0; i < 50; i++) {
		low = pair.low;
		high = pair.high;
		do
			__asm__ volatile("lock cmpxchg16b %1"
					 : "=@ccz"(exchanged), "+m"(pair), "+a"(low), "+d"(high)
					 : "b"(low + 1), "c"(high + 2)
					 : "memory");
		while (!exchanged);
	}
}

R0_TEST(smp_memory, cmpxchg16b_is_atomic, .cpus = CPUS, .when = has_cmpxchg16b)
{
	r0_on_cpus(count_in_pairs, NULL);
	R0_ASSERT_EQ(pair.low, 50 * CPUS);
	R0_ASSERT_EQ(pair.high, 100 * CPUS);
}

/* The same memory by one CPU in pairs, and by the others with a locked instruction of another size. */
static void count_in_both_ways(void *arg)
{
	unsigned int i;

	if (r0_cpu_id() == 0) {
		count_in_pairs(arg);
		return;
	}
	r0_barrier_wait(&all);
	for (i = 0; i < 5000; i++)
		__asm__ volatile("lock incq %0" : "+m"(pair.low) : : "memory", "cc");
}

R0_TEST(smp_memory, cmpxchg16b_and_others_are_atomic, .cpus = CPUS, .when = has_cmpxchg16b)
{
	r0_on_cpus(count_in_both_ways, NULL);
	R0_ASSERT_EQ(pair.low, 50 + 5000 * (CPUS - 1));
	R0_ASSERT_EQ(pair.high, 100);
}

static uint64_t last_time;

static void read_the_clock(void *arg)
{
	uint64_t time = r0_rdtsc();

	(void)arg;
	R0_ASSERT_GT(time, last_time);
	last_time = time;
}

R0_TEST(smp_memory, time_stamp_counters_agree, .cpus = CPUS)
{
	unsigned int i;

	for (i = 0; i < 10 * CPUS; i++)
		r0_on_cpu(i % CPUS, read_the_clock, NULL);
}

static volatile int written;
static bool go;

static void publish(void *arg)
{
	(void)arg;
	written = 42;
	__atomic_store_n(&go, true, __ATOMIC_RELEASE);
}

R0_TEST(smp_memory, stores_are_seen_in_order, .cpus = 2)
{
	r0_on_cpu_async(1, publish, NULL);
	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		r0_pause();
	R0_ASSERT_EQ(written, 42);
}

/* Mocks, MSRs, ports and memory that a test declares. */

static int next_number(void *state, struct r0_access *access)
{
	unsigned int *next = state;

	access->value = (*next)++;
	return 0;
}

static const unsigned int first_number = 1;
static volatile uint8_t drawn[256];

static void draw_numbers(void *arg)
{
	unsigned int i;

	(void)arg;
	for (i = 0; i < 10; i++) {
		__atomic_fetch_add(&drawn[r0_in8(0x300)], 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&drawn[*(volatile uint8_t *)r0_direct(0xd0000000)], 1,
				   __ATOMIC_RELAXED);
		R0_ASSERT_EQ(r0_in8(0x301), 0x5a);
		R0_ASSERT_EQ(r0_rdmsr(0x1234), 0x5678);
		R0_ASSERT_EQ(((volatile uint32_t *)r0_direct(0x1000000))[r0_cpu_id()], 0);
	}
	((volatile uint32_t *)r0_direct(0x1000000))[r0_cpu_id()] = 1;
}

R0_TEST(smp_memory, mocks_serve_all_cpus, .cpus = CPUS,
	.io = R0_IO({ 0x300, 0x300, next_number, &first_number, sizeof(first_number) }),
	.mmio = R0_MMIO({ 0xd0000000, 0xd0000fff, next_number, &first_number,
			  sizeof(first_number) }),
	.ioports = R0_IOPORTS({ 0x301, 0x5a }), .msrs = R0_MSRS({ 0x1234, 0x5678 }),
	.ram = R0_RAM({ 0x1000000, 0x1001000 }))
{
	unsigned int i;

	r0_on_cpus(draw_numbers, NULL);
	for (i = 1; i <= 10 * CPUS; i++)
		R0_ASSERT_EQ(drawn[i], 2);
	for (i = 0; i < CPUS; i++)
		R0_ASSERT_EQ(((volatile uint32_t *)r0_direct(0x1000000))[i], 1);
}
