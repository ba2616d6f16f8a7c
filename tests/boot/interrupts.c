/* SPDX-License-Identifier: MIT */
/*
 * The tests' kernel and its interrupts: the timer by the PICs, a serial line by the I/O APIC, whose level
 * interrupts again after each end until it falls. See end() in kernel.c.
 */
#include "tests/boot/kernel.h"

#define LOCAL_APIC 0xfee00000u
#define IOAPIC	   0xfec00000u

#define COM1 0x3f8

#define TIMER_VECTOR  0x20
#define SERIAL_VECTOR 0x50

struct gate {
	uint16_t offset_low, selector, type, offset_high;
};

static struct gate idt[256];
static volatile uint32_t ticks, serials, in_service;

static void write_apic(uint32_t at, uint32_t value)
{
	*(volatile uint32_t *)(LOCAL_APIC + at) = value;
}

static uint32_t read_apic(uint32_t at)
{
	return *(volatile uint32_t *)(LOCAL_APIC + at);
}

static void write_ioapic(uint32_t index, uint32_t value)
{
	*(volatile uint32_t *)IOAPIC = index;
	*(volatile uint32_t *)(IOAPIC + 0x10) = value;
}

/*
 * Where interrupts enter: all registers that C may change are kept. One that came between STI and HLT has HLT's wait
 * over, too, or there might be no further one to end it: QEMU's emulated VMRUN does not load the interrupt shadow that
 * STI leaves (APM vol. 2, 15.21.5), so that an exit of KVM's there lets interrupts in.
 */
extern const char tick_entry[], serial_entry[];
void wait_for_interrupt(void);
__asm__(".text\n"
	"wait_for_interrupt:\n"
	"	sti\n"
	"wait:	hlt\n"
	"	cli\n"
	"	ret\n"
	".macro end_wait\n"
	"	cmpl $wait, (%esp)\n"
	"	jne 1f\n"
	"	incl (%esp)\n"
	"1:\n"
	".endm\n"
	"tick_entry:\n"
	"	end_wait\n"
	"	pusha\n"
	"	cld\n"
	"	call tick\n"
	"	popa\n"
	"	iret\n"
	"serial_entry:\n"
	"	end_wait\n"
	"	pusha\n"
	"	cld\n"
	"	call serial\n"
	"	popa\n"
	"	iret\n");

static __attribute__((used)) void tick(void)
{
	ticks++;
	out8(0x20, 0x20);
}

/*
 * The line falls with the third one. All of them are in service (SDM vol. 3A, 10.8.4) but on a KVM that ends interrupts
 * as it delivers them: there the line, which has not fallen yet, has one more wait when the third one comes.
 */
static __attribute__((used)) void serial(void)
{
	in_service += read_apic(0x100 + SERIAL_VECTOR / 32 * 0x10) >> SERIAL_VECTOR % 32 & 1;
	if (++serials == 3)
		in8(COM1 + 2);
	write_apic(0xb0, 0);
}

static void set_gate(unsigned int vector, const char *entry)
{
	uint32_t offset = (uint32_t)entry;
	uint16_t cs;

	__asm__("mov %%cs, %0" : "=r"(cs));
	idt[vector] = (struct gate){ (uint16_t)offset, cs, 0x8e00, (uint16_t)(offset >> 16) };
}

static void load_idt(void)
{
	const struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) descriptor = { sizeof(idt) - 1, (uint32_t)idt };

	__asm__ volatile("lidt %0" : : "m"(descriptor));
}

static void set_up_pics(void)
{
	static const uint8_t words[][2] = { { 0x20, 0x11 }, { 0x21, 0x20 }, { 0x21, 4 },
					    { 0x21, 1 },    { 0xa0, 0x11 }, { 0xa1, 0x28 },
					    { 0xa1, 2 },    { 0xa1, 1 },    { 0x21, 0xfe },
					    { 0xa1, 0xff } };
	unsigned int i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		out8(words[i][0], words[i][1]);
}

static void wait_until(const volatile uint32_t *count, uint32_t is)
{
	while (*count < is)
		wait_for_interrupt();
}

void take_interrupts(void)
{
	load_idt();
	set_gate(TIMER_VECTOR, tick_entry);
	set_gate(SERIAL_VECTOR, serial_entry);
	set_up_pics();
	/* As firmware leaves it: the PICs are at LINT0 (SDM vol. 3A, 10.5.1). */
	write_apic(0xf0, 0x1ff);
	write_apic(0x350, 0x700);
	/* 500 Hz. */
	out8(0x43, 0x34);
	out8(0x40, 0x52);
	out8(0x40, 0x09);
	wait_until(&ticks, 20);
	out8(0x21, 0xff);
	print("timer: 20 interrupts\n");
	write_ioapic(0x10 + 2 * 4 + 1, 0);
	write_ioapic(0x10 + 2 * 4, 0x8000 | SERIAL_VECTOR);
	/* The transmitter is empty: it says so at once. */
	out8(COM1 + 1, 2);
	wait_until(&serials, 3);
	out8(COM1 + 1, 0);
	if (serials == 3 && in_service == 3)
		print("serial line: 3 interrupts\n");
	else if (serials <= 4 && !in_service)
		print("serial line: interrupts that are not in service\n");
	else
		print("serial line: too many interrupts\n");
}
