/* SPDX-License-Identifier: MIT */
/*
 * What a test needs. The probes are run on the host's KVM by r0_call(), one at a time; everything
 * else here runs in ring 0.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "requirements.h"
#include "tests/guest/landing.h"

/* Instructions that a KVM which emulates ring 0 may not know. Each is tried in a VM of its own. */
ROUTINE(try_int1, "", ".byte 0xf1", "");
ROUTINE(try_int3, "", "int3", "");
ROUTINE(try_int_n, "", "int $0x1f", "");
ROUTINE(try_ud0, "", ".byte 0x0f, 0xff, 0xc0", "");
ROUTINE(try_ud1, "", ".byte 0x0f, 0xb9, 0xc0", "");
ROUTINE(try_bound, "", ".byte 0x62, 0xf0, 0x04, 0x08, 0x10, 0xc0", "");
ROUTINE(try_wait, "", "fwait", "");
ROUTINE(try_x87, "", "fld1", "fstp %st(0)");
ROUTINE(try_mmx, "", "paddb %mm0, %mm0", "emms");
ROUTINE(try_sse, "", "pxor %xmm0, %xmm0", "");
ROUTINE(try_avx, "", "vpxor %xmm0, %xmm0, %xmm0", "");
ROUTINE(try_popcnt, "", "popcntq %rdi, %rax", "");
ROUTINE(try_cmpxchg16b, "leaq wide(%rip), %rsi", "lock cmpxchg16b (%rsi)", "");
ROUTINE(try_xgetbv, "xorl %ecx, %ecx", "xgetbv", "");
ROUTINE(try_xsetbv, "xorl %ecx, %ecx; xorl %edx, %edx; movl $3, %eax", "xsetbv", "");
ROUTINE(try_rdtscp, "", "rdtscp", "");
ROUTINE(try_invpcid, "leaq wide(%rip), %rsi; movl $2, %eax", "invpcid (%rsi), %rax", "");
ROUTINE(try_clac, "", ".byte 0x0f, 0x01, 0xca", "");
ROUTINE(try_lar, "movl $0x10, %ecx", "lar %ecx, %eax", "");
ROUTINE(try_lsl, "movl $0x10, %ecx", "lsl %ecx, %eax", "");
ROUTINE(try_verr, "movl $0x10, %ecx", "verr %cx", "verw %cx");
ROUTINE(try_lahf, "", "lahf", "sahf");
ROUTINE(try_sysenter, "", "sysenter", "");

extern uint64_t wide[2];
uint64_t wide[2] __attribute__((aligned(16), visibility("hidden")));

/* Whether the VM gets past it does not depend on what exception the instruction may raise. */
static void get_past(void *arg)
{
	void (*routine)(void *) = *(void (**)(void *))arg;

	r0_try(routine, NULL);
}

/* SYSRET to an address that ring 3 may not run. */
ROUTINE(try_sysret, "leaq try_sysret(%rip), %rcx; movl $2, %r11d", "sysretq", "");

static void sysret_faults_in_ring_3(void *arg)
{
	const struct landing *landing = land(try_sysret, arg);

	R0_ASSERT_EQ(landing->frame.vector, R0_PF);
	R0_ASSERT_EQ(landing->frame.cs & 3, 3);
}

/* The answers: written on the host, before any test is mirrored. */
static struct abilities {
	bool int1, int3, int_n, ud0, ud1, bound, wait, x87, mmx, sse, avx, popcnt, cmpxchg16b,
		xgetbv, xsetbv, rdtscp, invpcid, clac, lar, lsl, verr, lahf, sysret, sysenter;
	bool emulates_ring_0, avx_on_mmio;
	bool tzcnt, lzcnt, movbe; /* of the CPU: in ring 0, CPUID may say otherwise */
} found;

/* An image runs on what is to be tested: it has to execute them. */
static const struct abilities everything = {
	.int1 = true,
	.int3 = true,
	.int_n = true,
	.ud0 = true,
	.ud1 = true,
	.bound = true,
	.wait = true,
	.x87 = true,
	.mmx = true,
	.sse = true,
	.avx = true,
	.popcnt = true,
	.cmpxchg16b = true,
	.xgetbv = true,
	.xsetbv = true,
	.rdtscp = true,
	.invpcid = true,
	.clac = true,
	.lar = true,
	.lsl = true,
	.verr = true,
	.lahf = true,
	.sysret = true,
	.sysenter = true,
	.avx_on_mmio = true,
};

static const struct abilities *host(void)
{
	return r0_is_image() ? &everything : &found;
}

/* What the CPU has, by its own CPUID: in a VM the host's, which the test can't see. */
static bool cpu_itself_has(bool host_has, uint64_t feature)
{
	return r0_is_image() ? r0_cpu_has(feature) : host_has;
}

static bool succeeds(void (*fn)(void *arg), void *arg)
{
	struct r0_result result = r0_call(fn, arg, NULL);
	bool passed = result.verdict == R0_VERDICT_PASS;

	r0_result_finish(&result);
	return passed;
}

static int zero(void *state, struct r0_access *access)
{
	(void)state;
	access->value = 0;
	return 0;
}

static void load_from_mmio(void *arg)
{
	__asm__ volatile("vmovdqu (%0), %%xmm0" : : "r"(arg) : "memory");
}

static bool avx_reaches_mmio(void)
{
	struct r0_result result = r0_call(
		load_from_mmio, r0_direct(0xfe000000),
		&(struct r0_options){ .mmio = R0_MMIO({ 0xfe000000, 0xfe00000f, zero, NULL, 0 }) });
	bool passed = result.verdict == R0_VERDICT_PASS;

	r0_result_finish(&result);
	return passed;
}

void find_host_abilities(void)
{
	static const struct {
		bool *answer;
		void (*routine)(void *arg);
	} instructions[] = {
		{ &found.int1, try_int1 },
		{ &found.int3, try_int3 },
		{ &found.int_n, try_int_n },
		{ &found.ud0, try_ud0 },
		{ &found.ud1, try_ud1 },
		{ &found.bound, try_bound },
		{ &found.wait, try_wait },
		{ &found.x87, try_x87 },
		{ &found.mmx, try_mmx },
		{ &found.sse, try_sse },
		{ &found.avx, try_avx },
		{ &found.popcnt, try_popcnt },
		{ &found.cmpxchg16b, try_cmpxchg16b },
		{ &found.xgetbv, try_xgetbv },
		{ &found.xsetbv, try_xsetbv },
		{ &found.rdtscp, try_rdtscp },
		{ &found.invpcid, try_invpcid },
		{ &found.clac, try_clac },
		{ &found.lar, try_lar },
		{ &found.lsl, try_lsl },
		{ &found.verr, try_verr },
		{ &found.lahf, try_lahf },
		{ &found.sysenter, try_sysenter },
	};

	for (unsigned int i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++)
		*instructions[i].answer = succeeds(get_past, (void *)&instructions[i].routine);
	found.sysret = succeeds(sysret_faults_in_ring_3, NULL);
	found.avx_on_mmio = found.avx && avx_reaches_mmio();
	found.tzcnt = r0_cpu_has(R0_FEATURE_BMI1);
	found.lzcnt = r0_cpu_has(R0_FEATURE_LZCNT);
	found.movbe = r0_cpu_has(R0_FEATURE_MOVBE);
	found.emulates_ring_0 = !r0_cpu_has(R0_FEATURE_VMX) && !r0_cpu_has(R0_FEATURE_SVM);
}

#define CONDITION(name, expression) \
	bool name(void)             \
	{                           \
		return expression;  \
	}

CONDITION(cpu_has_pcid, r0_cpu_has(R0_FEATURE_PCID))
CONDITION(cpu_has_xsave, r0_cpu_has(R0_FEATURE_XSAVE))
CONDITION(cpu_has_mtrr, r0_cpu_has(R0_FEATURE_MTRR))
CONDITION(cpu_has_rdtscp, r0_cpu_has(R0_FEATURE_RDTSCP))
CONDITION(cpu_has_monitor, r0_cpu_has(R0_FEATURE_MONITOR))
CONDITION(cpu_has_rdpid, r0_cpu_has(R0_FEATURE_RDPID))
CONDITION(cpu_has_smap, r0_cpu_has(R0_FEATURE_SMAP))
CONDITION(cpu_has_invpcid, r0_cpu_has(R0_FEATURE_INVPCID))
CONDITION(cpu_has_1gb_pages, r0_cpu_has(R0_FEATURE_1GB))
CONDITION(cpu_has_brand_string, r0_cpuid(0x80000000, 0).eax >= 0x80000004)
CONDITION(cpu_has_x2apic, r0_cpu_has(R0_FEATURE_X2APIC))
CONDITION(cpu_has_tsc_deadline, r0_cpu_has(R0_FEATURE_TSC_DEADLINE))
CONDITION(cpu_has_spare_physical_bits, r0_physical_address_bits() < 52)
CONDITION(cpu_is_intel, r0_cpu_is_intel())

CONDITION(enters_with_fsgsbase, r0_read_cr4() & R0_CR4_FSGSBASE)
CONDITION(enters_with_osxsave, r0_read_cr4() & R0_CR4_OSXSAVE)
CONDITION(enters_with_smep, r0_read_cr4() & R0_CR4_SMEP)

/* KVM executes all instructions, or the host completes those that it can't. */
static bool is_complete(void)
{
	return !host()->emulates_ring_0 || host()->popcnt;
}

/* Where KVM lets no CR4.OSXSAVE be set, it is taken for set with what the host completes. */
static bool has_xcr0(void)
{
	return enters_with_osxsave() ||
	       (host()->emulates_ring_0 && host()->avx && r0_cpu_has(R0_FEATURE_XSAVE));
}

CONDITION(lacks_monitor, is_complete() && !r0_cpu_has(R0_FEATURE_MONITOR))
CONDITION(lacks_rdpid, is_complete() && !r0_cpu_has(R0_FEATURE_RDPID))
CONDITION(lacks_rdtscp, is_complete() && !r0_cpu_has(R0_FEATURE_RDTSCP))

CONDITION(executes_int1, host()->int1)
CONDITION(executes_int3, host()->int3)
CONDITION(executes_int_n, host()->int_n)
CONDITION(executes_ud0, host()->ud0)
CONDITION(executes_ud1, host()->ud1)
CONDITION(executes_bound, host()->bound)
CONDITION(executes_wait, host()->wait)
CONDITION(executes_x87, host()->x87)
CONDITION(executes_mmx, host()->mmx)
CONDITION(executes_sse, host()->sse)
CONDITION(executes_avx, host()->avx &&r0_cpu_has(R0_FEATURE_AVX))
CONDITION(executes_avx_on_mmio, executes_avx() && host()->avx_on_mmio)
CONDITION(executes_avx_under_xcr0, executes_avx() && has_xcr0())
CONDITION(executes_avx_under_osxsave, executes_avx() && enters_with_osxsave())
CONDITION(executes_popcnt, host()->popcnt &&r0_cpu_has(R0_FEATURE_POPCNT))
CONDITION(executes_cmpxchg16b, host()->cmpxchg16b &&r0_cpu_has(R0_FEATURE_CMPXCHG16B))
CONDITION(executes_xgetbv, host()->xgetbv &&has_xcr0())
CONDITION(executes_xsetbv, host()->xsetbv &&has_xcr0())
CONDITION(executes_xsave, has_xcr0())
CONDITION(executes_xsaveopt, has_xcr0() && r0_cpu_has(R0_FEATURE_XSAVEOPT))
CONDITION(executes_xsavec, has_xcr0() && r0_cpu_has(R0_FEATURE_XSAVEC))
CONDITION(executes_xsaves, has_xcr0() && r0_cpu_has(R0_FEATURE_XSAVES))
CONDITION(lacks_xsaves, has_xcr0() && !r0_cpu_has(R0_FEATURE_XSAVES))
CONDITION(host_completes_xsaves, host()->emulates_ring_0 &&has_xcr0())
CONDITION(executes_tzcnt, is_complete() && cpu_itself_has(host()->tzcnt, R0_FEATURE_BMI1))
CONDITION(executes_lzcnt, is_complete() && cpu_itself_has(host()->lzcnt, R0_FEATURE_LZCNT))
CONDITION(executes_movbe, is_complete() && cpu_itself_has(host()->movbe, R0_FEATURE_MOVBE))
CONDITION(executes_rdtscp, host()->rdtscp &&r0_cpu_has(R0_FEATURE_RDTSCP))
CONDITION(executes_invpcid, host()->invpcid &&r0_cpu_has(R0_FEATURE_INVPCID))
CONDITION(executes_clac_and_stac, host()->clac &&r0_cpu_has(R0_FEATURE_SMAP))
CONDITION(executes_lar, host()->lar)
CONDITION(executes_lsl, host()->lsl)
CONDITION(executes_verr_and_verw, host()->verr)
CONDITION(executes_lahf_and_sahf, host()->lahf &&r0_cpu_has(R0_FEATURE_LAHF))
CONDITION(executes_sysret, host()->sysret)
CONDITION(executes_sysenter, host()->sysenter)
CONDITION(executes_intel_sysenter, host()->sysenter &&r0_cpu_is_intel())

CONDITION(adds_the_base_of_code, !host()->emulates_ring_0)
CONDITION(checks_far_transfers, !host()->emulates_ring_0)
CONDITION(checks_fxsave_alignment, !host()->emulates_ring_0)
CONDITION(checks_gates, !host()->emulates_ring_0)
CONDITION(checks_the_tss_limit, !host()->emulates_ring_0)
CONDITION(checks_what_msrs_take, !host()->emulates_ring_0)
CONDITION(clears_reserved_dr6_bits, !host()->emulates_ring_0)
CONDITION(cpu_checks_sysenter_addresses, !host()->emulates_ring_0 && r0_cpu_is_intel())
CONDITION(cpuid_is_what_kvm_was_told, !host()->emulates_ring_0)
CONDITION(delivers_one_exception_after_another, !host()->emulates_ring_0)
CONDITION(delivery_keeps_flags, !host()->emulates_ring_0)
CONDITION(executes_far_transfers, is_complete())
CONDITION(faults_where_the_cpu_does, !host()->emulates_ring_0)
CONDITION(fires_data_watchpoints, !host()->emulates_ring_0)
CONDITION(gives_the_cpus_error_codes, !host()->emulates_ring_0)
CONDITION(iret_restores_all, !host()->emulates_ring_0)
CONDITION(keeps_interrupts_in_service, !host()->emulates_ring_0)
CONDITION(knows_all_undefined_opcodes, is_complete())
CONDITION(iret_checks_data_segments, !host()->emulates_ring_0)
CONDITION(looks_at_all_of_a_control_register, !host()->emulates_ring_0)
CONDITION(ring_3_has_the_guests_flags, !host()->emulates_ring_0)
CONDITION(ring_3_has_the_guests_selectors, !host()->emulates_ring_0)
CONDITION(ring_3_obeys_control_registers, !host()->emulates_ring_0)
CONDITION(ring_3_obeys_debug_registers, !host()->emulates_ring_0)
CONDITION(ring_3_obeys_umip, !host()->emulates_ring_0 && r0_cpu_has(R0_FEATURE_UMIP))
CONDITION(steps_as_the_cpu_does, !host()->emulates_ring_0)
CONDITION(syscall_leaves_ring_3, !host()->emulates_ring_0)
CONDITION(sysret_is_the_cpus, is_complete())
CONDITION(takes_interrupts_at_once, !host()->emulates_ring_0)
CONDITION(writes_the_tsc, !host()->emulates_ring_0)
