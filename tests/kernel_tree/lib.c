/* SPDX-License-Identifier: MIT */
/* More of lib/: lists, checksums, numbers, bitmaps. */
#include <linux/bitmap.h>
#include <linux/crc32.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/list_sort.h>
#include <linux/string.h>
#include "gs.h"

/* clang-format off */
/* All that is written by hand. */
char *strnchrnul(const char *s, size_t count, int c) { while (count-- && *s && *s != (char)c) s++; return (char *)s; }

/* clang-format on */

struct element {
	struct list_head list;
	int key;
};

static int by_key(void *unused, const struct list_head *a, const struct list_head *b)
{
	return list_entry(a, struct element, list)->key > list_entry(b, struct element, list)->key;
}

R0_TEST(list_sort, sorts, GS)
{
	static struct element elements[] = {
		{ .key = 3 }, { .key = 1 }, { .key = 2 }, { .key = 4 }
	};
	struct element *element;
	LIST_HEAD(head);
	int i, last = 0;

	for (i = 0; i < 4; i++)
		list_add_tail(&elements[i].list, &head);
	list_sort(NULL, &head, by_key);
	list_for_each_entry(element, &head, list) R0_ASSERT_EQ(element->key, ++last);
	R0_ASSERT_EQ(last, 4);
}

R0_TEST(crc32, check_value, GS)
{
	R0_ASSERT_EQ(~crc32_le(~0u, "123456789", 9), 0xcbf43926u);
}

R0_TEST(kstrtox, in_range_and_out_of_it, GS)
{
	int value = 0;

	R0_ASSERT_EQ(kstrtoint("-42", 10, &value), 0);
	R0_ASSERT_EQ(value, -42);
	R0_ASSERT_EQ(kstrtoint("99999999999", 10, &value), -ERANGE);
	R0_ASSERT_EQ(kstrtoint("4x", 10, &value), -EINVAL);
}

R0_TEST(hexdump, a_line, GS)
{
	char text[80];

	hex_dump_to_buffer("ring", 4, 16, 1, text, sizeof(text), true);
	R0_ASSERT_MEMEQ(text, "72 69 6e 67", 11);
}

R0_TEST(bitmap, counts_and_parses, GS)
{
	DECLARE_BITMAP(bits, 256) = { 0 };

	bitmap_set(bits, 60, 10);
	R0_ASSERT_EQ(bitmap_weight(bits, 256), 10);
	R0_ASSERT_EQ(find_first_bit(bits, 256), 60);
	R0_ASSERT_EQ(bitmap_parse("ff,00000001", 12, bits, 64), 0);
	R0_ASSERT_EQ(bits[0], 0xff00000001);
}
