/* SPDX-License-Identifier: MIT */
/*
 * Port I/O: glibc's own <sys/io.h> functions, and a small clock driver, against ports that the
 * tests declare. An access that nothing declares fails the test and is named.
 */
#include <ring0.h>
#include <sys/io.h>

R0_TEST(io, inw_reads_the_port, .ioports = R0_IOPORTS({ 0x1, 0xfe }))
{
	R0_ASSERT_EQ(inw(0x1), 0xfe);
}

R0_TEST(io, a_write_of_the_value_passes, .ioports = R0_IOPORTS({ 0x80, 0x55 }))
{
	outb(0x55, 0x80);
}

R0_TEST(io, a_write_of_another_value_does_not, .ioports = R0_IOPORTS({ 0x80, 0x55 }),
	.should_panic = true, .panic_message = "0x80")
{
	outb(0xaa, 0x80);
}

/* Only a VM can refuse a port. */
R0_TEST(io, an_undeclared_port_is_named, .should_panic = true, .panic_message = "0x2f8",
	.when = r0_is_mirrored)
{
	inb(0x2f8);
}

R0_TEST(io, ends_in_hlt, .should_halt = true)
{
	__asm__ volatile("cli; hlt");
}

/* Reading the hour from the real-time clock behind ports 0x70 and 0x71, as a kernel does. */
static unsigned int clock_register(unsigned char index)
{
	outb(index, 0x70);
	return inb(0x71);
}

static unsigned int clock_hour(void)
{
	unsigned int hour;

	/* Bit 7 of register A: an update is in progress, and the time may be half of each. */
	do {
		while (clock_register(0x0a) & 0x80)
			;
		hour = clock_register(0x04);
	} while (clock_register(0x04) != hour);

	/* Bit 2 of register B: the clock counts in binary, not in decimal digits. */
	if (!(clock_register(0x0b) & 0x04))
		hour = (hour >> 4) * 10 + (hour & 0x0f);
	return hour;
}

/* The clock itself. This runs on the host, and every test finds it as initialised below. */
struct clock {
	uint64_t index;
	unsigned int updates; /* how often register A is to say "in progress" */
	unsigned int mode;
	unsigned int hour;
};

static int clock_access(void *state, struct r0_access *access)
{
	struct clock *clock = state;

	if (access->width != 1)
		return -1;
	if (access->address == 0x70 && access->write) {
		clock->index = access->value;
		return 0;
	}
	if (access->address != 0x71 || access->write)
		return -1;

	switch (clock->index) {
	case 0x04:
		/* While it updates, the hour is not to be trusted. */
		access->value = clock->updates ? 0xff : clock->hour;
		return 0;
	case 0x0a:
		access->value = clock->updates ? 0xa6 : 0x26;
		if (clock->updates)
			clock->updates--;
		return 0;
	case 0x0b:
		access->value = clock->mode;
		return 0;
	}
	return -1;
}

static const struct clock decimal_clock = { .updates = 3, .mode = 0x02, .hour = 0x23 };
static const struct clock binary_clock = { .mode = 0x06, .hour = 23 };

R0_TEST(clock, waits_for_the_update_and_decodes_decimal_digits,
	.io = R0_IO({ 0x70, 0x71, clock_access, &decimal_clock, sizeof(decimal_clock) }))
{
	R0_ASSERT_EQ(clock_hour(), 23);
}

R0_TEST(clock, leaves_binary_as_it_is,
	.io = R0_IO({ 0x70, 0x71, clock_access, &binary_clock, sizeof(binary_clock) }))
{
	R0_ASSERT_EQ(clock_hour(), 23);
}
