/* SPDX-License-Identifier: MIT */
/*
 * SYSCALL, SYSRET, SYSENTER and SYSEXIT. SDM vol. 3A, 5.8.7 and 5.8.8, and vol. 2B; APM vol. 2,
 * 6.1, and vol. 3.
 */
#include <ring0.h>
#include <ring0/x86.h>
#include "tests/guest/landing.h"
#include "tests/guest/mapping.h"
#include "tests/guest/requirements.h"

/* The GDT's free entries. */
#define FREE	  0x40
#define FREE_NEXT 0x48

/* What the handler of SYSCALL finds; the assembly below knows the offsets. */
struct entered {
	uint64_t before; /* RFLAGS for the SYSCALL */
	uint64_t rflags; /* 8: in the handler, like what follows */
	uint64_t rcx;	 /* 16 */
	uint64_t r11;	 /* 24 */
	uint64_t cs;	 /* 32 */
	uint64_t ss;	 /* 40 */
	uint64_t rsp;	 /* 48 */
	uint64_t lstar;	 /* 56: to put back before returning to ring 3 */
	uint64_t fmask;	 /* 64 */
	uint64_t called; /* 72: RSP of the caller */
};

#define STORE_ENTERED           \
	"pushfq\n"              \
	"popq 8(%rdi)\n"        \
	"movq %rcx, 16(%rdi)\n" \
	"movq %r11, 24(%rdi)\n" \
	"movl %cs, %eax\n"      \
	"movq %rax, 32(%rdi)\n" \
	"movl %ss, %eax\n"      \
	"movq %rax, 40(%rdi)\n" \
	"movq %rsp, 48(%rdi)\n"

/* SYSCALL in ring 0, and a handler that goes back by a jump. */
ROUTINE(syscall_in_ring_0, "movq %rsp, 72(%rdi); pushq (%rdi); popfq", "syscall",
	"pushq $2; popfq");
ROUTINE(jump_back, STORE_ENTERED, "jmp *%rcx", "");

/* SYSCALL in ring 3, and a handler that puts the MSRs back and goes back by SYSRET. */
RING3_ROUTINE(syscall_in_ring_3, "movq %rsp, 72(%rdi)", "syscall", "movl %cs, %eax");
ROUTINE(return_to_ring_3,
	STORE_ENTERED "movl $0xc0000082, %ecx\n"
		      "movl 56(%rdi), %eax\n"
		      "movl 60(%rdi), %edx\n"
		      "wrmsr\n"
		      "movl $0xc0000084, %ecx\n"
		      "movl 64(%rdi), %eax\n"
		      "movl 68(%rdi), %edx\n"
		      "wrmsr\n"
		      "movq 16(%rdi), %rcx\n"
		      "movq 24(%rdi), %r11\n",
	"sysretq", "");

static void enter(struct entered *entered, uint64_t fmask)
{
	r0_wrmsr(R0_MSR_LSTAR, (uint64_t)jump_back);
	r0_wrmsr(R0_MSR_FMASK, fmask);
	syscall_in_ring_0(entered);
}

R0_TEST(syscall, enters_at_lstar)
{
	struct entered entered = { .before = R0_RFLAGS_FIXED };

	enter(&entered, 0);
	R0_ASSERT_EQ(entered.rcx, (uint64_t)syscall_in_ring_0_next);
	R0_ASSERT_EQ(entered.r11, R0_RFLAGS_FIXED);
	R0_ASSERT_EQ(entered.rflags, R0_RFLAGS_FIXED);
	R0_ASSERT_EQ(entered.rsp, entered.called);
}

R0_TEST(syscall, loads_cs_and_ss_from_star)
{
	struct entered entered = { .before = R0_RFLAGS_FIXED };

	r0_gdt()[FREE >> 3] = R0_SEGMENT_CODE64;
	r0_gdt()[FREE_NEXT >> 3] = R0_SEGMENT_DATA;
	r0_wrmsr(R0_MSR_STAR, R0_STAR(FREE, R0_USER_CS32 | 3));
	enter(&entered, 0);
	r0_write_cs(R0_KERNEL_CS);
	r0_write_ss(R0_KERNEL_DS);
	R0_ASSERT_EQ(entered.cs, FREE);
	R0_ASSERT_EQ(entered.ss, FREE_NEXT);
}

/* The descriptors are not read: CS and SS are flat whatever is there. SDM vol. 2B, SYSCALL. */
R0_TEST(syscall, reads_no_descriptors)
{
	struct entered entered = { .before = R0_RFLAGS_FIXED };

	r0_gdt()[FREE >> 3] = 0;
	r0_gdt()[FREE_NEXT >> 3] = 0;
	r0_wrmsr(R0_MSR_STAR, R0_STAR(FREE, R0_USER_CS32 | 3));
	enter(&entered, 0);
	r0_write_cs(R0_KERNEL_CS);
	r0_write_ss(R0_KERNEL_DS);
	R0_ASSERT_EQ(entered.cs, FREE);
}

#define ARITHMETIC                                                                                 \
	(R0_RFLAGS_CF | R0_RFLAGS_PF | R0_RFLAGS_AF | R0_RFLAGS_ZF | R0_RFLAGS_SF | R0_RFLAGS_DF | \
	 R0_RFLAGS_OF)
#define SYSTEM (R0_RFLAGS_IOPL(3) | R0_RFLAGS_NT | R0_RFLAGS_AC | R0_RFLAGS_ID)

static const uint64_t arithmetic_flags[] = { R0_RFLAGS_CF, R0_RFLAGS_PF, R0_RFLAGS_AF, R0_RFLAGS_ZF,
					     R0_RFLAGS_SF, R0_RFLAGS_DF, R0_RFLAGS_OF };
static const uint64_t system_flags[] = { R0_RFLAGS_NT, R0_RFLAGS_AC, R0_RFLAGS_ID,
					 R0_RFLAGS_IOPL(1), R0_RFLAGS_IOPL(3) };

R0_TEST(syscall, fmask_clears_arithmetic_flags, .params = R0_PARAMS(arithmetic_flags))
{
	uint64_t flag = R0_PARAM(const uint64_t);
	struct entered entered = { .before = R0_RFLAGS_FIXED | ARITHMETIC };

	enter(&entered, flag);
	R0_ASSERT_EQ(entered.r11, R0_RFLAGS_FIXED | ARITHMETIC);
	R0_ASSERT_EQ(entered.rflags, (R0_RFLAGS_FIXED | ARITHMETIC) & ~flag);
}

R0_TEST(syscall, fmask_clears_system_flags, .params = R0_PARAMS(system_flags))
{
	uint64_t flag = R0_PARAM(const uint64_t);
	struct entered entered = { .before = R0_RFLAGS_FIXED | SYSTEM };

	enter(&entered, flag);
	R0_ASSERT_EQ(entered.r11, R0_RFLAGS_FIXED | SYSTEM);
	R0_ASSERT_EQ(entered.rflags, (R0_RFLAGS_FIXED | SYSTEM) & ~flag);
}

ROUTINE(undefined_syscall, "", "syscall", "");
ROUTINE(undefined_sysret, "", "sysretq", "");

R0_TEST(syscall, is_undefined_without_sce)
{
	struct r0_fault fault;

	r0_wrmsr(R0_MSR_EFER, r0_rdmsr(R0_MSR_EFER) & ~R0_EFER_SCE);
	fault = r0_try(undefined_syscall, NULL);
	ASSERT_FAULT_AT(fault, R0_UD, 0, undefined_syscall_at);
}

R0_TEST(syscall, sysret_is_undefined_without_sce, .when = sysret_is_the_cpus)
{
	struct r0_fault fault;

	r0_wrmsr(R0_MSR_EFER, r0_rdmsr(R0_MSR_EFER) & ~R0_EFER_SCE);
	fault = r0_try(undefined_sysret, NULL);
	ASSERT_FAULT_AT(fault, R0_UD, 0, undefined_sysret_at);
}

static void prepare_ring_3(struct entered *entered, uint64_t fmask)
{
	entered->lstar = r0_rdmsr(R0_MSR_LSTAR);
	entered->fmask = r0_rdmsr(R0_MSR_FMASK);
	/* The handler is on a page that ring 3's tables give to ring 3. */
	r0_write_cr4(r0_read_cr4() & ~R0_CR4_SMEP);
	r0_wrmsr(R0_MSR_LSTAR, (uint64_t)return_to_ring_3);
	r0_wrmsr(R0_MSR_FMASK, fmask);
}

R0_TEST(syscall, enters_from_ring_3_and_returns, .when = syscall_leaves_ring_3)
{
	static struct entered entered;
	struct r0_fault fault;

	prepare_ring_3(&entered, 0);
	fault = r0_user_call(syscall_in_ring_3, &entered);
	R0_ASSERT_EQ(fault.vector, -1);
	R0_ASSERT_EQ(fault.value, R0_USER_CS | 3);
	R0_ASSERT_EQ(entered.cs, R0_KERNEL_CS);
	R0_ASSERT_EQ(entered.ss, R0_KERNEL_DS);
	R0_ASSERT_EQ(entered.rcx, (uint64_t)syscall_in_ring_3_next);
	R0_ASSERT_EQ(entered.r11 & R0_RFLAGS_FIXED, R0_RFLAGS_FIXED);
	R0_ASSERT_EQ(entered.rsp, entered.called);
}

R0_TEST(syscall, of_ring_3_is_undefined_without_sce, .when = ring_3_obeys_control_registers)
{
	static struct entered entered;
	struct r0_fault fault;

	r0_wrmsr(R0_MSR_EFER, r0_rdmsr(R0_MSR_EFER) & ~R0_EFER_SCE);
	fault = r0_user_call(syscall_in_ring_3, &entered);
	ASSERT_FAULT_AT(fault, R0_UD, 0, syscall_in_ring_3_at);
}

/* SYSRET to an address that ring 3 may not run: the page fault shows all that it did. */
struct sysret {
	uint64_t rcx, r11;
};

ROUTINE(sysret_64, "movq 8(%rdi), %r11; movq (%rdi), %rcx", "sysretq", "");
ROUTINE(sysret_32, "movq 8(%rdi), %r11; movq (%rdi), %rcx", "sysretl", "");

R0_TEST(syscall, sysret_goes_to_ring_3, .when = executes_sysret)
{
	struct sysret sysret = { (uint64_t)jump_back, R0_RFLAGS_FIXED | R0_RFLAGS_CF };
	const struct landing *landing = land(sysret_64, &sysret);

	R0_ASSERT_EQ(landing->frame.vector, R0_PF);
	R0_ASSERT_EQ(landing->frame.error_code, R0_PF_P | R0_PF_US | R0_PF_ID);
	R0_ASSERT_EQ(landing->cr2, (uint64_t)jump_back);
	R0_ASSERT_EQ(landing->frame.rip, (uint64_t)jump_back);
	R0_ASSERT_EQ(landing->frame.cs, R0_USER_CS | 3);
	R0_ASSERT_EQ(landing->frame.ss, R0_USER_DS | 3);
	R0_ASSERT_EQ(landing->frame.rflags & ~R0_RFLAGS_RF, R0_RFLAGS_FIXED | R0_RFLAGS_CF);
}

R0_TEST(syscall, sysret_loads_arithmetic_flags, .when = executes_sysret)
{
	struct sysret sysret = { (uint64_t)jump_back, R0_RFLAGS_FIXED | ARITHMETIC };
	const struct landing *landing = land(sysret_64, &sysret);

	R0_ASSERT_EQ(landing->frame.vector, R0_PF);
	R0_ASSERT_EQ(landing->frame.rflags & ~R0_RFLAGS_RF, R0_RFLAGS_FIXED | ARITHMETIC);
}

R0_TEST(syscall, sysret_loads_system_flags, .when = ring_3_has_the_guests_flags)
{
	struct sysret sysret = { (uint64_t)jump_back, R0_RFLAGS_FIXED | SYSTEM };
	const struct landing *landing = land(sysret_64, &sysret);

	R0_ASSERT_EQ(landing->frame.vector, R0_PF);
	R0_ASSERT_EQ(landing->frame.rflags & ~R0_RFLAGS_RF, R0_RFLAGS_FIXED | SYSTEM);
}

/* SDM vol. 2B, SYSRET: RF, VM and reserved bits are not taken from R11. */
R0_TEST(syscall, sysret_leaves_out_vm, .when = executes_sysret)
{
	struct sysret sysret = { (uint64_t)jump_back,
				 R0_RFLAGS_FIXED | R0_RFLAGS_VM | 1ul << 3 | 1ul << 15 };
	const struct landing *landing = land(sysret_64, &sysret);

	R0_ASSERT_EQ(landing->frame.vector, R0_PF);
	R0_ASSERT_EQ(landing->frame.rflags & ~R0_RFLAGS_RF, R0_RFLAGS_FIXED);
}

R0_TEST(syscall, sysret_loads_selectors_from_star, .when = executes_sysret)
{
	struct sysret sysret = { (uint64_t)jump_back, R0_RFLAGS_FIXED };
	const struct landing *landing;

	r0_wrmsr(R0_MSR_STAR, R0_STAR(R0_KERNEL_CS, 0x100));
	landing = land(sysret_64, &sysret);
	R0_ASSERT_EQ(landing->frame.vector, R0_PF);
	R0_ASSERT_EQ(landing->frame.cs, 0x100 + 16 + 3);
	R0_ASSERT_EQ(landing->frame.ss, 0x100 + 8 + 3);
}

R0_TEST(syscall, sysret_goes_to_32_bit_code, .when = sysret_is_the_cpus)
{
	struct sysret sysret = { 0xdeadbeef00000000 | MAPPING_LOW, R0_RFLAGS_FIXED };
	const struct landing *landing;

	map(MAPPING_LOW, 1, 0);
	landing = land(sysret_32, &sysret);
	R0_ASSERT_EQ(landing->frame.vector, R0_PF);
	R0_ASSERT_EQ(landing->frame.error_code, R0_PF_US | R0_PF_ID);
	R0_ASSERT_EQ(landing->frame.rip, MAPPING_LOW);
	R0_ASSERT_EQ(landing->frame.cs, R0_USER_CS32 | 3);
	R0_ASSERT_EQ(landing->frame.ss, R0_USER_DS | 3);
}

/* Intel's faults in ring 0, SDM vol. 2B, SYSRET; AMD's in ring 3, at the target. */
R0_TEST(syscall, sysret_to_a_non_canonical_address, .when = sysret_is_the_cpus)
{
	struct sysret sysret = { 0x0000800000000000, R0_RFLAGS_FIXED };
	const struct landing *landing = land(sysret_64, &sysret);

	R0_ASSERT_EQ(landing->frame.vector, R0_GP);
	R0_ASSERT_EQ(landing->frame.error_code, 0);
	if (r0_cpu_is_amd()) {
		R0_ASSERT_EQ(landing->frame.cs, R0_USER_CS | 3);
		R0_ASSERT_EQ(landing->frame.rip, 0x0000800000000000);
	} else {
		R0_ASSERT_EQ(landing->frame.cs, R0_KERNEL_CS);
		R0_ASSERT_EQ(landing->frame.rip, (uint64_t)sysret_64_at);
	}
}

ROUTINE(undefined, "", "ud2", "");
ROUTINE(sysenter, "", "sysenter", "");
ROUTINE(sysexit, "movq (%rdi), %rdx; movq 8(%rdi), %rcx", "sysexitq", "");

/* SDM vol. 2B, SYSENTER: a null IA32_SYSENTER_CS. APM vol. 3: not in long mode at all. */
R0_TEST(syscall, sysenter_needs_a_selector, .when = executes_sysenter)
{
	struct r0_fault fault;

	r0_wrmsr(R0_MSR_SYSENTER_CS, 0);
	fault = r0_try(sysenter, NULL);
	ASSERT_FAULT_AT(fault, r0_cpu_is_amd() ? R0_UD : R0_GP, 0, sysenter_at);
}

R0_TEST(syscall, sysenter_loads_rip_rsp_and_selectors, .when = executes_intel_sysenter)
{
	static uint8_t stack[64] __attribute__((aligned(16)));
	const struct landing *landing;

	r0_wrmsr(R0_MSR_SYSENTER_CS, R0_KERNEL_CS);
	r0_wrmsr(R0_MSR_SYSENTER_EIP, (uint64_t)undefined);
	r0_wrmsr(R0_MSR_SYSENTER_ESP, (uint64_t)stack);
	landing = land(sysenter, NULL);
	R0_ASSERT_EQ(landing->frame.vector, R0_UD);
	R0_ASSERT_EQ(landing->frame.rip, (uint64_t)undefined_at);
	R0_ASSERT_EQ(landing->frame.cs, R0_KERNEL_CS);
	R0_ASSERT_EQ(landing->frame.ss, R0_KERNEL_DS);
	R0_ASSERT_EQ(landing->frame.rsp, (uint64_t)stack);
}

R0_TEST(syscall, sysexit_goes_to_ring_3, .when = executes_intel_sysenter)
{
	uint64_t target[2] = { (uint64_t)jump_back, 0x123456789000 };
	const struct landing *landing;

	r0_wrmsr(R0_MSR_SYSENTER_CS, R0_KERNEL_CS);
	landing = land(sysexit, target);
	R0_ASSERT_EQ(landing->frame.vector, R0_PF);
	R0_ASSERT_EQ(landing->frame.error_code, R0_PF_P | R0_PF_US | R0_PF_ID);
	R0_ASSERT_EQ(landing->frame.rip, (uint64_t)jump_back);
	R0_ASSERT_EQ(landing->frame.rsp, 0x123456789000);
	R0_ASSERT_EQ(landing->frame.cs, (R0_KERNEL_CS + 32) | 3);
	R0_ASSERT_EQ(landing->frame.ss, (R0_KERNEL_CS + 40) | 3);
}
