/* SPDX-License-Identifier: MIT */
/*
 * A flattened device tree (Devicetree Specification 0.4, 5), written node by node: a node's properties first, then its
 * children. Depends on base/ alone.
 */
#ifndef BOOT_DEVICE_TREE_H
#define BOOT_DEVICE_TREE_H

#include <stddef.h>
#include <stdint.h>
#include "base/buffer.h"
#include "base/error.h"

struct device_tree {
	struct buffer structure, strings; /* where it did not fit, they are cut */
};

/* An empty one is all zero. The names of nodes and properties are ASCII; the root's is empty. */
void device_tree_begin(struct device_tree *tree, const char *node);
void device_tree_end(struct device_tree *tree);

/* A property: bytes, of which there may be none; text with its zero; cells of 32 bits. */
void device_tree_bytes(struct device_tree *tree, const char *name, const void *bytes, size_t size);
void device_tree_text(struct device_tree *tree, const char *name, const char *text);
void device_tree_cells(struct device_tree *tree, const char *name, const uint32_t *cells,
		       size_t count);

#define DEVICE_TREE_CELLS(tree, name, ...)                               \
	device_tree_cells(tree, name, (const uint32_t[]){ __VA_ARGS__ }, \
			  sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

/* An address or size of two cells, for the above. */
#define DEVICE_TREE_64(value) (uint32_t)((uint64_t)(value) >> 32), (uint32_t)(value)

/*
 * All of it, the root having ended, as *bytes for free(). -E2BIG if it is more than 2 MiB, which no kernel takes;
 * -ENOMEM. The tree is to be finished in any case.
 */
int device_tree_take(const struct device_tree *tree, uint8_t **bytes, size_t *size,
		     struct error *error);
void device_tree_finish(struct device_tree *tree);

#endif /* BOOT_DEVICE_TREE_H */
