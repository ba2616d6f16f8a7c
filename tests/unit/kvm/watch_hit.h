/* SPDX-License-Identifier: MIT */
/* What a slot's state is, which the host itself only learns by watch_take(). */
#ifndef TESTS_UNIT_KVM_WATCH_HIT_H
#define TESTS_UNIT_KVM_WATCH_HIT_H

#include "kvm/watch/watch.h"

static inline bool is_hit(const struct watch *watch, unsigned int slot)
{
	return slot < WATCH_SLOTS && __atomic_load_n(&watch->slots[slot].hit, __ATOMIC_SEQ_CST);
}

#endif /* TESTS_UNIT_KVM_WATCH_HIT_H */
