/* SPDX-License-Identifier: MIT */
/*
 * x86's data breakpoints: SDM vol. 3B, 17.2. They are traps: the store is done when the debug
 * exception comes (17.3.1.2), so that nothing need be stepped over.
 */
#include <string.h>
#include <ring0/x86/registers.h>
#include "kvm/watch/watch.h"

/* DR7 (17.2.4): bit 10 is always 1; LE and GE ask older CPUs to report the exact instruction. */
#define DR7_FIXED	  (1u << 10 | 1u << 9 | 1u << 8)
#define DR7_ENABLE(slot)  (3u << (2 * (slot))) /* L and G */
#define DR7_WRITES(slot)  (1u << (16 + 4 * (slot)))
#define DR7_LEN(slot, of) ((of) << (18 + 4 * (slot)))

/* DR6 (17.2.3). Some KVMs set upper bits as well. */
#define DR6_SLOTS 0xfu

static uint64_t length_field(uint32_t length)
{
	/* 10 was undefined on CPUs without long mode. */
	switch (length) {
	case 1:
		return 0;
	case 2:
		return 1;
	case 8:
		return 2;
	default:
		return 3;
	}
}

void watch_encode(const struct watch_set *set, unsigned int slots, bool step,
		  struct kvm_guest_debug *debug)
{
	uint64_t dr7 = DR7_FIXED;
	unsigned int slot;

	memset(debug, 0, sizeof(*debug));
	for (slot = 0; slot < WATCH_SLOTS; slot++) {
		const struct watch_point *point = &set->points[slot];

		if (!(slots >> slot & 1))
			continue;
		debug->arch.debugreg[slot] = point->address;
		dr7 |= DR7_ENABLE(slot) | DR7_WRITES(slot) |
		       DR7_LEN(slot, length_field(point->length));
	}
	if (slots) {
		debug->control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP;
		debug->arch.debugreg[7] = dr7;
	}
	if (step)
		debug->control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP;
}

struct watch_event watch_decode(const struct watch_set *set, unsigned int slots,
				const struct kvm_debug_exit_arch *exit)
{
	(void)set;
	return (struct watch_event){
		.hits = exit->dr6 & DR6_SLOTS & slots,
		.stepped = exit->dr6 & R0_DR6_BS,
	};
}
