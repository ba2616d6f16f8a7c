/* SPDX-License-Identifier: MIT */
/*
 * Exceptions by addresses that are not canonical, and exceptions while another is delivered. SDM vol. 3A, 6.15; APM vol. 2,
 * 8.2.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/landing.h"
#include "tests/guest/requirements.h"

ROUTINE(ud2, "", "ud2", "");
ROUTINE(load, "", "movq (%rdi), %rax", "");
ROUTINE(store, "", "movq %rax, (%rdi)", "");
ROUTINE(load_by_rbp, "pushq %rbp; movq %rdi, %rbp", "movq (%rbp), %rax", "popq %rbp");
ROUTINE(push_there, "movq %rsp, %rdx; movq %rdi, %rsp", "pushq %rax", "movq %rdx, %rsp");
ROUTINE(jump_there, "", "jmp *%rdi", "");

#define NON_CANONICAL ((void *)0x0000800000000000)

/* Non-canonical addresses: SDM vol. 1, 3.3.7.1, and vol. 3A, 6.15; APM vol. 2, 8.2.13, 8.2.14. */
R0_TEST(exceptions, gp_by_non_canonical_address)
{
	struct r0_fault fault = r0_try(load, NON_CANONICAL);

	ASSERT_FAULT_AT(fault, R0_GP, 0, load_at);
	fault = r0_try(store, (void *)0xffff7fffffffffff);
	ASSERT_FAULT_AT(fault, R0_GP, 0, store_at);
}

R0_TEST(exceptions, ss_by_non_canonical_stack_address)
{
	struct r0_fault fault = r0_try(load_by_rbp, NON_CANONICAL);

	ASSERT_FAULT_AT(fault, R0_SS, 0, load_by_rbp_at);
	fault = r0_try(push_there, (void *)0xdead000000000000);
	ASSERT_FAULT_AT(fault, R0_SS, 0, push_there_at);
}

/* Intel's faults at the jump: SDM vol. 2A, JMP. Of AMD's it is not said where. */
R0_TEST(exceptions, gp_by_jump_to_non_canonical_address)
{
	struct r0_fault fault = r0_try(jump_there, NON_CANONICAL);

	R0_ASSERT_EQ(fault.vector, R0_GP);
	R0_ASSERT_EQ(fault.error_code, 0);
	if (r0_cpu_is_intel())
		R0_ASSERT_EQ(fault.rip, (uint64_t)jump_there_at);
}

/* An exception while another is delivered: SDM vol. 3A, 6.15, interrupt 8; APM vol. 2, 8.2.9. */
R0_TEST(exceptions, df_by_gp_that_cannot_be_delivered)
{
	struct r0_fault fault;

	r0_idt()[R0_GP].type_dpl_p &= ~R0_GATE_P;
	fault = r0_try(load, NON_CANONICAL);
	R0_ASSERT_EQ(fault.vector, R0_DF);
	R0_ASSERT_EQ(fault.error_code, 0);
}

R0_TEST(exceptions, df_by_pf_that_cannot_be_delivered)
{
	struct r0_fault fault;

	r0_idt()[R0_PF].type_dpl_p &= ~R0_GATE_P;
	fault = r0_try(load, (void *)8);
	R0_ASSERT_EQ(fault.vector, R0_DF);
	R0_ASSERT_EQ(fault.error_code, 0);
}

/* A stack that is absent: IST 7 is 0 here, so that the first push is to the last 8 bytes. */
R0_TEST(exceptions, df_by_pf_while_pf_is_delivered)
{
	struct r0_fault fault;

	r0_idt()[R0_PF].ist = 7;
	fault = r0_try(load, (void *)8);
	R0_ASSERT_EQ(fault.vector, R0_DF);
	R0_ASSERT_EQ(fault.error_code, 0);
}

/* After #GP, #PF is delivered on its own: SDM vol. 3A, table 6-5; APM vol. 2, table 8-3. */
R0_TEST(exceptions, pf_while_gp_is_delivered, .when = delivers_one_exception_after_another)
{
	struct r0_fault fault;

	r0_idt()[R0_GP].ist = 7;
	fault = r0_try(load, NON_CANONICAL);
	ASSERT_FAULT_AT(fault, R0_PF, R0_PF_WR, load_at);
	R0_ASSERT_EQ(fault.cr2 >> 12, ~0ul >> 12);
}

/* A benign first exception: the second is delivered for it, and marked as external. */
R0_TEST(exceptions, np_by_ud_that_cannot_be_delivered, .when = delivers_one_exception_after_another)
{
	struct r0_fault fault;

	r0_idt()[R0_UD].type_dpl_p &= ~R0_GATE_P;
	fault = r0_try(ud2, NULL);
	ASSERT_FAULT_AT(fault, R0_NP, R0_ERROR_VECTOR(R0_UD) | R0_ERROR_EXT, ud2_at);
}
