/* SPDX-License-Identifier: MIT */
/* A kernel of 32 bits with paging, which writes to where nothing is mapped and has no IDT: a triple fault. */
#include <stdint.h>

/* SDM vol. 3A, 4.3: P, R/W and PS of a PDE, CR4.PSE, CR0.PG. */
#define PAGE_OF_4_MIB 0x83
#define CR4_PSE	      0x10
#define CR0_PG	      0x80000000

void _start(void);

static uint32_t directory[1024] __attribute__((aligned(4096)));

static __attribute__((noinline)) void write_to(volatile uint32_t *address)
{
	*address = 1;
}

static void out8(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "d"(port));
}

void _start(void)
{
	static const struct {
		uint16_t limit;
		uint32_t base;
	} __attribute__((packed)) none = { 0, 0 };

	directory[0] = PAGE_OF_4_MIB;
	__asm__ volatile("lidt %3\n"
			 "mov %0, %%cr3\n"
			 "mov %1, %%cr4\n"
			 "mov %%cr0, %%eax\n"
			 "or %2, %%eax\n"
			 "mov %%eax, %%cr0"
			 :
			 : "r"(directory), "r"(CR4_PSE), "i"(CR0_PG), "m"(none)
			 : "eax", "memory");
	out8(0x3f8, '\n');
	write_to((volatile uint32_t *)0x40123450);
	for (;;)
		;
}
