/* SPDX-License-Identifier: MIT */
/* The PC's interval timer (Intel 8254): the code under test. Depends on nothing. */
#include "timer.h"
#include <sys/io.h>

#define TIMER_HERTZ 1193182

bool timer_divisor(unsigned int hertz, uint16_t *divisor)
{
	unsigned int count = hertz ? TIMER_HERTZ / hertz : 0;

	if (count < 2 || count > UINT16_MAX)
		return false;
	*divisor = (uint16_t)count;
	return true;
}

bool timer_start(unsigned int hertz)
{
	uint16_t divisor;

	if (!timer_divisor(hertz, &divisor))
		return false;
	outb(0x34, TIMER_CONTROL); /* counter 0, low byte then high byte, mode 2, binary */
	outb(divisor & 0xff, TIMER_COUNTER);
	outb(divisor >> 8, TIMER_COUNTER);
	return true;
}

uint16_t timer_read(void)
{
	uint16_t low;

	outb(0x00, TIMER_CONTROL); /* latch counter 0 */
	low = inb(TIMER_COUNTER);
	return (uint16_t)(inb(TIMER_COUNTER) << 8 | low);
}
