/* SPDX-License-Identifier: MIT */
/* Unit tests of mirror/counters.c and counter_objects.c: what is given back, and files that lie. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/address.h"
#include "mirror/counters.h"

/* Named as compilers name them, so that this program has some. */
uint64_t counted[4] __asm__("__gcov0.counted") __attribute__((used));
uint64_t conditions[2] __asm__("__gcov8.counted") __attribute__((used));
uint64_t indirect[4] __asm__("__gcov4.counted") __attribute__((used));
uint64_t by_clang[2] __asm__("__llvm_gcov_ctr.7") __attribute__((used));
uint64_t by_section[3] __attribute__((used, section("__llvm_prf_cnts")));

static bool has(const struct counters *counters, const void *at, size_t size,
		enum counter_kind kind)
{
	size_t i;

	for (i = 0; i < counters->count; i++) {
		const struct counter_range *range = &counters->ranges[i];

		if (range->kind == kind &&
		    range_holds(range->start, range->end - range->start, (uint64_t)at, size))
			return true;
	}
	return false;
}

static void finds_its_own(void **state)
{
	struct counters counters;
	struct error error = { "" };
	size_t i;

	(void)state;
	assert_int_equal(counters_find(&counters, &error), 0);
	assert_true(has(&counters, counted, sizeof(counted), COUNTER_SUM));
	assert_true(has(&counters, conditions, sizeof(conditions), COUNTER_BITS));
	assert_true(has(&counters, by_clang, sizeof(by_clang), COUNTER_SUM));
	assert_true(has(&counters, by_section, sizeof(by_section), COUNTER_SUM));
	assert_false(has(&counters, indirect, 1, COUNTER_SUM));
	for (i = 1; i < counters.count; i++)
		assert_true(counters.ranges[i - 1].end <= counters.ranges[i].start);
	counters_finish(&counters);
}

/* Two pages of the process's, a counter beside something else on each. */
static _Alignas(4096) uint64_t pages[2][512];

static struct counter_range *ranges(struct counters *counters, size_t count)
{
	*counters = (struct counters){ .ranges = calloc(count, sizeof(*counters->ranges)) };
	assert_non_null(counters->ranges);
	counters->count = counters->capacity = count;
	return counters->ranges;
}

static void gives_back_differences(void **state)
{
	static _Alignas(4096) uint64_t now[512], then[512];
	struct counters counters;
	struct counter_range *range = ranges(&counters, 3);

	(void)state;
	memset(pages, 0, sizeof(pages));
	memset(now, 0, sizeof(now));
	memset(then, 0, sizeof(then));
	/* Across both pages; and twice the same, and one within another, as symbols may have it. */
	range[0] = (struct counter_range){ (uint64_t)&pages[0][510], (uint64_t)&pages[1][2],
					   COUNTER_SUM };
	range[1] = (struct counter_range){ (uint64_t)&pages[0][510], (uint64_t)&pages[1][2],
					   COUNTER_SUM };
	range[2] = (struct counter_range){ (uint64_t)&pages[0][511], (uint64_t)&pages[1][3],
					   COUNTER_SUM };
	counters_sort(&counters);
	assert_true(counters_on_page(&counters, (uint64_t)pages[0]));
	assert_true(counters_on_page(&counters, (uint64_t)pages[1]));
	assert_false(counters_on_page(&counters, (uint64_t)pages[1] + PAGE_SIZE));
	assert_false(counters_on_page(&counters, (uint64_t)pages[0] - PAGE_SIZE));

	pages[0][511] = 100;
	then[511] = 40;
	now[511] = 45;
	now[509] = 7;
	counters_give_back(&counters, (uint64_t)pages[0], (uint8_t *)now, (uint8_t *)then);
	assert_int_equal(pages[0][511], 105);
	assert_int_equal(pages[0][509], 0);
	assert_int_equal(pages[1][0], 0);

	memset(now, 0, sizeof(now));
	memset(then, 0, sizeof(then));
	then[1] = UINT64_MAX;
	now[1] = 1; /* it has come round */
	now[2] = 3;
	now[3] = 9; /* no counter */
	counters_give_back(&counters, (uint64_t)pages[1], (uint8_t *)now, (uint8_t *)then);
	assert_int_equal(pages[1][1], 2);
	assert_int_equal(pages[1][2], 3);
	assert_int_equal(pages[1][3], 0);
	counters_finish(&counters);
}

/* Of a page that comes in late, from the process: its sums are what the guest adds. */
static void clears_sums(void **state)
{
	static _Alignas(4096) uint64_t copy[512];
	struct counters counters;
	struct counter_range *range = ranges(&counters, 2);

	(void)state;
	memset(copy, 0x11, sizeof(copy));
	range[0] = (struct counter_range){ (uint64_t)&pages[0][510], (uint64_t)&pages[1][2],
					   COUNTER_SUM };
	range[1] = (struct counter_range){ (uint64_t)&pages[1][4], (uint64_t)&pages[1][5],
					   COUNTER_BITS };
	counters_sort(&counters);
	counters_clear_sums(&counters, (uint64_t)pages[1], (uint8_t *)copy);
	assert_int_equal(copy[0], 0);
	assert_int_equal(copy[1], 0);
	assert_int_equal(copy[2], 0x1111111111111111);
	assert_int_equal(copy[4], 0x1111111111111111);
	assert_int_equal(copy[510], 0x1111111111111111);
	counters_finish(&counters);
}

static void subtracts_what_was_copied(void **state)
{
	struct counters counters;
	struct counter_range *range = ranges(&counters, 3);
	uint8_t *bits = (uint8_t *)&pages[0][8], *last = (uint8_t *)&pages[0][9];
	uint8_t copy[2 * 8 + 2 + 1];

	(void)state;
	memset(pages, 0, sizeof(pages));
	range[0] = (struct counter_range){ (uint64_t)&pages[0][0], (uint64_t)&pages[0][2],
					   COUNTER_SUM };
	range[1] = (struct counter_range){ (uint64_t)bits, (uint64_t)bits + 2, COUNTER_BITS };
	range[2] = (struct counter_range){ (uint64_t)last, (uint64_t)last + 1, COUNTER_LAST };
	assert_int_equal(counters_size(&counters), sizeof(copy));
	pages[0][0] = 5;
	pages[0][1] = UINT64_MAX;
	bits[0] = 3;
	*last = 9;
	counters_copy(&counters, copy);
	pages[0][0] += 2;
	pages[0][1] += 4; /* it comes round */
	pages[0][2] = 7;  /* no counter */
	bits[0] = 7;
	bits[1] = 1;
	counters_subtract(&counters, copy);
	assert_int_equal(pages[0][0], 2);
	assert_int_equal(pages[0][1], 4);
	assert_int_equal(pages[0][2], 7);
	assert_int_equal(bits[0], 4);
	assert_int_equal(bits[1], 1);
	assert_int_equal(*last, 9);
	counters_finish(&counters);
}

static void adds_bits(void **state)
{
	static _Alignas(4096) uint8_t now[4096], then[4096];
	struct counters counters;
	uint8_t *bits = (uint8_t *)pages[0];

	(void)state;
	memset(pages, 0, sizeof(pages));
	ranges(&counters, 1)[0] =
		(struct counter_range){ (uint64_t)&bits[3], (uint64_t)&bits[5], COUNTER_BITS };
	bits[3] = 1;
	now[2] = now[3] = now[4] = now[5] = 6;
	counters_give_back(&counters, (uint64_t)bits, now, then);
	assert_int_equal(bits[2], 0);
	assert_int_equal(bits[3], 7);
	assert_int_equal(bits[4], 6);
	assert_int_equal(bits[5], 0);
	counters_finish(&counters);
}

struct file {
	uint8_t *bytes;
	size_t size;
};

/* Add the counters of what is in memory by another file, in a copy of its exact size. */
static int add(const struct file *file, size_t size, struct counters *counters,
	       const struct dl_phdr_info *loaded, struct error *error)
{
	uint8_t *copy = malloc(size ? size : 1);
	int err;

	assert_non_null(copy);
	memcpy(copy, file->bytes, size);
	*counters = (struct counters){ 0 };
	err = counters_add_object(counters, "x", copy, size, loaded, error);
	free(copy);
	return err;
}

/* Of this program: every header of its file is made something else, and the file cut at every length. */
static int spoil(struct dl_phdr_info *loaded, size_t loaded_size, void *context)
{
	struct file *file = context;
	ElfW(Ehdr) *header = (ElfW(Ehdr) *)file->bytes;
	const size_t places[] = { 0, sizeof(*header), header->e_shoff,
				  header->e_shoff + header->e_shnum * sizeof(ElfW(Shdr)) };
	struct counters counters;
	struct error error;
	unsigned int seed = 1;
	size_t i, rounds;

	(void)loaded_size;
	for (rounds = 0; rounds < 3000; rounds++) {
		const size_t part = rounds % 2 * 2;
		const size_t at =
			places[part] + (size_t)rand_r(&seed) % (places[part + 1] - places[part]);
		uint8_t old[8];

		if (at + sizeof(old) > file->size)
			continue;
		memcpy(old, file->bytes + at, sizeof(old));
		for (i = 0; i < 1 + rounds % sizeof(old); i++)
			file->bytes[at + i] = rounds % 3 ? (uint8_t)rand_r(&seed) : 0xff;
		(void)add(file, file->size, &counters, loaded, &error);
		/* Whatever a file says, no counter is where there is no memory to write. */
		for (i = 0; i < counters.count; i++)
			assert_true(counters.ranges[i].start >= loaded->dlpi_addr);
		counters_finish(&counters);
		memcpy(file->bytes + at, old, sizeof(old));
	}
	for (i = 0; i < file->size; i += 1 + file->size / 500) {
		(void)add(file, i, &counters, loaded, &error);
		counters_finish(&counters);
	}
	/* Program headers that are not those in memory: the file of another build. */
	file->bytes[header->e_phoff + 8] ^= 1;
	assert_int_equal(add(file, file->size, &counters, loaded, &error), 0);
	assert_int_equal(counters.count, 0);
	return 1;
}

static void survives_any_file(void **state)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct file file;
	struct stat status;

	(void)state;
	assert_int_equal(fstat(fd, &status), 0);
	file.size = (size_t)status.st_size;
	file.bytes = malloc(file.size);
	assert_non_null(file.bytes);
	assert_int_equal(read(fd, file.bytes, file.size), file.size);
	close(fd);
	/* The program comes first. */
	dl_iterate_phdr(spoil, &file);
	free(file.bytes);
}

/* A fuzzer's counters are of bytes, and as the last test left them. */
static void gives_the_last(void **state)
{
	static uint8_t page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
	uint8_t now[PAGE_SIZE] = { 0 }, then[PAGE_SIZE] = { 0 };
	const uint64_t at = (uint64_t)page;
	struct counters counters = { 0 };

	(void)state;
	assert_int_equal(counters_add_range(&counters, at + 3, at + 10, COUNTER_LAST), 0);
	counters_sort(&counters);
	assert_true(counters_on_page(&counters, at));
	memset(page, 1, sizeof(page));
	memset(now, 2, sizeof(now));
	memset(then, 9, sizeof(then));
	now[5] = 0;
	counters_give_back(&counters, at, now, then);
	assert_int_equal(page[2], 1);
	assert_int_equal(page[3], 2);
	assert_int_equal(page[5], 0);
	assert_int_equal(page[9], 2);
	assert_int_equal(page[10], 1);
	counters_finish(&counters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_its_own),  cmocka_unit_test(gives_back_differences),
		cmocka_unit_test(clears_sums),	  cmocka_unit_test(subtracts_what_was_copied),
		cmocka_unit_test(adds_bits),	  cmocka_unit_test(survives_any_file),
		cmocka_unit_test(gives_the_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
