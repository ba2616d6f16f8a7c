/* SPDX-License-Identifier: MIT */
/*
 * Instructions that are there if CPUID has them, and #UD if not: SDM vol. 2B, MONITOR, MWAIT, RDPID,
 * RDTSCP.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/landing.h"
#include "tests/guest/requirements.h"

static uint64_t line[8] __attribute__((aligned(64)));

ROUTINE(monitor, "movq %rdi, %rax; xorl %ecx, %ecx; xorl %edx, %edx", "monitor", "");
ROUTINE(monitor_with_extensions, "movq %rdi, %rax; movl $1, %ecx; xorl %edx, %edx", "monitor", "");
ROUTINE(mwait, "xorl %eax, %eax; xorl %ecx, %ecx", "mwait", "");

R0_TEST(optional, monitor_is_undefined_without_cpuid, .when = lacks_monitor)
{
	struct r0_fault fault = r0_try(monitor, line);

	ASSERT_FAULT_AT(fault, R0_UD, 0, monitor_at);
	fault = r0_try(mwait, NULL);
	ASSERT_FAULT_AT(fault, R0_UD, 0, mwait_at);
}

/* MWAIT is not tried: it may wait. */
R0_TEST(optional, monitor_checks_its_operands, .when = cpu_has_monitor)
{
	struct r0_fault fault = r0_try(monitor, line);

	R0_ASSERT_EQ(fault.vector, -1);
	fault = r0_try(monitor_with_extensions, line);
	ASSERT_FAULT_AT(fault, R0_GP, 0, monitor_with_extensions_at);
}

ROUTINE(rdpid, "", "rdpid %rax", "");

R0_TEST(optional, rdpid_is_undefined_without_cpuid, .when = lacks_rdpid)
{
	struct r0_fault fault = r0_try(rdpid, NULL);

	ASSERT_FAULT_AT(fault, R0_UD, 0, rdpid_at);
}

R0_TEST(optional, rdpid_reads_tsc_aux, .when = cpu_has_rdpid)
{
	uint64_t value;

	r0_wrmsr(R0_MSR_TSC_AUX, 0x1234);
	__asm__ volatile("rdpid %0" : "=r"(value));
	R0_ASSERT_EQ(value, 0x1234);
}

ROUTINE(rdtscp, "", "rdtscp", "");

/* SDM vol. 3D, 36.7: CPUID leaf 7, EBX bit 2. */
static bool lacks_sgx(void)
{
	return !r0_cpu_has(R0_FEATURE(7, 0, R0_FEATURE_EBX, 2)) && knows_all_undefined_opcodes();
}

static bool cpu_has_sgx(void)
{
	return r0_cpu_has(R0_FEATURE(7, 0, R0_FEATURE_EBX, 2));
}

#define SGX_LEAF    0x12
#define EPC_SECTION 1 /* the type in bits 3:0 of EAX: SDM vol. 2A, CPUID */

/* What CPUID says of it hangs together: SGX1 at least, sizes of enclaves, and sections of whole pages. */
R0_TEST(optional, sgx_has_its_leaf, .when = cpu_has_sgx)
{
	const struct r0_cpuid_result what = r0_cpuid(SGX_LEAF, 0),
				     attributes = r0_cpuid(SGX_LEAF, 1);
	unsigned int sub;

	R0_ASSERT_GE(r0_cpuid(0, 0).eax, SGX_LEAF);
	R0_ASSERT(what.eax & 1);
	R0_ASSERT_GE(what.edx >> 8 & 0xff, what.edx & 0xff);
	/* DEBUG and MODE64BIT can be set: SDM vol. 3D, table 35-3. */
	R0_ASSERT_EQ(attributes.eax & 6, 6);
	for (sub = 2; (r0_cpuid(SGX_LEAF, sub).eax & 0xf) == EPC_SECTION; sub++) {
		const struct r0_cpuid_result section = r0_cpuid(SGX_LEAF, sub);

		R0_ASSERT(section.ecx & 0xfffff000 || section.edx & 0xfffff);
	}
}

/* SDM vol. 3D, 36.7.3: firmware opens it by bit 18, and locks the MSR. */
R0_TEST(optional, sgx_is_opened_by_feature_control, .when = cpu_has_sgx)
{
	const uint64_t control = r0_rdmsr(R0_MSR_FEATURE_CONTROL);

	R0_ASSERT(control & 1);
	R0_ASSERT_EQ(control >> 18 & 1, r0_cpuid(SGX_LEAF, 0).eax & 1);
}

ROUTINE(encls, "", ".byte 0x0f, 0x01, 0xcf", "");
ROUTINE(enclu, "", ".byte 0x0f, 0x01, 0xd7", "");

R0_TEST(optional, sgx_is_undefined_without_cpuid, .when = lacks_sgx)
{
	const struct r0_fault in_ring_0 = r0_try(encls, NULL), for_ring_3 = r0_try(enclu, NULL);

	ASSERT_FAULT_AT(in_ring_0, R0_UD, 0, encls_at);
	ASSERT_FAULT_AT(for_ring_3, R0_UD, 0, enclu_at);
}

R0_TEST(optional, rdtscp_is_undefined_without_cpuid, .when = lacks_rdtscp)
{
	struct r0_fault fault = r0_try(rdtscp, NULL);

	ASSERT_FAULT_AT(fault, R0_UD, 0, rdtscp_at);
}
