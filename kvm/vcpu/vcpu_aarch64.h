/* SPDX-License-Identifier: MIT */
/* What only arm64's vCPUs have: registers by their number. */
#ifndef KVM_VCPU_VCPU_AARCH64_H
#define KVM_VCPU_VCPU_AARCH64_H

#include "kvm/vcpu/vcpu.h"

struct vcpu_own {
	struct kvm_vcpu_init init; /* as it was made, and as it is made anew */
	/* The guest goes on by itself, and puts back its registers: vcpu_state_restore() leaves them to it. */
	bool goes_on;
	bool passed;	/* it was at r0_pass_doorbell when it last rang */
	bool can_go_on; /* there is no register that the guest would not put back */
};

/* Core registers, by their place in struct kvm_regs: api.rst, KVM_SET_ONE_REG. */
#define VCPU_CORE(member)                                      \
	(KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_CORE | \
	 offsetof(struct kvm_regs, member) / sizeof(uint32_t))

/* X0 to X30. */
#define VCPU_X(number) (VCPU_CORE(regs.regs[0]) + 2 * (uint64_t)(number))

/* System registers, by Op0, Op1, CRn, CRm and Op2: Arm ARM, D19. */
#define VCPU_CPACR_EL1	  ARM64_SYS_REG(3, 0, 1, 0, 2)
#define VCPU_SCTLR_EL1	  ARM64_SYS_REG(3, 0, 1, 0, 0)
#define VCPU_TTBR0_EL1	  ARM64_SYS_REG(3, 0, 2, 0, 0)
#define VCPU_TTBR1_EL1	  ARM64_SYS_REG(3, 0, 2, 0, 1)
#define VCPU_TCR_EL1	  ARM64_SYS_REG(3, 0, 2, 0, 2)
#define VCPU_ESR_EL1	  ARM64_SYS_REG(3, 0, 5, 2, 0)
#define VCPU_FAR_EL1	  ARM64_SYS_REG(3, 0, 6, 0, 0)
#define VCPU_MAIR_EL1	  ARM64_SYS_REG(3, 0, 10, 2, 0)
#define VCPU_VBAR_EL1	  ARM64_SYS_REG(3, 0, 12, 0, 0)
#define VCPU_TPIDR_EL0	  ARM64_SYS_REG(3, 3, 13, 0, 2)
#define VCPU_TPIDRRO_EL0  ARM64_SYS_REG(3, 3, 13, 0, 3)
#define VCPU_TPIDR_EL1	  ARM64_SYS_REG(3, 0, 13, 0, 4)
#define VCPU_ID_AA64MMFR0 ARM64_SYS_REG(3, 0, 0, 7, 0)
#define VCPU_ID_AA64PFR0  ARM64_SYS_REG(3, 0, 0, 4, 0)

/* Registers of 64 bits. Return 0 or -errno. */
int vcpu_get(const struct vcpu *vcpu, uint64_t id, uint64_t *value, struct error *error);
int vcpu_set(struct vcpu *vcpu, uint64_t id, uint64_t value, struct error *error);

/* A SIMD register, or, of a general one, `low` alone. */
struct vcpu_vector {
	uint64_t low, high;
};

/* V0 to V31; setting one zeroes the rest of the SVE register that it is a part of. Return 0 or -errno. */
int vcpu_get_vector(const struct vcpu *vcpu, unsigned int number, struct vcpu_vector *value,
		    struct error *error);
int vcpu_set_vector(struct vcpu *vcpu, unsigned int number, const struct vcpu_vector *value,
		    struct error *error);

/* The list of a vCPU's registers, for free(). Returns 0 or -errno. */
int vcpu_get_list(struct kvm_reg_list **list, const struct vcpu *vcpu, struct error *error);

/* Have a vCPU at rest be as after a reset: KVM_ARM_VCPU_INIT, and 0 in what that leaves. Returns 0 or -errno. */
int vcpu_reset(struct vcpu *vcpu, struct error *error);

/* After vcpu_state_restore(): pending SErrors, and whether it is on or waits for PSCI's CPU_ON. Returns 0 or -errno. */
int vcpu_state_restore_events(const struct vcpu_state *state, struct vcpu *vcpu,
			      struct error *error);

/*
 * All registers as a vCPU has them now, to compare with, and not to be put back: vcpu_state_destroy() releases them.
 * Returns 0 or -errno. The other as vcpu_state_differs(), wherever the guest is.
 */
int vcpu_state_note(struct vcpu_state **state, struct vcpu *vcpu, struct error *error);
int vcpu_state_compare_now(const struct vcpu_state *state, struct vcpu *vcpu, char *what,
			   size_t size, struct error *error);

#endif /* KVM_VCPU_VCPU_AARCH64_H */
