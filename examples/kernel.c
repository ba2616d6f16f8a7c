/* SPDX-License-Identifier: MIT */
/*
 * A kernel of a few lines for `ring0 boot`: a plain ELF file, entered in 64-bit mode with its command
 * line as argument. It writes to the first serial line, and ends by the debug exit.
 *
 *	cc -ffreestanding -nostdlib -static -fno-pie -no-pie -fcf-protection=none \
 *		-mgeneral-regs-only -Wl,-Ttext-segment=0x100000 -o kernel.elf kernel.c
 *	ring0 boot kernel.elf -- to you
 */
#define COM1	   0x3f8
#define DEBUG_EXIT 0xf4

static void out8(unsigned short port, unsigned char value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void print(const char *text)
{
	while (*text)
		out8(COM1, (unsigned char)*text++);
}

void _start(const char *command_line);

void _start(const char *command_line)
{
	print("Hello ");
	print(command_line);
	print("!\n");
	/* The exit status is 21 << 1 | 1. */
	out8(DEBUG_EXIT, 21);
	for (;;)
		;
}
