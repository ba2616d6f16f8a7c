/* SPDX-License-Identifier: MIT */
/*
 * kvm-unit-tests' device for Hyper-V's synthetic interrupt controller, of machines whose CPUs have that, with
 * KVM's own interrupt controllers: of x86.
 */
#ifndef MONITOR_WIRING_WIRING_HYPERV_H
#define MONITOR_WIRING_WIRING_HYPERV_H

#include "kvm/vcpu/vcpu.h"
#include "monitor/wiring/wiring.h"

/* Put it on the bus where the machine is one of these. Returns 0 or -errno. */
int wiring_hyperv_add(struct wiring *wiring, struct guest_memory *memory, struct error *error);
void wiring_hyperv_finish(struct wiring *wiring);

/* An exit for it: the guest's registers of that controller, or a hypercall. Whether it was one. */
bool wiring_hyperv_serve(struct wiring *wiring, unsigned int cpu, const struct vcpu *vcpu);

#endif /* MONITOR_WIRING_WIRING_HYPERV_H */
