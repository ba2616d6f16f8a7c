/* SPDX-License-Identifier: MIT */
/* The CPUs' place in the machine, as CPUID has it. SDM vol. 2A, CPUID; APM vol. 3, appendix E. */
#include "machine/topology_x86_64.h"
#include <stdbool.h>
#include <stdint.h>

#define HTT (1u << 28) /* leaf 1, EDX: there may be more than one logical processor */

/* Level types of leaves 0xb and 0x1f, in ECX bits 15:8. */
#define LEVEL_THREAD (1u << 8)
#define LEVEL_CORE   (2u << 8)

/* The start of "AuthenticAMD": leaf 0, EBX. */
#define AUTH 0x68747541

/* How many bits of the APIC ID tell cores apart. */
static unsigned int bits_for(unsigned int count)
{
	unsigned int bits = 0;

	while (1u << bits < count)
		bits++;
	return bits;
}

/* Returns whether the leaf has to do with it, and changes it accordingly. */
static bool adapt(struct kvm_cpuid_entry2 *leaf, unsigned int number, unsigned int count)
{
	switch (leaf->function) {
	case 1:
		leaf->ebx = (leaf->ebx & 0xffff) | 1u << bits_for(count) << 16 | number << 24;
		leaf->edx |= HTT;
		return true;
	case 4: {
		/* The last level is everyone's, the others are each core's own. */
		unsigned int level = leaf->eax >> 5 & 7, type = leaf->eax & 0x1f;
		unsigned int sharing = level >= 3 ? (1u << bits_for(count)) - 1 : 0;

		if (!type)
			return false;
		leaf->eax = (leaf->eax & 0x3fff) | sharing << 14 |
			    ((1u << bits_for(count)) - 1) << 26;
		return true;
	}
	case 0xb:
	case 0x1f:
		leaf->edx = number;
		leaf->ecx = leaf->index & 0xff;
		leaf->eax = leaf->ebx = 0;
		if (leaf->index == 0) {
			leaf->ebx = 1;
			leaf->ecx |= LEVEL_THREAD;
		} else if (leaf->index == 1) {
			leaf->eax = bits_for(count);
			leaf->ebx = count;
			leaf->ecx |= LEVEL_CORE;
		}
		return true;
	case 0x80000008:
		leaf->ecx = (leaf->ecx & ~0xf0ffu) | bits_for(count) << 12 | (count - 1);
		return true;
	case 0x8000001e:
		leaf->eax = number;
		leaf->ebx = number & 0xff; /* core, one thread */
		leaf->ecx = 0;
		return true;
	}
	return false;
}

size_t topology_leaves(const struct kvm_cpuid2 *supported, unsigned int number, unsigned int count,
		       struct kvm_cpuid_entry2 *leaves)
{
	bool amd = false;
	size_t used = 0;
	uint32_t i;

	for (i = 0; i < supported->nent && used + 2 <= TOPOLOGY_LEAVES; i++) {
		const struct kvm_cpuid_entry2 *leaf = &supported->entries[i];
		bool levels = leaf->function == 0xb || leaf->function == 0x1f;

		amd |= leaf->function == 0 && leaf->ebx == AUTH;
		/* Both levels are made from the first, whatever KVM has of the others. */
		if (levels && leaf->index > 0)
			continue;
		/* On Intel's CPUs, what AMD's have there is reserved. */
		if (leaf->function == 0x80000008 && !amd)
			continue;
		leaves[used] = *leaf;
		if (!adapt(&leaves[used], number, count))
			continue;
		used++;
		if (!levels)
			continue;
		leaves[used] = *leaf;
		leaves[used].index = 1;
		leaves[used].flags |= KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
		adapt(&leaves[used], number, count);
		used++;
	}
	return used;
}
