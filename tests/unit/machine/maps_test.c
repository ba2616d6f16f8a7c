/* SPDX-License-Identifier: MIT */
/* Unit tests of mirror/maps.c: however many mappings there are, and however long their paths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "base/address.h"
#include "mirror/maps.h"

/* More than there is room for at first. */
#define MANY 3000

static const struct map *find(const struct maps *maps, uint64_t start)
{
	size_t i;

	for (i = 0; i < maps->count; i++)
		if (maps->entries[i].start == start)
			return &maps->entries[i];
	return NULL;
}

static void all_of_this_process_are_listed(void **state)
{
	uint8_t *pages =
		mmap(NULL, 2ul * MANY * PAGE_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct error error = { "" };
	struct maps maps;
	size_t i;

	(void)state;
	assert_ptr_not_equal(pages, MAP_FAILED);
	/* Every other one is another mapping. */
	for (i = 0; i < MANY; i++)
		assert_int_equal(mprotect(pages + 2 * i * PAGE_SIZE, PAGE_SIZE, PROT_READ), 0);
	if (maps_list(&maps, NULL, &error) != 0)
		fail_msg("%s", error.text);
	assert_true(maps.count > 2ul * MANY);
	for (i = 0; i < MANY; i++) {
		const struct map *map = find(&maps, (uint64_t)(pages + 2 * i * PAGE_SIZE));

		assert_non_null(map);
		assert_int_equal(map->end - map->start, PAGE_SIZE);
		assert_true(map->read && !map->write && !map->execute && !map->shared);
		assert_true(map_is_anonymous(map));
	}
	maps_finish(&maps);
	munmap(pages, 2ul * MANY * PAGE_SIZE);
}

/* Lines of the longest path that there is. */
static void those_of_a_text_are_listed(void **state)
{
	char path[4096], *text = NULL;
	struct error error = { "" };
	struct maps maps;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	for (i = 1; i <= 100; i++)
		fprintf(out, "%zx000-%zx800 rwxs %zx 08:01 5     %s\n", i, i, i, path);
	fclose(out);
	if (maps_list(&maps, text, &error) != 0)
		fail_msg("%s", error.text);
	assert_int_equal(maps.count, 100);
	for (i = 1; i <= 100; i++) {
		const struct map *map = &maps.entries[i - 1];

		assert_int_equal(map->start, i << 12);
		assert_int_equal(map->end, (i << 12) + 0x800);
		assert_int_equal(map->offset, i);
		assert_true(map->read && map->write && map->execute && map->shared);
		assert_string_equal(map->path, path);
	}
	maps_finish(&maps);
	free(text);
}

static void other_texts_are_refused(void **state)
{
	struct error error = { "" };
	struct maps maps;

	(void)state;
	assert_int_equal(maps_list(&maps, "1000-2000 r-xp 0 0:0 0\nnothing\n", &error), -EINVAL);
	assert_string_equal(error.text, "/proc/self/maps has an unknown line: nothing");
	/* There is nothing left of it. */
	assert_null(maps.text);
	assert_null(maps.entries);
	assert_int_equal(maps_list(&maps, "", &error), 0);
	assert_int_equal(maps.count, 0);
	maps_finish(&maps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_this_process_are_listed),
		cmocka_unit_test(those_of_a_text_are_listed),
		cmocka_unit_test(other_texts_are_refused),
	};

	return cmocka_run_group_tests_name("maps", tests, NULL, NULL);
}
