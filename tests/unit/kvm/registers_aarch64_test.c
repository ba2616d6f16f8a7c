/* SPDX-License-Identifier: MIT */
/* Taking arm64's registers from a vCPU that is a table of functions, by the numbers of api.rst. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "kvm/state/registers.h"

#define PC     0x6030000000100040ull
#define SP_EL1 0x6030000000100044ull
#define TTBR0  0x603000000013c100ull
#define TTBR1  0x603000000013c101ull
#define TCR    0x603000000013c102ull

/* A vCPU that can't read some register, and what it was asked for. */
struct source {
	uint64_t refused[2];
	uint64_t asked[16];
	unsigned int count;
};

static int get_one_reg(void *context, uint64_t id, uint64_t *value)
{
	struct source *source = context;

	source->asked[source->count++] = id;
	/* A failing ioctl may have written all the same. */
	*value = id ^ 0xabcdef;
	return id == source->refused[0] || id == source->refused[1] ? -ENOENT : 0;
}

static const struct registers_ops ops = { .get_one_reg = get_one_reg };

static void registers_are_asked_for_by_their_numbers(void **state)
{
	static const uint64_t numbers[] = { PC, SP_EL1, TTBR1, TTBR0, TCR };
	struct source source = { .count = 0 };
	struct register_snapshot taken;
	size_t i, j;

	(void)state;
	assert_int_equal(registers_take(&taken, &ops, &source, NULL), 0);
	assert_int_equal(source.count, 5);
	for (i = 0; i < 5; i++) {
		for (j = 0; j < 5 && source.asked[j] != numbers[i]; j++)
			;
		assert_true(j < 5);
	}
	assert_int_equal(taken.instruction_pointer, PC ^ 0xabcdef);
	assert_int_equal(taken.stack_pointer, SP_EL1 ^ 0xabcdef);
	assert_int_equal(taken.page_table_root, TTBR1 ^ 0xabcdef);
	assert_true(taken.has_user_page_table_root);
	assert_int_equal(taken.user_page_table_root, TTBR0 ^ 0xabcdef);
	assert_true(taken.has_tcr_el1);
	assert_int_equal(taken.tcr_el1, TCR ^ 0xabcdef);
}

static void pc_and_sp_are_required(void **state)
{
	static const uint64_t required[] = { PC, SP_EL1 };
	struct register_snapshot taken, before;
	size_t i;

	(void)state;
	memset(&taken, 0xa5, sizeof(taken));
	before = taken;
	for (i = 0; i < 2; i++) {
		struct source source = { .refused = { required[i] } };
		struct error error = { "" };

		assert_int_equal(registers_take(&taken, &ops, &source, &error), -ENOENT);
		assert_true(strstr(error.text, i ? "SP_EL1" : "PC") != NULL);
		assert_memory_equal(&taken, &before, sizeof(taken));
	}
}

static void root_that_cannot_be_read_is_0(void **state)
{
	struct source source = { .refused = { TTBR1 } };
	struct register_snapshot taken;

	(void)state;
	assert_int_equal(registers_take(&taken, &ops, &source, NULL), 0);
	assert_int_equal(taken.page_table_root, 0);
	assert_true(taken.has_user_page_table_root);
}

static void user_root_and_tcr_are_optional(void **state)
{
	struct source source = { .refused = { TTBR0, TCR } };
	struct register_snapshot taken;

	(void)state;
	assert_int_equal(registers_take(&taken, &ops, &source, NULL), 0);
	assert_false(taken.has_user_page_table_root);
	assert_int_equal(taken.user_page_table_root, 0);
	assert_false(taken.has_tcr_el1);
	assert_int_equal(taken.tcr_el1, 0);
	assert_int_equal(taken.page_table_root, TTBR1 ^ 0xabcdef);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_are_asked_for_by_their_numbers),
		cmocka_unit_test(pc_and_sp_are_required),
		cmocka_unit_test(root_that_cannot_be_read_is_0),
		cmocka_unit_test(user_root_and_tcr_are_optional),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
