/* SPDX-License-Identifier: MIT */
/* What only x86's VMs have. */
#ifndef KVM_VM_VM_X86_64_H
#define KVM_VM_VM_X86_64_H

#include "kvm/vm/vm.h"

/*
 * Whether accesses to MSRs that end in #GP all leave the VM first, or, as of a new VM, those alone to MSRs
 * that KVM does not know. Returns 0 or -errno.
 */
int vm_report_msrs(struct vm *vm, bool all, struct error *error);

/*
 * Have a vCPU's events tell of a triple fault that it came to and was kept from leaving the VM for, which is else part of
 * no state, and left for the next KVM_RUN: Documentation/virt/kvm/api.rst, KVM_CAP_X86_TRIPLE_FAULT_EVENT, of Linux 6.1.
 * Returns whether they do.
 */
bool vm_tell_triple_faults(struct vm *vm);

/*
 * From now on, reads and writes of these MSRs, and of all that KVM does not know, leave the VM
 * (KVM_EXIT_X86_RDMSR, _WRMSR); none undoes it, for the known ones. Sorts the indices. Returns 0;
 * -E2BIG if they are too far apart (kvm/vm/msr_filter_x86_64.h); another -errno.
 */
int vm_filter_msrs(struct vm *vm, uint32_t *indices, size_t count, struct error *error);

/*
 * Have all of them leave the VM, but for those of the x2APIC and, if wanted, IA32_APIC_BASE; until the
 * next vm_filter_msrs(). Returns 0 or -errno.
 */
int vm_filter_all_msrs(struct vm *vm, bool apic_base, struct error *error);

/*
 * Take the PIT's channel 0 off its interrupt line, or put it back there, as the HPET's legacy replacement
 * does. Nothing for a VM without a PIT. Returns 0 or -errno.
 */
int vm_replace_pit(struct vm *vm, bool on, struct error *error);

/* A message-signalled interrupt (SDM vol. 3A, 10.11), of a VM with local APICs. */
struct vm_message {
	uint32_t address, data;
};

/* Send one to the local APICs. Returns 0 or -errno. */
int vm_send_message(struct vm *vm, const struct vm_message *message, struct error *error);

#define VM_MESSAGES_MAX 24 /* inputs of an IOAPIC */

/*
 * Of a VM with split interrupt controllers: from now on, ends of interrupts with the vectors of these
 * messages alone, VM_MESSAGES_MAX at most, leave the VM (KVM_EXIT_IOAPIC_EOI), at the CPUs that they go
 * to. Returns 0 or -errno.
 */
int vm_tell_ends(struct vm *vm, const struct vm_message *messages, size_t count,
		 struct error *error);

#define VM_SOURCES 16 /* of interrupts, of Hyper-V's synthetic controller of each CPU */

/*
 * Of a VM with interrupt controllers that are not split, whose vCPUs have that controller: connect the sources of the
 * first `cpus` vCPUs, besides what a PC has. Returns 0 or -errno.
 */
int vm_route_sources(struct vm *vm, unsigned int cpus, struct error *error);

/* Interrupt a CPU by one of its sources that are connected. Returns 0 or -errno. */
int vm_interrupt_source(struct vm *vm, unsigned int cpu, unsigned int source, struct error *error);

/*
 * Have an eventfd, `ended`, get 1 when the guest ends an interrupt of that source, or says that it has taken a message
 * (EOM), until `line` is closed: an eventfd that nobody else has, and that stays the caller's. Returns 0 or -errno.
 */
int vm_listen_source(struct vm *vm, unsigned int cpu, unsigned int source, int line, int ended,
		     struct error *error);

#endif /* KVM_VM_VM_X86_64_H */
