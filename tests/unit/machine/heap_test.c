/* SPDX-License-Identifier: MIT */
/* Unit tests of mirror/heap.c: each page is given once, and what is given back is given again. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "mirror/heap.h"

#define START	 0x100000000
#define PAGES	 64
#define AT(page) (START + (page)*PAGE_SIZE)

static struct heap new_heap(void)
{
	return (struct heap){ .start = START, .end = AT(PAGES) };
}

static uint64_t take(struct heap *heap, uint64_t size)
{
	uint64_t address = 0;

	return heap_take(heap, size, &address) ? 0 : address;
}

static void first_fit(void **state)
{
	struct heap heap = new_heap();

	(void)state;
	assert_int_equal(take(&heap, 1), AT(0));
	assert_int_equal(take(&heap, PAGE_SIZE + 1), AT(1));
	assert_int_equal(take(&heap, PAGE_SIZE), AT(3));
	assert_int_equal(heap.count, 1);
	assert_int_equal(heap_give(&heap, AT(1), PAGE_SIZE), 0);
	assert_int_equal(heap.count, 2);
	assert_int_equal(take(&heap, 2 * PAGE_SIZE), AT(4));
	assert_int_equal(take(&heap, PAGE_SIZE), AT(1));
	assert_int_equal(heap.count, 1);
	assert_int_equal(heap_give(&heap, AT(0), PAGE_SIZE), 0);
	assert_int_equal(take(&heap, PAGE_SIZE), AT(0));
	assert_int_equal(heap.count, 1);
	heap_finish(&heap);
}

static void no_room(void **state)
{
	struct heap heap = new_heap();

	(void)state;
	assert_int_equal(take(&heap, 0), 0);
	assert_int_equal(take(&heap, PAGES * PAGE_SIZE + 1), 0);
	assert_int_equal(take(&heap, UINT64_MAX), 0);
	assert_int_equal(take(&heap, PAGES * PAGE_SIZE), AT(0));
	assert_int_equal(take(&heap, 1), 0);
	assert_int_equal(heap_give(&heap, AT(10), PAGE_SIZE), 0);
	assert_int_equal(take(&heap, PAGE_SIZE + 1), 0);
	assert_int_equal(take(&heap, PAGE_SIZE), AT(10));
	heap_finish(&heap);
}

static void what_is_not_there_is_no_error(void **state)
{
	struct heap heap = new_heap();

	(void)state;
	assert_int_equal(heap_give(&heap, AT(0), PAGE_SIZE), 0);
	assert_int_equal(heap_give(&heap, 0, UINT64_MAX), 0);
	assert_int_equal(take(&heap, PAGE_SIZE), AT(0));
	assert_int_equal(heap_give(&heap, AT(PAGES), PAGE_SIZE), 0);
	assert_int_equal(heap_give(&heap, AT(1), UINT64_MAX), 0);
	assert_int_equal(heap_give(&heap, AT(0), 0), 0);
	assert_int_equal(take(&heap, PAGE_SIZE), AT(1));
	assert_int_equal(heap_give(&heap, 0, UINT64_MAX), 0);
	assert_int_equal(heap.count, 0);
	heap_finish(&heap);
}

/* Against a map of bytes, in which each page is used or not. */
static void random_ranges(void **state)
{
	char used[PAGES] = { 0 };
	struct heap heap = new_heap();

	(void)state;
	srandom(1);
	for (int i = 0; i < 100000; i++) {
		uint64_t pages = 1 + (uint64_t)random() % 8, at = (uint64_t)random() % PAGES;

		if (random() % 2) {
			uint64_t found = take(&heap, pages * PAGE_SIZE - 5), first = 0, run = 0;

			while (first + run < PAGES && run < pages) {
				if (used[first + run]) {
					first += run + 1;
					run = 0;
				} else {
					run++;
				}
			}
			assert_int_equal(found, run < pages ? 0 : AT(first));
			if (found)
				memset(&used[first], 1, pages);
		} else {
			assert_int_equal(heap_give(&heap, AT(at) + 7, pages * PAGE_SIZE - 7), 0);
			memset(&used[at], 0, at + pages < PAGES ? pages : PAGES - at);
		}
		for (size_t j = 0; j < heap.count; j++) {
			assert_true(heap.used[j].start < heap.used[j].end);
			assert_true(!j || heap.used[j - 1].end < heap.used[j].start);
		}
	}
	heap_finish(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_fit),
		cmocka_unit_test(no_room),
		cmocka_unit_test(what_is_not_there_is_no_error),
		cmocka_unit_test(random_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
