/* SPDX-License-Identifier: MIT */
/* CPUID. SDM vol. 2A, CPUID, and vol. 1, chapter 20; APM vol. 3, appendix E. */
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/requirements.h"

static bool is_printable(uint32_t characters)
{
	for (int i = 0; i < 4; i++, characters >>= 8) {
		uint8_t character = (uint8_t)characters;

		if (character && (character < 0x20 || character > 0x7e))
			return false;
	}
	return true;
}

R0_TEST(cpuid, vendor_is_printable)
{
	struct r0_cpuid_result vendor = r0_cpuid(0, 0);

	R0_ASSERT_GE(vendor.eax, 1);
	R0_ASSERT(is_printable(vendor.ebx) && (vendor.ebx & 0xff));
	R0_ASSERT(is_printable(vendor.ecx) && (vendor.ecx & 0xff));
	R0_ASSERT(is_printable(vendor.edx) && (vendor.edx & 0xff));
}

/* What a CPU must have to run in 64-bit mode at all: APM vol. 2, 14.1, and x86-64 psABI, 3.1.1. */
static const uint64_t baseline[] = {
	R0_FEATURE_FPU,	 R0_FEATURE_TSC,  R0_FEATURE_MSR, R0_FEATURE_PAE,  R0_FEATURE_CX8,
	R0_FEATURE_PGE,	 R0_FEATURE_CMOV, R0_FEATURE_MMX, R0_FEATURE_FXSR, R0_FEATURE_SSE,
	R0_FEATURE_SSE2, R0_FEATURE_LM,	  R0_FEATURE_NX,  R0_FEATURE_PAT,  R0_FEATURE_SYSCALL,
};

R0_TEST(cpuid, baseline_is_there, .params = R0_PARAMS(baseline))
{
	R0_ASSERT(r0_cpu_has(R0_PARAM(const uint64_t)));
}

/* The upper halves of the four registers are cleared, those of RAX and RCX ignored. */
R0_TEST(cpuid, uses_32_bit_registers)
{
	uint64_t rax = ~0ul << 32, rbx = ~0ul, rcx = ~0ul << 32, rdx = ~0ul;
	struct r0_cpuid_result expected = r0_cpuid(0, 0);

	__asm__ volatile("cpuid" : "+a"(rax), "+b"(rbx), "+c"(rcx), "+d"(rdx));
	R0_ASSERT_EQ(rax, expected.eax);
	R0_ASSERT_EQ(rbx, expected.ebx);
	R0_ASSERT_EQ(rcx, expected.ecx);
	R0_ASSERT_EQ(rdx, expected.edx);
}

/* Intel gives the highest leaf's data beyond it, AMD zeros. */
R0_TEST(cpuid, beyond_the_highest_leaf)
{
	uint32_t highest = r0_cpuid(0, 0).eax;
	struct r0_cpuid_result beyond = r0_cpuid(highest + 0x100, 0);
	struct r0_cpuid_result expected = { 0, 0, 0, 0 };

	if (r0_cpu_is_intel())
		expected = r0_cpuid(highest, 0);
	R0_ASSERT_EQ(beyond.eax, expected.eax);
	R0_ASSERT_EQ(beyond.ebx, expected.ebx);
	R0_ASSERT_EQ(beyond.ecx, expected.ecx);
	R0_ASSERT_EQ(beyond.edx, expected.edx);
}

R0_TEST(cpuid, address_widths)
{
	R0_ASSERT_GE(r0_cpuid(0x80000000, 0).eax, 0x80000008);
	R0_ASSERT_GE(r0_physical_address_bits(), 36);
	R0_ASSERT_LE(r0_physical_address_bits(), 52);
	if (r0_cpu_has(R0_FEATURE_LA57))
		R0_ASSERT_EQ(r0_linear_address_bits(), 57);
	else if (cpuid_is_what_kvm_was_told())
		R0_ASSERT_EQ(r0_linear_address_bits(), 48);
	else
		R0_ASSERT(r0_linear_address_bits() == 48 || r0_linear_address_bits() == 57);
}

R0_TEST(cpuid, brand_string_is_printable, .when = cpu_has_brand_string)
{
	for (uint32_t leaf = 0x80000002; leaf <= 0x80000004; leaf++) {
		struct r0_cpuid_result part = r0_cpuid(leaf, 0);

		R0_ASSERT(is_printable(part.eax) && is_printable(part.ebx));
		R0_ASSERT(is_printable(part.ecx) && is_printable(part.edx));
	}
}

/* Leaf 0xd: EAX and EDX are what XCR0 may hold, ECX the area's size for all of it. */
R0_TEST(cpuid, xsave_area_holds_the_enabled_state, .when = cpu_has_xsave)
{
	struct r0_cpuid_result leaf = r0_cpuid(0xd, 0);

	R0_ASSERT_EQ(leaf.eax & (R0_XCR0_X87 | R0_XCR0_SSE), R0_XCR0_X87 | R0_XCR0_SSE);
	/* The legacy region and the header. */
	R0_ASSERT_GE(leaf.ebx, 512 + 64);
	R0_ASSERT_LE(leaf.ebx, leaf.ecx);
}

R0_TEST(cpuid, xsave_size_follows_xcr0, .when = enters_with_osxsave)
{
	R0_ASSERT_EQ(r0_xsetbv_safe(0, R0_XCR0_X87 | R0_XCR0_SSE), -1);
	R0_ASSERT_EQ(r0_cpuid(0xd, 0).ebx, 512 + 64);
	if (r0_cpu_has(R0_FEATURE_AVX)) {
		R0_ASSERT_EQ(r0_xsetbv_safe(0, R0_XCR0_X87 | R0_XCR0_SSE | R0_XCR0_AVX), -1);
		R0_ASSERT_EQ(r0_cpuid(0xd, 0).ebx, 512 + 64 + 256);
	}
}

R0_TEST(cpuid, avx_state_is_described, .when = executes_avx)
{
	struct r0_cpuid_result avx = r0_cpuid(0xd, 2);

	/* 16 upper halves of 16 bytes, after the header. */
	R0_ASSERT_EQ(avx.eax, 256);
	R0_ASSERT_EQ(avx.ebx, 512 + 64);
}

static long cpuid_in_ring_3(void *arg)
{
	*(struct r0_cpuid_result *)arg = r0_cpuid(0, 0);
	return 0;
}

R0_TEST(cpuid, ring_3_may_ask)
{
	struct r0_cpuid_result here = r0_cpuid(0, 0);
	static struct r0_cpuid_result there;
	struct r0_fault fault = r0_user_call(cpuid_in_ring_3, &there);

	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(there.eax, here.eax);
	R0_ASSERT_EQ(there.ebx, here.ebx);
	R0_ASSERT_EQ(there.ecx, here.ecx);
	R0_ASSERT_EQ(there.edx, here.edx);
}
