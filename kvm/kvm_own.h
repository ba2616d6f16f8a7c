/* SPDX-License-Identifier: MIT */
/* What kvm/kvm.c leaves to the architecture. */
#ifndef KVM_KVM_OWN_H
#define KVM_KVM_OWN_H

#include <errno.h>
#include "kvm/kvm.h"

/* What ring0 can't do without, with the Linux that brought it. */
struct kvm_capability {
	int number;
	const char *name;
	const char *since;
};

/* Say that KVM lacks one. Returns -ENODEV. */
static inline int kvm_lacks(const struct kvm_capability *capability, struct error *error)
{
	return error_set(error, ENODEV,
			 "this KVM is too old: it lacks %s; ring0 needs Linux 5.10 or later "
			 "(that came with %s)",
			 capability->name, capability->since);
}

/* One without a name ends the list. */
extern const struct kvm_capability kvm_own_needs[];

/* How a kernel gets a /dev/kvm that has none. */
extern const char kvm_own_way[];

/* Find out the rest, into kvm->own. Returns 0 or -errno. kvm_own_destroy() takes NULL. */
int kvm_own_create(struct kvm *kvm, struct error *error);
void kvm_own_destroy(struct kvm_own *own);

#endif /* KVM_KVM_OWN_H */
