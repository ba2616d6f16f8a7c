/* SPDX-License-Identifier: MIT */
/* Page walks over tables made for the purpose. Needs no KVM. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include "crash/walk_x86_64.h"
#include "crash_tables.h"

#define ADDRESS 0x00007f1234567890ull

static struct crash_view view;
static struct crash_walk walk;
static char reason[256];

static const struct crash_access reads, writes = { .write = true }, fetches = { .fetch = true },
					user_reads = { .user = true };

static bool refuses(struct crash_access access)
{
	crash_walk(&view, ADDRESS, &walk);
	return crash_walk_refuses(&view, &walk, access, reason, sizeof(reason));
}

static int setup(void **state)
{
	(void)state;
	tables_init(&view);
	return 0;
}

static void mapped_page_has_its_address(void **state)
{
	(void)state;
	*tables_entry(ADDRESS, 0) = 0x5000 | P | W;
	assert_false(refuses(writes));
	assert_string_equal(reason, "");
	assert_true(walk.mapped);
	assert_int_equal(walk.gpa, 0x5890);
	assert_int_equal(walk.count, 4);
	assert_string_equal(walk.entries[0].name, "PML4E");
	assert_string_equal(walk.entries[3].name, "PTE");
	assert_false(refuses(fetches));
}

static void large_pages_end_the_walk(void **state)
{
	(void)state;
	*tables_entry(ADDRESS, 1) = 0x12200000 | P | PS;
	assert_false(refuses(reads));
	assert_int_equal(walk.count, 3);
	assert_int_equal(walk.gpa, 0x12200000 | (ADDRESS & 0x1fffff));

	tables_init(&view);
	*tables_entry(ADDRESS, 2) = 0x80000000 | P | PS;
	assert_false(refuses(reads));
	assert_int_equal(walk.count, 2);
	assert_int_equal(walk.gpa, 0x80000000 | (ADDRESS & 0x3fffffff));
}

static void each_bit_forbids_its_access(void **state)
{
	uint64_t *entry = tables_entry(ADDRESS, 0);

	(void)state;
	assert_true(refuses(reads));
	assert_string_equal(reason, "the PTE has P clear");
	*entry = 0x5000 | P;
	assert_false(refuses(reads));
	assert_true(refuses(writes));
	assert_string_equal(reason, "the PTE has W clear: the page is read-only");
	view.sregs.cr0 &= ~(1ull << 16);
	assert_false(refuses(writes));
	assert_true(refuses(user_reads));
	assert_string_equal(reason, "the PTE has U clear: the page is the supervisor's");
	*entry |= NX;
	assert_true(refuses(fetches));
	assert_string_equal(reason, "the PTE has NX set: the page is not executable");
	assert_false(refuses(reads));
	view.sregs.efer &= ~(1ull << 11);
	assert_true(refuses(reads));
	assert_string_equal(reason, "the PTE has NX set, reserved while EFER.NXE is clear");
}

static void upper_levels_count(void **state)
{
	(void)state;
	*tables_entry(ADDRESS, 0) = 0x5000 | P | W;
	*tables_entry(ADDRESS, 2) &= ~W;
	assert_true(refuses(writes));
	assert_string_equal(reason, "the PDPTE has W clear: the page is read-only");
	*tables_entry(ADDRESS, 3) |= PS;
	assert_true(refuses(reads));
	assert_string_equal(reason, "the PML4E has PS set, which is reserved there");
}

static void user_pages_are_protected_from_the_supervisor(void **state)
{
	(void)state;
	*tables_entry(ADDRESS, 0) = 0x5000 | P | W | U;
	assert_false(refuses(fetches));
	assert_false(refuses(user_reads));
	view.sregs.cr4 |= 1 << 20;
	assert_true(refuses(fetches));
	assert_string_equal(reason, "the page is the user's and CR4.SMEP is set");
	assert_false(refuses(reads));
	view.sregs.cr4 |= 1 << 21;
	assert_true(refuses(reads));
	view.regs.rflags |= 1 << 18;
	assert_false(refuses(reads));
}

static void tables_outside_memory_are_told(void **state)
{
	(void)state;
	*tables_entry(ADDRESS, 2) = 0x7000000 | P | W;
	assert_true(refuses(reads));
	assert_string_equal(reason, "the PDE at 0x7000d10 is outside guest memory");
	view.sregs.cr3 = 0xdead000;
	assert_true(refuses(reads));
	assert_string_equal(reason, "the PML4E at 0xdead7f0 is outside guest memory, with CR3 "
				    "0xdead000");
}

static void addresses_that_are_not_canonical_have_no_walk(void **state)
{
	(void)state;
	crash_walk(&view, 0x0000800000000000, &walk);
	assert_false(walk.canonical);
	assert_true(crash_walk_refuses(&view, &walk, reads, reason, sizeof(reason)));
	assert_string_equal(reason, "the address is not canonical");
	crash_walk(&view, 0xffff800000000000, &walk);
	assert_true(walk.canonical);
	/* Five levels: bits up to 56. */
	view.sregs.cr4 |= 1 << 12;
	crash_walk(&view, 0x0000800000000000, &walk);
	assert_true(walk.canonical);
	assert_string_equal(walk.entries[0].name, "PML5E");
}

static void memory_is_read_across_pages(void **state)
{
	uint64_t bytes[2] = { 0 };

	(void)state;
	*tables_entry(0x400000, 0) = 0x20000 | P;
	*tables_entry(0x401000, 0) = 0x30000 | P;
	tables_memory[0x20][511] = 0x1111;
	tables_memory[0x30][0] = 0x2222;
	assert_int_equal(crash_walk_read(&view, 0x400ff8, bytes, 16), 16);
	assert_int_equal(bytes[0], 0x1111);
	assert_int_equal(bytes[1], 0x2222);
	assert_int_equal(crash_walk_read(&view, 0x401ff8, bytes, 16), 8);
	assert_false(crash_walk_refuses_range(&view, 0x400ff8, 16, reads, reason, sizeof(reason)));
	assert_true(crash_walk_refuses_range(&view, 0x401ff8, 16, reads, reason, sizeof(reason)));
}

static void walk_is_printed_to_its_end(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	*tables_entry(ADDRESS, 0) = 0x5000 | P | A | D | NX;
	crash_walk(&view, ADDRESS, &walk);
	crash_walk_print(&view, &walk, out);
	fclose(out);
	assert_string_equal(
		text,
		"page walk of 0x00007f1234567890, CR3 0x1000:\n"
		"  PML4E at 0x0000000017f0: 0x0000000000002027  P W U A - -- --\n"
		"  PDPTE at 0x000000002240: 0x0000000000003027  P W U A - -- --\n"
		"  PDE   at 0x000000003d10: 0x0000000000004027  P W U A - -- --\n"
		"  PTE   at 0x000000004b38: 0x8000000000005061  P - - A D -- NX  page at 0x5000\n"
		"  physical address 0x5890\n");
	free(text);
}

/* Expect a bit of the entry of a level to be blamed, whatever the levels below it hold. */
static void expect_reserved(unsigned int level, uint64_t value, const char *why)
{
	uint64_t *entry = tables_entry(ADDRESS, level);
	uint64_t before = *entry;

	*entry = value;
	assert_true(refuses(reads));
	assert_string_equal(reason, why);
	*entry = before;
}

static void expect_allowed(unsigned int level, uint64_t value)
{
	uint64_t *entry = tables_entry(ADDRESS, level);
	uint64_t before = *entry;

	*entry = value;
	assert_false(refuses(reads));
	*entry = before;
}

static void each_reserved_bit_is_named(void **state)
{
	static const char *const names[] = { "PTE", "PDE", "PDPTE", "PML4E" };
	unsigned int level, bit;
	char why[128];

	(void)state;
	view.physical_bits = 40;
	view.sregs.efer |= 1 << 11;
	*tables_entry(ADDRESS, 0) = 0x5000 | P | W;
	for (level = 0; level < 4; level++) {
		const uint64_t value = *tables_entry(ADDRESS, level);

		for (bit = 40; bit < 52; bit++) {
			snprintf(
				why, sizeof(why),
				"the %s has bit %u set, reserved on this CPU, whose physical addresses "
				"have 40 bits",
				names[level], bit);
			expect_reserved(level, value | 1ull << bit, why);
		}
		/* Ignored ones, or protection keys. */
		for (bit = 52; bit < 63; bit++)
			expect_allowed(level, value | 1ull << bit);
		expect_allowed(level, value | NX);
		for (bit = 9; bit < 12; bit++)
			expect_allowed(level, value | 1ull << bit);
	}
	/* PAT in a PTE is where PS is in others. */
	expect_allowed(0, 0x5000 | P | PS);
	expect_reserved(3, 0x2000 | P | PS, "the PML4E has PS set, which is reserved there");
	view.sregs.efer &= ~(1ull << 11);
	for (level = 0; level < 4; level++) {
		snprintf(why, sizeof(why), "the %s has NX set, reserved while EFER.NXE is clear",
			 names[level]);
		expect_reserved(level, *tables_entry(ADDRESS, level) | NX, why);
	}
}

static void each_reserved_bit_of_large_pages_is_named(void **state)
{
	unsigned int bit;
	char why[128];

	(void)state;
	for (bit = 13; bit < 21; bit++) {
		snprintf(why, sizeof(why),
			 "the PDE has bit %u set, reserved in that of a page of 2 MiB", bit);
		expect_reserved(1, P | PS | 1ull << bit, why);
	}
	for (bit = 13; bit < 30; bit++) {
		snprintf(why, sizeof(why),
			 "the PDPTE has bit %u set, reserved in that of a page of 1 GiB", bit);
		expect_reserved(2, P | PS | 1ull << bit, why);
	}
	/* PAT. */
	expect_allowed(1, P | PS | 1 << 12);
	expect_allowed(2, P | PS | 1 << 12);
	view.no_gigabyte_pages = true;
	expect_reserved(2, P | PS, "the PDPTE has PS set, and this CPU has no pages of 1 GiB");
}

static void amd_reserves_more(void **state)
{
	(void)state;
	*tables_entry(ADDRESS, 0) = 0x5000 | P;
	expect_allowed(3, *tables_entry(ADDRESS, 3) | 1 << 8);
	view.amd = true;
	expect_reserved(3, *tables_entry(ADDRESS, 3) | 1 << 8,
			"the PML4E has bit 8 set, reserved there on AMD's CPUs");
	expect_allowed(2, *tables_entry(ADDRESS, 2) | 1 << 8);
}

static void a_reserved_bit_comes_before_what_is_below(void **state)
{
	(void)state;
	view.physical_bits = 48;
	*tables_entry(ADDRESS, 2) |= 1ull << 50;
	*tables_entry(ADDRESS, 0) = 0;
	*tables_entry(ADDRESS, 2) |= P;
	assert_true(refuses(reads));
	assert_string_equal(reason,
			    "the PDPTE has bit 50 set, reserved on this CPU, whose physical "
			    "addresses have 48 bits");
	/* But none counts where P is clear. */
	*tables_entry(ADDRESS, 2) = 1ull << 50;
	assert_true(refuses(reads));
	assert_string_equal(reason, "the PDPTE has P clear");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, setup)
		TEST(each_reserved_bit_is_named),
		TEST(each_reserved_bit_of_large_pages_is_named),
		TEST(amd_reserves_more),
		TEST(a_reserved_bit_comes_before_what_is_below),
		TEST(mapped_page_has_its_address),
		TEST(large_pages_end_the_walk),
		TEST(each_bit_forbids_its_access),
		TEST(upper_levels_count),
		TEST(user_pages_are_protected_from_the_supervisor),
		TEST(tables_outside_memory_are_told),
		TEST(addresses_that_are_not_canonical_have_no_walk),
		TEST(memory_is_read_across_pages),
		TEST(walk_is_printed_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
