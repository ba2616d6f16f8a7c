/* SPDX-License-Identifier: MIT */
/* What CPUID says of several CPUs: each one's number, and how many there are, in every leaf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "machine/topology_x86_64.h"

#define BY_INDEX KVM_CPUID_FLAG_SIGNIFCANT_INDEX

/* As an Intel CPU's KVM lists them, and as an AMD CPU's does. */
static const struct kvm_cpuid_entry2 intel[] = {
	{ .function = 0, .eax = 0x1f, .ebx = 0x756e6547, .edx = 0x49656e69, .ecx = 0x6c65746e },
	{ .function = 1, .eax = 0xa0671, .ebx = 0x07100800, .ecx = 0x81202000, .edx = 0x0f8bfbff },
	{ .function = 4, .index = 0, .flags = BY_INDEX, .eax = 0x121, .ebx = 0x2c0003f },
	{ .function = 4, .index = 3, .flags = BY_INDEX, .eax = 0xfc1fc163, .ebx = 0x3c0003f },
	{ .function = 4, .index = 4, .flags = BY_INDEX },
	{ .function = 0xb,
	  .index = 0,
	  .flags = BY_INDEX,
	  .eax = 1,
	  .ebx = 2,
	  .ecx = 0x100,
	  .edx = 9 },
	{ .function = 0xb,
	  .index = 1,
	  .flags = BY_INDEX,
	  .eax = 7,
	  .ebx = 64,
	  .ecx = 0x201,
	  .edx = 9 },
	{ .function = 0x1f, .index = 0, .flags = BY_INDEX },
	{ .function = 0x80000008, .eax = 0x3930, .ecx = 0 },
};

static const struct kvm_cpuid_entry2 amd[] = {
	{ .function = 0, .eax = 0x10, .ebx = 0x68747541, .edx = 0x69746e65, .ecx = 0x444d4163 },
	{ .function = 1, .ebx = 0x05080800 },
	{ .function = 0x80000008, .eax = 0x3030, .ecx = 0x203f },
	{ .function = 0x8000001e, .eax = 0x13, .ebx = 0x109, .ecx = 0x101 },
};

static struct kvm_cpuid_entry2 leaves[TOPOLOGY_LEAVES];
static size_t found;

static void make(const struct kvm_cpuid_entry2 *entries, size_t count, unsigned int number,
		 unsigned int cpus)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + count * sizeof(*entries));

	assert_non_null(cpuid);
	cpuid->nent = (uint32_t)count;
	memcpy(cpuid->entries, entries, count * sizeof(*entries));
	memset(leaves, 0xff, sizeof(leaves));
	found = topology_leaves(cpuid, number, cpus, leaves);
	free(cpuid);
}

#define MAKE(of, number, cpus) make(of, sizeof(of) / sizeof((of)[0]), number, cpus)

static const struct kvm_cpuid_entry2 *leaf(uint32_t function, uint32_t index)
{
	size_t i;

	for (i = 0; i < found; i++)
		if (leaves[i].function == function && leaves[i].index == index)
			return &leaves[i];
	return NULL;
}

static void numbers_are_apic_ids(void **state)
{
	unsigned int number;

	(void)state;
	for (number = 0; number < 32; number++) {
		MAKE(intel, number, 32);
		assert_int_equal(leaf(1, 0)->ebx >> 24, number);
		assert_int_equal(leaf(0xb, 0)->edx, number);
		assert_int_equal(leaf(0xb, 1)->edx, number);
		assert_int_equal(leaf(0x1f, 0)->edx, number);
		assert_int_equal(leaf(0x1f, 1)->edx, number);
		MAKE(amd, number, 32);
		assert_int_equal(leaf(1, 0)->ebx >> 24, number);
		assert_int_equal(leaf(0x8000001e, 0)->eax, number);
		assert_int_equal(leaf(0x8000001e, 0)->ebx, number);
	}
}

static void counts_are_cores(void **state)
{
	static const struct {
		unsigned int cpus, bits;
	} cases[] = { { 2, 1 }, { 3, 2 }, { 4, 2 }, { 5, 3 }, { 16, 4 }, { 17, 5 }, { 32, 5 } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned int cpus = cases[i].cpus, bits = cases[i].bits;

		MAKE(intel, 1, cpus);
		/* SDM vol. 2A, CPUID: HTT, and the addressable IDs, a power of two. */
		assert_int_equal(leaf(1, 0)->edx >> 28 & 1, 1);
		assert_int_equal(leaf(1, 0)->ebx >> 16 & 0xff, 1u << bits);
		/* One thread a core, and the cores. */
		assert_int_equal(leaf(0xb, 0)->eax, 0);
		assert_int_equal(leaf(0xb, 0)->ebx, 1);
		assert_int_equal(leaf(0xb, 0)->ecx, 0x100);
		assert_int_equal(leaf(0xb, 1)->eax, bits);
		assert_int_equal(leaf(0xb, 1)->ebx, cpus);
		assert_int_equal(leaf(0xb, 1)->ecx, 0x201);
		/* The last cache is everyone's, the others each core's own. */
		assert_int_equal(leaf(4, 0)->eax >> 14 & 0xfff, 0);
		assert_int_equal(leaf(4, 3)->eax >> 14 & 0xfff, (1u << bits) - 1);
		assert_int_equal(leaf(4, 0)->eax >> 26, (1u << bits) - 1);
		assert_null(leaf(4, 4));
		/* Reserved on Intel's. */
		assert_null(leaf(0x80000008, 0));
		MAKE(amd, 1, cpus);
		assert_int_equal(leaf(0x80000008, 0)->ecx & 0xff, cpus - 1);
		assert_int_equal(leaf(0x80000008, 0)->ecx >> 12 & 0xf, bits);
		assert_int_equal(leaf(0x80000008, 0)->eax, 0x3030);
		assert_int_equal(leaf(0x8000001e, 0)->ebx >> 8 & 0xff, 0);
	}
}

static void the_rest_stays(void **state)
{
	(void)state;
	MAKE(intel, 1, 2);
	assert_int_equal(leaf(1, 0)->eax, 0xa0671);
	assert_int_equal(leaf(1, 0)->ebx & 0xffff, 0x0800);
	assert_int_equal(leaf(1, 0)->ecx, 0x81202000);
	assert_int_equal(leaf(4, 3)->ebx, 0x3c0003f);
	assert_int_equal(leaf(4, 3)->eax & 0x3fff, 0x163);
}

/* Many more than there is room for, all of which would have to be changed. */
static void a_long_list_is_cut(void **state)
{
	struct kvm_cpuid_entry2 many[100];
	size_t i;

	(void)state;
	for (i = 0; i < 100; i++)
		many[i] = (struct kvm_cpuid_entry2){ .function = 0xb, .index = 0 };
	MAKE(many, 1, 2);
	assert_true(found <= TOPOLOGY_LEAVES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_apic_ids),
		cmocka_unit_test(counts_are_cores),
		cmocka_unit_test(the_rest_stays),
		cmocka_unit_test(a_long_list_is_cut),
	};

	return cmocka_run_group_tests_name("topology", tests, NULL, NULL);
}
