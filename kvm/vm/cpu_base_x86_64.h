/* SPDX-License-Identifier: MIT */
/*
 * QEMU's models of CPUs, as they are there with KVM: its vendor, and without what this KVM does not support. Depends
 * on feature_name_x86_64.h.
 */
#ifndef KVM_VM_CPU_BASE_X86_64_H
#define KVM_VM_CPU_BASE_X86_64_H

#include <stddef.h>
#include "kvm/kvm_x86_64.h"

#define EXTENDED_LEAF	   0x80000000u
#define PHYSICAL_BITS_LEAF 0x80000008u

struct cpu_base;

/* The model whose name the first `length` bytes of the text are, or NULL. */
const struct cpu_base *cpu_base_find(const char *text, size_t length);

/* -EINVAL, with a message that lists the models there are. */
int cpu_base_refuse(const char *text, size_t length, struct error *error);

/* Take from a list of what KVM supports all that the model lacks. */
void cpu_base_apply(const struct cpu_base *base, struct kvm_cpuid2 *cpuid);

/* Take from leaf 0xd the components of the extended state whose features the list lacks. */
void cpu_base_fit_components(struct kvm_cpuid2 *cpuid);

#endif /* KVM_VM_CPU_BASE_X86_64_H */
