/* SPDX-License-Identifier: MIT */
/*
 * What the CPUs of a VM say of themselves, by a description: a base, and features that are added or
 * taken away, by the names that Linux and QEMU have for them.
 *
 *	BASE[,+FEATURE|,-FEATURE|,FEATURE=on|,FEATURE=off|,phys-bits=N|,vendor=TEXT,cpu-pm=on,hv-passthrough]…
 *
 * The bases max and host are all that this KVM supports; others what QEMU's models of these names have with KVM, as far as
 * this one supports it, and with its vendor. All have the bit that tells of a hypervisor (CPUID leaf 1, ECX 31), which
 * can be taken away like any other. No more than KVM supports can be added.
 */
#ifndef KVM_VM_CPU_MODEL_X86_64_H
#define KVM_VM_CPU_MODEL_X86_64_H

#include <stdint.h>
#include "kvm/kvm_x86_64.h"

#define CPU_MODEL_CHANGES_MAX 64

struct cpu_model_change {
	uint8_t word; /* which register of which leaf */
	uint8_t bit;
	bool on;
};

enum cpu_model_choice { CPU_MODEL_AS_SUPPORTED, CPU_MODEL_ON, CPU_MODEL_OFF };

struct cpu_base;

struct cpu_model {
	const struct cpu_base *base; /* NULL: all that KVM supports */
	struct cpu_model_change changes[CPU_MODEL_CHANGES_MAX];
	size_t count;
	uint8_t physical_bits; /* 0: as KVM says */
	char vendor[13];       /* empty: likewise */
	bool waits_inside;     /* HLT, MWAIT and PAUSE don't leave the VM */
	bool hyperv;	       /* with what KVM has of Hyper-V's: kvm/vcpu/hyperv_x86_64.h */
	/* vmx-mbec, which CPUID does not tell of: kvm/vcpu/vmx_features_x86_64.h */
	enum cpu_model_choice mbec;
};

/*
 * Read a description. Returns 0; -EINVAL, with a message that names what is wrong and, for a feature, those
 * that there are; -E2BIG.
 */
int cpu_model_parse(struct cpu_model *model, struct kvm_cpuid2 *supported, const char *text,
		    struct error *error);

/* Change a list of what KVM supports. */
void cpu_model_apply(const struct cpu_model *model, struct kvm_cpuid2 *cpuid);

#endif /* KVM_VM_CPU_MODEL_X86_64_H */
