/* SPDX-License-Identifier: MIT */
/*
 * Completes instructions that a software KVM can't execute: those that compute, on the host's CPU;
 * the others by their definition in the manuals. Faults are delivered to the guest. Depends on
 * kvm/; Zydis is loaded when it is needed.
 */
#ifndef ASSIST_ASSIST_H
#define ASSIST_ASSIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "assist/assist_memory.h"
#include "devices/bus.h"
#include "kvm/vcpu/vcpu.h"

/* Load the decoder that all of this needs. Whether it is there; if not, the message says what is missing. */
bool assist_load(struct error *error);

/* What is kept from one completion to the next, for one vCPU. */
struct assist;

/* `memory` is copied. Returns 0; -ENOENT, -ENOTSUP with a message that says what is missing; -ENOMEM. */
int assist_create(struct assist **assist, struct vcpu *vcpu, const struct assist_memory *memory,
		  struct error *error);
void assist_destroy(struct assist *assist);

/* The vCPU starts anew: forget what registers it had that KVM does not keep. */
void assist_reset(struct assist *assist);

/* The calling thread is about to use it, or is done with it for now. Returns 0 or -errno. */
int assist_begin(struct assist *assist, struct error *error);
void assist_end(struct assist *assist);

/* Whether one exit may complete more than one instruction; true at first. For measurements. */
void assist_set_batch(struct assist *assist, bool batch);

enum assist_answer {
	ASSIST_COMPLETED, /* run on */
	ASSIST_REFUSED,	  /* the bus refused an access; registers are as before the instruction */
	ASSIST_SHUTDOWN,  /* a triple fault; registers are as before it */
	ASSIST_CANNOT,	  /* neither can this: *why says more, or is NULL */
	ASSIST_FAILED,	  /* on the host's side, with a message */
};

/*
 * After KVM's emulation failed (KVM_INTERNAL_ERROR_EMULATION): complete the instruction at RIP, and a run of
 * those after it that can be, with jumps and calls on the way; docs/hosts.md, "What ring0 completes", has where it
 * ends. The registers are those in vcpu->run->s.regs, before and after. Accesses that no memory answers go to the
 * bus: those of a strict one may be refused, and a device may end the machine, which is ASSIST_REFUSED, too.
 */
enum assist_answer assist_complete(struct assist *assist, struct bus *bus, const char **why,
				   struct error *error);

/* After ASSIST_CANNOT: what the instruction is, as in "crc32", or NULL. Lives as long as the process. */
const char *assist_refused_mnemonic(const struct assist *assist);

/*
 * How many instructions of those that KVM can't execute were completed, by mnemonic, and by how many exits, is counted
 * until it is forgotten.
 */
void assist_forget_counts(struct assist *assist);
uint64_t assist_exits(const struct assist *assist);

/* In the order in which they came first; false after the last. */
bool assist_count_of(const struct assist *assist, size_t index, const char **mnemonic,
		     uint64_t *count);

#endif /* ASSIST_ASSIST_H */
