/* SPDX-License-Identifier: MIT */
/*
 * The PCI device for education (QEMU's docs/specs/edu.rst), and with it what functions on the PCI bus send out: INTA#,
 * messages, and accesses to memory (PCI Local Bus Specification 3.0, 6.8).
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "devices/pci/edu.h"

#define CONFIG 0x800u /* device 1 */
#define AT     (PCI_MEMORY_FIRST + EDU_SIZE)
#define RAM_AT 0x100000u

static struct bus bus;
static struct pci pci;
static struct edu edu;
static uint8_t memory[0x1000];
static bool line;
static unsigned int changes, messages;
static struct interrupt_message last;
static uint16_t last_source;

static void set_line(void *context, unsigned int number, bool level)
{
	(void)context;
	assert_int_equal(number, PCI_IRQ);
	assert_int_not_equal(line, level);
	line = level;
	changes++;
}

static void take_message(void *context, uint16_t source, const struct interrupt_message *message)
{
	(void)context;
	last = *message;
	last_source = source;
	messages++;
}

static bool access_memory(void *context, uint16_t source, bool to, uint64_t address, void *data,
			  size_t size)
{
	(void)context;
	assert_int_equal(source, 8);
	if (address < RAM_AT || address - RAM_AT > sizeof(memory) ||
	    size > sizeof(memory) - (address - RAM_AT))
		return false;
	memcpy(to ? memory + (address - RAM_AT) : data, to ? data : memory + (address - RAM_AT),
	       size);
	return true;
}

static int make(void **state)
{
	const struct pci_outlets outlets = {
		.irq = { .set = set_line, .number = PCI_IRQ },
		.send = take_message,
		.access = access_memory,
	};

	(void)state;
	line = false;
	changes = messages = 0;
	bus_init(&bus);
	pci_init(&pci);
	pci_connect(&pci, &outlets);
	edu_init(&edu);
	return pci_add(&pci, &bus, NULL) || edu_add(&edu, &pci, NULL);
}

static uint64_t read(uint64_t offset, size_t size)
{
	uint64_t value = 0;

	bus_read(&bus, BUS_MEMORY, AT + offset, &value, size);
	return value;
}

static void write(uint64_t offset, uint64_t value, size_t size)
{
	bus_write(&bus, BUS_MEMORY, AT + offset, &value, size);
}

static uint32_t config(uint32_t offset)
{
	uint32_t address = 0x80000000 | CONFIG | offset, value;

	bus_write(&bus, BUS_PORT, PCI_PORT_ADDRESS, &address, 4);
	bus_read(&bus, BUS_PORT, PCI_PORT_DATA, &value, 4);
	return value;
}

static void set_config(uint32_t offset, uint32_t value)
{
	uint32_t address = 0x80000000 | CONFIG | offset;

	bus_write(&bus, BUS_PORT, PCI_PORT_ADDRESS, &address, 4);
	bus_write(&bus, BUS_PORT, PCI_PORT_DATA, &value, 4);
}

static void registers(void **state)
{
	(void)state;
	assert_int_equal(config(0), 0x11e81234);
	assert_int_equal(config(0x10), AT);
	assert_int_equal(read(0, 4), 0x010000ed);
	write(4, 0x12345678, 4);
	assert_int_equal(read(4, 4), 0xedcba987);
	/* Below 0x80 no other width, from there on two, aligned. */
	assert_int_equal(read(0, 1), 0);
	assert_int_equal(read(0, 8), 0);
	write(4, 0, 2);
	assert_int_equal(read(4, 4), 0xedcba987);
	write(0x80, 0x1122334455667788, 8);
	assert_int_equal(read(0x80, 4), 0x55667788);
	assert_int_equal(read(0x84, 4), 0x11223344);
	write(0x84, 0x99, 4);
	assert_int_equal(read(0x80, 8), 0x9955667788);
	assert_int_equal(read(0x84, 8), 0);
	write(0, 7, 4);
	assert_int_equal(read(0, 4), 0x010000ed);
}

static void factorial(void **state)
{
	static const struct {
		uint32_t number, factorial;
	} rows[] = { { 0, 1 },		 { 1, 1 },	     { 5, 120 }, { 12, 479001600 },
		     { 13, 1932053504 }, { 33, 0x80000000 }, { 34, 0 },	 { 0xffffffff, 0 } };
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		write(8, rows[i].number, 4);
		assert_int_equal(read(8, 4), rows[i].factorial);
		assert_int_equal(read(0x20, 4), 0);
	}
	assert_false(line);
	write(0x20, 0xff, 4);
	assert_int_equal(read(0x20, 4), 0x80);
	write(8, 3, 4);
	assert_int_equal(read(8, 4), 6);
	assert_true(line);
	assert_int_equal(read(0x24, 4), 1);
	write(0x64, 1, 4);
	assert_false(line);
}

static void line_until_all_is_acknowledged(void **state)
{
	(void)state;
	assert_int_equal(config(0x3c), 0x100 | PCI_IRQ);
	write(0x60, 0x30, 4);
	assert_true(line);
	write(0x60, 0x40, 4);
	assert_int_equal(changes, 1);
	/* Status: interrupt, and capabilities (6.2.3). */
	assert_int_equal(config(4) >> 16, 0x18);
	write(0x64, 0x50, 4);
	assert_int_equal(read(0x24, 4), 0x20);
	assert_true(line);
	/* INTx off, and on again (6.2.2): the device wants to as before. */
	set_config(4, 0x402);
	assert_false(line);
	assert_int_equal(config(4) >> 16, 0x18);
	set_config(4, 2);
	assert_true(line);
	write(0x64, 0x20, 4);
	assert_false(line);
	assert_int_equal(config(4) >> 16, 0x10);
	write(0x60, 0, 4);
	assert_false(line);
	assert_int_equal(messages, 0);
}

static void messages_instead(void **state)
{
	(void)state;
	assert_int_equal(config(0x34), 0x40);
	assert_int_equal(config(0x40), 0x00800005);
	set_config(0x44, 0xfee0100f);
	set_config(0x4c, 0xabcd4045);
	assert_int_equal(config(0x44), 0xfee0100c);
	assert_int_equal(config(0x4c), 0x4045);
	write(0x60, 1, 4);
	assert_true(line);
	set_config(0x40, 0xffffffff);
	assert_int_equal(config(0x40), 0x00810005);
	assert_false(line);
	/* They are writes: of a bus master. */
	write(0x60, 2, 4);
	assert_int_equal(messages, 0);
	set_config(4, 6);
	write(0x60, 4, 4);
	assert_int_equal(messages, 1);
	assert_int_equal(last.address, 0xfee0100c);
	assert_int_equal(last.data, 0x4045);
	assert_int_equal(last_source, 8);
	write(0x60, 4, 4);
	assert_int_equal(messages, 2);
	write(0x64, ~0u, 4);
	assert_int_equal(messages, 2);
	/* Another address is memory. */
	set_config(0x44, RAM_AT + 4);
	memset(memory, 0xff, sizeof(memory));
	write(0x60, 1, 4);
	assert_int_equal(messages, 2);
	assert_int_equal(dev_load(memory + 4, 8), 0xffffffff00004045);
	set_config(0x44, 0xfee00000);
	set_config(0x48, 1);
	write(0x60, 1, 4);
	assert_int_equal(messages, 2);
	assert_int_equal(changes, 2);
}

static void transfer(uint64_t from, uint64_t to, uint64_t size, uint32_t command)
{
	write(0x80, from, 8);
	write(0x88, to, 8);
	write(0x90, size, 8);
	write(0x98, command, 4);
	assert_int_equal(read(0x98, 4), command & 6);
}

static void transfers(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(memory); i++)
		memory[i] = (uint8_t)(i * 7);
	/* No bus master, no access. */
	transfer(RAM_AT, EDU_BUFFER_AT, 8, 1);
	transfer(EDU_BUFFER_AT, RAM_AT + 0x800, 8, 3);
	assert_int_equal(memory[0x801], (uint8_t)(0x801 * 7));
	set_config(4, 6);
	transfer(RAM_AT, EDU_BUFFER_AT, EDU_BUFFER_SIZE, 1);
	memset(memory, 0, sizeof(memory));
	transfer(EDU_BUFFER_AT + 0xff0, RAM_AT + 0x10, 16, 3);
	for (i = 0; i < 16; i++)
		assert_int_equal(memory[0x10 + i], (uint8_t)((0xff0 + i) * 7));
	assert_int_equal(memory[0x20], 0);
	assert_false(line);
	/* It drives 28 bits. */
	transfer(EDU_BUFFER_AT + 1, 0x7770000000 + RAM_AT, 1, 3);
	assert_int_equal(memory[0], 7);
	/* Beyond the buffer, before it, of a size that wraps: nothing moves, and it is over. */
	memset(memory, 0x55, sizeof(memory));
	transfer(EDU_BUFFER_AT + 1, RAM_AT, EDU_BUFFER_SIZE, 3);
	transfer(EDU_BUFFER_AT - 1, RAM_AT, 2, 3);
	transfer(EDU_BUFFER_AT + 8, RAM_AT, UINT64_MAX - 3, 3);
	transfer(UINT64_MAX, RAM_AT, 2, 3);
	assert_int_equal(memory[0], 0x55);
	/* To where there is no memory, with an interrupt. */
	transfer(EDU_BUFFER_AT, 0x10, 4, 7);
	assert_int_equal(read(0x24, 4), 0x100);
	assert_true(line);
	/* The buffer is for transfers alone. */
	assert_int_equal(read(EDU_BUFFER_AT, 4), 0);
}

static void snapshot(void **state)
{
	static uint8_t saved[sizeof(struct pci_registers) + sizeof(struct edu_registers)];

	(void)state;
	assert_int_equal(bus_state_size(&bus), sizeof(saved));
	write(4, 1, 4);
	write(0x60, 5, 4);
	bus_save(&bus, saved);
	bus_reset(&bus);
	assert_false(line);
	assert_int_equal(read(0x24, 4), 0);
	bus_restore(&bus, saved);
	assert_true(line);
	assert_int_equal(read(0x24, 4), 5);
	assert_int_equal(read(4, 4), 0xfffffffe);
	memset(saved, 0xff, sizeof(saved));
	bus_restore(&bus, saved);
	assert_int_equal(config(0x40), 0x00810005);
	assert_int_equal(config(0x44), 0xfffffffc);
	set_config(0x10, AT);
	assert_int_equal(read(0x20, 4), 0x80);
	assert_int_equal(read(0x98, 4), 6);
	assert_false(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(registers, make),
		cmocka_unit_test_setup(factorial, make),
		cmocka_unit_test_setup(line_until_all_is_acknowledged, make),
		cmocka_unit_test_setup(messages_instead, make),
		cmocka_unit_test_setup(transfers, make),
		cmocka_unit_test_setup(snapshot, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
