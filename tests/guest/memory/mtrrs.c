/* SPDX-License-Identifier: MIT */
/* MTRRs: SDM vol. 3A, 11.11; APM vol. 2, 7.7. The last variable range is the one that nothing depends on. */
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/requirements.h"

#define FIXED_64K 0x250

#define CAP_COUNT(cap) ((unsigned int)(cap)&0xff)
#define CAP_FIXED      (1ul << 8)

static bool has_mtrrs(void)
{
	return cpu_has_mtrr() && checks_what_msrs_take();
}

static bool has_fixed_mtrrs(void)
{
	return has_mtrrs() && r0_rdmsr(R0_MSR_MTRRCAP) & CAP_FIXED;
}

static bool has_variable_mtrrs(void)
{
	return has_mtrrs() && CAP_COUNT(r0_rdmsr(R0_MSR_MTRRCAP));
}

static unsigned int last_range(void)
{
	return CAP_COUNT(r0_rdmsr(R0_MSR_MTRRCAP)) - 1;
}

static unsigned int physical_bits(void)
{
	return r0_cpuid(0x80000000, 0).eax >= 0x80000008 ? r0_cpuid(0x80000008, 0).eax & 0xff : 36;
}

/* 11.11.2.1: all but UC, WC, WT, WP and WB are reserved. */
static const uint8_t reserved_types[] = { 2, 3, 7, 8, 0x0f, 0xff };

R0_TEST(mtrrs, default_type_is_a_memory_type, .when = has_mtrrs)
{
	const uint64_t value = r0_rdmsr(R0_MSR_MTRR_DEF_TYPE);

	for (unsigned int i = 0; i < sizeof(reserved_types); i++)
		R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_MTRR_DEF_TYPE,
					   (value & ~0xfful) | reserved_types[i]),
			     R0_GP);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_MTRR_DEF_TYPE), value);
}

R0_TEST(mtrrs, default_type_refuses_reserved_bits, .when = has_mtrrs)
{
	static const uint8_t bits[] = { 8, 9, 12, 31, 32, 63 };
	const uint64_t value = r0_rdmsr(R0_MSR_MTRR_DEF_TYPE);

	for (unsigned int i = 0; i < sizeof(bits); i++)
		R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_MTRR_DEF_TYPE, value | 1ul << bits[i]), R0_GP);
	R0_ASSERT_EQ(r0_rdmsr(R0_MSR_MTRR_DEF_TYPE), value);
}

R0_TEST(mtrrs, variable_ranges_are_as_many_as_mtrrcap_says, .when = has_variable_mtrrs)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i <= last_range(); i++) {
		R0_ASSERT_EQ(r0_rdmsr_safe(R0_MSR_MTRR_PHYSBASE(i), &value), -1);
		R0_ASSERT_EQ(r0_rdmsr_safe(R0_MSR_MTRR_PHYSMASK(i), &value), -1);
	}
	R0_ASSERT_EQ(r0_rdmsr_safe(R0_MSR_MTRR_PHYSBASE(last_range() + 1), &value), R0_GP);
}

R0_TEST(mtrrs, variable_base_refuses_reserved_bits, .when = has_variable_mtrrs)
{
	const uint32_t base = R0_MSR_MTRR_PHYSBASE(last_range());
	const uint64_t value = r0_rdmsr(base);

	for (unsigned int i = 0; i < sizeof(reserved_types); i++)
		R0_ASSERT_EQ(r0_wrmsr_safe(base, (value & ~0xfful) | reserved_types[i]), R0_GP);
	for (unsigned int bit = 8; bit < 12; bit++)
		R0_ASSERT_EQ(r0_wrmsr_safe(base, value | 1ul << bit), R0_GP);
	R0_ASSERT_EQ(r0_wrmsr_safe(base, value | 1ul << 63), R0_GP);
	R0_ASSERT_EQ(r0_rdmsr(base), value);
}

R0_TEST(mtrrs, variable_mask_refuses_reserved_bits, .when = has_variable_mtrrs)
{
	const uint32_t mask = R0_MSR_MTRR_PHYSMASK(last_range());
	const uint64_t value = r0_rdmsr(mask);

	/* Bit 11 is V. */
	for (unsigned int bit = 0; bit < 11; bit++)
		R0_ASSERT_EQ(r0_wrmsr_safe(mask, value | 1ul << bit), R0_GP);
	R0_ASSERT_EQ(r0_wrmsr_safe(mask, value | 1ul << 63), R0_GP);
	R0_ASSERT_EQ(r0_rdmsr(mask), value);
}

/* MAXPHYADDR bounds both: 11.11.2.3. */
R0_TEST(mtrrs, variable_ranges_end_with_physical_addresses, .when = cpu_has_spare_physical_bits)
{
	if (!has_variable_mtrrs())
		R0_SKIP("has_variable_mtrrs");
	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_MTRR_PHYSBASE(last_range()), 1ul << physical_bits()),
		     R0_GP);
	R0_ASSERT_EQ(r0_wrmsr_safe(R0_MSR_MTRR_PHYSMASK(last_range()), 1ul << physical_bits()),
		     R0_GP);
}

/* Not valid, it changes nothing but itself. */
R0_TEST(mtrrs, variable_range_keeps_what_it_gets, .when = has_variable_mtrrs)
{
	const uint32_t base = R0_MSR_MTRR_PHYSBASE(last_range());
	const uint32_t mask = R0_MSR_MTRR_PHYSMASK(last_range());
	const uint64_t addresses = ((1ul << physical_bits()) - 1) & ~0xffful;

	r0_wrmsr(mask, 0);
	r0_wrmsr(base, (addresses & ~0xffffful) | 4);
	r0_wrmsr(mask, addresses & ~0xffffful);
	R0_ASSERT_EQ(r0_rdmsr(base), (addresses & ~0xffffful) | 4);
	R0_ASSERT_EQ(r0_rdmsr(mask), addresses & ~0xffffful);
	r0_wrmsr(base, 0);
	r0_wrmsr(mask, 0);
	R0_ASSERT_EQ(r0_rdmsr(base), 0);
	R0_ASSERT_EQ(r0_rdmsr(mask), 0);
}

/* Eight types in each: 11.11.2.2. */
R0_TEST(mtrrs, fixed_ranges_take_memory_types_alone, .when = has_fixed_mtrrs)
{
	const uint64_t value = r0_rdmsr(FIXED_64K);

	for (unsigned int i = 0; i < sizeof(reserved_types); i++)
		for (unsigned int range = 0; range < 8; range++)
			R0_ASSERT_EQ(r0_wrmsr_safe(FIXED_64K, (value & ~(0xfful << 8 * range)) |
								      (uint64_t)reserved_types[i]
									      << 8 * range),
				     R0_GP);
	R0_ASSERT_EQ(r0_rdmsr(FIXED_64K), value);
}
