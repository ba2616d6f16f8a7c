/* SPDX-License-Identifier: MIT */
/* Tests on several CPUs as an image, what may become of the others, and that the next test finds nothing of it. */
#include <ring0.h>
#include <ring0/x86.h>

#define CPUS 3

static uint32_t done[CPUS];

static void work(void *arg)
{
	(void)arg;
	__atomic_add_fetch(&done[r0_cpu_id()], 1, __ATOMIC_RELAXED);
}

R0_TEST(s, each_does_its_work, .cpus = CPUS)
{
	r0_on_cpus(work, NULL);
	r0_on_cpu(1, work, NULL);
	R0_ASSERT_EQ(done[0], 1);
	R0_ASSERT_EQ(done[1], 2);
	R0_ASSERT_EQ(done[2], 1);
	R0_ASSERT_EQ(r0_cpu_count(), CPUS);
}

R0_TEST(s, needs_more, .cpus = 4)
{
}

static void fail(void *arg)
{
	(void)arg;
	R0_ASSERT_EQ(r0_cpu_id(), 0);
}

R0_TEST(s, another_fails, .cpus = 2)
{
	r0_on_cpu(1, fail, NULL);
}

static void fault(void *arg)
{
	*(volatile char *)arg = 1;
}

R0_TEST(s, another_faults, .cpus = 2)
{
	r0_on_cpu(1, fault, NULL);
}

static void hang(void *arg)
{
	(void)arg;
	for (;;)
		r0_pause();
}

R0_TEST(s, another_hangs, .cpus = 2, .timeout_ms = 200)
{
	r0_on_cpu(1, hang, NULL);
}

static uint8_t page[4096] __attribute__((aligned(4096)));

/* Nothing that comes to it is taken. */
static void wreck(void *arg)
{
	uint64_t *entry = r0_page_entry((uint64_t)(uintptr_t)page, 1);

	*(volatile uint32_t *)arg = 1;
	*entry = 0;
	r0_lgdt((struct r0_table_register){ 0, 0 });
	r0_lidt((struct r0_table_register){ 0, 0 });
	r0_cli();
	for (;;)
		;
}

R0_TEST(s, another_is_wrecked, .cpus = CPUS)
{
	static volatile uint32_t has_begun;

	r0_on_cpu_async(2, wreck, (void *)(uintptr_t)&has_begun);
	while (!has_begun)
		r0_pause();
	R0_FAIL("with a CPU that hangs");
}

static volatile uint32_t interrupts;

static void count(struct r0_frame *frame)
{
	interrupts++;
	r0_apic_acknowledge(frame);
}

R0_TEST(s, another_sends_an_interrupt, .cpus = 2)
{
	r0_set_handler(0x40, count);
	r0_send_ipi(1, 0x40);
	while (!interrupts)
		r0_pause();
	r0_set_handler(R0_NMI, count);
	r0_send_nmi(1);
	while (interrupts < 2)
		r0_pause();
}

static void look(void *arg)
{
	(void)arg;
	R0_ASSERT_NE(r0_sidt().base, 0);
	R0_ASSERT_EQ(r0_apic_mode(), R0_APIC_MODE_XAPIC);
	R0_ASSERT_EQ(r0_apic_id(), r0_cpuid(1, 0).ebx >> 24);
	__atomic_add_fetch(&done[r0_cpu_id()], 1, __ATOMIC_RELAXED);
}

R0_TEST(s, all_is_well_again, .cpus = CPUS)
{
	r0_on_cpus(look, NULL);
	R0_ASSERT_EQ(done[1] + done[2], 2);
	page[0] = 1;
}

static char areas[2 * 4096] __attribute__((aligned(64)));
static const char own[] = "own";

static void look_at_gs(void *arg)
{
	const uint64_t area = (uint64_t)areas + r0_cpu_id() * 4096ull;

	(void)arg;
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_GS_BASE), area);
	R0_ASSERT_STREQ((const char *)area + 100, "own");
	*(char *)(area + 100) = 'O';
}

R0_TEST(s, each_has_its_gs, .cpus = 2,
	.gs = R0_GS(areas, 4096, .variables = own, .variables_size = sizeof(own),
		    .variables_at = 100))
{
	r0_on_cpus(look_at_gs, NULL);
}

R0_TEST(s, gs_takes_an_area_for_each_cpu, .cpus = 2, .gs = R0_GS(areas, sizeof(areas)))
{
}

R0_TEST(s, gs_takes_room, .cpus = 2, .gs = R0_GS(areas, 0))
{
}

R0_TEST(s, gs_takes_memory, .gs = R0_GS(areas, 4096, .variables = own, .variables_size = 8192))
{
}

R0_TEST(s, no_gs_is_left)
{
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_GS_BASE), 0);
	R0_ASSERT_EQ(areas[100], 0);
}

static void lose_apic(void *arg)
{
	(void)arg;
	r0_wrmsr(R0_MSR_APIC_BASE, r0_rdmsr(R0_MSR_APIC_BASE) & ~R0_APIC_BASE_ENABLE);
}

R0_TEST(s, another_loses_its_apic, .cpus = 2, .groups = "nodefault")
{
	r0_on_cpu(1, lose_apic, NULL);
}

/* QEMU lets it: SDM vol. 3A, 10.4.6 leaves that to the model. */
static void change_id(void *arg)
{
	(void)arg;
	r0_apic_write(R0_APIC_ID, 77u << 24);
}

R0_TEST(s, another_changes_its_id, .cpus = 2, .groups = "nodefault")
{
	r0_on_cpu(1, change_id, NULL);
}

static struct r0_gate gates[256] __attribute__((aligned(16)));

static void hang_with_own_idt(void)
{
	r0_lidt((struct r0_table_register){ sizeof(gates) - 1, (uint64_t)gates });
	r0_cli();
	for (;;)
		;
}

R0_TEST(s, hangs_with_gates_of_its_first_idt, .timeout_ms = 400, .groups = "nodefault")
{
	const struct r0_gate *first = (const struct r0_gate *)r0_sidt().base;

	for (unsigned int i = 0; i < 256; i++)
		gates[i] = first[i];
	hang_with_own_idt();
}

R0_TEST(s, hangs_without_gates, .timeout_ms = 400, .groups = "nodefault")
{
	hang_with_own_idt();
}

static void hang_there(struct r0_frame *frame)
{
	(void)frame;
	hang(NULL);
}

/* Until an IRET, no other NMI comes. */
R0_TEST(s, hangs_in_an_nmi, .irqchip = true, .timeout_ms = 400, .groups = "nodefault")
{
	r0_set_handler(R0_NMI, hang_there);
	r0_apic_send_ipi(r0_apic_id(), R0_APIC_NMI | R0_APIC_ASSERT);
	hang(NULL);
}

R0_TEST(s, runs_long_without_gates, .groups = "nodefault")
{
	const uint64_t start = r0_rdtsc();

	r0_lidt((struct r0_table_register){ 0, 0 });
	/* A second at 3 GHz: longer than until the first look for HLT. */
	while (r0_rdtsc() - start < 3000000000ull)
		r0_pause();
}

R0_TEST(s, one_is_alone_again)
{
	R0_ASSERT_EQ(r0_cpu_count(), 1);
	R0_ASSERT_EQ(done[1], 0);
}

R0_TEST(s, sends_itself_init, .irqchip = true, .timeout_ms = 10000, .groups = "nodefault")
{
	r0_apic_send_ipi(r0_apic_id(), R0_APIC_INIT | R0_APIC_ASSERT);
	hang(NULL);
}

R0_TEST(s, halts_for_good, .should_halt = true, .timeout_ms = 10000, .groups = "nodefault")
{
	r0_cli();
	r0_hlt();
}
