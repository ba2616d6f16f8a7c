/* SPDX-License-Identifier: MIT */
/* Flattened device trees. Section numbers are those of the Devicetree Specification 0.4. */
#include "boot/device_tree.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* 5.4.1. Everything is big-endian. */
#define TOKEN_BEGIN    1u
#define TOKEN_END      2u
#define TOKEN_PROPERTY 3u
#define TOKEN_LAST     9u

/* 5.2. */
#define MAGIC		0xd00dfeedu
#define VERSION		17u
#define COMPATIBLE_WITH 16u
#define HEADER_WORDS	10
#define RESERVATIONS	16 /* bytes: the entry that ends the list (5.3) */

/* Documentation/arch/arm64/booting.rst, "Setup the device tree". */
#define SIZE_MAX_OF_KERNELS (2ul << 20)

static void add_word(struct buffer *to, uint32_t value)
{
	const uint32_t word = __builtin_bswap32(value);

	buffer_add(to, &word, sizeof(word));
}

/* Tokens are at multiples of four bytes. */
static void align(struct buffer *to)
{
	static const uint8_t zeros[4];

	buffer_add(to, zeros, -to->length % 4);
}

void device_tree_begin(struct device_tree *tree, const char *node)
{
	add_word(&tree->structure, TOKEN_BEGIN);
	buffer_add(&tree->structure, node, strlen(node) + 1);
	align(&tree->structure);
}

void device_tree_end(struct device_tree *tree)
{
	add_word(&tree->structure, TOKEN_END);
}

/* Where a name is among the strings. */
static uint32_t string_at(struct device_tree *tree, const char *name)
{
	const struct buffer *strings = &tree->strings;
	const size_t size = strlen(name) + 1;
	size_t at = 0;

	for (; at < strings->length; at += strlen(strings->text + at) + 1)
		if (!strcmp(strings->text + at, name))
			return (uint32_t)at;
	buffer_add(&tree->strings, name, size);
	return (uint32_t)at;
}

void device_tree_bytes(struct device_tree *tree, const char *name, const void *bytes, size_t size)
{
	add_word(&tree->structure, TOKEN_PROPERTY);
	add_word(&tree->structure, (uint32_t)size);
	add_word(&tree->structure, string_at(tree, name));
	buffer_add(&tree->structure, bytes, size);
	align(&tree->structure);
}

void device_tree_text(struct device_tree *tree, const char *name, const char *text)
{
	device_tree_bytes(tree, name, text, strlen(text) + 1);
}

void device_tree_cells(struct device_tree *tree, const char *name, const uint32_t *cells,
		       size_t count)
{
	size_t i;

	add_word(&tree->structure, TOKEN_PROPERTY);
	add_word(&tree->structure, (uint32_t)(count * sizeof(cells[0])));
	add_word(&tree->structure, string_at(tree, name));
	for (i = 0; i < count; i++)
		add_word(&tree->structure, cells[i]);
}

int device_tree_take(const struct device_tree *tree, uint8_t **bytes, size_t *size,
		     struct error *error)
{
	const size_t structure_at = HEADER_WORDS * sizeof(uint32_t) + RESERVATIONS;
	const size_t structure_size = tree->structure.length + sizeof(uint32_t);
	const size_t strings_at = structure_at + structure_size;
	const size_t whole = strings_at + tree->strings.length;
	const uint32_t header[HEADER_WORDS] = {
		MAGIC,
		(uint32_t)whole,
		(uint32_t)structure_at,
		(uint32_t)strings_at,
		HEADER_WORDS * sizeof(uint32_t),
		VERSION,
		COMPATIBLE_WITH,
		0, /* the CPU that boots */
		(uint32_t)tree->strings.length,
		(uint32_t)structure_size,
	};
	const uint32_t last = __builtin_bswap32(TOKEN_LAST);
	uint32_t word;
	size_t i;

	if (tree->structure.cut || tree->strings.cut || whole > SIZE_MAX_OF_KERNELS)
		return error_set(error, E2BIG, "a device tree of more than 2 MiB");
	*bytes = calloc(1, whole);
	if (!*bytes)
		return error_set(error, ENOMEM, "no memory for a device tree");
	for (i = 0; i < HEADER_WORDS; i++) {
		word = __builtin_bswap32(header[i]);
		memcpy(*bytes + i * sizeof(word), &word, sizeof(word));
	}
	memcpy(*bytes + structure_at, tree->structure.text, tree->structure.length);
	memcpy(*bytes + structure_at + tree->structure.length, &last, sizeof(last));
	memcpy(*bytes + strings_at, tree->strings.text, tree->strings.length);
	*size = whole;
	return 0;
}

void device_tree_finish(struct device_tree *tree)
{
	free(tree->structure.text);
	free(tree->strings.text);
	*tree = (struct device_tree){ 0 };
}
