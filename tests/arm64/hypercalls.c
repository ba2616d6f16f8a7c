/* SPDX-License-Identifier: MIT */
/* .hypercalls and .id_registers, where KVM has them: see tests/fixtures/fixture.h. On older kernels all of it is a skip. */
#include <string.h>
#include "routine.h"

/* A vendor's service of its own, fast calls of 64 bits: Arm DEN0028, 6. */
#define FIRST 0xc6000000u
#define LAST  0xc60000ffu

struct firmware {
	unsigned int calls;
	uint64_t sum;
};

static const struct firmware at_first = { .sum = 1000 };

static int add(void *state, struct r0_hypercall *call)
{
	struct firmware *firmware = state;

	R0_ASSERT(!call->smc);
	firmware->calls++;
	firmware->sum += call->arguments[0];
	call->results[0] = firmware->sum;
	call->results[1] = call->function;
	return 0;
}

/* expect pass: */
R0_TEST(hypercalls, are_answered,
	.hypercalls = R0_HYPERCALLS({ FIRST, LAST, add, &at_first, sizeof(at_first) }))
{
	R0_ASSERT_EQ(r0_hvc_call(FIRST, 5, 0, 0), 1005);
	R0_ASSERT_EQ(r0_hvc_call(LAST, 7, 0, 0), 1012);
	/* Others are KVM's. */
	R0_ASSERT_GE(r0_hvc_call(R0_PSCI_VERSION, 0, 0, 0), 0x10000);
	R0_ASSERT_EQ(r0_hvc_call(LAST + 1, 0, 0, 0), (uint64_t)-1);
}

/* expect pass: */
R0_TEST(hypercalls, start_anew,
	.hypercalls = R0_HYPERCALLS({ FIRST, LAST, add, &at_first, sizeof(at_first) }))
{
	R0_ASSERT_EQ(r0_hvc_call(FIRST, 1, 0, 0), 1001);
}

static int check_registers(void *state, struct r0_hypercall *call)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 6; i++)
		R0_ASSERT_EQ(call->arguments[i], 0x100000000 * (i + 1) + i);
	for (i = 0; i < 4; i++)
		call->results[i] = 0x2000000000 + i;
	return 0;
}

/* expect pass: */
R0_TEST(hypercalls, take_and_give_registers,
	.hypercalls = R0_HYPERCALLS({ FIRST, FIRST, check_registers }))
{
	register uint64_t x0 __asm__("x0") = FIRST;
	register uint64_t x1 __asm__("x1") = 0x100000000;
	register uint64_t x2 __asm__("x2") = 0x200000001;
	register uint64_t x3 __asm__("x3") = 0x300000002;
	register uint64_t x4 __asm__("x4") = 0x400000003;
	register uint64_t x5 __asm__("x5") = 0x500000004;
	register uint64_t x6 __asm__("x6") = 0x600000005;

	__asm__ volatile("hvc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 : "r"(x4), "r"(x5), "r"(x6)
			 : "memory");
	R0_ASSERT_EQ(x0, 0x2000000000);
	R0_ASSERT_EQ(x1, 0x2000000001);
	R0_ASSERT_EQ(x2, 0x2000000002);
	R0_ASSERT_EQ(x3, 0x2000000003);
	R0_ASSERT_EQ(x4, 0x400000003);
}

/* Of a function of 32 bits. */
static int check_halves(void *state, struct r0_hypercall *call)
{
	(void)state;
	R0_ASSERT_EQ(call->arguments[0], 5);
	return 0;
}

/* expect pass: */
R0_TEST(hypercalls, of_32_bits,
	.hypercalls = R0_HYPERCALLS({ 0x86000001, 0x86000001, check_halves }))
{
	R0_ASSERT_EQ(r0_hvc_call(0x86000001, 0x700000005, 0, 0), 0);
}

/* PSCI, too: a test may be the firmware itself. */
static int version(void *state, struct r0_hypercall *call)
{
	(void)state;
	call->results[0] = 0x12345;
	return 0;
}

/* expect pass: */
R0_TEST(hypercalls, in_place_of_psci,
	.hypercalls = R0_HYPERCALLS({ R0_PSCI_VERSION, R0_PSCI_VERSION, version }))
{
	R0_ASSERT_EQ(r0_hvc_call(R0_PSCI_VERSION, 0, 0, 0), 0x12345);
}

static int refuse(void *state, struct r0_hypercall *call)
{
	(void)state;
	(void)call;
	return -1;
}

/* expect fail: hypercall 0xc6000000, which its mock refuses */
R0_TEST(hypercalls, refused, .hypercalls = R0_HYPERCALLS({ FIRST, LAST, refuse }))
{
	r0_hvc_call(FIRST, 0, 0, 0);
}

static int fail(void *state, struct r0_hypercall *call)
{
	(void)state;
	R0_FAIL("not while off: %#x", call->function);
	return 0;
}

/* expect fail: its mock of hypercalls 0xc6000000 to 0xc60000ff: not while off: 0xc6000001 */
R0_TEST(hypercalls, failed, .hypercalls = R0_HYPERCALLS({ FIRST, LAST, fail }))
{
	r0_hvc_call(FIRST + 1, 0, 0, 0);
}

static int crash(void *state, struct r0_hypercall *call)
{
	(void)call;
	*(volatile int *)state = 1;
	return 0;
}

/* expect fail: its mock of hypercalls 0xc6000000 to 0xc60000ff crashed */
R0_TEST(hypercalls, crashed, .hypercalls = R0_HYPERCALLS({ FIRST, LAST, crash }))
{
	r0_hvc_call(FIRST, 0, 0, 0);
}

static int look(void *state)
{
	const struct firmware *firmware = state;

	R0_EXPECT_EQ(firmware->calls, 2);
	return 0;
}

/* expect fail: R0_EXPECT_EQ(firmware->calls, 2) failed */
R0_TEST(hypercalls, looked_at_in_the_end,
	.hypercalls = R0_HYPERCALLS({ FIRST, LAST, add, &at_first, sizeof(at_first), look }))
{
	r0_hvc_call(FIRST, 0, 0, 0);
}

static void call_from_work(void *arg)
{
	R0_ASSERT_GT(r0_hvc_call(FIRST, (uint64_t)arg, 0, 0), 1000);
}

/* expect pass: */
R0_TEST(hypercalls, of_several_cpus, .cpus = 2,
	.hypercalls = R0_HYPERCALLS({ FIRST, LAST, add, &at_first, sizeof(at_first) }))
{
	r0_on_cpus(call_from_work, (void *)1);
	R0_ASSERT_EQ(r0_hvc_call(FIRST, 0, 0, 0), 1002);
}

/* Arm Architecture Calls are KVM's: api.rst, KVM_ARM_VM_SMCCC_FILTER. */
/* expect error: .hypercalls: KVM does not hand out 0x80000000 to 0x80000000: some of them are the architecture's */
R0_TEST(hypercalls, of_the_architecture,
	.hypercalls = R0_HYPERCALLS({ 0x80000000, 0x80000000, version }))
{
}

#define ATOMIC 20

/* expect pass: */
R0_TEST(id_registers, without_atomics,
	.id_registers = R0_ID_REGISTERS({ R0_ID_AA64ISAR0_EL1, R0_ID_MASK(ATOMIC), 0 }))
{
	R0_ASSERT_EQ(R0_ID_FIELD(r0_mrs(id_aa64isar0_el1), ATOMIC), 0);
}

/* expect pass: */
R0_TEST(id_registers, of_each_cpu, .cpus = 2,
	.id_registers = R0_ID_REGISTERS({ R0_ID_AA64ISAR0_EL1, R0_ID_MASK(ATOMIC), 0 }))
{
	R0_ASSERT_EQ(R0_ID_FIELD(r0_mrs(id_aa64isar0_el1), ATOMIC), 0);
}

/* The next test's CPU has what KVM has: FEAT_LSE, and from QEMU 11 on FEAT_LSE128 (DDI 0487, ID_AA64ISAR0_EL1). */
/* expect pass: */
R0_TEST(zz, as_ever)
{
	R0_ASSERT_GE(R0_ID_FIELD(r0_mrs(id_aa64isar0_el1), ATOMIC), 2);
	R0_ASSERT_EQ(r0_hvc_call(FIRST, 0, 0, 0), (uint64_t)-1);
}

/* Nor does it have more than KVM has: where KVM lets a field be changed, that is the test's mistake. */
/* expect error: lets these bits of S3_0_C0_C6_0 be changed, but not from */
R0_TEST(id_registers, with_more,
	.id_registers = R0_ID_REGISTERS({ R0_ID_AA64ISAR0_EL1, R0_ID_MASK(ATOMIC), ~0ul }))
{
}

/* Bits without a field, which KVM keeps as they are. */
/* expect skip: this kernel's KVM does not let the ID register S3_0_C0_C6_0 be ... for the bits 0x1 */
R0_TEST(id_registers, with_what_is_reserved,
	.id_registers = R0_ID_REGISTERS({ R0_ID_AA64ISAR0_EL1, R0_ID_MASK(0), 1 }))
{
}
