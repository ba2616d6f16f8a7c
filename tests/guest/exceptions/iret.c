/* SPDX-License-Identifier: MIT */
/*
 * IRETQ: what it restores, and what it refuses. SDM vol. 2A, IRET, and vol. 3A, 6.14.3; APM vol. 2,
 * 8.9.4, and vol. 3, IRET.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/landing.h"
#include "tests/guest/mapping.h"
#include "tests/guest/requirements.h"

/* The GDT's free entry. */
#define FREE 0x40

ROUTINE(undefined, "", "ud2", "");

static uint8_t stack[256] __attribute__((aligned(16)));

static struct iret_image to_ring_0(void)
{
	return (struct iret_image){
		.rip = (uint64_t)undefined,
		.cs = R0_KERNEL_CS,
		.rflags = R0_RFLAGS_FIXED,
		.rsp = (uint64_t)stack + 72,
		.ss = R0_KERNEL_DS,
	};
}

/* To an address that ring 3 may not run: the page fault shows all that IRETQ did. */
static struct iret_image to_ring_3(void)
{
	struct iret_image image = to_ring_0();

	image.cs = R0_USER_CS | 3;
	image.ss = R0_USER_DS | 3;
	return image;
}

R0_TEST(iret, restores_the_image)
{
	struct iret_image image = to_ring_0();
	const struct landing *landing = land(iret_to, &image);

	R0_ASSERT_EQ(landing->frame.vector, R0_UD);
	R0_ASSERT_EQ(landing->frame.rip, (uint64_t)undefined_at);
	R0_ASSERT_EQ(landing->frame.cs, R0_KERNEL_CS);
	R0_ASSERT_EQ(landing->frame.ss, R0_KERNEL_DS);
	R0_ASSERT_EQ(landing->frame.rsp, (uint64_t)stack + 72);
	R0_ASSERT_EQ(landing->frame.rflags & ~R0_RFLAGS_RF, R0_RFLAGS_FIXED);
}

static const uint64_t flags[] = { R0_RFLAGS_CF, R0_RFLAGS_PF, R0_RFLAGS_AF, R0_RFLAGS_ZF,
				  R0_RFLAGS_SF, R0_RFLAGS_IF, R0_RFLAGS_DF, R0_RFLAGS_OF,
				  R0_RFLAGS_NT, R0_RFLAGS_AC, R0_RFLAGS_ID };

R0_TEST(iret, restores_flags, .params = R0_PARAMS(flags))
{
	uint64_t flag = R0_PARAM(const uint64_t);
	struct iret_image image = to_ring_0();
	const struct landing *landing;

	image.rflags |= flag;
	landing = land(iret_to, &image);
	R0_ASSERT_EQ(landing->frame.vector, R0_UD);
	R0_ASSERT_EQ(landing->frame.rflags & ~R0_RFLAGS_RF, R0_RFLAGS_FIXED | flag);
}

R0_TEST(iret, restores_iopl, .when = iret_restores_all)
{
	struct iret_image image = to_ring_0();
	const struct landing *landing;

	image.rflags |= R0_RFLAGS_IOPL(3);
	landing = land(iret_to, &image);
	R0_ASSERT_EQ(landing->frame.vector, R0_UD);
	R0_ASSERT_EQ(landing->frame.rflags & ~R0_RFLAGS_RF, R0_RFLAGS_FIXED | R0_RFLAGS_IOPL(3));
}

R0_TEST(iret, goes_to_ring_3)
{
	struct iret_image image = to_ring_3();
	const struct landing *landing = land(iret_to, &image);

	R0_ASSERT_EQ(landing->frame.vector, R0_PF);
	R0_ASSERT_EQ(landing->frame.error_code, R0_PF_P | R0_PF_US | R0_PF_ID);
	R0_ASSERT_EQ(landing->cr2, (uint64_t)undefined);
	R0_ASSERT_EQ(landing->frame.rip, (uint64_t)undefined);
	R0_ASSERT_EQ(landing->frame.cs, R0_USER_CS | 3);
	R0_ASSERT_EQ(landing->frame.ss, R0_USER_DS | 3);
	R0_ASSERT_EQ(landing->frame.rsp, (uint64_t)stack + 72);
	R0_ASSERT_EQ(landing->cs, R0_KERNEL_CS);
}

R0_TEST(iret, goes_to_32_bit_code_in_ring_3)
{
	struct iret_image image = to_ring_3();
	const struct landing *landing;

	map(MAPPING_LOW, 1, 0);
	image.rip = MAPPING_LOW + 0x10;
	image.cs = R0_USER_CS32 | 3;
	landing = land(iret_to, &image);
	R0_ASSERT_EQ(landing->frame.vector, R0_PF);
	R0_ASSERT_EQ(landing->frame.error_code, R0_PF_US | R0_PF_ID);
	R0_ASSERT_EQ(landing->frame.rip, MAPPING_LOW + 0x10);
	R0_ASSERT_EQ(landing->frame.cs, R0_USER_CS32 | 3);
}

/* Data segments that ring 3 may not use become null: SDM vol. 3A, 5.8.6. */
R0_TEST(iret, to_ring_3_nulls_ring_0_data_segments, .when = iret_checks_data_segments)
{
	struct iret_image image = to_ring_3();
	const struct landing *landing;

	r0_write_ds(R0_KERNEL_DS);
	r0_write_es(R0_USER_DS | 3);
	landing = land(iret_to, &image);
	R0_ASSERT_EQ(landing->frame.vector, R0_PF);
	R0_ASSERT_EQ(landing->ds, 0);
	R0_ASSERT_EQ(landing->es, R0_USER_DS | 3);
}

/* IRETQ with NT would return from a task, which long mode hasn't: SDM vol. 3A, 7.7. */
R0_TEST(iret, refuses_nt)
{
	struct iret_image image = to_ring_0();
	const struct landing *landing;

	r0_write_rflags(R0_RFLAGS_FIXED | R0_RFLAGS_NT);
	landing = land(iret_to, &image);
	r0_write_rflags(R0_RFLAGS_FIXED);
	R0_ASSERT_EQ(landing->frame.vector, R0_GP);
	R0_ASSERT_EQ(landing->frame.error_code, 0);
	R0_ASSERT_EQ(landing->frame.rip, (uint64_t)iret_to_iretq);
}

/* Images that are refused, the descriptor being for FREE. */
struct refused {
	const char *name;
	uint64_t descriptor;
	uint16_t cs, ss;
	int vector;
	uint64_t error_code;
};

#define DATA	R0_SEGMENT_DATA
#define CODE	R0_SEGMENT_CODE64
#define ABSENT	(~R0_SEGMENT_P)
#define DPL3	R0_SEGMENT_DPL(3)
#define USER_CS (R0_USER_CS | 3)
#define USER_DS (R0_USER_DS | 3)

static const struct refused refused[] = {
	{ "null CS", 0, 0, R0_KERNEL_DS, R0_GP, 0 },
	{ "null CS with RPL 3", 0, 3, USER_DS, R0_GP, 0 },
	{ "CS beyond the limit", 0, R0_GDT_SIZE, R0_KERNEL_DS, R0_GP, R0_GDT_SIZE },
	{ "absent CS", CODE &ABSENT, FREE, R0_KERNEL_DS, R0_NP, FREE },
	{ "absent CS for ring 3", (CODE & ABSENT) | DPL3, FREE | 3, USER_DS, R0_NP, FREE },
	{ "CS of DPL 3 with RPL 0", CODE | DPL3, FREE, R0_KERNEL_DS, R0_GP, FREE },
	{ "CS of DPL 0 with RPL 3", CODE, FREE | 3, USER_DS, R0_GP, FREE },
	{ "SS beyond the limit", 0, USER_CS, R0_GDT_SIZE | 3, R0_GP, R0_GDT_SIZE },
	{ "SS of DPL 0 for ring 3", DATA, USER_CS, FREE | 3, R0_GP, FREE },
	{ "SS with RPL 0 for ring 3", DATA | DPL3, USER_CS, FREE, R0_GP, FREE },
	{ "absent SS", (DATA & ABSENT) | DPL3, USER_CS, FREE | 3, R0_SS, FREE },
	{ "null SS for ring 3", 0, USER_CS, 3, R0_GP, 0 },
};

static void check_refused(const struct refused *wanted)
{
	struct iret_image image = to_ring_0();
	const struct landing *landing;

	r0_printf("%s\n", wanted->name);
	r0_gdt()[FREE >> 3] = wanted->descriptor;
	image.cs = wanted->cs;
	image.ss = wanted->ss;
	landing = land(iret_to, &image);
	R0_ASSERT_EQ(landing->frame.vector, wanted->vector);
	R0_ASSERT_EQ(landing->frame.error_code, wanted->error_code);
	R0_ASSERT_EQ(landing->frame.rip, (uint64_t)iret_to_iretq);
	R0_ASSERT_EQ(landing->frame.cs, R0_KERNEL_CS);
}

R0_TEST(iret, refuses, .params = R0_PARAMS(refused))
{
	check_refused(&R0_PARAM(const struct refused));
}

static const struct refused refused_types[] = {
	{ "data in CS", DATA, FREE, R0_KERNEL_DS, R0_GP, FREE },
	{ "CS with both L and D", CODE | R0_SEGMENT_DB, FREE, R0_KERNEL_DS, R0_GP, FREE },
	{ "read-only SS", (DATA & ~R0_SEGMENT_RW) | DPL3, USER_CS, FREE | 3, R0_GP, FREE },
	{ "code in SS", CODE | DPL3, USER_CS, FREE | 3, R0_GP, FREE },
};

R0_TEST(iret, refuses_types, .params = R0_PARAMS(refused_types), .when = checks_far_transfers)
{
	check_refused(&R0_PARAM(const struct refused));
}

/* A null SS is for 64-bit code below ring 3: SDM vol. 3A, 5.4.1.1. */
R0_TEST(iret, takes_a_null_ss_in_ring_0)
{
	struct iret_image image = to_ring_0();
	const struct landing *landing;

	image.ss = 0;
	landing = land(iret_to, &image);
	R0_ASSERT_EQ(landing->frame.vector, R0_UD);
	R0_ASSERT_EQ(landing->frame.ss, 0);
}

/* Intel's faults at the IRETQ: SDM vol. 2A, IRET. Of AMD's it is not said where. */
R0_TEST(iret, to_a_non_canonical_address, .when = faults_where_the_cpu_does)
{
	struct iret_image image = to_ring_0();
	const struct landing *landing;

	image.rip = 0x0000800000000000;
	landing = land(iret_to, &image);
	R0_ASSERT_EQ(landing->frame.vector, R0_GP);
	R0_ASSERT_EQ(landing->frame.error_code, 0);
	if (r0_cpu_is_intel())
		R0_ASSERT_EQ(landing->frame.rip, (uint64_t)iret_to_iretq);
}

/* In ring 3 IRETQ changes neither IF nor IOPL, and faults on neither: SDM vol. 2A, IRET. */
RING3_ROUTINE(iret_with_if_and_iopl,
	      "movq %rsp, %rcx\n"
	      "movl %ss, %eax\n"
	      "pushq %rax\n"
	      "pushq %rcx\n"
	      "pushq $0x3203\n"
	      "movl %cs, %eax\n"
	      "pushq %rax\n"
	      "leaq iret_with_if_and_iopl_next(%rip), %rax\n"
	      "pushq %rax",
	      "iretq", "pushfq; popq %rax");

R0_TEST(iret, of_ring_3_keeps_if_and_iopl, .when = ring_3_has_the_guests_flags)
{
	struct r0_fault fault = r0_user_call(iret_with_if_and_iopl, NULL);

	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, R0_RFLAGS_FIXED | R0_RFLAGS_CF);
}

RING3_ROUTINE(iret_to_ring_0,
	      "movq %rsp, %rcx\n"
	      "pushq $0x10\n"
	      "pushq %rcx\n"
	      "pushq $2\n"
	      "pushq $0x08\n"
	      "leaq iret_to_ring_0_next(%rip), %rax\n"
	      "pushq %rax",
	      "iretq", "");

R0_TEST(iret, of_ring_3_cannot_go_to_ring_0)
{
	struct r0_fault fault = r0_user_call(iret_to_ring_0, NULL);

	ASSERT_FAULT_AT(fault, R0_GP, R0_KERNEL_CS, iret_to_ring_0_at);
}
