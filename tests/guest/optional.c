/* SPDX-License-Identifier: MIT */
/*
 * Instructions that are there if CPUID has them, and #UD if not: SDM vol. 2B, MONITOR, MWAIT, RDPID,
 * RDTSCP.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "landing.h"
#include "requirements.h"

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

R0_TEST(optional, rdtscp_is_undefined_without_cpuid, .when = lacks_rdtscp)
{
	struct r0_fault fault = r0_try(rdtscp, NULL);

	ASSERT_FAULT_AT(fault, R0_UD, 0, rdtscp_at);
}
