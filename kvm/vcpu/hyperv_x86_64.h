/* SPDX-License-Identifier: MIT */
/*
 * Hyper-V's interfaces as KVM has them: its CPUID leaves from 0x40000000 on (Hypervisor Top Level Functional
 * Specification, 2.4). KVM's own leaves are 0x100 behind then (Documentation/virt/kvm/x86/cpuid.rst).
 */
#ifndef KVM_VCPU_HYPERV_X86_64_H
#define KVM_VCPU_HYPERV_X86_64_H

#include "kvm/vcpu/vcpu_x86_64.h"

#define HYPERV_LEAVES_MAX 32

/* For free(). Returns 0; -ENOTSUP for a KVM that has none; another -errno. */
int hyperv_supported(const struct vcpu *vcpu, struct kvm_cpuid2 **leaves, struct error *error);

/* Put them into a list that has room for HYPERV_LEAVES_MAX more. */
void hyperv_add(struct kvm_cpuid2 *cpuid, const struct kvm_cpuid2 *leaves);

/* Turn on its interrupt controller (SynIC), where there are local APICs for it, and its timers. 0 or -errno. */
int hyperv_enable(const struct vcpu *vcpu, struct error *error);

#endif /* KVM_VCPU_HYPERV_X86_64_H */
