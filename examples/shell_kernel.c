/* SPDX-License-Identifier: MIT */
/*
 * A kernel that takes its time to boot, and then runs the programs whose names it is told on the first
 * serial line, as an operating system would. Each program is a test: it says what it found, and ends the
 * machine with status 0 if that is right, else 1. For shared_boot, which boots it once for all of them.
 *
 *	cc -O1 -ffreestanding -nostdlib -static -fno-pie -no-pie -fcf-protection=none \
 *		-mgeneral-regs-only -Wl,-Ttext-segment=0x100000 -o shell_kernel.elf shell_kernel.c
 */
#define COM1	   0x3f8
#define DEBUG_EXIT 0xf4

#define LIMIT 500000u

static unsigned char is_composite[LIMIT];

static void out8(unsigned short port, unsigned char value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static unsigned char in8(unsigned short port)
{
	unsigned char value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void print(const char *text)
{
	while (*text)
		out8(COM1, (unsigned char)*text++);
}

static void print_number(unsigned long number)
{
	if (number > 9)
		print_number(number / 10);
	out8(COM1, (unsigned char)('0' + number % 10));
}

/* The sieve of Eratosthenes: what all programs need, and what takes long. */
static void boot(void)
{
	unsigned int i, j;

	for (i = 2; i < LIMIT; i++)
		for (j = 2 * i; j < LIMIT && !is_composite[i]; j += i)
			is_composite[j] = 1;
}

static void read_line(char *line, unsigned int size)
{
	unsigned int length = 0;
	char c = 0;

	while (c != '\n') {
		while (!(in8(COM1 + 5) & 1))
			;
		c = (char)in8(COM1);
		if (c != '\n' && length < size - 1)
			line[length++] = c;
	}
	line[length] = '\0';
}

static int is(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static void end(const char *what, unsigned long found, unsigned long expected)
{
	print(what);
	print_number(found);
	print("\n");
	out8(DEBUG_EXIT, found != expected);
}

static void run(const char *program)
{
	unsigned long count = 0, sum = 0, last = 0, i;

	for (i = 2; i < LIMIT; i++) {
		if (is_composite[i])
			continue;
		count++;
		sum += i;
		last = i;
	}
	if (is(program, "count"))
		end("primes: ", count, 41538);
	else if (is(program, "sum"))
		end("their sum: ", sum, 9914236195);
	else if (is(program, "last"))
		end("the last one: ", last, 499979);
	print("no such program\n");
	out8(DEBUG_EXIT, 1);
}

void _start(void);

void _start(void)
{
	char line[32];

	print("booting\n");
	boot();
	print("> ");
	read_line(line, sizeof(line));
	run(line);
	for (;;)
		;
}
