/* SPDX-License-Identifier: MIT */
/* Two more drivers: drivers/rtc/rtc-mc146818-lib.c against a mock, drivers/clocksource/i8253.c against KVM's PIT. */
#include <linux/bcd.h>
#include <linux/clockchips.h>
#include <linux/i8253.h>
#include <linux/kernel.h>
#include <linux/mc146818rtc.h>
#include <asm/paravirt.h>
#include "gs.h"

/* clang-format off */
/* All that is written by hand. */
unsigned long _raw_spin_lock_irqsave(raw_spinlock_t *lock) { return 0; }
void _raw_spin_unlock_irqrestore(raw_spinlock_t *lock, unsigned long flags) { }
void _raw_spin_lock(raw_spinlock_t *lock) { }
void _raw_spin_unlock(raw_spinlock_t *lock) { }
void __const_udelay(unsigned long xloops) { }
unsigned _bcd2bin(unsigned char value) { return (value & 15) + (value >> 4) * 10; }
unsigned char rtc_cmos_read(unsigned char at) { outb(at, 0x70); return inb(0x71); }

/* clang-format on */

struct cmos {
	unsigned char index;
};

static const unsigned char registers[128] = {
	[0] = 0x56, [2] = 0x34,	 [4] = 0x12,  [7] = 0x28,  [8] = 0x11,
	[9] = 0x21, [10] = 0x26, [11] = 0x02, [13] = 0x80, [0x32] = 0x20,
};

static int cmos(void *state, struct r0_access *access)
{
	struct cmos *at = state;

	if (access->address == 0x70 && access->write) {
		at->index = access->value & 0x7f;
		return 0;
	}
	if (access->write)
		return -1;
	access->value = registers[at->index];
	return 0;
}

static const struct cmos first;

R0_TEST(rtc, reads_the_time, GS, .io = R0_IO({ 0x70, 0x71, cmos, &first, sizeof(first) }))
{
	struct rtc_time time = {};

	R0_ASSERT_EQ(mc146818_get_time(&time, 10), 0);
	R0_ASSERT_EQ(time.tm_hour, 12);
	R0_ASSERT_EQ(time.tm_min, 34);
	R0_ASSERT_EQ(time.tm_sec, 56);
	R0_ASSERT_EQ(time.tm_mon, 10);
}

static void no_delay(void)
{
}

R0_TEST(pit, periodic, GS, .irqchip = true)
{
	*(void **)&pv_ops.cpu.io_delay = no_delay;
	i8253_clockevent.set_state_periodic(&i8253_clockevent);
	/* Read back the status of counter 0: mode 2. */
	outb(0xe2, 0x43);
	R0_ASSERT_EQ(inb(0x40) & 0x0e, 0x04);
}
