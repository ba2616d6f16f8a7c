/* SPDX-License-Identifier: MIT */
/* A kernel for a debugger: calls, a loop, a variable that changes, and a breakpoint of its own. */
#include <stdint.h>

int counter;
volatile int is_done;
volatile uint64_t own_breakpoints;

void _start(void);
void take_breakpoint(void);
int square(int value);
int sum(int count);

__asm__(".globl take_breakpoint\n"
	"take_breakpoint:\n"
	"	incq own_breakpoints(%rip)\n"
	"	iretq\n");

__attribute__((noinline)) int square(int value)
{
	__asm__ volatile("");
	return value * value;
}

__attribute__((noinline)) int sum(int count)
{
	int total = 0, i;

	for (i = 1; i <= count; i++)
		total += square(i);
	counter = total;
	return total;
}

/* Gates: SDM vol. 3A, 6.14.1. */
static void set_gate(uint64_t *gate, void (*handler)(void))
{
	uint64_t address = (uint64_t)(uintptr_t)handler;

	gate[0] = (address & 0xffff) | 0x10ull << 16 | 0x8eull << 40 |
		  (address >> 16 & 0xffff) << 48;
	gate[1] = address >> 32;
}

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "d"(port));
}

void _start(void)
{
	static const char text[] = "loops\n";
	static uint64_t idt[2 * 4];
	static struct {
		uint16_t limit;
		uint64_t base;
	} __attribute__((packed)) table = { sizeof(idt) - 1, 0 };
	int i;

	table.base = (uint64_t)(uintptr_t)idt;
	set_gate(idt + 2 * 3, take_breakpoint);
	__asm__ volatile("lidt %0; int3" : : "m"(table) : "memory");
	sum(3);
	sum(4);
	for (i = 0; text[i]; i++)
		out8(0x3f8, (uint8_t)text[i]);
	while (!is_done)
		;
	out8(0xf4, (uint8_t)is_done);
	for (;;)
		;
}
