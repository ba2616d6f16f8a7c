/* SPDX-License-Identifier: MIT */
/*
 * The runtime's state, alone on its pages: page tables of EL0 map them for EL1 only. All
 * zero in the program; the mirror fills in the VM's copy.
 */
#include "guest/entry/state.h"

#define PAGE 4096

_Static_assert(offsetof(struct r0_guest, first) == 0, "entry code");
_Static_assert(offsetof(struct r0_guest, cpu_count) == R0_GUEST_CPU_COUNT, "entry code");
_Static_assert(offsetof(struct r0_guest, exception) == R0_GUEST_EXCEPTION, "entry code");
_Static_assert(offsetof(struct r0_guest, cpu_main) == R0_GUEST_CPU_MAIN, "entry code");
_Static_assert(offsetof(struct r0_guest, others) == R0_GUEST_OTHERS, "entry code");
_Static_assert(sizeof(struct r0_cpu) == R0_CPU_SIZE, "entry code");
_Static_assert(R0_VECTORS == R0_CPU_LIMIT, "entry code");
_Static_assert(offsetof(struct r0_cpu, kernel_root) == R0_CPU_KERNEL_ROOT, "entry code");
_Static_assert(offsetof(struct r0_cpu, user_root) == R0_CPU_USER_ROOT, "entry code");
_Static_assert(offsetof(struct r0_cpu, kernel_sp) == R0_CPU_KERNEL_SP, "entry code");
_Static_assert(offsetof(struct r0_cpu, area) == R0_CPU_AREA, "entry code");
_Static_assert(offsetof(struct r0_cpu, exception_stack) == R0_CPU_EXCEPTION_STACK, "entry code");
_Static_assert(offsetof(struct r0_cpu, saved) == R0_CPU_SAVED, "entry code");
_Static_assert(sizeof(struct r0_guest) <= R0_GUEST_SIZE, "the mirror maps this much");
_Static_assert(offsetof(struct r0_frame, sp) == R0_FRAME_SP, "entry code");
_Static_assert(offsetof(struct r0_frame, pc) == R0_FRAME_PC, "entry code");
_Static_assert(offsetof(struct r0_frame, pstate) == R0_FRAME_PSTATE, "entry code");
_Static_assert(offsetof(struct r0_frame, esr) == R0_FRAME_ESR, "entry code");
_Static_assert(offsetof(struct r0_frame, far) == R0_FRAME_FAR, "entry code");
_Static_assert(offsetof(struct r0_frame, vector) == R0_FRAME_VECTOR, "entry code");
_Static_assert(offsetof(struct r0_frame, sp_el1) == R0_FRAME_SP_EL1, "entry code");
_Static_assert(offsetof(struct r0_frame, ttbr0) == R0_FRAME_TTBR0, "entry code");
_Static_assert(sizeof(struct r0_frame) == R0_FRAME_SIZE, "entry code");
_Static_assert(offsetof(struct r0_start, arguments) == R0_START_ARGUMENTS, "entry code");
_Static_assert(offsetof(struct r0_start, loops) == R0_START_LOOPS, "entry code");
_Static_assert(offsetof(struct r0_start, sctlr) == R0_START_SCTLR, "entry code");
_Static_assert(offsetof(struct r0_start, tcr) == R0_START_SCTLR + 8, "entry code");
_Static_assert(offsetof(struct r0_start, ttbr0) == R0_START_TTBR0, "entry code");
_Static_assert(offsetof(struct r0_start, ttbr1) == R0_START_TTBR0 + 8, "entry code");
_Static_assert(offsetof(struct r0_start, mair) == R0_START_MAIR, "entry code");
_Static_assert(offsetof(struct r0_start, vbar) == R0_START_MAIR + 8, "entry code");
_Static_assert(offsetof(struct r0_start, cpacr) == R0_START_CPACR, "entry code");
_Static_assert(offsetof(struct r0_start, thread_pointer) == R0_START_THREAD_POINTER, "entry code");
_Static_assert(offsetof(struct r0_start, sve) == R0_START_SVE, "entry code");
_Static_assert(sizeof(struct r0_start) == R0_START_SIZE, "entry code");
_Static_assert(R0_AREA_START + R0_START_SIZE == R0_AREA_STACK + R0_AREA_STACK_SIZE, "entry code");
_Static_assert(offsetof(struct r0_recovery, sp) == 96, "try_aarch64.S");
_Static_assert(offsetof(struct r0_recovery, d) == 104, "try_aarch64.S");
_Static_assert(offsetof(struct r0_recovery, pstate) == 168, "try_aarch64.S");

/* The union pads it to whole pages, so that no other variable shares the last one. */
union {
	struct r0_guest state;
	char pages[R0_GUEST_SIZE];
} r0_guest_pages __asm__("r0_guest") __attribute__((aligned(PAGE), visibility("hidden")));

/* KVM gives the CPUs their affinity by number, sixteen to a cluster: MPIDR_EL1, Arm ARM, D19.2.101. */
struct r0_cpu *r0_find_cpu(void)
{
	uint64_t mpidr;

	__asm__("mrs %0, mpidr_el1" : "=r"(mpidr));
	return r0_cpu_at(&r0_guest, (unsigned int)((mpidr & 0xf) | (mpidr >> 8 & 0xff) << 4));
}
