/* SPDX-License-Identifier: MIT */
/*
 * Several CPUs: the loop of those that wait for work, how they are given some, and barriers and
 * locks. The host halts a CPU that has nothing to do, and wakes it; the rest is done in memory.
 */
#include <ring0.h>
#include "guest/entry/cpu.h"
#include "guest/entry/entry.h"
#include "guest/entry/state.h"
#include "guest/host/require.h"
#include "guest/smp/smp.h"

/*
 * How often a CPU that waits looks before it lets others have the host's CPU: with fewer of those
 * than it has itself, the one that it waits for may not be running.
 */
#define LOOKS 16

unsigned int r0_cpu_id(void)
{
	require_guest(__func__);
	if (in_ring3())
		return (unsigned int)r0_ask(R0_MESSAGE_CPU, 0, 0);
	return (unsigned int)this_cpu()->number;
}

unsigned int r0_cpu_count(void)
{
	uint64_t count;

	require_guest(__func__);
	count = in_ring3() ? r0_ask(R0_MESSAGE_CPUS, 0, 0) : cpu_count();
	return count ? (unsigned int)count : 1;
}

void panic_alone(void)
{
	if (r0_cpu_count() == 1)
		r0_panic("the test waits for another CPU, and has one (.cpus)");
	r0_panic(
		"the teardown of a test that failed waits for another CPU, and all others have stopped");
}

void note_wait(struct r0_cpu *cpu, enum r0_wait waits, const void *awaited)
{
	cpu->awaited = awaited;
	cpu->waits = waits;
}

/*
 * Between two looks at what another CPU is to change. A function of its own, so that a report names
 * the one that waits.
 */
static __attribute__((noinline)) void look_again(unsigned int *looks, enum r0_wait waits,
						 const void *awaited)
{
	const struct r0_cpu *cpu = awaited;

	/* Each time: a handler that came meanwhile may have waited, too. Ring 3 tells it with REST. */
	if (!in_ring3())
		note_wait(this_cpu(), waits, awaited);
	cpu_pause();
	if (++*looks % LOOKS == 0 &&
	    r0_ask(R0_MESSAGE_REST, waits == R0_WAIT_CPU ? cpu->number + 1 : 0,
		   (uint64_t)awaited | waits))
		panic_alone();
}

static void end_wait(unsigned int looks)
{
	if (looks && !in_ring3())
		note_wait(this_cpu(), R0_WAIT_NONE, NULL);
	else if (looks >= LOOKS)
		r0_ask(R0_MESSAGE_REST, 0, R0_WAIT_NONE);
}

void r0_cpu_main(void)
{
	struct r0_cpu *cpu = this_cpu();

	for (;;) {
		if (__atomic_load_n(&cpu->work, __ATOMIC_ACQUIRE) != R0_WORK_GIVEN) {
			r0_cpu_rest();
			continue;
		}
		__atomic_store_n(&cpu->work, R0_WORK_RUNNING, __ATOMIC_RELAXED);
		cpu->fn(cpu->arg);
		/* It may have left interrupts on. */
		interrupts_off();
		__atomic_store_n(&cpu->finished, cpu->given, __ATOMIC_RELEASE);
		__atomic_store_n(&cpu->work, R0_WORK_NONE, __ATOMIC_RELEASE);
	}
}

void require_cpu(const char *function, unsigned int number)
{
	require_guest(function);
	if (number >= r0_cpu_count())
		r0_panic("%s() was given CPU %u, and the test has %u CPU%s (.cpus)", function,
			 number, r0_cpu_count(), r0_cpu_count() > 1 ? "s" : "");
}

/* The CPU of that number, if it may be given work; if not, the test fails. */
static struct r0_cpu *cpu_for_work(const char *function, unsigned int number)
{
	require_cpu(function, number);
	if (number == 0)
		r0_panic("%s() was given CPU 0, which runs the test and takes no work", function);
	return r0_cpu_at(&r0_guest, number);
}

/* Give a CPU something to do when it has finished what it has. Returns what it is known by. */
static uint64_t give_work(struct r0_cpu *cpu, void (*fn)(void *arg), void *arg)
{
	unsigned int looks = 0;
	uint64_t given;
	uint32_t none;

	for (;;) {
		none = R0_WORK_NONE;
		if (__atomic_compare_exchange_n(&cpu->work, &none, R0_WORK_CLAIMED, false,
						__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			break;
		look_again(&looks, R0_WAIT_CPU, cpu);
	}
	end_wait(looks);
	cpu->fn = fn;
	cpu->arg = arg;
	given = cpu->given + 1;
	__atomic_store_n(&cpu->given, given, __ATOMIC_RELAXED);
	__atomic_store_n(&cpu->work, R0_WORK_GIVEN, __ATOMIC_RELEASE);
	if (r0_ask(R0_MESSAGE_WORK, cpu->number, 0))
		panic_alone();
	return given;
}

static void wait_for_work(struct r0_cpu *cpu, uint64_t given)
{
	unsigned int looks = 0;

	/* Numbers that wrap: what matters is which one is ahead. */
	while ((int64_t)(__atomic_load_n(&cpu->finished, __ATOMIC_ACQUIRE) - given) < 0)
		look_again(&looks, R0_WAIT_CPU, cpu);
	end_wait(looks);
}

void r0_on_cpu(unsigned int number, void (*fn)(void *arg), void *arg)
{
	struct r0_cpu *cpu;

	require_guest(__func__);
	if (number == r0_cpu_id()) {
		fn(arg);
		return;
	}
	cpu = cpu_for_work(__func__, number);
	wait_for_work(cpu, give_work(cpu, fn, arg));
}

void r0_on_cpu_async(unsigned int number, void (*fn)(void *arg), void *arg)
{
	struct r0_cpu *cpu = cpu_for_work(__func__, number);

	if (number == r0_cpu_id())
		r0_panic("%s() was given CPU %u, which calls it", __func__, number);
	give_work(cpu, fn, arg);
}

void r0_on_cpu_wait(unsigned int number)
{
	struct r0_cpu *cpu = cpu_for_work(__func__, number);

	if (number == r0_cpu_id())
		r0_panic("%s() was given CPU %u, which calls it", __func__, number);
	wait_for_work(cpu, __atomic_load_n(&cpu->given, __ATOMIC_RELAXED));
}

static void require_test_cpu(const char *function)
{
	require_guest(function);
	if (r0_cpu_id() != 0)
		r0_panic("%s() was called on CPU %u; it is for CPU 0, which runs the test",
			 function, r0_cpu_id());
}

void r0_on_cpus_async(void (*fn)(void *arg), void *arg)
{
	unsigned int number;

	require_test_cpu(__func__);
	for (number = 1; number < r0_cpu_count(); number++)
		give_work(r0_cpu_at(&r0_guest, number), fn, arg);
}

void wait_for_other_cpus(void)
{
	unsigned int number;

	for (number = 1; number < cpu_count(); number++) {
		struct r0_cpu *cpu = r0_cpu_at(&r0_guest, number);

		wait_for_work(cpu, __atomic_load_n(&cpu->given, __ATOMIC_RELAXED));
	}
}

void r0_on_cpus_wait(void)
{
	require_test_cpu(__func__);
	wait_for_other_cpus();
}

void r0_on_cpus(void (*fn)(void *arg), void *arg)
{
	require_test_cpu(__func__);
	r0_on_cpus_async(fn, arg);
	fn(arg);
	wait_for_other_cpus();
}

void r0_barrier_wait(struct r0_barrier *barrier)
{
	uint32_t round = __atomic_load_n(&barrier->round, __ATOMIC_ACQUIRE);
	uint32_t count = barrier->count ? barrier->count : r0_cpu_count();
	unsigned int looks = 0;

	require_guest(__func__);
	if (barrier->count > r0_cpu_count())
		r0_panic("%s() for %u CPUs, and the test has %u (.cpus)", __func__, barrier->count,
			 r0_cpu_count());
	if (__atomic_add_fetch(&barrier->arrived, 1, __ATOMIC_ACQ_REL) == count) {
		/* Before the others go on, since they may come to the next round at once. */
		__atomic_store_n(&barrier->arrived, 0, __ATOMIC_RELAXED);
		__atomic_store_n(&barrier->round, round + 1, __ATOMIC_RELEASE);
		return;
	}
	while (__atomic_load_n(&barrier->round, __ATOMIC_ACQUIRE) == round)
		look_again(&looks, R0_WAIT_BARRIER, barrier);
	end_wait(looks);
}

static bool take_spinlock(struct r0_spinlock *lock, uint32_t self, uint32_t *holder)
{
	*holder = 0;
	return __atomic_compare_exchange_n(&lock->holder, holder, self, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

void r0_spin_lock(struct r0_spinlock *lock)
{
	uint32_t self = r0_cpu_id() + 1, holder;
	unsigned int looks = 0;

	while (!take_spinlock(lock, self, &holder)) {
		if (holder == self)
			r0_panic(
				"%s(%p): CPU %u already holds this lock, and would wait for itself",
				__func__, (void *)lock, self - 1);
		/* Only look, which leaves the cache line with its holder. */
		do
			look_again(&looks, R0_WAIT_LOCK, lock);
		while (__atomic_load_n(&lock->holder, __ATOMIC_RELAXED));
	}
	lock->taken_at = __builtin_return_address(0);
	end_wait(looks);
}

bool r0_spin_trylock(struct r0_spinlock *lock)
{
	uint32_t holder;

	if (!take_spinlock(lock, r0_cpu_id() + 1, &holder))
		return false;
	lock->taken_at = __builtin_return_address(0);
	return true;
}

void r0_spin_unlock(struct r0_spinlock *lock)
{
	uint32_t self = r0_cpu_id() + 1;
	uint32_t holder = __atomic_load_n(&lock->holder, __ATOMIC_RELAXED);

	if (!holder)
		r0_panic("%s(%p): nobody holds this lock", __func__, (void *)lock);
	if (holder != self)
		r0_panic("%s(%p): CPU %u releases a lock that CPU %u holds", __func__, (void *)lock,
			 self - 1, holder - 1);
	__atomic_store_n(&lock->holder, 0, __ATOMIC_RELEASE);
}
