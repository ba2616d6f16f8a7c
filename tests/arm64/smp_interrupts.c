/* SPDX-License-Identifier: MIT */
/*
 * SGIs between CPUs, what they have to do with WFI and with translations that are cached, CPUs that PSCI turns off and
 * on, and that nothing of a test is left on any CPU.
 */
#include "gic_state.h"
#include "routine.h"

#define CPUS   4
#define VECTOR R0_INTID(3)

/* Hundreds of turns from one CPU to the other: seconds where both are emulated. */
#define SLOW_MS 60000

static volatile unsigned int taken[R0_CPU_LIMIT];

static void take(struct r0_frame *frame)
{
	(void)frame;
	taken[r0_cpu_id()]++;
}

static void await(unsigned int cpu, unsigned int count)
{
	while (taken[cpu] < count)
		r0_yield();
}

static void interrupts_on(void)
{
	r0_msr_immediate(daifclr, 2);
	r0_isb();
}

static void interrupts_off(void)
{
	r0_msr_immediate(daifset, 2);
}

R0_TEST(smp_interrupts, an_idle_cpu_takes_them, .cpus = CPUS)
{
	unsigned int i, j;

	r0_set_handler(VECTOR, take);
	for (j = 1; j <= 3; j++)
		for (i = 1; i < CPUS; i++) {
			r0_send_ipi(i, VECTOR);
			await(i, j);
		}
	R0_ASSERT_EQ(taken[0], 0);
	for (i = 1; i < CPUS; i++)
		R0_ASSERT_EQ(taken[i], 3);
}

/* The second cluster's CPUs have another Aff1: IHI 0069, 12.2.20. */
R0_TEST(smp_interrupts, in_another_cluster, .cpus = 18)
{
	r0_set_handler(VECTOR, take);
	r0_send_ipi(17, VECTOR);
	await(17, 1);
	R0_ASSERT_EQ(taken[1], 0);
	r0_send_ipi(1, VECTOR);
	await(1, 1);
	R0_ASSERT_EQ(taken[17], 1);
}

R0_TEST(smp_interrupts, others_are_all_but_the_sender, .cpus = CPUS)
{
	unsigned int i;

	r0_set_handler(VECTOR, take);
	r0_send_ipi_to_others(VECTOR);
	for (i = 1; i < CPUS; i++)
		await(i, 1);
	interrupts_on();
	interrupts_off();
	R0_ASSERT_EQ(taken[0], 0);
	r0_send_ipi(0, VECTOR);
	R0_ASSERT_EQ(taken[0], 0);
	interrupts_on();
	await(0, 1);
}

static void send_back(struct r0_frame *frame)
{
	take(frame);
	if (r0_cpu_id() != 0)
		r0_send_ipi(0, VECTOR);
}

R0_TEST(smp_interrupts, handlers_may_send, .cpus = 2)
{
	unsigned int i;

	r0_set_handler(VECTOR, send_back);
	interrupts_on();
	for (i = 1; i <= 10; i++) {
		r0_send_ipi(1, VECTOR);
		await(0, i);
	}
	R0_ASSERT_EQ(taken[1], 10);
}

static void count(void *arg)
{
	(void)arg;
	taken[r0_cpu_id()] += 100;
}

static void give_work(struct r0_frame *frame)
{
	take(frame);
	r0_on_cpu(2, count, NULL);
}

R0_TEST(smp_interrupts, handlers_may_give_work, .cpus = 3)
{
	r0_set_handler(VECTOR, give_work);
	r0_send_ipi(1, VECTOR);
	await(2, 100);
	r0_on_cpu(1, count, NULL);
	R0_ASSERT_EQ(taken[1], 101);
}

/* Work that comes while an interrupt is handled that came between the CPU's last look for work and its wait. */
R0_TEST(smp_interrupts, they_lose_no_work, .cpus = 2, .timeout_ms = SLOW_MS)
{
	unsigned int i, j;

	r0_set_handler(VECTOR, take);
	for (i = 0; i < 300; i++) {
		r0_send_ipi(1, VECTOR);
		for (j = 0; j < i % 128; j++)
			r0_yield();
		r0_send_ipi(1, VECTOR);
		r0_on_cpu(1, count, NULL);
	}
	R0_ASSERT_GE(taken[1], 300 * 100);
}

static volatile bool enough;

static long ask_from_el0(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 10; i++)
		if (r0_cpu_id() != 1)
			return -1;
	return 10;
}

static void go_between_levels(void *arg)
{
	(void)arg;
	interrupts_on();
	while (!enough) {
		struct r0_fault fault = r0_user_call(ask_from_el0, NULL);

		R0_ASSERT_EQ(fault.vector, -1);
		R0_ASSERT_EQ(fault.value, 10);
	}
}

R0_TEST(smp_interrupts, between_exception_levels, .cpus = 2, .timeout_ms = SLOW_MS)
{
	unsigned int i, j;

	r0_set_handler(VECTOR, take);
	r0_on_cpu_async(1, go_between_levels, NULL);
	for (i = 0; i < 1000; i++) {
		r0_send_ipi(1, VECTOR);
		for (j = 0; j < i % 97; j++)
			r0_yield();
	}
	enough = true;
	r0_on_cpu_wait(1);
	R0_ASSERT_GT(taken[1], 0);
}

static volatile bool ready, go;

static void hold_off(void *arg)
{
	(void)arg;
	ready = true;
	while (!r0_gic_bit(R0_GICD_ISPENDR, R0_GIC_SGI(3)))
		r0_yield();
	R0_ASSERT_EQ(taken[1], 0);
	interrupts_on();
	await(1, 1);
}

R0_TEST(smp_interrupts, they_wait_for_daif, .cpus = 2)
{
	r0_set_handler(VECTOR, take);
	r0_on_cpu_async(1, hold_off, NULL);
	while (!ready)
		r0_yield();
	r0_send_ipi(1, VECTOR);
	r0_on_cpu_wait(1);
	R0_ASSERT_EQ(taken[1], 1);
}

static void wait_until_one_came(void *arg)
{
	(void)arg;
	ready = true;
	while (!taken[1]) {
		r0_wfi();
		interrupts_on();
		interrupts_off();
	}
}

/* Long enough for the host to have looked at a CPU that waits so. */
static void pass_time(void)
{
	for (uint64_t start = r0_clock(); r0_clock() - start < 150000000;)
		r0_yield();
}

R0_TEST(smp_interrupts, one_ends_wfi, .cpus = 2)
{
	r0_set_handler(VECTOR, take);
	r0_on_cpu_async(1, wait_until_one_came, NULL);
	while (!ready)
		r0_yield();
	pass_time();
	r0_send_ipi(1, VECTOR);
	r0_on_cpu_wait(1);
}

static volatile unsigned int ends;

static void wait_once(void *arg)
{
	(void)arg;
	ready = true;
	r0_wfi();
	ends++;
}

/* The host's looks have not ended it. */
R0_TEST(smp_interrupts, nothing_else_ends_wfi, .cpus = 2)
{
	r0_set_handler(VECTOR, take);
	r0_on_cpu_async(1, wait_once, NULL);
	while (!ready)
		r0_yield();
	pass_time();
	R0_ASSERT_EQ(ends, 0);
	r0_send_ipi(1, VECTOR);
	r0_on_cpu_wait(1);
	R0_ASSERT_EQ(ends, 1);
	await(1, 1);
}

static void wait_for_one(void *arg)
{
	(void)arg;
	ready = true;
	R0_ASSERT_EQ(r0_wait_for_irq(VECTOR, 5000), 1);
	R0_ASSERT_EQ(r0_wait_for_irq_busy(VECTOR + 1, 5000), 1);
}

R0_TEST(smp_interrupts, any_cpu_waits_for_one, .cpus = 2)
{
	r0_set_handler(VECTOR, take);
	r0_set_handler(VECTOR + 1, take);
	r0_on_cpu_async(1, wait_for_one, NULL);
	while (!ready)
		r0_yield();
	r0_send_ipi(1, VECTOR);
	await(1, 1);
	r0_send_ipi(1, VECTOR + 1);
	r0_on_cpu_wait(1);
	R0_ASSERT_EQ(taken[1], 2);
}

static void stop_timer(struct r0_frame *frame)
{
	r0_msr(cntv_ctl_el0, 0);
	r0_isb();
	take(frame);
}

static void await_own_timer(void *arg)
{
	(void)arg;
	r0_gic_enable_intid(R0_INTID_VIRTUAL_TIMER);
	r0_msr(cntv_cval_el0, r0_virtual_count() + r0_timer_counts(2000));
	r0_msr(cntv_ctl_el0, R0_TIMER_ENABLE);
	r0_isb();
	R0_ASSERT_EQ(r0_wait_for_irq(R0_INTID(R0_INTID_VIRTUAL_TIMER), 5000), 1);
	R0_ASSERT_EQ(taken[r0_cpu_id()], 1);
}

R0_TEST(smp_interrupts, each_cpu_has_its_timer, .cpus = CPUS)
{
	r0_set_handler(R0_INTID(R0_INTID_VIRTUAL_TIMER), stop_timer);
	r0_on_cpus(await_own_timer, NULL);
}

/* The tables are shared, what is cached of them is each CPU's own; TLBI …IS is for all. D8.13.5. */

static uint8_t pages[2][4096] __attribute__((aligned(4096)));
static volatile uint8_t seen;

static void read_until_told(void *arg)
{
	(void)arg;
	do {
		seen = *(volatile uint8_t *)pages[0];
		ready = true;
	} while (!go);
}

R0_TEST(smp_interrupts, a_shootdown_makes_a_new_translation_seen, .cpus = 2)
{
	uint64_t *entry = r0_find_descriptor(pages[0], NULL);
	uint64_t to = r0_physical(pages[1]), old;

	pages[0][0] = 1;
	pages[1][0] = 2;
	r0_on_cpu_async(1, read_until_told, NULL);
	while (!ready)
		r0_yield();
	R0_ASSERT_EQ(seen, 1);
	old = *entry;
	go = true;
	r0_on_cpu_wait(1);
	/* Break before make: D8.13.1. */
	*(volatile uint64_t *)entry = 0;
	r0_dsb(ishst);
	r0_tlbi(vmalle1is);
	r0_dsb(ish);
	*(volatile uint64_t *)entry = (old & ~R0_DESCRIPTOR_ADDRESS) | to;
	r0_dsb(ishst);
	r0_isb();
	r0_on_cpu(1, read_until_told, NULL);
	R0_ASSERT_EQ(seen, 2);
}

/* PSCI, which KVM is: Arm DEN0022, 5.1.4, 5.1.5, 5.1.7. */

#define AFFINITY_ON  0
#define AFFINITY_OFF 1

#define ALREADY_ON ((uint64_t)-4)

static uint64_t affinity_info(unsigned int cpu)
{
	return r0_hvc_call(R0_PSCI_AFFINITY_INFO, cpu, 0, 0);
}

R0_TEST(psci, cpus_are_on, .cpus = 2)
{
	R0_ASSERT_EQ(affinity_info(0), AFFINITY_ON);
	R0_ASSERT_EQ(affinity_info(1), AFFINITY_ON);
	R0_ASSERT_EQ(r0_hvc_call(R0_PSCI_CPU_ON, 1, 0x1000, 0), ALREADY_ON);
}

static void turn_off(struct r0_frame *frame)
{
	(void)frame;
	r0_hvc_call(R0_PSCI_CPU_OFF, 0, 0, 0);
}

#define CODE	0x01000000ul
#define MAILBOX 0x01001000ul

/* With the MMU off, at EL1, X0 is the context: str w0, [x0]; wfi; b . - 4. */
static const uint32_t start[] = { 0xb9000000, 0xd503207f, 0x17ffffff };

static void turn_off_and_on(void)
{
	volatile uint32_t *code = r0_at_physical(CODE), *mailbox = r0_at_physical(MAILBOX);
	unsigned int i;

	r0_set_handler(VECTOR, turn_off);
	r0_send_ipi(1, VECTOR);
	while (affinity_info(1) != AFFINITY_OFF)
		r0_yield();
	for (i = 0; i < sizeof(start) / sizeof(start[0]); i++)
		code[i] = start[i];
	/* What the other one reads past the caches. */
	r0_dc(civac, r0_at_physical(CODE));
	r0_dc(civac, r0_at_physical(MAILBOX));
	r0_dsb(sy);
	R0_ASSERT_EQ(r0_hvc_call(R0_PSCI_CPU_ON, 1, CODE, MAILBOX), 0);
	while (*mailbox != MAILBOX)
		r0_dc(civac, r0_at_physical(MAILBOX));
	R0_ASSERT_EQ(affinity_info(1), AFFINITY_ON);
}

R0_TEST(psci, cpu_off_and_on, .cpus = 2, .ram = R0_RAM({ CODE, MAILBOX + 0x1000 }))
{
	turn_off_and_on();
}

R0_TEST(psci, a_cpu_is_left_off, .cpus = 2)
{
	r0_set_handler(VECTOR, turn_off);
	r0_send_ipi(1, VECTOR);
	while (affinity_info(1) != AFFINITY_OFF)
		r0_yield();
}

R0_TEST(psci, and_is_on_again, .cpus = 2)
{
	R0_ASSERT_EQ(affinity_info(1), AFFINITY_ON);
	r0_on_cpu(1, count, NULL);
	R0_ASSERT_EQ(taken[1], 100);
}

/* The test may be over before the CPU has begun. */
R0_TEST(psci, a_cpu_is_just_turned_on, .cpus = 2)
{
	r0_set_handler(VECTOR, turn_off);
	r0_send_ipi(1, VECTOR);
	while (affinity_info(1) != AFFINITY_OFF)
		r0_yield();
	R0_ASSERT_EQ(r0_hvc_call(R0_PSCI_CPU_ON, 1, 0x1000, 0), 0);
}

R0_TEST(psci, and_then_works, .cpus = 2)
{
	r0_on_cpu(1, count, NULL);
	R0_ASSERT_EQ(taken[1], 100);
}

/* After each of these, and after all tests above, every CPU is as it should be. */

static void expect_pristine(void *arg)
{
	unsigned int self = r0_cpu_id();

	(void)arg;
	R0_ASSERT_NE(r0_mrs(contextidr_el1), 0x1234);
	R0_ASSERT_EQ(r0_mrs(tpidr_el1), 0);
	R0_ASSERT_EQ(priority_mask() & 0xf0, 0xf0);
	R0_ASSERT(interface_is_on());
	R0_ASSERT_EQ(r0_gic_running_priority(), 0xff);
	R0_ASSERT(r0_gic_bit(R0_GICD_ISENABLER, R0_GIC_SGI(3)));
	R0_ASSERT(!r0_gic_bit(R0_GICD_ISENABLER, R0_INTID_VIRTUAL_TIMER));
	R0_ASSERT(!r0_gic_bit(R0_GICD_ISPENDR, R0_GIC_SGI(3)));
	R0_ASSERT_EQ(taken[self], 0);
}

R0_TEST(smp_interrupts, cpus_start_pristine, .cpus = CPUS)
{
	r0_on_cpus(expect_pristine, NULL);
}

static void change_everything(void *arg)
{
	(void)arg;
	r0_msr(contextidr_el1, 0x1234);
	r0_msr(tpidr_el1, 0x1234);
	r0_gic_set_priority_mask(0x10);
	turn_interface_off();
	r0_gic_set_bit(R0_GICD_ICENABLER, R0_GIC_SGI(3));
	taken[r0_cpu_id()] = 1;
}

R0_TEST(smp_interrupts, cpus_that_were_changed, .cpus = CPUS)
{
	r0_on_cpus(change_everything, NULL);
}

R0_TEST(smp_interrupts, cpus_that_were_changed_and_then, .cpus = CPUS)
{
	r0_on_cpus(expect_pristine, NULL);
}

/* An interrupt still pending, and one active, when the test ends. */
static void acknowledge(struct r0_frame *frame)
{
	(void)frame;
	r0_gic_acknowledge();
	taken[1]++;
}

R0_TEST(smp_interrupts, cpus_with_interrupts_left, .cpus = CPUS)
{
	r0_set_handler(R0_IRQ, acknowledge);
	r0_send_ipi(1, VECTOR);
	await(1, 1);
	r0_send_ipi(1, VECTOR);
	r0_send_ipi(0, VECTOR);
}

R0_TEST(smp_interrupts, cpus_with_interrupts_left_and_then, .cpus = CPUS)
{
	unsigned int i;

	r0_set_handler(VECTOR, take);
	interrupts_on();
	r0_on_cpus(expect_pristine, NULL);
	for (i = 0; i < CPUS; i++) {
		r0_send_ipi(i, VECTOR);
		await(i, 1);
	}
	for (i = 0; i < CPUS; i++)
		R0_ASSERT_EQ(taken[i], 1);
}
