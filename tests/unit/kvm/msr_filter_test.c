/* SPDX-License-Identifier: MIT */
/* Unit tests of kvm/vm/msr_filter_x86_64.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "kvm/vm/msr_filter_x86_64.h"

static struct msr_filter filter;

/* What KVM makes of it: api.rst, KVM_X86_SET_MSR_FILTER. */
static bool is_denied(uint32_t index)
{
	size_t i;

	for (i = 0; i < KVM_MSR_FILTER_MAX_RANGES; i++) {
		const struct kvm_msr_filter_range *range = &filter.filter.ranges[i];
		uint32_t offset = index - range->base;

		if (index >= range->base && offset < range->nmsrs)
			return !(range->bitmap[offset / 8] >> offset % 8 & 1);
	}
	return false;
}

static size_t ranges(void)
{
	size_t count = 0;

	while (count < KVM_MSR_FILTER_MAX_RANGES && filter.filter.ranges[count].nmsrs)
		count++;
	return count;
}

static void none(void **state)
{
	(void)state;
	assert_int_equal(msr_filter_init(&filter, NULL, 0, NULL), 0);
	assert_int_equal(filter.filter.flags, KVM_MSR_FILTER_DEFAULT_ALLOW);
	assert_int_equal(ranges(), 0);
}

static void those_and_no_others(void **state)
{
	uint32_t indices[] = { 0x1b, 0x10, 0xc0000080, 0x1b, 0xc0000102, 0x17 };

	(void)state;
	assert_int_equal(msr_filter_init(&filter, indices, 6, NULL), 0);
	assert_int_equal(ranges(), 2);
	for (uint32_t index = 0; index < 0x100; index++)
		assert_int_equal(is_denied(index), index == 0x10 || index == 0x17 || index == 0x1b);
	for (uint32_t index = 0xc0000000; index < 0xc0000200; index++)
		assert_int_equal(is_denied(index), index == 0xc0000080 || index == 0xc0000102);
}

static void as_many_as_a_range_spans(void **state)
{
	static uint32_t indices[MSR_FILTER_SPAN + 1];

	(void)state;
	for (uint32_t i = 0; i <= MSR_FILTER_SPAN; i++)
		indices[i] = 0x40000000 + i;
	assert_int_equal(msr_filter_init(&filter, indices, MSR_FILTER_SPAN, NULL), 0);
	assert_int_equal(ranges(), 1);
	assert_int_equal(filter.filter.ranges[0].nmsrs, MSR_FILTER_SPAN);
	assert_true(is_denied(0x40000000 + MSR_FILTER_SPAN - 1));
	assert_false(is_denied(0x40000000 + MSR_FILTER_SPAN));
	assert_int_equal(msr_filter_init(&filter, indices, MSR_FILTER_SPAN + 1, NULL), 0);
	assert_int_equal(ranges(), 2);
	assert_true(is_denied(0x40000000 + MSR_FILTER_SPAN));
}

static void the_last_one(void **state)
{
	uint32_t indices[] = { UINT32_MAX, 0 };

	(void)state;
	assert_int_equal(msr_filter_init(&filter, indices, 2, NULL), 0);
	assert_int_equal(ranges(), 2);
	assert_true(is_denied(0));
	assert_false(is_denied(1));
	assert_true(is_denied(UINT32_MAX));
	assert_false(is_denied(UINT32_MAX - 1));
}

static void too_far_apart(void **state)
{
	uint32_t indices[KVM_MSR_FILTER_MAX_RANGES + 1];
	struct error error = { "" };

	(void)state;
	for (uint32_t i = 0; i <= KVM_MSR_FILTER_MAX_RANGES; i++)
		indices[i] = i * MSR_FILTER_SPAN;
	assert_int_equal(msr_filter_init(&filter, indices, KVM_MSR_FILTER_MAX_RANGES, &error), 0);
	assert_int_equal(ranges(), KVM_MSR_FILTER_MAX_RANGES);
	assert_int_equal(msr_filter_init(&filter, indices, KVM_MSR_FILTER_MAX_RANGES + 1, &error),
			 -E2BIG);
	assert_non_null(strstr(error.text, "17 MSRs are declared, too far apart"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none),
		cmocka_unit_test(those_and_no_others),
		cmocka_unit_test(as_many_as_a_range_spans),
		cmocka_unit_test(the_last_one),
		cmocka_unit_test(too_far_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
