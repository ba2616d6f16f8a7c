/* SPDX-License-Identifier: MIT */
/* arm64's exits: serial lines in memory, and no ports. */
#include <errno.h>
#include "exit_fixture.h"

#define LSR 5

static void read_at(uint64_t address, uint32_t length)
{
	memory_exit(address, length, false);
	memset(fixture.run->mmio.data, 0x5a, sizeof(fixture.run->mmio.data));
	expect(EXIT_CONTINUE);
}

static void serial_lines_are_where_they_should_be(void **state)
{
	(void)state;
	assert_int_equal(serial_base(0), 0x09000000);
	assert_int_equal(serial_base(1), 0x09001000);
}

static void serial_read_is_not_the_fill(void **state)
{
	unsigned int line;

	(void)state;
	for (line = 0; line < SERIAL_LINES; line++) {
		read_at(serial_base(line) + LSR, 1);
		assert_int_equal(fixture.run->mmio.data[0], 0x60);
	}
	assert_int_equal(fixture.bus.unhandled_count, 0);
}

static void serial_write_is_captured(void **state)
{
	(void)state;
	memory_exit(serial_base(0), 1, true);
	fixture.run->mmio.data[0] = 'A';
	expect(EXIT_CONTINUE);
	memory_exit(serial_base(1), 1, true);
	fixture.run->mmio.data[0] = 'B';
	expect(EXIT_CONTINUE);
	expect_sent(0, "A");
	expect_sent(1, "B");
}

static void only_the_first_byte_of_an_access_counts(void **state)
{
	(void)state;
	memory_exit(serial_base(0), 4, true);
	memcpy(fixture.run->mmio.data, "abcd", 4);
	expect(EXIT_CONTINUE);
	expect_sent(0, "a");
	read_at(serial_base(0) + LSR, 4);
	assert_memory_equal(fixture.run->mmio.data, "\x60\xff\xff\xff", 4);
}

static void offsets_beyond_255_are_unmapped(void **state)
{
	(void)state;
	read_at(serial_base(0) + 255, 1);
	assert_int_equal(fixture.run->mmio.data[0], 0);
	assert_int_equal(fixture.bus.unhandled_count, 0);
	read_at(serial_base(0) + 256, 1);
	assert_int_equal(fixture.run->mmio.data[0], 0xff);
	assert_int_equal(fixture.bus.unhandled_count, 1);
}

static void bases_are_parameters(void **state)
{
	struct serial *line = &fixture.lines[0];

	(void)state;
	bus_init(&fixture.bus);
	assert_int_equal(serial_add(line, &fixture.bus, 0x10000000, NULL), 0);
	assert_int_equal(serial_add(&fixture.lines[1], &fixture.bus, 0x10000ff8, NULL), -EEXIST);
	read_at(0x10000000 + LSR, 1);
	assert_int_equal(fixture.run->mmio.data[0], 0x60);
	read_at(serial_base(0) + LSR, 1);
	assert_int_equal(fixture.run->mmio.data[0], 0xff);
}

static void there_are_no_ports(void **state)
{
	(void)state;
	fixture.run->exit_reason = KVM_EXIT_IO;
	expect_reason(EXIT_NONE, KVM_EXIT_IO);
}

static void access_that_kvm_cannot_decode_is_fatal(void **state)
{
	(void)state;
	fixture.run->exit_reason = KVM_EXIT_ARM_NISV;
	fixture.run->arm_nisv.esr_iss = 0x47;
	fixture.run->arm_nisv.fault_ipa = 0x09000000;
	expect_reason(EXIT_FATAL, 0x47);
	assert_string_equal(described(), "an access to 0x9000000 that KVM can't decode (ISS 0x47)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(serial_lines_are_where_they_should_be),
		CASE(serial_read_is_not_the_fill),
		CASE(serial_write_is_captured),
		CASE(only_the_first_byte_of_an_access_counts),
		CASE(offsets_beyond_255_are_unmapped),
		CASE(bases_are_parameters),
		CASE(there_are_no_ports),
		CASE(access_that_kvm_cannot_decode_is_fatal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
