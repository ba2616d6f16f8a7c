/* SPDX-License-Identifier: MIT */
/* Exits that only an architecture has. */
#ifndef KVM_EXIT_EXIT_OWN_H
#define KVM_EXIT_EXIT_OWN_H

#include <linux/kvm.h>
#include "kvm/exit/exit_access.h"

/* The same as exit_classify(), for exits that not every architecture has. */
struct exit exit_classify_own(struct kvm_run *run, size_t run_size, struct bus *bus);

/* What exit_describe() says of it: why the CPU did not enter the VM (KVM_EXIT_FAIL_ENTRY). */
void exit_describe_entry(const struct kvm_run *run, char *text, size_t size);

#endif /* KVM_EXIT_EXIT_OWN_H */
