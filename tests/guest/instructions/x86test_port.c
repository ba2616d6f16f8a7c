/* SPDX-License-Identifier: MIT */
/* The example tests of x86test, a Rust crate with the same purpose, in C. */
#include <ring0.h>
#include <sys/io.h>

static uint16_t __attribute__((noinline)) read_port(void)
{
	return inw(0x1);
}

R0_TEST(x86test, check_inw_port_read_test, .ioports = R0_IOPORTS({ 0x1, 0xfe }))
{
	R0_ASSERT_EQ(read_port(), 0xfe);
}

R0_TEST(x86test, use_the_port, .ioports = R0_IOPORTS({ 0x1, 0xff }), .should_panic = true,
	.panic_message = "is 255 (0xff)")
{
	R0_ASSERT_EQ(read_port(), 0xfe);
}

R0_TEST(x86test, should_halt, .should_halt = true)
{
	__asm__ volatile("hlt");
}
