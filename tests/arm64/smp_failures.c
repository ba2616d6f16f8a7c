/* SPDX-License-Identifier: MIT */
/* Several CPUs, and the ways of arm64 in which a test on them can fail: see tests/fixtures/fixture.h. */
#include "routine.h"

/* By then each CPU is where it hangs, in an emulated machine on a loaded host, too. */
#define HANGS_MS 2000

static void nothing(void *arg)
{
	(void)arg;
}

static void fail_assertion(void *arg)
{
	(void)arg;
	R0_ASSERT_EQ(1 + 1, 3);
}

static void fail_in_a_handler(struct r0_frame *frame)
{
	(void)frame;
	fail_assertion(NULL);
}

/* expect fail: CPU 1: R0_ASSERT_EQ(1 + 1, 3) failed */
R0_TEST(assertion, in_a_handler_on_an_idle_cpu, .cpus = 2)
{
	r0_set_handler(R0_INTID(3), fail_in_a_handler);
	r0_send_ipi(1, R0_INTID(3));
	for (;;)
		r0_yield();
}

static void panic(void *arg)
{
	(void)arg;
	r0_panic("lost");
}

/* expect fail: CPU 1: lost */
R0_TEST(panic, on_another_cpu, .cpus = 2)
{
	r0_on_cpu(1, panic, NULL);
}

static void crash(void *arg)
{
	*(volatile int *)arg = 1;
}

/* expect crash: CPU 1: data abort: write to 0x700000000000, not mapped: translation fault, level 0 */
R0_TEST(crash, on_another_cpu, .cpus = 2)
{
	r0_on_cpu(1, crash, (void *)0x700000000000);
}

/* expect pass: */
R0_TEST(crash, as_declared, .cpus = 2, .expect_exception = R0_EXCEPTION(R0_DATA_ABORT))
{
	r0_on_cpu(1, crash, (void *)0x700000000000);
}

/* expect crash: CPU 1: INTID 3 without a handler */
R0_TEST(crash, interrupt_without_a_handler, .cpus = 2)
{
	r0_send_ipi(1, R0_INTID(3));
	for (;;)
		r0_yield();
}

static void lose_the_vectors(void *arg)
{
	(void)arg;
	r0_msr(vbar_el1, 0x10000);
	r0_isb();
	r0_udf(0);
}

/* expect timeout: CPU 1: for ever in the exception vectors, which VBAR_EL1 has at 0x10000 */
R0_TEST(vectors, of_another_cpu, .cpus = 2, .timeout_ms = HANGS_MS)
{
	r0_on_cpu(1, lose_the_vectors, NULL);
}

/* expect timeout: CPU 0: for ever in the exception vectors, which VBAR_EL1 has at 0x10000 */
R0_TEST(vectors, of_the_first, .cpus = 2, .timeout_ms = HANGS_MS)
{
	lose_the_vectors(NULL);
}

static void halt(void *arg)
{
	(void)arg;
	for (;;)
		r0_wfi();
}

/* expect fail: CPU 1: it executed WFI with interrupts off */
R0_TEST(halt, on_another_cpu, .cpus = 2)
{
	r0_on_cpu(1, halt, NULL);
}

/* expect pass: */
R0_TEST(halt, as_declared, .cpus = 2, .should_halt = true)
{
	r0_on_cpu(1, nothing, NULL);
	halt(NULL);
}

/* expect pass: */
R0_TEST(halt, as_declared_on_another_cpu, .cpus = 3, .should_halt = true)
{
	r0_on_cpu(2, halt, NULL);
}

static void spin(void *arg)
{
	(void)arg;
	for (;;)
		r0_yield();
}

/* expect timeout: CPU 1: still running in */
R0_TEST(halt, while_another_cpu_runs, .cpus = 3, .timeout_ms = HANGS_MS)
{
	r0_on_cpu_async(1, spin, NULL);
	r0_on_cpu(2, halt, NULL);
}

static void send_back_late(struct r0_frame *frame)
{
	uint64_t start = r0_clock();

	(void)frame;
	/* So that the host has looked at the first CPU several times. */
	while (r0_clock() - start < 100000000)
		r0_yield();
	r0_send_ipi(0, R0_INTID(4));
}

static volatile bool came;

static void note(struct r0_frame *frame)
{
	(void)frame;
	came = true;
}

/* The handler runs on a CPU that has nothing else to do. */
/* expect pass: */
R0_TEST(halt, until_a_handler_elsewhere_sends_one, .cpus = 3)
{
	r0_set_handler(R0_INTID(3), send_back_late);
	r0_set_handler(R0_INTID(4), note);
	r0_send_ipi(1, R0_INTID(3));
	while (!came) {
		r0_wfi();
		r0_msr_immediate(daifclr, 2);
		r0_isb();
		r0_msr_immediate(daifset, 2);
	}
}

static void wait_for_nothing(void *arg)
{
	(void)arg;
	r0_set_handler(R0_INTID(5), note);
	r0_wait_for_irq(R0_INTID(5), 50);
}

/* expect fail: CPU 1: no interrupt 0x47 was handled in 50 ms of waiting by WFI */
R0_TEST(halt, for_an_interrupt_that_never_comes, .cpus = 2)
{
	r0_on_cpu(1, wait_for_nothing, NULL);
}

/* expect timeout: CPU 1: still running */
R0_TEST(timeout, on_another_cpu, .cpus = 2, .timeout_ms = HANGS_MS)
{
	r0_on_cpu(1, spin, NULL);
}

/* expect timeout: CPU 0: still running in */
R0_TEST(timeout, on_the_first, .cpus = 2, .timeout_ms = HANGS_MS)
{
	spin(NULL);
}

static struct r0_spinlock a, b;
static struct r0_barrier both;

static void take_b_then_a(void *arg)
{
	(void)arg;
	r0_spin_lock(&b);
	r0_barrier_wait(&both);
	r0_spin_lock(&a);
	r0_spin_unlock(&b);
}

static void take_a_then_b(void *arg)
{
	(void)arg;
	r0_spin_lock(&a);
	r0_barrier_wait(&both);
	r0_spin_lock(&b);
	r0_spin_unlock(&a);
}

/* expect timeout: CPU 0: still running in ... , waits for ... , taken by CPU 1 in */
R0_TEST(timeout, deadlock, .cpus = 2, .timeout_ms = HANGS_MS)
{
	r0_on_cpu_async(1, take_b_then_a, NULL);
	take_a_then_b(NULL);
}

/* expect timeout: CPU 0: still running in ... , at a barrier where 1 of 2 CPUs are */
R0_TEST(timeout, barrier_that_nobody_else_comes_to, .cpus = 2, .timeout_ms = HANGS_MS)
{
	r0_barrier_wait(&both);
}

static struct {
	int before;
	struct r0_spinlock locks[2];
} table;

static void take_for_good(void *lock)
{
	r0_spin_lock(lock);
	r0_yield();
}

static long take_in_vain_in_ring_3(void *lock)
{
	r0_spin_lock(lock);
	return r0_cpu_id();
}

/* expect timeout: CPU 0: still running in ... , waits for ... , taken by CPU 1 in */
R0_TEST(timeout, lock_in_ring_3, .cpus = 2, .timeout_ms = HANGS_MS)
{
	r0_on_cpu(1, take_for_good, &table.locks[1]);
	r0_user_call(take_in_vain_in_ring_3, &table.locks[1]);
}

static void give_back_late(void *arg)
{
	uint64_t start = r0_clock();

	r0_spin_lock(arg);
	while (r0_clock() - start < 20000000)
		r0_yield();
	r0_spin_unlock(arg);
}

static long take_and_spin(void *lock)
{
	r0_spin_lock(lock);
	for (;;)
		r0_yield();
	return 0;
}

/* What it waited for is forgotten. */
/* expect timeout: CPU 0: still running */
R0_TEST(timeout, after_a_lock_in_ring_3, .cpus = 2, .timeout_ms = HANGS_MS)
{
	r0_on_cpu_async(1, give_back_late, &table.locks[1]);
	while (!*(volatile uint32_t *)&table.locks[1].holder)
		r0_yield();
	r0_user_call(take_and_spin, &table.locks[1]);
}

static void halt_for_good(void *arg)
{
	(void)arg;
	for (;;)
		r0_wfi();
}

/* expect pass: */
R0_TEST(halt, on_all, .cpus = 3, .should_halt = true)
{
	r0_on_cpus(halt_for_good, NULL);
}

/* expect pass: */
R0_TEST(halt, on_all_others, .cpus = 3, .should_halt = true)
{
	r0_on_cpus_async(halt_for_good, NULL);
}

/* expect fail: CPU 0: r0_send_ipi() was given the vector 3, and it takes R0_INTID(0) to R0_INTID(15) */
R0_TEST(misuse, vector, .cpus = 2)
{
	r0_send_ipi(1, 3);
}

static void read_device(void *arg)
{
	(void)arg;
	(void)*(volatile uint32_t *)r0_at_physical(0x0b000000);
}

/* expect fail: CPU 1: read of 4 bytes from guest-physical 0xb000000, which nothing declares */
R0_TEST(access, undeclared_memory, .cpus = 2)
{
	r0_on_cpu(1, read_device, NULL);
}

/* After all of these. expect pass: */
R0_TEST(zz, all_cpus_still_work, .cpus = 3)
{
	r0_on_cpus(nothing, NULL);
}
