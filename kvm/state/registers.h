/* SPDX-License-Identifier: MIT */
/*
 * The few registers by which one finds out what a stopped vCPU is doing, the same on every
 * architecture, as text and as JSON. Taken through a table of functions: needs no KVM.
 */
#ifndef KVM_STATE_REGISTERS_H
#define KVM_STATE_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/kvm.h>
#include "base/error.h"

struct register_snapshot {
	uint64_t instruction_pointer; /* RIP; PC */
	uint64_t stack_pointer;	      /* RSP; SP_EL1, the kernel's */
	uint64_t page_table_root;     /* CR3; TTBR1_EL1, the kernel's, 0 if it can't be read */
	bool has_user_page_table_root;
	uint64_t user_page_table_root; /* TTBR0_EL1; x86 has none of its own */
	bool has_tcr_el1;
	uint64_t tcr_el1; /* how to walk arm64's page tables */
};

/*
 * A vCPU's registers: KVM's ioctls of these names. Each returns 0 or -errno. x86 calls the first
 * two, arm64 the third; what an architecture doesn't call may be NULL.
 */
struct registers_ops {
	int (*get_regs)(void *context, struct kvm_regs *regs);
	int (*get_sregs)(void *context, struct kvm_sregs *sregs);
	int (*get_one_reg)(void *context, uint64_t id, uint64_t *value);
};

/*
 * Take a snapshot of a vCPU that does not run. Returns 0, or what the ops return, with a message
 * and *snapshot as it was, if a register that is required can't be read.
 */
int registers_take(struct register_snapshot *snapshot, const struct registers_ops *ops,
		   void *context, struct error *error);

/* Longer than any text or JSON of a snapshot, with its NUL. */
#define REGISTERS_TEXT_SIZE 256

/* "ip=0x%016x sp=0x%016x ptroot=0x%016x", and " uptroot=0x%016x" where there is one. */
void registers_text(const struct register_snapshot *snapshot, char *text, size_t size);

/* An object of decimal numbers under the fields' names and in their order, without absent ones. */
void registers_json(const struct register_snapshot *snapshot, char *text, size_t size);

#endif /* KVM_STATE_REGISTERS_H */
