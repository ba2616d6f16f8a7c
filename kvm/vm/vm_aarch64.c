/* SPDX-License-Identifier: MIT */
/* A virtual machine on arm64. */
#include <stdatomic.h>
#include "kvm/kvm_aarch64.h"
#include "kvm/vm/gic_aarch64.h"
#include "kvm/vm/vm_own.h"

#define SPI_FIRST 32u

const struct vm_kept vm_kept = { 0 };

/* api.rst, KVM_CREATE_VM: where KVM can't tell how wide guest-physical addresses may be, type 0 is all there is. */
unsigned long vm_own_type(const struct kvm *kvm)
{
	if (ioctl(kvm->fd, KVM_CHECK_EXTENSION, KVM_CAP_ARM_VM_IPA_SIZE) <= 0)
		return 0;
	return KVM_VM_TYPE_ARM_IPA_SIZE(kvm->own->physical_bits);
}

/* Without it, KVM_RUN fails at an access that a mock can't be told of, and nothing says what it was. */
static int report_accesses(struct vm *vm, struct error *error)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_ARM_NISV_TO_USER };

	return vm->kvm->own->nisv ? KVM_IOCTL(vm->fd, KVM_ENABLE_CAP, &cap, error) : 0;
}

int vm_own_init(struct vm *vm, const struct vm_options *options, struct error *error)
{
	int err = report_accesses(vm, error);

	if (err < 0 || !options || !options->irqchip)
		return err;
	vm->irqchip = true;
	return gic_create(vm, error);
}

int vm_start(struct vm *vm, struct error *error)
{
	return vm->irqchip ? gic_start(vm, error) : 0;
}

/* Line n is the SPI n: api.rst, KVM_IRQ_LINE. KVM does not tell of its GICv2's lines: vm_state_aarch64.c. */
uint32_t vm_own_irq(struct vm *vm, uint32_t line, bool level)
{
	const uint32_t bit = 1u << line % GIC_SPIS;

	if (level) {
		atomic_fetch_or(&vm->raised, bit);
		atomic_fetch_or(&vm->were_raised, bit);
	} else {
		atomic_fetch_and(&vm->raised, ~bit);
	}
	return KVM_ARM_IRQ_TYPE_SPI << KVM_ARM_IRQ_TYPE_SHIFT | (SPI_FIRST + line);
}
