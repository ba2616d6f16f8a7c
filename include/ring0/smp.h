/* SPDX-License-Identifier: MIT */
/*
 * Several CPUs in one test: .cpus = n. The test itself runs on CPU 0. The others are idle: they wait
 * for work that r0_on_cpu() and the like give them, and take interrupts and NMIs meanwhile. Memory,
 * page tables and r0_set_handler()'s handlers are all CPUs' own together; GDT, IDT, TSS and stacks
 * are each CPU's, and so are thread-local variables. Everything here is called inside a test, and
 * works with one CPU, too.
 */
#ifndef RING0_SMP_H
#define RING0_SMP_H

#include <ring0/private/types.h>
#include <ring0/test.h>

/* The most that .cpus may be. A KVM may have less. */
#define R0_CPU_LIMIT 32

/* The CPU that calls, from 0 on; how many there are. In ring 3, too. */
unsigned int r0_cpu_id(void);
unsigned int r0_cpu_count(void);

/*
 * Run fn(arg) in ring 0 on that CPU, with interrupts off and on a stack of the CPU's own, and wait
 * until it returns. A CPU that is busy with something finishes that first. The CPU that calls runs
 * it at once. CPU 0 is the test's and takes no work from others. A CPU that isn't there, or CPU 0
 * from another, fails the test.
 */
void r0_on_cpu(unsigned int cpu, void (*fn)(void *arg), void *arg);

/*
 * Have fn(arg) run there while the caller goes on. The CPU must be another one than that. What is
 * still running when the test returns is waited for, and belongs to the test.
 */
void r0_on_cpu_async(unsigned int cpu, void (*fn)(void *arg), void *arg);

/* Wait until that CPU, not the caller nor CPU 0, has finished all that it was given so far. */
void r0_on_cpu_wait(unsigned int cpu);

/*
 * The same on all CPUs at a time: r0_on_cpus() runs fn(arg) on every CPU, the caller included, and
 * waits for all; r0_on_cpus_async() on every other one; r0_on_cpus_wait() waits for these. For the
 * test on CPU 0 alone.
 */
void r0_on_cpus(void (*fn)(void *arg), void *arg);
void r0_on_cpus_async(void (*fn)(void *arg), void *arg);
void r0_on_cpus_wait(void);

/*
 * Send that CPU an interrupt of a vector from 16 to 255, or an NMI, by the local APIC; to all others
 * but the caller. Local APICs are enabled when a test with several CPUs starts. A CPU takes it when
 * its interrupts are on, as those of an idle one are; without a handler, the test fails.
 */
void r0_send_ipi(unsigned int cpu, int vector);
void r0_send_nmi(unsigned int cpu);
void r0_send_ipi_to_others(int vector);
void r0_send_nmi_to_others(void);

/*
 * A place where CPUs wait for each other. All zero it is for every CPU; .count = n makes it one for
 * n of them. It may be used again and again.
 */
struct r0_barrier {
	uint32_t count;
	uint32_t arrived;
	uint32_t round;
};

/*
 * Wait until as many CPUs as it is for have come; for more than there are, the test fails. In ring 3,
 * too.
 */
void r0_barrier_wait(struct r0_barrier *barrier);

/* A lock for which CPUs wait by spinning; free when it is zero. */
struct r0_spinlock {
	uint32_t holder;      /* the CPU's number + 1; 0 if it is free */
	const void *taken_at; /* where that was, or was the last time: for reports */
};

/*
 * Take it, waiting as long as another CPU has it; take it if it is free, and say whether; give it
 * back. To take a lock that the same CPU has, which would wait for ever, or to give back one that
 * it doesn't have fails the test. Interrupts stay as they are. In ring 3, too.
 */
void r0_spin_lock(struct r0_spinlock *lock);
bool r0_spin_trylock(struct r0_spinlock *lock);
void r0_spin_unlock(struct r0_spinlock *lock);

#endif /* RING0_SMP_H */
