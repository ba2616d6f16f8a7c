/* SPDX-License-Identifier: MIT */
/*
 * Every way in which a test ends, and what tests leave behind, for images: image_test.sh knows what is to come of each
 * in an image.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Thread_local int thread_local = 42;
static char *heap;
static int teardowns;

__attribute__((constructor)) static void start(void)
{
	heap = strdup("from a constructor, on the heap");
}

R0_TEST(a, passes)
{
	R0_ASSERT_EQ(r0_read_cs() & 3, 0);
	R0_ASSERT(r0_is_image());
}

R0_TEST(a, prints)
{
	printf("%d %s %.3f\n", thread_local, heap, 2.0 / 3);
	fflush(stdout);
	r0_printf("half a line");
	thread_local = 7;
	heap[0] = 'X';
}

R0_TEST(a, finds_all_as_it_was)
{
	R0_ASSERT_EQ(thread_local, 42);
	R0_ASSERT_STREQ(heap, "from a constructor, on the heap");
}

R0_TEST(a, fails)
{
	R0_ASSERT_EQ(1 + 1, 3);
}

R0_TEST(a, expects)
{
	R0_EXPECT_EQ(2 * 2, 5);
	r0_printf("it goes on\n");
}

static volatile uintptr_t null;

R0_TEST(a, writes_to_null)
{
	*(volatile int *)null = 1;
}

R0_TEST(a, catches)
{
	R0_ASSERT_FAULT(R0_PF, *(volatile char *)(uintptr_t)r0_main = 0);
	R0_ASSERT_FAULT(R0_UD, r0_ud2());
}

static long ring_of(void *argument)
{
	(void)argument;
	return r0_read_cs() & 3;
}

static long clear_if(void *argument)
{
	(void)argument;
	r0_cli();
	return 0;
}

R0_TEST(a, has_ring_3)
{
	struct r0_fault fault = r0_user_call(ring_of, NULL);

	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, 3);
	fault = r0_user_call(clear_if, NULL);
	R0_ASSERT_EQ(fault.vector, R0_GP);
}

R0_TEST(a, hangs, .timeout_ms = 200)
{
	r0_cli();
	for (;;)
		r0_pause();
}

R0_TEST(a, halts, .should_halt = true)
{
	r0_cli();
	r0_hlt();
}

R0_TEST(a, halts_unasked)
{
	r0_cli();
	r0_hlt();
}

R0_TEST(a, expects_ud, .expect_exception = R0_EXCEPTION(R0_UD))
{
	r0_ud2();
}

R0_TEST(a, expects_ud_in_vain, .expect_exception = R0_EXCEPTION(R0_UD))
{
}

R0_TEST(a, panics, .should_panic = true, .panic_message = "oops")
{
	r0_panic("oops, %d", 1);
}

R0_TEST(a, panics_otherwise, .panic_message = "oops")
{
	r0_panic("alas");
}

static bool never(void)
{
	return false;
}

R0_TEST(a, is_skipped, .when = never)
{
}

R0_TEST(a, skips_itself)
{
	R0_SKIP("not today");
}

R0_TEST(a, is_for_mirrors, .when = r0_is_mirrored)
{
	r0_panic("this is no mirror");
}

R0_TEST(a, has_ports, .ioports = R0_IOPORTS({ 1, 2 }))
{
}

#define FREE 0x1000000

R0_TEST(a, has_memory, .ram = R0_RAM({ FREE, FREE + 0x2000 }))
{
	volatile uint64_t *direct = r0_direct(FREE + 0x1000);

	R0_ASSERT_EQ(*direct, 0);
	*direct = 1;
	R0_ASSERT_EQ(*(volatile uint64_t *)(FREE + 0x1000), 1);
}

R0_TEST(a, has_no_such_memory, .ram = R0_RAM({ 1ull << 38, (1ull << 38) + 0x1000 }))
{
}

static const int numbers[] = { 1, 2, 4 };

R0_TEST(a, has_elements, .params = R0_PARAMS(numbers))
{
	R0_ASSERT_NE(R0_PARAM(int), 2);
}

static void set_up(void)
{
	teardowns = 1;
}

static void tear_down(void)
{
	r0_printf("teardown %d\n", teardowns);
}

R0_TEST(a, is_torn_down, .setup = set_up, .teardown = tear_down)
{
	R0_ASSERT_EQ(teardowns, 2);
}

R0_TEST(a, fails_as_expected, .xfail = "it is known")
{
	R0_ASSERT(false);
}

R0_TEST(a, passes_unexpectedly, .xfail = "it is known")
{
}

R0_TEST(a, exits)
{
	exit(0);
}

R0_TEST(a, exits_badly)
{
	exit(3);
}

R0_TEST(a, asks_for_a_file)
{
	R0_ASSERT_EQ(chdir("/"), 0);
}

R0_TEST(a, allocates)
{
	char *large = malloc(4 << 20);

	R0_ASSERT(large);
	memset(large, 1, 4 << 20);
	free(large);
}

static volatile int ticks;

static void tick(struct r0_frame *frame)
{
	(void)frame;
	ticks++;
	r0_apic_eoi();
}

R0_TEST(b, takes_an_interrupt, .irqchip = true)
{
	r0_apic_enable(0xff);
	r0_set_handler(0x50, tick);
	r0_apic_send_self_ipi(0x50);
	R0_ASSERT_EQ(r0_wait_for_irq(0x50, 1000), 1);
	R0_ASSERT_EQ(ticks, 1);
}

R0_TEST(b, sleeps_until_the_timer, .irqchip = true)
{
	r0_apic_enable(0xff);
	r0_set_handler(0x51, tick);
	r0_apic_start_timer(0x51, R0_APIC_DIVIDE_BY_1, 1000000);
	R0_ASSERT_EQ(r0_wait_for_irq(0x51, 5000), 1);
}

R0_TEST(b, waits_in_vain, .irqchip = true)
{
	r0_apic_enable(0xff);
	r0_wait_for_irq(0x52, 20);
}

R0_TEST(b, takes_an_nmi, .irqchip = true)
{
	r0_set_handler(R0_NMI, tick);
	r0_apic_send_ipi(r0_apic_id(), R0_APIC_NMI | R0_APIC_ASSERT);
	while (!ticks)
		r0_pause();
}

/* What these leave behind, the last of all finds nothing of. */

R0_TEST(c, leaves_interrupts_pending, .irqchip = true)
{
	r0_apic_enable(0xff);
	r0_apic_send_self_ipi(0x60);
	r0_apic_send_self_ipi(0x70);
	r0_apic_start_timer(R0_APIC_TIMER_PERIODIC | 0x80, R0_APIC_DIVIDE_BY_1, 100000);
	r0_pic_set_masks(0);
}

R0_TEST(c, leaves_registers)
{
	r0_write_cr0(r0_read_cr0() & ~R0_CR0_WP);
	r0_write_cr4(r0_read_cr4() | R0_CR4_TSD | R0_CR4_PCE);
	r0_wrmsr(R0_MSR_LSTAR, 0);
	r0_wrmsr(R0_MSR_PAT, 0);
	r0_wrmsr(R0_MSR_GS_BASE, 1);
	r0_write_dr(0, (uint64_t)(uintptr_t)&ticks);
	r0_write_dr7(R0_DR7_L(0) | R0_DR7_RW(0, R0_DR7_RW_WRITE) | R0_DR7_LEN(0, R0_DR7_LEN_4));
}

R0_TEST(c, leaves_tables)
{
	r0_lgdt((struct r0_table_register){ 0, 0 });
	r0_lidt((struct r0_table_register){ 0, 0 });
}

R0_TEST(c, leaves_page_tables)
{
	uint64_t *entry = r0_page_entry((uint64_t)(uintptr_t)&ticks, 1);

	*entry &= ~R0_PAGE_RW;
	*(volatile uint32_t *)r0_direct(r0_physical(heap)) = 0;
}

R0_TEST(d, finds_nothing_left, .irqchip = true)
{
	R0_ASSERT(r0_read_cr0() & R0_CR0_WP);
	R0_ASSERT(!(r0_read_cr4() & (R0_CR4_TSD | R0_CR4_PCE)));
	R0_ASSERT_NE(r0_rdmsr(R0_MSR_LSTAR), 0);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_PAT), R0_PAT_RESET);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_GS_BASE), 0);
	R0_ASSERT_EQ(r0_read_dr7(), R0_DR7_RESET);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_LVT_TIMER), R0_APIC_MASKED);
	for (int vector = 32; vector < 256; vector++)
		R0_ASSERT(!r0_apic_has(R0_APIC_IRR, vector) && !r0_apic_has(R0_APIC_ISR, vector));
	R0_ASSERT_STREQ(heap, "from a constructor, on the heap");
	ticks = 1;
}

R0_TEST(e, is_in_a_group, .groups = "nodefault,slow")
{
}
