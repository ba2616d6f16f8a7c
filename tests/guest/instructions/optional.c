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
