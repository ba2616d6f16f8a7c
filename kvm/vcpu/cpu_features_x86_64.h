/* SPDX-License-Identifier: MIT */
/*
 * What CPUID says of a CPU's vendor and features, and of the width of addresses, as numbers to be kept: a
 * guest goes by what it has found, and can't go on where there is something else.
 */
#ifndef KVM_VCPU_CPU_FEATURES_X86_64_H
#define KVM_VCPU_CPU_FEATURES_X86_64_H

#include "kvm/vcpu/vcpu.h"

#define CPU_FEATURE_WORDS 20

void cpu_features_read(uint32_t features[CPU_FEATURE_WORDS], const struct vcpu *vcpu);

/* 0; -EINVAL, with a message that begins with "has", if the vCPU has others. */
int cpu_features_match(const uint32_t features[CPU_FEATURE_WORDS], const struct vcpu *vcpu,
		       struct error *error);

#endif /* KVM_VCPU_CPU_FEATURES_X86_64_H */
