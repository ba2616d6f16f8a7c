/* SPDX-License-Identifier: MIT */
/* x86's port I/O: dispatched on the bus by itself, and as the exits that KVM makes of it. */
#include "devices/pc/i8042.h"
#include "exit_fixture.h"

#define NOBODYS_PORT 0x1234

/* Where KVM puts the data: not behind the header, but a page later. */
#define DATA_OFFSET 4096

static struct i8042 i8042;

static int set_up_pc(void **state)
{
	if (set_up(state))
		return -1;
	i8042_init(&i8042);
	return i8042_add(&i8042, &fixture.bus, NULL);
}

static uint8_t *io_data(void)
{
	return (uint8_t *)fixture.run + DATA_OFFSET;
}

static void port_exit(uint16_t port, uint8_t size, uint32_t count, bool out)
{
	fixture.run->exit_reason = KVM_EXIT_IO;
	fixture.run->io.direction = out ? KVM_EXIT_IO_OUT : KVM_EXIT_IO_IN;
	fixture.run->io.size = size;
	fixture.run->io.count = count;
	fixture.run->io.port = port;
	fixture.run->io.data_offset = DATA_OFFSET;
}

static void out_exit(uint16_t port, const void *data, uint8_t size, uint32_t count)
{
	port_exit(port, size, count, true);
	memcpy(io_data(), data, (size_t)size * count);
}

static enum exit_outcome out(uint16_t port, uint8_t value)
{
	return exit_access(&fixture.bus, BUS_PORT, port, &value, 1, true);
}

static uint8_t in(uint16_t port)
{
	uint8_t value = 0xff;

	assert_int_equal(exit_access(&fixture.bus, BUS_PORT, port, &value, 1, false),
			 EXIT_CONTINUE);
	return value;
}

/* What a strict bus refuses is the last item of a string instruction. */
static void refused(void **state)
{
	(void)state;
	fixture.bus.strict = true;
	out_exit(NOBODYS_PORT, "abc", 1, 3);
	expect(EXIT_REFUSED);
	assert_int_equal(fixture.bus.unhandled_count, 1);
	assert_int_equal(fixture.bus.unhandled[0].value, 'a');
	assert_string_equal(described(), "access to port 0x1234");
}

static void hyperv_exit(uint16_t code, uint64_t result)
{
	fixture.run->exit_reason = KVM_EXIT_HYPERV;
	fixture.run->hyperv.type = KVM_EXIT_HYPERV_HCALL;
	fixture.run->hyperv.u.hcall.input = 1ull << 16 | code;
	fixture.run->hyperv.u.hcall.result = 0;
	expect(EXIT_CONTINUE);
	assert_int_equal(fixture.run->hyperv.u.hcall.result, result);
}

static void hyperv_calls_nobody(void **state)
{
	(void)state;
	hyperv_exit(0x5c, 0x12);
	hyperv_exit(0x5d, 0x12);
	hyperv_exit(0x40, 2);
	fixture.run->hyperv.type = KVM_EXIT_HYPERV_SYNIC;
	expect(EXIT_CONTINUE);
}

static void i8042_reset_is_shutdown(void **state)
{
	(void)state;
	assert_int_equal(out(0x64, 0xfe), EXIT_SHUTDOWN);
}

static void i8042_write_of_0_is_no_reset(void **state)
{
	(void)state;
	assert_int_equal(out(0x64, 0x00), EXIT_CONTINUE);
}

static void com1_write_is_captured(void **state)
{
	(void)state;
	assert_int_equal(out(0x3f8, 'A'), EXIT_CONTINUE);
	expect_sent(0, "A");
	expect_sent(1, "");
}

static void com2_write_is_captured(void **state)
{
	(void)state;
	assert_int_equal(out(0x2f8, 'B'), EXIT_CONTINUE);
	expect_sent(0, "");
	expect_sent(1, "B");
}

static void write_to_unknown_port_is_dropped(void **state)
{
	(void)state;
	assert_int_equal(out(NOBODYS_PORT, 1), EXIT_CONTINUE);
	assert_int_equal(fixture.bus.unhandled_count, 1);
}

static void i8042_status_reads_0(void **state)
{
	(void)state;
	assert_int_equal(in(0x64), 0);
}

static void i8042_data_reads_0(void **state)
{
	(void)state;
	assert_int_equal(in(0x60), 0);
}

static void unknown_port_reads_ones(void **state)
{
	uint8_t stale = 0x5a;

	(void)state;
	assert_int_equal(in(NOBODYS_PORT), 0xff);
	/* Whatever an earlier OUT left there is not the port's. */
	exit_access(&fixture.bus, BUS_PORT, NOBODYS_PORT, &stale, 1, false);
	assert_int_equal(stale, 0xff);
}

static void exit_of_i8042_reset_is_shutdown(void **state)
{
	(void)state;
	out_exit(0x64, "\xfe", 1, 1);
	expect(EXIT_SHUTDOWN);
	assert_string_equal(described(),
			    "access to port 0x64: the guest asked for the machine's end or reset");
}

static void exit_of_i8042_write_of_0_continues(void **state)
{
	(void)state;
	out_exit(0x64, "\x00", 1, 1);
	expect(EXIT_CONTINUE);
	assert_int_equal(fixture.bus.unhandled_count, 0);
}

static void exit_of_com1_write_is_captured(void **state)
{
	(void)state;
	out_exit(0x3f8, "x", 1, 1);
	expect(EXIT_CONTINUE);
	expect_sent(0, "x");
}

static void exit_of_com2_write_is_captured(void **state)
{
	(void)state;
	out_exit(0x2f8, "y", 1, 1);
	expect(EXIT_CONTINUE);
	expect_sent(1, "y");
}

static void exit_of_write_to_unknown_port_continues(void **state)
{
	(void)state;
	out_exit(NOBODYS_PORT, "\x01", 1, 1);
	expect(EXIT_CONTINUE);
	assert_int_equal(fixture.bus.unhandled_count, 1);
}

static void exit_of_i8042_read_gives_0_in_the_first_byte(void **state)
{
	static const uint16_t ports[] = { 0x60, 0x64 };
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		port_exit(ports[i], 4, 1, false);
		memset(io_data(), 0xff, 4);
		expect(EXIT_CONTINUE);
		assert_memory_equal(io_data(), "\x00\xff\xff\xff", 4);
	}
}

static void exit_of_read_from_unknown_port_leaves_ones(void **state)
{
	(void)state;
	port_exit(NOBODYS_PORT, 2, 1, false);
	memcpy(io_data(), "\xff\xff\x5a", 3);
	expect(EXIT_CONTINUE);
	assert_memory_equal(io_data(), "\xff\xff\x5a", 3);
}

static void exit_of_com1_read_gives_the_register(void **state)
{
	(void)state;
	port_exit(SERIAL_COM1 + 5, 1, 1, false);
	expect(EXIT_CONTINUE);
	assert_int_equal(io_data()[0], 0x60);
}

/* REP OUTSB and INSB: all items, each at the port, and nothing beyond them. */
static void string_write_sends_every_item(void **state)
{
	(void)state;
	out_exit(SERIAL_COM1, "ring zero", 1, 9);
	expect(EXIT_CONTINUE);
	expect_sent(0, "ring zero");
}

static void string_write_of_words_sends_their_first_bytes(void **state)
{
	(void)state;
	out_exit(SERIAL_COM1, "a1b2c3d4", 2, 4);
	expect(EXIT_CONTINUE);
	expect_sent(0, "abcd");
}

static void string_read_fills_every_item(void **state)
{
	(void)state;
	assert_int_equal(serial_receive(&fixture.lines[0], "z", 1), 1);
	port_exit(SERIAL_COM1, 1, 3, false);
	memset(io_data(), 0x5a, 4);
	expect(EXIT_CONTINUE);
	assert_memory_equal(io_data(), "z\0\0\x5a", 4);
	port_exit(NOBODYS_PORT, 4, 2, false);
	expect(EXIT_CONTINUE);
	assert_memory_equal(io_data(), "\xff\xff\xff\xff\xff\xff\xff\xff\0", 9);
	assert_int_equal(fixture.bus.unhandled_count, 2);
}

static void string_write_stops_at_a_reset(void **state)
{
	(void)state;
	/* 0xdd would turn A20 off. */
	out_exit(0x64, "\x00\xfe\xdd\x00", 1, 4);
	expect(EXIT_SHUTDOWN);
	assert_true(i8042.registers.output_port & 2);
	out_exit(0x64, "\x00\xdd\xfe\x00", 1, 4);
	expect(EXIT_SHUTDOWN);
	assert_false(i8042.registers.output_port & 2);
}

static void empty_access_is_safe(void **state)
{
	(void)state;
	port_exit(0x64, 0, 1, true);
	expect(EXIT_CONTINUE);
	port_exit(0x64, 1, 0, true);
	expect(EXIT_CONTINUE);
	port_exit(0x60, 0, UINT32_MAX, false);
	expect(EXIT_CONTINUE);
	port_exit(0x60, 1, 0, false);
	fixture.run->io.data_offset = RUN_SIZE;
	expect(EXIT_CONTINUE);
}

static void data_outside_of_the_run_structure_is_fatal(void **state)
{
	static const struct {
		uint64_t offset;
		uint8_t size;
		uint32_t count;
	} bad[] = {
		{ RUN_SIZE, 1, 1 },	{ RUN_SIZE - 1, 2, 1 },		 { RUN_SIZE - 7, 1, 8 },
		{ UINT64_MAX, 1, 1 },	{ UINT64_MAX - 3, 4, 1 },	 { 1ull << 63, 1, 1 },
		{ 0, 255, UINT32_MAX }, { 4096, 4, UINT32_MAX / 4 + 1 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < 2 * sizeof(bad) / sizeof(bad[0]); i++) {
		port_exit(NOBODYS_PORT, bad[i / 2].size, bad[i / 2].count, i % 2);
		fixture.run->io.data_offset = bad[i / 2].offset;
		expect(EXIT_FATAL);
	}
	assert_int_equal(fixture.bus.unhandled_count, 0);
	assert_string_equal(described(),
			    "access to port 0x1234: KVM's description of it is no valid one");
	/* The last bytes are still inside. */
	port_exit(NOBODYS_PORT, 4, 2, false);
	fixture.run->io.data_offset = RUN_SIZE - 8;
	expect(EXIT_CONTINUE);
}

static void notices_of_the_interrupt_controller_are_nothing(void **state)
{
	(void)state;
	fixture.run->exit_reason = KVM_EXIT_IRQ_WINDOW_OPEN;
	expect(EXIT_NONE);
	fixture.run->exit_reason = KVM_EXIT_SET_TPR;
	expect(EXIT_NONE);
}

#define PC_CASE(f) cmocka_unit_test_setup_teardown(f, set_up_pc, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(refused),
		PC_CASE(hyperv_calls_nobody),
		PC_CASE(i8042_reset_is_shutdown),
		PC_CASE(i8042_write_of_0_is_no_reset),
		PC_CASE(com1_write_is_captured),
		PC_CASE(com2_write_is_captured),
		PC_CASE(write_to_unknown_port_is_dropped),
		PC_CASE(i8042_status_reads_0),
		PC_CASE(i8042_data_reads_0),
		PC_CASE(unknown_port_reads_ones),
		PC_CASE(exit_of_i8042_reset_is_shutdown),
		PC_CASE(exit_of_i8042_write_of_0_continues),
		PC_CASE(exit_of_com1_write_is_captured),
		PC_CASE(exit_of_com2_write_is_captured),
		PC_CASE(exit_of_write_to_unknown_port_continues),
		PC_CASE(exit_of_i8042_read_gives_0_in_the_first_byte),
		PC_CASE(exit_of_read_from_unknown_port_leaves_ones),
		PC_CASE(exit_of_com1_read_gives_the_register),
		PC_CASE(string_write_sends_every_item),
		PC_CASE(string_write_of_words_sends_their_first_bytes),
		PC_CASE(string_read_fills_every_item),
		PC_CASE(string_write_stops_at_a_reset),
		PC_CASE(empty_access_is_safe),
		PC_CASE(data_outside_of_the_run_structure_is_fatal),
		PC_CASE(notices_of_the_interrupt_controller_are_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
