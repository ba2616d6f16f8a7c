/* SPDX-License-Identifier: MIT */
/*
 * arm64's watchpoints: Arm ARM (DDI 0487), D2.10. The exception comes before the store, which then
 * has to be stepped over with the watchpoint out of its way.
 */
#include <string.h>
#include "kvm/watch/watch.h"

/* DBGWCR<n>_EL1. */
#define WCR_ENABLE	  1u
#define WCR_EL1_AND_EL0	  (3u << 1) /* PAC */
#define WCR_STORES	  (2u << 3) /* LSC */
#define WCR_BYTES(select) ((uint64_t)(select) << 5)

/* A watchpoint lies within a doubleword; DBGWVR<n>_EL1 has its address, BAS its bytes. */
#define DOUBLEWORD 8u

/* ESR_ELx.EC, bits 31 to 26. */
#define EXCEPTION_CLASS(esr) ((esr) >> 26 & 0x3f)
#define CLASS_STEP	     0x32u /* software step, from a lower exception level */
#define CLASS_WATCHPOINT     0x34u /* watchpoint, likewise */

/*
 * FAR_ELx is somewhere from the first byte that the instruction accesses to the last watched one,
 * and in the same naturally aligned block as that one, which is no larger than what DC ZVA zeroes
 * and so 2 KiB at most (D2.10, "Determining the memory location that caused a Watchpoint
 * exception").
 */
#define FAR_BLOCK 2048u

void watch_encode(const struct watch_set *set, unsigned int slots, bool step,
		  struct kvm_guest_debug *debug)
{
	unsigned int slot;

	memset(debug, 0, sizeof(*debug));
	for (slot = 0; slot < WATCH_SLOTS; slot++) {
		const struct watch_point *point = &set->points[slot];
		unsigned int bytes = (1u << point->length) - 1;

		if (!(slots >> slot & 1))
			continue;
		debug->arch.dbg_wvr[slot] = point->address & ~(uint64_t)(DOUBLEWORD - 1);
		debug->arch.dbg_wcr[slot] = WCR_ENABLE | WCR_EL1_AND_EL0 | WCR_STORES |
					    WCR_BYTES(bytes << (point->address % DOUBLEWORD));
	}
	if (slots)
		debug->control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW;
	if (step)
		debug->control |= KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP;
}

/* The slots that hold an address. */
static unsigned int holding(const struct watch_set *set, unsigned int slots, uint64_t address)
{
	unsigned int found = 0, slot;

	for (slot = 0; slot < WATCH_SLOTS; slot++)
		if (slots >> slot & 1 &&
		    address - set->points[slot].address < set->points[slot].length)
			found |= 1u << slot;
	return found;
}

/* The first slot above an address that one store can have reached from there. */
static unsigned int next_above(const struct watch_set *set, unsigned int slots, uint64_t address)
{
	uint64_t nearest = FAR_BLOCK - address % FAR_BLOCK;
	unsigned int found = 0, slot;

	for (slot = 0; slot < WATCH_SLOTS; slot++) {
		uint64_t distance = set->points[slot].address - address;

		if (slots >> slot & 1 && distance < nearest) {
			nearest = distance;
			found = 1u << slot;
		}
	}
	return found;
}

struct watch_event watch_decode(const struct watch_set *set, unsigned int slots,
				const struct kvm_debug_exit_arch *exit)
{
	struct watch_event event = { 0 };

	switch (EXCEPTION_CLASS(exit->hsr)) {
	case CLASS_STEP:
		event.stepped = true;
		break;
	case CLASS_WATCHPOINT:
		event.suspend = event.hits = holding(set, slots, exit->far);
		if (event.hits)
			break;
		/*
		 * It was one of ours that fired, wherever FAR points: with nothing out of its way
		 * the store would trap for ever.
		 */
		event.hits = next_above(set, slots, exit->far);
		event.suspend = slots;
		break;
	default:
		break;
	}
	return event;
}
