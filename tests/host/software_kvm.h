/* SPDX-License-Identifier: MIT */
/*
 * In place of a software KVM, on a host with no KVM at all: it has code in the process's own address space executed by
 * the host's CPU, one instruction at a time by TF, and gives up on those that such a KVM does not know, for assist/ to
 * complete. What it is asked by ioctl() it answers itself.
 */
#ifndef TESTS_HOST_SOFTWARE_KVM_H
#define TESTS_HOST_SOFTWARE_KVM_H

#include <stdbool.h>
#include <stdint.h>
#include "assist/assist.h"
#include "assist/x86_64/forms.h"
#include "kvm/vcpu/vcpu_x86_64.h"

#define SOFTWARE_KVM_AREA 16384

/* How the code ended. */
struct software_kvm_end {
	int vector; /* that KVM or assist/ raised, or -1: it came to its last address */
	uint32_t code;
	uint64_t cr2;
	bool by_assist;
	enum assist_answer answer; /* ASSIST_COMPLETED unless it was another */
};

struct software_kvm {
	struct kvm_run *run;
	struct vcpu vcpu;
	struct vm vm;
	struct kvm kvm;
	struct kvm_own own;
	struct vcpu_own *vcpu_own;
	struct assist *assist;
	struct bus bus;
	struct forms forms;
	struct cpu reader; /* fetches for KVM */
	struct kvm_debugregs debugregs;
	uint8_t area[SOFTWARE_KVM_AREA] __attribute__((aligned(64))); /* XSAVE's standard format */
	uint64_t exits, steps, ioctls;
	uint64_t blocks; /* one by one: how many exits it had been, had each completed its basic block to the end */
	bool in_block;
	/* Where an IDT's handlers are, 16 bytes each: one that is reached is an exception that assist/ delivered. */
	uint64_t handlers;
};

/* One in a process. Its sregs, all flat and of long mode, are the caller's to change. Whether that can be had. */
bool software_kvm_create(struct software_kvm *kvm, const struct assist_memory *memory);
void software_kvm_destroy(struct software_kvm *kvm);

/* From the registers in run->s.regs, and the area, until RIP is `last` or something is raised. */
struct software_kvm_end software_kvm_run(struct software_kvm *kvm, uint64_t last);

/* The same without assist/ and without steps: to a HLT at `last`. */
struct software_kvm_end software_kvm_run_natively(struct software_kvm *kvm, uint64_t last);

/* Call a function, with all of the process's memory for the guest's and paging off. Whether it came to its end. */
bool software_kvm_call(struct software_kvm *kvm, void (*fn)(void));
extern const struct assist_memory software_kvm_all_memory;

/* Functions of libc's that a software KVM can't execute without help. */
struct software_kvm_function {
	const char *name;
	void (*call)(void);
};
extern const struct software_kvm_function software_kvm_functions[];

#endif /* TESTS_HOST_SOFTWARE_KVM_H */
