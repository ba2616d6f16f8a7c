/* SPDX-License-Identifier: MIT */
/* Features of VMX, which not CPUID but MSRs tell of. Depends on kvm/vcpu/vcpu.h. */
#ifndef KVM_VCPU_VMX_FEATURES_X86_64_H
#define KVM_VCPU_VMX_FEATURES_X86_64_H

#include "kvm/vcpu/vcpu.h"
#include "kvm/vm/cpu_model_x86_64.h"

/*
 * Have a vCPU, whose CPUID is set, with or without mode-based execute control for EPT. Returns 0; -EINVAL if this KVM has none that could
 * be on; -errno of an ioctl.
 */
int vmx_features_choose(const struct vcpu *vcpu, enum cpu_model_choice mbec, struct error *error);

#endif /* KVM_VCPU_VMX_FEATURES_X86_64_H */
