/* SPDX-License-Identifier: MIT */
/* A kernel that halts for good, three calls deep, having written to a port where nothing is. */
void _start(void);

static __attribute__((noinline)) void halt(int value)
{
	int i;

	for (i = 0; i < 3; i++)
		__asm__ volatile("outb %%al, $0x99" : : "a"(value));
	for (;;)
		__asm__ volatile("cli; hlt");
}

static __attribute__((noinline)) int middle(int value)
{
	halt(value + 1);
	return value;
}

void _start(void)
{
	middle(6);
	for (;;)
		;
}
