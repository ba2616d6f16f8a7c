/* SPDX-License-Identifier: MIT */
/* What a test declares, asked by way of a bus: who answers which access, and what is said to the others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>
#include "mock/mock.h"

struct counter {
	uint32_t value;
};

static const struct counter start = { 7 };

/* It counts up by what is written, and refuses zero. */
static int count(void *state, struct r0_access *access)
{
	struct counter *counter = state;

	if (access->write && !access->value)
		return -1;
	if (access->write)
		counter->value += (uint32_t)access->value;
	else
		access->value = counter->value | 0xabcdull << 32;
	return 0;
}

/* The handlers of these tests come back. */
static int call(void *context, struct mock *mock, struct r0_access *access, struct error *error)
{
	unsigned int *calls = context;

	(void)error;
	(*calls)++;
	return mock->declared->handler(mock->state, access) ? -EPERM : 0;
}

static unsigned int calls;
static struct bus bus;
static struct mocks mocks;
static struct error complaint;

static void declare(const struct r0_options *options)
{
	bus_init(&bus);
	complaint.text[0] = '\0';
	calls = 0;
	assert_int_equal(mocks_init(&mocks, options, &bus, &complaint), 0);
	mocks.call = call;
	mocks.context = &calls;
}

static uint32_t get(enum bus_space space, uint64_t address, size_t size)
{
	uint32_t value = 0;

	assert_int_equal(bus_read(&bus, space, address, &value, size), BUS_DONE);
	return value;
}

static enum bus_result put(enum bus_space space, uint64_t address, uint64_t value, size_t size)
{
	return bus_write(&bus, space, address, &value, size);
}

static const struct r0_options two = {
	.io = R0_IO({ 0x100, 0x107, count, &start, sizeof(start) }),
	.mmio = R0_MMIO({ 0xd0000000, 0xd0000fff, count, NULL, sizeof(start) }),
};

/* Each has a state of its own, which begins as it says, and answers in the width of the access. */
static void states(void **state)
{
	(void)state;
	declare(&two);
	assert_int_equal(get(BUS_PORT, 0x100, 4), 7);
	assert_int_equal(get(BUS_MEMORY, 0xd0000ffc, 4), 0);
	assert_int_equal(put(BUS_PORT, 0x107, 0xfb, 1), BUS_DONE);
	assert_int_equal(get(BUS_PORT, 0x100, 2), 0x102);
	assert_int_equal(get(BUS_PORT, 0x100, 1), 2);
	assert_int_equal(get(BUS_MEMORY, 0xd0000000, 4), 0);
	assert_int_equal(calls, 6);
	assert_int_equal(complaint.text[0], '\0');
	mocks_finish(&mocks);
}

/* What begins in a mock and ends outside, and the other space, are nobody's. */
static void nobodys(void **state)
{
	uint32_t value = 0;

	(void)state;
	declare(&two);
	assert_int_equal(put(BUS_PORT, 0x105, 1, 4), BUS_UNMAPPED);
	assert_int_equal(put(BUS_PORT, 0xff, 1, 2), BUS_UNMAPPED);
	assert_int_equal(put(BUS_MEMORY, 0x100, 1, 1), BUS_UNMAPPED);
	assert_int_equal(put(BUS_PORT, 0x108, 1, 1), BUS_UNMAPPED);
	assert_int_equal(bus_read(&bus, BUS_MEMORY, 0xd0000ffd, &value, 4), BUS_UNMAPPED);
	assert_int_equal(bus.unhandled_count, 5);
	assert_int_equal(calls, 0);
	assert_int_equal(complaint.text[0], '\0');
	mocks_finish(&mocks);
	assert_int_equal(put(BUS_PORT, 0x100, 1, 1), BUS_UNMAPPED);
}

static void refused(void **state)
{
	char *text = NULL;
	size_t length;
	FILE *out;

	(void)state;
	declare(&two);
	get(BUS_PORT, 0x104, 2);
	assert_int_equal(put(BUS_PORT, 0x100, 0, 2), BUS_REFUSED);
	assert_string_equal(complaint.text,
			    "write of 0 (2 bytes) to port 0x100, which its mock refuses");
	assert_int_equal(bus.unhandled_count, 0);
	out = open_memstream(&text, &length);
	mock_print_accesses(&mocks.entries[0], out);
	fclose(out);
	assert_string_equal(text, "  read of 2 bytes from port 0x104 gave 0x7\n"
				  "  write of 0 (2 bytes) to port 0x100\n");
	free(text);
	mocks_finish(&mocks);
}

static const struct r0_options several = {
	.ioports = R0_IOPORTS({ 0x70, 0x1122 }, { 0x100, 5 }, { 0x70, 0x3344 }),
	.io = R0_IO({ 0x100, 0x101, count, &start, sizeof(start) }),
};

/* Every read of a port gives its first value; a write of any of its values is as declared. */
static void declared_ports(void **state)
{
	(void)state;
	declare(&several);
	assert_int_equal(get(BUS_PORT, 0x70, 2), 0x1122);
	assert_int_equal(get(BUS_PORT, 0x70, 1), 0x22);
	assert_int_equal(put(BUS_PORT, 0x70, 0x3344, 2), BUS_DONE);
	assert_int_equal(put(BUS_PORT, 0x70, 0x44, 1), BUS_DONE);
	/* A port that has a value is no mock's; its neighbour is. */
	assert_int_equal(get(BUS_PORT, 0x100, 1), 5);
	assert_int_equal(get(BUS_PORT, 0x101, 1), 7);
	assert_int_equal(put(BUS_PORT, 0x71, 0x22, 1), BUS_UNMAPPED);
	assert_int_equal(put(BUS_PORT, 0x70, 0x45, 1), BUS_REFUSED);
	assert_string_equal(complaint.text, "write of 0x45 (1 byte) to port 0x70, which is "
					    "declared as 0x22");
	mocks_finish(&mocks);
}

static const struct counter ten = { 10 }, twenty = { 20 };

static const struct r0_options overlaps = {
	.io = R0_IO({ 0x102, 0x102, count, &ten, sizeof(ten) },
		    { 0x100, 0x107, count, &twenty, sizeof(twenty) }),
};

/* Of two mocks that hold an access the first one declared has it; one that holds but a part has none. */
static void overlapping(void **state)
{
	(void)state;
	declare(&overlaps);
	assert_int_equal(get(BUS_PORT, 0x102, 1), 10);
	assert_int_equal(get(BUS_PORT, 0x102, 2), 20);
	mocks_finish(&mocks);
}

static const struct r0_options backwards = { .mmio = R0_MMIO({ 2, 1, count, NULL, 0 }) };
static const struct r0_options beyond = { .io = R0_IO({ 0xffff, 0x10000, count, NULL, 0 }) };
static const struct r0_options idle = { .io = R0_IO({ 1, 1, NULL, NULL, 0 }) };

static void what_cannot_be(void **state)
{
	static const struct {
		const struct r0_options *options;
		const char *text;
	} cases[] = {
		{ &backwards, ".mmio: 0x2 to 0x1 ends before it begins" },
		{ &beyond, ".io: 0xffff to 0x10000 ends beyond the last port, 0xffff" },
		{ &idle, ".io: 0x1 to 0x1 has no handler" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bus_init(&bus);
		complaint.text[0] = '\0';
		assert_int_equal(mocks_init(&mocks, cases[i].options, &bus, &complaint), -EINVAL);
		assert_string_equal(complaint.text, cases[i].text);
		assert_null(bus.elsewhere[BUS_PORT]);
		mocks_finish(&mocks);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states),      cmocka_unit_test(nobodys),
		cmocka_unit_test(refused),     cmocka_unit_test(declared_ports),
		cmocka_unit_test(overlapping), cmocka_unit_test(what_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
