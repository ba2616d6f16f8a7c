/* SPDX-License-Identifier: MIT */
/*
 * Code that runs on several CPUs: a reference counter that must not lose counts, a translation that is changed under
 * another CPU's eyes, SGIs, and a CPU that PSCI turns off.
 */
#include <ring0.h>
#include <ring0/arm64.h>

/* The code under test. */

struct reference_count {
	uint64_t count;
};

static void take_reference(struct reference_count *reference)
{
	__atomic_fetch_add(&reference->count, 1, __ATOMIC_RELAXED);
}

/*
 * Have an address lead elsewhere, on all CPUs: its descriptor is made invalid first, for no CPU may have both
 * translations at a time (break-before-make, D8.14.1). All inner shareable TLBs hear TLBI VAAE1IS: no interrupt is
 * needed, unlike on x86.
 */
static void map(void *address, uint64_t physical)
{
	volatile uint64_t *descriptor = r0_find_descriptor(address, NULL);
	uint64_t value = *descriptor;

	*descriptor = 0;
	r0_dsb(ishst);
	r0_tlbi_of(vaae1is, R0_TLBI_PAGE(address, 0));
	r0_dsb(ish);
	*descriptor = (value & ~R0_DESCRIPTOR_ADDRESS) | physical;
	r0_dsb(ishst);
	r0_isb();
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
	r0_barrier_wait(&both);
	r0_barrier_wait(&both);
	R0_ASSERT_EQ(*byte, 2);
}

R0_TEST(smp, a_new_translation_reaches_all_cpus, .cpus = 2)
{
	uint64_t other = r0_physical(other_page);

	page[0] = 1;
	other_page[0] = 2;
	r0_on_cpu_async(1, read_before_and_after, page);
	r0_barrier_wait(&both);
	map(page, other);
	r0_barrier_wait(&both);
	r0_on_cpu_wait(1);
	R0_ASSERT_EQ(*(volatile uint8_t *)page, 2);
}

static void nothing(struct r0_frame *frame)
{
	(void)frame;
}

static void wait_for_an_sgi(void *arg)
{
	(void)arg;
	R0_ASSERT_EQ(r0_wait_for_irq(R0_INTID(3), 1000), 1);
	r0_printf("CPU %u was interrupted\n", r0_cpu_id());
}

R0_TEST(smp, another_cpu_waits_for_an_sgi, .cpus = 2)
{
	r0_set_handler(R0_INTID(3), nothing);
	r0_on_cpu_async(1, wait_for_an_sgi, NULL);
	r0_send_ipi(1, R0_INTID(3));
}

/* An SGI to three CPUs at a time, which are idle. */
static unsigned int told;

static void tell(struct r0_frame *frame)
{
	(void)frame;
	__atomic_fetch_add(&told, 1, __ATOMIC_RELAXED);
}

R0_TEST(smp, an_sgi_goes_to_all_others, .cpus = 4)
{
	r0_set_handler(R0_INTID(5), tell);
	r0_send_ipi_to_others(R0_INTID(5));
	while (__atomic_load_n(&told, __ATOMIC_RELAXED) < 3)
		r0_yield();
}

/* PSCI's numbers of CPUs are their affinities, and here CPU 1 is 0.0.0.1; 0 is on, 1 off: DEN0022, 5.7. */
static void turn_off(struct r0_frame *frame)
{
	(void)frame;
	r0_hvc_call(R0_PSCI_CPU_OFF, 0, 0, 0);
}

R0_TEST(smp, a_cpu_turns_itself_off, .cpus = 2)
{
	R0_ASSERT_EQ(r0_hvc_call(R0_PSCI_AFFINITY_INFO, 1, 0, 0), 0);
	r0_set_handler(R0_INTID(3), turn_off);
	r0_send_ipi(1, R0_INTID(3));
	while (r0_hvc_call(R0_PSCI_AFFINITY_INFO, 1, 0, 0) != 1)
		r0_yield();
}
