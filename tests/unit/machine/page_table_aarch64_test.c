/* SPDX-License-Identifier: MIT */
/* Translation tables of arm64: Arm ARM, D8.3. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/page_walk_aarch64.h"
#include "mirror/page_table.h"

#define BASE  0x100000000ul
#define COUNT 64u

static struct frames frames;
static uint64_t root;

static int set_up(void **state)
{
	(void)state;
	frames = (struct frames){ .base = BASE, .count = COUNT };
	frames.bytes = calloc(COUNT, PAGE_SIZE);
	assert_non_null(frames.bytes);
	root = page_table_make(&frames);
	assert_int_equal(root, BASE);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	free(frames.bytes);
	return 0;
}

static bool read_entry(void *context, uint64_t at, uint64_t *entry)
{
	const uint64_t *entries = frames_at(context, at);

	if (entries)
		*entry = entries[(at & (PAGE_SIZE - 1)) / 8];
	return entries;
}

/* The last descriptor on the way to an address, by the root of its half. */
static struct page_walk_entry last(uint64_t address)
{
	struct page_walk walk;

	page_walk(&walk, address >> 63 ? root + PAGE_SIZE : root, address, read_entry, &frames);
	return walk.entries[walk.count - 1];
}

static void map(uint64_t address, uint64_t physical, uint64_t size, unsigned int rights, bool large)
{
	assert_int_equal(
		page_table_map(&frames, root, gva(address), gpa(physical), size, rights, large), 0);
}

static void rights_of_el1(void **state)
{
	const uint64_t always = DESCRIPTOR_VALID | DESCRIPTOR_TABLE | DESCRIPTOR_AF |
				DESCRIPTOR_NG | DESCRIPTOR_INNER_SHAREABLE | DESCRIPTOR_UXN;

	(void)state;
	map(0x400000, 0x5000, PAGE_SIZE, PAGE_EXECUTE, false);
	map(0x401000, 0x6000, PAGE_SIZE, 0, false);
	map(0x402000, 0x7000, PAGE_SIZE, PAGE_WRITE, false);
	map(0x403000, 0x8000, PAGE_SIZE, PAGE_WRITE | PAGE_EXECUTE, false);
	map(0x404000, 0x9000, PAGE_SIZE, PAGE_WRITE | PAGE_DEVICE, false);
	assert_int_equal(last(0x400000).value, 0x5000 | always | DESCRIPTOR_READ_ONLY);
	assert_int_equal(last(0x401000).value,
			 0x6000 | always | DESCRIPTOR_READ_ONLY | DESCRIPTOR_PXN);
	assert_int_equal(last(0x402000).value, 0x7000 | always | DESCRIPTOR_PXN);
	assert_int_equal(last(0x403000).value, 0x8000 | always);
	assert_int_equal(last(0x404000).value,
			 0x9000 | always | DESCRIPTOR_PXN | DESCRIPTOR_ATTRIBUTES(1));
}

static void rights_of_el0(void **state)
{
	const uint64_t always = DESCRIPTOR_VALID | DESCRIPTOR_TABLE | DESCRIPTOR_AF |
				DESCRIPTOR_NG | DESCRIPTOR_INNER_SHAREABLE | DESCRIPTOR_USER |
				DESCRIPTOR_PXN;

	(void)state;
	map(0x400000, 0x5000, PAGE_SIZE, PAGE_USER | PAGE_EXECUTE, false);
	map(0x402000, 0x7000, PAGE_SIZE, PAGE_USER | PAGE_WRITE, false);
	assert_int_equal(last(0x400000).value, 0x5000 | always | DESCRIPTOR_READ_ONLY);
	assert_int_equal(last(0x402000).value, 0x7000 | always | DESCRIPTOR_UXN);
}

static void what_is_mapped_is_found(void **state)
{
	static const unsigned int all[] = { 0,
					    PAGE_WRITE,
					    PAGE_EXECUTE,
					    PAGE_WRITE | PAGE_EXECUTE,
					    PAGE_USER,
					    PAGE_USER | PAGE_WRITE,
					    PAGE_USER | PAGE_EXECUTE,
					    PAGE_WRITE | PAGE_DEVICE };
	unsigned int i, rights;
	r0_gpa physical;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		map(0xaaaa00000000 + i * PAGE_SIZE, 0x7000, PAGE_SIZE, all[i], false);
		assert_true(page_table_walk(&frames, root, gva(0xaaaa00000123 + i * PAGE_SIZE),
					    &physical, &rights));
		assert_int_equal(physical.value, 0x7123);
		assert_int_equal(rights, all[i]);
	}
	assert_false(page_table_walk(&frames, root, gva(0xaaaa00000000 + i * PAGE_SIZE), &physical,
				     NULL));
}

static void halves_are_apart(void **state)
{
	r0_gpa physical;

	(void)state;
	map(0x0000800000001000, 0x1000, PAGE_SIZE, 0, false);
	map(0xffff800000001000, 0x2000, PAGE_SIZE, 0, false);
	assert_true(page_table_walk(&frames, root, gva(0x0000800000001000), &physical, NULL));
	assert_int_equal(physical.value, 0x1000);
	assert_true(page_table_walk(&frames, root, gva(0xffff800000001000), &physical, NULL));
	assert_int_equal(physical.value, 0x2000);
	assert_false(page_table_walk(&frames, root, gva(0x0001800000001000), &physical, NULL));
}

static void addresses_that_there_are(void **state)
{
	(void)state;
	assert_true(page_table_has(0, 0xffffffffffff));
	assert_true(page_table_has(0xffff000000000000, UINT64_MAX));
	assert_false(page_table_has(0, 0x1000000000000));
	assert_false(page_table_has(0xfffeffffffffffff, UINT64_MAX));
	assert_false(page_table_has(5, 4));
}

static void blocks_where_they_fit(void **state)
{
	struct page_walk_entry entry;
	r0_gpa physical;

	(void)state;
	map(0x40000000, 0x80000000, 0x400000, PAGE_WRITE, true);
	entry = last(0x40000000);
	assert_int_equal(entry.level, 2);
	assert_int_equal(entry.value & DESCRIPTOR_TABLE, 0);
	assert_true(page_table_walk(&frames, root, gva(0x40212345), &physical, NULL));
	assert_int_equal(physical.value, 0x80212345);
	/* Not aligned alike. */
	map(0x50000000, 0x80001000, 0x200000, PAGE_WRITE, true);
	assert_int_equal(last(0x50000000).level, 3);
}

static void page_in_a_block_that_maps_it_so(void **state)
{
	(void)state;
	map(0x40000000, 0x80000000, 0x200000, PAGE_WRITE, true);
	map(0x40001000, 0x80001000, PAGE_SIZE, PAGE_WRITE, false);
	assert_int_equal(page_table_map(&frames, root, gva(0x40001000), gpa(0x90001000), PAGE_SIZE,
					PAGE_WRITE, false),
			 -EEXIST);
	assert_int_equal(page_table_map(&frames, root, gva(0x40001000), gpa(0x80001000), PAGE_SIZE,
					0, false),
			 -EEXIST);
}

static void gigabytes(void **state)
{
	struct page_walk_entry entry;
	r0_gpa physical;

	(void)state;
	assert_int_equal(page_table_map_gigabytes(&frames, root, gva(0xffff000000000000),
						  1ul << 45),
			 512ul << 30);
	entry = last(0xffff000000000000 + (3ul << 30));
	assert_int_equal(entry.level, 1);
	assert_true(entry.leaf);
	assert_true(page_table_walk(&frames, root, gva(0xffff0000c0001234), &physical, NULL));
	assert_int_equal(physical.value, 0xc0001234);
}

static void without_frames(void **state)
{
	(void)state;
	frames.used = COUNT - 2;
	assert_int_equal(page_table_map(&frames, root, gva(0x1000), gpa(0x1000), PAGE_SIZE, 0,
					false),
			 -ENOSPC);
	frames.used = COUNT;
	assert_int_equal(page_table_map_gigabytes(&frames, root, gva(0), 1ul << 30), -ENOSPC);
	frames.used = COUNT - 1;
	assert_int_equal(page_table_make(&frames), 0);
}

static void cost_is_enough(void **state)
{
	uint64_t used = frames.used;

	(void)state;
	map(0xaaaabfff0000, 0x1000, 0x40000, 0, false);
	assert_true(frames.used - used <= page_table_cost(0xaaaabfff0000, 0xaaaac0030000));
}

/* What can't be: a block at level 0, and one at the last level. */
static void descriptors_that_are_reserved(void **state)
{
	uint64_t *entries = frames_at(&frames, root);
	r0_gpa physical;

	(void)state;
	entries[0] = 0x40000000 | DESCRIPTOR_VALID;
	assert_false(page_table_walk(&frames, root, gva(0x1000), &physical, NULL));
	entries[0] = 0;
	map(0x1000, 0x1000, PAGE_SIZE, 0, false);
	entries = frames_at(&frames, last(0x1000).address);
	entries[1] &= ~DESCRIPTOR_TABLE;
	assert_false(page_table_walk(&frames, root, gva(0x1000), &physical, NULL));
}

/* A table that is in no frame. */
static void table_elsewhere(void **state)
{
	uint64_t *entries = frames_at(&frames, root);
	r0_gpa physical;

	(void)state;
	entries[0] = 0x5000 | DESCRIPTOR_VALID | DESCRIPTOR_TABLE;
	assert_false(page_table_walk(&frames, root, gva(0x1000), &physical, NULL));
	assert_int_equal(page_table_map(&frames, root, gva(0x1000), gpa(0x1000), PAGE_SIZE, 0,
					false),
			 -EFAULT);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(rights_of_el1),
		CASE(rights_of_el0),
		CASE(what_is_mapped_is_found),
		CASE(halves_are_apart),
		CASE(addresses_that_there_are),
		CASE(blocks_where_they_fit),
		CASE(page_in_a_block_that_maps_it_so),
		CASE(gigabytes),
		CASE(without_frames),
		CASE(cost_is_enough),
		CASE(descriptors_that_are_reserved),
		CASE(table_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
