/* SPDX-License-Identifier: MIT */
/*
 * KVM's GIC by its attributes, for the files that know it: Documentation/virt/kvm/devices/arm-vgic-v3.rst, and
 * arm-vgic.rst for the GICv2.
 */
#ifndef KVM_VM_GIC_OWN_AARCH64_H
#define KVM_VM_GIC_OWN_AARCH64_H

#include <ring0/arm64/gic.h>
#include "kvm/vm/gic_aarch64.h"

/* Of CPU `cpu`, for the attributes that have an affinity: as KVM gives it, sixteen CPUs to a cluster. */
#define GIC_AFFINITY(cpu) \
	((uint64_t)((cpu) % 16 | (cpu) / 16 << 8) << KVM_DEV_ARM_VGIC_V3_MPIDR_SHIFT)

/* Registers of the CPU interface, by their encodings: arm-vgic-v3.rst, KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS. */
#define GIC_ICC(crn, crm, op2) (3u << 14 | (crn) << 7 | (crm) << 3 | (op2))
#define GIC_ICC_PMR	       GIC_ICC(4, 6, 0)
#define GIC_ICC_BPR0	       GIC_ICC(12, 8, 3)
#define GIC_ICC_AP0R0	       GIC_ICC(12, 8, 4)
#define GIC_ICC_AP1R0	       GIC_ICC(12, 9, 0)
#define GIC_ICC_BPR1	       GIC_ICC(12, 12, 3)
#define GIC_ICC_CTLR	       GIC_ICC(12, 12, 4)
#define GIC_ICC_SRE	       GIC_ICC(12, 12, 5)
#define GIC_ICC_IGRPEN0	       GIC_ICC(12, 12, 6)
#define GIC_ICC_IGRPEN1	       GIC_ICC(12, 12, 7)

/* Of CPU `cpu`, for a GICv2's attributes. */
#define GICV2_CPU(cpu) ((uint64_t)(cpu) << KVM_DEV_ARM_VGIC_CPUID_SHIFT)

/*
 * The least that a GICv2's binary points can be, with the 32 priorities that a virtual CPU interface has: IHI 0048,
 * 5.3.3, GICH_VMCR. And its priority mask for all of them: arm-vgic.rst gives its upper five bits.
 */
#define GICV2_BPR  2u
#define GICV2_ABPR 3u
#define GICV2_PMR  0x1fu

/* An attribute, whose value is of four or eight bytes by its group. Return 0 or -errno. */
int gic_set(const struct vm *vm, uint32_t group, uint64_t attribute, void *value,
	    struct error *error);
int gic_get(const struct vm *vm, uint32_t group, uint64_t attribute, void *value);

#endif /* KVM_VM_GIC_OWN_AARCH64_H */
