/* SPDX-License-Identifier: MIT */
/*
 * What one exit of a vCPU means, and its port I/O or MMIO carried out on the bus. Pure: it knows
 * KVM's run structure and no file descriptor.
 */
#ifndef KVM_EXIT_EXIT_H
#define KVM_EXIT_EXIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/kvm.h>
#include "devices/bus.h"
#include "kvm/exit/exit_access.h"

/*
 * Classify the exit in *run, of which run_size bytes are mapped. I/O is carried out on the bus,
 * under the bus's lock, which the caller holds; what the guest reads is left in *run for the next
 * KVM_RUN. Where nothing answers, the guest reads ones and its write is dropped; the bus counts it.
 */
struct exit exit_classify(struct kvm_run *run, size_t run_size, struct bus *bus);

/* What happened as one line for the user, without a newline, from *run as exit_classify() saw it. */
void exit_describe(const struct kvm_run *run, const struct exit *exit, char *text, size_t size);

#endif /* KVM_EXIT_EXIT_H */
