/* SPDX-License-Identifier: MIT */
/* What the state of an arm64 vCPU is made of, for what takes, restores, stores and compares it. */
#ifndef KVM_STATE_STATE_AARCH64_H
#define KVM_STATE_STATE_AARCH64_H

#include "kvm/vcpu/vcpu_aarch64.h"

/* The longest is an SVE register of 2048 bits. */
#define STATE_VALUE_MAX 256u

/* A register that KVM lists. */
struct state_listed {
	uint64_t id;
	uint8_t value[STATE_VALUE_MAX];
};

/* What a new vCPU has otherwise, and so what is to be written when the state is put back. */
struct state_written {
	bool known;
	size_t count;
	size_t places[]; /* in `listed` */
};

struct vcpu_state {
	struct state_written *written;
	struct kvm_mp_state mp_state;
	struct kvm_vcpu_events events; /* SErrors to come */
	uint64_t virtual_count;	       /* CNTVCT_EL0 when it was taken */
	size_t count;
	struct state_listed listed[];
};

/* Room for `count` registers, all zero. NULL with a message if there is no memory. */
struct vcpu_state *vcpu_state_allocate(size_t count, struct error *error);

/* The bytes of a register, by its number. */
static inline size_t state_size_of(uint64_t id)
{
	return (size_t)1 << ((id & KVM_REG_SIZE_MASK) >> KVM_REG_SIZE_SHIFT);
}

/* What a vCPU has of it, with zeros behind. Returns 0, -errno. */
int state_read_value(const struct vcpu *vcpu, uint64_t id, uint8_t value[STATE_VALUE_MAX]);

/* Counts go on, whatever a guest does. Of the physical timer's, KVM lists one from Linux 6.4 on. */
static inline bool state_is_clock(uint64_t id)
{
	return id == KVM_REG_ARM_TIMER_CNT || id == KVM_REG_ARM_PTIMER_CNT;
}

#endif /* KVM_STATE_STATE_AARCH64_H */
