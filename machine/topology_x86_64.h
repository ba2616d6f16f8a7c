/* SPDX-License-Identifier: MIT */
/* What CPUID says of a machine's CPUs: cores of one package, one thread each. Pure. */
#ifndef MACHINE_TOPOLOGY_X86_64_H
#define MACHINE_TOPOLOGY_X86_64_H

#include <stddef.h>
#include <linux/kvm.h>

/* The most that topology_leaves() gives. */
#define TOPOLOGY_LEAVES 16

/*
 * The leaves that tell CPU `number` of `count` which one it is and how many there are, made from
 * those that KVM supports, which says nothing of that. Returns their number.
 */
size_t topology_leaves(const struct kvm_cpuid2 *supported, unsigned int number, unsigned int count,
		       struct kvm_cpuid_entry2 *leaves);

#endif /* MACHINE_TOPOLOGY_X86_64_H */
