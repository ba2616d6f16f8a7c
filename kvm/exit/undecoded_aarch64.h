/* SPDX-License-Identifier: MIT */
/* Accesses that KVM can't decode (api.rst, KVM_EXIT_ARM_NISV), carried out in the CPU's place on a bus. */
#ifndef KVM_EXIT_UNDECODED_AARCH64_H
#define KVM_EXIT_UNDECODED_AARCH64_H

#include "kvm/exit/access_aarch64.h"
#include "kvm/exit/exit_access.h"
#include "kvm/vcpu/vcpu.h"

struct undecoded {
	struct access_form form;
	uint64_t pc, pstate;
	uint64_t address;  /* virtual, of the first byte */
	uint64_t physical; /* the same byte's, guest-physical */
	/*
	 * The first guest-physical address behind the 4 KiB that it begins in. As if both were in one block; whoever
	 * knows better sets it.
	 */
	uint64_t next;
};

/* Whether some of it is at `next`. */
bool undecoded_is_split(const struct undecoded *access);

/*
 * What the vCPU's exit is of, by the instruction at its PC. Returns NULL, or the name of what is not to be carried out,
 * as "LDXR, an exclusive".
 */
const char *undecoded_decode(struct undecoded *access, const struct vcpu *vcpu,
			     uint32_t instruction);

/*
 * Do it, under the bus's lock: register by register, in the order of addresses, by 8 bytes at most. The vCPU goes on
 * behind the instruction, or, unless it is EXIT_CONTINUE, stays at it, with its base as it was. Returns as exit_access(),
 * or EXIT_FATAL with a message when registers can't be had.
 */
enum exit_outcome undecoded_carry_out(const struct undecoded *access, struct vcpu *vcpu,
				      struct bus *bus, struct error *error);

#endif /* KVM_EXIT_UNDECODED_AARCH64_H */
