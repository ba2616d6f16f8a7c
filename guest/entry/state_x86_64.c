/* SPDX-License-Identifier: MIT */
/*
 * The runtime's state, alone on its pages: page tables of ring 3 map them for ring 0 only. All
 * zero in the program; the mirror fills in the VM's copy.
 */
#include "guest/entry/state.h"

#define PAGE 4096

_Static_assert(offsetof(struct r0_guest, first) == 0, "entry code");
_Static_assert(offsetof(struct r0_guest, cpu_count) == R0_GUEST_CPU_COUNT, "entry code");
_Static_assert(offsetof(struct r0_guest, exception) == R0_GUEST_EXCEPTION, "entry code");
_Static_assert(offsetof(struct r0_guest, syscall) == R0_GUEST_SYSCALL, "entry code");
_Static_assert(offsetof(struct r0_guest, cpu_main) == R0_GUEST_CPU_MAIN, "entry code");
_Static_assert(offsetof(struct r0_guest, others) == R0_GUEST_OTHERS, "entry code");
_Static_assert(sizeof(struct r0_cpu) == R0_CPU_SIZE, "entry code");
_Static_assert(offsetof(struct r0_cpu, kernel_root) == R0_CPU_KERNEL_ROOT, "entry code");
_Static_assert(offsetof(struct r0_cpu, user_root) == R0_CPU_USER_ROOT, "entry code");
_Static_assert(offsetof(struct r0_cpu, kernel_sp) == R0_CPU_KERNEL_SP, "entry code");
_Static_assert(offsetof(struct r0_cpu, user_sp) == R0_CPU_USER_SP, "entry code");
_Static_assert(offsetof(struct r0_cpu, in_user) == R0_CPU_IN_USER, "entry code");
_Static_assert(offsetof(struct r0_cpu, scratch) == R0_CPU_SCRATCH, "entry code");
_Static_assert(offsetof(struct r0_cpu, area) == R0_CPU_AREA, "entry code");
_Static_assert(R0_SYSCALL_ENTRIES == R0_CPU_LIMIT, "entry code");
_Static_assert(sizeof(struct r0_guest) <= R0_GUEST_SIZE, "the mirror maps this much");

/* The union pads it to whole pages, so that no other variable shares the last one. */
union {
	struct r0_guest state;
	char pages[R0_GUEST_SIZE];
} r0_guest_pages __asm__("r0_guest") __attribute__((aligned(PAGE), visibility("hidden")));
