/* SPDX-License-Identifier: MIT */
/*
 * Why a CPU refused to enter a VM (KVM_EXIT_FAIL_ENTRY), in words. VMX names the kind of failure only,
 * SVM not even that: which check a guest's state fails, the same checks find on what KVM tells of it.
 * Pure: knows KVM's structures and no file descriptor.
 */
#ifndef KVM_EXIT_ENTRY_FAILURE_X86_64_H
#define KVM_EXIT_ENTRY_FAILURE_X86_64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/kvm.h>

/*
 * The first of VMX's checks on guest state that these registers fail, put into `why`: SDM vol. 3C,
 * 27.3.1. Returns false if they pass all that can be told from them. A guest may be in real mode, as
 * with "unrestricted guest".
 */
bool entry_failure_vmx(const struct kvm_sync_regs *state, char *why, size_t size);

/* Likewise SVM's: APM vol. 2, 15.5.1. */
bool entry_failure_svm(const struct kvm_sync_regs *state, char *why, size_t size);

/* One line, without a newline, about a failure of that reason, as KVM gave it, with that state. */
void entry_failure_describe(uint64_t reason, const struct kvm_sync_regs *state, char *text,
			    size_t size);

#endif /* KVM_EXIT_ENTRY_FAILURE_X86_64_H */
