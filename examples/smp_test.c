/* SPDX-License-Identifier: MIT */
/*
 * Code that runs on several CPUs: a reference counter that must not lose counts, and a page table
 * entry that is changed under another CPU's eyes, with the TLB shootdown that this takes.
 */
#include <stdbool.h>
#include <stdint.h>
#include <ring0.h>
#include <ring0/x86.h>

/* The code under test. */

struct reference_count {
	uint64_t count;
};

static void take_reference(struct reference_count *reference)
{
	__atomic_fetch_add(&reference->count, 1, __ATOMIC_RELAXED);
}

#define SHOOTDOWN_VECTOR 0x41

static struct {
	struct r0_spinlock lock; /* one shootdown at a time */
	void *address;
	unsigned int waiting;		 /* CPUs that have not done it yet */
	unsigned int done[R0_CPU_LIMIT]; /* by each of them, ever */
} shootdown;

static void handle_shootdown(struct r0_frame *frame)
{
	(void)frame;
	r0_invlpg(shootdown.address);
	shootdown.done[r0_cpu_id()]++;
	__atomic_fetch_sub(&shootdown.waiting, 1, __ATOMIC_RELEASE);
	r0_apic_eoi();
}

/* Have no CPU use what it remembers of the translation of an address. */
static void flush_everywhere(void *address)
{
	r0_spin_lock(&shootdown.lock);
	shootdown.address = address;
	__atomic_store_n(&shootdown.waiting, r0_cpu_count() - 1, __ATOMIC_RELEASE);
	r0_send_ipi_to_others(SHOOTDOWN_VECTOR);
	r0_invlpg(address);
	while (__atomic_load_n(&shootdown.waiting, __ATOMIC_ACQUIRE))
		r0_pause();
	r0_spin_unlock(&shootdown.lock);
}

/* The tests. */

static struct reference_count reference;

static void take_a_hundred(void *arg)
{
	int i;

	for (i = 0; i < 100; i++)
		take_reference(arg);
}

R0_TEST(smp, no_reference_is_lost, .cpus = 2)
{
	r0_on_cpus(take_a_hundred, &reference);
	R0_ASSERT_EQ(reference.count, 200);
}

static uint8_t page[4096] __attribute__((aligned(4096)));
static uint8_t other_page[4096] __attribute__((aligned(4096)));
static struct r0_barrier both;

static void read_before_and_after(void *arg)
{
	volatile uint8_t *byte = arg;

	R0_ASSERT_EQ(*byte, 1);
	/* The shootdown comes as an interrupt: a CPU that holds interrupts off would never see it. */
	r0_sti();
	r0_barrier_wait(&both);
	r0_barrier_wait(&both);
	R0_ASSERT_EQ(*byte, 2);
}

R0_TEST(smp, a_new_translation_reaches_all_cpus, .cpus = 2)
{
	uint64_t *entry = r0_page_entry((uint64_t)page, 1);
	uint64_t other = r0_physical(other_page);

	page[0] = 1;
	other_page[0] = 2;
	r0_set_handler(SHOOTDOWN_VECTOR, handle_shootdown);
	r0_on_cpu_async(1, read_before_and_after, page);
	r0_barrier_wait(&both);
	*entry = (*entry & ~R0_PAGE_ADDRESS) | other;
	flush_everywhere(page);
	/*
	 * Every CPU has flushed when it returns. Without that, CPU 1 may or may not use the old
	 * translation below: no software KVM and no emulated CPU does, and hardware may (`ring0 doctor` tries
	 * it). So the flush itself is what to look at.
	 */
	R0_ASSERT_EQ(shootdown.done[1], 1);
	r0_barrier_wait(&both);
	r0_on_cpu_wait(1);
}

static void wait_for_a_tick(void *arg)
{
	(void)arg;
	R0_ASSERT_EQ(r0_wait_for_irq(0x42, 1000), 1);
	r0_printf("CPU %u was interrupted\n", r0_cpu_id());
}

R0_TEST(smp, another_cpu_waits_for_an_interrupt, .cpus = 2)
{
	r0_set_handler(0x42, r0_apic_acknowledge);
	r0_on_cpu_async(1, wait_for_a_tick, NULL);
	r0_send_ipi(1, 0x42);
}
