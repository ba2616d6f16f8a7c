/* SPDX-License-Identifier: MIT */
/*
 * Interrupts and NMIs between CPUs, what they have to do with HLT and with translations that are
 * cached, and that nothing of a test is left on any CPU.
 */
#include <ring0.h>
#include <ring0/x86.h>

#define CPUS   4
#define VECTOR 0x40

/* Hundreds of turns from one CPU to the other: seconds where both are emulated. */
#define SLOW_MS 60000

static volatile unsigned int taken[R0_CPU_LIMIT];

static void take(struct r0_frame *frame)
{
	(void)frame;
	taken[r0_cpu_id()]++;
	if (frame->vector != R0_NMI)
		r0_apic_eoi();
}

static void await(unsigned int cpu, unsigned int count)
{
	while (taken[cpu] < count)
		r0_pause();
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

R0_TEST(smp_interrupts, an_idle_cpu_takes_nmis, .cpus = CPUS)
{
	unsigned int i;

	r0_set_handler(R0_NMI, take);
	for (i = 1; i < CPUS; i++) {
		r0_send_nmi(i);
		await(i, 1);
	}
	r0_send_nmi_to_others();
	for (i = 1; i < CPUS; i++)
		await(i, 2);
	R0_ASSERT_EQ(taken[0], 0);
}

R0_TEST(smp_interrupts, others_are_all_but_the_sender, .cpus = CPUS)
{
	unsigned int i;

	r0_set_handler(VECTOR, take);
	r0_send_ipi_to_others(VECTOR);
	for (i = 1; i < CPUS; i++)
		await(i, 1);
	r0_sti();
	__asm__ volatile("nop");
	r0_cli();
	R0_ASSERT_EQ(taken[0], 0);
	r0_send_ipi(0, VECTOR);
	R0_ASSERT_EQ(taken[0], 0);
	r0_sti();
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
	r0_sti();
	for (i = 1; i <= 10; i++) {
		r0_send_ipi(1, VECTOR);
		await(0, i);
	}
	R0_ASSERT_EQ(taken[1], 10);
}

static void give_work(struct r0_frame *frame);

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

static void take_slowly(struct r0_frame *frame)
{
	int i;

	take(frame);
	for (i = 0; i < 50; i++)
		r0_pause();
}

/*
 * Work that comes while an NMI is handled that came between the CPU's last look for work and its
 * saying that it has none.
 */
R0_TEST(smp_interrupts, nmis_lose_no_work, .cpus = 2, .timeout_ms = SLOW_MS)
{
	unsigned int i, j;

	r0_set_handler(R0_NMI, take_slowly);
	for (i = 0; i < 300; i++) {
		r0_send_nmi(1);
		for (j = 0; j < i % 128; j++)
			r0_pause();
		r0_send_nmi(1);
		r0_on_cpu(1, count, NULL);
	}
	R0_ASSERT_GE(taken[1], 300 * 100);
}

static volatile bool enough;

static long ask_from_ring_3(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 10; i++)
		if (r0_cpu_id() != 1)
			return -1;
	return 10;
}

static void go_between_rings(void *arg)
{
	(void)arg;
	while (!enough) {
		struct r0_fault fault = r0_user_call(ask_from_ring_3, NULL);

		R0_ASSERT_EQ(fault.vector, -1);
		R0_ASSERT_EQ(fault.value, 10);
	}
}

/* In the few instructions, too, that ring 0 runs on the page tables of ring 3. */
R0_TEST(smp_interrupts, nmis_between_rings, .cpus = 2, .timeout_ms = SLOW_MS)
{
	unsigned int i, j;

	r0_set_handler(R0_NMI, take);
	r0_on_cpu_async(1, go_between_rings, NULL);
	for (i = 0; i < 1000; i++) {
		r0_send_nmi(1);
		for (j = 0; j < i % 97; j++)
			r0_pause();
	}
	enough = true;
	r0_on_cpu_wait(1);
	R0_ASSERT_GT(taken[1], 0);
}

static volatile unsigned int halting, ended, ended_by_nothing;

static void halt_until_one_comes(void *arg)
{
	unsigned int before = taken[1];

	(void)arg;
	halting++;
	r0_sti_hlt();
	r0_cli();
	ended_by_nothing += taken[1] == before;
	ended++;
}

/* A CPU that is up for an interrupt finds its work before the host hears of it, and may halt first. */
R0_TEST(smp_interrupts, work_that_halts_is_left_halted, .cpus = 2, .timeout_ms = SLOW_MS)
{
	unsigned int i, j;

	r0_set_handler(VECTOR, take);
	for (i = 1; i <= 200; i++) {
		r0_send_ipi(1, VECTOR);
		r0_on_cpu_async(1, halt_until_one_comes, NULL);
		while (halting < i)
			r0_pause();
		/* Again: in the lab, one may be taken between STI and HLT. */
		while (ended < i) {
			for (j = 0; j < 300; j++)
				r0_pause();
			r0_send_ipi(1, VECTOR);
		}
		r0_on_cpu_wait(1);
	}
	R0_ASSERT_EQ(ended_by_nothing, 0);
}

static volatile bool ready, go;

static void hold_off(void *arg)
{
	(void)arg;
	ready = true;
	while (!r0_apic_has(R0_APIC_IRR, VECTOR))
		r0_pause();
	R0_ASSERT_EQ(taken[1], 0);
	r0_sti();
	await(1, 1);
}

R0_TEST(smp_interrupts, they_wait_for_sti, .cpus = 2)
{
	r0_set_handler(VECTOR, take);
	r0_on_cpu_async(1, hold_off, NULL);
	while (!ready)
		r0_pause();
	r0_send_ipi(1, VECTOR);
	r0_on_cpu_wait(1);
	R0_ASSERT_EQ(taken[1], 1);
}

static void halt_until_one_came(void *arg)
{
	(void)arg;
	ready = true;
	while (!taken[r0_cpu_id()]) {
		__asm__ volatile("sti; hlt; cli" : : : "memory");
	}
}

R0_TEST(smp_interrupts, one_ends_hlt, .cpus = 2)
{
	r0_set_handler(VECTOR, take);
	r0_on_cpu_async(1, halt_until_one_came, NULL);
	while (!ready)
		r0_pause();
	r0_send_ipi(1, VECTOR);
	r0_on_cpu_wait(1);
}

static void halt_with_interrupts_off(void *arg)
{
	(void)arg;
	ready = true;
	do
		r0_hlt();
	while (!taken[1]);
}

/* It may be halted or not yet; either way one of many comes after it. */
R0_TEST(smp_interrupts, an_nmi_ends_hlt_with_interrupts_off, .cpus = 2)
{
	r0_set_handler(R0_NMI, take);
	r0_on_cpu_async(1, halt_with_interrupts_off, NULL);
	while (!ready)
		r0_pause();
	/* Long enough for the host to have looked at a CPU that halts so. */
	for (uint64_t start = r0_clock(); r0_clock() - start < 150000000;)
		r0_pause();
	r0_send_nmi(1);
	r0_on_cpu_wait(1);
	R0_ASSERT_EQ(taken[1], 1);
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
		r0_pause();
	r0_send_ipi(1, VECTOR);
	await(1, 1);
	r0_send_ipi(1, VECTOR + 1);
	r0_on_cpu_wait(1);
	R0_ASSERT_EQ(taken[1], 2);
}

static void nmi_the_test(void *arg)
{
	(void)arg;
	r0_send_nmi(0);
	await(0, 1);
}

R0_TEST(smp_interrupts, a_cpu_that_waits_takes_nmis, .cpus = 2)
{
	r0_set_handler(R0_NMI, take);
	r0_on_cpu(1, nmi_the_test, NULL);
}

static bool has_x2apic(void)
{
	return r0_cpu_has(R0_FEATURE_X2APIC);
}

static void use_x2apic(void *arg)
{
	(void)arg;
	r0_apic_set_mode(R0_APIC_MODE_X2APIC);
	R0_ASSERT_EQ(r0_apic_id(), r0_cpu_id());
}

R0_TEST(smp_interrupts, in_x2apic_mode, .cpus = CPUS, .when = has_x2apic)
{
	unsigned int i;

	r0_set_handler(VECTOR, take);
	r0_on_cpus(use_x2apic, NULL);
	for (i = 1; i < CPUS; i++) {
		r0_send_ipi(i, VECTOR);
		await(i, 1);
	}
	r0_send_ipi_to_others(VECTOR);
	for (i = 1; i < CPUS; i++)
		await(i, 2);
}

/* TLB shootdown: the tables are shared, what is cached of them is each CPU's own. */

static uint8_t pages[3][4096] __attribute__((aligned(4096)));
static volatile uint8_t seen;

static void invalidate(struct r0_frame *frame)
{
	r0_invlpg(pages[0]);
	take(frame);
}

static void read_until_told(void *arg)
{
	(void)arg;
	r0_sti();
	do {
		seen = *(volatile uint8_t *)pages[0];
		ready = true;
	} while (!go);
}

R0_TEST(smp_interrupts, a_shootdown_makes_a_new_translation_seen, .cpus = 2)
{
	uint64_t *entry = r0_page_entry((uint64_t)pages[0], 1);
	uint64_t to = r0_physical(pages[1]);

	pages[0][0] = 1;
	pages[1][0] = 2;
	r0_set_handler(VECTOR, invalidate);
	r0_on_cpu_async(1, read_until_told, NULL);
	while (!ready)
		r0_pause();
	R0_ASSERT_EQ(seen, 1);
	*entry = (*entry & ~R0_PAGE_ADDRESS) | to;
	r0_invlpg(pages[0]);
	R0_ASSERT_EQ(*(volatile uint8_t *)pages[0], 2);
	r0_send_ipi(1, VECTOR);
	await(1, 1);
	ready = false;
	while (!ready)
		r0_pause();
	/* Not of the round that the interrupt came into. */
	ready = false;
	while (!ready)
		r0_pause();
	R0_ASSERT_EQ(seen, 2);
	go = true;
}

/* A CPU started as an operating system does it. SDM vol. 3A, 8.4.4. */

#define TRAMPOLINE 0x8000
#define MAILBOX	   0x9000

/* Real mode: mov $0x1234, %ax; mov %ax, 0x1000; hlt. DS is loaded with 0x800. */
static const uint8_t trampoline[] = {
	0xb8, 0x00, 0x08, 0x8e, 0xd8, 0xb8, 0x34, 0x12, 0xa3, 0x00, 0x10, 0xfa, 0xf4, 0xeb, 0xfd,
};

R0_TEST(smp_interrupts, init_and_startup_ipis, .cpus = 2,
	.ram = R0_RAM({ TRAMPOLINE, MAILBOX + 0x1000 }))
{
	volatile uint16_t *mailbox = r0_direct(MAILBOX);
	uint8_t *code = r0_direct(TRAMPOLINE);
	unsigned int i;

	for (i = 0; i < sizeof(trampoline); i++)
		code[i] = trampoline[i];
	r0_apic_send_ipi(1, R0_APIC_INIT | R0_APIC_ASSERT);
	r0_apic_send_ipi(1, R0_APIC_STARTUP | R0_APIC_ASSERT | TRAMPOLINE >> 12);
	while (*mailbox != 0x1234)
		r0_pause();
}

/* After each of these, and after all tests above, every CPU is as it should be. */

static void expect_pristine(void *arg)
{
	unsigned int self = r0_cpu_id();

	(void)arg;
	R0_ASSERT_EQ(r0_read_cr4() & R0_CR4_TSD, 0);
	R0_ASSERT_EQ(r0_read_dr(0), 0);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_KERNEL_GS_BASE), 0);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_TPR), 0);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_SVR), R0_APIC_SVR_ENABLE | 0xff);
	R0_ASSERT_EQ(r0_apic_mode(), R0_APIC_MODE_XAPIC);
	R0_ASSERT_EQ(r0_idt()[3].ist, 1);
	R0_ASSERT_EQ(taken[self], 0);
}

R0_TEST(smp_interrupts, cpus_start_pristine, .cpus = CPUS)
{
	r0_on_cpus(expect_pristine, NULL);
}

static void change_everything(void *arg)
{
	(void)arg;
	r0_write_cr4(r0_read_cr4() | R0_CR4_TSD);
	r0_write_dr(0, 0x1000);
	r0_wrmsr(R0_MSR_KERNEL_GS_BASE, 0x1000);
	r0_wrmsr(R0_MSR_LSTAR, 0x1000);
	r0_apic_write(R0_APIC_TPR, 0x80);
	r0_apic_write(R0_APIC_SVR, 0xff);
	r0_idt()[3].ist = 0;
	taken[r0_cpu_id()] = 1;
	r0_lgdt((struct r0_table_register){ .base = 0x1000, .limit = 7 });
	r0_lidt((struct r0_table_register){ .base = 0x1000, .limit = 7 });
}

R0_TEST(smp_interrupts, cpus_that_were_changed, .cpus = CPUS)
{
	r0_on_cpus(change_everything, NULL);
}

R0_TEST(smp_interrupts, cpus_that_were_changed_and_then, .cpus = CPUS)
{
	r0_on_cpus(expect_pristine, NULL);
}

/* An interrupt still waiting, and one in service, when the test ends. */
static void leave_one_in_service(struct r0_frame *frame)
{
	(void)frame;
	taken[1]++;
}

R0_TEST(smp_interrupts, cpus_with_interrupts_left, .cpus = CPUS)
{
	r0_set_handler(VECTOR, leave_one_in_service);
	r0_send_ipi(1, VECTOR);
	await(1, 1);
	r0_send_ipi(1, VECTOR);
	r0_send_ipi(0, VECTOR);
}

R0_TEST(smp_interrupts, cpus_with_interrupts_left_and_then, .cpus = CPUS)
{
	unsigned int i;

	r0_set_handler(VECTOR, take);
	r0_sti();
	r0_on_cpus(expect_pristine, NULL);
	for (i = 0; i < CPUS; i++) {
		r0_send_ipi(i, VECTOR);
		await(i, 1);
	}
	for (i = 0; i < CPUS; i++)
		R0_ASSERT_EQ(taken[i], 1);
}

/* With .irqchip the rest of a PC is there, too, and its interrupts reach any CPU. */

#define INPUT R0_IOAPIC_INPUT_PIT

static void start_pit(void)
{
	r0_set_handler(VECTOR, take);
	r0_ioapic_set_redirection(INPUT, R0_IOAPIC_DESTINATION(1) | VECTOR);
	r0_pit_start(0, R0_PIT_RATE_GENERATOR, R0_PIT_HZ / 1000);
}

R0_TEST(smp_interrupts, the_ioapic_reaches_another_cpu, .cpus = 2, .irqchip = true)
{
	start_pit();
	await(1, 3);
	R0_ASSERT_EQ(taken[0], 0);
}

R0_TEST(smp_interrupts, the_ioapic_and_then, .cpus = 2, .irqchip = true)
{
	R0_ASSERT_EQ(r0_ioapic_redirection(INPUT), R0_IOAPIC_RESET);
	r0_on_cpus(expect_pristine, NULL);
}

R0_TEST(smp_interrupts, local_apics_suffice_and_then, .cpus = 2)
{
	r0_on_cpus(expect_pristine, NULL);
}
