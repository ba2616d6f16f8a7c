/* SPDX-License-Identifier: MIT */
/* What watching stores takes on arm64 beyond watchpoints: exclusives, and BRK, which KVM leaves to whoever debugs. */
#ifndef KVM_WATCH_STORE_AARCH64_H
#define KVM_WATCH_STORE_AARCH64_H

#include "kvm/vcpu/vcpu.h"
#include "kvm/watch/watch.h"

#define STORE_INSTRUCTION_LENGTH 4

/* ESR_ELx.EC of a debug exit: Arm ARM, D19.2.37. */
#define STORE_CLASS(esr)       ((esr) >> 26 & 0x3f)
#define STORE_CLASS_BREAKPOINT 0x30u
#define STORE_CLASS_STEP       0x32u
#define STORE_CLASS_BRK	       0x3cu

/* Whether an instruction is an exclusive that stores: STXR, STXP and their like. */
bool store_is_exclusive(uint32_t instruction);

/*
 * Whether such an instruction, which the vCPU has just executed, has stored. One that puts its status nowhere has not:
 * the debug exception before it took its reservation.
 */
bool store_has_stored(const struct vcpu *vcpu, uint32_t instruction);

/*
 * Have a vCPU stop behind an exclusive store at `pc`, and where loops go that give it up, behind the next instruction,
 * without a debug exception before. In *debug, beside what is watched there.
 */
void store_stop_behind(uint64_t pc, struct kvm_guest_debug *debug);

/* Have it stop before the instruction at `pc`, likewise. */
void store_stop_at(uint64_t pc, struct kvm_guest_debug *debug);

/* The instruction at an address, or 0. */
typedef uint32_t (*store_read_fn)(void *context, uint64_t pc);

/*
 * The exclusive load that belongs to an exclusive store at `pc`, and which it needs anew: the nearest in front of it, or
 * 0 if there is none.
 */
uint64_t store_find_load(uint64_t pc, store_read_fn read, void *context);

/* Which of the slots, a bit each, the exclusive load reads before which the vCPU stands. */
unsigned int store_slots_of_load(const struct vcpu *vcpu, uint32_t instruction,
				 const struct watch_set *set, unsigned int slots);

/* The exception of a BRK at which the vCPU has left the VM, as the CPU takes it to EL1. Returns 0 or -errno. */
int store_deliver_brk(struct vcpu *vcpu, uint64_t esr, struct error *error);

#endif /* KVM_WATCH_STORE_AARCH64_H */
