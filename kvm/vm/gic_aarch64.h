/* SPDX-License-Identifier: MIT */
/*
 * KVM's GICv3, or GICv2 where it has no other: Documentation/virt/kvm/devices/arm-vgic-v3.rst and arm-vgic.rst. One of a
 * VM with interrupt controllers, made with it and ready once its vCPUs are there.
 */
#ifndef KVM_VM_GIC_AARCH64_H
#define KVM_VM_GIC_AARCH64_H

#include "kvm/vm/vm.h"

/* SPIs that there are: INTIDs from 32 on. */
#define GIC_SPIS 32u

/* Make it, at <ring0/arm64/gic.h>'s addresses. Returns 0; -ENOTSUP with a message where KVM has none; -errno. */
int gic_create(struct vm *vm, struct error *error);

/* The VM's vCPUs are made: it can be used. Returns 0 or -errno. */
int gic_start(struct vm *vm, struct error *error);

/* Have every CPU take SGIs, as an operating system leaves it. Returns 0 or -errno. */
int gic_enable(struct vm *vm, struct error *error);

/*
 * A register of the distributor, or of a CPU's SGIs and PPIs at the distributor's offsets, as it is now: those are a
 * redistributor's, and of a GICv2 the distributor's for that CPU. Returns 0 or -errno.
 */
int gic_read_distributor(const struct vm *vm, uint32_t offset, uint32_t *value);
int gic_read_private(const struct vm *vm, unsigned int cpu, uint32_t offset, uint32_t *value);

/* Whether an interrupt is pending and enabled, for any CPU: not whether any of them takes it. */
bool gic_has_pending(const struct vm *vm);

#endif /* KVM_VM_GIC_AARCH64_H */
