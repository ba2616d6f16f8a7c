/* SPDX-License-Identifier: MIT */
/*
 * The runtime's state, alone on its pages: page tables of ring 3 map them for ring 0 only. All
 * zero in the program; the mirror fills in the VM's copy.
 */
#include "runtime.h"

#define PAGE 4096

_Static_assert(offsetof(struct r0_guest, kernel_cr3) == R0_GUEST_KERNEL_CR3, "entry code");
_Static_assert(offsetof(struct r0_guest, user_cr3) == R0_GUEST_USER_CR3, "entry code");
_Static_assert(offsetof(struct r0_guest, kernel_rsp) == R0_GUEST_KERNEL_RSP, "entry code");
_Static_assert(offsetof(struct r0_guest, user_rsp) == R0_GUEST_USER_RSP, "entry code");
_Static_assert(offsetof(struct r0_guest, in_user) == R0_GUEST_IN_USER, "entry code");
_Static_assert(offsetof(struct r0_guest, scratch) == R0_GUEST_SCRATCH, "entry code");
_Static_assert(offsetof(struct r0_guest, area) == R0_GUEST_AREA, "entry code");
_Static_assert(sizeof(struct r0_guest) <= R0_GUEST_SIZE, "the mirror maps this much");

/* The union pads it to whole pages, so that no other variable shares the last one. */
union {
	struct r0_guest state;
	char pages[R0_GUEST_SIZE];
} r0_guest_pages __asm__("r0_guest") __attribute__((aligned(PAGE), visibility("hidden")));
