/* SPDX-License-Identifier: MIT */
/* The firmware configuration device, as QEMU's docs/specs/fw_cfg.rst has it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "devices/pc/fw_cfg.h"

#define RAM_AT 0x100000ull

static _Alignas(4096) uint8_t memory[0x2000];
static struct ram ram;
static struct bus bus;
static struct fw_cfg fw_cfg;

static int make(void **state)
{
	const struct ram_region region = { gpa(RAM_AT), sizeof(memory), memory, false, NULL };

	(void)state;
	memset(memory, 0x77, sizeof(memory));
	ram = (struct ram){ .count = 0 };
	bus_init(&bus);
	fw_cfg_init(&fw_cfg, &ram);
	return ram_add(&ram, &region, NULL) ||
	       bus_add(&bus, BUS_PORT, FW_CFG_PORT, FW_CFG_PORTS, &fw_cfg.dev, NULL);
}

static void choose(uint16_t key)
{
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x510, &key, 2), BUS_DONE);
}

static uint8_t next(void)
{
	uint8_t value = 0x55;

	assert_int_equal(bus_read(&bus, BUS_PORT, 0x511, &value, 1), BUS_DONE);
	return value;
}

/* The next bytes as a number, little- or big-endian. */
static uint64_t number(unsigned int size, bool big)
{
	uint64_t value = 0;
	unsigned int i;

	for (i = 0; i < size; i++)
		value = big ? value << 8 | next() : value | (uint64_t)next() << 8 * i;
	return value;
}

static void items_of_every_machine(void **state)
{
	(void)state;
	choose(FW_CFG_SIGNATURE);
	assert_int_equal(number(4, true), 0x51454d55); /* QEMU */
	assert_int_equal(next(), 0);
	choose(FW_CFG_ID);
	assert_int_equal(number(4, false), 3);
	choose(FW_CFG_DIRECTORY);
	assert_int_equal(number(8, true), 0);
	choose(0x1234);
	assert_int_equal(number(8, true), 0);
}

static void numbers(void **state)
{
	unsigned int i;

	(void)state;
	assert_int_equal(fw_cfg_add_number(&fw_cfg, FW_CFG_RAM_SIZE, 0x123456789a, 8, NULL), 0);
	assert_int_equal(fw_cfg_add_number(&fw_cfg, FW_CFG_CPUS, 3, 2, NULL), 0);
	choose(FW_CFG_RAM_SIZE);
	assert_true(number(8, false) == 0x123456789a);
	choose(FW_CFG_CPUS);
	assert_int_equal(number(4, false), 3);
	/* Selecting begins anew; the bit for writes is none of the key's. */
	choose(0x4000 | FW_CFG_CPUS);
	assert_int_equal(next(), 3);
	for (i = 0; i < FW_CFG_ITEMS_MAX - 5; i++)
		assert_int_equal(fw_cfg_add_number(&fw_cfg, 0x8000, 1, 4, NULL), 0);
	assert_int_equal(fw_cfg_add_number(&fw_cfg, 0x8000, 1, 4, NULL), -28);
}

static void files(void **state)
{
	struct error error = { "" };
	char name[80];
	unsigned int i;

	(void)state;
	assert_int_equal(fw_cfg_add_file(&fw_cfg, "opt/a", "hello", 5, NULL), 0);
	assert_int_equal(fw_cfg_add_file(&fw_cfg, "etc/empty", "", 0, NULL), 0);
	choose(FW_CFG_DIRECTORY);
	assert_int_equal(number(4, true), 2);
	assert_int_equal(number(4, true), 5);
	assert_int_equal(number(2, true), 0x20);
	assert_int_equal(number(2, true), 0);
	for (i = 0; i < 56; i++)
		name[i] = (char)next();
	assert_string_equal(name, "opt/a");
	assert_int_equal(number(4, true), 0);
	assert_int_equal(number(2, true), 0x21);
	choose(0x20);
	assert_int_equal(number(6, true), 0x68656c6c6f00);
	/* Names that there can't be. */
	assert_int_equal(fw_cfg_add_file(&fw_cfg, "opt/a", "x", 1, &error), -22);
	assert_non_null(strstr(error.text, "opt/a"));
	assert_int_equal(fw_cfg_add_file(&fw_cfg, "", "x", 1, NULL), -22);
	memset(name, 'n', 56);
	name[56] = '\0';
	assert_int_equal(fw_cfg_add_file(&fw_cfg, name, "x", 1, NULL), -22);
	assert_int_equal(fw_cfg_add_file(&fw_cfg, name + 1, "x", 1, NULL), 0);
	assert_int_equal(fw_cfg_add_file(&fw_cfg, "large", "x", 1ull << 32, NULL), -22);
	for (i = 3; i < FW_CFG_FILES_MAX; i++) {
		snprintf(name, sizeof(name), "file%u", i);
		assert_int_equal(fw_cfg_add_file(&fw_cfg, name, "x", 1, NULL), 0);
	}
	assert_int_equal(fw_cfg_add_file(&fw_cfg, "one more", "x", 1, NULL), -28);
	choose(FW_CFG_DIRECTORY);
	assert_int_equal(number(4, true), FW_CFG_FILES_MAX);
}

static void put_big(uint8_t *to, unsigned int size, uint64_t value)
{
	while (size--) {
		to[size] = (uint8_t)value;
		value >>= 8;
	}
}

static uint32_t control_now(void)
{
	return (uint32_t)memory[0] << 24 | (uint32_t)memory[1] << 16 | (uint32_t)memory[2] << 8 |
	       memory[3];
}

/* A transfer by a descriptor at the start of memory. Returns its control afterwards. */
static uint32_t dma(uint32_t control, uint32_t length, uint64_t address)
{
	uint8_t at[8];

	put_big(memory, 4, control);
	put_big(memory + 4, 4, length);
	put_big(memory + 8, 8, address);
	put_big(at, 8, RAM_AT);
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x514, at, 4), BUS_DONE);
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x518, at + 4, 4), BUS_DONE);
	return control_now();
}

static void dma_reads(void **state)
{
	(void)state;
	fw_cfg_add_file(&fw_cfg, "opt/a", "hello, world", 12, NULL);
	/* Select, read. */
	assert_int_equal(dma(0x20000a, 5, RAM_AT + 0x1000), 0);
	assert_memory_equal(memory + 0x1000, "hello\x77", 6);
	/* Skip, and go on beyond the end. */
	assert_int_equal(dma(4, 2, 0), 0);
	assert_int_equal(dma(2, 8, RAM_AT + 0x1000), 0);
	assert_memory_equal(memory + 0x1000, "world\0\0\0\x77", 9);
	assert_int_equal(dma(2, 4, RAM_AT + 0x1000), 0);
	assert_memory_equal(memory + 0x1000, "\0\0\0\0d", 4);
	/* Select alone; the ports go on with it. */
	assert_int_equal(dma(0x200008, 0, 0), 0);
	assert_int_equal(next(), 'h');
	/* Neither. */
	assert_int_equal(dma(0, 5, 0), 0);
	assert_int_equal(next(), 'e');
}

static void dma_errors(void **state)
{
	uint8_t at[8];

	(void)state;
	fw_cfg_add_file(&fw_cfg, "opt/a", "hello", 5, NULL);
	/* Outside of memory, and across its end. */
	assert_int_equal(dma(0x20000a, 5, 0), 1);
	assert_int_equal(dma(0x20000a, 5, RAM_AT + sizeof(memory) - 4), 1);
	assert_int_equal(memory[sizeof(memory) - 1], 0x77);
	assert_int_equal(dma(0x20000a, UINT32_MAX, RAM_AT), 1);
	assert_int_equal(dma(0x20000a, 5, UINT64_MAX - 2), 1);
	/* Items can't be written. */
	assert_int_equal(dma(0x200018, 5, RAM_AT + 0x1000), 1);
	/* The descriptor outside of memory: nothing happens. */
	memset(memory, 0x77, sizeof(memory));
	put_big(at, 8, RAM_AT + sizeof(memory) - 8);
	bus_write(&bus, BUS_PORT, 0x514, at, 4);
	bus_write(&bus, BUS_PORT, 0x518, at + 4, 4);
	assert_int_equal(control_now(), 0x77777777);
	/* The upper half is spent with the lower one. */
	put_big(at, 8, 1ull << 32 | RAM_AT);
	bus_write(&bus, BUS_PORT, 0x514, at, 4);
	bus_write(&bus, BUS_PORT, 0x518, at + 4, 4);
	assert_int_equal(control_now(), 0x77777777);
	put_big(memory, 4, 0x20000a);
	bus_write(&bus, BUS_PORT, 0x518, at + 4, 4);
	assert_int_equal(control_now(), 1);
}

static void other_accesses(void **state)
{
	uint32_t value = 0;
	uint16_t word;

	(void)state;
	assert_int_equal(bus_read(&bus, BUS_PORT, 0x514, &value, 4), BUS_DONE);
	assert_memory_equal(&value, "QEMU", 4);
	assert_int_equal(bus_read(&bus, BUS_PORT, 0x518, &value, 4), BUS_DONE);
	assert_memory_equal(&value, " CFG", 4);
	/* A byte is no selector, and data are a byte at a time. */
	choose(FW_CFG_ID);
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x510, "\5", 1), BUS_DONE);
	word = 0x5555;
	assert_int_equal(bus_read(&bus, BUS_PORT, 0x511, &word, 2), BUS_DONE);
	assert_int_equal(word, 0x5503);
	assert_int_equal(bus_write(&bus, BUS_PORT, 0x511, "\5", 1), BUS_DONE);
	assert_int_equal(next(), 0);
}

static void snapshot(void **state)
{
	uint8_t saved[sizeof(struct fw_cfg_registers)];

	(void)state;
	assert_int_equal(bus_state_size(&bus), sizeof(saved));
	choose(FW_CFG_SIGNATURE);
	next();
	bus_save(&bus, saved);
	assert_int_equal(next(), 'E');
	bus_reset(&bus);
	assert_int_equal(next(), 'Q');
	bus_restore(&bus, saved);
	assert_int_equal(next(), 'E');
	memset(saved, 0xff, sizeof(saved));
	bus_restore(&bus, saved);
	assert_int_equal(next(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(items_of_every_machine, make),
		cmocka_unit_test_setup(numbers, make),
		cmocka_unit_test_setup(files, make),
		cmocka_unit_test_setup(dma_reads, make),
		cmocka_unit_test_setup(dma_errors, make),
		cmocka_unit_test_setup(other_accesses, make),
		cmocka_unit_test_setup(snapshot, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
