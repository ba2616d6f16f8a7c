/* SPDX-License-Identifier: MIT */
/* What a GICv2 alone has: IHI 0048. Where the host's KVM makes a GICv3, these are skipped. */
#include "routine.h"

static void need_version_2(void)
{
	if (r0_gic_version() != 2)
		R0_SKIP("this machine has a GICv3");
}

static volatile unsigned int count;

static void note(struct r0_frame *frame)
{
	(void)frame;
	count++;
}

/* The bits of GICD_SPENDSGIR that say which CPUs sent an SGI: 4.3.17. */
static uint32_t senders(unsigned int sgi)
{
	return r0_gicd_read(R0_GICD_SPENDSGIR + sgi / 4 * 4) >> sgi % 4 * 8 & 0xff;
}

static void send_5(void *arg)
{
	(void)arg;
	r0_gic_send_sgi(5, 1);
}

/* One of each CPU is pending by itself, and acknowledged with its sender: 4.4.4. */
R0_TEST(gicv2, sgis_have_senders, .cpus = 3)
{
	uint32_t first, second;

	need_version_2();
	r0_on_cpu(1, send_5, NULL);
	r0_on_cpu(2, send_5, NULL);
	R0_ASSERT_EQ(senders(5), 6);
	first = r0_gic_acknowledge();
	R0_ASSERT_EQ(R0_GIC_INTID(first), 5);
	r0_gic_end(first);
	second = r0_gic_acknowledge();
	R0_ASSERT_EQ(R0_GIC_INTID(second), 5);
	r0_gic_end(second);
	R0_ASSERT_EQ((1u << (first >> 10) | 1u << (second >> 10)), 6);
	R0_ASSERT_EQ(r0_gic_acknowledge(), R0_GIC_SPURIOUS);
}

R0_TEST(gicv2, senders_are_left, .cpus = 3)
{
	need_version_2();
	r0_on_cpu(2, send_5, NULL);
	R0_ASSERT_EQ(senders(5), 4);
}

R0_TEST(gicv2, no_sender_is_left, .cpus = 3)
{
	need_version_2();
	R0_ASSERT_EQ(senders(5), 0);
}

/* GICD_SPENDSGIR and GICD_CPENDSGIR, which software may write to: 4.3.16, 4.3.17. */
R0_TEST(gicv2, senders_can_be_written, .irqchip = true)
{
	need_version_2();
	r0_gic_enable();
	r0_gic_enable_intid(6);
	r0_gicd_write(R0_GICD_SPENDSGIR + 4, 1u << 16);
	R0_ASSERT_EQ(senders(6), 1);
	r0_gicd_write(R0_GICD_CPENDSGIR + 4, 1u << 16);
	R0_ASSERT_EQ(senders(6), 0);
	R0_ASSERT_EQ(r0_gic_acknowledge(), R0_GIC_SPURIOUS);
}

static volatile bool ready;

static void take_interrupts(void *arg)
{
	(void)arg;
	ready = true;
	R0_ASSERT_EQ(r0_wait_for_irq(R0_INTID(R0_GIC_SPI(7)), 5000), 1);
	R0_ASSERT_EQ(r0_cpu_id(), 1);
}

/* An SPI goes to the CPUs in GICD_ITARGETSR: 4.3.12. */
R0_TEST(gicv2, shared_interrupts_go_where_they_are_told, .cpus = 2)
{
	need_version_2();
	r0_set_handler(R0_INTID(R0_GIC_SPI(7)), note);
	r0_gic_enable_intid(R0_GIC_SPI(7));
	*(volatile uint8_t *)(R0_GICD_ADDRESS + R0_GICD_ITARGETSR + R0_GIC_SPI(7)) = 2;
	r0_gicd_write(R0_GICD_ICFGR + R0_GIC_SPI(7) / 16 * 4, 0);
	r0_on_cpu_async(1, take_interrupts, NULL);
	while (!ready)
		r0_yield();
	r0_gic_set_bit(R0_GICD_ISPENDR, R0_GIC_SPI(7));
	r0_on_cpu_wait(1);
	R0_ASSERT_EQ(count, 1);
}

R0_TEST(gicv2, targets_are_put_back, .cpus = 2)
{
	need_version_2();
	R0_ASSERT_EQ(r0_gicd_read(R0_GICD_ITARGETSR + R0_GIC_SPI(7) / 4 * 4), 0);
	/* All are alike at first. */
	R0_ASSERT_EQ(r0_gicd_read(R0_GICD_ICFGR + R0_GIC_SPI(7) / 16 * 4),
		     r0_gicd_read(R0_GICD_ICFGR + R0_GIC_SPI(23) / 16 * 4));
}

/* One of no device, that software makes pending: 4.3.7. */
R0_TEST(gicv2, ppi_is_left_pending, .irqchip = true)
{
	need_version_2();
	r0_gic_enable();
	r0_gic_set_bit(R0_GICD_ISPENDR, R0_GIC_PPI(4));
	R0_ASSERT(r0_gic_bit(R0_GICD_ISPENDR, R0_GIC_PPI(4)));
}

R0_TEST(gicv2, no_ppi_is_pending, .irqchip = true)
{
	need_version_2();
	R0_ASSERT(!r0_gic_bit(R0_GICD_ISPENDR, R0_GIC_PPI(4)));
}

/* Priority drop and deactivation can be two steps: 4.4.5, 4.4.15. */
R0_TEST(gicv2, deactivation_by_itself, .irqchip = true)
{
	need_version_2();
	r0_gic_enable();
	r0_gic_enable_intid(3);
	r0_gicc_write(R0_GICC_CTLR, R0_GICC_CTLR_GRP0 | R0_GICC_CTLR_EOI);
	r0_gic_send_sgi(3, 1);
	R0_ASSERT_EQ(R0_GIC_INTID(r0_gic_acknowledge()), 3);
	r0_gic_end(3);
	R0_ASSERT_EQ(r0_gic_running_priority(), 0xff);
	R0_ASSERT(r0_gic_bit(R0_GICD_ISACTIVER, 3));
	r0_gicc_write(R0_GICC_DIR, 3);
	R0_ASSERT(!r0_gic_bit(R0_GICD_ISACTIVER, 3));
}

/* A device whose reads raise its line, and whose writes lower it. */
static int serve(void *unused, struct r0_access *access)
{
	(void)unused;
	r0_mock_set_irq(access, 9, !access->write);
	access->value = 0;
	return 0;
}

#define DEVICE 0x0a000000ul

/* KVM does not hear of the line's fall while the interrupt is edge-triggered. */
R0_TEST(gicv2, line_falls_unheard, .irqchip = true,
	.mmio = R0_MMIO({ DEVICE, DEVICE + 0xfff, serve }))
{
	volatile uint32_t *device = r0_at_physical(DEVICE);
	const uint32_t configuration = r0_gicd_read(R0_GICD_ICFGR + 8);

	need_version_2();
	r0_gicd_write(R0_GICD_ICFGR + 8, 0);
	(void)*device;
	R0_ASSERT(r0_gic_bit(R0_GICD_ISPENDR, R0_GIC_SPI(9)));
	r0_gicd_write(R0_GICD_ICFGR + 8, configuration);
	*device = 0;
}

R0_TEST(gicv2, line_is_low_all_the_same, .irqchip = true)
{
	need_version_2();
	r0_gicd_write(R0_GICD_ICFGR + 8, 0);
	R0_ASSERT(!r0_gic_bit(R0_GICD_ISPENDR, R0_GIC_SPI(9)));
}
