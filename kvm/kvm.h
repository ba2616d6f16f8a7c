/* SPDX-License-Identifier: MIT */
/*
 * The system's KVM: opening /dev/kvm, and checking that it has what is needed. What only an architecture
 * knows of it is in a header of that one's name.
 */
#ifndef KVM_KVM_H
#define KVM_KVM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "kvm/ioctl.h"

/* What the architecture keeps of it: kvm/kvm_x86_64.h. */
struct kvm_own;

struct kvm {
	int fd;
	size_t run_size; /* of a vCPU's struct kvm_run, in bytes */
	struct kvm_own *own;
};

/*
 * Open /dev/kvm. Returns 0; -ENOENT, -EACCES or what open() says, or -ENODEV for a KVM that is
 * too old, each with a message that says what to do; -ENOMEM. kvm_destroy() releases it.
 */
int kvm_create(struct kvm **kvm, struct error *error);
void kvm_destroy(struct kvm *kvm);

#endif /* KVM_KVM_H */
