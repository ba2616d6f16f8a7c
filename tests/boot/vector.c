/* SPDX-License-Identifier: MIT */
/*
 * A kernel that adds a vector from the test device's memory, each access to which leaves the VM: KVM's emulator
 * can't execute such an instruction, which is what all of them are for a software KVM. Then it divides by a
 * number from there, which is 0, and ends by its handler of #DE.
 */
#include <stdint.h>

#define COM1	   0x3f8
#define DEBUG_EXIT 0xf4
#define EMULATED   0xff000000u

struct gate {
	uint16_t offset_low, selector;
	uint16_t type, offset_middle;
	uint32_t offset_high, reserved;
};

static struct gate idt[1];

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void print(const char *text)
{
	while (*text)
		out8(COM1, (uint8_t)*text++);
}

static void print_hex(uint32_t value)
{
	int shift;

	for (shift = 28; shift >= 0; shift -= 4)
		out8(COM1, (uint8_t) "0123456789abcdef"[value >> shift & 15]);
}

/* A vector instruction whose result is a fault, by IDT and stack of the guest's. */
__asm__("divide_error: mov $77, %al\n"
	"out %al, $0xf4\n"
	"hlt\n");
extern const char divide_error[];

static void take_faults(void)
{
	const uint64_t handler = (uintptr_t)divide_error;
	const struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) descriptor = { sizeof(idt) - 1, (uintptr_t)idt };
	uint16_t cs;

	__asm__("mov %%cs, %0" : "=r"(cs));
	idt[0] = (struct gate){ (uint16_t)handler,	   cs, 0x8e00, (uint16_t)(handler >> 16),
				(uint32_t)(handler >> 32), 0 };
	__asm__ volatile("lidt %0" : : "m"(descriptor));
}

void _start(void);

__attribute__((force_align_arg_pointer)) void _start(void)
{
	static const uint32_t ones[4] __attribute__((aligned(16))) = { 1, 1, 1, 1 };
	static uint32_t sum[4] __attribute__((aligned(16)));
	volatile uint32_t *vector = (volatile uint32_t *)(uintptr_t)EMULATED;
	unsigned int i;

	take_faults();
	for (i = 0; i < 4; i++)
		vector[i] = 0x10 * i;
	__asm__ volatile("movdqa %1, %%xmm1\n"
			 "paddd (%2), %%xmm1\n"
			 "movdqa %%xmm1, %0"
			 : "=m"(sum)
			 : "m"(ones), "r"(vector)
			 : "memory");
	for (i = 0; i < 4; i++) {
		print(i ? " " : "sum: ");
		print_hex(sum[i]);
	}
	print("\n");
	__asm__ volatile("divl %0" : : "m"(vector[0]), "a"(1), "d"(0));
	out8(DEBUG_EXIT, 1);
}
