/* SPDX-License-Identifier: MIT */
/*
 * Functions in place of others: a driver that polls a device, tested without a wait, and one that stops the
 * machine where the device is broken. To be linked with driver.c, which is compiled with -g and, where it is
 * optimized, -flive-patching=inline-clone and -fno-inline.
 */
#include <ring0.h>
#include "driver.h"

static unsigned int waits;

/* Ready at the third look, whatever the time. */
static int ready_later(unsigned int microseconds)
{
	(void)microseconds;
	return ++waits < 3 ? -1 : 0;
}

R0_TEST(driver, waits_for_its_device, .ioports = R0_IOPORTS({ 0x3f8, 'x' }),
	.replace = R0_REPLACE((wait_ready, ready_later)))
{
	R0_ASSERT_EQ(driver_read(), 'x');
	R0_ASSERT_EQ(waits, 3);
}

/* The real one, for a shorter time. */
static int wait_a_little(unsigned int microseconds)
{
	waits++;
	return R0_ORIGINAL(wait_ready)(microseconds / 100000);
}

static void tell(const char *why)
{
	r0_panic("%s, after %u waits", why, waits);
}

R0_TEST(driver, gives_up, .ioports = R0_IOPORTS({ 0x3fd, 0 }),
	.replace = R0_REPLACE((wait_ready, wait_a_little), (fatal, tell)), .should_panic = true,
	.panic_message = "the device is not ready, after 3 waits")
{
	driver_read();
}
