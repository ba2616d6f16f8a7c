/* SPDX-License-Identifier: MIT */
/* Virtual machines and their memory, on KVM. */
#include "kvm/vm/vm.h"
#include <stdlib.h>
#include <unistd.h>
#include "base/closer.h"
#include "kvm/vm/vm_own.h"

int vm_init(struct vm *vm, struct kvm *kvm, const struct vm_options *options, struct error *error)
{
	int err;

	*vm = (struct vm){ .kvm = kvm, .gic = -1 };
	vm->fd = KVM_IOCTL_VALUE(kvm->fd, KVM_CREATE_VM, vm_own_type(kvm), error);
	if (vm->fd < 0)
		return vm->fd;
	err = vm_own_init(vm, options, error);
	if (err < 0) {
		vm_finish(vm);
		return err;
	}
	return 0;
}

void vm_finish(struct vm *vm)
{
	free(vm->cpu_model);
	if (vm->gic >= 0)
		close(vm->gic);
	/* Each device on KVM's buses waits for grace periods when it goes, for milliseconds. */
	if (vm->irqchip && !vm->split)
		closer_close(vm->fd);
	else
		close(vm->fd);
}

int vm_set_slot(struct vm *vm, const struct vm_slot *slot, struct error *error)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot->number,
		.flags = (slot->read_only ? KVM_MEM_READONLY : 0u) |
			 (slot->log_dirty ? KVM_MEM_LOG_DIRTY_PAGES : 0u),
		.guest_phys_addr = slot->address.value,
		.memory_size = slot->size,
		.userspace_addr = (uintptr_t)slot->host,
	};

	return KVM_IOCTL(vm->fd, KVM_SET_USER_MEMORY_REGION, &region, error);
}

int vm_dirty_log(struct vm *vm, uint32_t slot, uint64_t *bitmap, struct error *error)
{
	struct kvm_dirty_log log = { .slot = slot, .dirty_bitmap = bitmap };

	return KVM_IOCTL(vm->fd, KVM_GET_DIRTY_LOG, &log, error);
}

int vm_set_irq(struct vm *vm, uint32_t number, bool level, struct error *error)
{
	struct kvm_irq_level line = { .irq = vm_own_irq(vm, number, level), .level = level };

	return KVM_IOCTL(vm->fd, KVM_IRQ_LINE, &line, error);
}
