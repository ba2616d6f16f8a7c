/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of mirror/code_patches.c, code.c and code_jump: what is wanted of code, and a mirror of this program
 * that has it so. No VM is needed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "base/bitmap.h"
#include "mirror/code.h"
#include "mirror/code_jump.h"

#define PAGES 4

static const uint8_t ones[16] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
static const uint8_t twos[16] = { 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2 };

/* Memory that can't be written, as code, each byte of which is 0x90. */
static uint8_t *code;

static int set_up(void **state)
{
	(void)state;
	code = mmap(NULL, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		    -1, 0);
	if (code == MAP_FAILED)
		return -1;
	memset(code, 0x90, PAGES * PAGE_SIZE);
	return mprotect(code, PAGES * PAGE_SIZE, PROT_READ | PROT_EXEC);
}

static int tear_down(void **state)
{
	(void)state;
	return munmap(code, PAGES * PAGE_SIZE);
}

static void assert_shown(const struct code_patches *patches, const char *addresses,
			 const char *values)
{
	size_t i;

	assert_int_equal(patches->shown_count, strlen(addresses));
	for (i = 0; i < patches->shown_count; i++) {
		assert_int_equal(patches->shown[i].address, addresses[i]);
		assert_int_equal(patches->shown[i].value, values[i]);
	}
}

static void later_ones_lie_over_others(void **state)
{
	struct code_patches patches = { 0 };

	(void)state;
	assert_int_equal(code_patches_show(&patches, 'f', "123", 3), 0);
	assert_int_equal(code_patches_show(&patches, 'a', "4", 1), 0);
	assert_shown(&patches, "afgh", "4123");
	assert_int_equal(code_patches_show(&patches, 'k', "5", 1), 0);
	assert_shown(&patches, "afghk", "41235");
	assert_int_equal(code_patches_show(&patches, 'g', "6789", 4), 0);
	assert_shown(&patches, "afghijk", "4167895");
	assert_int_equal(code_patches_show(&patches, 'h', "0", 1), 0);
	assert_shown(&patches, "afghijk", "4160895");
	assert_int_equal(code_patches_show(&patches, 'a', "ABCDEFGHIJKL", 12), 0);
	assert_shown(&patches, "abcdefghijkl", "ABCDEFGHIJKL");
	assert_int_equal(code_patches_show(&patches, 'm', "", 0), 0);
	assert_shown(&patches, "abcdefghijkl", "ABCDEFGHIJKL");
	code_patches_finish(&patches);
	assert_null(patches.shown);
}

/* In any order, as by a list of all addresses. */
static void random_ones(void **state)
{
	struct code_patches patches = { 0 };
	int values[300];
	unsigned int i, at, size, found;
	uint8_t bytes[32];

	(void)state;
	srand(1);
	memset(values, -1, sizeof(values));
	for (i = 0; i < 2000; i++) {
		at = (unsigned int)rand() % 260;
		size = (unsigned int)rand() % (i % 2 ? 32 : 2);
		memset(bytes, rand() & 0xff, sizeof(bytes));
		assert_int_equal(code_patches_show(&patches, at, bytes, size), 0);
		while (size--)
			values[at + size] = bytes[0];
		found = 0;
		for (at = 0; at < 300; at++) {
			if (values[at] < 0)
				continue;
			assert_int_equal(patches.shown[found].address, at);
			assert_int_equal(patches.shown[found++].value, values[at]);
		}
		assert_int_equal(patches.shown_count, found);
	}
	code_patches_finish(&patches);
}

static void pages_in_order(void **state)
{
	static const struct {
		uint64_t address;
		size_t shown;
		bool own;
	} expected[] = { { 0x1000, 2, false },
			 { 0x2000, 1, true },
			 { 0x3000, 0, true },
			 { 0x8000, 0, true },
			 { 0x9000, 1, false } };
	struct code_patches patches = { 0 };
	struct code_page_walk walk = { 0 };
	struct code_page page;
	size_t i;

	(void)state;
	assert_false(code_patches_next(&patches, &walk, &page));
	assert_int_equal(code_patches_own(&patches, 0x8fff, 1), 0);
	assert_int_equal(code_patches_own(&patches, 0x2ffe, 4), 0);
	assert_int_equal(code_patches_own(&patches, 0x2000, 0x2000), 0);
	assert_int_equal(code_patches_show(&patches, 0x9000, ones, 1), 0);
	assert_int_equal(code_patches_show(&patches, 0x1ffe, ones, 3), 0);
	for (i = 0; i < 5; i++) {
		assert_true(code_patches_next(&patches, &walk, &page));
		assert_int_equal(page.address, expected[i].address);
		assert_int_equal(page.shown_count, expected[i].shown);
		assert_int_equal(page.own, expected[i].own);
	}
	assert_false(code_patches_next(&patches, &walk, &page));
	code_patches_finish(&patches);
}

static struct mirror *make_mirror(const struct code_patches *patches)
{
	const struct mirror_config config = {
		.direct_map = 0xffff800000000000,
		.physical_bits = 46,
		.gigabyte_pages = true,
		.code = patches,
	};
	struct error error = { "" };
	struct mirror *mirror = NULL;

	assert_int_equal(mirror_create(&mirror, &config, &error), 0);
	return mirror;
}

static void assert_code(const struct mirror *mirror, enum code_of whose, size_t at,
			const void *expected, size_t size)
{
	uint8_t bytes[64];

	assert_true(size <= sizeof(bytes));
	assert_int_equal(code_read(mirror, whose, (uint64_t)code + at, bytes, size), size);
	assert_memory_equal(bytes, expected, size);
}

/* Also over the end of a page, and on one that is the VMs' own, too. */
static void ring_0_is_shown_others(void **state)
{
	static const uint8_t process[18] = { 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
					     0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90 };
	static const size_t places[] = { 100, PAGE_SIZE - 8, 2 * PAGE_SIZE + 5 };
	struct code_patches patches = { 0 };
	uint8_t bytes[18], expected[18];
	struct mirror *mirror;
	r0_gpa physical;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++)
		assert_int_equal(code_patches_show(&patches, (uint64_t)code + places[i], ones, 16),
				 0);
	assert_int_equal(code_patches_own(&patches, (uint64_t)code + 2 * PAGE_SIZE, 1), 0);
	mirror = make_mirror(&patches);
	code_patches_finish(&patches);
	memcpy(expected, process, sizeof(expected));
	memcpy(expected + 1, ones, sizeof(ones));
	for (i = 0; i < 3; i++) {
		assert_code(mirror, CODE_OF_RING_0, places[i] - 1, expected, 18);
		assert_code(mirror, CODE_OF_RING_3, places[i] - 1, process, 18);
		assert_memory_equal(code + places[i] - 1, process, 18);
	}
	/* By guest-physical address, the process's again, but for what someone wrote there. */
	assert_true(page_table_walk(&mirror->frames, mirror->root, gva((uint64_t)code + 99),
				    &physical, NULL));
	memcpy(bytes, expected, sizeof(bytes));
	bytes[4] = 7;
	code_unpatch(mirror, physical, bytes, sizeof(bytes));
	memcpy(expected, process, sizeof(expected));
	expected[4] = 7;
	assert_memory_equal(bytes, expected, sizeof(bytes));
	mirror_destroy(mirror);
}

/* What replaces code is not undone for those who are to see what is executed. */
static void replaced_code_stays(void **state)
{
	struct code_patches patches = { 0 };
	struct mirror *mirror;
	uint8_t bytes[16];
	r0_gpa physical;

	(void)state;
	assert_int_equal(code_patches_show(&patches, (uint64_t)code + 104, ones, 1), 0);
	assert_int_equal(code_patches_replace(&patches, (uint64_t)code + 100, ones, 16), 0);
	mirror = make_mirror(&patches);
	code_patches_finish(&patches);
	assert_code(mirror, CODE_OF_RING_0, 100, ones, 16);
	assert_true(page_table_walk(&mirror->frames, mirror->root, gva((uint64_t)code + 100),
				    &physical, NULL));
	memcpy(bytes, ones, sizeof(bytes));
	code_unpatch(mirror, physical, bytes, sizeof(bytes));
	assert_memory_equal(bytes, ones, sizeof(bytes));
	mirror_destroy(mirror);
}

/* Each ring's in the mirror, both rings' in one machine's memory, which says so to its reset. */
static void own_code_is_changed(void **state)
{
	struct code_patches patches = { 0 };
	struct mirror *mirror;
	struct memory memory;
	r0_gpa physical;
	enum code_of whose;
	uint8_t was[16];

	(void)state;
	memset(was, 0x90, sizeof(was));
	assert_int_equal(code_patches_own(&patches, (uint64_t)code + PAGE_SIZE, 2 * PAGE_SIZE), 0);
	mirror = make_mirror(&patches);
	code_patches_finish(&patches);
	assert_int_equal(code_write(mirror, CODE_OF_RING_0, (uint64_t)code + PAGE_SIZE, ones, 16),
			 0);
	assert_code(mirror, CODE_OF_RING_0, PAGE_SIZE, ones, 16);
	assert_code(mirror, CODE_OF_RING_3, PAGE_SIZE, was, 16);
	memory = (struct memory){ .mirror = mirror, .frames = mirror->frames };
	memory.frames.bytes = mmap(NULL, mirror->frames.count * PAGE_SIZE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_NORESERVE, mirror->fd, 0);
	memory.frames.changed = calloc(bitmap_words(mirror->frames.count), sizeof(uint64_t));
	assert_true(memory.frames.bytes != MAP_FAILED && memory.frames.changed);
	assert_int_equal(code_change(&memory, (uint64_t)code + 2 * PAGE_SIZE - 8, twos, 16), 0);
	assert_code(mirror, CODE_OF_RING_0, 2 * PAGE_SIZE - 8, was, 16);
	for (whose = CODE_OF_RING_0; whose <= CODE_OF_RING_3; whose++) {
		assert_true(page_table_walk(
			&memory.frames, whose == CODE_OF_RING_0 ? mirror->root : mirror->user_root,
			gva((uint64_t)code + 2 * PAGE_SIZE), &physical, NULL));
		assert_memory_equal(frames_at(&memory.frames, physical.value), twos, 8);
		assert_true(bitmap_has(memory.frames.changed,
				       (physical.value - memory.frames.base) / PAGE_SIZE));
	}
	munmap(memory.frames.bytes, mirror->frames.count * PAGE_SIZE);
	free(memory.frames.changed);
	mirror_destroy(mirror);
}

/* Code of a file is the process's own, unless that was asked for; and nothing becomes of what is nowhere. */
static void others_code_is_not(void **state)
{
	const uint64_t function = (uint64_t)others_code_is_not;
	struct code_patches patches = { 0 };
	struct mirror *mirror;

	(void)state;
	assert_int_equal(code_patches_show(&patches, 0x10, ones, 16), 0);
	assert_int_equal(code_patches_own(&patches, 0x5000, 16), 0);
	mirror = make_mirror(&patches);
	assert_int_equal(code_write(mirror, CODE_OF_RING_0, function, ones, 16), -EFAULT);
	assert_int_equal(code_write(mirror, CODE_OF_RING_0, 0x10, ones, 16), -EFAULT);
	assert_int_equal(code_write(mirror, CODE_OF_RING_0, 0x5000, ones, 16), -EFAULT);
	mirror_destroy(mirror);
	assert_int_equal(code_patches_own(&patches, function, 16), 0);
	mirror = make_mirror(&patches);
	assert_int_equal(code_write(mirror, CODE_OF_RING_0, function, ones, 16), 0);
	mirror_destroy(mirror);
	code_patches_finish(&patches);
}

static int seven(void)
{
	return 7;
}

static void jumps_anywhere(void **state)
{
	uint8_t *page = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t size;

	(void)state;
	assert_true(page != MAP_FAILED);
	size = code_jump(page + 8, (uint64_t)seven);
	assert_true(size <= CODE_JUMP_MOST);
	assert_int_equal(page[8 + size], 0);
	__builtin___clear_cache((char *)page, (char *)page + PAGE_SIZE);
	assert_int_equal(((int (*)(void))(uintptr_t)(page + 8))(), 7);
	munmap(page, PAGE_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_ones_lie_over_others),
		cmocka_unit_test(random_ones),
		cmocka_unit_test(pages_in_order),
		cmocka_unit_test_setup_teardown(ring_0_is_shown_others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(replaced_code_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(own_code_is_changed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(others_code_is_not, set_up, tear_down),
		cmocka_unit_test(jumps_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
