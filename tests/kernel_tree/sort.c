/* SPDX-License-Identifier: MIT */
/* A pure file: lib/sort.c and lib/rbtree.c, which need nothing of the kernel. */
#include <linux/kernel.h>
#include <linux/rbtree.h>
#include <linux/sort.h>
#include "gs.h"

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

R0_TEST(sort, sorts, GS)
{
	int values[] = { 5, 3, 9, 1, 7 }, sorted[] = { 1, 3, 5, 7, 9 };

	sort(values, 5, sizeof(values[0]), by_value, NULL);
	R0_ASSERT_MEMEQ(values, sorted, sizeof(sorted));
}

R0_TEST(sort, of_nothing, GS)
{
	sort(NULL, 0, sizeof(int), by_value, NULL);
}

struct item {
	struct rb_node node;
	int key;
};

static void insert(struct rb_root *root, struct item *item)
{
	struct rb_node **at = &root->rb_node, *parent = NULL;

	while (*at) {
		parent = *at;
		at = item->key < rb_entry(parent, struct item, node)->key ? &parent->rb_left :
									    &parent->rb_right;
	}
	rb_link_node(&item->node, parent, at);
	rb_insert_color(&item->node, root);
}

R0_TEST(rbtree, is_in_order, GS)
{
	static struct item items[32];
	struct rb_root root = RB_ROOT;
	struct rb_node *node;
	int i, last = -1, count = 0;

	for (i = 0; i < 32; i++) {
		items[i].key = i * 7 % 32;
		insert(&root, &items[i]);
	}
	rb_erase(&items[5].node, &root);
	for (node = rb_first(&root); node; node = rb_next(node)) {
		R0_ASSERT_LT(last, rb_entry(node, struct item, node)->key);
		last = rb_entry(node, struct item, node)->key;
		count++;
	}
	R0_ASSERT_EQ(count, 31);
}
