/* SPDX-License-Identifier: MIT */
/* What watching stores takes on arm64 beyond watchpoints: exclusives, and BRK, which KVM leaves to whoever debugs. */
#ifndef KVM_WATCH_STORE_AARCH64_H
#define KVM_WATCH_STORE_AARCH64_H

#include "kvm/vcpu/vcpu.h"

#define STORE_INSTRUCTION_LENGTH 4

/* ESR_ELx.EC of a debug exit: Arm ARM, D19.2.37. */
#define STORE_CLASS(esr)       ((esr) >> 26 & 0x3f)
#define STORE_CLASS_BREAKPOINT 0x30u
#define STORE_CLASS_STEP       0x32u
#define STORE_CLASS_BRK	       0x3cu

/* Whether an instruction is an exclusive that stores: STXR, STXP and their like. Its Ws says whether it did: 0. */
bool store_is_exclusive(uint32_t instruction);
unsigned int store_status_register(uint32_t instruction);

/*
 * Have a vCPU stop behind an exclusive store at `pc`, and behind the branch that follows it, without a debug exception
 * before. In *debug, beside what is watched there.
 */
void store_stop_behind(uint64_t pc, struct kvm_guest_debug *debug);

/* The exception of a BRK at which the vCPU has left the VM, as the CPU takes it to EL1. Returns 0 or -errno. */
int store_deliver_brk(struct vcpu *vcpu, uint64_t esr, struct error *error);

#endif /* KVM_WATCH_STORE_AARCH64_H */
