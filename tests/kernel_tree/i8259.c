/* SPDX-License-Identifier: MIT */
/* A driver with port I/O: arch/x86/kernel/i8259.c, against KVM's PIC and against declared ports. */
#include <linux/delay.h>
#include <linux/kernel.h>
#include <linux/spinlock.h>
#include <asm/i8259.h>
#include "gs.h"

/* clang-format off */
/* All that is written by hand. */
unsigned long _raw_spin_lock_irqsave(raw_spinlock_t *lock) { return 0; }
void _raw_spin_unlock_irqrestore(raw_spinlock_t *lock, unsigned long flags) { }
void __const_udelay(unsigned long xloops) { }
int _printk(const char *format, ...) { return 0; }

/* clang-format on */

R0_TEST(pic, masks_all, GS, .ioports = R0_IOPORTS({ 0x21, 0xff }, { 0xa1, 0xff }))
{
	legacy_pic->mask_all();
}

R0_TEST(pic, programs_both, GS, .irqchip = true)
{
	legacy_pic->init(0);
	R0_ASSERT_EQ(inb(0x21), 0xff);
	R0_ASSERT_EQ(inb(0xa1), 0xff);
}

R0_TEST(pic, unmasks_one, GS, .irqchip = true)
{
	legacy_pic->init(0);
	legacy_pic->unmask(4);
	R0_ASSERT_EQ(inb(0x21) & 0x10, 0);
	legacy_pic->mask(4);
	R0_ASSERT_EQ(inb(0x21) & 0x10, 0x10);
}

/* No PIC there: what is written to the mask is not read back. */
struct absent {
	unsigned int writes;
};

static int absent(void *state, struct r0_access *access)
{
	struct absent *absent = state;

	if (access->write)
		absent->writes++;
	else
		access->value = 0xff;
	return 0;
}

static const struct absent none;

R0_TEST(pic, is_not_there, GS,
	.io = R0_IO({ 0x20, 0x21, absent, &none, sizeof(none) },
		    { 0xa0, 0xa1, absent, &none, sizeof(none) }))
{
	R0_ASSERT_EQ(legacy_pic->probe(), 0);
	R0_ASSERT_EQ(legacy_pic, &null_legacy_pic);
}
