/* SPDX-License-Identifier: MIT */
/* A kernel that never ends, three calls deep, and writes to a port where nothing is. */
void _start(void);

static __attribute__((noinline)) void loop(int value)
{
	for (;;)
		__asm__ volatile("outb %%al, $0x99" : : "a"(value));
}

static __attribute__((noinline)) int middle(int value)
{
	loop(value + 1);
	return value;
}

void _start(void)
{
	middle(6);
	for (;;)
		;
}
