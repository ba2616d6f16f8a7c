/* SPDX-License-Identifier: MIT */
/* Flattened device trees, byte by byte: Devicetree Specification 0.4, 5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "boot/device_tree.h"

static void a_tree_is_as_specified(void **state)
{
	static const uint8_t expected[] = {
		/* the header */
		0xd0,
		0x0d,
		0xfe,
		0xed,
		0x00,
		0x00,
		0x00,
		0x8f,
		0x00,
		0x00,
		0x00,
		0x38,
		0x00,
		0x00,
		0x00,
		0x88,
		0x00,
		0x00,
		0x00,
		0x28,
		0x00,
		0x00,
		0x00,
		0x11,
		0x00,
		0x00,
		0x00,
		0x10,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x07,
		0x00,
		0x00,
		0x00,
		0x50,
		/* no reserved memory */
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		/* the root with a text, a child with an address and an empty property */
		0x00,
		0x00,
		0x00,
		0x01,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x03,
		0x00,
		0x00,
		0x00,
		0x06,
		0x00,
		0x00,
		0x00,
		0x00,
		0x68,
		0x65,
		0x6c,
		0x6c,
		0x6f,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x01,
		0x61,
		0x40,
		0x31,
		0x00,
		0x00,
		0x00,
		0x00,
		0x03,
		0x00,
		0x00,
		0x00,
		0x08,
		0x00,
		0x00,
		0x00,
		0x04,
		0x00,
		0x00,
		0x00,
		0x01,
		0x23,
		0x45,
		0x67,
		0x89,
		0x00,
		0x00,
		0x00,
		0x03,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x02,
		0x00,
		0x00,
		0x00,
		0x02,
		0x00,
		0x00,
		0x00,
		0x09,
		/* names */
		0x6d,
		0x6f,
		0x64,
		0x00,
		0x72,
		0x65,
		0x00,
	};
	struct device_tree tree = { 0 };
	struct error error = { "" };
	uint8_t *bytes;
	size_t size;

	(void)state;
	device_tree_begin(&tree, "");
	device_tree_text(&tree, "mod", "hello");
	device_tree_begin(&tree, "a@1");
	DEVICE_TREE_CELLS(&tree, "re", DEVICE_TREE_64(0x123456789));
	device_tree_bytes(&tree, "mod", NULL, 0);
	device_tree_end(&tree);
	device_tree_end(&tree);
	assert_int_equal(device_tree_take(&tree, &bytes, &size, &error), 0);
	assert_int_equal(size, sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
	free(bytes);
	device_tree_finish(&tree);
}

/* What no kernel takes. */
static void too_large_a_tree_is_refused(void **state)
{
	static const size_t sizes[] = { 2ul << 20, 5ul << 20 };
	size_t i, size;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct device_tree tree = { 0 };
		struct error error = { "" };
		void *large = calloc(1, sizes[i]);
		uint8_t *bytes;

		device_tree_begin(&tree, "");
		device_tree_bytes(&tree, "large", large, sizes[i]);
		device_tree_end(&tree);
		assert_int_equal(device_tree_take(&tree, &bytes, &size, &error), -E2BIG);
		assert_string_equal(error.text, "a device tree of more than 2 MiB");
		device_tree_finish(&tree);
		free(large);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_is_as_specified),
		cmocka_unit_test(too_large_a_tree_is_refused),
	};

	return cmocka_run_group_tests_name("device trees", tests, NULL, NULL);
}
