/* SPDX-License-Identifier: MIT */
/* Guest-physical memory as the host sees it: every kind of range that is in it, and that isn't. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "devices/ram.h"

#define PAGES 70

static _Alignas(PAGE_SIZE) uint8_t low[2 * PAGE_SIZE], high[PAGES * PAGE_SIZE];
static uint64_t dirty[(PAGES + 63) / 64];
static struct ram ram;

static int add(uint64_t address, uint64_t size, void *host)
{
	struct ram_region region = { .address = gpa(address), .size = size, .host = host };

	return ram_add(&ram, &region, NULL);
}

/* Two pages at 4 KiB, 70 at 1 MiB, one read-only between them. */
static int make_ram(void **state)
{
	const struct ram_region first = { .address = gpa(0x1000), .size = 0x2000, .host = low };
	const struct ram_region second = {
		.address = gpa(0x100000), .size = sizeof(high), .host = high, .dirty = dirty
	};
	const struct ram_region rom = {
		.address = gpa(0x8000), .size = 0x1000, .host = low, .read_only = true
	};

	(void)state;
	memset(&ram, 0, sizeof(ram));
	memset(dirty, 0, sizeof(dirty));
	assert_int_equal(ram_add(&ram, &first, NULL), 0);
	assert_int_equal(ram_add(&ram, &second, NULL), 0);
	assert_int_equal(ram_add(&ram, &rom, NULL), 0);
	return 0;
}

static void inside(void **state)
{
	(void)state;
	assert_ptr_equal(ram_at(&ram, gpa(0x1000), 1, true), low);
	assert_ptr_equal(ram_at(&ram, gpa(0x1000), 0x2000, true), low);
	assert_ptr_equal(ram_at(&ram, gpa(0x2fff), 1, true), low + 0x1fff);
	assert_ptr_equal(ram_at(&ram, gpa(0x100010), 16, false), high + 16);
	assert_ptr_equal(ram_at(&ram, gpa(0x8ff0), 16, false), low + 0xff0);
}

static void outside(void **state)
{
	static const struct {
		uint64_t address, length;
	} ranges[] = {
		{ 0, 1 },
		{ 0xfff, 1 },
		{ 0xfff, 2 },
		{ 0x1000, 0x2001 },
		{ 0x2fff, 2 },
		{ 0x3000, 1 },
		{ 0x1000, UINT64_MAX },
		{ 0x1001, UINT64_MAX - 0x1000 },
		{ 0x1000, 0 - 0x1000ull },
		{ UINT64_MAX, 1 },
		{ UINT64_MAX, UINT64_MAX },
		{ 0x100000 + sizeof(high), 1 },
		{ 0, UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		assert_null(ram_at(&ram, gpa(ranges[i].address), ranges[i].length, false));
		assert_null(ram_at(&ram, gpa(ranges[i].address), ranges[i].length, true));
	}
}

static void read_only(void **state)
{
	(void)state;
	assert_non_null(ram_at(&ram, gpa(0x8000), 0x1000, false));
	assert_null(ram_at(&ram, gpa(0x8000), 1, true));
}

/* Neighbours are not one piece: their host memory isn't either. */
static void across_regions(void **state)
{
	(void)state;
	assert_int_equal(add(0x3000, 0x1000, high), 0);
	assert_non_null(ram_at(&ram, gpa(0x3000), 0x1000, true));
	assert_null(ram_at(&ram, gpa(0x2fff), 2, true));
}

static void dirty_pages(void **state)
{
	(void)state;
	ram_at(&ram, gpa(0x100000), sizeof(high), false);
	assert_int_equal(dirty[0] | dirty[1], 0);
	ram_at(&ram, gpa(0x101000), 0, true);
	assert_int_equal(dirty[0] | dirty[1], 0);
	ram_at(&ram, gpa(0x101fff), 1, true);
	assert_int_equal(dirty[0], 2);
	ram_at(&ram, gpa(0x101fff), 2, true);
	assert_int_equal(dirty[0], 6);
	ram_at(&ram, gpa(0x13ffff), 2, true);
	assert_true(dirty[0] == (1ull << 63 | 6));
	assert_int_equal(dirty[1], 1);
	ram_at(&ram, gpa(0x100000), sizeof(high), true);
	assert_true(dirty[0] == UINT64_MAX);
	assert_int_equal(dirty[1], 0x3f);
}

static void what_cannot_be_added(void **state)
{
	struct error error = { 0 };
	const struct ram_region overlapping = { .address = gpa(0x2000),
						.size = 0x1000,
						.host = low };

	(void)state;
	assert_int_equal(add(0x200000, 0, low), -EINVAL);
	assert_int_equal(add(0x200800, 0x1000, low), -EINVAL);
	assert_int_equal(add(0x200000, 0x1001, low), -EINVAL);
	assert_int_equal(add(0x200000, 0x1000, low + 1), -EINVAL);
	assert_int_equal(add(0 - 0x1000ull, 0x2000, low), -EINVAL);
	assert_int_equal(ram_add(&ram, &overlapping, &error), -EEXIST);
	assert_non_null(strstr(error.text, "0x2000"));
	assert_int_equal(add(0, 0x200000, low), -EEXIST);
	/* The last page there is. */
	assert_int_equal(add(0 - 0x1000ull, 0x1000, low), 0);
	assert_ptr_equal(ram_at(&ram, gpa(UINT64_MAX), 1, true), low + 0xfff);
	for (size_t i = ram.count; i < RAM_REGIONS_MAX; i++)
		assert_int_equal(add(0x1000000 + i * 0x1000, 0x1000, low), 0);
	assert_int_equal(add(0x2000000, 0x1000, low), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(inside, make_ram),
		cmocka_unit_test_setup(outside, make_ram),
		cmocka_unit_test_setup(read_only, make_ram),
		cmocka_unit_test_setup(across_regions, make_ram),
		cmocka_unit_test_setup(dirty_pages, make_ram),
		cmocka_unit_test_setup(what_cannot_be_added, make_ram),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
