/* SPDX-License-Identifier: MIT */
/* Code under test of replace_test.c: it knows nothing of that. */
#include "driver.h"
#include <sys/io.h>

#define DATA   0x3f8
#define STATUS 0x3fd
#define READY  1

int wait_ready(unsigned int microseconds)
{
	unsigned int i;

	/* An IN takes about a microsecond on a PC. */
	for (i = 0; i < microseconds; i++)
		if (inb(STATUS) & READY)
			return 0;
	return -1;
}

void fatal(const char *why)
{
	(void)why;
	for (;;)
		__asm__ volatile("cli; hlt");
}

int driver_read(void)
{
	int tries = 0;

	while (wait_ready(1000000))
		if (++tries == 3)
			fatal("the device is not ready");
	return inb(DATA);
}
