/* SPDX-License-Identifier: MIT */
/* A vCPU on arm64: its features, and its registers one by one. Documentation/virt/kvm/api.rst, KVM_ARM_VCPU_INIT. */
#include "kvm/vcpu/vcpu_aarch64.h"
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include "kvm/kvm_aarch64.h"
#include "kvm/vcpu/vcpu_own.h"

static void want(struct kvm_vcpu_init *init, unsigned int feature)
{
	init->features[feature / 32] |= 1u << feature % 32;
}

/* A feature that this KVM has not is refused. */
static int choose_features(struct vcpu *vcpu, struct kvm_vcpu_init *init, struct error *error)
{
	const struct kvm_own *kvm = vcpu->vm->kvm->own;
	int err = KVM_IOCTL(vcpu->vm->fd, KVM_ARM_PREFERRED_TARGET, init, error);

	if (err < 0)
		return err;
	want(init, KVM_ARM_VCPU_PSCI_0_2);
	if (kvm->sve)
		want(init, KVM_ARM_VCPU_SVE);
	if (kvm->pointer_authentication) {
		want(init, KVM_ARM_VCPU_PTRAUTH_ADDRESS);
		want(init, KVM_ARM_VCPU_PTRAUTH_GENERIC);
	}
	return 0;
}

int vcpu_own_init(struct vcpu *vcpu, uint32_t id, const struct vcpu_identity *identity,
		  struct error *error)
{
	int sve = KVM_ARM_VCPU_SVE, err;

	(void)id;
	(void)identity;
	vcpu->own = calloc(1, sizeof(*vcpu->own));
	if (!vcpu->own)
		return error_set(error, ENOMEM, "no memory");
	vcpu->vm->cpus++;
	err = choose_features(vcpu, &vcpu->own->init, error);
	if (err >= 0)
		err = KVM_IOCTL(vcpu->fd, KVM_ARM_VCPU_INIT, &vcpu->own->init, error);
	if (err >= 0 && vcpu->vm->kvm->own->sve)
		err = KVM_IOCTL(vcpu->fd, KVM_ARM_VCPU_FINALIZE, &sve, error);
	return err;
}

void vcpu_own_finish(struct vcpu *vcpu)
{
	free(vcpu->own);
}

int vcpu_get(const struct vcpu *vcpu, uint64_t id, uint64_t *value, struct error *error)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)value };

	*value = 0;
	return KVM_IOCTL(vcpu->fd, KVM_GET_ONE_REG, &reg, error);
}

int vcpu_set(struct vcpu *vcpu, uint64_t id, uint64_t value, struct error *error)
{
	struct kvm_one_reg reg = { .id = id, .addr = (uintptr_t)&value };

	return KVM_IOCTL(vcpu->fd, KVM_SET_ONE_REG, &reg, error);
}

/* api.rst, KVM_SET_ONE_REG: with SVE, V registers are parts of Z registers, of which KVM shows 2048 bits. */
#define VECTOR_MAX 256

static uint64_t vector_id(const struct vcpu *vcpu, unsigned int number)
{
	if (vcpu->vm->kvm->own->sve)
		return KVM_REG_ARM64_SVE_ZREG(number, 0);
	return (KVM_REG_ARM64 | KVM_REG_SIZE_U128 | KVM_REG_ARM_CORE |
		offsetof(struct kvm_regs, fp_regs.vregs[0]) / sizeof(uint32_t)) +
	       4 * (uint64_t)number;
}

int vcpu_get_vector(const struct vcpu *vcpu, unsigned int number, struct vcpu_vector *value,
		    struct error *error)
{
	uint64_t words[VECTOR_MAX / sizeof(uint64_t)] = { 0 };
	struct kvm_one_reg reg = { .id = vector_id(vcpu, number), .addr = (uintptr_t)words };
	int err = KVM_IOCTL(vcpu->fd, KVM_GET_ONE_REG, &reg, error);

	*value = (struct vcpu_vector){ words[0], words[1] };
	return err;
}

int vcpu_set_vector(struct vcpu *vcpu, unsigned int number, const struct vcpu_vector *value,
		    struct error *error)
{
	uint64_t words[VECTOR_MAX / sizeof(uint64_t)] = { value->low, value->high };
	struct kvm_one_reg reg = { .id = vector_id(vcpu, number), .addr = (uintptr_t)words };

	return KVM_IOCTL(vcpu->fd, KVM_SET_ONE_REG, &reg, error);
}
