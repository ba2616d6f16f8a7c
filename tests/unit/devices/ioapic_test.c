/* SPDX-License-Identifier: MIT */
/* The I/O APIC, by the 82093AA data sheet: what each input sends, and when it sends it again. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "devices/pc/ioapic.h"

#define MASKED	0x10000u
#define LEVEL	0x8000u
#define PENDING 0x4000u /* remote IRR */

static struct bus bus;
static struct ioapic ioapic;
static struct interrupt_message sent[16];
static unsigned int count, changes;

static void send(void *context, const struct interrupt_message *message)
{
	assert_ptr_equal(context, &ioapic);
	assert_uint_in_range(count, 0, 15);
	sent[count++] = *message;
}

static void changed(void *context)
{
	assert_ptr_equal(context, &ioapic);
	changes++;
}

static int make(void **state)
{
	const struct ioapic_options options = {
		.send = send,
		.changed = changed,
		.context = &ioapic,
	};

	(void)state;
	bus_init(&bus);
	ioapic_init(&ioapic, &options);
	count = changes = 0;
	return bus_add(&bus, BUS_MEMORY, IOAPIC_BASE, IOAPIC_SIZE, &ioapic.dev, NULL);
}

static void write_at(uint32_t offset, uint32_t value)
{
	assert_int_equal(bus_write(&bus, BUS_MEMORY, IOAPIC_BASE + offset, &value, 4), BUS_DONE);
}

static uint32_t read_at(uint32_t offset)
{
	uint32_t value = 0x55555555;

	assert_int_equal(bus_read(&bus, BUS_MEMORY, IOAPIC_BASE + offset, &value, 4), BUS_DONE);
	return value;
}

static void out(uint8_t index, uint32_t value)
{
	write_at(0, index);
	write_at(0x10, value);
}

static uint32_t in(uint8_t index)
{
	write_at(0, index);
	return read_at(0x10);
}

static void route(unsigned int input, uint32_t destination, uint32_t low)
{
	out((uint8_t)(0x11 + 2 * input), destination << 24);
	out((uint8_t)(0x10 + 2 * input), low);
}

static void after_a_reset(void **state)
{
	unsigned int i;

	(void)state;
	assert_int_equal(in(0), 0);
	assert_int_equal(in(1), 0x00170020);
	for (i = 0; i < IOAPIC_INPUTS; i++) {
		assert_int_equal(in((uint8_t)(0x10 + 2 * i)), MASKED);
		assert_int_equal(in((uint8_t)(0x11 + 2 * i)), 0);
		ioapic_set_line(&ioapic, i, true);
	}
	/* Beyond the table, and an input that there is not. */
	assert_int_equal(in(0x40), 0);
	out(0x40, 0xffffffff);
	ioapic_set_line(&ioapic, IOAPIC_INPUTS, true);
	assert_int_equal(count, 0);
}

static void registers_keep_what_can_be_written(void **state)
{
	uint8_t byte = 0;

	(void)state;
	out(0, 0xffffffff);
	assert_int_equal(in(0), 0x0f000000);
	assert_int_equal(in(2), 0x0f000000);
	out(1, 0);
	assert_int_equal(in(1), 0x00170020);
	out(0x3e, 0xffffffff);
	out(0x3f, 0xffffffff);
	assert_int_equal(in(0x3e), 0x1afff);
	assert_int_equal(in(0x3f), 0xff000000);
	assert_int_equal(read_at(0), 0x3f);
	/* A byte of the window, and the offsets that are no registers. */
	bus_read(&bus, BUS_MEMORY, IOAPIC_BASE + 0x13, &byte, 1);
	assert_int_equal(byte, 0xff);
	assert_int_equal(read_at(0x20), 0);
	assert_int_equal(read_at(0x40), 0);
}

static void an_edge_sends_one_message(void **state)
{
	(void)state;
	route(4, 3, 0x45);
	ioapic_set_line(&ioapic, 4, true);
	assert_int_equal(count, 1);
	assert_int_equal(sent[0].address, 0xfee03000);
	assert_int_equal(sent[0].data, 0x4045);
	ioapic_set_line(&ioapic, 4, true);
	ioapic_set_line(&ioapic, 4, false);
	assert_int_equal(count, 1);
	ioapic_end_of_interrupt(&ioapic, 0x45);
	ioapic_set_line(&ioapic, 4, true);
	assert_int_equal(count, 2);
	assert_int_equal(in(0x18), 0x45);
}

static void modes_go_into_the_message(void **state)
{
	(void)state;
	/* NMI, to logical destinations. */
	route(1, 0xff, 0x800 | 4 << 8 | 0x20);
	ioapic_set_line(&ioapic, 1, true);
	assert_int_equal(count, 1);
	assert_int_equal(sent[0].address, 0xfeeff004);
	assert_int_equal(sent[0].data, 0x4420);
	/* ExtINT: there are no PICs behind it. */
	route(2, 0, 7 << 8 | 0x21);
	ioapic_set_line(&ioapic, 2, true);
	assert_int_equal(count, 1);
}

/* VT-d 3.3, 5.1.5.1: the entry's upper 16 bits are an address's bits 4 to 19. */
static void entries_for_an_iommu(void **state)
{
	const struct ioapic_options options = {
		.send = send,
		.context = &ioapic,
		.remapped = true,
	};

	(void)state;
	out(0x13, 0x00ff0000);
	assert_int_equal(in(0x13), 0);
	bus_init(&bus);
	ioapic_init(&ioapic, &options);
	assert_int_equal(bus_add(&bus, BUS_MEMORY, IOAPIC_BASE, IOAPIC_SIZE, &ioapic.dev, NULL), 0);
	/* The handle 0x8001: its highest bit where "logical" is. */
	out(0x13, 0x00031234);
	out(0x12, 0x800 | 0x45);
	assert_int_equal(in(0x13), 0x00030000);
	ioapic_set_line(&ioapic, 1, true);
	assert_int_equal(count, 1);
	assert_int_equal(sent[0].address, 0xfee00034);
	assert_int_equal(sent[0].data & 0xff, 0x45);
}

static void a_masked_edge_is_lost(void **state)
{
	(void)state;
	route(4, 0, MASKED | 0x45);
	ioapic_set_line(&ioapic, 4, true);
	route(4, 0, 0x45);
	assert_int_equal(count, 0);
	ioapic_set_line(&ioapic, 4, false);
	ioapic_set_line(&ioapic, 4, true);
	assert_int_equal(count, 1);
}

static void a_level_is_sent_until_it_falls(void **state)
{
	(void)state;
	route(11, 1, LEVEL | 0x66);
	ioapic_set_line(&ioapic, 11, true);
	assert_int_equal(count, 1);
	assert_int_equal(sent[0].data, 0xc066);
	assert_int_equal(in(0x26), LEVEL | PENDING | 0x66);
	/* Not ended yet. */
	ioapic_set_line(&ioapic, 11, false);
	ioapic_set_line(&ioapic, 11, true);
	assert_int_equal(count, 1);
	ioapic_end_of_interrupt(&ioapic, 0x67);
	assert_int_equal(count, 1);
	ioapic_end_of_interrupt(&ioapic, 0x66);
	assert_int_equal(count, 2);
	ioapic_set_line(&ioapic, 11, false);
	ioapic_end_of_interrupt(&ioapic, 0x66);
	assert_int_equal(count, 2);
	assert_int_equal(in(0x26), LEVEL | 0x66);
}

static void a_level_waits_behind_the_mask(void **state)
{
	(void)state;
	route(11, 1, MASKED | LEVEL | 0x66);
	ioapic_set_line(&ioapic, 11, true);
	assert_int_equal(count, 0);
	out(0x26, LEVEL | 0x66);
	assert_int_equal(count, 1);
	/* Masked while in service: the end is noticed, and nothing sent. */
	out(0x26, MASKED | LEVEL | 0x66);
	assert_int_equal(in(0x26), MASKED | LEVEL | PENDING | 0x66);
	ioapic_end_of_interrupt(&ioapic, 0x66);
	assert_int_equal(in(0x26), MASKED | LEVEL | 0x66);
	assert_int_equal(count, 1);
}

static void ends_by_register_and_by_edge(void **state)
{
	(void)state;
	route(11, 1, LEVEL | 0x66);
	ioapic_set_line(&ioapic, 11, true);
	write_at(0x40, 0x66);
	assert_int_equal(count, 2);
	out(0x26, MASKED | 0x66);
	assert_int_equal(in(0x26), MASKED | 0x66);
}

static void says_whose_end_is_to_be_told(void **state)
{
	struct interrupt_message message;

	(void)state;
	route(4, 0, 0x45);
	route(11, 2, MASKED | LEVEL | 0x66);
	assert_int_equal(changes, 4);
	assert_false(ioapic_needs_end(&ioapic, 4, &message));
	assert_false(ioapic_needs_end(&ioapic, 5, &message));
	assert_true(ioapic_needs_end(&ioapic, 11, &message));
	assert_int_equal(message.address, 0xfee02000);
	assert_int_equal(message.data, 0xc066);
	bus_reset(&bus);
	assert_int_equal(changes, 5);
	assert_false(ioapic_needs_end(&ioapic, 11, &message));
}

static void goes_on_from_a_copy(void **state)
{
	uint8_t copy[sizeof(struct ioapic_registers)];

	(void)state;
	route(11, 1, LEVEL | 0x66);
	ioapic_set_line(&ioapic, 11, true);
	assert_int_equal(bus_state_size(&bus), sizeof(copy));
	bus_save(&bus, copy);
	bus_reset(&bus);
	ioapic_set_line(&ioapic, 11, false);
	bus_restore(&bus, copy);
	/* What was sent is not sent again; its end is awaited. */
	assert_int_equal(count, 1);
	ioapic_end_of_interrupt(&ioapic, 0x66);
	assert_int_equal(count, 2);
}

static void makes_any_registers_sound(void **state)
{
	struct ioapic_registers any;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(any); i++)
		((uint8_t *)&any)[i] = 0xff;
	bus_restore(&bus, &any);
	assert_int_equal(ioapic.registers.lines, 0xffffff);
	assert_int_equal(ioapic.registers.select, 0xff);
	assert_int_equal(in(0x10), 0x1efff);
	assert_int_equal(count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(after_a_reset, make),
		cmocka_unit_test_setup(registers_keep_what_can_be_written, make),
		cmocka_unit_test_setup(an_edge_sends_one_message, make),
		cmocka_unit_test_setup(modes_go_into_the_message, make),
		cmocka_unit_test_setup(entries_for_an_iommu, make),
		cmocka_unit_test_setup(a_masked_edge_is_lost, make),
		cmocka_unit_test_setup(a_level_is_sent_until_it_falls, make),
		cmocka_unit_test_setup(a_level_waits_behind_the_mask, make),
		cmocka_unit_test_setup(ends_by_register_and_by_edge, make),
		cmocka_unit_test_setup(says_whose_end_is_to_be_told, make),
		cmocka_unit_test_setup(goes_on_from_a_copy, make),
		cmocka_unit_test_setup(makes_any_registers_sound, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
