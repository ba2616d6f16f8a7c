/* SPDX-License-Identifier: MIT */
/*
 * A machine's own interrupt controllers and timer, for options.split_irqchip: I/O APIC, PICs and PIT on
 * the bus, and how what they ask for gets to the local APICs, which KVM has, and to the first CPU.
 */
#ifndef MONITOR_WIRING_IRQCHIP_H
#define MONITOR_WIRING_IRQCHIP_H

#include "kvm/vcpu/vcpu.h"
#include "monitor/wiring/wiring.h"

/* After all other devices: when registers are put back, it is they who set lines first. Returns 0 or -errno. */
int irqchip_add(struct wiring *wiring, struct error *error);
void irqchip_finish(struct wiring *wiring);

/* With the devices' lock: a line, as KVM numbers them (kvm/vm/vm.h); whether the HPET has the PIT's. */
void irqchip_set_line(struct irqchip *irqchip, unsigned int number, bool level);
void irqchip_replace_pit(struct irqchip *irqchip, bool on);

/* With the devices' lock: what an IOMMU makes of interrupts has changed. */
void irqchip_remap(struct irqchip *irqchip);

/* The inputs of the I/O APIC as the guest has set them up, with the devices' lock; `size` is at least 24. */
void irqchip_entries(const struct irqchip *irqchip, uint64_t *entries);

/*
 * In the first vCPU's thread, before KVM_RUN: give it the PICs' interrupt if it can take one, else have it
 * leave the VM when it can; `half_way` in an instruction that left the VM, it can't. For machines without such
 * controllers, too. Returns 0 or -errno.
 */
int irqchip_arm(struct wiring *wiring, struct vcpu *vcpu, bool half_way, struct error *error);

/* An exit of any vCPU that says that an interrupt was ended. Returns whether it was one. */
bool irqchip_serve(struct wiring *wiring, const struct vcpu *vcpu);

/*
 * In the thread of a vCPU that comes to rest: have KVM say what it has not said yet of interrupts that were ended.
 * Returns 0 with an exit to serve, of whatever kind; -EINTR if there is no more; or another -errno. For machines
 * without such controllers, too.
 */
int irqchip_settle(struct wiring *wiring, struct vcpu *vcpu, struct error *error);

#endif /* MONITOR_WIRING_IRQCHIP_H */
