/* SPDX-License-Identifier: MIT */
/*
 * Messages and events of Hyper-V's synthetic interrupt controller (Hypervisor Top-Level Functional Specification 6.0b,
 * chapter 11), by kvm-unit-tests' device for it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "devices/pc/hyperv_testdev.h"

#define RAM_AT	 0x100000ull
#define MESSAGES RAM_AT
#define FLAGS	 (RAM_AT + 0x1000)
#define INPUT	 (RAM_AT + 0x2000)

#define POST   0x5c
#define SIGNAL 0x5d
#define FAST   0x10000

static _Alignas(4096) uint8_t memory[0x3000];
static struct ram ram;
static struct bus bus;
static struct hyperv_testdev testdev;
static unsigned int interrupts, last_cpu, last_source, listens;
static bool deaf;

static void take_interrupt(void *context, unsigned int cpu, unsigned int source)
{
	(void)context;
	interrupts++;
	last_cpu = cpu;
	last_source = source;
}

static bool take_listen(void *context, unsigned int cpu, unsigned int source)
{
	(void)context;
	(void)cpu;
	(void)source;
	listens++;
	return !deaf;
}

static int make(void **state)
{
	const struct ram_region region = { gpa(RAM_AT), sizeof(memory), memory, false, NULL };
	const struct synic_cpu cpu = { 1, FLAGS | 1, MESSAGES | 1 };
	const struct hyperv_testdev_options options = {
		.ram = &ram,
		.cpus = 2,
		.interrupt = take_interrupt,
		.listen = take_listen,
	};

	(void)state;
	memset(memory, 0, sizeof(memory));
	interrupts = listens = 0;
	deaf = false;
	ram = (struct ram){ .count = 0 };
	bus_init(&bus);
	hyperv_testdev_init(&testdev, &options);
	hyperv_testdev_set_cpu(&testdev, 1, &cpu);
	hyperv_testdev_set_cpu(&testdev, 2, &cpu);
	return ram_add(&ram, &region, NULL) ||
	       bus_add(&bus, BUS_PORT, HYPERV_TESTDEV_PORT, 4, &testdev.dev, NULL);
}

static void control(unsigned int command, unsigned int cpu, unsigned int source,
		    unsigned int number)
{
	uint32_t value = source | cpu << 8 | command << 16 | (uint32_t)number << 24;

	bus_write(&bus, BUS_PORT, HYPERV_TESTDEV_PORT, &value, 4);
}

static enum hyperv_status post(uint32_t connection, uint32_t type, uint32_t size)
{
	uint8_t *input = memory + (INPUT - RAM_AT);
	unsigned int i;

	dev_store(input, 4, connection);
	dev_store(input + 8, 4, type);
	dev_store(input + 12, 4, size);
	for (i = 0; i < 240; i++)
		input[16 + i] = (uint8_t)(type + i);
	return hyperv_testdev_call(&testdev, POST, INPUT);
}

static uint8_t *slot(unsigned int source)
{
	return memory + source * 256;
}

static void routes(void **state)
{
	uint16_t narrow = 0;

	(void)state;
	control(3, 1, 5, 0);
	assert_int_equal(interrupts, 0);
	control(1, 1, 5, 0);
	control(3, 1, 5, 0);
	assert_int_equal(interrupts, 1);
	assert_int_equal(last_cpu, 1);
	assert_int_equal(last_source, 5);
	control(3, 0, 5, 0);
	control(3, 1, 4, 0);
	assert_int_equal(interrupts, 1);
	control(2, 1, 5, 0);
	control(3, 1, 5, 0);
	assert_int_equal(interrupts, 1);
	/* CPUs and sources that there are not, other commands, other widths. */
	control(1, 2, 5, 0);
	control(3, 2, 5, 0);
	control(1, 1, 16, 0);
	control(3, 1, 16, 0);
	control(0, 1, 5, 0);
	control(8, 1, 5, 0);
	bus_write(&bus, BUS_PORT, HYPERV_TESTDEV_PORT, &narrow, 2);
	assert_int_equal(interrupts, 1);
	bus_read(&bus, BUS_PORT, HYPERV_TESTDEV_PORT, &narrow, 2);
	assert_int_equal(narrow, 0);
}

static void message(void **state)
{
	unsigned int i;

	(void)state;
	assert_int_equal(post(0x10, 0x12345678, 240), HYPERV_INVALID_CONNECTION);
	control(4, 1, 8, 0x10);
	assert_int_equal(listens, 1);
	assert_int_equal(post(0x10, 0x12345678, 240), HYPERV_SUCCESS);
	assert_int_equal(interrupts, 1);
	assert_int_equal(last_cpu, 1);
	assert_int_equal(last_source, 8);
	assert_int_equal(dev_load(slot(8), 4), 0x12345678);
	assert_int_equal(slot(8)[4], 240);
	for (i = 5; i < 16; i++)
		assert_int_equal(slot(8)[i], 0);
	for (i = 0; i < 240; i++)
		assert_int_equal(slot(8)[16 + i], (uint8_t)(0x78 + i));
	assert_int_equal(slot(9)[0], 0);
	/* The number of one that is of another kind, or is no more. */
	control(7, 1, 8, 0x10);
	dev_store(slot(8), 4, 0);
	assert_int_equal(post(0x10, 1, 8), HYPERV_SUCCESS);
	control(5, 0, 0, 0x10);
	assert_int_equal(post(0x10, 1, 8), HYPERV_INVALID_CONNECTION);
}

/* 11.10.2: it says that one waits, and that comes when the slot is free. */
static void message_to_a_busy_slot(void **state)
{
	(void)state;
	control(4, 1, 8, 0x10);
	assert_int_equal(post(0x10, 1, 8), HYPERV_SUCCESS);
	assert_int_equal(post(0x10, 2, 8), HYPERV_SUCCESS);
	assert_int_equal(interrupts, 1);
	assert_int_equal(dev_load(slot(8), 4), 1);
	assert_int_equal(slot(8)[5], 1);
	/* There is one buffer. */
	assert_int_equal(post(0x10, 3, 8), HYPERV_NO_BUFFERS);
	/* An end of another interrupt. */
	hyperv_testdev_taken(&testdev);
	assert_int_equal(interrupts, 1);
	assert_int_equal(dev_load(slot(8), 4), 1);
	dev_store(slot(8), 4, 0);
	hyperv_testdev_taken(&testdev);
	assert_int_equal(interrupts, 2);
	assert_int_equal(dev_load(slot(8), 4), 2);
	assert_int_equal(slot(8)[5], 0);
	assert_int_equal(slot(8)[16], 2);
	hyperv_testdev_taken(&testdev);
	assert_int_equal(interrupts, 2);
	/* Where nobody tells of that, none waits. */
	deaf = true;
	assert_int_equal(post(0x10, 3, 8), HYPERV_NO_BUFFERS);
	dev_store(slot(8), 4, 0);
	hyperv_testdev_taken(&testdev);
	assert_int_equal(interrupts, 2);
	assert_int_equal(post(0x10, 3, 8), HYPERV_SUCCESS);
}

static void messages_that_are_none(void **state)
{
	(void)state;
	control(4, 1, 8, 0x10);
	assert_int_equal(post(0x10, 0, 8), HYPERV_INVALID_INPUT);
	assert_int_equal(post(0x10, 0x80000000, 8), HYPERV_INVALID_INPUT);
	assert_int_equal(post(0x10, 1, 241), HYPERV_INVALID_INPUT);
	assert_int_equal(post(0x100, 1, 8), HYPERV_INVALID_CONNECTION);
	assert_int_equal(hyperv_testdev_call(&testdev, POST, INPUT + 4), HYPERV_INVALID_ALIGNMENT);
	assert_int_equal(hyperv_testdev_call(&testdev, POST, INPUT + 0xf08), HYPERV_INVALID_INPUT);
	assert_int_equal(hyperv_testdev_call(&testdev, POST | FAST, INPUT), HYPERV_INVALID_CODE);
	assert_int_equal(hyperv_testdev_call(&testdev, 0x5b, INPUT), HYPERV_INVALID_CODE);
	assert_int_equal(interrupts, 0);
	/* CPUs that take none: off, no page, a page that is no memory; one of which nothing is known. */
	hyperv_testdev_set_cpu(&testdev, 1, &(struct synic_cpu){ 0, FLAGS | 1, MESSAGES | 1 });
	assert_int_equal(post(0x10, 1, 8), HYPERV_SUCCESS);
	hyperv_testdev_set_cpu(&testdev, 1, &(struct synic_cpu){ 1, FLAGS | 1, MESSAGES });
	assert_int_equal(post(0x10, 1, 8), HYPERV_SUCCESS);
	hyperv_testdev_set_cpu(&testdev, 1, &(struct synic_cpu){ 1, FLAGS | 1, 0xdead001 });
	assert_int_equal(post(0x10, 1, 8), HYPERV_SUCCESS);
	control(4, 0, 8, 0x11);
	assert_int_equal(post(0x11, 1, 8), HYPERV_SUCCESS);
	assert_int_equal(interrupts, 0);
	assert_int_equal(slot(8)[0], 0);
}

static void events(void **state)
{
	const uint8_t *flags = memory + (FLAGS - RAM_AT) + 9 * 256;

	(void)state;
	assert_int_equal(hyperv_testdev_call(&testdev, SIGNAL | FAST, 0x21),
			 HYPERV_INVALID_CONNECTION);
	control(6, 1, 9, 0x21);
	assert_int_equal(hyperv_testdev_call(&testdev, SIGNAL | FAST, 0x21), HYPERV_SUCCESS);
	assert_int_equal(interrupts, 1);
	assert_int_equal(last_source, 9);
	assert_int_equal(flags[4], 2);
	/* One that is set interrupts no more. */
	assert_int_equal(hyperv_testdev_call(&testdev, SIGNAL | FAST, 0x21), HYPERV_SUCCESS);
	assert_int_equal(interrupts, 1);
	/* By memory; flags of a port's, which there are not; reserved bits. */
	memory[FLAGS - RAM_AT + 9 * 256 + 4] = 0;
	dev_store(memory + (INPUT - RAM_AT), 8, 0x21);
	assert_int_equal(hyperv_testdev_call(&testdev, SIGNAL, INPUT), HYPERV_SUCCESS);
	assert_int_equal(interrupts, 2);
	assert_int_equal(hyperv_testdev_call(&testdev, SIGNAL, 0xdead000), HYPERV_INVALID_INPUT);
	assert_int_equal(hyperv_testdev_call(&testdev, SIGNAL, INPUT + 1),
			 HYPERV_INVALID_ALIGNMENT);
	assert_int_equal(hyperv_testdev_call(&testdev, SIGNAL | FAST, 0x100000021),
			 HYPERV_INVALID_PORT);
	assert_int_equal(hyperv_testdev_call(&testdev, SIGNAL | FAST, 0x1000021),
			 HYPERV_INVALID_INPUT);
	assert_int_equal(post(0x21, 1, 8), HYPERV_INVALID_CONNECTION);
	control(7, 0, 0, 0x21);
	assert_int_equal(hyperv_testdev_call(&testdev, SIGNAL | FAST, 0x21),
			 HYPERV_INVALID_CONNECTION);
}

static void snapshot(void **state)
{
	static uint8_t saved[sizeof(struct hyperv_testdev_registers)];

	(void)state;
	assert_int_equal(bus_state_size(&bus), sizeof(saved));
	control(1, 0, 3, 0);
	control(4, 1, 8, 0x10);
	post(0x10, 1, 8);
	post(0x10, 2, 8);
	bus_save(&bus, saved);
	bus_reset(&bus);
	assert_int_equal(post(0x10, 3, 8), HYPERV_INVALID_CONNECTION);
	bus.changed = false;
	listens = 0;
	bus_restore(&bus, saved);
	/* Its owner is told to look, and to listen. */
	assert_true(bus.changed);
	assert_int_equal(listens, 1);
	dev_store(slot(8), 4, 0);
	hyperv_testdev_taken(&testdev);
	assert_int_equal(dev_load(slot(8), 4), 2);
	interrupts = 0;
	control(3, 0, 3, 0);
	assert_int_equal(interrupts, 1);
	memset(saved, 0xff, sizeof(saved));
	bus_restore(&bus, saved);
	assert_int_equal(post(0x10, 3, 8), HYPERV_INVALID_CONNECTION);
	hyperv_testdev_taken(&testdev);
	memset(saved, 1, sizeof(saved));
	bus_restore(&bus, saved);
	hyperv_testdev_taken(&testdev);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(routes, make),
		cmocka_unit_test_setup(message, make),
		cmocka_unit_test_setup(message_to_a_busy_slot, make),
		cmocka_unit_test_setup(messages_that_are_none, make),
		cmocka_unit_test_setup(events, make),
		cmocka_unit_test_setup(snapshot, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
