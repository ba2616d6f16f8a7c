/* SPDX-License-Identifier: MIT */
/* What leaves a CPU and a PC in a bad way, each followed by a look that nothing of it is left, in an image. */
#include <ring0.h>
#include <ring0/x86.h>

static uint64_t untouched = 1;
static uint64_t root[512] __attribute__((aligned(4096)));

static void look(void)
{
	int vector;

	R0_ASSERT_EQ(untouched, 1);
	R0_ASSERT_NE(r0_read_cr3(), r0_physical(root));
	R0_ASSERT(!(r0_read_rflags() & R0_RFLAGS_IF));
	R0_ASSERT_FAULT(R0_UD, r0_ud2());
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_LVT_TIMER), R0_APIC_MASKED);
	R0_ASSERT_EQ(r0_apic_read(R0_APIC_INITIAL_COUNT), 0);
	R0_ASSERT_EQ(r0_pic_masks(), 0xffff);
	/* Not the PIT's, nor the last: they may keep this test's time. */
	R0_ASSERT(r0_ioapic_redirection(1) & R0_IOAPIC_MASKED);
	for (vector = 32; vector < 256; vector++)
		R0_ASSERT(!r0_apic_has(R0_APIC_IRR, vector) && !r0_apic_has(R0_APIC_ISR, vector));
	untouched = 2;
}

/* Tests run in the order of their lines. */
#define THEN_ALL_IS_WELL(after)                                \
	R0_TEST(w, all_is_well_after_##after, .irqchip = true) \
	{                                                      \
		look();                                        \
	}

R0_TEST(w, hangs, .timeout_ms = 100)
{
	untouched = 3;
	r0_cli();
	for (;;)
		;
}
THEN_ALL_IS_WELL(hangs)

R0_TEST(w, halts)
{
	untouched = 3;
	r0_cli();
	r0_hlt();
}
THEN_ALL_IS_WELL(halts)

R0_TEST(w, triple_faults)
{
	r0_lidt((struct r0_table_register){ 0, 0 });
	r0_ud2();
}
THEN_ALL_IS_WELL(triple_faults)

R0_TEST(w, loses_its_page_tables)
{
	r0_write_cr3(r0_physical(root));
}
THEN_ALL_IS_WELL(loses_its_page_tables)

R0_TEST(w, has_page_tables_of_its_own)
{
	const uint64_t *first = r0_direct(r0_read_cr3() & R0_PAGE_ADDRESS);

	for (unsigned int i = 0; i < 512; i++)
		root[i] = first[i];
	r0_write_cr3(r0_physical(root));
	untouched = 3;
}
THEN_ALL_IS_WELL(has_page_tables_of_its_own)

R0_TEST(w, hangs_with_page_tables_of_its_own, .timeout_ms = 100)
{
	const uint64_t *first = r0_direct(r0_read_cr3() & R0_PAGE_ADDRESS);

	for (unsigned int i = 0; i < 512; i++)
		root[i] = first[i];
	r0_write_cr3(r0_physical(root));
	for (;;)
		;
}
THEN_ALL_IS_WELL(hangs_with_page_tables_of_its_own)

R0_TEST(w, loses_its_gdt_and_idt)
{
	r0_lgdt((struct r0_table_register){ 0, 0 });
	r0_lidt((struct r0_table_register){ 0, 0 });
}
THEN_ALL_IS_WELL(loses_its_gdt_and_idt)

static void take(struct r0_frame *frame)
{
	r0_apic_acknowledge(frame);
}

R0_TEST(w, leaves_a_timer_running, .irqchip = true)
{
	r0_apic_enable(0xff);
	r0_set_handler(0x50, take);
	r0_apic_start_timer(R0_APIC_TIMER_PERIODIC | 0x50, R0_APIC_DIVIDE_BY_1, 10000);
	r0_sti();
}
THEN_ALL_IS_WELL(leaves_a_timer_running)

/* Edges of the PIT at both controllers, and of all that the I/O APIC has. */
R0_TEST(w, masks_nothing, .irqchip = true)
{
	unsigned int input;

	r0_apic_enable(0xff);
	for (input = 0; input < R0_IOAPIC_INPUTS; input++)
		r0_ioapic_set_redirection(input,
					  (0x60 + input) | R0_IOAPIC_DESTINATION(r0_apic_id()));
	r0_pic_set_masks(0);
	r0_pit_start(0, R0_PIT_RATE_GENERATOR, 100);
	for (input = 0; input < 1000; input++)
		r0_pit_count(0);
}
THEN_ALL_IS_WELL(masks_nothing)
