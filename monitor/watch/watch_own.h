/* SPDX-License-Identifier: MIT */
/* What watched variables leave to the architecture. */
#ifndef MONITOR_WATCH_WATCH_OWN_H
#define MONITOR_WATCH_WATCH_OWN_H

#include "monitor/state.h"

/* How many variables can be watched at a time. */
unsigned int watch_own_slots(const struct r0_vm *vm);

/* What KVM is told, before it is. */
void watch_own_encode(struct monitor_cpu *cpu, struct kvm_guest_debug *debug);

/*
 * In a vCPU's thread, a debug exit that may be for what is watched, which is then adapted to what
 * watch_dispatch() knows; or *slots are those, a bit each, that the store at cpu->store.at will reach: watch_expect().
 * Returns whether it was for something else, and is served.
 */
bool watch_own_serve(struct monitor_cpu *cpu, struct kvm_debug_exit_arch *exit,
		     unsigned int *slots);

/* Whether the store that the vCPU has left behind was executed: not if an interrupt came before it, or it has failed. */
bool watch_own_stored(struct monitor_cpu *cpu);

#endif /* MONITOR_WATCH_WATCH_OWN_H */
